//! After the job: is the unit in the state that was wanted, and does it stay there?

use super::Before;
use crate::ops::execute::{News, Outcome};
use crate::ops::{
    problem,
    run::{Of, show_last_lines},
};
use crate::problem::Exit;
use crate::remote::{
    ssh::Host,
    systemd::{JobResult, Systemd, Unit, Verb},
};
use std::time::Duration;

/// When a started service is looked at again; one that crashes does so in its first moments.
const LOOKS: [u64; 3] = [300, 700, 1000];

/// Judges the job's result and the unit's state.
pub(super) async fn verify(
    host: &Host,
    systemd: &Systemd,
    verb: Verb,
    before: &Before,
    job: JobResult,
    news: &News,
) -> Outcome {
    let name = before.unit.name.as_str();
    news.phase("verifying").await;
    let mut unit = match systemd.unit(name).await {
        Ok(unit) => unit,
        // The job's own result is known: done is done, whatever became of the link.
        Err(_) if job.result == "done" => {
            return Outcome::succeeded(
                format!(
                    "job {} of {name} is done; its state could not be read afterwards",
                    job.job
                ),
                Some(job),
            );
        }
        Err(_) => Unit::default(),
    };
    if job.result != "done" {
        return job_failed(host, systemd, verb, &unit, before, job, news).await;
    }
    if let Err(why) = judge(verb, &unit) {
        return wrong(host, systemd, verb, &unit, why, job, news).await;
    }
    if matches!(verb, Verb::Start | Verb::Restart) && stays(&unit) {
        let first = unit.clone();
        for wait in LOOKS {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let Ok(now) = systemd.unit(name).await else {
                break;
            };
            unit = now;
            if let Err(why) = stayed(&first, &unit) {
                return wrong(host, systemd, verb, &unit, why, job, news).await;
            }
        }
    }
    Outcome::succeeded(
        format!("{name} is {} ({})", unit.active, unit.sub),
        Some(job),
    )
}

/// Whether the unit's state is what the verb is for.
pub(super) fn judge(verb: Verb, unit: &Unit) -> Result<(), String> {
    let is = format!("is {} ({})", unit.active, unit.sub);
    let ok = match verb {
        // A oneshot is inactive again when it has done its work.
        Verb::Start | Verb::Restart => match unit.active.as_str() {
            "active" | "reloading" | "refreshing" => true,
            "inactive" => unit
                .result
                .as_deref()
                .is_none_or(|result| result == "success"),
            _ => false,
        },
        Verb::Stop => matches!(unit.active.as_str(), "inactive" | "failed"),
        Verb::Reload => matches!(unit.active.as_str(), "active" | "reloading" | "refreshing"),
        Verb::ResetFailed => unit.active != "failed",
        Verb::Enable => unit
            .file_state
            .as_deref()
            .is_none_or(|state| !matches!(state, "disabled" | "masked")),
        Verb::Disable => unit
            .file_state
            .as_deref()
            .is_none_or(|state| !state.starts_with("enabled")),
    };
    if ok {
        return Ok(());
    }
    match verb {
        Verb::Enable | Verb::Disable => Err(format!(
            "is still {}",
            unit.file_state.as_deref().unwrap_or_default()
        )),
        _ => Err(is),
    }
}

/// Whether it is a service that should go on running.
fn stays(unit: &Unit) -> bool {
    unit.kind() == "service" && unit.active == "active" && unit.sub == "running"
}

fn stayed(first: &Unit, now: &Unit) -> Result<(), String> {
    let crashed = now.active == "failed"
        || now.sub.starts_with("auto-restart")
        || now.restarts > first.restarts
        || now.invocation_id != first.invocation_id;
    // Ending by itself with success is its own business.
    if crashed {
        return Err(format!(
            "did not stay up: it is {} ({}){}",
            now.active,
            now.sub,
            why(now)
        ));
    }
    Ok(())
}

/// The unit's own reason, where it has one.
fn why(unit: &Unit) -> String {
    match unit.result.as_deref() {
        None | Some("success") => String::new(),
        Some(result) => match unit.exit_status {
            Some(status) if result == "exit-code" => format!(", exit status {status}"),
            _ => format!(", {result}"),
        },
    }
}

