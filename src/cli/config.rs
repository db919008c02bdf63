//! `qd config`.

use super::{Global, Run};
use clap::Subcommand;

/// config.json, secrets.json and settings
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Report every problem
    Check,
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Config) -> Run {
    let _ = (global, command);
    todo!()
}
