//! Wrong usage: clap's findings in the one-line form that all errors have.

use super::output;
use crate::problem::{Exit, Problem};
use clap::error::{Error, ErrorKind};
use std::{ffi::OsStr, process::ExitCode};

/// Prints help and version as they are, anything else as a problem with exit code 2.
pub(super) fn report(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that had enough is no failure.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        // A bare `qd unit`: its help is the best answer, and still wrong usage.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !wants_json() => {
            let _ = error.print();
            ExitCode::from(Exit::Usage.code())
        }
        _ => output::report(&problem(error), wants_json()),
    }
}

/// Parsing failed, so whether errors are wanted as JSON is read off the words themselves.
fn wants_json() -> bool {
    std::env::args_os()
        .skip(1)
        .take_while(|word| word != OsStr::new("--"))
        .any(|word| word == OsStr::new("--json"))
}

fn problem(error: &Error) -> Problem {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Problem::new("cli", "usage", Exit::Usage, "a subcommand is missing")
            .hint("see --help");
    }
    let text = error.render().to_string();
    let mut message = Vec::new();
    let mut hints = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(first) = line.strip_prefix("error: ") {
            message.push(first);
        } else if let Some(tip) = line.strip_prefix("tip: ") {
            hints.push(tip);
        } else if line.starts_with("Usage:") {
            break;
        } else if !line.is_empty() && !line.starts_with("For more information") {
            message.push(line);
        }
    }
    if hints.is_empty() {
        hints.push("see --help");
    }
    Problem::new("cli", "usage", Exit::Usage, message.join(" ")).hint(hints.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn one_line(words: &[&str]) -> String {
        let error = Cli::try_parse_from(words).unwrap_err();
        problem(&error).to_string()
    }

    #[test]
    fn errors_are_one_line_with_what_to_do() {
        assert_eq!(
            one_line(&["qd", "units", "--read-onyl"]),
            "unexpected argument '--read-onyl' found (a similar argument exists: '--read-only')"
        );
        assert_eq!(
            one_line(&["qd", "units", "--timeout", "soon"]),
            "invalid value 'soon' for '--timeout <SECONDS>': invalid digit found in string (see --help)"
        );
        assert!(one_line(&["qd", "unti"]).starts_with("unrecognized subcommand 'unti' ("));
    }
}
