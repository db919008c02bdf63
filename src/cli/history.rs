//! `qd history`.

use super::{Global, Run};
use clap::Args;

/// Past operations from the local audit log
#[derive(Debug, Args)]
pub struct History {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: History) -> Run {
    let _ = (global, command);
    todo!()
}
