//! Drawing: the status line, the rows that fit, the list below.

use super::{
    Cache, State,
    compare::{self, Compare},
    intake::Lane,
    panel, status, strip,
};
use crate::{
    filter::Filter,
    logs::lifecycle::Lifecycle,
    text,
    tui::{msg::Hit, panes::Ctx, theme::Role, view::Painter, widgets::log::Emphasis},
};
use ratatui::layout::Rect;

/// Draws what is seen.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let area = area.intersection(painter.buffer.area);
    if area.is_empty() {
        return;
    }
    if let Some(detail) = &state.detail {
        detail.draw(painter, area, ctx);
        return;
    }
    let areas = state.areas(area);
    let body = areas.body;
    status::draw(state, ctx, areas.status, painter);
    strip::draw(state, ctx, areas.strip, painter);
    panel::draw(state, ctx, areas.panel, painter);
    let searched = state.held.searched();
    let found: Vec<(&Filter, Role)> = state
        .highlighted()
        .map(|filter| (filter, Role::Accent))
        .chain(std::iter::once((searched, Role::Found)))
        .filter(|(filter, _)| !filter.is_empty())
        .collect();
    let style = state.style(ctx, &found);
    let height = |at| state.height(at, &style, ctx);
    if let Some(boots) = state.compare.as_ref().and_then(Compare::boots) {
        boots.draw(&style, body, painter);
        compare::divide(body, painter);
        return;
    }
    let seen = state.here.seen(&state.held, height, body.height);
    let selected = state.here.at(&state.held);
    let chosen = state.chosen();
    let rows = state.here.visible(&state.held);
    if rows == 0 {
        empty(state, body, painter);
        return;
    }
    let mut y = body.y;
    let mut skip = seen.skip;
    for at in seen.top..rows {
        if y >= body.bottom() {
            break;
        }
        let (Some(line), Some(shown)) = (state.line(at, ctx), state.held.shown(at)) else {
            break;
        };
        let lines = style.height(line.drawn(), state.row_width(ctx));
        let lines = lines.saturating_sub(skip).min(body.bottom() - y);
        let place = Rect::new(body.x, y, body.width, lines);
        let entry = line.row.entry();
        let how = Emphasis {
            // While following, the end is where one is: no cursor distracts from it.
            selected: !state.here.following()
                && chosen
                    .as_ref()
                    .map_or(at == selected, |rows| rows.contains(&at)),
            focus: at == selected && state.on_hit,
            context: shown.context,
            mark: entry.is_some_and(|entry| state.marks.holds(entry)),
            role: entry.and_then(Lifecycle::of).map(told),
        };
        let drawn = match &state.compare {
            Some(compare) => compare::half(place, compare.is_right(&line.row)),
            None => place,
        };
        style.draw(painter, drawn, line.drawn(), skip, how);
        painter.hit(place, Hit::Row(at));
        y += lines;
        skip = 0;
    }
    if state.compare.is_some() {
        compare::divide(body, painter);
    }
}

/// How what systemd tells of a unit stands out.
fn told(what: Lifecycle) -> Role {
    match what {
        Lifecycle::Routine => Role::Text,
        Lifecycle::Started => Role::Good,
        Lifecycle::Stopped | Lifecycle::Restarted => Role::Warning,
        Lifecycle::Failed => Role::Bad,
        Lifecycle::OutOfMemory => Role::Critical,
    }
}

fn empty(state: &State, area: Rect, painter: &mut Painter) {
    let lanes = state.intake.lanes();
    let (line, role) = if let Some((host, Lane::Down(problem))) =
        lanes.iter().find(|(_, lane)| matches!(lane, Lane::Down(_)))
    {
        let mut line = problem.to_string();
        if problem.host.is_none() {
            line = format!("{host}: {line}");
        }
        (line, Role::Bad)
    } else if state.held.busy() {
        ("looking through what is held".to_owned(), Role::Busy)
    } else if lanes.values().any(|lane| *lane == Lane::CatchingUp) {
        ("asking the hosts for their journals".to_owned(), Role::Busy)
    } else if state.held.store().is_empty() {
        (
            "no entries: the journals have none that match".to_owned(),
            Role::Muted,
        )
    } else {
        let line = format!(
            "none of the {} entries held passes the filters; = shows all again",
            state.held.store().len()
        );
        (line, Role::Muted)
    };
    let style = painter.theme.style(role);
    let line = text::clean(&line);
    let mut y = area.y;
    crate::tui::widgets::text::wrap(&line, area.width.saturating_sub(2).max(1), |range| {
        if y < area.bottom() {
            let part = line.get(range).unwrap_or("");
            painter.text(area.x + 1, y, area.width.saturating_sub(1), part, style);
        }
        y = y.saturating_add(1);
        y < area.bottom()
    });
}
