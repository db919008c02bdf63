//! Rows as text: for files, for the clipboard, for notes, for screen readers.

use super::{State, held::as_log_row};
use crate::{
    logs::Entry,
    text,
    tui::{
        incident,
        panes::Ctx,
        widgets::log::{LogRow, TimeFormat},
    },
};
use std::{collections::BTreeSet, fmt::Write, ops::Range, path::Path};

/// What rows are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As journalctl prints them.
    Lines,
    /// One object a line, by journalctl's names.
    Json,
    /// A snippet for a report.
    Markdown,
}

impl Form {
    /// As a file's name asks.
    fn of(path: &Path) -> Form {
        match path.extension().and_then(|e| e.to_str()).unwrap_or("") {
            "json" | "jsonl" | "ndjson" => Form::Json,
            "md" | "markdown" => Form::Markdown,
            _ => Form::Lines,
        }
    }
}

/// What is chosen, or else all that is shown, as the file's name asks.
pub(super) fn render(state: &State, path: &Path, ctx: &Ctx) -> Vec<u8> {
    let all = 0..state.here.visible(&state.held);
    let range = state.chosen().unwrap_or(all);
    text(state, Form::of(path), range, ctx).into_bytes()
}

/// The rows at these places.
pub(super) fn text(state: &State, form: Form, range: Range<usize>, ctx: &Ctx) -> String {
    let mut out = String::new();
    match form {
        Form::Json => {
            for entry in state.entries(range) {
                out.push_str(&json(&entry));
                out.push('\n');
            }
        }
        Form::Lines => {
            for row in state.rows(range) {
                plain_line(as_log_row(&row), TimeFormat::Iso, ctx, &mut out);
            }
        }
        Form::Markdown => {
            let heading = heading(state, range.clone(), ctx);
            let command = super::hand_over::again(state, range.clone(), ctx);
            let _ = writeln!(out, "{}\n", incident::inline(&heading));
            let _ = writeln!(out, "{}\n", incident::code(&command));
            let body = text(state, Form::Lines, range, ctx);
            out.push_str(&incident::fenced(&body));
        }
    }
    out
}

/// Whose rows these are and from when to when.
pub(super) fn heading(state: &State, range: Range<usize>, ctx: &Ctx) -> String {
    let (mut units, mut hosts) = (BTreeSet::new(), BTreeSet::new());
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for entry in state.entries(range) {
        hosts.insert(entry.host.clone());
        units.extend(entry.unit.or(entry.identifier));
        first = first.min(entry.realtime);
        last = last.max(entry.realtime);
    }
    let some = |names: Vec<&str>, what: &str| match names.len() {
        0..=3 => names.join(", "),
        n => format!("{n} {what}"),
    };
    let mut out = some(units.iter().map(|unit| &**unit).collect(), "units");
    if out.is_empty() {
        out.push_str("journal");
    }
    let _ = write!(
        out,
        " on {}, ",
        some(hosts.iter().map(|host| host.as_str()).collect(), "hosts")
    );
    let zone = &ctx.preferences.zone;
    TimeFormat::Iso.write(&mut out, first, ctx.now, zone);
    out.push_str(" to ");
    TimeFormat::Iso.write(&mut out, last, ctx.now, zone);
    out
}

/// A row as one line of clean text.
pub(super) fn plain_line(row: LogRow, time: TimeFormat, ctx: &Ctx, out: &mut String) {
    match row {
        LogRow::Entry(entry) => plain_entry(entry, "", time, ctx, out),
        LogRow::Fold(entry, note) => plain_entry(entry, note, time, ctx, out),
        LogRow::Gap(gap) => {
            let _ = write!(out, "-- {}: missing ", text::clean(gap.host.as_str()));
            if gap.from == 0 {
                out.push_str("all before ");
            } else {
                out.push_str("from ");
                TimeFormat::Iso.write(out, gap.from, ctx.now, &ctx.preferences.zone);
                out.push_str(" to ");
            }
            TimeFormat::Iso.write(out, gap.to, ctx.now, &ctx.preferences.zone);
            let _ = writeln!(out, ": {} --", text::clean(&gap.why));
        }
    }
}

fn plain_entry(entry: &Entry, note: &str, time: TimeFormat, ctx: &Ctx, out: &mut String) {
    time.write(out, entry.realtime, ctx.now, &ctx.preferences.zone);
    let name = entry.identifier.as_deref().or(entry.unit.as_deref());
    let _ = write!(
        out,
        " {} {}",
        text::clean(entry.host.as_str()),
        text::clean(name.unwrap_or("-"))
    );
    if let Some(pid) = entry.pid {
        let _ = write!(out, "[{pid}]");
    }
    // The priority in words, where it matters: there is no colour here.
    let word = match entry.priority {
        0..=2 => " critical",
        3 => " error",
        4 => " warning",
        _ => "",
    };
    let blank = if note.is_empty() { "" } else { " " };
    let message = text::clean_bytes(&entry.message);
    let _ = writeln!(out, "{word}: {note}{blank}{message}");
}

/// What is held of an entry, by journalctl's own names.
pub(super) fn fields(entry: &Entry) -> Vec<(String, Vec<u8>)> {
    let mut fields = vec![
        ("MESSAGE", entry.message.to_vec()),
        ("PRIORITY", entry.priority.to_string().into_bytes()),
    ];
    let texts = [
        ("SYSLOG_IDENTIFIER", &entry.identifier),
        ("_SYSTEMD_UNIT", &entry.unit),
    ];
    for (name, value) in texts {
        fields.extend(value.as_ref().map(|v| (name, v.as_bytes().to_vec())));
    }
    if let Some(pid) = entry.pid {
        fields.push(("_PID", pid.to_string().into_bytes()));
    }
    fields.push(("_BOOT_ID", format!("{:032x}", entry.boot).into_bytes()));
    fields.push((
        "__REALTIME_TIMESTAMP",
        entry.realtime.to_string().into_bytes(),
    ));
    fields.push(("__CURSOR", entry.cursor.as_bytes().to_vec()));
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn fields_for_file(entry: &Entry) -> Vec<(String, Vec<u8>)> {
    let mut fields = fields(entry);
    fields.push(("_QD_HOST".into(), entry.host.as_str().as_bytes().to_vec()));
    fields
}

/// An entry as JSON, as journalctl writes it: what is not text is a list of bytes.
pub(super) fn json(entry: &Entry) -> String {
    json_of(&fields_for_file(entry))
}

pub(super) fn json_of(fields: &[(String, Vec<u8>)]) -> String {
    let mut object = serde_json::Map::new();
    for (name, value) in fields {
        let value = match std::str::from_utf8(value) {
            Ok(text) => serde_json::Value::from(text),
            Err(_) => serde_json::Value::from(value.clone()),
        };
        match object.get_mut(name) {
            // A field that occurs several times is a list.
            Some(serde_json::Value::Array(all)) if all.iter().any(|v| !v.is_number()) => {
                all.push(value);
            }
            Some(one) => *one = serde_json::Value::from(vec![one.clone(), value]),
            None => {
                object.insert(name.clone(), value);
            }
        }
    }
    serde_json::Value::from(object).to_string()
}

/// A word of a command line, quoted where a shell would take it apart.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
