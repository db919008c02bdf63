//! `qd unit`.

use super::{Global, Run};
use clap::Subcommand;

/// One unit: show it or change it
#[derive(Debug, Subcommand)]
pub enum Unit {
    /// Its state and properties
    Show,
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Unit) -> Run {
    let _ = (global, command);
    todo!()
}
