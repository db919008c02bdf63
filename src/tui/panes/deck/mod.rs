//! The Deck: is anything wrong? Problems of every source, worst and newest first; below them
//! one line a host.

mod problems;

pub(crate) use problems::{Trouble, troubles};

use super::{Args, Ctx, PaneMsg, Subject, units};
use crate::{
    ops::Intent,
    remote::{ConnState, HostId, systemd::Verb},
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next},
        format,
        model::{HostState, gauges},
        msg::{Hit, Mouse},
        theme::{Role, Status},
        view::{Painter, hosts as conn},
        widgets::{
            graph,
            list::ListState,
            table::{self, CellText, Column},
        },
    },
};
use jiff::Timestamp;
use problems::{Cure, What};
use ratatui::layout::Rect;
use std::fmt::Write;

/// What is shown and where one is.
#[derive(Debug)]
pub struct State {
    troubles: Vec<Trouble>,
    keys: Vec<String>,
    list: ListState<String>,
    host_keys: Vec<HostId>,
    hosts: ListState<HostId>,
    /// The hosts have the selection, not the problems.
    on_hosts: bool,
    /// The user moved the selection; until then it stays on the worst problem.
    moved: bool,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens it.
pub fn open(_args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        troubles: Vec::new(),
        keys: Vec::new(),
        list: ListState::default(),
        host_keys: Vec::new(),
        hosts: ListState::default(),
        on_hosts: false,
        moved: false,
    };
    arrange(&mut state, ctx);
    (state, Vec::new())
}

/// Whether something shown changed.
fn arrange(state: &mut State, ctx: &Ctx) -> bool {
    let troubles = troubles(ctx.world, ctx.jobs, ctx.now);
    let changed = troubles != state.troubles;
    state.keys = troubles.iter().map(|trouble| trouble.key.clone()).collect();
    state.troubles = troubles;
    state.host_keys = ctx.world.hosts.keys().cloned().collect();
    let (upper, lower) = parts(state, ctx.area);
    state.list.settle(&state.keys, table::height(upper));
    state.hosts.settle(&state.host_keys, table::height(lower));
    if !state.moved {
        state.list.click(0, &state.keys, table::height(upper));
        state.on_hosts = false;
    }
    if state.keys.is_empty() {
        state.on_hosts = true;
    }
    changed
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    state.moved |= matches!(msg, PaneMsg::Action(_) | PaneMsg::Mouse(_));
    match msg {
        PaneMsg::Host(_) => {
            arrange(state, ctx);
        }
        PaneMsg::Shown | PaneMsg::Jobs | PaneMsg::Clock => {
            arrange(state, ctx);
        }
        PaneMsg::Action(id) => return act(state, id, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => click(state, row, ctx),
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Row(row))) => {
            click(state, row, ctx);
            return act(state, "open", ctx);
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            let id = if lines > 0 { "list.down" } else { "list.up" };
            return act(state, id, ctx);
        }
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

/// Rows of hosts are counted after those of problems.
fn click(state: &mut State, row: usize, ctx: &Ctx) {
    let (upper, lower) = parts(state, ctx.area);
    match row.checked_sub(state.keys.len()) {
        None => {
            state.on_hosts = false;
            state.list.click(row, &state.keys, table::height(upper));
        }
        Some(row) => {
            state.on_hosts = true;
            state
                .hosts
                .click(row, &state.host_keys, table::height(lower));
        }
    }
}

fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let (upper, lower) = parts(state, ctx.area);
    match id {
        "open" => return cure(state, ctx),
        "deck.logs" => return logs(state),
        "deck.restart" | "deck.reset-failed" => {
            let verb = if id == "deck.restart" {
                Verb::Restart
            } else {
                Verb::ResetFailed
            };
            return match unit(state) {
                Some((host, unit)) => vec![Next::Operate(vec![Intent::Unit { host, unit, verb }])],
                None => Vec::new(),
            };
        }
        // From the last problem one goes down to the hosts, and back up.
        "list.down" if !state.on_hosts && state.list.at() + 1 >= state.keys.len() => {
            state.on_hosts = !state.host_keys.is_empty();
            if state.on_hosts {
                state
                    .hosts
                    .act("list.top", &state.host_keys, table::height(lower));
            }
        }
        "list.up" if state.on_hosts && state.hosts.at() == 0 && !state.keys.is_empty() => {
            state.on_hosts = false;
        }
        "list.top" if !state.keys.is_empty() => {
            state.on_hosts = false;
            state.list.act(id, &state.keys, table::height(upper));
        }
        "list.bottom" if !state.host_keys.is_empty() => {
            state.on_hosts = true;
            state.hosts.act(id, &state.host_keys, table::height(lower));
        }
        _ if state.on_hosts => {
            if !state.hosts.act(id, &state.host_keys, table::height(lower)) {
                return Vec::new();
            }
        }
        _ => {
            if !state.list.act(id, &state.keys, table::height(upper)) {
                return Vec::new();
            }
        }
    }
    vec![Next::Dirty]
}

