//! Text from the wire, made safe for a terminal.
//!
//! Everything that came from a host passes [`clean`] before it is drawn or printed, so that
//! no escape sequence of a log line reaches the terminal.

use std::borrow::Cow;

/// Replaces control characters (C0, DEL, C1, line separators and bidirectional overrides) by
/// visible stand-ins: `\x1b` becomes `␛`, a tab becomes four spaces, others their picture or `�`.
/// Newlines are replaced too (`␊`): split into lines first where lines are wanted.
/// Borrowed when nothing had to change.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\u{0}'..='\u{1f}' => out.push(picture(c)),
            '\u{7f}' => out.push('␡'),
            c if is_unsafe(c) => out.push('\u{fffd}'),
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

fn picture(c: char) -> char {
    char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')
}

/// Whether a terminal could act on this character, or a reader be deceived by it.
fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}'
        | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
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
    }
}
