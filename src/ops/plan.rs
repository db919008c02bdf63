//! What is wanted, and the plan that says exactly what would happen.

use super::{rebuild, unit};
use crate::problem::Problem;
use crate::remote::{HostId, fleet::Fleet, systemd::Verb};
use jiff::Timestamp;
use std::time::Duration;

/// What somebody wants to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A verb on a unit of a host.
    Unit {
        /// Where.
        host: HostId,
        /// Which unit.
        unit: String,
        /// What.
        verb: Verb,
    },
    /// Start `nixos-rebuild.service`, or attach to the run that is under way.
    Rebuild {
        /// Where.
        host: HostId,
    },
}

impl Intent {
    /// Where.
    pub fn host(&self) -> &HostId {
        match self {
            Intent::Unit { host, .. } | Intent::Rebuild { host } => host,
        }
    }

    /// A word for it in records: `restart`, `rebuild`, …
    pub fn operation(&self) -> &'static str {
        match self {
            Intent::Unit { verb, .. } => verb.as_str(),
            Intent::Rebuild { .. } => "rebuild",
        }
    }

    /// What it is done to.
    pub fn unit(&self) -> &str {
        match self {
            Intent::Unit { unit, .. } => unit,
            Intent::Rebuild { .. } => rebuild::UNIT,
        }
    }
}

/// How much a confirmation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Risk {
    /// Nothing.
    None,
    /// `y`.
    Yes,
    /// The name typed.
    TypeName(String),
    /// The name typed, and a pause before it is accepted.
    TypeNameAndWait(String, Duration),
}

/// Exactly what will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What was wanted.
    pub intent: Intent,
    /// The environment it was made for.
    pub environment: String,
    /// e.g. `restart nginx.service on web-1`.
    pub title: String,
    /// Each command or call, as it will be sent.
    pub steps: Vec<String>,
    /// What restarts or is unavailable meanwhile.
    pub effects: Vec<String>,
    /// How to undo it.
    pub undo: Option<String>,
    /// How much the confirmation asks.
    pub risk: Risk,
    /// When the data it rests on was fetched.
    pub data_at: Timestamp,
}

/// Looks at the world and says exactly what would happen.
///
/// # Errors
/// When the host cannot be reached, or the operation cannot work (no such unit, masked, …).
pub async fn prepare(fleet: &Fleet, intent: Intent) -> Result<Plan, Problem> {
    let host = super::host(fleet, intent.host())?;
    match &intent {
        Intent::Unit { unit, verb, .. } => {
            unit::prepare(fleet.environment(), host, unit, *verb).await
        }
        Intent::Rebuild { .. } => rebuild::prepare(fleet.environment(), host).await,
    }
}