fn selected(state: &State) -> Option<&Trouble> {
    if state.on_hosts {
        return None;
    }
    state.troubles.get(state.list.at())
}

fn unit(state: &State) -> Option<(HostId, String)> {
    let trouble = selected(state)?;
    Some((trouble.host.clone()?, trouble.unit.clone()?))
}

fn cure(state: &State, ctx: &Ctx) -> Vec<Next> {
    if state.on_hosts {
        return match state.hosts.selected() {
            Some(host) => vec![Next::Open(Args::Units {
                filter: format!("host:={host}"),
                select: None,
            })],
            None => Vec::new(),
        };
    }
    let Some(trouble) = selected(state) else {
        return Vec::new();
    };
    match (&trouble.cure, &trouble.host) {
        (Cure::Unit, Some(host)) => match &trouble.unit {
            Some(unit) => vec![Next::Open(Args::Unit {
                host: host.clone(),
                unit: unit.clone(),
            })],
            None => Vec::new(),
        },
        (Cure::Connect, Some(host)) if trouble.problem.is_some() => match &trouble.problem {
            Some(problem) => vec![Next::Explain(host.clone(), Box::new(problem.clone()))],
            None => Vec::new(),
        },
        (Cure::Connect, Some(host)) => vec![Next::Do(Effect::Retry(
            ctx.env().clone(),
            Some(host.clone()),
        ))],
        (Cure::Shell, Some(host)) => {
            vec![Next::Do(Effect::Shell(ctx.env().clone(), host.clone()))]
        }
        (Cure::Jobs, _) => vec![Next::Open(Args::Jobs)],
        _ => Vec::new(),
    }
}

fn logs(state: &State) -> Vec<Next> {
    if let Some((host, unit)) = unit(state) {
        return units::logs(&[(host, unit)]);
    }
    let host = if state.on_hosts {
        state.hosts.selected().cloned()
    } else {
        selected(state).and_then(|trouble| trouble.host.clone())
    };
    vec![Next::Open(Args::Logs {
        hosts: host.into_iter().collect(),
        query: crate::logs::Query::default(),
        filter: String::new(),
    })]
}

/// The Deck's keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Deck, Context::List]
}

