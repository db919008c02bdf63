//! The header: program, environment, read-only badge, hosts' states; and the tabs below it.

use super::{Painter, columns, hosts};
use crate::{
    remote::{ConnState, hetzner::Permission},
    text,
    tui::{
        actions,
        layout::{Layout, MIN_COLUMNS, MIN_ROWS},
        model::{Model, World},
        msg::Hit,
        panes,
        theme::{Role, Status},
    },
};
use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};
use std::fmt::Write;

/// The first line.
pub(super) fn draw(model: &Model, layout: &Layout, painter: &mut Painter) {
    let area = layout.header;
    if area.is_empty() {
        return;
    }
    let header = painter.theme.style(Role::Header);
    painter.style(area, header);
    let right = area.right();
    let mut x = area.x;
    x += painter.text(
        x,
        area.y,
        right - x,
        " qd ",
        header.add_modifier(Modifier::BOLD),
    );
    let Some(world) = model.world() else { return };
    let badge = painter.theme.badge(world.colour.as_deref());
    let name = format!(" {} ", text::clean(world.id.as_str()));
    let start = x;
    x += painter.cut(x, area.y, right.saturating_sub(x), &name, badge);
    painter.hit(
        Rect::new(start, area.y, x - start, 1),
        Hit::Action("environment"),
    );
    if world.read_only {
        let style = painter.theme.style(Role::Warning).patch(header);
        x += painter.text(
            x,
            area.y,
            right.saturating_sub(x),
            " READ-ONLY",
            style.add_modifier(Modifier::BOLD),
        );
    }
    if layout.tiny {
        tiny(
            model,
            world,
            Rect::new(x, area.y, right.saturating_sub(x), 1),
            painter,
        );
        return;
    }
    let running = model.running().count();
    if running > 0 {
        let start = x;
        let text = format!(" {} {running} running", painter.theme.glyphs().busy);
        x += painter.text(x, area.y, right.saturating_sub(x), &text, header);
        painter.hit(
            Rect::new(start, area.y, x - start, 1),
            Hit::Action("pane.jobs"),
        );
    }
    states(
        model,
        world,
        Rect::new(x, area.y, right.saturating_sub(x), 1),
        painter,
    );
}

/// Each host's state; the worst first and the rest counted where there is no room for all.
fn states(model: &Model, world: &World, area: Rect, painter: &mut Painter) {
    let header = painter.theme.style(Role::Header);
    let mut parts: Vec<_> = world
        .hosts
        .iter()
        .map(|(id, host)| {
            let (status, words) = hosts::describe(host, model.now);
            let (glyph, _, style) = painter.theme.status(status);
            (
                status,
                format!("{} {glyph} {words}", text::clean(id.as_str())),
                style,
            )
        })
        .chain(project(world, painter))
        .collect();
    let needed: usize = parts.iter().map(|(_, text, _)| columns(text) + 2).sum();
    if needed > usize::from(area.width) {
        parts.sort_by_key(|(status, ..)| *status);
    }
    let mut x = area.x;
    let count = parts.len();
    for (at, (_, text, style)) in parts.iter().enumerate() {
        let left = area.right().saturating_sub(x);
        let more = format!("  +{}", count - at);
        let reserve = if at + 1 < count { columns(&more) } else { 0 };
        if at > 0 && columns(text) + 2 + reserve > usize::from(left) {
            painter.text(x, area.y, left, &more, header);
            return;
        }
        x += painter.text(x, area.y, left, "  ", header);
        let left = area.right().saturating_sub(x);
        x += painter.cut(x, area.y, left, text, header.patch(fg_only(*style)));
    }
}

