//! The part of a message that can be seen, made of bytes that may be anything.

use crate::{
    text::{self, Pictures},
    tui::render::measure,
};
use std::borrow::Cow;

/// Columns between two tab stops.
const TAB: usize = 8;

/// A message without anything that a terminal would act on, as far as `most` columns reach. Tabs
/// go to the next stop of the message. With `lines`, newlines stay; else they become pictures.
pub(super) fn clean(bytes: &[u8], lines: bool, most: usize, pictures: Pictures) -> Cow<'_, str> {
    // A column is a few bytes at most; what combines beyond that is cut.
    let bytes = bytes.get(..most.saturating_mul(8)).unwrap_or(bytes);
    let shown = String::from_utf8_lossy(bytes);
    if measure::is_plain(&shown) {
        return shown;
    }
    if !(lines && shown.contains('\n') || shown.contains('\t')) {
        return match shown {
            Cow::Borrowed(shown) => text::clean_as(shown, pictures),
            Cow::Owned(shown) => Cow::Owned(text::clean_as(&shown, pictures).into_owned()),
        };
    }
    let mut out = String::with_capacity(shown.len());
    let mut left = most;
    let separator = if lines { Some('\n') } else { None };
    for (n, line) in shown.split(|c| Some(c) == separator).enumerate() {
        if left == 0 {
            break;
        }
        if n > 0 {
            out.push('\n');
        }
        left = left.saturating_sub(tabbed(&mut out, line, left, pictures));
    }
    Cow::Owned(out)
}

/// Appends a line, its tabs as blanks; returns its columns.
fn tabbed(out: &mut String, line: &str, most: usize, pictures: Pictures) -> usize {
    let mut column = 0;
    for (n, part) in line.split('\t').enumerate() {
        if n > 0 {
            let stop = (column / TAB + 1) * TAB;
            out.extend(std::iter::repeat_n(' ', stop - column));
            column = stop;
        }
        if column >= most {
            break;
        }
        let part = text::clean_as(part, pictures);
        column += measure::columns(&part);
        out.push_str(&part);
    }
    // An empty line is one on the screen.
    column.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(bytes: &[u8], pictures: Pictures) -> String {
        clean(bytes, false, 1_000, pictures).into_owned()
    }

    #[test]
    fn tabs_go_to_the_next_stop() {
        let shown = one(b"a\tbcdefgh\ti\t", Pictures::Unicode);
        assert_eq!(shown, "a       bcdefgh i       ");
        assert_eq!(one("世\tx".as_bytes(), Pictures::Unicode), "世      x");
        let lines = clean(b"ab\tc\n\td\n", true, 1_000, Pictures::Unicode);
        assert_eq!(lines, "ab      c\n        d\n");
    }

    #[test]
    fn pictures_are_ascii_where_that_is_asked_for() {
        let hostile = b"\x1b[31m\0\x7f\xff\n\xc2\x9b2J";
        assert_eq!(
            one(hostile, Pictures::Unicode),
            "␛[31m␀␡\u{fffd}␊\u{fffd}2J"
        );
        assert_eq!(one(hostile, Pictures::Ascii), "^[[31m^@^??^J?2J");
    }

    #[test]
    fn what_cannot_be_seen_costs_nothing() {
        for bytes in [
            vec![b'\t'; 1 << 20],
            vec![0xff; 1 << 20],
            vec![b'\n'; 1 << 20],
        ] {
            for lines in [false, true] {
                let shown = clean(&bytes, lines, 200, Pictures::Unicode);
                assert!(shown.len() <= 200 * 8 * 3 + 16, "{}", shown.len());
            }
        }
        // Marks without end on one letter.
        let marks = format!("a{}", "\u{301}".repeat(1 << 16));
        assert!(one(marks.as_bytes(), Pictures::Unicode).chars().count() < 40);
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(
            bytes in prop::collection::vec(any::<u8>(), 0..200), lines: bool, most in 0usize..300,
        ) {
            for pictures in [Pictures::Unicode, Pictures::Ascii] {
                let shown = clean(&bytes, lines, most, pictures);
                let acts = shown.chars().any(|c| c.is_control() && !(lines && c == '\n'));
                prop_assert!(!acts, "{:?}", shown);
            }
        }
    }
}
