//! `qd rebuild`.

use super::{Global, Run};
use clap::Args;

/// Run nixos-rebuild.service and follow it to its result
#[derive(Debug, Args)]
pub struct Rebuild {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Rebuild) -> Run {
    let _ = (global, command);
    todo!()
}