/// What can be done now.
pub fn actions(state: &State, ctx: &Ctx) -> Vec<Offer> {
    let unit = unit(state);
    let live = |host: &HostId| ctx.world.hosts.get(host).is_some_and(|h| h.conn.is_up());
    let on_unit = match &unit {
        Some((host, _)) if live(host) => Ok(()),
        Some((host, _)) => Err(format!("{host} is not connected")),
        None => Err("no unit is selected".to_owned()),
    };
    let connected = ctx.world.hosts.values().all(|host| host.conn.is_up());
    [
        Offer::yes("open"),
        Offer::yes("deck.logs"),
        Offer::when("deck.restart", on_unit.clone()),
        Offer::when("deck.reset-failed", on_unit),
        Offer::yes("shell"),
        if connected {
            None
        } else {
            Offer::yes("refresh")
        },
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Problems above, hosts below with as much room as they need, up to half.
fn parts(state: &State, area: Rect) -> (Rect, Rect) {
    let (upper, _, lower) = places(state, area);
    (upper, lower)
}

/// Lines of the selected problem's whole text.
const DETAIL: u16 = 3;

fn places(state: &State, area: Rect) -> (Rect, Rect, Rect) {
    let hosts = u16::try_from(state.host_keys.len())
        .unwrap_or(u16::MAX)
        .saturating_add(1)
        .min(area.height / 2);
    let detail = if area.height >= 16 && !state.troubles.is_empty() {
        DETAIL
    } else {
        0
    };
    let height = area.height - hosts - detail;
    let upper = Rect::new(area.x, area.y, area.width, height);
    let middle = Rect::new(area.x, area.y + height, area.width, detail);
    let lower = Rect::new(area.x, area.y + height + detail, area.width, hosts);
    (upper, middle, lower)
}

/// The text of a problem is what counts; on a narrow screen host and time still do.
fn trouble_columns(width: u16) -> [Column; 4] {
    let text = if width < 60 { 18 } else { 44 };
    [
        column("PROBLEM", text, u16::MAX, 0, false),
        column("HOST", 6, 9, 2, false),
        column("SINCE", 8, 10, 1, false),
        column("KEY", 10, 10, 3, false),
    ]
}

const HOSTS: [Column; 9] = [
    column("HOST", 8, 16, 0, false),
    column("STATE", 12, 30, 0, false),
    column("FAILED", 6, 6, 1, true),
    column("LOAD", 5, 6, 3, true),
    column("CPU", 4, 5, 4, true),
    column("MEM", 4, 5, 2, true),
    column("DISK", 6, 22, 5, false),
    column("", 10, 30, 6, false),
    column("UP", 4, 5, 7, true),
];
const SPARK: usize = 7;

const fn column(title: &'static str, min: u16, ideal: u16, rank: u8, right: bool) -> Column {
    Column {
        title,
        min,
        ideal,
        rank,
        right,
    }
}

/// Problems, then hosts.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let (upper, middle, lower) = places(state, area);
    if let Some(trouble) = selected(state) {
        let whole = match &trouble.hint {
            Some(hint) => format!("{}. To do: {hint}", trouble.line()),
            None => trouble.line(),
        };
        super::paragraph(painter, middle, &text::clean(&whole), Role::Accent);
    }
    if state.troubles.is_empty() {
        calm(ctx, upper, painter);
    } else {
        let none = ListState::default();
        let list = if state.on_hosts { &none } else { &state.list };
        let columns = trouble_columns(upper.width);
        table::draw(
            painter,
            upper,
            &columns,
            &state.keys,
            list,
            |row, column, cell| {
                if let Some(trouble) = state.troubles.get(row) {
                    trouble_cell(trouble, column, ctx, cell);
                }
            },
        );
    }
    hosts(state, ctx, lower, painter);
}

fn calm(ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let waiting = ctx
        .world
        .hosts
        .values()
        .any(|host| host.units.is_none() || host.stale);
    let (role, text) = if ctx.world.hosts.is_empty() {
        (Role::Warning, super::waiting(ctx))
    } else if waiting {
        (Role::Muted, super::waiting(ctx))
    } else {
        (Role::Good, "Nothing is wrong.".to_owned())
    };
    let area = Rect::new(
        area.x,
        area.y.saturating_add(1),
        area.width,
        area.height.saturating_sub(1),
    );
    super::paragraph(painter, area, &text, role);
}

fn trouble_cell(trouble: &Trouble, column: usize, ctx: &Ctx, cell: &mut CellText) {
    let theme = &ctx.preferences.theme;
    match column {
        0 => {
            let (glyph, letter, style) = theme.status(trouble.status);
            let _ = write!(cell.text, "{glyph} {letter} {}", text::clean(&trouble.text));
            cell.style = style;
        }
        1 => {
            if let Some(host) = &trouble.host {
                cell.text.push_str(&text::clean(host.as_str()));
            }
        }
        2 => {
            if let Some(at) = trouble.since {
                cell.text
                    .push_str(&format::since(at, ctx.now, &ctx.preferences.zone));
            }
            cell.style = theme.style(Role::Muted);
        }
        _ => {
            // Connecting again does not help against a key that is not the one we know.
            let alarm = trouble.problem.as_ref().is_some_and(|why| why.is_alarm());
            let action = match trouble.cure {
                Cure::Connect if alarm => "open",
                Cure::Connect => "refresh",
                Cure::Shell => "shell",
                Cure::Unit | Cure::Jobs | Cure::None => "open",
            };
            if let Some(key) = ctx.preferences.keymap.hint(action)
                && trouble.cure != Cure::None
            {
                let word = match (&trouble.what, &trouble.cure) {
                    (_, Cure::Connect) if alarm => "why",
                    (_, Cure::Connect) => "connect",
                    (_, Cure::Shell) => "shell",
                    (What::Job, _) => "output",
                    _ => "look",
                };
                let _ = write!(cell.text, "{key} {word}");
            }
            cell.style = theme.style(Role::Key);
        }
    }
}

fn hosts(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let none = ListState::default();
    let list = if state.on_hosts { &state.hosts } else { &none };
    let first = painter.hits.len();
    table::draw(
        painter,
        area,
        &HOSTS,
        &state.host_keys,
        list,
        |row, column, cell| {
            if let Some(id) = state.host_keys.get(row)
                && let Some(host) = ctx.world.hosts.get(id)
            {
                host_cell(id, host, column, ctx, cell);
            }
        },
    );
    // The rows are counted after the problems'.
    for (_, hit) in painter.hits.iter_mut().skip(first) {
        if let Hit::Row(row) = hit {
            *row += state.keys.len();
        }
    }
    let widths = table::widths(&HOSTS, area.width);
    let before: u16 = widths
        .iter()
        .take(SPARK)
        .filter(|width| **width > 0)
        .map(|width| width + 1)
        .sum();
    let Some(width) = widths.get(SPARK).copied().filter(|width| *width > 0) else {
        return;
    };
    let style = painter.theme.style(Role::Muted);
    let x = area.x.saturating_add(1 + before);
    let rows = state.host_keys.iter().skip(list.top());
    for (id, y) in rows.zip(area.top() + 1..area.bottom()) {
        if let Some(host) = ctx.world.hosts.get(id) {
            let values: Vec<f32> = host.cpu_history.iter().copied().collect();
            graph::spark(painter, (x, y), width, &values, style);
        }
    }
}

fn host_cell(id: &HostId, host: &HostState, column: usize, ctx: &Ctx, cell: &mut CellText) {
    let theme = &ctx.preferences.theme;
    let metrics = host.gauges.as_ref();
    let level = |part: f32, warn: f32, bad: f32| {
        if part >= bad {
            theme.style(Role::Bad)
        } else if part >= warn {
            theme.style(Role::Warning)
        } else {
            theme.style(Role::Text)
        }
    };
    match column {
        0 => cell.text.push_str(&text::clean(id.as_str())),
        1 => {
            let (status, words) = conn::describe(host, ctx.now);
            let (glyph, letter, style) = theme.status(status);
            let _ = write!(cell.text, "{glyph} {letter} {}", text::clean(&words));
            cell.style = style;
        }
        2 => {
            if let Some(units) = &host.units {
                let failed = units.values().filter(|unit| unit.is_failed()).count();
                let _ = write!(cell.text, "{failed}");
                if failed > 0 {
                    cell.style = theme.style(Role::Bad);
                }
            }
        }
        3 => {
            if let Some(metrics) = metrics {
                let _ = write!(cell.text, "{:.1}", metrics.load1);
            }
        }
        4 => {
            if let Some(used) = metrics.and_then(|metrics| metrics.cpu_used) {
                let _ = write!(cell.text, "{:.0}%", used * 100.0);
                cell.style = level(used, 0.85, 0.97);
            }
        }
        5 => {
            if let Some(used) = metrics.and_then(problems::memory_used) {
                let _ = write!(cell.text, "{:.0}%", used * 100.0);
                cell.style = level(used, 0.9, 0.95);
            }
        }
        6 => {
            if let Some(disk) = metrics.and_then(problems::fullest) {
                let full = disk.full();
                let _ = write!(
                    cell.text,
                    "{:.0}% {}",
                    full * 100.0,
                    text::clean(&disk.mount)
                );
                cell.style = level(full, problems::DISK_WARN, problems::DISK_BAD);
            }
        }
        8 => {
            if let Some(metrics) = metrics {
                match gauges::up_step(metrics.uptime) {
                    0 => cell.text.push_str("<5m"),
                    seconds => format::span(&mut cell.text, seconds),
                }
            }
        }
        _ => {}
    }
    if host.stale && column > 1 {
        cell.style = theme.style(Role::Muted);
    }
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    if state.troubles.is_empty() {
        out.push_str("Nothing is known to be wrong.\n");
    }
    for trouble in &state.troubles {
        let word = match trouble.status {
            Status::Bad => "problem",
            _ => "warning",
        };
        let host = trouble.host.as_ref().map_or("", HostId::as_str);
        let mut line = format!("{word}: {host}: {}", trouble.text);
        if let Some(at) = trouble.since {
            let since = format::since(at, ctx.now, &ctx.preferences.zone);
            let _ = write!(line, " since {since}");
        }
        let _ = writeln!(out, "{}", text::clean(&line));
    }
    for (id, host) in &ctx.world.hosts {
        let words = conn::describe(host, ctx.now).1;
        let _ = writeln!(out, "host {id}: {}", text::clean(&words));
    }
}

/// For tab line and history.
pub fn title(_state: &State) -> String {
    "deck".into()
}

/// The nearest the command line has.
pub fn cli(_state: &State, ctx: &Ctx) -> Option<String> {
    Some(format!("qd -e {} doctor", ctx.env()))
}

/// The selected problem.
pub fn copy(state: &State, _ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    if raw {
        let all: Vec<String> = state.troubles.iter().map(Trouble::line).collect();
        return (!all.is_empty()).then(|| (all.join("\n"), "all problems".into()));
    }
    match selected(state) {
        Some(trouble) => Some((trouble.line(), "the problem".into())),
        None => {
            let host = state.hosts.selected()?;
            Some((host.to_string(), "the host's name".into()))
        }
    }
}

/// The selected host.
pub fn subject(state: &State, _ctx: &Ctx) -> Option<Subject> {
    match selected(state) {
        Some(trouble) => Some(Subject {
            host: trouble.host.clone()?,
            unit: trouble.unit.clone(),
        }),
        None => Some(Subject {
            host: state.hosts.selected()?.clone(),
            unit: None,
        }),
    }
}

/// Only while a host counts down to its next attempt.
pub fn wake(_state: &State, ctx: &Ctx) -> Option<Timestamp> {
    let counting = ctx
        .world
        .hosts
        .values()
        .any(|host| matches!(host.conn, ConnState::Retrying { .. }));
    counting.then(|| super::next_second(ctx.now))
}
