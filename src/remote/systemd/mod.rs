//! systemd over D-Bus: `systemd-stdio-bridge` on an exec channel, zbus, signals, no polling.

use super::{HostId, ssh::Host};
use crate::problem::Problem;
use tokio::sync::mpsc;

/// A unit as systemd describes it. `None` where systemd has no value (not measured, never set).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Unit {
    /// e.g. `nginx.service`.
    pub name: String,
    /// `Description=`.
    pub description: String,
    /// `loaded`, `not-found`, `masked`, …
    pub load: String,
    /// `active`, `failed`, `activating`, …
    pub active: String,
    /// e.g. `running`, `exited`, `auto-restart`.
    pub sub: String,
    /// When the active state was entered.
    pub since: Option<jiff::Timestamp>,
    /// `success`, `exit-code`, `oom-kill`, … (services, sockets, timers, …).
    pub result: Option<String>,
    /// Main process's exit status or signal number.
    pub exit_status: Option<i32>,
    /// `NRestarts`.
    pub restarts: Option<u32>,
    /// Main process.
    pub main_pid: Option<u32>,
    /// `MemoryCurrent`, bytes.
    pub memory_bytes: Option<u64>,
    /// `CPUUsageNSec`, nanoseconds.
    pub cpu_nsec: Option<u64>,
    /// The unit file.
    pub fragment_path: Option<String>,
    /// `enabled`, `disabled`, `static`, …
    pub file_state: Option<String>,
    /// The id of its current run (32 hex digits).
    pub invocation_id: Option<String>,
    /// Timers: when it elapses next.
    pub next_elapse: Option<jiff::Timestamp>,
    /// Timers and sockets: what they start.
    pub triggers: Vec<String>,
    /// A running job: `start`, `stop`, `restart`, …
    pub job: Option<String>,
}

/// What can be done to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop and start it.
    Restart,
    /// Ask it to read its configuration again.
    Reload,
    /// Forget that it failed.
    ResetFailed,
    /// Start at boot.
    Enable,
    /// Do not start at boot.
    Disable,
}

impl Verb {
    /// As the command line writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Start => "start",
            Verb::Stop => "stop",
            Verb::Restart => "restart",
            Verb::Reload => "reload",
            Verb::ResetFailed => "reset-failed",
            Verb::Enable => "enable",
            Verb::Disable => "disable",
        }
    }
}

/// How a unit operation ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct JobResult {
    /// The job's number; 0 for verbs without a job (reset-failed, enable, disable).
    pub job: u32,
    /// `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`.
    pub result: String,
    /// The unit's run after the job (32 hex digits).
    pub invocation_id: Option<String>,
}

/// News from a host's systemd.
#[derive(Debug, Clone)]
pub enum UnitEvent {
    /// All units; replaces what was known.
    All(Vec<Unit>),
    /// These changed or are new.
    Changed(Vec<Unit>),
    /// These are gone.
    Removed(Vec<String>),
    /// Not connected (any more); what is known is stale from now on.
    Down(Problem),
}

/// Watches the units of a host through reconnections, until the receiver is dropped.
pub fn watch(host: Host) -> mpsc::Receiver<UnitEvent> {
    let _ = host;
    todo!()
}

/// A connection to one host's service manager. Cheap to clone.
#[derive(Clone)]
pub struct Systemd {
    host: HostId,
}

impl Systemd {
    /// Opens the bridge on the host's connection.
    pub async fn open(host: &Host) -> Result<Systemd, SystemdError> {
        Ok(Systemd {
            host: host.id().clone(),
        })
    }

    /// Whose systemd this is.
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// All units, loaded ones with their properties.
    pub async fn units(&self) -> Result<Vec<Unit>, SystemdError> {
        todo!()
    }

    /// One unit, loaded if need be.
    pub async fn unit(&self, name: &str) -> Result<Unit, SystemdError> {
        let _ = name;
        todo!()
    }

    /// Every property of a unit, formatted, sorted by name.
    pub async fn properties(&self, name: &str) -> Result<Vec<(String, String)>, SystemdError> {
        let _ = name;
        todo!()
    }

    /// The unit's file and drop-ins, like `systemctl cat`.
    pub async fn file_text(&self, name: &str) -> Result<String, SystemdError> {
        let _ = name;
        todo!()
    }

    /// What it requires, wants, is ordered against, and the reverse: (relation, units).
    pub async fn dependencies(
        &self,
        name: &str,
    ) -> Result<Vec<(String, Vec<String>)>, SystemdError> {
        let _ = name;
        todo!()
    }

    /// Does something to a unit and waits for the job's result. When the link breaks after the
    /// request was sent the answer is [`SystemdError::Unknown`].
    pub async fn act(&self, verb: Verb, name: &str) -> Result<JobResult, SystemdError> {
        let _ = (verb, name);
        todo!()
    }
}

/// What can go wrong between us and a host's service manager.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SystemdError {
    /// Not connected, or the host has no systemd or no bridge.
    #[error("{0}")]
    Unreachable(Problem),
    /// systemd or polkit said no (also: no such unit).
    #[error("{0}")]
    Refused(Problem),
    /// The request was sent and the answer never came.
    #[error("{0}")]
    Unknown(Problem),
}

impl From<SystemdError> for Problem {
    fn from(error: SystemdError) -> Problem {
        match error {
            SystemdError::Unreachable(p) | SystemdError::Refused(p) | SystemdError::Unknown(p) => p,
        }
    }
}
