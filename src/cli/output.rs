//! How results and problems leave the program: documents on standard output, everything else
//! on standard error.

use crate::problem::Problem;
use serde::Serialize;
use std::{io::Write, process::ExitCode};

/// The document of every `--json` list.
#[derive(Debug, Serialize)]
pub(crate) struct Document<T> {
    /// Always 1; a breaking change makes it 2.
    pub(crate) version: u32,
    pub(crate) environment: String,
    pub(crate) fetched_at: jiff::Timestamp,
    pub(crate) items: Vec<T>,
    pub(crate) problems: Vec<ProblemItem>,
}

/// A host or source that did not answer.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemItem {
    source: &'static str,
    host: Option<String>,
    code: &'static str,
    message: String,
    hint: Option<String>,
}

impl From<&Problem> for ProblemItem {
    fn from(p: &Problem) -> Self {
        ProblemItem {
            source: p.source,
            host: p.host.clone(),
            code: p.code,
            message: p.message.clone(),
            hint: p.hint.clone(),
        }
    }
}

/// Prints a problem that ends the command to standard error; returns its exit code.
pub(crate) fn report(problem: &Problem, json: bool) -> ExitCode {
    let line = if json {
        serde_json::json!({"version": 1, "error": {
            "code": problem.code, "message": problem.message, "hint": problem.hint}})
        .to_string()
    } else {
        format!("qd: {}", crate::text::clean(&problem.to_string()))
    };
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(problem.exit.code())
}
