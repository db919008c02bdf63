//! Text from the wire, made safe for a terminal.
//!
//! Everything that came from a host passes [`clean`] before it is drawn or printed, so that
//! no escape sequence of a log line reaches the terminal.

use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// How characters that are not shown as they are look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pictures {
    /// `\x1b` as `␛`, what has no picture as `�`.
    #[default]
    Unicode,
    /// `\x1b` as `^[`, what has no such form as `?`.
    Ascii,
}

/// Marks that combine with one character: more are not shown.
const MARKS: usize = 8;

/// Replaces control characters (C0, DEL, C1), line separators, what changes the direction of text
/// or cannot be seen, by visible stand-ins: `\x1b` becomes `␛`, a tab becomes four spaces, others
/// their picture or `�`. Newlines are replaced too (`␊`): split into lines first where lines are
/// wanted. Of many combining marks in a row the first are kept. Borrowed when nothing had to change.
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_as(text, Pictures::Unicode)
}

/// [`clean`] with stand-ins of one's choice.
pub fn clean_as(text: &str, pictures: Pictures) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut marks = 0;
    let mut is_fine = |c: char| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        marks <= MARKS && !is_unsafe(c) && (c != '\u{fffd}' || pictures == Pictures::Unicode)
    };
    if text.chars().all(&mut is_fine) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut marks = 0;
    for c in text.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\t' => out.push_str("    "),
            '\u{0}'..='\u{1f}' | '\u{7f}' => picture(&mut out, c, pictures),
            c if is_unsafe(c) || c == '\u{fffd}' => out.push(match pictures {
                Pictures::Unicode => '\u{fffd}',
                Pictures::Ascii => '?',
            }),
            _ if marks > MARKS => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`clean`] for bytes that may not be UTF-8 (invalid sequences become U+FFFD).
pub fn clean_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => clean(text),
        Cow::Owned(text) => Cow::Owned(clean(&text).into_owned()),
    }
}

fn picture(out: &mut String, c: char, pictures: Pictures) {
    let (base, delete) = match pictures {
        Pictures::Unicode => ('\u{2400}', '␡'),
        Pictures::Ascii => {
            out.push('^');
            ('@', '?')
        }
    };
    let shown = match c {
        '\u{7f}' => Some(delete),
        c => char::from_u32(u32::from(base) + u32::from(c)),
    };
    out.push(shown.unwrap_or('\u{fffd}'));
}

/// Whether the character takes no room of its own but changes the one before.
fn is_mark(c: char) -> bool {
    c >= '\u{300}' && UnicodeWidthChar::width(c) == Some(0)
}

/// Whether a terminal could act on this character, or a reader be deceived by it: controls, line
/// separators, directions, and what cannot be seen. Joiners and the selectors of emoji stay.
fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clean("Größe 世界"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_unsafe_survives() {
        let hostile = "\x1b[31mred\x1b]52;c;AAAA\x07 \u{9b}2J \u{202e}evil\r\nnext\ttab\0";
        let safe = clean(hostile);
        assert!(!safe.chars().any(is_unsafe), "{safe:?}");
        assert!(safe.starts_with("␛[31mred␛]52"));
        assert_eq!(clean_bytes(b"a\xffb\x1b"), "a\u{fffd}b␛");
        assert_eq!(clean_as("\x1b[m\u{202e}\x7f", Pictures::Ascii), "^[[m?^?");
    }

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        // A name that looks like another, text hidden in tags, marks without end.
        assert_eq!(clean("ad\u{200b}min"), "ad\u{fffd}min");
        assert_eq!(clean("a\u{e0041}\u{e0042}"), "a\u{fffd}\u{fffd}");
        let towers = format!("x{}y", "\u{35f}".repeat(500));
        assert_eq!(clean(&towers).chars().count(), 2 + MARKS);
        for kept in [
            "👨\u{200d}👩\u{200d}👧",
            "☺\u{fe0f}",
            "e\u{301}",
            "می\u{200c}خواهم",
        ] {
            assert_eq!(clean(kept), kept);
        }
    }
}
