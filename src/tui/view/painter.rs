//! Where views draw: a buffer that clips, and the list of what can be clicked.

use crate::tui::{
    msg::Hit,
    render::measure::{self, cell_width},
    theme::Theme,
};
use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    style::Style,
};
use std::{ops::Range, sync::LazyLock};

/// A cell of each ASCII character: copying one is quicker than making it.
static ASCII: LazyLock<Vec<Cell>> = LazyLock::new(|| {
    let cell = |byte: u8| {
        let mut cell = Cell::EMPTY;
        cell.set_char(char::from(byte));
        cell
    };
    (0..128).map(cell).collect()
});

/// Draws text into the buffer, clipped, and remembers what can be clicked.
pub struct Painter<'a> {
    /// The cells.
    pub buffer: &'a mut Buffer,
    /// What was drawn where, the topmost last.
    pub hits: &'a mut Vec<(Rect, Hit)>,
    /// Where the terminal's cursor is shown.
    pub cursor: Option<Position>,
    /// What everything is drawn with.
    pub theme: &'a Theme,
}

impl<'a> Painter<'a> {
    /// Draws into this buffer.
    pub fn new(
        buffer: &'a mut Buffer,
        hits: &'a mut Vec<(Rect, Hit)>,
        theme: &'a Theme,
    ) -> Painter<'a> {
        Painter {
            buffer,
            hits,
            cursor: None,
            theme,
        }
    }

    /// Draws clean text from this cell on, at most `width` columns; returns the columns used.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let room = usize::from(width.min(area.right() - x));
        let mut used = 0;
        if measure::is_plain(text) {
            let cells = self.cells(y, x..area.right());
            for (cell, byte) in cells.iter_mut().zip(text.bytes()).take(room) {
                put(cell, ASCII.get(usize::from(byte)), style);
                used += 1;
            }
        } else {
            for cluster in measure::clusters(text) {
                // What cannot be seen is not sent, and what controls is not text.
                if cluster.width == 0 || cluster.text.contains(char::is_control) {
                    continue;
                }
                let columns = usize::from(cluster.width);
                if used + columns > room {
                    break;
                }
                let x = x.saturating_add(u16::try_from(used).unwrap_or(u16::MAX));
                let mut cells = self.cells(y, x..area.right()).iter_mut().take(columns);
                if let Some(cell) = cells.next() {
                    cell.set_symbol(cluster.text).set_style(style);
                }
                for covered in cells {
                    put(covered, Some(&Cell::EMPTY), style);
                }
                used += columns;
            }
        }
        let used = u16::try_from(used).unwrap_or(u16::MAX);
        self.mend(y, x, used);
        used
    }

    /// The cells of a line between two columns.
    fn cells(&mut self, y: u16, columns: Range<u16>) -> &mut [Cell] {
        let area = self.buffer.area;
        let row = usize::from(y.saturating_sub(area.y)) * usize::from(area.width);
        let at = |x: u16| row + usize::from(x.clamp(area.left(), area.right()) - area.x);
        let range = at(columns.start)..at(columns.end);
        self.buffer.content.get_mut(range).unwrap_or_default()
    }

    /// Where half of a wide character was drawn over, its other half goes too.
    fn mend(&mut self, y: u16, x: u16, used: u16) {
        if used == 0 || x == self.buffer.area.left() {
            return;
        }
        if let Some(before) = self.cells(y, x - 1..x).first_mut()
            && cell_width(before.symbol()) > 1
        {
            before.set_symbol(" ");
        }
    }

    /// [`Painter::text`], ending in `…` (or its ASCII form) when it does not fit.
    pub fn cut(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        if columns(text) <= usize::from(width) {
            return self.text(x, y, width, text, style);
        }
        let used = self.text(x, y, width.saturating_sub(1), text, style);
        used + self.text(
            x.saturating_add(used),
            y,
            1.min(width),
            self.theme.glyphs().more_right,
            style,
        )
    }

    /// Puts a style on an area.
    pub fn style(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for cell in self.cells(y, area.left()..area.right()) {
                cell.set_style(style);
            }
        }
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let base = self.theme.base();
        for y in area.top()..area.bottom() {
            for cell in self.cells(y, area.left()..area.right()) {
                cell.reset();
                cell.set_style(base);
            }
            self.mend(y, area.left(), area.width);
        }
    }

    /// Makes an area clickable.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.hits.push((area, hit));
    }
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    measure::columns(text)
}

/// This symbol in a cell, its style laid over the one that the cell has.
fn put(cell: &mut Cell, symbol: Option<&Cell>, style: Style) {
    let Some(symbol) = symbol else { return };
    let (fg, bg, modifier) = (cell.fg, cell.bg, cell.modifier);
    cell.clone_from(symbol);
    (cell.fg, cell.bg, cell.modifier) = (fg, bg, modifier);
    cell.set_style(style);
}