/// The Hetzner project's state: nothing where there is no token, and of the budget nothing while it
/// is comfortable.
fn project(world: &World, painter: &Painter) -> Option<(Status, String, Style)> {
    let cloud = &world.cloud;
    if !cloud.is_configured() {
        return None;
    }
    let (mut status, mut words) = match (&cloud.no_access, &cloud.conn) {
        (Some(why), _) => (Status::Bad, why.code.replace('-', " ")),
        (None, ConnState::Failed(why)) => (Status::Bad, why.code.replace('-', " ")),
        (None, ConnState::Retrying { why, .. }) => (Status::Bad, why.code.replace('-', " ")),
        (None, ConnState::Connecting { .. }) => (Status::Busy, "asking".to_owned()),
        (None, ConnState::Idle) => (Status::Off, String::new()),
        (None, _) => (Status::Good, String::new()),
    };
    if let Some(tenths) = cloud.tenths {
        status = status.min(Status::Warning);
        let _ = write!(words, " <{}% of the budget", u32::from(tenths + 1) * 10);
    }
    if cloud.permission == Permission::Read {
        words.push_str(" read-only");
    }
    let (glyph, _, style) = painter.theme.status(status);
    let text = format!("hetzner {glyph} {}", words.trim_start());
    Some((status, text.trim_end().to_owned(), style))
}

/// The colour of a style without its ground, to be laid over the header's.
fn fg_only(style: ratatui::style::Style) -> ratatui::style::Style {
    ratatui::style::Style { bg: None, ..style }
}

/// All that fits on one line of a very small terminal.
fn tiny(model: &Model, world: &World, area: Rect, painter: &mut Painter) {
    let failed = world.units().filter(|(_, unit)| unit.is_failed()).count();
    let down = world
        .hosts
        .values()
        .filter(|host| !host.conn.is_up())
        .count();
    // What cannot be seen counts more than what can.
    let mut text = match (failed, down) {
        (0, 0) => " all well".to_owned(),
        (failed, 0) => format!(" {failed} failed"),
        (0, down) => format!(" {down} down"),
        (failed, down) => format!(" {down} down {failed} failed"),
    };
    if model.running().next().is_some() {
        text.push_str(" busy");
    }
    let style = painter.theme.style(Role::Header);
    painter.cut(area.x, area.y, area.width, &text, style);
}

/// Below that line, as far as there is room: how to see more, and why hosts are down.
pub(super) fn reasons(model: &Model, area: Rect, painter: &mut Painter) {
    let mut text = format!("Enlarge to {MIN_COLUMNS}x{MIN_ROWS}.");
    let worlds = model
        .screen()
        .and_then(|screen| model.worlds.get(&screen.env));
    for (id, host) in worlds.iter().flat_map(|world| &world.hosts) {
        if let ConnState::Retrying { why, .. } | ConnState::Failed(why) = &host.conn {
            let _ = write!(text, " {id}: {}.", why.message);
        }
    }
    panes::paragraph(painter, area, &text::clean(&text), Role::Text);
}

/// The second line.
pub(super) fn tabs(model: &Model, area: Rect, painter: &mut Painter) {
    let shown = model.screen().map(|screen| screen.pane.tab());
    let right = area.right();
    let mut x = area.x;
    let whole: usize = panes::tabs_of(model.world())
        .iter()
        .filter_map(|(id, _)| actions::by_id(id))
        .map(|action| columns(action.title) + 4)
        .sum();
    // Without room for all, only the shown one has its name.
    let narrow = whole > usize::from(area.width);
    for (id, _) in panes::tabs_of(model.world()) {
        let Some(action) = actions::by_id(id) else {
            continue;
        };
        let key = model.preferences.keymap.hint(id);
        let key = key.map(ToString::to_string).unwrap_or_default();
        let role = if shown == Some(id) {
            Role::Selected
        } else {
            Role::Muted
        };
        let style = painter.theme.style(role);
        let start = x;
        let label = if narrow && shown != Some(id) {
            format!(" {key} ")
        } else {
            format!(" {key} {} ", action.title)
        };
        x += painter.text(x, area.y, right.saturating_sub(x), &label, style);
        painter.hit(Rect::new(start, area.y, x - start, 1), Hit::Action(id));
    }
    // What exactly is shown, where it is more than the tab says.
    if let Some(screen) = model.screen() {
        let title = screen.pane.title();
        let known = panes::tabs_of(model.world())
            .iter()
            .filter_map(|(id, _)| actions::by_id(id))
            .any(|action| action.title == title);
        if !known {
            let glyph = painter.theme.glyphs().step;
            let text = format!(" {glyph} {}", text::clean(&title));
            let style = painter.theme.style(Role::Title);
            painter.cut(x, area.y, right.saturating_sub(x), &text, style);
        }
    }
}
