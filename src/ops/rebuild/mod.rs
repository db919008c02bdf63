//! Rebuilding a host: `nixos-rebuild.service`, followed to its result.
//!
//! The run is known by its InvocationID: its lines, its end, and how to find it again after a
//! broken link or another start of this program.

mod lines;
mod outcome;

use super::{
    Intent, Plan, Risk,
    execute::{News, Outcome},
    pending::{self, Pending},
    problem,
};
use crate::problem::{Exit, Problem};
use crate::remote::{
    ssh::Host,
    systemd::{Progress, Systemd, SystemdError, Unit, Verb},
};
use lines::Lines;
use std::{pin::pin, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

/// The unit that rebuilds a host.
pub const UNIT: &str = "nixos-rebuild.service";

/// How long a started unit may take to get its InvocationID once its job runs.
const LOOK: Duration = Duration::from_millis(100);

/// How long the host may stay away before the end is called unknown; it may be rebooting.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The plan: start the unit, or attach to the run that is under way.
pub(super) async fn prepare(environment: &str, host: &Host) -> Result<Plan, Problem> {
    let systemd = Systemd::open(host).await?;
    let unit = systemd.unit(UNIT).await?;
    if unit.load == "not-found" {
        return Err(problem(
            "no-rebuild-unit",
            Exit::Negative,
            format!("the host has no {UNIT}"),
        )
        .hint("the host's NixOS configuration must define it")
        .on(host.id().as_str()));
    }
    let running = is_running(&unit);
    let (step, effect, risk) = if running {
        (
            format!(
                "journalctl --follow _SYSTEMD_INVOCATION_ID={}",
                unit.invocation_id.as_deref().unwrap_or_default()
            ),
            "attaches to the rebuild that is already running; starts nothing".to_owned(),
            Risk::None,
        )
    } else {
        (
            format!("D-Bus org.freedesktop.systemd1.Manager.StartUnit(\"{UNIT}\", \"replace\")"),
            "switches the host to its configuration: units whose definition changed are restarted"
                .to_owned(),
            Risk::Yes,
        )
    };
    Ok(Plan {
        intent: Intent::Rebuild {
            host: host.id().clone(),
        },
        environment: environment.to_owned(),
        title: format!("rebuild {}", host.id()),
        steps: vec![step],
        effects: vec![effect],
        undo: (!running).then(|| {
            let host = host.id();
            format!("qd -e {environment} ssh {host} -- sudo nixos-rebuild switch --rollback")
        }),
        risk,
        data_at: jiff::Timestamp::now(),
    })
}

fn is_running(unit: &Unit) -> bool {
    matches!(
        unit.active.as_str(),
        "activating" | "active" | "reloading" | "deactivating"
    ) && unit.invocation_id.is_some()
        // Done, and kept by RemainAfterExit=.
        && unit.sub != "exited"
}

/// Whether this run is under way.
pub(super) async fn runs(host: &Host, invocation: &str) -> Result<bool, Problem> {
    let unit = Systemd::open(host).await?.unit(UNIT).await?;
    Ok(is_running(&unit) && unit.invocation_id.as_deref() == Some(invocation))
}

/// One run of the unit.
#[derive(Debug, Clone)]
struct Run {
    invocation: String,
    /// When the service manager of its boot started.
    started: Option<u64>,
}

/// Starts or attaches, follows, finds the result.
pub(super) async fn execute(environment: &str, host: &Host, id: &str, news: &News) -> Outcome {
    news.phase("connecting").await;
    let systemd = match Systemd::open(host).await {
        Ok(systemd) => systemd,
        Err(error) => return Outcome::of(error),
    };
    let (before, started) = tokio::join!(systemd.unit(UNIT), systemd.started());
    let before = match before {
        Ok(unit) => unit,
        Err(error) => return Outcome::of(error),
    };
    let started = started.ok();
    if is_running(&before)
        && let Some(invocation) = before.invocation_id
    {
        news.phase("attaching to the running rebuild").await;
        let run = Run {
            invocation,
            started,
        };
        return remembered(environment, host, id, run, news).await;
    }
    news.phase("starting").await;
    let (tell, mut progress) = mpsc::channel(16);
    let mut acting = pin!(systemd.act_and_tell(Verb::Start, UNIT, tell));
    let before_id = before.invocation_id.as_deref();
    let mut begun = pin!(begin(&systemd, before_id, &mut progress, news));
    // Its end may come before anybody could look at the run.
    let early = tokio::select! {
        result = &mut acting => Some(result),
        run = &mut begun => {
            let run = run.map(|invocation| Run { invocation, started });
            return with_run(environment, host, id, run, &mut acting, news).await;
        }
    };
    match early {
        Some(Ok(job)) => {
            let run = job
                .invocation_id
                .clone()
                .filter(|i| Some(i.as_str()) != before_id);
            if let Some(invocation) = run {
                let mut lines = Lines::follow(host, &invocation);
                lines.rest(false, news).await;
            }
            outcome::of_job(host, &systemd, job, news).await
        }
        Some(Err(SystemdError::Unknown(why))) => {
            // Whether it was started is not known: the unit tells, nothing is sent again.
            match another_run(host, before_id, news).await {
                Some(run) => remembered(environment, host, id, run, news).await,
                None => Outcome::unknown(why, None),
            }
        }
        Some(Err(error)) => Outcome::of(error),
        None => Outcome::unknown(outcome::unknown(host, None), None),
    }
}

/// The start was taken: lines and the job's end, side by side.
async fn with_run(
    environment: &str,
    host: &Host,
    id: &str,
    run: Option<Run>,
    acting: &mut (impl Future<Output = Result<crate::remote::systemd::JobResult, SystemdError>> + Unpin),
    news: &News,
) -> Outcome {
    let Some(run) = run else {
        // Only when the connection broke before the run could be seen.
        return match acting.await {
            Err(error) => Outcome::of(error),
            Ok(job) => Outcome::unknown(outcome::unknown(host, None), Some(job)),
        };
    };
    remember(environment, host, id, &run, news).await;
    news.phase(format!("running (InvocationID {})", run.invocation))
        .await;
    let mut lines = Lines::follow(host, &run.invocation);
    let ended = loop {
        tokio::select! {
            result = &mut *acting => break result,
            () = lines.next(news) => {}
        }
    };
    let outcome = match ended {
        Ok(mut job) => {
            job.invocation_id
                .get_or_insert_with(|| run.invocation.clone());
            lines.rest(false, news).await;
            match Systemd::open(host).await {
                Ok(systemd) => outcome::of_job(host, &systemd, job, news).await,
                Err(_) => outcome::of_result(host, job, None),
            }
        }
        Err(SystemdError::Unknown(problem)) => {
            news.output(problem.message).await;
            follow_to_the_end(host, &run, lines, news).await
        }
        Err(error) => Outcome::of(error),
    };
    forget(id, &outcome, news).await;
    outcome
}

/// Waits for the run that our request began: its InvocationID is another one than before.
async fn begin(
    systemd: &Systemd,
    before: Option<&str>,
    progress: &mut mpsc::Receiver<Progress>,
    news: &News,
) -> Option<String> {
    loop {
        match progress.recv().await {
            Some(Progress::Job(job)) => {
                news.phase(format!("waiting for job {job}")).await;
                break;
            }
            Some(Progress::AsRoot) => news.phase("starting as root (sudo)").await,
            Some(Progress::State(_)) => {}
            // The request failed: the other half has the error.
            None => std::future::pending().await,
        }
    }
    loop {
        match systemd.unit(UNIT).await {
            Ok(unit) => {
                if unit.invocation_id.is_some() && unit.invocation_id.as_deref() != before {
                    return unit.invocation_id;
                }
            }
            Err(_) => std::future::pending().await,
        }
        while progress.try_recv().is_ok() {}
        sleep(LOOK).await;
    }
}

/// A run that was not there before, looked for once the host is back.
async fn another_run(host: &Host, before: Option<&str>, news: &News) -> Option<Run> {
    news.phase("link broken: reconnecting to find out").await;
    let systemd = reopen(host, Instant::now() + PATIENCE).await?;
    let (unit, started) = tokio::join!(systemd.unit(UNIT), systemd.started());
    let invocation = unit.ok()?.invocation_id?;
    (Some(invocation.as_str()) != before).then(|| Run {
        invocation,
        started: started.ok(),
    })
}

/// Goes on with a run that an earlier start of this program began.
pub(super) async fn resume(host: &Host, pending: &Pending, news: &News) -> Outcome {
    let run = Run {
        invocation: pending.invocation_id.clone(),
        started: None,
    };
    news.phase(format!("attaching to run {}", run.invocation))
        .await;
    let lines = Lines::follow(host, &run.invocation);
    let outcome = follow_to_the_end(host, &run, lines, news).await;
    forget(&pending.id, &outcome, news).await;
    outcome
}

/// Follows a run that somebody else may have started, and survives the end of this program.
async fn remembered(environment: &str, host: &Host, id: &str, run: Run, news: &News) -> Outcome {
    remember(environment, host, id, &run, news).await;
    let lines = Lines::follow(host, &run.invocation);
    let outcome = follow_to_the_end(host, &run, lines, news).await;
    forget(id, &outcome, news).await;
    outcome
}

async fn remember(environment: &str, host: &Host, id: &str, run: &Run, news: &News) {
    let noted = pending::add(&Pending {
        id: id.to_owned(),
        environment: environment.to_owned(),
        host: host.id().to_string(),
        unit: UNIT.to_owned(),
        invocation_id: run.invocation.clone(),
        began: jiff::Timestamp::now(),
    });
    if let Err(error) = noted {
        news.output(format!(
            "this run will not be found again after a restart of qd: {error}"
        ))
        .await;
    }
}

async fn forget(id: &str, outcome: &Outcome, news: &News) {
    // What is not known yet may be known at the next start.
    if outcome.state == super::EndState::Unknown {
        return;
    }
    if let Err(error) = pending::remove(id) {
        news.output(format!("cannot forget the finished run: {error}"))
            .await;
    }
}

/// Waits for the run's end through any number of broken links.
async fn follow_to_the_end(host: &Host, run: &Run, mut lines: Lines, news: &News) -> Outcome {
    let mut deadline = Instant::now() + PATIENCE;
    loop {
        let until = deadline;
        let looked = async {
            let systemd = reopen(host, until).await?;
            news.phase("attached").await;
            Some(look(&systemd, run).await.map(|seen| (systemd, seen)))
        };
        let mut looked = pin!(looked);
        let looked = loop {
            tokio::select! {
                looked = &mut looked => break looked,
                () = lines.next(news) => {}
            }
        };
        match looked {
            None => return Outcome::unknown(outcome::unknown(host, Some(&run.invocation)), None),
            Some(Err(error)) => {
                tracing::debug!(host = %host.id(), %error, "lost again");
                deadline = Instant::now() + PATIENCE;
                sleep(Duration::from_millis(500)).await;
            }
            Some(Ok((systemd, seen))) => {
                let stopped = matches!(&seen, Seen::Unit(unit) if unit.active != "active");
                lines.rest(stopped, news).await;
                return outcome::of_run(host, &systemd, &run.invocation, seen, news).await;
            }
        }
    }
}

/// What was seen of a run's end.
enum Seen {
    /// The job that was its start has this result.
    Job(u32, String),
    /// The unit shows the end of this run.
    Unit(Box<Unit>),
    /// The unit has forgotten this run, or has had another since.
    Gone,
}

/// Waits on one connection until the run is over.
async fn look(systemd: &Systemd, run: &Run) -> Result<Seen, SystemdError> {
    if run.started.is_some() && systemd.started().await.ok() != run.started {
        return Ok(Seen::Gone);
    }
    loop {
        let unit = systemd.unit(UNIT).await?;
        if unit.invocation_id.as_deref() != Some(run.invocation.as_str()) {
            return Ok(Seen::Gone);
        }
        if !is_running(&unit) {
            return Ok(Seen::Unit(Box::new(unit)));
        }
        match systemd.job_of(UNIT).await? {
            Some((job, kind)) if kind == "start" => {
                if let Some(result) = systemd.attach(job).await? {
                    return Ok(Seen::Job(job, result));
                }
            }
            // A unit whose start is done while it runs (not Type=oneshot).
            _ => sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn reopen(host: &Host, deadline: Instant) -> Option<Systemd> {
    loop {
        match tokio::time::timeout_at(deadline, Systemd::open(host)).await {
            Err(_) => return None,
            Ok(Ok(systemd)) => return Some(systemd),
            Ok(Err(_)) => {}
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(Duration::from_millis(500)).await;
    }
}
