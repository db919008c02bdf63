//! The last line: the keys that work right now, or what was just said.

use super::Painter;
use crate::{
    text,
    tui::{
        model::Model,
        msg::{Hit, Level},
        theme::Role,
        update,
    },
};
use ratatui::layout::Rect;

pub(super) fn draw(model: &Model, area: Rect, painter: &mut Painter) {
    if model.toast_until.is_some()
        && let Some(message) = model.messages.back()
    {
        let line = text::clean(&message.text);
        let role = match message.level {
            Level::Info => Role::Text,
            Level::Warning => Role::Warning,
            Level::Error => Role::Bad,
        };
        painter.cut(area.x, area.y, area.width, &line, painter.theme.style(role));
        return;
    }
    let mut x = area.x;
    for offer in update::hints(model) {
        let Some(key) = model.preferences.keymap.hint(offer.action.id) else {
            continue;
        };
        let key = key.to_string();
        let start = x;
        let bold = painter.theme.style(Role::Key);
        x += painter.text(x, area.y, area.right().saturating_sub(x), &key, bold);
        let title = format!(" {}  ", offer.action.title);
        x += painter.text(
            x,
            area.y,
            area.right().saturating_sub(x),
            &title,
            painter.theme.style(Role::Muted),
        );
        painter.hit(
            Rect::new(start, area.y, x.saturating_sub(start), 1),
            Hit::Action(offer.action.id),
        );
    }
}
