//! `qd logs`.

use super::{Global, Run};
use clap::Args;

/// The journal of any mix of hosts and units
#[derive(Debug, Args)]
pub struct Logs {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Logs) -> Run {
    let _ = (global, command);
    todo!()
}
