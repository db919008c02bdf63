//! Writing an operation down: locally, and in the journal of the host it was done to.

use super::{EndState, Outcome, audit};
use crate::remote::ssh::{Argv, ExitStatus, Host, Process};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long the host's journal may take; the operation is over, nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Notes the begin; the returned text says why it could not.
pub(super) async fn begin(record: audit::Record) -> Option<String> {
    local(record).await
}

/// Notes the end in both places; each returned text says why one of them could not.
pub(super) async fn end(
    mut record: audit::Record,
    outcome: &Outcome,
    host: Option<&Host>,
) -> Vec<String> {
    record.ended = Some(jiff::Timestamp::now());
    record.result = Some(outcome.state);
    record.summary = Some(outcome.summary.clone());
    record.problem = outcome.problem.as_ref().map(|p| p.code.to_owned());
    if let Some(job) = &outcome.job {
        record.job = (job.job != 0).then_some(job.job);
        record.invocation_id.clone_from(&job.invocation_id);
    }
    let mut failures = Vec::new();
    if let Some(host) = host {
        let fields = fields(&record, outcome);
        let sent = tokio::time::timeout(PATIENCE, to_journal(host, &fields)).await;
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(why)) => failures.push(format!("not noted in the host's journal: {why}")),
            Err(_) => failures.push("not noted in the host's journal: no answer".to_owned()),
        }
    }
    failures.extend(local(record).await);
    failures
}

async fn local(record: audit::Record) -> Option<String> {
    let written = tokio::task::spawn_blocking(move || audit::append(&record)).await;
    let why = match written {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Some(format!("not noted in the audit log: {why}"))
}

/// A journal entry as `logger --journald` reads it: `FIELD=value` lines.
fn fields(record: &audit::Record, outcome: &Outcome) -> String {
    let priority = match outcome.state {
        EndState::Succeeded | EndState::Cancelled => "5",
        EndState::Failed | EndState::RolledBack | EndState::Unknown => "4",
    };
    let result = match outcome.state {
        EndState::Succeeded => "succeeded",
        EndState::Failed => "failed",
        EndState::RolledBack => "rolled back",
        EndState::Cancelled => "cancelled",
        EndState::Unknown => "unknown",
    };
    let message = format!(
        "{} by {}@{}: {} {}: {result}: {}",
        record.environment,
        record.user,
        record.client,
        record.operation,
        record.unit,
        outcome.summary
    );
    [
        ("MESSAGE", message.as_str()),
        ("PRIORITY", priority),
        ("SYSLOG_IDENTIFIER", "quarterdeck"),
        ("QUARTERDECK_ID", &record.id),
        ("QUARTERDECK_OPERATION", &record.operation),
        ("QUARTERDECK_UNIT", &record.unit),
        ("QUARTERDECK_ENVIRONMENT", &record.environment),
        ("QUARTERDECK_USER", &record.user),
        ("QUARTERDECK_CLIENT", &record.client),
        ("QUARTERDECK_RESULT", result),
    ]
    .into_iter()
    // A line a field: a line break would begin another field.
    .map(|(name, value)| format!("{name}={}\n", value.replace(['\n', '\r', '\0'], " ")))
    .collect()
}

async fn to_journal(host: &Host, fields: &str) -> Result<(), String> {
    let Process {
        mut stdin,
        stderr: said,
        exit,
        ..
    } = host
        .exec(&Argv::new("logger").arg("--journald"))
        .await
        .map_err(|error| error.to_string())?;
    stdin
        .write_all(fields.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let flushed = stdin.flush().await;
    flushed.map_err(|error| error.to_string())?;
    // Its end tells logger that the entry is complete.
    drop(stdin);
    let mut stderr = String::new();
    let _ = said.take(512).read_to_string(&mut stderr).await;
    match exit.await {
        ExitStatus::Code(0) => Ok(()),
        ExitStatus::Code(127) => Err("the host has no `logger`".to_owned()),
        other => Err(format!("logger: {} ({other:?})", stderr.trim())),
    }
}
