//! Why there is no bridge: told apart by what the process, the shell and the link said.

use super::{Ended, said::problem};
use crate::problem::Exit;
use crate::remote::{
    HostId,
    ssh::{ExitStatus, SshError},
    systemd::SystemdError,
};

/// Why there is no bridge.
pub(super) enum Opening {
    /// The program was not found there; what the shell said.
    Missing(String),
    /// The link broke meanwhile.
    Lost(SystemdError),
    /// It was found, and failed.
    Failed(SystemdError),
}

pub(super) fn unreachable(error: SshError) -> SystemdError {
    SystemdError::Unreachable(error.into())
}

/// What was printed where the bus should have answered: by the login shell, as a rule.
pub(super) fn chatter(first: &[u8]) -> Option<String> {
    const ANSWERS: [&[u8]; 5] = [b"OK", b"REJECTED", b"DATA", b"ERROR", b"AGREE"];
    if ANSWERS.iter().any(|answer| first.starts_with(answer)) {
        return None;
    }
    let text = String::from_utf8_lossy(first);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

pub(super) fn talkative(host: &HostId, words: &str) -> SystemdError {
    SystemdError::Unreachable(
        problem(
            host,
            "shell-output",
            Exit::Negative,
            format!(
                "the user's shell on the host prints something where D-Bus should answer: {words}"
            ),
        )
        .hint(
            "`ssh HOST true` must print nothing: see the user's login shell and its startup files",
        ),
    )
}

/// Tells apart: no program, no bus, no rights, no link.
pub(super) fn opening_failed(host: &HostId, failed: String, ended: Option<Ended>) -> Opening {
    let Some(Ended { exit, stderr }) = ended else {
        return Opening::Failed(SystemdError::Unreachable(
            problem(
                host,
                "systemd-link",
                Exit::Unreachable,
                format!("the host's bus did not answer: {failed}"),
            )
            .hint("`qd doctor` tests each step"),
        ));
    };
    let said = if stderr.is_empty() { failed } else { stderr };
    let not_found = exit == ExitStatus::Code(127)
        || (said.contains("not found") && matches!(exit, ExitStatus::Code(_)));
    if not_found {
        return Opening::Missing(said);
    }
    if exit == ExitStatus::Lost {
        return Opening::Lost(SystemdError::Unreachable(problem(
            host,
            "systemd-link",
            Exit::Unreachable,
            "the connection broke while the host's bus was opened",
        )));
    }
    Opening::Failed(match exit {
        _ if said.contains("sudo:") => SystemdError::Refused(
            problem(
                host,
                "not-authorised",
                Exit::Refused,
                format!("not allowed: polkit says no to the user, and sudo says: {said}"),
            )
            .hint("allow the user org.freedesktop.systemd1.manage-units in polkit, or `sudo` without a password"),
        ),
        _ => SystemdError::Unreachable(
            problem(
                host,
                "no-systemd",
                Exit::Negative,
                format!("the host's bus cannot be reached: {said}"),
            )
            .hint("the host must run systemd and a D-Bus system bus"),
        ),
    })
}
