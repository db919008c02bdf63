//! `qd env`.

use super::{Global, Run};
use clap::Subcommand;

/// Environments
#[derive(Debug, Subcommand)]
pub enum Env {
    /// All of them
    List,
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Env) -> Run {
    let _ = (global, command);
    todo!()
}
