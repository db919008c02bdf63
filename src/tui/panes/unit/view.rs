//! A unit as it is drawn: what one wants to know first, the tabs, the text of the shown one.

use super::{Cache, State, TABS};
use crate::{
    text,
    tui::{
        format,
        msg::Hit,
        panes::{Ctx, paragraph, units},
        theme::Role,
        view::Painter,
        widgets::table::CellText,
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// Lines above the tab's text.
pub(super) const HEAD: u16 = 4;

/// Head, tabs, text.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    head(state, ctx, area, painter);
    let y = area.y.saturating_add(HEAD - 1);
    let mut x = area.x.saturating_add(1);
    for (at, (name, _)) in TABS.iter().enumerate() {
        let role = if at == state.at {
            Role::Selected
        } else {
            Role::Muted
        };
        let style = painter.theme.style(role);
        let room = area.right().saturating_sub(x);
        let used = painter.text(x, y, room, &format!(" {name} "), style);
        painter.hit(Rect::new(x, y, used, 1), Hit::Tab(at));
        x = x.saturating_add(used + 1);
    }
    let body = Rect::new(
        area.x,
        area.y.saturating_add(HEAD),
        area.width,
        area.height.saturating_sub(HEAD),
    );
    let Some(tab) = state.tabs.get(state.at) else {
        return;
    };
    if tab.lines.is_empty() {
        let (role, text) = match (&tab.problem, tab.loaded) {
            (Some(problem), _) => (Role::Bad, problem.clone()),
            (None, true) => (Role::Muted, "There is nothing.".to_owned()),
            (None, false) => (Role::Muted, format!("Asking {}.", state.host)),
        };
        paragraph(painter, body, &text::clean(&text), role);
    } else {
        tab.view.draw(painter, body, &tab.lines);
    }
}

fn head(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let theme = painter.theme;
    let name = format!(
        " {} on {}",
        text::clean(&state.unit),
        text::clean(state.host.as_str())
    );
    painter.cut(area.x, area.y, area.width, &name, theme.style(Role::Title));
    let Some(unit) = ctx.world.unit(&state.host, &state.unit) else {
        let text = " not loaded";
        painter.cut(
            area.x,
            area.y.saturating_add(1),
            area.width,
            text,
            theme.style(Role::Muted),
        );
        return;
    };
    let mut cell = CellText::default();
    units::state_cell(theme, unit, &mut cell);
    let y = area.y.saturating_add(1);
    let mut x = area.x.saturating_add(1);
    x += painter.cut(x, y, area.right().saturating_sub(x), &cell.text, cell.style);
    let mut facts = format!(
        "  {}",
        [
            unit.active.as_str(),
            unit.file_state.as_deref().unwrap_or("")
        ]
        .join(" ")
        .trim_end()
    );
    if let Some(at) = unit.since {
        let _ = write!(
            facts,
            "  since {}",
            format::moment(at, ctx.now, &ctx.preferences.zone)
        );
    }
    if let Some(pid) = unit.main_pid.filter(|pid| *pid > 0) {
        let _ = write!(facts, "  pid {pid}");
    }
    if let Some(restarts) = unit.restarts.filter(|count| *count > 0) {
        let _ = write!(facts, "  {restarts} restarts");
    }
    if let Some(memory) = unit.memory_bytes {
        facts.push_str("  memory ");
        format::bytes(&mut facts, memory);
    }
    if let Some(next) = unit.next_elapse {
        let next = format::moment(next, ctx.now, &ctx.preferences.zone);
        let _ = write!(facts, "  next {next}");
    }
    if !unit.triggers.is_empty() {
        let _ = write!(facts, "  triggers {}", unit.triggers.join(" "));
    }
    if !unit.listen.is_empty() {
        let _ = write!(facts, "  listens on {}", unit.listen.join(" "));
    }
    let stale = ctx
        .world
        .hosts
        .get(&state.host)
        .is_some_and(|host| host.stale);
    let role = if stale { Role::Warning } else { Role::Text };
    if stale {
        facts.push_str("  (stale)");
    }
    painter.cut(
        x,
        y,
        area.right().saturating_sub(x),
        &text::clean(&facts),
        theme.style(role),
    );
    let description = format!(" {}", text::clean(&unit.description));
    painter.cut(
        area.x,
        area.y.saturating_add(2),
        area.width,
        &description,
        theme.style(Role::Muted),
    );
}
