//! What was just said, over the lower right corner; the whole text is kept among the messages.

use super::{dialog::border, text};
use crate::tui::{
    theme::Role,
    view::{Painter, columns},
};
use ratatui::layout::Rect;

/// Lines shown of one message.
const LINES: usize = 4;

/// Draws a message (clean text) over the lower right corner of an area.
pub fn draw(painter: &mut Painter, area: Rect, role: Role, message: &str) {
    let area = area.intersection(painter.buffer.area);
    let width = u16::try_from(columns(message) + 4)
        .unwrap_or(u16::MAX)
        .min(60)
        .min(area.width);
    if width < 6 || area.height < 3 {
        return;
    }
    let mut lines: Vec<&str> = Vec::new();
    text::wrap(message, width - 4, |range| {
        lines.push(message.get(range).unwrap_or(""));
        lines.len() < LINES
    });
    let height = u16::try_from(lines.len())
        .unwrap_or(1)
        .saturating_add(2)
        .min(area.height);
    let frame = Rect::new(area.right() - width, area.bottom() - height, width, height);
    painter.clear(frame);
    border(painter, frame, "", role);
    let style = painter.theme.style(role);
    for (line, y) in lines.iter().zip(frame.y + 1..frame.bottom() - 1) {
        painter.text(frame.x + 2, y, width - 4, line, style);
    }
}
