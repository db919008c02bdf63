//! The last line: the keys that work right now, or what was just said.

use super::Painter;
use crate::{
    text,
    tui::{model::Model, msg::Hit, update},
};
use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    if model.toast_until.is_some()
        && let Some(message) = model.messages.back()
    {
        let line = text::clean(&message.text);
        painter.cut(area.x, area.y, area.width, &line, Style::new());
        return;
    }
    let mut x = area.x;
    for offer in update::hints(model) {
        let Some(key) = offer.action.keys.default.first() else {
            continue;
        };
        let start = x;
        let bold = Style::new().add_modifier(Modifier::BOLD);
        x += painter.text(x, area.y, area.right().saturating_sub(x), key, bold);
        let title = format!(" {}  ", offer.action.title);
        x += painter.text(
            x,
            area.y,
            area.right().saturating_sub(x),
            &title,
            Style::new(),
        );
        painter.hit(
            Rect::new(start, area.y, x.saturating_sub(start), 1),
            Hit::Action(offer.action.id),
        );
    }
}
