//! Operations: everything that changes the world, and the pipeline they all pass through.
//!
//! `Intent -> Plan -> Confirm -> Execute -> Verify -> Record`. Only [`confirm()`] makes an
//! [`ApprovedPlan`]; only [`execute()`] takes one, and it refuses in read-only environments.

pub mod audit;
mod confirm;
mod execute;
pub mod pending;
mod plan;
mod rebuild;
mod record;
mod run;
mod state_dir;
mod unit;

pub use confirm::{ApprovedPlan, Consent, confirm, is_stale};
pub use execute::{EndState, JobEvent, JobId, Outcome, execute, is_running, resume};
pub use plan::{Intent, Plan, Risk, prepare};
pub use rebuild::UNIT as REBUILD_UNIT;

use crate::problem::{Exit, Problem};
use crate::remote::{HostId, fleet::Fleet, ssh::Host};

/// A problem of this source.
fn problem(code: &'static str, exit: Exit, message: impl Into<String>) -> Problem {
    Problem::new("ops", code, exit, message)
}

/// The host of an intent.
fn host<'a>(fleet: &'a Fleet, id: &HostId) -> Result<&'a Host, Problem> {
    fleet.host(id).ok_or_else(|| {
        problem(
            "no-such-host",
            Exit::Usage,
            format!("{} has no host {id}", fleet.environment()),
        )
        .hint("`qd env show` lists the hosts")
    })
}
