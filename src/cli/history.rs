//! `qd history`: past operations from the local audit log. Connects to nothing.

use super::{Global, Run, context, output};
use crate::ops::{
    EndState,
    audit::{self, Record},
};
use crate::problem::{Exit, Problem};
use clap::Args;
use serde::Serialize;

/// Past operations of this user from the local audit log, newest last
#[derive(Debug, Args)]
pub struct History {
    /// At most so many
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 50)]
    lines: usize,
    /// Of all environments
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    #[serde(flatten)]
    record: &'a Record,
    duration_ms: Option<i128>,
}

/// More records than anybody asks for; older ones stay in the file.
const MOST: usize = 100_000;

/// Runs it.
pub(crate) async fn run(global: &Global, command: History) -> Run {
    let log = tokio::task::spawn_blocking(|| audit::read(MOST))
        .await
        .map_err(std::io::Error::other)
        .and_then(|log| log)
        .map_err(|error| {
            let place = audit::path().map_or_else(|_| String::new(), |p| p.display().to_string());
            Problem::new(
                "ops",
                "audit-unreadable",
                Exit::Negative,
                format!("the audit log {place} cannot be read: {error}"),
            )
        })?;
    // Works without any configuration: then there is no environment to choose.
    let environment = match (&global.env, command.all) {
        (_, true) => None,
        (Some(name), _) => Some(name.clone()),
        (None, _) if global.config.is_some() => {
            Some(context::load(global)?.environment(None)?.name)
        }
        (None, _) => context::load(global)
            .and_then(|loaded| loaded.environment(None))
            .ok()
            .map(|environment| environment.name),
    };
    let mut records: Vec<&Record> = log
        .records
        .iter()
        .filter(|record| {
            environment
                .as_ref()
                .is_none_or(|e| *e == record.environment)
        })
        .filter(|record| global.hosts.is_empty() || global.hosts.contains(&record.host))
        .collect();
    records.drain(..records.len().saturating_sub(command.lines));
    let problems: Vec<Problem> = (log.damaged > 0)
        .then(|| {
            Problem::new(
                "ops",
                "audit-damaged",
                Exit::Negative,
                format!(
                    "{} lines of the audit log cannot be understood",
                    log.damaged
                ),
            )
            .hint("they are left as they are; the other records are complete")
        })
        .into_iter()
        .collect();
    if global.json {
        let items = records
            .iter()
            .map(|record| Item {
                record,
                duration_ms: record.duration().map(|d| d.as_millis()),
            })
            .collect();
        output::json(&output::Document::new(
            environment.as_deref().unwrap_or_default(),
            items,
            &problems,
        ))?;
    } else {
        let rows: Vec<Vec<String>> = records.iter().map(|record| row(record)).collect();
        output::print(&output::table(
            &["WHEN", "WHERE", "WHO", "WHAT", "RESULT", "TOOK", "SUMMARY"],
            &rows,
        ))?;
        problems.iter().for_each(output::warn);
    }
    Ok(0)
}

fn row(record: &Record) -> Vec<String> {
    let when = jiff::Timestamp::from_second(record.began.as_second()).unwrap_or(record.began);
    vec![
        when.to_string(),
        format!("{}/{}", record.environment, record.host),
        record.user.clone(),
        format!("{} {}", record.operation, record.unit),
        match record.result {
            Some(EndState::Succeeded) => "✔ succeeded",
            Some(EndState::Failed) => "✖ failed",
            Some(EndState::RolledBack) => "✖ rolled back",
            Some(EndState::Cancelled) => "○ cancelled",
            Some(EndState::Unknown) => "? unknown",
            None => "? no end seen",
        }
        .to_owned(),
        record
            .duration()
            .map(|d| format!("{:.1}s", d.as_secs_f64()))
            .unwrap_or_default(),
        record.summary.clone().unwrap_or_default(),
    ]
}
