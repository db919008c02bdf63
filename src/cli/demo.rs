//! `qd demo`.

use super::{Global, Run};
use clap::Args;

/// The console on the embedded environment
#[derive(Debug, Args)]
pub struct Demo {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Demo) -> Run {
    let _ = (global, command);
    todo!()
}
