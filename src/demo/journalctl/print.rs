//! Entries as `journalctl` prints them.

use super::Options;
use crate::demo::model::journal::{Journal, Record};
use jiff::Timestamp;
use std::sync::Arc;

/// `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Format {
    #[default]
    Short,
    ShortIso,
    ShortPrecise,
    ShortIsoPrecise,
    ShortFull,
    ShortUnix,
    WithUnit,
    Verbose,
    Cat,
    Json,
    Export,
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Format> {
        Some(match name {
            "short" => Format::Short,
            "short-iso" => Format::ShortIso,
            "short-precise" => Format::ShortPrecise,
            "short-iso-precise" => Format::ShortIsoPrecise,
            "short-full" => Format::ShortFull,
            "short-unix" => Format::ShortUnix,
            "with-unit" => Format::WithUnit,
            "verbose" => Format::Verbose,
            "cat" => Format::Cat,
            "json" => Format::Json,
            "export" => Format::Export,
            _ => return None,
        })
    }

    pub(super) fn is_text(self) -> bool {
        !matches!(self, Format::Json | Format::Export)
    }
}

/// Prints entries one after the other.
pub(super) struct Printer {
    format: Format,
    fields: Option<Vec<String>>,
    boot: Option<Arc<str>>,
    quiet: bool,
}

impl Printer {
    pub(super) fn new(options: &Options) -> Printer {
        Printer {
            format: options.format,
            fields: options.fields.clone(),
            boot: None,
            quiet: options.quiet,
        }
    }

    pub(super) fn print(&mut self, journal: &Journal, records: &[Arc<Record>]) -> Vec<u8> {
        let mut out = Vec::with_capacity(records.len() * 300);
        for record in records {
            match self.format {
                Format::Export => self.export(journal, record, &mut out),
                Format::Json => self.json(journal, record, &mut out),
                Format::Cat => {
                    out.extend_from_slice(&record.message);
                    out.push(b'\n');
                }
                _ => self.short(journal, record, &mut out),
            }
        }
        out
    }

    fn wanted(&self, name: &str) -> bool {
        name == "_BOOT_ID"
            || self
                .fields
                .as_ref()
                .is_none_or(|fields| fields.iter().any(|field| field == name))
    }

    fn address(journal: &Journal, record: &Record) -> [(&'static str, String); 5] {
        [
            ("__CURSOR", journal.cursor(record)),
            ("__REALTIME_TIMESTAMP", record.realtime.to_string()),
            ("__MONOTONIC_TIMESTAMP", record.monotonic.to_string()),
            ("__SEQNUM", record.seq.to_string()),
            ("__SEQNUM_ID", journal.seq_id.clone()),
        ]
    }

    fn export(&self, journal: &Journal, record: &Record, out: &mut Vec<u8>) {
        for (name, value) in Self::address(journal, record) {
            out.extend_from_slice(format!("{name}={value}\n").as_bytes());
        }
        for (name, value) in journal.fields(record) {
            if !self.wanted(&name) {
                continue;
            }
            out.extend_from_slice(name.as_bytes());
            // As journalctl: what a line cannot hold goes with its length.
            let plain = std::str::from_utf8(&value)
                .is_ok_and(|text| text.chars().all(|c| c == '\t' || !c.is_control()));
            if plain {
                out.push(b'=');
            } else {
                out.push(b'\n');
                let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
                out.extend_from_slice(&length.to_le_bytes());
            }
            out.extend_from_slice(&value);
            out.push(b'\n');
        }
        out.push(b'\n');
    }

    fn json(&self, journal: &Journal, record: &Record, out: &mut Vec<u8>) {
        let mut object = serde_json::Map::new();
        for (name, value) in Self::address(journal, record) {
            object.insert(name.to_owned(), value.into());
        }
        for (name, value) in journal.fields(record) {
            if !self.wanted(&name) {
                continue;
            }
            let plain = std::str::from_utf8(&value).ok().filter(|text| {
                text.chars()
                    .all(|c| matches!(c, '\t' | '\n') || !c.is_control())
            });
            let value = match plain {
                Some(text) => serde_json::Value::from(text),
                None => serde_json::Value::from(value),
            };
            object.insert(name.into_owned(), value);
        }
        out.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
        out.push(b'\n');
    }

    fn short(&mut self, journal: &Journal, record: &Record, out: &mut Vec<u8>) {
        if self.boot.as_ref().is_some_and(|boot| *boot != record.boot) && !self.quiet {
            out.extend_from_slice(format!("-- Boot {} --\n", record.boot).as_bytes());
        }
        self.boot = Some(record.boot.clone());
        let time = Timestamp::from_microsecond(record.realtime).unwrap_or_default();
        let when = match self.format {
            Format::ShortIso => time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
            Format::ShortIsoPrecise => time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string(),
            Format::ShortPrecise => time.strftime("%b %d %H:%M:%S%.6f").to_string(),
            Format::ShortFull | Format::WithUnit => {
                time.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string()
            }
            Format::Verbose => time.strftime("%a %Y-%m-%d %H:%M:%S%.6f UTC").to_string(),
            Format::ShortUnix => time.strftime("%s%.6f").to_string(),
            _ => time.strftime("%b %d %H:%M:%S").to_string(),
        };
        if self.format == Format::Verbose {
            let cursor = journal.cursor(record);
            out.extend_from_slice(format!("{when} [{cursor}]\n").as_bytes());
            for (name, value) in journal.fields(record) {
                let text = String::from_utf8_lossy(&value).into_owned();
                out.extend_from_slice(format!("    {name}={text}\n").as_bytes());
            }
            return;
        }
        let who = match self.format {
            Format::WithUnit => Journal::unit_of(record).unwrap_or("kernel"),
            _ => &record.source.identifier,
        };
        let mut head = format!("{when} {} {who}", journal.host);
        if record.pid != 0 {
            head.push_str(&format!("[{}]", record.pid));
        }
        head.push_str(": ");
        let text = String::from_utf8_lossy(&record.message);
        // As journalctl: what a terminal could act on is not printed.
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
        {
            let blob = format!("{head}[{}B blob data]\n", record.message.len());
            out.extend_from_slice(blob.as_bytes());
            return;
        }
        for (number, line) in text.split('\n').enumerate() {
            let indent = " ".repeat(head.chars().count());
            out.extend_from_slice(if number == 0 {
                head.as_bytes()
            } else {
                indent.as_bytes()
            });
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
    }
}

/// `--list-boots`.
pub(super) fn boots(boots: &[(Arc<str>, i64, i64)], format: Format) -> String {
    let rows = || {
        boots.iter().enumerate().map(|(at, boot)| {
            let index =
                i64::try_from(at + 1).unwrap_or(0) - i64::try_from(boots.len()).unwrap_or(0);
            (index, boot)
        })
    };
    if format == Format::Json {
        let rows: Vec<_> = rows()
            .map(|(index, (boot, first, last))| {
                serde_json::json!({"index": index, "boot_id": &**boot,
                    "first_entry": first, "last_entry": last})
            })
            .collect();
        return format!("{}\n", serde_json::Value::from(rows));
    }
    let time = |micros: i64| {
        let time = Timestamp::from_microsecond(micros).unwrap_or_default();
        time.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string()
    };
    let mut text = format!(
        "{:>3} {:<32} {:<27} {}\n",
        "IDX", "BOOT ID", "FIRST ENTRY", "LAST ENTRY"
    );
    for (index, (boot, first, last)) in rows() {
        text.push_str(&format!(
            "{index:>3} {boot} {} {}\n",
            time(*first),
            time(*last)
        ));
    }
    text
}
