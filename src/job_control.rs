//! Stopping this program's job, as the terminal's own Ctrl-Z does. What becomes of the screen
//! before and after is its owner's business.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// How long a stop may take to take hold; after it there is none, as where no shell could end it.
const TAKES_HOLD: Duration = Duration::from_secs(2);

/// Held by who starts a program, and against them by who stops the job.
static STARTS: RwLock<()> = RwLock::new(());

/// Starts a program by `spawn`, but not while the job is being stopped: a child that is stopped
/// between vfork and exec keeps the thread that started it from stopping, so that the shell would
/// never hear that the job has stopped.
pub(crate) fn start<T>(spawn: impl FnOnce() -> T) -> T {
    let _stays = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    spawn()
}

/// Sends a stop signal to everything that was started together, and returns once the shell has
/// continued it. The call that sends a signal may return before the threads of this process have
/// stopped: whoever touched the terminal then would change it under the shell's hands.
///
/// # Errors
/// Those of the signal's sending, and of listening for its end.
pub(crate) async fn stop(by: Signal) -> io::Result<()> {
    let mut continued = signal(SignalKind::from_raw(nix::libc::SIGCONT))?;
    {
        let _alone = STARTS.write().unwrap_or_else(PoisonError::into_inner);
        kill(Pid::from_raw(0), by)?;
    }
    let _ = tokio::time::timeout(TAKES_HOLD, continued.recv()).await;
    Ok(())
}
