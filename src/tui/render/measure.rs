//! How many columns text takes on a terminal: the one place where that is decided, for layout,
//! for drawing and for what is sent.

use std::iter::Peekable;
use unicode_segmentation::{GraphemeIndices, UnicodeSegmentation};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Bytes of a cluster: the longest that mean anything are families of emoji.
const MOST: usize = 48;

/// What fills one cell, or two side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster<'a> {
    /// The byte it begins at.
    pub at: usize,
    /// Its characters: one, and what combines with it.
    pub text: &'a str,
    /// Columns: 0 (nothing of it can be shown by itself), 1 or 2.
    pub width: u16,
}

/// The columns of a text.
pub fn columns(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    clusters(text).map(|c| usize::from(c.width)).sum()
}

/// Whether each byte is one column: printable ASCII and nothing else.
pub fn is_plain(text: &str) -> bool {
    is_plain_bytes(text.as_bytes())
}

/// [`is_plain`] for bytes.
pub fn is_plain_bytes(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| (0x20..0x7f).contains(b))
}

/// The clusters of a text, in order. What Unicode joins into something wider than two columns
/// (syllables of many letters) is taken apart, as terminals do.
pub fn clusters(text: &str) -> Clusters<'_> {
    Clusters {
        graphemes: text.grapheme_indices(true),
        parts: None,
    }
}

/// See [`clusters`].
#[derive(Debug)]
pub struct Clusters<'a> {
    graphemes: GraphemeIndices<'a>,
    /// The rest of a grapheme that is too wide for two cells.
    parts: Option<Parts<'a>>,
}

impl<'a> Iterator for Clusters<'a> {
    type Item = Cluster<'a>;

    fn next(&mut self) -> Option<Cluster<'a>> {
        if let Some(parts) = &mut self.parts {
            if let Some(part) = parts.next() {
                return Some(part);
            }
            self.parts = None;
        }
        let (at, text) = self.graphemes.next()?;
        let width = if text.len() == 1 { 1 } else { text.width() };
        match u16::try_from(width) {
            // Terminals give the halfwidth sound marks of katakana a cell of their own; and emoji
            // can be joined without end.
            Ok(width @ 0..=2) if text.len() <= MOST && !text.contains(['\u{ff9e}', '\u{ff9f}']) => {
                Some(Cluster { at, text, width })
            }
            _ => {
                let mut parts = Parts {
                    at,
                    text,
                    chars: text.char_indices().peekable(),
                };
                let first = parts.next();
                self.parts = Some(parts);
                first
            }
        }
    }
}

/// A grapheme as characters with a width, each with those without one that follow it.
#[derive(Debug)]
struct Parts<'a> {
    at: usize,
    text: &'a str,
    chars: Peekable<std::str::CharIndices<'a>>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Cluster<'a>;

    fn next(&mut self) -> Option<Cluster<'a>> {
        let (start, first) = self.chars.next()?;
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = self
            .chars
            .next_if(|(at, c)| char_width(*c) == 0 && at - start < MOST)
        {
            end = at + c.len_utf8();
        }
        Some(Cluster {
            at: self.at + start,
            text: self.text.get(start..end)?,
            width: char_width(first),
        })
    }
}

fn char_width(c: char) -> u16 {
    match c {
        '\u{ff9e}' | '\u{ff9f}' => 1,
        c => u16::try_from(c.width().unwrap_or(0)).unwrap_or(0).min(2),
    }
}

/// The columns of what is in one cell, 1 at least.
pub(crate) fn cell_width(symbol: &str) -> u16 {
    if symbol.len() == 1 {
        return 1;
    }
    clusters(symbol).next().map_or(1, |c| c.width.max(1))
}

/// Whether every terminal gives this cell's text the width that we think it has. Others are drawn
/// so that what follows is in its place whatever the terminal does.
pub(crate) fn is_certain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return false;
    };
    matches!(c,
        ' '..='~'
        | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}'
        | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
        | '\u{2190}'..='\u{2193}' | '\u{2500}'..='\u{25fc}'
        | '\u{3041}'..='\u{3096}' | '\u{309b}'..='\u{30ff}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff01}'..='\u{ff60}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> Vec<(&str, u16)> {
        clusters(text).map(|c| (c.text, c.width)).collect()
    }

    #[test]
    fn clusters_fit_into_two_cells() {
        assert_eq!(parts("aß世"), [("a", 1), ("ß", 1), ("世", 2)]);
        assert_eq!(parts("e\u{301}x"), [("e\u{301}", 1), ("x", 1)]);
        assert_eq!(parts("👨‍👩‍👧!"), [("👨‍👩‍👧", 2), ("!", 1)]);
        assert_eq!(parts("🇩🇪"), [("🇩🇪", 2)]);
        // Letters of Hangul without end are one grapheme.
        let jamo = "\u{1100}".repeat(50);
        assert_eq!(parts(&jamo), [("\u{1100}", 2); 50]);
        assert_eq!(parts("ｶﾞ"), [("ｶ", 1), ("ﾞ", 1)]);
        assert_eq!(columns("ｶﾞ世a"), 5);
        assert_eq!(parts("\u{301}"), [("\u{301}", 0)]);
    }

    proptest! {
        #[test]
        fn clusters_are_the_text(text in "\\PC{0,40}") {
            let mut at = 0;
            for cluster in clusters(&text) {
                prop_assert_eq!(cluster.at, at);
                prop_assert!(cluster.width <= 2);
                at += cluster.text.len();
            }
            prop_assert_eq!(at, text.len());
        }

        #[test]
        fn what_is_certain_is_so_for_everybody(c in any::<char>()) {
            let text = c.to_string();
            if is_certain(&text) {
                prop_assert_eq!(c.width(), Some(usize::from(cell_width(&text))));
                prop_assert!(matches!(c.width(), Some(1 | 2)));
            }
        }
    }
}
