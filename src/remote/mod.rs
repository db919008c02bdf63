//! How we reach things: one folder a source, plus what all of them share.
//!
//! Nothing here knows a screen. Questions to the user (host keys, passphrases) go through
//! [`Prompter`]; the state of each connection is published as a [`ConnState`].

pub mod fleet;
pub mod hetzner;
pub mod metrics;
pub mod ssh;
pub mod systemd;

use crate::problem::Problem;
use std::{fmt, sync::Arc, time::Duration};

/// A host's name within its environment: cheap to clone, compared by text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(Arc<str>);

impl HostId {
    /// Names a host.
    pub fn new(name: impl AsRef<str>) -> Self {
        HostId(Arc::from(name.as_ref()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state of a source, as the header shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnState {
    /// Nobody asked for it yet.
    Idle,
    /// On the way; `attempt` counts from 1.
    Connecting {
        /// Counts from 1.
        attempt: u32,
    },
    /// Connected; round-trip time once it was measured.
    Up {
        /// Measured by a keepalive request.
        rtt: Option<Duration>,
    },
    /// Connected, but no answer within the keepalive interval.
    Degraded,
    /// Broken; the next attempt starts after `delay` (from when this was published) or on request.
    Retrying {
        /// Counts from 1.
        attempt: u32,
        /// Time until the next attempt.
        delay: Duration,
        /// Why the last one failed.
        why: Problem,
    },
    /// Waits for the user (host key, passphrase, one-time password).
    NeedsAnswer,
    /// Given up until the user asks again: what is wrong and what to do.
    Failed(Problem),
}

impl ConnState {
    /// Whether requests can be sent now.
    pub fn is_up(&self) -> bool {
        matches!(self, ConnState::Up { .. } | ConnState::Degraded)
    }
}

/// A question that only the user can answer. Whoever answers keeps it off every log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// First contact: does this fingerprint belong to the host? Answered by [`Answer::Yes`] (add
    /// to known_hosts), [`Answer::Once`] or no.
    UnknownHostKey {
        /// Whom we connect to.
        host: HostId,
        /// `host` or `[host]:port` as known_hosts writes it.
        address: String,
        /// e.g. `ssh-ed25519`.
        algorithm: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// The file that a yes appends to.
        known_hosts: String,
    },
    /// A hidden answer: passphrase of a key file, password, or a keyboard-interactive prompt.
    Secret {
        /// Whom we connect to.
        host: HostId,
        /// The prompt to show, possibly from the wire.
        prompt: String,
        /// True when the answer may be shown while typing (keyboard-interactive echo).
        echo: bool,
    },
}

/// The user's answer. `Secret` is wiped from memory when dropped.
pub enum Answer {
    /// Yes, and remember.
    Yes,
    /// Yes, for this connection only.
    Once,
    /// The hidden text.
    Secret(secrecy::SecretString),
}

/// Whoever can put a question to the user: a dialog, the terminal, or nobody.
#[async_trait::async_trait]
pub trait Prompter: Send + Sync {
    /// Asks and waits. `None` when the user declines or there is nobody to ask.
    async fn ask(&self, question: Question) -> Option<Answer>;
}

/// Nobody to ask: every question is declined.
pub struct NoPrompter;

#[async_trait::async_trait]
impl Prompter for NoPrompter {
    async fn ask(&self, _question: Question) -> Option<Answer> {
        None
    }
}
