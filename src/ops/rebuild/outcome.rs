//! What became of a run: by its job, by its unit, or by what systemd wrote in the journal.

use super::{Seen, UNIT};
use crate::logs::{self, Query};
use crate::ops::{
    execute::{News, Outcome},
    problem, run,
};
use crate::problem::{Exit, Problem};
use crate::remote::{
    ssh::Host,
    systemd::{JobResult, Systemd, Unit},
};
use std::time::Duration;
use tokio::time::sleep;

/// What systemd writes when a run ends well, and when it does not.
const SUCCESS: [&str; 2] = [run::STARTED, run::SUCCEEDED];
const FAILURE: [&str; 2] = [run::START_FAILED, run::FAILED];

/// The end is not known; how to find out.
pub(super) fn unknown(host: &Host, invocation: Option<&str>) -> Problem {
    let hint = match invocation {
        Some(id) => format!(
            "`qd ssh {} -- journalctl INVOCATION_ID={id}` tells how it ended; `qd rebuild` attaches while it runs",
            host.id()
        ),
        None => format!("`qd unit show {UNIT} --host {}` tells its state", host.id()),
    };
    problem(
        "rebuild-unknown",
        Exit::Unknown,
        "how the rebuild ended is not known",
    )
    .hint(hint)
    .on(host.id().as_str())
}

/// By the job's result, with the unit's own words.
pub(super) async fn of_job(
    host: &Host,
    systemd: &Systemd,
    job: JobResult,
    _news: &News,
) -> Outcome {
    let unit = systemd
        .unit(UNIT)
        .await
        .ok()
        .filter(|unit| unit.invocation_id.is_none() || unit.invocation_id == job.invocation_id);
    of_result(host, job, unit.as_ref())
}

/// By the job's result alone.
pub(super) fn of_result(host: &Host, job: JobResult, unit: Option<&Unit>) -> Outcome {
    if job.result == "done" {
        // Started is not finished where the unit is not a oneshot; but a run that failed since
        // shows it.
        if let Some(unit) = unit.filter(|unit| unit.active == "failed") {
            return failed(host, &why(unit), Some(job));
        }
        return Outcome::succeeded(format!("{} is rebuilt", host.id()), Some(job));
    }
    let why = match (job.result.as_str(), unit) {
        ("failed", Some(unit)) => why(unit),
        ("canceled", _) => "somebody cancelled its job".to_owned(),
        ("timeout", _) => "it took longer than the unit allows".to_owned(),
        ("dependency", _) => "a unit that it needs failed".to_owned(),
        (other, _) => format!("its job's result is {other}"),
    };
    failed(host, &why, Some(job))
}

/// By what was seen after attaching.
pub(super) async fn of_run(
    host: &Host,
    systemd: &Systemd,
    invocation: &str,
    seen: Seen,
    news: &News,
) -> Outcome {
    let job = |id, result: &str| JobResult {
        job: id,
        result: result.to_owned(),
        invocation_id: Some(invocation.to_owned()),
    };
    match seen {
        Seen::Job(id, result) => of_job(host, systemd, job(id, &result), news).await,
        Seen::Unit(unit) => {
            let worked = unit.active != "failed" && unit.result.as_deref() == Some("success");
            let result = if worked { "done" } else { "failed" };
            of_result(host, job(0, result), Some(&unit))
        }
        Seen::Gone => {
            news.phase("reading the end from the journal").await;
            let mut pause = Duration::from_millis(100);
            loop {
                match (
                    first_line(host, invocation, &FAILURE).await,
                    first_line(host, invocation, &SUCCESS).await,
                ) {
                    (Ok(Some(line)), _) => {
                        return failed(host, &line, Some(job(0, "failed")));
                    }
                    (Ok(None), Ok(Some(_))) => return of_result(host, job(0, "done"), None),
                    // The next run may be there before the end of this one is in the journal.
                    (Ok(None), Ok(None)) if pause < Duration::from_secs(1) => {
                        sleep(pause).await;
                        pause *= 2;
                    }
                    _ => return Outcome::unknown(unknown(host, Some(invocation)), None),
                }
            }
        }
    }
}

/// systemd's first line about the run that is one of these messages.
async fn first_line(
    host: &Host,
    invocation: &str,
    messages: &[&str],
) -> Result<Option<String>, Problem> {
    // Any program may write such a line; only systemd's counts.
    let mut matches = vec![format!("INVOCATION_ID={invocation}"), "_PID=1".to_owned()];
    matches.extend(messages.iter().map(|id| format!("MESSAGE_ID={id}")));
    let mut found = logs::fetch(
        host.clone(),
        Query {
            matches,
            ..Query::default()
        },
    );
    let mut first = None;
    while let Some(entries) = found.recv().await {
        for entry in entries? {
            first.get_or_insert_with(|| String::from_utf8_lossy(&entry.message).into_owned());
        }
    }
    Ok(first)
}

fn failed(host: &Host, why: &str, job: Option<JobResult>) -> Outcome {
    Outcome::failed(
        problem(
            "rebuild-failed",
            Exit::Negative,
            format!("the rebuild failed: {why}"),
        )
        .hint("the lines above tell more; the host still runs its former configuration unless the switch had begun")
        .on(host.id().as_str()),
        job,
    )
}

/// The unit's own reason.
fn why(unit: &Unit) -> String {
    match (unit.result.as_deref(), unit.exit_status) {
        (Some("exit-code"), Some(status)) => format!("{UNIT} exited with status {status}"),
        (Some("signal" | "core-dump"), Some(signal)) => {
            format!("{UNIT} was killed by signal {signal}")
        }
        (Some("success") | None, _) => format!("{UNIT} is {} ({})", unit.active, unit.sub),
        (Some(result), _) => format!("{UNIT} ended with {result}"),
    }
}
