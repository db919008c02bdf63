//! How results and problems leave the program: documents and tables on standard output,
//! everything else on standard error.

use super::Run;
use crate::problem::{Exit, Problem};
use crate::text;
use serde::Serialize;
use std::{
    io::{ErrorKind, IsTerminal, Write},
    process::ExitCode,
};
use unicode_width::UnicodeWidthStr;

/// The document of every `--json` list.
#[derive(Debug, Serialize)]
pub(crate) struct Document<T> {
    /// Always 1; a breaking change makes it 2.
    pub(crate) version: u32,
    /// Null where the answer is about a file.
    pub(crate) environment: Option<String>,
    pub(crate) fetched_at: jiff::Timestamp,
    pub(crate) items: Vec<T>,
    pub(crate) problems: Vec<ProblemItem>,
}

impl<T> Document<T> {
    /// A document of now.
    pub(crate) fn new(environment: &str, items: Vec<T>, problems: &[Problem]) -> Document<T> {
        Document::of(Some(environment), items, problems)
    }

    /// A document of now, of an environment or none.
    pub(crate) fn of(
        environment: Option<&str>,
        items: Vec<T>,
        problems: &[Problem],
    ) -> Document<T> {
        let now = jiff::Timestamp::now();
        Document {
            version: 1,
            environment: environment.map(str::to_owned),
            // Whole seconds, as the contract shows them.
            fetched_at: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now),
            items,
            problems: problems.iter().map(ProblemItem::from).collect(),
        }
    }
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

/// Ends a command that asked hosts, after its result was printed. The exit code is that of the
/// gravest problem, 0 without any. When no host `answered`, that problem ends the command; else
/// each is a line on standard error, unless the document has them.
pub(crate) fn settle(as_json: bool, problems: &[Problem], answered: bool) -> Run {
    let Some(worst) = worst(problems) else {
        return Ok(0);
    };
    if !as_json {
        let ends = |problem: &Problem| !answered && std::ptr::eq(problem, worst);
        problems.iter().filter(|p| !ends(p)).for_each(warn);
    }
    if answered {
        Ok(worst.exit.code())
    } else {
        Err(worst.clone())
    }
}

/// The problem that decides the exit code: what cannot be known first, then refusals, then what
/// could not be reached, then the rest; the first of equals.
pub(crate) fn worst(problems: &[Problem]) -> Option<&Problem> {
    problems.iter().rev().max_by_key(|p| match p.exit {
        Exit::Interrupted => 5,
        Exit::Unknown => 4,
        Exit::Refused => 3,
        Exit::Unreachable => 2,
        Exit::Usage => 1,
        Exit::Negative => 0,
    })
}

/// Prints one JSON document: indented for a person at a terminal, one line for a program.
pub(crate) fn json<T: Serialize>(document: &T) -> Result<(), Problem> {
    let text = if std::io::stdout().is_terminal() {
        serde_json::to_string_pretty(document)
    } else {
        serde_json::to_string(document)
    };
    let mut text = text.map_err(|error| {
        Problem::new(
            "cli",
            "output",
            Exit::Negative,
            format!("cannot write the result as JSON: {error}"),
        )
    })?;
    text.push('\n');
    print(&text)
}

/// Writes text to standard output. The caller has cleaned what came from the wire.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| write_failed(&error))
}

/// What a failed write to standard output means. A reader that had enough (`| head`) is no
/// failure: [`report`] says nothing about it and the exit code is 0.
pub(crate) fn write_failed(error: &std::io::Error) -> Problem {
    let code = match error.kind() {
        ErrorKind::BrokenPipe => BROKEN_PIPE,
        _ => "output",
    };
    Problem::new(
        "cli",
        code,
        Exit::Negative,
        format!("cannot write to standard output: {error}"),
    )
}

const BROKEN_PIPE: &str = "broken-pipe";

/// Says something that is neither a result nor a problem, to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a line about a problem that does not end the command to standard error.
pub(crate) fn warn(problem: &Problem) {
    let _ = writeln!(
        std::io::stderr(),
        "qd: {}",
        text::clean(&problem.to_string())
    );
}

/// Prints a problem that ends the command to standard error; returns its exit code.
pub(crate) fn report(problem: &Problem, as_json: bool) -> ExitCode {
    if problem.code == BROKEN_PIPE {
        return ExitCode::SUCCESS;
    }
    if as_json {
        let message = match &problem.host {
            Some(host) => format!("{host}: {}", problem.message),
            None => problem.message.clone(),
        };
        let line = serde_json::json!({"version": 1, "error": {
            "code": problem.code, "message": message, "hint": problem.hint}});
        let _ = writeln!(std::io::stderr(), "{line}");
    } else {
        warn(problem);
    }
    ExitCode::from(problem.exit.code())
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether standard output takes colours: a terminal that can, and no `NO_COLOR`.
pub(crate) fn colour() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
    !unwanted && !dumb && std::io::stdout().is_terminal()
}

/// Columns under headings, each as wide as its widest cell; the last one is left as long as it
/// is. Cells are cleaned here. Empty when there are no rows.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| text::clean(cell)).collect())
        .collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(i, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(i)).map(|c| c.width());
            cells.chain([heading.width()]).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    line(&mut out, headings.iter().copied(), &widths);
    for row in &rows {
        line(&mut out, row.iter().map(AsRef::as_ref), &widths);
    }
    out
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>, widths: &[usize]) {
    let start = out.len();
    for (cell, width) in cells.zip(widths) {
        out.push_str(cell);
        out.extend(std::iter::repeat_n(
            ' ',
            width.saturating_sub(cell.width()) + 2,
        ));
    }
    let kept = out.trim_end_matches(' ').len().max(start);
    out.truncate(kept);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_with_wide_characters() {
        let rows = [
            vec!["web".to_owned(), "1".to_owned(), "läuft".to_owned()],
            vec!["世界".to_owned(), "22".to_owned(), "\x1b[31m".to_owned()],
        ];
        assert_eq!(
            table(&["HOST", "N", "STATE"], &rows),
            "HOST  N   STATE\nweb   1   läuft\n世界  22  ␛[31m\n"
        );
        assert_eq!(table(&["HOST"], &[]), "");
    }

    #[test]
    fn the_gravest_problem_decides() {
        let problem = |code, exit| Problem::new("ssh", code, exit, "");
        let problems = [
            problem("a", Exit::Negative),
            problem("b", Exit::Unreachable),
            problem("c", Exit::Refused),
            problem("d", Exit::Refused),
        ];
        assert_eq!(worst(&problems).unwrap().code, "c");
        assert_eq!(worst(&[]), None);
    }

    #[test]
    fn documents_have_the_contract_s_shape() {
        let problem = Problem::new("ssh", "timeout", Exit::Unreachable, "late")
            .hint("wait")
            .on("web-1");
        let document = Document::new("production", vec![1], &[problem]);
        let value = serde_json::to_value(&document).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            keys,
            ["version", "environment", "fetched_at", "items", "problems"]
        );
        let at = value["fetched_at"].as_str().unwrap();
        assert!(at.len() == 20 && at.ends_with('Z'), "{at}");
        assert_eq!(
            value["problems"][0],
            serde_json::json!({"source": "ssh", "host": "web-1", "code": "timeout",
                "message": "late", "hint": "wait"})
        );
    }
}
