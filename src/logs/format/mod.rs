//! Entries as text: `short`, `cat`, `json` and `export`, as journalctl prints them.
//!
//! On a terminal every control character of an entry is replaced by a visible stand-in; into a
//! file or pipe its bytes go as they are.

mod json;

use super::{
    entry::first_number,
    export::{Field, Raw},
    file::{LINE, OFFSET},
};
use crate::text;
use jiff::{Timestamp, tz::TimeZone};
use std::borrow::Cow;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line an entry, like syslog.
    Short,
    /// One JSON object a line.
    Json,
    /// The journal export format.
    Export,
    /// The messages alone.
    Cat,
}

/// Writes entries in one form.
#[derive(Debug, Clone)]
pub struct Formatter {
    /// The form.
    pub form: Form,
    /// The zone that [`Form::Short`] shows times in.
    pub zone: TimeZone,
    /// The output is a terminal: control characters are neutralised.
    pub terminal: bool,
    /// [`Form::Short`] in colours.
    pub colour: bool,
    /// Several hosts: each entry tells its host (`_QD_HOST`).
    pub name_hosts: bool,
}

impl Formatter {
    /// Appends an entry of this host.
    pub fn write(&self, raw: &Raw<'_>, host: &str, out: &mut Vec<u8>) {
        match self.form {
            Form::Short => self.short(raw, host, out),
            Form::Cat => {
                if let Some(message) = raw.get("MESSAGE") {
                    self.lines(message, &[], None, out);
                }
            }
            Form::Json => json::write(raw, self.name_hosts.then_some(host), out),
            Form::Export => self.export(raw, host, out),
        }
    }

    fn short(&self, raw: &Raw<'_>, host: &str, out: &mut Vec<u8>) {
        if let Some(line) = raw.get(LINE) {
            return self.as_it_was(raw, line, host, out);
        }
        // As journalctl does: without a message there is no line.
        let time = first_number(raw.get("__REALTIME_TIMESTAMP"));
        let (Some(message), Some(time)) = (raw.get("MESSAGE"), time) else {
            return;
        };
        let time = Timestamp::from_microsecond(time).unwrap_or_default();
        let time = time.to_zoned(self.zone.clone());
        let mut head = time.strftime("%b %d %H:%M:%S ").to_string().into_bytes();
        match raw.get("_HOSTNAME") {
            Some(name) if !self.name_hosts => head.extend_from_slice(self.safe(name).as_ref()),
            _ => head.extend_from_slice(self.safe(host.as_bytes()).as_ref()),
        }
        head.push(b' ');
        let identifier = raw.get("SYSLOG_IDENTIFIER").filter(|i| !i.is_empty());
        let identifier = identifier.or(raw.get("_COMM")).unwrap_or(b"unknown");
        head.extend_from_slice(self.safe(identifier).as_ref());
        if let Some(pid) = raw.get("_PID").or(raw.get("SYSLOG_PID")) {
            head.push(b'[');
            head.extend_from_slice(self.safe(pid).as_ref());
            head.push(b']');
        }
        head.extend_from_slice(b": ");
        let colour = colour(raw);
        self.lines(message, &head, colour.filter(|_| self.colour), out);
    }

    /// A line of a text file; of several files, after the file's name.
    fn as_it_was(&self, raw: &Raw<'_>, line: &[u8], host: &str, out: &mut Vec<u8>) {
        let mut head = Vec::new();
        if self.name_hosts {
            head.extend_from_slice(self.safe(host.as_bytes()).as_ref());
            head.extend_from_slice(b": ");
        }
        let colour = colour(raw).filter(|_| self.colour);
        for line in line.split(|b| *b == b'\n') {
            self.lines(line, &head, colour, out);
        }
    }

    /// A message after its head; further lines are indented as far.
    fn lines(&self, message: &[u8], head: &[u8], colour: Option<&str>, out: &mut Vec<u8>) {
        let indent = String::from_utf8_lossy(head).chars().count();
        out.extend_from_slice(head);
        let message = message.strip_suffix(b"\n").unwrap_or(message);
        for (i, line) in message.split(|b| *b == b'\n').enumerate() {
            if i > 0 {
                out.extend(std::iter::repeat_n(b' ', indent));
            }
            out.extend_from_slice(colour.unwrap_or_default().as_bytes());
            out.extend_from_slice(self.safe(line).as_ref());
            out.extend_from_slice(colour.map_or("", |_| "\x1b[0m").as_bytes());
            out.push(b'\n');
        }
    }

