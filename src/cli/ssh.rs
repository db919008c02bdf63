//! `qd ssh`.

use super::{Global, Run};
use clap::Args;

/// A shell or a command on a host
#[derive(Debug, Args)]
pub struct Ssh {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Ssh) -> Run {
    let _ = (global, command);
    todo!()
}
