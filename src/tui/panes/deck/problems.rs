//! What is wrong, from everything that is known of an environment. Pure.

use crate::{
    ops::EndState,
    problem::Problem,
    remote::{
        ConnState, HostId,
        metrics::{Disk, Metrics},
    },
    tui::{
        model::{CloudKind, HostState, Job, World, cloud::Place},
        theme::Status,
    },
};
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;

/// A file system this full is a warning.
pub(super) const DISK_WARN: f32 = 0.85;
/// A file system this full is a problem.
pub(super) const DISK_BAD: f32 = 0.95;
/// So many restarts within [`LOOP`] are a restart loop.
const RESTARTS: u32 = 3;
/// How long after its last start a unit that restarted often counts as looping.
const LOOP: SignedDuration = SignedDuration::from_mins(10);
/// A clock this far off makes times of hosts incomparable.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

/// What kind of thing is wrong; the order is that of importance among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Host,
    Unit,
    Disk,
    Memory,
    Job,
    Clock,
    Source,
    Cloud,
}

/// What the key beside it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cure {
    Connect,
    Unit,
    Shell,
    Jobs,
    Cloud(CloudKind, Place),
    None,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) key: String,
    pub(crate) status: Status,
    pub(crate) what: What,
    pub(crate) host: Option<HostId>,
    pub(crate) unit: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) text: String,
    /// What to do, where more than the key is known.
    pub(crate) hint: Option<String>,
    /// Where there is no connection: why, to be shown in full.
    pub(crate) problem: Option<Problem>,
    pub(crate) cure: Cure,
}

impl Trouble {
    fn on(host: &HostId, what: What, status: Status, about: &str, text: String) -> Trouble {
        Trouble {
            key: format!("{what:?} {host} {about}"),
            status,
            what,
            host: Some(host.clone()),
            unit: None,
            since: None,
            text,
            hint: None,
            problem: None,
            cure: Cure::None,
        }
    }