    fn export(&self, raw: &Raw<'_>, host: &str, out: &mut Vec<u8>) {
        let own = Field {
            name: "_QD_HOST",
            value: host.as_bytes(),
            binary: false,
            cut_from: None,
        };
        let fields = raw.fields().filter(|field| !is_ours(field.name));
        for field in fields.chain(self.name_hosts.then_some(own)) {
            if self.terminal {
                // Bytes of lengths and values could act on a terminal: nobody parses this.
                out.extend_from_slice(field.name.as_bytes());
                out.push(b'=');
                out.extend_from_slice(self.safe(field.value).as_ref());
                out.push(b'\n');
            } else {
                field.write(out);
            }
        }
        out.push(b'\n');
    }

    fn safe<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.terminal {
            return Cow::Borrowed(bytes);
        }
        match text::clean_bytes(bytes) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}

/// Fields that only say where an entry was read.
fn is_ours(name: &str) -> bool {
    name == LINE || name == OFFSET
}

/// What a priority is shown in.
fn colour(raw: &Raw<'_>) -> Option<&'static str> {
    match raw.get("PRIORITY").and_then(|p| p.first().copied()) {
        Some(b'0'..=b'3') => Some("\x1b[31;1m"),
        Some(b'4') => Some("\x1b[33;1m"),
        Some(b'5') => Some("\x1b[1m"),
        Some(b'7') => Some("\x1b[90m"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::export::{Limits, Parser};

    const HEAD: &[u8] = b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795427434795173\n\
        _BOOT_ID=65fb330c45544b1aa2eb3c18f3295e98\n_HOSTNAME=web\nPRIORITY=3\n_PID=7\n";

    fn written(form: Form, terminal: bool, rest: &[u8]) -> Vec<u8> {
        let formatter = Formatter {
            form,
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            terminal,
            colour: false,
            name_hosts: false,
        };
        let mut parser = Parser::new(Limits::WHOLE);
        parser.feed(HEAD);
        parser.feed(rest);
        parser.feed(b"\n");
        let raw = parser.next().unwrap().unwrap();
        let mut out = Vec::new();
        formatter.write(&raw, "web-1", &mut out);
        out
    }

    fn binary(value: &[u8]) -> Vec<u8> {
        let mut out = b"MESSAGE\n".to_vec();
        out.extend((value.len() as u64).to_le_bytes());
        out.extend(value);
        out.push(b'\n');
        out
    }

    #[test]
    fn short_indents_further_lines() {
        let out = written(Form::Short, false, &binary(b"first\nsecond\x1b[2J"));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "Nov 23 10:50:34 web unknown[7]: first\n                                second\u{1b}[2J\n"
        );
    }

    #[test]
    fn nothing_acts_on_a_terminal() {
        let hostile = binary(b"\x1b]52;c;AAAA\x07\x9b2J\r\0\xff\nnext \xe2\x80\xae");
        for form in [Form::Short, Form::Json, Form::Export, Form::Cat] {
            let out = written(form, true, &hostile);
            let text = String::from_utf8(out).unwrap();
            assert!(
                !text
                    .chars()
                    .any(|c| c.is_control() && c != '\n' || c == '\u{202e}'),
                "{form:?}: {text:?}"
            );
        }
    }

    #[test]
    fn export_gives_the_bytes_back() {
        let rest = [&binary(b"a\nb\0\xff")[..], b"A=1\nA=2\nEMPTY=\n"].concat();
        let out = written(Form::Export, false, &rest);
        assert_eq!(out, [HEAD, &rest, b"\n"].concat());
    }

    #[test]
    fn json_as_journalctl_gives_it() {
        let rest = [&binary(b"\xff\x00a")[..], b"A=1\nA=2\nB=\xc3\xa4\ttab\n"].concat();
        let out = written(Form::Json, false, &rest);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"__CURSOR\":\"s=1;i=2\",\"__REALTIME_TIMESTAMP\":\"1795427434795173\",\
             \"_BOOT_ID\":\"65fb330c45544b1aa2eb3c18f3295e98\",\"_HOSTNAME\":\"web\",\
             \"PRIORITY\":\"3\",\"_PID\":\"7\",\"MESSAGE\":[255,0,97],\"A\":[\"1\",\"2\"],\
             \"B\":\"ä\\ttab\"}\n"
        );
    }
}
