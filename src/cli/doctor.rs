//! `qd doctor`.

use super::{Global, Run};
use clap::Args;

/// Test every precondition and say how to mend it
#[derive(Debug, Args)]
pub struct Doctor {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Doctor) -> Run {
    let _ = (global, command);
    todo!()
}
