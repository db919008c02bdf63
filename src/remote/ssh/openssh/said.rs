//! What ssh said, as a problem with what to do.

use crate::config::Destination;
use crate::problem::{Exit, Problem};
use crate::remote::{HostId, ssh::SshError};

pub(super) fn no_ssh(id: &HostId, error: &std::io::Error) -> Problem {
    let message = format!("cannot start ssh: {error}");
    Problem::new("ssh", "no-ssh", Exit::Unreachable, message)
        .hint("install OpenSSH's client, or choose `ssh_transport` russh, which needs none")
        .on(id.as_str())
}

/// What ssh said, as a problem with what to do.
pub(super) fn refusal(id: &HostId, destination: &Destination, said: &str) -> SshError {
    let line = said
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty() && !line.starts_with('@'))
        .unwrap_or("ssh ended without a word");
    // The host's name comes before the message where it is shown.
    let message = match destination.host == id.as_str() {
        true => line.to_owned(),
        false => format!("{}: {line}", destination.host),
    };
    let problem = |code, exit, hint: &str| {
        Problem::new("ssh", code, exit, message.clone())
            .hint(hint)
            .on(id.as_str())
    };
    if said.contains("IDENTIFICATION HAS CHANGED") || said.contains("REVOKED") {
        SshError::Refused(problem(
            "host-key-changed",
            Exit::Refused,
            "ask whoever runs the host before anything else; then see `ssh-keygen -R`",
        ))
    } else if said.contains("Host key verification failed") || said.contains("host key is known") {
        SshError::Refused(problem(
            "host-key-unknown",
            Exit::Refused,
            "compare the fingerprint with the host's own (`ssh-keygen -lf` there), then connect \
             again and answer; the key of a jump host cannot be accepted for once only",
        ))
    } else if said.contains("Permission denied") || said.contains("Too many authentication") {
        SshError::Refused(problem(
            "auth-failed",
            Exit::Unreachable,
            "check the user, load the key with `ssh-add`, or name it in ssh_config",
        ))
    } else {
        SshError::Link(problem(
            "unreachable",
            Exit::Unreachable,
            "check the name, the network and the firewall; try `ssh -v`",
        ))
    }
}
