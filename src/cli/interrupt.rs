//! What ends a command early: signals and `--timeout`.

use super::context;
use crate::problem::{Exit, Problem};
use std::{future::pending, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep_until},
};

/// Time a command that changes something has after the deadline to say itself how far it came.
const GRACE: Duration = Duration::from_secs(2);

/// What a command does with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// It asks, and is done with the answer.
    Asks,
    /// It goes on until it is ended.
    Follows,
    /// It changes something.
    Changes,
}

/// Resolves with an exit code (128 + signal, as a shell counts) when SIGINT, SIGTERM or SIGHUP
/// arrives. Never resolves where handlers cannot be installed: the default action ends us then.
pub(super) async fn received() -> u8 {
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return pending().await;
    };
    tokio::select! {
        _ = int.recv() => Exit::Interrupted.code(),
        _ = term.recv() => 128 + 15,
        _ = hup.recv() => 128 + 1,
    }
}

/// Resolves when the deadline has passed, for changing commands a little later.
pub(super) async fn late(deadline: Option<Instant>, work: Work) {
    match deadline {
        Some(at) if work == Work::Changes => sleep_until(at + GRACE).await,
        // Commands that ask several hosts report them one by one at the deadline.
        Some(at) => sleep_until(at + Duration::from_millis(100)).await,
        None => pending().await,
    }
}

/// What a command that ran out of time ends with.
pub(super) fn timed_out(work: Work) -> Problem {
    let problem = |exit, message| Problem::new("cli", "timeout", exit, message);
    match work {
        Work::Asks => context::timed_out(),
        Work::Follows => problem(
            Exit::Unreachable,
            "followed for as long as --timeout allows",
        )
        .hint("leave --timeout out to follow until Ctrl-C"),
        Work::Changes => problem(
            Exit::Unknown,
            "no result within the time that --timeout allows; the request may have been carried out",
        )
        .hint("look with `qd unit show UNIT` and `qd history`"),
    }
}
