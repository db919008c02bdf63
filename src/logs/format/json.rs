//! An entry as journalctl's JSON: text as strings, other bytes as arrays of numbers, a field with
//! several values as an array of them.

use crate::logs::export::Raw;
use std::io::Write;

/// Appends one object and a newline.
pub(super) fn write(raw: &Raw<'_>, host: Option<&str>, out: &mut Vec<u8>) {
    let fields: Vec<_> = raw.fields().filter(|f| !super::is_ours(f.name)).collect();
    let mut first = true;
    let mut name = |name: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(if first { b"{\"" } else { b",\"" });
        first = false;
        // Names are letters, digits and `_`.
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    };
    for (i, field) in fields.iter().enumerate() {
        let same = |other: &&crate::logs::export::Field<'_>| other.name == field.name;
        if fields.iter().take(i).any(|f| same(&f)) {
            continue;
        }
        name(field.name, out);
        let mut values = fields.iter().skip(i).filter(same).peekable();
        let Some(only) = values.next() else { continue };
        if values.peek().is_none() {
            value(only.value, out);
            continue;
        }
        out.push(b'[');
        value(only.value, out);
        for further in values {
            out.push(b',');
            value(further.value, out);
        }
        out.push(b']');
    }
    if let Some(host) = host {
        name("_QD_HOST", out);
        value(host.as_bytes(), out);
    }
    out.extend_from_slice(b"}\n");
}

fn value(bytes: &[u8], out: &mut Vec<u8>) {
    match std::str::from_utf8(bytes).ok().filter(|t| is_printable(t)) {
        Some(text) => string(text, out),
        None => {
            out.push(b'[');
            for (i, byte) in bytes.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{byte}");
            }
            out.push(b']');
        }
    }
}

/// What journalctl calls printable: no control character but tab and newline.
fn is_printable(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() && c != '\t' && c != '\n')
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            // The same value to every reader, and harmless on a terminal.
            '\u{2028}'
            | '\u{2029}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
