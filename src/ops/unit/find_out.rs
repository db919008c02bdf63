//! When the answer never came: what became of the request? Nothing is sent again here.

use super::{Before, verify};
use crate::ops::execute::{News, Outcome};
use crate::problem::Problem;
use crate::remote::{
    ssh::Host,
    systemd::{JobResult, Systemd, Unit, Verb},
};
use std::time::Duration;
use tokio::time::Instant;

/// How long the host may stay away before the end is called unknown.
const PATIENCE: Duration = Duration::from_secs(90);

/// Reconnects, attaches to the job if it still runs, and judges by the unit's state if not.
pub(super) async fn find_out(
    host: &Host,
    verb: Verb,
    before: &Before,
    job: Option<u32>,
    problem: Problem,
    news: &News,
) -> Outcome {
    news.output(problem.message.clone()).await;
    news.phase("link broken: reconnecting to find out").await;
    let deadline = Instant::now() + PATIENCE;
    let name = before.unit.name.as_str();
    loop {
        let Some(systemd) = reopen(host, deadline).await else {
            return Outcome::unknown(problem, None);
        };
        let started = systemd.started().await.ok();
        if before.started.is_some() && started.is_some() && started != before.started {
            if verb == Verb::Start && restarts_the_host(name) {
                return Outcome::succeeded("the host has been restarted", None);
            }
            let mut problem = problem;
            problem.message = format!("{}; the host has been restarted since", problem.message);
            return Outcome::unknown(problem, None);
        }
        let running = match job {
            Some(job) => Some(job),
            None => match systemd.job_of(name).await {
                Ok(running) => running
                    .filter(|(_, kind)| kind == verb.as_str())
                    .map(|(id, _)| id),
                Err(_) => continue,
            },
        };
        let result = match running {
            None => None,
            Some(id) => {
                news.phase(format!("attached again: waiting for job {id}"))
                    .await;
                match systemd.attach(id).await {
                    Ok(result) => result.map(|result| (id, result)),
                    // Broken again.
                    Err(_) => continue,
                }
            }
        };
        let Ok(now) = systemd.unit(name).await else {
            continue;
        };
        let of_job = |job, result: &str| JobResult {
            job,
            result: result.to_owned(),
            invocation_id: now.invocation_id.clone(),
        };
        if let Some((id, result)) = result {
            return verify::verify(host, &systemd, verb, before, of_job(id, &result), news).await;
        }
        let id = job.unwrap_or(0);
        return match took_effect(verb, &before.unit, &now) {
            Some(true) => {
                verify::verify(host, &systemd, verb, before, of_job(id, "done"), news).await
            }
            Some(false) => {
                verify::verify(host, &systemd, verb, before, of_job(id, "failed"), news).await
            }
            None => {
                let mut problem = problem;
                problem.message = format!(
                    "{}; {name} is {} ({}) now",
                    problem.message, now.active, now.sub
                );
                Outcome::unknown(problem, None)
            }
        };
    }
}

/// Whether a restart of the host is what starting this unit is for.
fn restarts_the_host(unit: &str) -> bool {
    matches!(
        unit,
        "reboot.target" | "systemd-reboot.service" | "kexec.target" | "soft-reboot.target"
    )
}

/// A new connection to systemd before the deadline.
async fn reopen(host: &Host, deadline: Instant) -> Option<Systemd> {
    loop {
        let opening = tokio::time::timeout_at(deadline, Systemd::open(host));
        match opening.await {
            Err(_) => return None,
            Ok(Ok(systemd)) => return Some(systemd),
            Ok(Err(error)) => tracing::debug!(host = %host.id(), %error, "not back yet"),
        }
        if Instant::now() >= deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What the unit's state says about a request whose job is over: worked, failed, or `None` when
/// it says nothing (as when the request never arrived).
fn took_effect(verb: Verb, before: &Unit, now: &Unit) -> Option<bool> {
    let another_run = now.invocation_id.is_some() && now.invocation_id != before.invocation_id;
    match verb {
        Verb::Start | Verb::Restart if another_run => match now.active.as_str() {
            "activating" | "deactivating" => None,
            "failed" => Some(false),
            _ => Some(verify::judge(verb, now).is_ok()),
        },
        Verb::Start | Verb::Restart | Verb::Reload => None,
        Verb::Stop if before.active == "inactive" => None,
        Verb::Stop | Verb::ResetFailed | Verb::Enable | Verb::Disable => {
            verify::judge(verb, now).ok().map(|()| true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(active: &str, run: &str) -> Unit {
        Unit {
            active: active.into(),
            result: Some("success".into()),
            invocation_id: Some(run.into()),
            ..Unit::default()
        }
    }

    #[test]
    fn only_a_change_is_evidence() {
        let before = unit("active", "a");
        let same = unit("active", "a");
        let other = unit("active", "b");
        assert_eq!(took_effect(Verb::Restart, &before, &same), None);
        assert_eq!(took_effect(Verb::Restart, &before, &other), Some(true));
        assert_eq!(
            took_effect(Verb::Restart, &before, &unit("failed", "b")),
            Some(false)
        );
        assert_eq!(
            took_effect(Verb::Stop, &before, &unit("inactive", "a")),
            Some(true)
        );
        assert_eq!(took_effect(Verb::Stop, &before, &same), None);
        assert_eq!(took_effect(Verb::Reload, &before, &same), None);
        assert_eq!(
            took_effect(
                Verb::Start,
                &unit("inactive", "a"),
                &unit("activating", "b")
            ),
            None
        );
    }
}
