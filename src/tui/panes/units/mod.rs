//! The units of all hosts: failed first, live.

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    remote::{HostId, systemd::Unit},
    text,
    tui::{
        actions::{Context, Offer},
        effect::Next,
        msg::{Hit, Mouse},
        view::Painter,
    },
};
use jiff::Timestamp;
use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};
use std::{fmt::Write, sync::Arc};

/// A row's identity.
type Key = (HostId, String);

/// The list as it is shown.
#[derive(Debug)]
pub struct State {
    rows: Vec<Key>,
    selected: Option<Key>,
    top: usize,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens the list.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        rows: Vec::new(),
        selected: None,
        top: 0,
    };
    if let Args::Units { select, .. } = args {
        state.selected = select.clone();
    }
    arrange(&mut state, ctx);
    (state, Vec::new())
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    match msg {
        PaneMsg::Host(_) | PaneMsg::Shown => arrange(state, ctx),
        PaneMsg::Action("list.down") => step(state, 1, ctx),
        PaneMsg::Action("list.up") => step(state, -1, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => {
            state.selected = state.rows.get(row).cloned()
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => step(state, lines, ctx),
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

/// The list's keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Units, Context::List]
}

/// What can be done now.
pub fn actions(_state: &State, _ctx: &Ctx) -> Vec<Offer> {
    Vec::new()
}

fn rank(unit: &Unit) -> u8 {
    match unit.active.as_str() {
        "failed" => 0,
        "activating" | "deactivating" | "reloading" => 1,
        "active" => 2,
        _ => 3,
    }
}

fn arrange(state: &mut State, ctx: &Ctx) {
    let mut rows: Vec<(&HostId, &Arc<Unit>)> = ctx.world.units().collect();
    rows.sort_by_key(|(host, unit)| (rank(unit), *host, &unit.name));
    state.rows = rows
        .into_iter()
        .map(|(host, unit)| (host.clone(), unit.name.clone()))
        .collect();
    if state.selected.is_none() {
        state.selected = state.rows.first().cloned();
    }
    step(state, 0, ctx);
}

fn step(state: &mut State, by: i32, ctx: &Ctx) {
    let at = state
        .rows
        .iter()
        .position(|row| Some(row) == state.selected.as_ref())
        .unwrap_or(0);
    let by = isize::try_from(by).unwrap_or(0);
    let to = at
        .saturating_add_signed(by)
        .min(state.rows.len().saturating_sub(1));
    state.selected = state.rows.get(to).cloned();
    let height = usize::from(ctx.area.height).max(1);
    state.top = state.top.clamp((to + 1).saturating_sub(height), to);
}

/// The visible rows.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    if state.rows.is_empty() {
        painter.text(
            area.x,
            area.y,
            area.width,
            "no units are known yet",
            Style::new(),
        );
    }
    let rows = state.rows.iter().enumerate().skip(state.top);
    for ((index, key), y) in rows.zip(area.top()..area.bottom()) {
        let Some(unit) = ctx.world.unit(&key.0, &key.1) else {
            continue;
        };
        let line = format!(
            "{:<10} {:<40} {:<12} {}",
            key.0, unit.name, unit.active, unit.description
        );
        let style = if Some(key) == state.selected.as_ref() {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new()
        };
        painter.cut(area.x, y, area.width, &text::clean(&line), style);
        painter.hit(Rect::new(area.x, y, area.width, 1), Hit::Row(index));
    }
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    for key in &state.rows {
        if let Some(unit) = ctx.world.unit(&key.0, &key.1) {
            let _ = writeln!(
                out,
                "{}: {} is {}",
                key.0,
                text::clean(&unit.name),
                text::clean(&unit.active)
            );
        }
    }
}

/// For tab line and history.
pub fn title(_state: &State) -> String {
    "units".into()
}

/// The command line that shows the same.
pub fn cli(_state: &State, ctx: &Ctx) -> Option<String> {
    Some(format!("qd -e {} units", ctx.env()))
}

/// The selected unit's name, or all of it.
pub fn copy(state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    let (host, name) = state.selected.as_ref()?;
    if raw {
        let unit = ctx.world.unit(host, name)?;
        return Some((serde_json::to_string_pretty(&**unit).ok()?, name.clone()));
    }
    Some((name.clone(), "the unit's name".into()))
}

/// The selected unit.
pub fn subject(state: &State, _ctx: &Ctx) -> Option<Subject> {
    let (host, unit) = state.selected.clone()?;
    Some(Subject {
        host,
        unit: Some(unit),
    })
}

/// Nothing ages here.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
