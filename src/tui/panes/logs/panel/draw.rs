//! The list drawn, and as lines.

use super::{
    super::{State, patterns::Order, strip},
    Kind, rows,
};
use crate::{
    text,
    tui::{msg::Hit, panes::Ctx, theme::Role, view::Painter, widgets::log::TimeFormat},
};
use ratatui::layout::Rect;
use std::fmt::Write;

pub(in crate::tui::panes::logs) fn draw(
    state: &State,
    ctx: &Ctx,
    area: Rect,
    painter: &mut Painter,
) {
    let Some(panel) = &state.panel else { return };
    if area.is_empty() {
        return;
    }
    let rows = rows(state, panel.kind, ctx);
    let ground = painter.theme.style(Role::Header);
    let head = Rect::new(area.x, area.y, area.width, 1);
    painter.style(head, ground);
    let mut since = String::new();
    let title = match panel.kind {
        Kind::Patterns => {
            let patterns = state.patterns.as_ref();
            let order = match patterns.map(|p| p.order) {
                Some(Order::Newest) => "newest first",
                _ => "most frequent first",
            };
            let more = if strip::waiting(state, ctx) {
                ", counting"
            } else {
                ""
            };
            let _ = write!(since, "Patterns, {order}{more}");
            if let Some(time) = patterns.and_then(|p| p.since) {
                since.push_str(": new since ");
                TimeFormat::Short.write(&mut since, time, ctx.now, &ctx.preferences.zone);
            }
            since.as_str()
        }
        Kind::Filters => "Filters",
        Kind::Marks => "Marks: Enter goes there",
        Kind::Columns => "Keys of the messages: Enter shows them as columns",
    };
    let style = ground.patch(painter.theme.style(Role::Title));
    painter.cut(
        area.x + 1,
        area.y,
        area.width.saturating_sub(1),
        title,
        style,
    );
    let list = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
    let shown = rows.iter().enumerate().skip(panel.list.top());
    for ((at, row), y) in shown.zip(list.top()..list.bottom()) {
        let line = Rect::new(list.x, y, list.width, 1);
        let mut style = painter.theme.style(row.role);
        let mut muted = painter.theme.style(Role::Muted);
        if at == panel.list.at() {
            let selected = painter.theme.style(Role::Selected);
            painter.style(line, selected);
            let cursor = painter.theme.glyphs().cursor;
            painter.text(line.x, y, 1, cursor, selected);
            (style, muted) = (selected, selected);
        }
        let note = u16::try_from(crate::tui::view::columns(&row.note)).unwrap_or(0);
        let room = line.width.saturating_sub(note + 4);
        painter.cut(line.x + 2, y, room, &text::clean(&row.text), style);
        painter.text(
            line.right().saturating_sub(note + 1),
            y,
            note,
            &row.note,
            muted,
        );
        painter.hit(line, Hit::Offer(at));
    }
}

/// The list as lines.
pub(in crate::tui::panes::logs) fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    let Some(panel) = &state.panel else { return };
    for (at, row) in rows(state, panel.kind, ctx).iter().enumerate() {
        let here = if at == panel.list.at() { "> " } else { "  " };
        let _ = writeln!(out, "{here}{} ({})", text::clean(&row.text), row.note);
    }
}
