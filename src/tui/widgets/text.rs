//! Text measured in columns: skipping, wrapping, drawing with highlights. Text given here is clean
//! ([`crate::text::clean`]).

use crate::tui::{render::measure, view::Painter};
use ratatui::style::Style;
use std::ops::Range;

/// The part of a text that lies in a window of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its bytes.
    pub range: Range<usize>,
    /// Empty columns before it: half of a wide character was cut off.
    pub pad: u16,
    /// Columns it takes, without the padding.
    pub width: u16,
    /// Whether text goes on behind it.
    pub more: bool,
}

/// Cuts a window out of a text: `skip` columns are left out, at most `width` are taken.
pub fn window(text: &str, skip: usize, width: u16) -> Window {
    // Bytes are columns, which most log lines are.
    if text.is_ascii() {
        let start = skip.min(text.len());
        let end = start.saturating_add(usize::from(width)).min(text.len());
        return Window {
            range: start..end,
            pad: 0,
            width: u16::try_from(end - start).unwrap_or(width),
            more: end < text.len(),
        };
    }
    let mut column = 0usize;
    let mut start = None;
    let mut pad = 0usize;
    let mut used = 0usize;
    for cluster in measure::clusters(text) {
        let (at, columns) = (cluster.at, usize::from(cluster.width));
        if start.is_none() {
            if column + columns <= skip && (columns > 0 || column < skip) {
                column += columns;
                continue;
            }
            if column < skip {
                // A wide character straddles the left edge.
                pad = column + columns - skip;
                column += columns;
                if pad > usize::from(width) {
                    pad = usize::from(width);
                }
                start = Some(at + cluster.text.len());
                continue;
            }
            start = Some(at);
        }
        let begin = start.unwrap_or(at);
        if pad + used + columns > usize::from(width) {
            return Window {
                range: begin..at,
                pad: u16::try_from(pad).unwrap_or(0),
                width: u16::try_from(used).unwrap_or(width),
                more: true,
            };
        }
        used += columns;
    }
    let begin = start.unwrap_or(text.len());
    Window {
        range: begin..text.len(),
        pad: u16::try_from(pad).unwrap_or(0),
        width: u16::try_from(used).unwrap_or(width),
        more: false,
    }
}

/// Breaks a text into lines of at most `width` columns, at spaces where one is near the end.
/// Calls `line` with the bytes of each until it answers false.
pub fn wrap(text: &str, width: u16, mut line: impl FnMut(Range<usize>) -> bool) {
    let width = width.max(1);
    let mut from = 0;
    loop {
        let rest = text.get(from..).unwrap_or("");
        let window = window(rest, 0, width);
        if !window.more {
            line(from..text.len());
            return;
        }
        let mut len = window.range.end;
        if len == 0 {
            // Not even one character fits: take it anyway, or nothing would ever end.
            let first = measure::clusters(rest).find(|cluster| cluster.width > 0);
            len = first.map_or(rest.len(), |cluster| cluster.at + cluster.text.len());
        }
        let taken = rest.get(..len).unwrap_or(rest);
        let space = taken.rfind(' ').filter(|at| at * 2 > len);
        let (end, next) = match space {
            _ if rest.get(len..).is_some_and(|r| r.starts_with(' ')) => (len, len + 1),
            Some(at) => (at, at + 1),
            None => (len, len),
        };
        if !line(from..from + end) {
            return;
        }
        from += next;
        if from >= text.len() {
            return;
        }
    }
}

/// How many lines [`wrap`] makes, counted up to `limit`.
pub fn wrapped_height(text: &str, width: u16, limit: usize) -> usize {
    // No break can make more lines than halves of a line.
    if text.len() <= usize::from(width) && text.is_ascii() {
        return 1;
    }
    let mut lines = 0;
    wrap(text, width, |_| {
        lines += 1;
        lines < limit
    });
    lines.max(1)
}

/// Draws a part of a text from a cell on, with some of its bytes in another style.
pub fn draw(
    painter: &mut Painter,
    (x, y): (u16, u16),
    text: &str,
    part: Range<usize>,
    style: Style,
    marks: &[(Range<usize>, Style)],
) -> u16 {
    let limit = painter.buffer.area.right();
    let mut x = x;
    let start_x = x;
    let mut at = part.start;
    let mut put = |range: Range<usize>, style: Style, x: &mut u16| {
        if let Some(piece) = text.get(range)
            && !piece.is_empty()
        {
            *x = x.saturating_add(painter.text(*x, y, limit.saturating_sub(*x), piece, style));
        }
    };
    for (mark, over) in marks {
        let (from, to) = (mark.start.max(part.start), mark.end.min(part.end));
        if from >= to || from < at {
            continue;
        }
        put(at..from, style, &mut x);
        put(from..to, style.patch(*over), &mut x);
        at = to;
    }
    put(at..part.end, style, &mut x);
    x.saturating_sub(start_x)
}

/// The text, filled up or cut to exactly this many columns (at the right, with `right` at the
/// left), appended to `out`.
pub fn pad(out: &mut String, text: &str, width: u16, right: bool) {
    let window = window(text, 0, width);
    let room = usize::from(width.saturating_sub(window.width));
    if right {
        out.extend(std::iter::repeat_n(' ', room));
    }
    out.push_str(text.get(window.range).unwrap_or(""));
    if !right {
        out.extend(std::iter::repeat_n(' ', room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str, skip: usize, width: u16) -> (u16, &str, bool) {
        let w = window(text, skip, width);
        (w.pad, text.get(w.range).unwrap(), w.more)
    }

    #[test]
    fn windows_are_cut_by_columns() {
        assert_eq!(cut("hello", 1, 3), (0, "ell", true));
        assert_eq!(cut("世界人", 0, 3), (0, "世", true));
        assert_eq!(cut("世界人", 1, 4), (1, "界", true));
        assert_eq!(cut("世界人", 2, 4), (0, "界人", false));
        assert_eq!(cut("e\u{301}a", 1, 4), (0, "a", false));
        assert_eq!(cut("abc", 9, 4), (0, "", false));
        assert_eq!(cut("世", 1, 0), (0, "", false));
    }

    #[test]
    fn lines_break_at_spaces() {
        let lines = |text: &str, width| {
            let mut out = Vec::new();
            wrap(text, width, |r| {
                out.extend(text.get(r).map(str::to_owned));
                true
            });
            out
        };
        assert_eq!(lines("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("世界", 1), ["世", "界"]);
        assert_eq!(lines("", 4), [""]);
    }

    proptest! {
        #[test]
        fn windows_fit_and_wrapping_ends(
            text in "[a-c 世é\u{301}👨‍👩‍👧]{0,30}", skip in 0usize..40, width in 0u16..20,
        ) {
            let w = window(&text, skip, width);
            let part = text.get(w.range.clone());
            prop_assert!(part.is_some());
            prop_assert!(measure::columns(part.unwrap()) + usize::from(w.pad) <= usize::from(width));
            let mut seen = 0;
            let mut lines = 0;
            wrap(&text, width, |r| {
                assert!(r.start >= seen && text.get(r.clone()).is_some());
                seen = r.end;
                lines += 1;
                true
            });
            prop_assert!(lines >= 1 && lines <= text.len() + 1);
            prop_assert_eq!(wrapped_height(&text, width, 1000), lines);
            let mut out = String::new();
            pad(&mut out, &text, width, false);
            prop_assert_eq!(measure::columns(&out), usize::from(width));
        }
    }
}
