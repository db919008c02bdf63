//! Finds lines that only moved between two frames, so that the terminal can move them. A wrong
//! guess costs bytes, never correctness: what the move does not bring about is sent.

use ratatui::buffer::{Buffer, Cell};

/// Fewer lines than this are sent instead.
const WORTH: i32 = 3;

/// Lines that move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scroll {
    /// The first line of the region.
    pub(super) top: u16,
    /// The line behind its last one.
    pub(super) bottom: u16,
    /// How far.
    pub(super) lines: u16,
    /// To smaller line numbers.
    pub(super) up: bool,
}

impl Scroll {
    /// Does to `source` what the terminal does to its lines.
    pub(super) fn apply(&self, source: &mut [Option<u16>]) {
        let (top, bottom) = (usize::from(self.top), usize::from(self.bottom));
        let Some(region) = source.get_mut(top..bottom) else {
            return;
        };
        let lines = usize::from(self.lines).min(region.len());
        let stay = region.len() - lines;
        let new = if self.up {
            region.rotate_left(lines);
            region.get_mut(stay..)
        } else {
            region.rotate_right(lines);
            region.get_mut(..lines)
        };
        new.unwrap_or_default().fill(None);
    }
}

/// One line of one of the two frames.
struct Line {
    hash: u64,
    blank: bool,
}

/// The move that spares the most lines, if one spares enough of them. `same` says which lines the
/// terminal shows already.
pub(super) fn find(
    shown: &Buffer,
    next: &Buffer,
    same: &[bool],
    source: &[Option<u16>],
) -> Option<Scroll> {
    let changed = same.iter().filter(|same| !**same).count();
    // While anything is unknown, everything is sent.
    if i32::try_from(changed).ok()? < WORTH || source.iter().any(Option::is_none) {
        return None;
    }
    let width = usize::from(next.area.width).max(1);
    let lines = |buffer: &Buffer| -> Vec<Line> { buffer.content.chunks(width).map(line).collect() };
    let (old, new) = (lines(shown), lines(next));
    let by = shift(&old, &new, same)?;
    region(&old, &new, same, by)
}