    /// As one line of text.
    pub(crate) fn line(&self) -> String {
        match &self.host {
            Some(host) => format!("{host}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Everything that is wrong, worst and newest first.
pub(crate) fn troubles(world: &World, jobs: &[Job], now: Timestamp) -> Vec<Trouble> {
    let mut all = Vec::new();
    for (id, host) in &world.hosts {
        connection(id, host, &mut all);
        units(id, host, now, &mut all);
        if let Some(metrics) = &host.gauges {
            measured(id, host, metrics, &mut all);
        }
    }
    super::hetzner::troubles(world, &mut all);
    for job in jobs.iter().filter(|job| job.env == world.id) {
        if !mended(job, jobs) {
            failed_job(job, &mut all);
        }
    }
    all.sort_by_key(|trouble| {
        (
            trouble.status,
            Reverse(trouble.since),
            trouble.what,
            trouble.key.clone(),
        )
    });
    all
}

fn connection(id: &HostId, host: &HostState, all: &mut Vec<Trouble>) {
    let (status, text, hint) = match &host.conn {
        ConnState::Retrying { why, .. } => (Status::Bad, why.message.clone(), why.hint.clone()),
        ConnState::Failed(why) => (Status::Bad, why.message.clone(), why.hint.clone()),
        ConnState::Degraded => (Status::Warning, "no answer for a while".to_owned(), None),
        ConnState::NeedsAnswer => (Status::Warning, "waits for your answer".to_owned(), None),
        // Once it failed it is a problem until it is up, whatever attempt is under way.
        ConnState::Connecting { .. } if host.down.is_some() => match &host.down {
            Some((_, Some(why))) => (Status::Bad, why.message.clone(), why.hint.clone()),
            _ => (Status::Bad, "the connection broke".to_owned(), None),
        },
        ConnState::Idle | ConnState::Connecting { .. } | ConnState::Up { .. } => {
            // Connected, and systemd still not to be had.
            if let (ConnState::Up { .. }, Some(problem)) = (&host.conn, &host.units_down) {
                let text = problem.message.clone();
                let mut trouble = Trouble::on(id, What::Source, Status::Warning, "units", text);
                trouble.hint = problem.hint.clone();
                trouble.since = Some(host.units_at).filter(|at| *at > Timestamp::UNIX_EPOCH);
                all.push(trouble);
            }
            return;
        }
    };
    let mut trouble = Trouble::on(id, What::Host, status, "", text);
    let down = host.down.as_ref().map(|(since, _)| *since);
    trouble.since = down.or(Some(host.conn_since));
    trouble.hint = hint;
    trouble.problem = match &host.conn {
        ConnState::Retrying { why, .. } | ConnState::Failed(why) => Some(why.clone()),
        ConnState::Connecting { .. } => host.down.as_ref().and_then(|(_, why)| why.clone()),
        _ => None,
    };
    trouble.cure = Cure::Connect;
    all.push(trouble);
}

fn units(id: &HostId, host: &HostState, now: Timestamp, all: &mut Vec<Trouble>) {
    for unit in host.units.iter().flat_map(|units| units.values()) {
        let restarts = unit.restarts.unwrap_or(0);
        let young = unit
            .since
            .is_some_and(|since| now.duration_since(since) < LOOP);
        let (status, mut text) = if unit.active == "failed" {
            let why = match (unit.result.as_deref(), unit.exit_status) {
                (Some("exit-code"), Some(code)) => format!("exit {code}"),
                (Some("signal"), Some(signal)) => format!("signal {signal}"),
                (Some(result), _) => result.replace('-', " "),
                (None, _) => "failed".into(),
            };
            (Status::Bad, format!("{}: {why}", unit.name))
        } else if unit.sub == "auto-restart" {
            (Status::Bad, format!("{} keeps failing", unit.name))
        } else if restarts >= RESTARTS
            && young
            && matches!(
                unit.active.as_str(),
                "active" | "activating" | "deactivating"
            )
        {
            (
                Status::Warning,
                format!("{} restarted {restarts} times", unit.name),
            )
        } else {
            continue;
        };
        if restarts > 0 && status == Status::Bad {
            text.push_str(&format!(", {restarts} restarts"));
        }
        if host.stale {
            text.push_str(" (stale)");
        }
        let mut trouble = Trouble::on(id, What::Unit, status, &unit.name, text);
        trouble.unit = Some(unit.name.clone());
        trouble.since = unit.since;
        trouble.cure = Cure::Unit;
        all.push(trouble);
    }
}

/// The share of memory that is used, 0 to 1.
pub(super) fn memory_used(metrics: &Metrics) -> Option<f32> {
    let used = metrics.memory_total.checked_sub(metrics.memory_available)?;
    (metrics.memory_total > 0).then(|| used as f32 / metrics.memory_total as f32)
}

/// The fullest file system.
pub(super) fn fullest(metrics: &Metrics) -> Option<&Disk> {
    metrics
        .disks
        .iter()
        .max_by(|a, b| a.full().total_cmp(&b.full()))
}

fn measured(id: &HostId, host: &HostState, metrics: &Metrics, all: &mut Vec<Trouble>) {
    for disk in &metrics.disks {
        let full = disk.full();
        let inodes = match (disk.inodes_used, disk.inodes_total) {
            (Some(used), Some(total)) if total > 0 => used as f32 / total as f32,
            _ => 0.0,
        };
        let (part, of) = if inodes > full {
            (inodes, "of its inodes ")
        } else {
            (full, "")
        };
        if part < DISK_WARN {
            continue;
        }
        let status = if part >= DISK_BAD {
            Status::Bad
        } else {
            Status::Warning
        };
        let text = format!("{} is {:.0} % {of}full", disk.mount, part * 100.0);
        let mut trouble = Trouble::on(id, What::Disk, status, &disk.mount, text);
        trouble.since = host.since.get(&trouble.key).copied();
        trouble.cure = Cure::Shell;
        all.push(trouble);
    }
    if let Some(used) = memory_used(metrics).filter(|used| *used >= 0.9) {
        let status = if used >= 0.95 {
            Status::Bad
        } else {
            Status::Warning
        };
        let text = format!("memory is {:.0} % used", used * 100.0);
        let mut trouble = Trouble::on(id, What::Memory, status, "", text);
        trouble.since = host.since.get(&trouble.key).copied();
        trouble.cure = Cure::Shell;
        all.push(trouble);
    }
    if let Some(skew) = metrics.clock_skew.filter(|skew| skew.abs() >= SKEW) {
        let word = if skew.is_negative() {
            "behind"
        } else {
            "ahead"
        };
        let text = format!("its clock is {} s {word} of ours", skew.abs().as_secs());
        let text = text.replace("behind of", "behind");
        let mut trouble = Trouble::on(id, What::Clock, Status::Warning, "", text);
        trouble.since = host.since.get(&trouble.key).copied();
        trouble.cure = Cure::Shell;
        all.push(trouble);
    }
}

/// Whether the same was done again since, and succeeded.
fn mended(job: &Job, jobs: &[Job]) -> bool {
    jobs.iter().any(|other| {
        (other.env == job.env && other.title == job.title && other.started > job.started)
            && (other.outcome.as_ref()).is_some_and(|o| o.state == EndState::Succeeded)
    })
}

fn failed_job(job: &Job, all: &mut Vec<Trouble>) {
    let Some(outcome) = &job.outcome else { return };
    let status = match outcome.state {
        EndState::Failed | EndState::RolledBack => Status::Bad,
        EndState::Unknown => Status::Warning,
        EndState::Succeeded | EndState::Cancelled => return,
    };
    all.push(Trouble {
        key: format!("job {}", job.id.0),
        status,
        what: What::Job,
        host: Some(job.intent.host().clone()),
        unit: None,
        since: job.ended,
        text: format!("{}: {}", job.title, outcome.summary),
        problem: None,
        hint: outcome
            .problem
            .as_ref()
            .and_then(|problem| problem.hint.clone()),
        cure: Cure::Jobs,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{Intent, JobId, Outcome},
        remote::systemd::{Unit, Verb},
        tui::{
            model::EnvId,
            tests::{live, now},
        },
    };
    use std::sync::Arc;

    #[test]
    fn a_restart_loop_is_a_problem_in_each_of_its_states() {
        let mut model = live();
        let world = model.worlds.get_mut(&EnvId::new("production")).unwrap();
        for (active, sub) in [
            ("activating", "auto-restart"),
            ("activating", "start"),
            ("active", "running"),
            ("deactivating", "stop-sigterm"),
            ("failed", "failed"),
        ] {
            let unit = Unit {
                name: "worker.service".into(),
                active: active.into(),
                sub: sub.into(),
                restarts: Some(RESTARTS),
                since: Some(now()),
                ..Unit::default()
            };
            let host = world.hosts.get_mut(&HostId::new("web-1")).unwrap();
            let units = host.units.as_mut().unwrap();
            units.insert(unit.name.clone(), Arc::new(unit));
            let found = troubles(world, &[], now());
            assert!(
                found
                    .iter()
                    .any(|t| t.unit.as_deref() == Some("worker.service")),
                "{active} ({sub}): {found:?}"
            );
        }
    }

    #[test]
    fn a_failed_operation_is_a_problem_until_the_same_succeeds() {
        let model = live();
        let env = EnvId::new("production");
        let world = model.worlds.get(&env).unwrap();
        let job = |id, minute, state| Job {
            id: JobId(id),
            env: env.clone(),
            title: "restart nginx.service on web-1".into(),
            intent: Intent::Unit {
                host: HostId::new("web-1"),
                unit: "nginx.service".into(),
                verb: Verb::Restart,
            },
            steps: Vec::new(),
            started: now() + SignedDuration::from_mins(minute),
            ended: Some(now() + SignedDuration::from_mins(minute)),
            phase: String::new(),
            output: Default::default(),
            dropped: 0,
            outcome: Some(Outcome {
                state,
                summary: "so it was".into(),
                problem: None,
                job: None,
            }),
        };
        let told = |jobs: &[Job]| {
            let all = troubles(world, jobs, now());
            all.iter().filter(|t| t.what == What::Job).count()
        };
        let failed = job(1, 0, EndState::Failed);
        let succeeded = job(2, 1, EndState::Succeeded);
        assert_eq!(told(std::slice::from_ref(&failed)), 1);
        assert_eq!(told(&[failed.clone(), succeeded.clone()]), 0);
        assert_eq!(told(&[failed, succeeded, job(3, 2, EndState::Failed)]), 1);
    }
}
