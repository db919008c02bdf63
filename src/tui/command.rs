//! The `:` command line: one grammar for the prompt, and in its words the command line's own
//! (`:logs nginx -p err --since -1h` is `qd logs nginx -p err --since -1h`).
//!
//! Parses and completes; does nothing.

mod complete;
mod table;

use table::spec_of;
pub use table::{COMMANDS, Spec};

pub use complete::{Known, complete};

use super::{model::CloudKind, panes::cloud};
use crate::{
    logs::Query,
    remote::systemd::{Verb, names},
};
use std::ops::Range;

/// What a command line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Do an action.
    Action(&'static str),
    /// The units with this filter.
    Units(String),
    /// A list of the Hetzner project with this filter.
    Cloud(CloudKind, String),
    /// One unit.
    Unit(String),
    /// The journal.
    Logs {
        /// Named hosts; all when empty.
        hosts: Vec<String>,
        /// What is asked of them.
        query: Query,
        /// Applied here.
        filter: String,
    },
    /// Help, narrowed.
    Help(String),
    /// Another environment; asks which when there is no name.
    Env(Option<String>),
    /// A shell.
    Shell(Option<String>),
    /// A rebuild.
    Rebuild(Option<String>),
    /// A verb on units.
    Verb {
        /// Which.
        verb: Verb,
        /// On these.
        units: Vec<String>,
        /// On these hosts; where the unit is when empty.
        hosts: Vec<String>,
    },
    /// Another theme; asks which when there is no name.
    Theme(Option<String>),
    /// A line for the logs: what it is for, the text and where it stands.
    Logged(&'static str, String, usize),
    /// The note of an incident: start it, say how it stands.
    Incident(String),
    /// Save the note of the incident, to this file.
    IncidentSave(Option<String>),
    /// Forget it.
    IncidentDrop,
    /// A remark for it.
    Note(String),
    /// Save what is shown there.
    Save(String),
    /// To this row.
    GoTo(usize),
}

/// Why a line is not a command, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The offending bytes.
    pub span: Range<usize>,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    span: Range<usize>,
}

fn wrong<T>(span: Range<usize>, message: impl Into<String>) -> Result<T, CommandError> {
    Err(CommandError {
        span,
        message: message.into(),
    })
}

/// Splits at blanks; single and double quotes keep words together.
fn words(line: &str) -> Result<Vec<Word>, CommandError> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<(char, usize)> = None;
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        match (quote, c) {
            (Some((open, _)), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some((c, at));
                word.get_or_insert(Word {
                    text: String::new(),
                    span: at..end,
                });
            }
            (None, c) if c.is_whitespace() => {
                words.extend(word.take());
                continue;
            }
            (_, c) => word
                .get_or_insert(Word {
                    text: String::new(),
                    span: at..end,
                })
                .text
                .push(c),
        }
        if let Some(word) = &mut word {
            word.span.end = end;
        }
    }
    if let Some((open, at)) = quote {
        return wrong(at..line.len(), format!("there is no closing {open}"));
    }
    words.extend(word);
    Ok(words)
}

