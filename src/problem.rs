//! The one report type: what went wrong, where, and what to do about it.
//!
//! Modules have error enums of their own (`thiserror`) and turn them into a [`Problem`] at
//! their edge; screens, messages, JSON documents and exit codes are all made from it.

use std::fmt;

/// What a problem means for the exit code of a command (see `docs/cli.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 1: the answer is negative or the operation failed.
    Negative,
    /// 2: usage or configuration is wrong.
    Usage,
    /// 3: could not reach or log in.
    Unreachable,
    /// 4: refused by policy: read-only, missing confirmation, host key.
    Refused,
    /// 5: the end state is unknown; the message names the command that finds out.
    Unknown,
    /// 130: interrupted by the user.
    Interrupted,
}

impl Exit {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Negative => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Refused => 4,
            Exit::Unknown => 5,
            Exit::Interrupted => 130,
        }
    }
}

/// Something that went wrong, ready to be shown: what, where, what to do.
///
/// Texts may contain bytes from the wire; whoever prints them passes them through
/// [`crate::text::clean`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable word in kebab-case for scripts, e.g. `host-key-changed`.
    pub code: &'static str,
    /// What it means for an exit code.
    pub exit: Exit,
    /// Which source reports it: `config`, `ssh`, `systemd`, `journal`, `ops`, …
    pub source: &'static str,
    /// The host concerned, by its name in the environment.
    pub host: Option<String>,
    /// What happened, one sentence without a full stop at its end.
    pub message: String,
    /// What to do, one sentence.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without host and hint.
    pub fn new(
        source: &'static str,
        code: &'static str,
        exit: Exit,
        message: impl Into<String>,
    ) -> Self {
        Problem {
            code,
            exit,
            source,
            host: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Whether somebody may be in between: to be shown at once, in full, and never passed over.
    pub fn is_alarm(&self) -> bool {
        matches!(
            self.code,
            "host-key-changed" | "host-key-revoked" | "host-certificate"
        )
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the host concerned.
    pub fn on(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
