//! What the program says about itself: `-v` on standard error, `--log-file`, never the screen.

use super::Global;
use crate::problem::{Exit, Problem};
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging as the options ask. The guard writes out what is buffered when dropped.
///
/// With `on_screen` nothing goes to standard error, which the console would be painted over.
pub(super) fn start(global: &Global, on_screen: bool) -> Result<Option<WorkerGuard>, Problem> {
    let (writer, guard) = match &global.log_file {
        Some(path) => open(path)?,
        None if global.verbose > 0 && !on_screen => {
            tracing_appender::non_blocking(std::io::stderr())
        }
        None => return Ok(None),
    };
    // The SSH library's own trace level would show packets: it stays out of every level.
    let filter = match global.verbose {
        0 | 1 => "warn,quarterdeck=info",
        2 => "info,quarterdeck=debug",
        _ => "debug,quarterdeck=trace",
    };
    fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(false)
        .with_writer(writer)
        .try_init()
        .map_err(|error| Problem::new("cli", "log", Exit::Negative, error.to_string()))?;
    Ok(Some(guard))
}

/// Appends; a new file is for its owner only, since it names hosts and units.
fn open(path: &Path) -> Result<(NonBlocking, WorkerGuard), Problem> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| {
            Problem::new(
                "cli",
                "log-file",
                Exit::Usage,
                format!("cannot write the log file {}: {error}", path.display()),
            )
            .hint("give --log-file a path that can be written")
        })?;
    Ok(tracing_appender::non_blocking(file))
}