/// Parses a line (without the `:`).
///
/// # Errors
/// No such command, or arguments that it does not take.
pub fn parse(line: &str) -> Result<Command, CommandError> {
    let mut words = words(line)?;
    if words.first().is_some_and(|word| word.text == "qd") {
        words.remove(0);
    }
    // `qd unit restart X` and `restart X` are the same.
    if words.len() > 2
        && words.first().is_some_and(|word| word.text == "unit")
        && words.get(1).is_some_and(|word| verb(&word.text).is_some())
    {
        words.remove(0);
    }
    let Some((name, args)) = words.split_first() else {
        return wrong(0..0, "type a command; Tab offers them");
    };
    if let Ok(row) = name.text.parse::<usize>() {
        return Ok(Command::GoTo(row));
    }
    let Some(spec) = spec_of(&name.text) else {
        return unknown(name);
    };
    let rest = args
        .first()
        .map(|first| {
            line.get(first.span.start..)
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .unwrap_or_default();
    let one = || -> Result<Option<String>, CommandError> {
        match args {
            [] => Ok(None),
            [only] => Ok(Some(only.text.clone())),
            [_, more, ..] => wrong(
                more.span.start..line.len(),
                format!("{} takes one argument", spec.name),
            ),
        }
    };
    let none = |command: Command| match args.first() {
        None => Ok(command),
        Some(more) => wrong(
            more.span.start..line.len(),
            format!("{} takes no arguments", spec.name),
        ),
    };
    match spec.name {
        "deck" => none(Command::Action("pane.deck")),
        "jobs" => none(Command::Action("pane.jobs")),
        "messages" => none(Command::Action("pane.messages")),
        "refresh" => none(Command::Action("refresh")),
        "quit" => none(Command::Action("quit")),
        "units" => Ok(Command::Units(rest)),
        "unit" => match one()? {
            Some(unit) => Ok(Command::Unit(unit)),
            None => wrong(name.span.end..line.len(), "which unit?"),
        },
        "logs" => logs(args),
        "help" => Ok(Command::Help(rest)),
        "env" => Ok(Command::Env(one()?)),
        "ssh" => Ok(Command::Shell(one()?)),
        "rebuild" => Ok(Command::Rebuild(one()?)),
        "theme" => Ok(Command::Theme(one()?)),
        "incident" => match args {
            [word] if word.text == "drop" => Ok(Command::IncidentDrop),
            [word] if word.text == "save" => Ok(Command::IncidentSave(None)),
            [word, file] if word.text == "save" => {
                Ok(Command::IncidentSave(Some(file.text.clone())))
            }
            _ => Ok(Command::Incident(rest)),
        },
        "note" if rest.is_empty() => wrong(name.span.end..line.len(), "note what?"),
        "note" => Ok(Command::Note(rest)),
        "at" | "since" => {
            let at = args.first().map_or(line.len(), |first| first.span.start);
            // One pair of quotes around all of it, as a shell would want.
            match args {
                [only] => Ok(Command::Logged(spec.name, only.text.clone(), at)),
                _ => Ok(Command::Logged(spec.name, rest, at)),
            }
        }
        "save" => match one()? {
            Some(file) => Ok(Command::Save(file)),
            None => wrong(name.span.end..line.len(), "save to which file?"),
        },
        name_of_list if cloud::by_command(name_of_list).is_some() => {
            let kind = cloud::by_command(name_of_list).unwrap_or(CloudKind::Servers);
            Ok(Command::Cloud(kind, rest))
        }
        _ => match verb(spec.name) {
            Some(verb) => operate(verb, name, args, line),
            None => unknown(name),
        },
    }
}

fn unknown(name: &Word) -> Result<Command, CommandError> {
    if let Some(action) = super::actions::by_id(&name.text)
        .filter(|action| action.context != super::actions::Context::Prompt)
    {
        return Ok(Command::Action(action.id));
    }
    let near = COMMANDS
        .iter()
        .flat_map(|spec| std::iter::once(&spec.name).chain(spec.aliases))
        .map(|known| (strsim::jaro_winkler(&name.text, known), *known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let mut message = format!("there is no command {}", name.text);
    if let Some((_, near)) = near {
        message.push_str(&format!("; did you mean {near}?"));
    }
    wrong(name.span.clone(), message)
}

/// The verb of this name.
fn verb(name: &str) -> Option<Verb> {
    [
        Verb::Start,
        Verb::Stop,
        Verb::Restart,
        Verb::Reload,
        Verb::ResetFailed,
        Verb::Enable,
        Verb::Disable,
    ]
    .into_iter()
    .find(|verb| verb.as_str() == name)
}

fn operate(verb: Verb, name: &Word, args: &[Word], line: &str) -> Result<Command, CommandError> {
    let mut units = Vec::new();
    let mut hosts = Vec::new();
    let mut args = args.iter();
    while let Some(word) = args.next() {
        if word.text == "--host" {
            hosts.push(value(word, &mut args)?);
        } else if word.text.starts_with('-') {
            return wrong(
                word.span.clone(),
                format!("{} has no such option", name.text),
            );
        } else {
            units.push(unit_name(word)?);
        }
    }
    if units.is_empty() {
        return wrong(
            name.span.end..line.len(),
            format!("{} which unit?", name.text),
        );
    }
    Ok(Command::Verb { verb, units, hosts })
}

fn unit_name(word: &Word) -> Result<String, CommandError> {
    match names::full_name(&word.text) {
        Some(name) => Ok(name),
        None => wrong(word.span.clone(), "this cannot be the name of a unit"),
    }
}

fn value<'a>(
    option: &Word,
    args: &mut impl Iterator<Item = &'a Word>,
) -> Result<String, CommandError> {
    match args.next() {
        Some(word) => Ok(word.text.clone()),
        None => wrong(
            option.span.clone(),
            format!("{} needs a value", option.text),
        ),
    }
}

fn logs(args: &[Word]) -> Result<Command, CommandError> {
    let mut query = Query::default();
    let mut hosts = Vec::new();
    let mut filter = String::new();
    let mut args = args.iter().peekable();
    while let Some(word) = args.next() {
        match word.text.as_str() {
            "-p" | "--priority" => {
                let text = value(word, &mut args)?;
                match priority(&text) {
                    Some(priority) => query.priority = Some(priority),
                    None => {
                        return wrong(
                            word.span.clone(),
                            "a priority is emerg, alert, crit, err, warning, notice, info, debug, or 0 to 7",
                        );
                    }
                }
            }
            "-g" | "--grep" => query.grep = Some(value(word, &mut args)?),
            "-i" | "--ignore-case" => query.ignore_case = true,
            "--since" | "-S" => query.since = Some(value(word, &mut args)?),
            "--until" | "-U" => query.until = Some(value(word, &mut args)?),
            "-b" | "--boot" => {
                let offset = args.next_if(|next| {
                    let text = next.text.as_str();
                    text.parse::<i64>().is_ok()
                        || (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()))
                });
                query.boot = Some(offset.map_or_else(|| "0".to_owned(), |w| w.text.clone()));
            }
            "-n" | "--lines" => {
                let text = value(word, &mut args)?;
                match text.parse() {
                    Ok(lines) => query.lines = Some(lines),
                    Err(_) => return wrong(word.span.clone(), "-n needs a number"),
                }
            }
            "--host" => hosts.push(value(word, &mut args)?),
            "--filter" => filter = value(word, &mut args)?,
            "-f" | "--follow" => {}
            "-u" | "--unit" => query.units.push(value(word, &mut args)?),
            text if text.starts_with('-') => {
                return wrong(word.span.clone(), "logs has no such option");
            }
            text if text.contains('=') => query.matches.push(text.to_owned()),
            text => query.units.push(text.to_owned()),
        }
    }
    Ok(Command::Logs {
        hosts,
        query,
        filter,
    })
}

/// A syslog priority by its name or number.
pub fn priority(text: &str) -> Option<u8> {
    const NAMES: [&str; 8] = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ];
    let text = match text {
        "error" => "err",
        "warn" => "warning",
        text => text,
    };
    NAMES
        .iter()
        .position(|name| *name == text)
        .and_then(|at| u8::try_from(at).ok())
        .or_else(|| text.parse().ok().filter(|number| *number < 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_mean_what_they_say() {
        assert_eq!(parse("q"), Ok(Command::Action("quit")));
        assert_eq!(parse("12"), Ok(Command::GoTo(12)));
        assert_eq!(
            parse("units nginx active:failed"),
            Ok(Command::Units("nginx active:failed".into()))
        );
        assert_eq!(
            parse("units \"two words\" x"),
            Ok(Command::Units("\"two words\" x".into()))
        );
        let restart = Command::Verb {
            verb: Verb::Restart,
            units: vec!["nginx.service".into()],
            hosts: vec!["web-1".into()],
        };
        assert_eq!(parse("restart nginx --host web-1"), Ok(restart.clone()));
        assert_eq!(parse("qd unit restart nginx --host web-1"), Ok(restart));
        assert_eq!(parse("units.failed"), Ok(Command::Action("units.failed")));
    }

    #[test]
    fn logs_take_the_options_of_the_command_line() {
        let Ok(Command::Logs {
            hosts,
            query,
            filter,
        }) = parse("logs nginx -p err --since '-1 h' -b -1 -n 20 --host a --filter '!x' _PID=1")
        else {
            panic!("not parsed");
        };
        assert_eq!(hosts, ["a"]);
        assert_eq!(filter, "!x");
        assert_eq!(query.units, ["nginx"]);
        assert_eq!(query.priority, Some(3));
        assert_eq!(query.since.as_deref(), Some("-1 h"));
        assert_eq!(query.boot.as_deref(), Some("-1"));
        assert_eq!(query.lines, Some(20));
        assert_eq!(query.matches, ["_PID=1"]);
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let table = [
            ("messagse", 0..8, "did you mean messages?"),
            ("logs -p loud", 5..7, "a priority is"),
            ("logs -x", 5..7, "no such option"),
            ("env a b", 6..7, "one argument"),
            ("quit now", 5..8, "no arguments"),
            ("save", 4..4, "which file"),
            ("logs 'open", 5..10, "closing"),
            ("restart --host", 8..14, "needs a value"),
            ("", 0..0, "Tab"),
        ];
        for (line, span, message) in table {
            let error = parse(line).expect_err(line);
            assert_eq!(error.span, span, "{line}");
            assert!(error.message.contains(message), "{line}: {}", error.message);
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_spans_are_inside(line in "\\PC{0,60}") {
            if let Err(error) = parse(&line) {
                prop_assert!(line.get(error.span).is_some());
            }
        }
    }
}
