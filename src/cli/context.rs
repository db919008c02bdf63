//! What a command works with: how long it may take, what a name was meant to be.

use super::Global;
use crate::problem::{Exit, Problem};
use std::time::Duration;
use tokio::time::Instant;

/// When `--timeout` ends a command that starts now.
pub(crate) fn deadline(global: &Global) -> Option<Instant> {
    global
        .timeout
        .and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)))
}

/// What a host that did not answer in time gets.
pub(crate) fn timed_out() -> Problem {
    Problem::new(
        "cli",
        "timeout",
        Exit::Unreachable,
        "no answer within the time that --timeout allows",
    )
    .hint("allow more, or see what is slow with -v")
}

/// The candidate that was probably meant.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let hosts = ["web-1", "web-2", "database"];
        assert_eq!(closest("databse", hosts), Some("database"));
        assert_eq!(closest("wbe-2", hosts), Some("web-2"));
        assert_eq!(closest("mail", hosts), None);
    }
}
