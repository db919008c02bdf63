//! How many log entries there were when: a strip of bars, errors at the bottom, then warnings,
//! then the rest. Where there are no colours, letters tell them apart.

use crate::{
    logs::histogram::Counts,
    tui::{
        msg::Hit,
        theme::{Depth, Role},
        view::Painter,
    },
};
use ratatui::{layout::Rect, style::Style};

/// What a bar is stacked of, from the bottom: errors and worse, warnings, the rest.
const ROLES: [Role; 3] = [Role::Bad, Role::Warning, Role::Muted];
const LETTERS: [&str; 3] = ["E", "W", ":"];
/// Steps within a cell.
const STEPS: u64 = 8;

/// The counts as what is stacked.
fn classes(counts: &Counts) -> [u64; 3] {
    let sum = |range: std::ops::Range<usize>| counts.get(range).unwrap_or_default().iter().sum();
    [sum(0..4), sum(4..5), sum(5..8)]
}

/// How high each part of a bar reaches, in steps. What is there is never drawn as nothing.
fn tops(counts: &Counts, most: u64, height: u64) -> [u64; 3] {
    let parts = classes(counts);
    let all: u64 = parts.iter().sum();
    let full = height * STEPS;
    let scaled = |n: u64| (n * full).div_ceil(most.max(1)).min(full);
    let whole = scaled(all);
    let errors = scaled(parts[0]).min(whole);
    let warnings = (errors + scaled(parts[1])).min(whole);
    [errors, warnings.max(errors), whole]
}

/// Draws the bars into an area as high as they may be; one a bucket, each as wide as all of them
/// fit. Buckets from `chosen` stand out.
pub fn draw(painter: &mut Painter, area: Rect, buckets: &[Counts], chosen: Option<(usize, usize)>) {
    if area.is_empty() || buckets.is_empty() {
        return;
    }
    let wide = width(area, buckets.len());
    let most = buckets.iter().map(|c| c.iter().sum()).max().unwrap_or(0);
    let ground = painter.theme.style(Role::Selected);
    let mut x = area.x;
    for (at, counts) in buckets.iter().enumerate() {
        if x >= area.right() {
            return;
        }
        let column = Rect::new(x, area.y, wide.min(area.right() - x), area.height);
        let picked = chosen.is_some_and(|(from, to)| (from..=to).contains(&at));
        if picked {
            painter.style(column, ground);
        }
        bar(
            painter,
            column,
            tops(counts, most, u64::from(area.height)),
            picked,
        );
        painter.hit(column, Hit::Column(at));
        x += wide;
    }
}

/// Columns that one bar takes.
pub fn width(area: Rect, buckets: usize) -> u16 {
    let buckets = u16::try_from(buckets.max(1)).unwrap_or(u16::MAX);
    (area.width / buckets).max(1)
}

fn bar(painter: &mut Painter, column: Rect, tops: [u64; 3], picked: bool) {
    let theme = painter.theme;
    let letters = theme.depth() == Depth::None || theme.glyphs().full.is_ascii();
    for (row, y) in (column.top()..column.bottom()).rev().enumerate() {
        let base = row as u64 * STEPS;
        let Some(lowest) = tops.iter().position(|top| *top > base) else {
            return;
        };
        let (top, whole) = (tops.get(lowest).copied(), tops.last().copied());
        let own = (top.unwrap_or(0) - base).min(STEPS);
        let fill = (whole.unwrap_or(0) - base).min(STEPS);
        let colour = |class: usize| {
            let role = ROLES.get(class).copied().unwrap_or(Role::Muted);
            theme.style(role).fg.unwrap_or_default()
        };
        if letters {
            let letter = LETTERS.get(lowest).copied().unwrap_or(":");
            let style = Style::new().fg(colour(lowest));
            for x in column.left()..column.right() {
                painter.text(x, y, 1, letter, style);
            }
            continue;
        }
        let mut style = Style::new().fg(colour(lowest));
        let mut step = fill;
        // The part above begins within this cell and fills the rest of it.
        if own < STEPS && fill == STEPS && !picked {
            let above = tops.iter().position(|top| *top > base + own);
            style = style.bg(colour(above.unwrap_or(lowest)));
            step = own;
        }
        let glyph = usize::try_from(step)
            .ok()
            .and_then(|step| theme.glyphs().spark.get(step).copied())
            .unwrap_or(" ");
        for x in column.left()..column.right() {
            painter.text(x, y, 1, glyph, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_among_thousands_is_seen() {
        let mut counts = Counts::default();
        counts[6] = 10_000;
        counts[3] = 1;
        assert_eq!(tops(&counts, 10_001, 3), [1, 1, 24]);
        counts[4] = 1;
        assert_eq!(tops(&counts, 10_002, 3), [1, 2, 24]);
        assert_eq!(tops(&Counts::default(), 10_002, 3), [0, 0, 0]);
    }

    #[test]
    fn parts_are_stacked_in_order_and_within_the_height() {
        for errors in [0, 1, 7, 100] {
            for warnings in [0, 1, 50] {
                for rest in [0, 3, 1_000] {
                    let mut counts = Counts::default();
                    (counts[2], counts[4], counts[7]) = (errors, warnings, rest);
                    let [e, w, all] = tops(&counts, 1_150, 2);
                    assert!(e <= w && w <= all && all <= 16);
                    assert_eq!(errors > 0, e > 0);
                }
            }
        }
    }
}
