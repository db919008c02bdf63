//! The line at the bottom of the screen: label, text with its mistake underlined, what is wrong,
//! and the completions above it.

use super::text;
use crate::tui::{
    msg::Hit,
    theme::Role,
    view::{Painter, columns},
};
use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};
use std::ops::Range;
use tui_input::Input;

/// Completions shown at once.
const OFFERS: u16 = 8;

/// What is drawn.
#[derive(Debug)]
pub struct Prompt<'a> {
    /// What stands before the text.
    pub label: &'a str,
    /// The text and its cursor.
    pub input: &'a Input,
    /// What is wrong, and which bytes.
    pub error: Option<(&'a Range<usize>, &'a str)>,
    /// Said at the right end when nothing is wrong: hits, matches.
    pub note: &'a str,
    /// Completions of the word under the cursor.
    pub offers: &'a [String],
    /// The completion that was taken.
    pub taken: Option<usize>,
}

impl Prompt<'_> {
    /// Draws the line into the last row of `area`, completions and mistakes above it.
    pub fn draw(&self, painter: &mut Painter, area: Rect) {
        let area = area.intersection(painter.buffer.area);
        if area.is_empty() {
            return;
        }
        let y = area.bottom() - 1;
        let line = Rect::new(area.x, y, area.width, 1);
        painter.clear(line);
        let label = painter.theme.style(Role::Key);
        let used = painter.text(area.x, y, area.width, self.label, label);
        let field = Rect::new(area.x + used, y, area.width - used, 1);
        let note = u16::try_from(columns(self.note)).unwrap_or(u16::MAX);
        let room = if note > 0 && self.error.is_none() && note + 12 < field.width {
            let style = painter.theme.style(Role::Muted);
            painter.text(field.right() - note, y, note, self.note, style);
            field.width - note - 1
        } else {
            field.width
        };
        self.field(painter, Rect::new(field.x, y, room, 1));
        let mut above = y;
        if let Some((_, message)) = self.error
            && above > area.y
        {
            above -= 1;
            let row = Rect::new(area.x, above, area.width, 1);
            painter.clear(row);
            let bad = painter.theme.style(Role::Bad);
            painter.cut(field.x, above, field.width, message, bad);
        }
        let room = Rect::new(field.x, area.y, field.width, above - area.y);
        self.completions(painter, room);
    }

    fn field(&self, painter: &mut Painter, area: Rect) {
        if area.is_empty() {
            return;
        }
        let value = self.input.value();
        let cursor = self.input.visual_cursor();
        // One column is kept for the cursor behind the last character.
        let skip = (cursor + 1).saturating_sub(usize::from(area.width));
        let window = text::window(value, skip, area.width);
        let wrong = Style::new().add_modifier(Modifier::UNDERLINED);
        let wrong = painter.theme.style(Role::Bad).patch(wrong);
        let marks: Vec<_> = self
            .error
            .map(|(r, _)| (r.clone(), wrong))
            .into_iter()
            .collect();
        let style = painter.theme.style(Role::Text);
        text::draw(
            painter,
            (area.x + window.pad, area.y),
            value,
            window.range,
            style,
            &marks,
        );
        let x = area.x + u16::try_from(cursor - skip).unwrap_or(area.width);
        painter.cursor = Some((x.min(area.right() - 1), area.y).into());
    }

    fn completions(&self, painter: &mut Painter, room: Rect) {
        let rows = OFFERS
            .min(room.height)
            .min(u16::try_from(self.offers.len()).unwrap_or(OFFERS));
        let widest = self.offers.iter().map(|o| columns(o)).max().unwrap_or(0);
        let width = u16::try_from(widest + 2)
            .unwrap_or(u16::MAX)
            .min(room.width);
        if rows == 0 || width < 3 {
            return;
        }
        let area = Rect::new(room.x, room.bottom() - rows, width, rows);
        painter.clear(area);
        let height = usize::from(rows);
        let top = self
            .taken
            .map_or(0, |taken| (taken + 1).saturating_sub(height));
        let offers = self.offers.iter().enumerate().skip(top);
        for ((at, offer), y) in offers.zip(area.top()..area.bottom()) {
            let role = if self.taken == Some(at) {
                Role::Selected
            } else {
                Role::Header
            };
            let style = painter.theme.style(role);
            painter.style(Rect::new(area.x, y, area.width, 1), style);
            painter.cut(area.x + 1, y, area.width - 1, offer, style);
            painter.hit(Rect::new(area.x, y, area.width, 1), Hit::Offer(at));
        }
    }
}
