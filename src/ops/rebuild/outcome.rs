//! What became of a run: by its job, by its unit, or by what systemd wrote in the journal.

use super::{Seen, UNIT};
use crate::logs::{self, Query};
use crate::ops::{
    execute::{News, Outcome},
    problem,
};
use crate::problem::{Exit, Problem};
use crate::remote::{
    ssh::Host,
    systemd::{JobResult, Systemd, Unit},
};

/// Messages that systemd writes when a run ends: succeeded (unit started, deactivated
/// successfully), failed (start failed, failed with result).
const SUCCESS: [&str; 2] = [
    "39f53479d3a045ac8e11786248231fbf",
    "7ad2d189f7e94e70a38c781354912448",
];
const FAILURE: [&str; 2] = [
    "be02cf6855d2428ba40df7e9d022f03d",
    "d9b373ed55a64feb8242e02dbe79a49c",
];

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
            match (
                first_line(host, invocation, &FAILURE).await,
                first_line(host, invocation, &SUCCESS).await,
            ) {
                (Ok(Some(line)), _) => failed(host, &line, Some(job(0, "failed"))),
                (Ok(None), Ok(Some(_))) => of_result(host, job(0, "done"), None),
                _ => Outcome::unknown(unknown(host, Some(invocation)), None),
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
    let mut matches = vec![format!("INVOCATION_ID={invocation}")];
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
