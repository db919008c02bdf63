//! An operation from the command line: plan, consent, execution, and how it is told.

use super::{Global, context, context::Session, output};
use crate::ops::{self, Consent, EndState, Intent, JobEvent, Outcome, Plan, Risk};
use crate::problem::{Exit, Problem};
use crate::text;
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use tokio::sync::mpsc;

/// What `--json` prints when a change is over.
#[derive(Debug, Serialize)]
struct Done<'a> {
    version: u32,
    environment: &'a str,
    unit: &'a str,
    host: &'a str,
    job: Option<u32>,
    result: Option<&'a str>,
    invocation_id: Option<&'a str>,
    state: EndState,
}

/// Prepares, asks, executes and reports. The exit code is the outcome's.
pub(super) async fn operate(global: &Global, session: &Session, intent: Intent) -> super::Run {
    refuse_read_only(session, &intent)?;
    let host = session.fleet.host(intent.host());
    if let Some(host) = host {
        context::contact(host).await?;
    }
    let plan = ops::prepare(&session.fleet, intent.clone()).await?;
    let consent = consent(global, &plan).await?;
    let environment = &session.environment.name;
    let approved = ops::confirm(plan, consent, environment, jiff::Timestamp::now())?;
    let (news, events) = mpsc::channel(64);
    let executing = ops::execute(&session.fleet, approved, session.read_only, news);
    let rebuild = matches!(intent, Intent::Rebuild { .. });
    let (outcome, ()) = tokio::join!(executing, show(global, events, rebuild));
    report(global, environment, &intent, outcome)
}

/// Goes on with an operation of an earlier start, and reports its end.
pub(super) async fn resume(
    global: &Global,
    session: &Session,
    pending: ops::pending::Pending,
    intent: &Intent,
) -> super::Run {
    let (news, events) = mpsc::channel(64);
    let resuming = ops::resume(&session.fleet, pending, news);
    let (outcome, ()) = tokio::join!(resuming, show(global, events, true));
    report(global, &session.environment.name, intent, outcome)
}

/// Says no before anything is asked or connected to.
fn refuse_read_only(session: &Session, intent: &Intent) -> Result<(), Problem> {
    if !session.read_only {
        return Ok(());
    }
    let environment = &session.environment.name;
    Err(Problem::new(
        "ops",
        "read-only",
        Exit::Refused,
        format!(
            "{} {} is refused: {environment} is read-only",
            intent.operation(),
            intent.unit()
        ),
    )
    .hint(format!(
        "leave out --read-only, or change read_only_{environment} in config.json"
    ))
    .on(intent.host().as_str()))
}

fn report(global: &Global, environment: &str, intent: &Intent, outcome: Outcome) -> super::Run {
    let job = outcome.job.as_ref();
    if global.json && (job.is_some() || outcome.state == EndState::Succeeded) {
        output::json(&Done {
            version: 1,
            environment,
            unit: intent.unit(),
            host: intent.host().as_str(),
            job: job.map(|job| job.job).filter(|job| *job != 0),
            result: job.map(|job| job.result.as_str()),
            invocation_id: job.and_then(|job| job.invocation_id.as_deref()),
            state: outcome.state,
        })?;
    }
    if let Some(problem) = outcome.problem {
        return Err(problem);
    }
    if let Some(exit) = outcome.state.exit() {
        return Err(
            Problem::new("ops", "not-done", exit, outcome.summary).on(intent.host().as_str())
        );
    }
    if !global.json {
        let line = format!("{}: {}", intent.host(), outcome.summary);
        output::print(&format!("{}\n", text::clean(&line)))?;
    }
    Ok(0)
}

/// What the flags or the terminal answer to the plan.
async fn consent(global: &Global, plan: &Plan) -> Result<Consent, Problem> {
    let answered = match &plan.risk {
        Risk::None => Some(Consent::NotAsked),
        Risk::Yes if global.yes => Some(Consent::Yes),
        Risk::Yes => None,
        Risk::TypeName(_) | Risk::TypeNameAndWait(..) => global.confirm.clone().map(Consent::Typed),
    };
    if let Some(consent) = answered {
        return Ok(consent);
    }
    describe(plan);
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(Consent::NotAsked);
    }
    let question = match &plan.risk {
        Risk::TypeName(name) | Risk::TypeNameAndWait(name, _) => {
            format!("Type {name} to go on: ")
        }
        Risk::None | Risk::Yes => "Go on? [y/N] ".to_owned(),
    };
    let answer = ask(question).await?;
    match &plan.risk {
        Risk::TypeName(_) | Risk::TypeNameAndWait(..) if answer.is_empty() => Err(declined(plan)),
        Risk::TypeName(_) => Ok(Consent::Typed(answer)),
        Risk::TypeNameAndWait(_, pause) => {
            let seconds = pause.as_secs();
            let _ = writeln!(std::io::stderr(), "In {seconds} s; Ctrl-C stops it.");
            tokio::time::sleep(*pause).await;
            Ok(Consent::Typed(answer))
        }
        _ if matches!(answer.as_str(), "y" | "Y" | "yes") => Ok(Consent::Yes),
        _ => Err(declined(plan)),
    }
}

fn declined(plan: &Plan) -> Problem {
    Problem::new(
        "ops",
        "declined",
        Exit::Refused,
        format!("{}: not confirmed, nothing was done", plan.title),
    )
    .on(plan.intent.host().as_str())
}

/// The plan, for whoever has to agree to it.
fn describe(plan: &Plan) {
    let mut lines = vec![format!("{} ({})", plan.title, plan.environment)];
    lines.extend(plan.steps.iter().map(|step| format!("  sends    {step}")));
    lines.extend(
        plan.effects
            .iter()
            .map(|effect| format!("  effect   {effect}")),
    );
    lines.extend(plan.undo.iter().map(|undo| format!("  undo     {undo}")));
    let mut out = std::io::stderr().lock();
    for line in lines {
        let _ = writeln!(out, "{}", text::clean(&line));
    }
}

/// One line from the terminal; empty at its end.
async fn ask(question: String) -> Result<String, Problem> {
    let read = tokio::task::spawn_blocking(move || {
        let mut err = std::io::stderr().lock();
        write!(err, "{}", text::clean(&question))?;
        err.flush()?;
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Ok::<_, std::io::Error>(line.trim().to_owned())
    });
    let failed = |error: String| {
        Problem::new(
            "cli",
            "terminal",
            Exit::Negative,
            format!("cannot read from the terminal: {error}"),
        )
    };
    match read.await {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Shows how it goes: phases on standard error; a rebuild's lines are its result and go to
/// standard output. With `--json` only what `-v` asks for.
async fn show(global: &Global, mut events: mpsc::Receiver<JobEvent>, lines: bool) {
    while let Some(event) = events.recv().await {
        let quiet = global.json && global.verbose == 0;
        match event {
            JobEvent::Phase(_) | JobEvent::Output(_) if quiet => {}
            JobEvent::Phase(phase) => {
                let _ = writeln!(std::io::stderr(), "… {}", text::clean(&phase));
            }
            JobEvent::Output(line) => {
                for line in line.lines() {
                    let line = text::clean(line);
                    // A reader that went away does not end the operation.
                    let _ = if lines && !global.json {
                        writeln!(std::io::stdout(), "{line}")
                    } else {
                        writeln!(std::io::stderr(), "  {line}")
                    };
                }
            }
            JobEvent::Ended(_) => {}
        }
    }
}
