//! Which cells differ, and sending them: runs of changed cells, the erased ends of lines, and
//! lines with text of which terminals disagree how wide it is.

use super::{
    measure::{cell_width, is_certain},
    pen::{self, Look, Pen},
};
use ratatui::buffer::{Buffer, Cell};

/// Cells that are sent again rather than moved over, if they look the same.
const BRIDGE: u16 = 4;
/// Erasing this many cells is less than sending them.
const ERASE: usize = 5;

/// The lines of which the terminal shows each cell already.
pub(super) fn same_rows(shown: &Buffer, next: &Buffer, source: &[Option<u16>]) -> Vec<bool> {
    let rows = rows(next).zip(source);
    rows.map(|(row, source)| old(shown, *source).is_some_and(|old| same_cells(old, row)))
        .collect()
}

fn same_cells(old: &[Cell], new: &[Cell]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_cell(old, new))
}

/// Whether two cells look the same; most hold one byte, which is compared without a call.
fn same_cell(old: &Cell, new: &Cell) -> bool {
    let text = match (old.symbol().as_bytes(), new.symbol().as_bytes()) {
        ([old], [new]) => old == new,
        (old, new) => old == new,
    };
    text && Look::of(old) == Look::of(new)
}

/// Sends what differs.
pub(super) fn send(
    pen: &mut Pen,
    shown: &Buffer,
    next: &Buffer,
    source: &[Option<u16>],
    same: &[bool],
) {
    let lines = (0..).zip(rows(next)).zip(source.iter().zip(same));
    for ((y, row), (source, same)) in lines {
        if !same {
            line(pen, y, old(shown, *source), row);
        }
    }
}

fn rows(buffer: &Buffer) -> std::slice::Chunks<'_, Cell> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}

fn old(buffer: &Buffer, row: Option<u16>) -> Option<&[Cell]> {
    let width = usize::from(buffer.area.width);
    let start = usize::from(row?).checked_mul(width)?;
    buffer.content.get(start..start.checked_add(width)?)
}

/// One line; `old` is what the terminal shows there, if that is known.
fn line(pen: &mut Pen, y: u16, old: Option<&[Cell]>, new: &[Cell]) {
    let differs = |x: usize| match old {
        Some(old) => match (old.get(x), new.get(x)) {
            (Some(old), Some(new)) => !same_cell(old, new),
            _ => true,
        },
        None => true,
    };
    let Some(first) = (0..new.len()).find(|x| differs(*x)) else {
        return;
    };
    let last = (first..new.len()).rfind(|x| differs(*x)).unwrap_or(first);
    // From here on the line is blank.
    let text = new.iter().rposition(|cell| !pen::is_erased(cell));
    let blank = text.map_or(0, |x| x + width(new, x)).max(first);
    let end = if last + 1 >= blank + ERASE {
        blank
    } else {
        last + 1
    };
    let before = first.saturating_sub(1);
    let plain = |cells: &[Cell]| {
        let part = cells.get(before..).unwrap_or_default();
        part.iter().all(|cell| cell.symbol().len() == 1)
    };
    let mut erase = end <= last;
    if plain(new) && old.is_none_or(plain) {
        run(pen, y, new, first..end, differs);
    } else {
        erase |= mixed(pen, y, old.unwrap_or_default(), new, first..end, blank);
    }
    if erase && let Some(cell) = new.get(blank) {
        pen.go(column(blank), y);
        pen.erase(cell);
    }
}

fn width(cells: &[Cell], x: usize) -> usize {
    cells
        .get(x)
        .map_or(1, |cell| usize::from(cell_width(cell.symbol())))
}

fn column(x: usize) -> u16 {
    u16::try_from(x).unwrap_or(u16::MAX)
}

/// Cells of one column each.
fn run(
    pen: &mut Pen,
    y: u16,
    new: &[Cell],
    range: std::ops::Range<usize>,
    differs: impl Fn(usize) -> bool,
) {
    let mut behind = None;
    for x in range {
        if !differs(x) {
            continue;
        }
        let Some(cell) = new.get(x) else { return };
        // A few cells between two changes are cheaper sent than moved over.
        let gap = behind.and_then(|behind| new.get(behind..x));
        match gap {
            Some(gap)
                if gap.len() <= usize::from(BRIDGE)
                    && gap.iter().all(|cell| pen.looks(Look::of(cell))) =>
            {
                for cell in gap {
                    pen.put(cell, 1);
                }
            }
            _ => pen.go(column(x), y),
        }
        pen.put(cell, 1);
        behind = Some(x + 1);
    }
}

/// Cells of which some are wide, or as wide as the terminal thinks: all from the first change on,
/// each certainly in its place. Says whether the rest of the line, from `blank` on, must be erased.
fn mixed(
    pen: &mut Pen,
    y: u16,
    old: &[Cell],
    new: &[Cell],
    range: std::ops::Range<usize>,
    blank: usize,
) -> bool {
    let wide = |cells: &[Cell], x: usize| width(cells, x) > 1;
    let mut x = range.start;
    // Where the left half of a wide one is, there it begins.
    while x > 0 && (wide(old, x - 1) || wide(new, x - 1)) {
        x -= 1;
    }
    // What an uncertain one did to the cells behind it is repaired by sending them all.
    let uncertain = |cells: &[Cell]| {
        let part = cells.get(x..).unwrap_or_default();
        part.iter().any(|cell| !is_certain(cell.symbol()))
    };
    let whole = uncertain(old) || uncertain(new);
    let mut end = if whole { blank } else { range.end };
    if end > 0 && (wide(old, end - 1) || wide(new, end - 1)) {
        end = (end + 1).min(new.len());
    }
    let mut plain_before = true;
    while x < end {
        let Some(cell) = new.get(x) else { break };
        let symbol = cell.symbol();
        let plain = symbol.len() == 1;
        let width = cell_width(symbol);
        if plain && !plain_before {
            // In some places of the world the ones before are wider than elsewhere.
            pen.lose();
        }
        pen.go(column(x), y);
        if x + usize::from(width) > new.len() {
            // Half of it would be outside.
            pen.blanks(cell, 1);
        } else if is_certain(symbol) {
            pen.put(cell, width);
        } else {
            if width > 1 {
                // A terminal that makes it narrow leaves what was in its second cell.
                pen.blanks(cell, width);
                pen.go(column(x), y);
            }
            pen.put(cell, width);
            pen.lose();
        }
        plain_before = plain;
        x += usize::from(width);
    }
    if !plain_before {
        pen.lose();
    }
    whole
}
