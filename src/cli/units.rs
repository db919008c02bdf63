//! `qd units`.

use super::{Global, Run};
use clap::Args;

/// Units of all hosts
#[derive(Debug, Args)]
pub struct Units {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Units) -> Run {
    let _ = (global, command);
    todo!()
}
