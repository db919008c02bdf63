//! A host's connection in words.

use crate::{
    remote::ConnState,
    tui::{model::HostState, theme::Status},
};
use jiff::{SignedDuration, Timestamp};

/// How a host's connection fares, and the words for it (from the wire, to be cleaned).
pub(crate) fn describe(host: &HostState, now: Timestamp) -> (Status, String) {
    match &host.conn {
        ConnState::Idle => (Status::Off, "idle".into()),
        ConnState::Connecting { attempt: 1 } => (Status::Busy, "connecting".into()),
        ConnState::Connecting { attempt } => {
            (Status::Busy, format!("connecting, attempt {attempt}"))
        }
        ConnState::Up { .. } => (Status::Good, rtt(host)),
        ConnState::Degraded => (Status::Warning, "no answer".into()),
        ConnState::Retrying { delay, .. } => {
            let delay = SignedDuration::try_from(*delay).unwrap_or_default();
            let until = host.conn_since.checked_add(delay).unwrap_or(now);
            let left = until.duration_since(now).as_secs().max(0);
            (Status::Bad, format!("retry in {left} s"))
        }
        ConnState::NeedsAnswer => (Status::Warning, "needs an answer".into()),
        ConnState::Failed(problem) => (Status::Bad, short(problem.code)),
    }
}

fn rtt(host: &HostState) -> String {
    match host.rtt.map(|rtt| rtt.as_secs_f64() * 1_000.0) {
        None => "up".into(),
        Some(ms) if ms < 1.0 => "<1 ms".into(),
        Some(ms) => format!("{ms:.0} ms"),
    }
}

fn short(code: &str) -> String {
    code.replace('-', " ")
}
