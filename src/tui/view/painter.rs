//! Where views draw: a buffer that clips, and the list of what can be clicked.

use crate::tui::{msg::Hit, theme::Theme};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};
use unicode_width::UnicodeWidthStr;

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
        let room = width.min(area.right() - x);
        let (end, _) = self
            .buffer
            .set_stringn(x, y, text, usize::from(room), style);
        end.saturating_sub(x)
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
        self.buffer.set_style(area, style);
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(self.theme.base());
                }
            }
        }
    }

    /// Makes an area clickable.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.hits.push((area, hit));
    }
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}
