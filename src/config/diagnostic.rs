//! What is wrong with a file, and where: the form that all checks of this folder report in.

use crate::problem::{Exit, Problem};
use std::{fmt, path::PathBuf};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The value is not used; commands that need it exit with 2.
    Error,
    /// Worth mending, but nothing depends on it.
    Warning,
}

/// A place in a text, counted in characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Lines end with `\n`.
    pub line: usize,
    /// Characters, not bytes and not cells.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset; the end of the text when it lies beyond.
    pub fn of(text: &str, offset: usize) -> Position {
        let before = text
            .char_indices()
            .take_while(|(at, _)| *at < offset)
            .map(|(_, c)| c);
        let mut position = Position { line: 1, column: 1 };
        for c in before {
            if c == '\n' {
                position.line += 1;
                position.column = 1;
            } else {
                position.column += 1;
            }
        }
        position
    }
}

/// One finding in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// Where in it; `None` when the file as a whole is meant.
    pub at: Option<Position>,
    /// A stable word in kebab-case, e.g. `unknown-key`.
    pub code: &'static str,
    /// What is wrong, one sentence without a full stop at its end. Never holds a secret's value.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The environment concerned; `None` when the finding concerns the whole file.
    pub environment: Option<String>,
}

impl Diagnostic {
    /// A finding of the whole file.
    pub fn new(
        severity: Severity,
        file: impl Into<PathBuf>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Diagnostic {
            severity,
            file: file.into(),
            at: None,
            code,
            message: message.into(),
            hint: None,
            environment: None,
        }
    }

    /// Adds the place.
    pub fn at(mut self, position: Position) -> Self {
        self.at = Some(position);
        self
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// On the heap, for results that mostly succeed.
    pub(crate) fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `file:line:column`, or the file alone.
    pub fn place(&self) -> String {
        match self.at {
            Some(at) => format!("{}:{}:{}", self.file.display(), at.line, at.column),
            None => self.file.display().to_string(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}: {severity}: {}", self.place(), self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl From<&Diagnostic> for Problem {
    fn from(d: &Diagnostic) -> Problem {
        let message = format!("{}: {}", d.place(), d.message);
        let problem = Problem::new("config", d.code, Exit::Usage, message);
        match &d.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// The candidate that is close enough to `word` to be what was meant.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let limit = (lower.chars().count() / 4).clamp(1, 4);
    candidates
        .into_iter()
        .map(|c| (strsim::osa_distance(&lower, &c.to_lowercase()), c))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = "aé\n世x\n";
        let at = |offset| {
            let p = Position::of(text, offset);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(1), (1, 2));
        assert_eq!(at(4), (2, 1));
        assert_eq!(at(7), (2, 2));
        assert_eq!(at(999), (3, 1));
    }

    #[test]
    fn only_close_words_are_suggested() {
        let names = ["production", "staging"];
        assert_eq!(closest("prodution", names), Some("production"));
        assert_eq!(closest("Staging", names), Some("staging"));
        assert_eq!(closest("demo", names), None);
        assert_eq!(closest("", names), None);
    }
}
