//! Stopping this program's job, as the terminal's own Ctrl-Z does. What becomes of the screen
//! before and after is its owner's business.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{io, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// How long a stop may take to take hold; after it there is none, as where no shell could end it.
const TAKES_HOLD: Duration = Duration::from_secs(2);

/// Sends a stop signal to everything that was started together, and returns once the shell has
/// continued it. The call that sends a signal may return before the threads of this process have
/// stopped: whoever touched the terminal then would change it under the shell's hands.
///
/// # Errors
/// Those of the signal's sending, and of listening for its end.
pub(crate) async fn stop(by: Signal) -> io::Result<()> {
    let mut continued = signal(SignalKind::from_raw(nix::libc::SIGCONT))?;
    kill(Pid::from_raw(0), by)?;
    let _ = tokio::time::timeout(TAKES_HOLD, continued.recv()).await;
    Ok(())
}
