//! Operations: everything that changes the world, and the pipeline they all pass through.
//!
//! `Intent -> Plan -> Confirm -> Execute -> Verify -> Record`. Only [`confirm`] makes an
//! [`ApprovedPlan`]; only [`execute`] takes one, and it refuses in read-only environments.
//! Owner: splits this into plan.rs, confirm.rs, execute.rs, audit.rs, unit.rs, rebuild.rs.

use crate::problem::Problem;
use crate::remote::{HostId, fleet::Fleet, systemd::Verb};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::mpsc;

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

/// A plan somebody said yes to. Only [`confirm`] makes one.
#[derive(Debug)]
pub struct ApprovedPlan {
    plan: Plan,
}

/// What the user (or `--yes`, `--confirm NAME`) answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Nothing was asked.
    NotAsked,
    /// `y`.
    Yes,
    /// This was typed.
    Typed(String),
}

/// How it ended; never implied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// Done and verified.
    Succeeded,
    /// Not done, or done and found wrong.
    Failed,
    /// Undone after a failure: a failure.
    RolledBack,
    /// Stopped by the user before it took effect.
    Cancelled,
    /// It may have happened; the record says how to find out.
    Unknown,
}

/// Numbers the jobs of this program's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// News of a running job.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// A named phase began (`sending`, `waiting for the job`, `verifying`, …).
    Phase(String),
    /// A line of output (raw, from the wire).
    Output(String),
    /// It ended.
    Ended(Outcome),
}

/// The end of an operation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How.
    pub state: EndState,
    /// One sentence: the job's result, or what went wrong.
    pub summary: String,
    /// What went wrong, with a hint (for unknown: the command that finds out).
    pub problem: Option<Problem>,
    /// For unit operations: systemd's answer.
    pub job: Option<crate::remote::systemd::JobResult>,
}

/// Looks at the world and says exactly what would happen.
pub async fn prepare(fleet: &Fleet, intent: Intent) -> Result<Plan, Problem> {
    let _ = (fleet, intent);
    todo!()
}

/// Checks consent against the plan's risk, environment and the age of its data (60 s at most).
pub fn confirm(
    plan: Plan,
    consent: Consent,
    environment: &str,
    now: Timestamp,
) -> Result<ApprovedPlan, Problem> {
    let _ = (consent, environment, now);
    Ok(ApprovedPlan { plan })
}

/// Executes, verifies and records. `read_only` refuses here, whatever the screen showed.
pub async fn execute(
    fleet: &Fleet,
    approved: ApprovedPlan,
    read_only: bool,
    news: mpsc::Sender<JobEvent>,
) -> Outcome {
    let _ = (fleet, approved.plan, read_only, news);
    todo!()
}
