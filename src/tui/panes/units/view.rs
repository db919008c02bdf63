//! The list of units as it is drawn: a line of counts, the table, or why it is empty.

use super::{Cache, State, rows};
use crate::{
    text,
    tui::{
        panes::{Ctx, freshness, paragraph, waiting},
        theme::Role,
        view::Painter,
        widgets::table,
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// The line of counts, and the table.
pub(super) fn parts(area: Rect) -> (Rect, Rect) {
    let line = Rect::new(area.x, area.y, area.width, 1.min(area.height));
    let table = Rect::new(
        area.x,
        area.y.saturating_add(line.height),
        area.width,
        area.height.saturating_sub(line.height),
    );
    (line, table)
}

/// The visible rows.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let (line, rest) = parts(area);
    let muted = painter.theme.style(Role::Muted);
    let mut counts = format!(" {} units, {} failed", state.all, state.failed_count);
    if state.rows.len() != state.all {
        let _ = write!(counts, ", {} shown", state.rows.len());
    }
    if !state.list.marks().is_empty() {
        let _ = write!(counts, ", {} marked", state.list.marks().len());
    }
    if state.only_failed {
        counts.push_str("  only failed");
    }
    if let Some(kind) = state.only_type {
        let _ = write!(counts, "  only {kind}s");
    }
    let mut x = line.x + painter.cut(line.x, line.y, line.width, &counts, muted);
    if !state.filter.is_empty() {
        let filter = format!("  /{}", text::clean(state.filter.as_str()));
        let style = painter.theme.style(Role::Accent);
        x += painter.cut(x, line.y, line.right().saturating_sub(x), &filter, style);
    }
    let notes = freshness(ctx);
    if !notes.is_empty() {
        let style = painter.theme.style(Role::Warning);
        let notes = format!("  {notes}");
        painter.cut(x, line.y, line.right().saturating_sub(x), &notes, style);
    }
    if state.rows.is_empty() {
        let why = empty(state, ctx);
        let area = Rect::new(rest.x, rest.y.saturating_add(1), rest.width, rest.height);
        paragraph(painter, area, &why, Role::Muted);
        return;
    }
    let columns = rows::columns(ctx);
    table::draw(
        painter,
        rest,
        &columns,
        &state.rows,
        &state.list,
        |row, column, cell| {
            if let Some((host, name)) = state.rows.get(row)
                && let Some(unit) = ctx.world.unit(host, name)
            {
                rows::cell(ctx, host, unit, column, &state.filter, cell);
            }
        },
    );
}

fn empty(state: &State, ctx: &Ctx) -> String {
    if state.all > 0 {
        return "No unit matches. Esc shows all again.".into();
    }
    waiting(ctx)
}
