//! Running an approved plan: refuse or begin, do, record, end. What is done is next door.

use super::{ApprovedPlan, Intent, audit, pending::Pending, problem, rebuild, record, unit};
use crate::problem::{Exit, Problem};
use crate::remote::{
    HostId,
    fleet::Fleet,
    systemd::{JobResult, SystemdError},
};
use tokio::sync::mpsc;

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

impl EndState {
    /// The exit code's meaning, 0 for success.
    pub fn exit(self) -> Option<Exit> {
        match self {
            EndState::Succeeded => None,
            EndState::Failed | EndState::RolledBack => Some(Exit::Negative),
            EndState::Cancelled => Some(Exit::Interrupted),
            EndState::Unknown => Some(Exit::Unknown),
        }
    }
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
    pub job: Option<JobResult>,
}

impl Outcome {
    pub(super) fn succeeded(summary: impl Into<String>, job: Option<JobResult>) -> Outcome {
        Outcome {
            state: EndState::Succeeded,
            summary: summary.into(),
            problem: None,
            job,
        }
    }

    pub(super) fn failed(problem: Problem, job: Option<JobResult>) -> Outcome {
        Outcome {
            state: EndState::Failed,
            summary: problem.message.clone(),
            problem: Some(problem),
            job,
        }
    }

    pub(super) fn unknown(problem: Problem, job: Option<JobResult>) -> Outcome {
        Outcome {
            state: EndState::Unknown,
            summary: problem.message.clone(),
            problem: Some(problem),
            job,
        }
    }

    /// An error before or instead of systemd's answer.
    pub(super) fn of(error: SystemdError) -> Outcome {
        match error {
            SystemdError::Unknown(problem) => Outcome::unknown(problem, None),
            SystemdError::Unreachable(problem) | SystemdError::Refused(problem) => {
                Outcome::failed(problem, None)
            }
        }
    }
}

/// Where news go. Whether anybody reads them changes nothing.
#[derive(Clone)]
pub(super) struct News(mpsc::Sender<JobEvent>);

impl News {
    pub(super) async fn phase(&self, name: impl Into<String>) {
        let _ = self.0.send(JobEvent::Phase(name.into())).await;
    }

    /// What may have several lines is told line by line.
    pub(super) async fn output(&self, text: impl AsRef<str>) {
        for line in text.as_ref().lines() {
            let _ = self.0.send(JobEvent::Output(line.to_owned())).await;
        }
    }

    async fn ended(&self, outcome: &Outcome) {
        let _ = self.0.send(JobEvent::Ended(outcome.clone())).await;
    }
}

/// Executes, verifies and records. `read_only` refuses here, whatever the screen showed.
pub async fn execute(
    fleet: &Fleet,
    approved: ApprovedPlan,
    read_only: bool,
    news: mpsc::Sender<JobEvent>,
) -> Outcome {
    let news = News(news);
    let plan = approved.plan();
    let record = audit::Record::of(plan, jiff::Timestamp::now());
    if read_only || plan.environment != fleet.environment() {
        let outcome = Outcome::failed(refused(plan, read_only), None);
        end(&news, record, &outcome, None).await;
        return outcome;
    }
    if let Some(warning) = record::begin(record.clone()).await {
        news.output(warning).await;
    }
    let host = match super::host(fleet, plan.intent.host()) {
        Ok(host) => host,
        Err(problem) => {
            let outcome = Outcome::failed(problem, None);
            end(&news, record, &outcome, None).await;
            return outcome;
        }
    };
    let outcome = match &plan.intent {
        Intent::Unit { unit, verb, .. } => unit::execute(host, unit, *verb, &news).await,
        Intent::Rebuild { .. } => {
            rebuild::execute(fleet.environment(), host, &record.id, &news).await
        }
    };
    end(&news, record, &outcome, Some(host)).await;
    outcome
}

/// Goes on with what an earlier run of the program began: follows it if it still runs, tells how
/// it ended if not.
pub async fn resume(fleet: &Fleet, pending: Pending, news: mpsc::Sender<JobEvent>) -> Outcome {
    let news = News(news);
    let id = HostId::new(&pending.host);
    let outcome = match super::host(fleet, &id) {
        Err(problem) => Outcome::failed(problem, None),
        Ok(host) => {
            let outcome = rebuild::resume(host, &pending, &news).await;
            let record = audit::read(1000)
                .ok()
                .and_then(|log| log.records.into_iter().rfind(|r| r.id == pending.id));
            if let Some(record) = record {
                end(&news, record, &outcome, Some(host)).await;
                return outcome;
            }
            outcome
        }
    };
    news.ended(&outcome).await;
    outcome
}

/// Whether what an earlier run of the program began is still under way on the host.
///
/// # Errors
/// When the host or its systemd cannot be asked.
pub async fn is_running(fleet: &Fleet, pending: &Pending) -> Result<bool, Problem> {
    let host = super::host(fleet, &HostId::new(&pending.host))?;
    rebuild::runs(host, &pending.invocation_id).await
}

async fn end(
    news: &News,
    record: audit::Record,
    outcome: &Outcome,
    host: Option<&crate::remote::ssh::Host>,
) {
    news.phase("recording").await;
    // A host that could not be reached for the operation cannot be for the record.
    let host = host.filter(|host| host.states().borrow().is_up());
    for failure in record::end(record, outcome, host).await {
        news.output(failure).await;
    }
    news.ended(outcome).await;
}

fn refused(plan: &super::Plan, read_only: bool) -> Problem {
    let problem = if read_only {
        problem(
            "read-only",
            Exit::Refused,
            format!("{}: {} is read-only", plan.title, plan.environment),
        )
        .hint("leave out --read-only, or change read_only_<environment> in config.json")
    } else {
        problem(
            "plan-elsewhere",
            Exit::Refused,
            format!("{}: the plan was made for {}", plan.title, plan.environment),
        )
    };
    problem.on(plan.intent.host().as_str())
}
