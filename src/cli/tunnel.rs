//! `qd tunnel`.

use super::{Global, Run};
use clap::Args;

/// A local port forwarded to something on or behind a host
#[derive(Debug, Args)]
pub struct Tunnel {}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Tunnel) -> Run {
    let _ = (global, command);
    todo!()
}
