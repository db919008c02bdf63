//! What a call came to when it has no answer, and what that means to the user.

use super::ANSWER;
use crate::problem::{Exit, Problem};
use crate::remote::{HostId, systemd::SystemdError};

/// Why a call has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(in crate::remote::systemd) enum CallError {
    /// The other side answered with an error.
    #[error("{message}")]
    Answered {
        /// Its D-Bus name.
        name: String,
        /// Its text.
        message: String,
    },
    /// The connection ended before the answer.
    #[error("the connection to systemd ended: {0}")]
    Lost(String),
    /// No answer in time.
    #[error("systemd did not answer within {} s", ANSWER.as_secs())]
    Late,
    /// The answer is not what the interface promises.
    #[error("systemd's answer could not be read: {0}")]
    Malformed(String),
}

impl CallError {
    /// Whether the bus, polkit or systemd says that this user may not do it.
    pub(in crate::remote::systemd) fn is_denied(&self) -> bool {
        matches!(self, CallError::Answered { name, .. }
            if name == "org.freedesktop.DBus.Error.AccessDenied"
                || name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
                || name == "org.freedesktop.DBus.Error.AuthFailed")
    }

    /// Whether the answer may still be on its way: the request may have taken effect.
    pub(in crate::remote::systemd) fn is_open(&self) -> bool {
        matches!(self, CallError::Lost(_) | CallError::Late)
    }

    /// As a read's failure.
    pub(in crate::remote::systemd) fn on(self, host: &HostId) -> SystemdError {
        match self {
            CallError::Answered { name, message } => answered(host, &name, message),
            CallError::Lost(_) | CallError::Late => SystemdError::Unreachable(problem(
                host,
                "systemd-link",
                Exit::Unreachable,
                self.to_string(),
            )),
            CallError::Malformed(_) => SystemdError::Unreachable(
                problem(host, "systemd-answer", Exit::Negative, self.to_string())
                    .hint("the host's systemd may be older than version 229"),
            ),
        }
    }
}

/// A problem of this source.
pub(in crate::remote::systemd) fn problem(
    host: &HostId,
    code: &'static str,
    exit: Exit,
    message: impl Into<String>,
) -> Problem {
    Problem::new("systemd", code, exit, message).on(host.as_str())
}

/// What an error reply means.
fn answered(host: &HostId, name: &str, message: String) -> SystemdError {
    let short = name
        .strip_prefix("org.freedesktop.systemd1.")
        .or_else(|| name.strip_prefix("org.freedesktop.DBus.Error."))
        .unwrap_or(name);
    let refused = |code, exit, hint: &str| {
        SystemdError::Refused(problem(host, code, exit, message.clone()).hint(hint))
    };
    match short {
        "NoSuchUnit" | "LoadFailed" => refused(
            "no-such-unit",
            Exit::Negative,
            "`qd units` lists the units of the host",
        ),
        "UnitMasked" => refused(
            "unit-masked",
            Exit::Negative,
            "unmask the unit on the host first: `systemctl unmask`",
        ),
        "OnlyByDependency" => refused(
            "only-by-dependency",
            Exit::Negative,
            "the unit refuses to be started or stopped by hand; act on a unit that needs it",
        ),
        "AccessDenied" | "InteractiveAuthorizationRequired" | "AuthFailed" => refused(
            "not-authorised",
            Exit::Refused,
            "allow the user org.freedesktop.systemd1.manage-units in polkit, or `sudo` without a password",
        ),
        "ServiceUnknown" | "NameHasNoOwner" | "Disconnected" | "Spawn.ExecFailed" => {
            SystemdError::Unreachable(
                problem(
                    host,
                    "no-systemd",
                    Exit::Negative,
                    format!("systemd does not answer on the host's bus: {message}"),
                )
                .hint("the host must run systemd as its init"),
            )
        }
        _ => SystemdError::Refused(problem(
            host,
            "systemd-error",
            Exit::Negative,
            format!("{message} ({short})"),
        )),
    }
}

pub(super) fn reply_error(error: zbus::Error) -> CallError {
    use zbus::DBusError;
    match error {
        zbus::Error::MethodError(name, message, _) => CallError::Answered {
            name: name.to_string(),
            message: message.unwrap_or_else(|| name.to_string()),
        },
        zbus::Error::FDO(error) => match *error {
            zbus::fdo::Error::ZBus(error) => CallError::Lost(error.to_string()),
            error => CallError::Answered {
                name: error.name().to_string(),
                message: error.description().unwrap_or_default().to_owned(),
            },
        },
        error => CallError::Malformed(error.to_string()),
    }
}
