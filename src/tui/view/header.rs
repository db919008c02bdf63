//! The header: program, environment, read-only badge, hosts' states; and the tabs below it.

use super::Painter;
use crate::{
    remote::ConnState,
    text,
    tui::{
        actions,
        layout::Layout,
        model::{HostState, Model},
        msg::Hit,
        panes,
    },
};
use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

/// The first line.
pub(super) fn draw(model: &Model, layout: &Layout, painter: &mut Painter) {
    let area = layout.header;
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut x = area.x;
    x += painter.text(x, area.y, area.right() - x, "qd ", bold);
    let Some(world) = model.world() else { return };
    let name = format!(" {} ", world.id);
    let used = painter.text(
        x,
        area.y,
        area.right().saturating_sub(x),
        &name,
        Style::new().add_modifier(Modifier::REVERSED),
    );
    painter.hit(Rect::new(x, area.y, used, 1), Hit::Action("environment"));
    x += used;
    if world.read_only {
        x += painter.text(
            x,
            area.y,
            area.right().saturating_sub(x),
            " read-only ",
            bold,
        );
    }
    for (id, host) in &world.hosts {
        let state = format!(" {} {}", text::clean(id.as_str()), describe(host));
        x += painter.cut(
            x,
            area.y,
            area.right().saturating_sub(x),
            &state,
            Style::new(),
        );
    }
}

fn describe(host: &HostState) -> String {
    match &host.conn {
        ConnState::Idle => "○".into(),
        ConnState::Connecting { .. } => "◌ connecting".into(),
        ConnState::Up { .. } => match host.rtt {
            Some(rtt) => format!("● {} ms", rtt.as_millis()),
            None => "●".into(),
        },
        ConnState::Degraded => "◐ no answer".into(),
        ConnState::Retrying { .. } => "◌ retrying".into(),
        ConnState::NeedsAnswer => "? needs an answer".into(),
        ConnState::Failed(_) => "✗ failed".into(),
    }
}

/// The second line.
pub(super) fn tabs(model: &Model, area: Rect, painter: &mut Painter) {
    let shown = model.screen().map(|screen| screen.pane.tab());
    let mut x = area.x;
    for (id, _) in panes::tabs() {
        let Some(action) = actions::by_id(id) else {
            continue;
        };
        let key = model.preferences.keymap.hint(id);
        let key = key.map(ToString::to_string).unwrap_or_default();
        let style = if shown == Some(id) {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new()
        };
        let label = format!(" {key} {} ", action.title);
        let used = painter.text(x, area.y, area.right().saturating_sub(x), &label, style);
        painter.hit(Rect::new(x, area.y, used, 1), Hit::Action(id));
        x += used;
    }
}