/// The style is left out: a line that only looks different is moved all the same.
fn line(row: &[Cell]) -> Line {
    let (mut hash, mut blank) = (0_u64, true);
    // Quick for few bytes at a time; lines with the same hash by chance cost bytes only.
    let mut add = |byte: u8| {
        hash = (hash.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
    };
    for cell in row {
        match cell.symbol().as_bytes() {
            [byte] => {
                blank &= *byte == b' ';
                add(*byte);
            }
            bytes => {
                blank = false;
                bytes.iter().for_each(|byte| add(*byte));
            }
        }
    }
    Line { hash, blank }
}

/// By how many lines most of them moved; positive is up.
fn shift(old: &[Line], new: &[Line], same: &[bool]) -> Option<i32> {
    let mut places: Vec<(u64, i32)> = (0..)
        .zip(old)
        .filter(|(_, line)| !line.blank)
        .map(|(y, line)| (line.hash, y))
        .collect();
    places.sort_unstable();
    let height = i32::try_from(new.len()).ok()?;
    let mut votes = vec![0_i32; new.len().saturating_mul(2)];
    for ((y, line), same) in (0..).zip(new).zip(same) {
        if *same || line.blank {
            continue;
        }
        let first = places.partition_point(|(hash, _)| *hash < line.hash);
        // Of lines that repeat themselves a few are asked.
        for (hash, from) in places.get(first..).unwrap_or_default().iter().take(4) {
            if *hash != line.hash {
                break;
            }
            let by: i32 = from - y;
            let place = usize::try_from(by + height).unwrap_or(0);
            if let Some(votes) = votes.get_mut(place) {
                *votes += 1;
            }
        }
    }
    let (by, most) = (-height..)
        .zip(&votes)
        .filter(|(by, _)| *by != 0)
        .max_by_key(|(by, votes)| (**votes, -by.abs()))?;
    (*most >= WORTH).then_some(by)
}

/// The run of lines for which moving by so many spares the most.
fn region(old: &[Line], new: &[Line], same: &[bool], by: i32) -> Option<Scroll> {
    let (mut best, mut best_run) = (0, None);
    let (mut sum, mut start) = (0, 0);
    for ((y, line), same) in (0_i32..).zip(new).zip(same) {
        let from = usize::try_from(y + by).ok().and_then(|from| old.get(from));
        let Some(from) = from else {
            (sum, start) = (0, y + 1);
            continue;
        };
        let spared = i32::from(!same) - i32::from(from.hash != line.hash);
        sum += spared;
        if sum <= 0 {
            (sum, start) = (0, y + 1);
        } else if sum > best {
            (best, best_run) = (sum, Some((start, y + 1)));
        }
    }
    let (first, end) = best_run?;
    let (top, bottom) = (first.min(first + by), end.max(end + by));
    // What moves in from outside has to be sent though the terminal shows it now.
    let (from, to) = if by > 0 { (end, bottom) } else { (top, first) };
    let lost = (from..to)
        .filter(|y| usize::try_from(*y).is_ok_and(|y| same.get(y).copied().unwrap_or(false)))
        .count();
    if best - i32::try_from(lost).ok()? < WORTH {
        return None;
    }
    Some(Scroll {
        top: u16::try_from(top).ok()?,
        bottom: u16::try_from(bottom).ok()?,
        lines: u16::try_from(by.unsigned_abs()).ok()?,
        up: by > 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::render::diff::same_rows;

    fn found(shown: &[&str], next: &[&str]) -> Option<Scroll> {
        let (shown, next) = (
            Buffer::with_lines(shown.iter().copied()),
            Buffer::with_lines(next.iter().copied()),
        );
        let source: Vec<_> = (0..shown.area.height).map(Some).collect();
        let same = same_rows(&shown, &next, &source);
        find(&shown, &next, &same, &source)
    }

    #[test]
    fn lines_that_moved_are_found_between_those_that_did_not() {
        let before = ["head", "a", "b", "c", "d", "e", "foot"];
        let up = found(&before, &["head", "c", "d", "e", "f", "g", "foot"]);
        let expected = |top, bottom, lines, up| {
            Some(Scroll {
                top,
                bottom,
                lines,
                up,
            })
        };
        assert_eq!(up, expected(1, 6, 2, true));
        let down = found(&before, &["head", "z", "a", "b", "c", "d", "foot"]);
        assert_eq!(down, expected(1, 6, 1, false));
        // One of them looks different now.
        let marked = found(&before, &["head", "b", "X", "d", "e", "f", "foot"]);
        assert_eq!(marked, expected(1, 6, 1, true));
    }

    #[test]
    fn what_stays_or_is_new_is_not_moved() {
        let before = ["a", "b", "c", "d", "e"];
        assert_eq!(found(&before, &before), None);
        assert_eq!(found(&before, &["v", "w", "x", "y", "z"]), None);
        assert_eq!(found(&before, &["a", "x", "c", "d", "e"]), None);
        // Blank lines match everywhere and mean nothing.
        let blank = ["a", " ", " ", " ", " "];
        assert_eq!(found(&blank, &[" ", " ", " ", " ", "a"]), None);
        // Too few are worth it.
        assert_eq!(found(&before, &["x", "y", "z", "a", "b"]), None);
    }

    #[test]
    fn the_same_is_done_to_what_we_know() {
        let mut source: Vec<_> = (0..5).map(Some).collect();
        let scroll = |top, bottom, lines, up| Scroll {
            top,
            bottom,
            lines,
            up,
        };
        scroll(1, 5, 2, true).apply(&mut source);
        assert_eq!(source, [Some(0), Some(3), Some(4), None, None]);
        scroll(0, 3, 1, false).apply(&mut source);
        assert_eq!(source, [None, Some(0), Some(3), None, None]);
    }
}
