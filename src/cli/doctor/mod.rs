//! `qd doctor`: tests every precondition, here and on each host, and says how to mend it.
//!
//! Asks the same questions that the console will ask, in the same way; changes nothing.

mod here;
mod host;
mod report;

use super::{
    Global, Run,
    context::{self, Session},
    output::{self, Document},
};
use crate::problem::{Exit, Problem};
use clap::Args;
use futures::{StreamExt, stream::FuturesOrdered};
use serde::Serialize;

/// Test every precondition and say how to mend it
///
/// Looks at the configuration, the terminal and, on each host, at everything that the console
/// needs: the SSH connection and host key, the journal, systemd over D-Bus, sudo, the clock and
/// the units.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  qd doctor                     everything, on all hosts of the default environment
  qd doctor -e staging --host web-1
  qd doctor --json | jq '.items[] | select(.status == \"fail\")'

Exit codes: 0 when nothing failed (warnings are no failure), 1 when a check failed, 2 when the
configuration is wrong, 3 when a host could not be reached, 4 when its host key was refused.")]
pub struct Doctor {}

/// One precondition and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// None for what concerns this machine.
    host: Option<String>,
    /// A stable word: `config`, `reach`, `host-key`, `journal`, …
    check: &'static str,
    status: Status,
    /// What was found.
    message: String,
    /// What to do about it.
    hint: Option<String>,
    /// What a failure means for the exit code.
    #[serde(skip)]
    exit: Exit,
}

/// How a precondition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Met.
    Ok,
    /// Works, with less than there could be.
    Warn,
    /// Not met.
    Fail,
    /// Could not be tested, because of something above it.
    Skipped,
}

impl Check {
    fn new(check: &'static str, status: Status, message: impl Into<String>) -> Check {
        Check {
            host: None,
            check,
            status,
            message: message.into(),
            hint: None,
            exit: Exit::Negative,
        }
    }

    fn ok(check: &'static str, message: impl Into<String>) -> Check {
        Check::new(check, Status::Ok, message)
    }

    fn warn(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Check {
        let mut warning = Check::new(check, Status::Warn, message);
        warning.hint = Some(hint.into());
        warning
    }

    fn fail(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Check {
        let mut failure = Check::new(check, Status::Fail, message);
        failure.hint = Some(hint.into());
        failure
    }

    fn skipped(check: &'static str, why: impl Into<String>) -> Check {
        Check::new(check, Status::Skipped, why)
    }

    /// A failure that keeps the problem's hint and exit code.
    fn problem(check: &'static str, problem: &Problem) -> Check {
        Check {
            host: None,
            check,
            status: Status::Fail,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            exit: problem.exit,
        }
    }
}

/// Runs it.
pub(crate) async fn run(global: &Global, _command: Doctor) -> Run {
    let mut print = report::Printer::new(global.json);
    let mut checks = here::checks(global).await;
    print.section("this machine", &checks)?;
    let session = match Session::settled(global) {
        Ok(session) => session,
        Err(problem) => {
            // Told above already, as the check that failed.
            return finish(global, "", checks, Vec::new(), Some(problem.exit));
        }
    };
    let problems = ask(&session, &mut print, &mut checks).await?;
    finish(global, &session.environment.name, checks, problems, None)
}

/// Asks all hosts at once and prints each as soon as those before it are known.
async fn ask(
    session: &Session,
    print: &mut report::Printer,
    checks: &mut Vec<Check>,
) -> Result<Vec<Problem>, Problem> {
    let deadline = session.deadline();
    let mut answers: FuturesOrdered<_> = session
        .hosts()
        .iter()
        .map(|host| async move {
            let found = match deadline {
                None => host::checks(host).await,
                Some(at) => tokio::time::timeout_at(at, host::checks(host))
                    .await
                    .unwrap_or_else(|_| vec![Check::problem("time", &context::timed_out())]),
            };
            (host.id().as_str(), found)
        })
        .collect();
    let mut problems = Vec::new();
    while let Some((name, mut found)) = answers.next().await {
        for check in &mut found {
            check.host = Some(name.to_owned());
        }
        print.section(name, &found)?;
        problems.extend(found.iter().filter_map(unanswered));
        checks.append(&mut found);
    }
    Ok(problems)
}

/// The problem of a host that did not answer at all.
fn unanswered(check: &Check) -> Option<Problem> {
    let out_of_reach = matches!(check.exit, Exit::Unreachable | Exit::Refused);
    if check.status != Status::Fail || !out_of_reach {
        return None;
    }
    let mut problem = Problem::new("ssh", check.check, check.exit, check.message.clone());
    problem.hint.clone_from(&check.hint);
    problem.host.clone_from(&check.host);
    Some(problem)
}

fn finish(
    global: &Global,
    environment: &str,
    checks: Vec<Check>,
    problems: Vec<Problem>,
    cut_short: Option<Exit>,
) -> Run {
    let failures: Vec<Problem> = checks
        .iter()
        .filter(|check| check.status == Status::Fail)
        .map(|check| Problem::new("doctor", check.check, check.exit, ""))
        .collect();
    let worst = output::worst(&failures).map(|problem| problem.exit);
    if global.json {
        output::json(&Document::new(environment, checks, &problems))?;
    } else {
        output::print(&report::summary(&checks))?;
    }
    Ok(worst.or(cut_short).map_or(0, Exit::code))
}
