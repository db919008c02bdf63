//! Rows as text: for files, for the clipboard, for screen readers.

use super::{State, held::as_log_row};
use crate::{
    logs::Entry,
    text,
    tui::{
        panes::Ctx,
        widgets::log::{LogRow, TimeFormat},
    },
};
use std::{fmt::Write, path::Path};

/// Rows that one file takes: the newest ones.
const MOST: usize = 200_000;

/// The shown rows as the file's name asks: `.json` one object a line, `.md` a snippet for a
/// report, otherwise lines like journalctl's.
pub(super) fn render(state: &State, path: &Path, ctx: &Ctx) -> Vec<u8> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let visible = state.here.visible(&state.held);
    let rows = (visible.saturating_sub(MOST)..visible).filter_map(|at| state.held.row(at));
    let mut out = String::new();
    match extension {
        "json" | "jsonl" | "ndjson" => {
            for row in rows {
                if let Some(entry) = row.entry() {
                    out.push_str(&json_of(&fields_for_file(entry)));
                    out.push('\n');
                }
            }
        }
        "md" | "markdown" => {
            let _ = writeln!(out, "Journal of {}:", super::title(state));
            if let Some(line) = super::cli(state, ctx) {
                let _ = writeln!(out, "\n`{line}`\n");
            }
            for clause in state.held.clauses().iter().filter(|clause| clause.on) {
                let _ = writeln!(out, "Filter: `{}`\n", super::clauses::label(clause));
            }
            let mut body = String::new();
            for row in rows {
                plain_line(as_log_row(&row), TimeFormat::Iso, ctx, &mut body);
            }
            // Longer than any fence in the text itself.
            let fence = "`".repeat(longest_run(&body).max(2) + 1);
            let _ = writeln!(out, "{fence}\n{body}{fence}");
        }
        _ => {
            for row in rows {
                plain_line(as_log_row(&row), TimeFormat::Iso, ctx, &mut out);
            }
        }
    }
    out.into_bytes()
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// A row as one line of clean text.
pub(super) fn plain_line(row: LogRow, time: TimeFormat, ctx: &Ctx, out: &mut String) {
    match row {
        LogRow::Entry(entry) => {
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
            let _ = writeln!(out, "{word}: {}", text::clean_bytes(&entry.message));
        }
        LogRow::Gap(gap) => {
            let _ = write!(out, "-- {}: missing from ", text::clean(gap.host.as_str()));
            TimeFormat::Iso.write(out, gap.from, ctx.now, &ctx.preferences.zone);
            out.push_str(" to ");
            TimeFormat::Iso.write(out, gap.to, ctx.now, &ctx.preferences.zone);
            let _ = writeln!(out, ": {} --", text::clean(&gap.why));
        }
    }
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