async fn wrong(
    host: &Host,
    systemd: &Systemd,
    verb: Verb,
    unit: &Unit,
    what: String,
    job: JobResult,
    news: &News,
) -> Outcome {
    let name = unit.name.as_str();
    // The job's own run: the unit may be in the next one already.
    let run = job
        .invocation_id
        .as_deref()
        .or(unit.invocation_id.as_deref());
    if let Some(run) = run {
        show_last_lines(host, systemd, name, Of::Run(run), news).await;
    }
    let again = match verb {
        Verb::Stop => {
            format!("something started it again: `qd unit show {name}` tells what triggers it")
        }
        _ => see_journal(name),
    };
    Outcome::failed(
        problem(
            "not-verified",
            Exit::Negative,
            format!(
                "{} {name}: the job is done, but the unit {what}",
                verb.as_str()
            ),
        )
        .hint(again)
        .on(host.id().as_str()),
        Some(job),
    )
}

fn see_journal(name: &str) -> String {
    format!("its journal tells more: `qd logs {name}`")
}

async fn job_failed(
    host: &Host,
    systemd: &Systemd,
    verb: Verb,
    unit: &Unit,
    before: &Before,
    job: JobResult,
    news: &News,
) -> Outcome {
    let name = before.unit.name.as_str();
    if let Some(run) = job.invocation_id.as_deref() {
        let began_none = matches!(verb, Verb::Start | Verb::Restart)
            && before.unit.invocation_id.as_deref() == Some(run);
        let of = match (began_none, job.result.as_str()) {
            (false, _) => Some(Of::Run(run)),
            // Nobody has more to say about these.
            (true, "canceled" | "skipped") => None,
            (true, _) => Some(Of::Job(job.job, run)),
        };
        if let Some(of) = of {
            show_last_lines(host, systemd, name, of, news).await;
        }
    }
    let (what, hint) = match job.result.as_str() {
        "canceled" => (
            "another job took its place".to_owned(),
            "somebody else may be at work on it: look before trying again".to_owned(),
        ),
        "timeout" => ("it took too long".to_owned(), see_journal(name)),
        "dependency" => (
            "a unit that it needs failed".to_owned(),
            "`qd units --failed` tells which".to_owned(),
        ),
        "skipped" => (
            "it does not apply to the unit as it is now".to_owned(),
            format!("`qd unit show {name}` tells its state"),
        ),
        "failed" => (format!("it failed{}", why(unit)), see_journal(name)),
        other => (
            format!("the result is {other}"),
            format!("`qd unit show {name}` tells its state"),
        ),
    };
    Outcome::failed(
        problem(
            "job-failed",
            Exit::Negative,
            format!("{} {name}: {what}", verb.as_str()),
        )
        .hint(hint)
        .on(host.id().as_str()),
        Some(job),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(active: &str, sub: &str, result: &str) -> Unit {
        Unit {
            name: "a.service".into(),
            active: active.into(),
            sub: sub.into(),
            result: Some(result.into()),
            ..Unit::default()
        }
    }

    #[test]
    fn each_verb_has_its_states() {
        let running = unit("active", "running", "success");
        let done = unit("inactive", "dead", "success");
        let failed = unit("failed", "failed", "exit-code");
        let crashing = unit("activating", "auto-restart", "signal");
        assert!(judge(Verb::Start, &running).is_ok());
        assert!(judge(Verb::Start, &done).is_ok());
        assert!(judge(Verb::Start, &failed).is_err());
        assert!(judge(Verb::Restart, &crashing).is_err());
        assert!(judge(Verb::Stop, &done).is_ok());
        assert!(judge(Verb::Stop, &running).is_err());
        assert!(judge(Verb::ResetFailed, &failed).is_err());
        assert!(judge(Verb::Reload, &failed).is_err());
    }

    #[test]
    fn a_crash_after_the_job_is_a_failure() {
        let first = unit("active", "running", "success");
        assert!(stayed(&first, &first).is_ok());
        assert!(stayed(&first, &unit("inactive", "dead", "success")).is_ok());
        let why = stayed(&first, &unit("activating", "auto-restart", "signal")).unwrap_err();
        assert!(
            why.contains("auto-restart") && why.contains("signal"),
            "{why}"
        );
        let mut again = first.clone();
        again.restarts = Some(1);
        assert!(stayed(&first, &again).is_err());
    }
}
