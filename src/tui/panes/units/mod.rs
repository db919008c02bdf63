//! The units of all hosts: failed first, live; filtered, sorted, marked, acted upon.

mod rows;
mod view;

pub(crate) use rows::{state_cell, status};
pub use view::view;

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    filter::Filter,
    logs::Query,
    ops::Intent,
    remote::{HostId, systemd::Verb},
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next, PromptSpec},
        msg::{Hit, Mouse},
        widgets::{list::ListState, table},
    },
};
use jiff::Timestamp;
use rows::{COLUMNS, UnitRow};
use std::{collections::BTreeMap, fmt::Write};

/// A row's identity.
pub(super) type Key = (HostId, String);

/// Types in the order that the type key goes through.
const TYPES: [&str; 8] = [
    "service", "timer", "socket", "mount", "target", "path", "slice", "scope",
];

/// The list as it is shown.
#[derive(Debug)]
pub struct State {
    rows: Vec<Key>,
    /// Rows before filtering.
    all: usize,
    failed_count: usize,
    list: ListState<Key>,
    filter: Filter,
    /// What held before the filter being typed.
    before: Option<Filter>,
    only_failed: bool,
    only_type: Option<&'static str>,
    /// The user moved the selection; until then it stays on the first row.
    moved: bool,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens the list.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        rows: Vec::new(),
        all: 0,
        failed_count: 0,
        list: ListState::default(),
        filter: Filter::default(),
        before: None,
        only_failed: false,
        only_type: None,
        moved: false,
    };
    apply(&mut state, args, ctx);
    (state, Vec::new())
}

fn apply(state: &mut State, args: &Args, ctx: &Ctx) {
    if let Args::Units { filter, select } = args {
        if let Ok(filter) = Filter::parse(filter) {
            state.filter = filter;
        }
        if let Some(key) = select {
            state.list.select(key.clone());
            state.moved = true;
        }
    }
    arrange(state, ctx);
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    state.moved |= matches!(
        msg,
        PaneMsg::Action(_) | PaneMsg::GoTo(_) | PaneMsg::Mouse(_) | PaneMsg::Line { .. }
    );
    match msg {
        PaneMsg::Host(_) | PaneMsg::Shown => arrange(state, ctx),
        PaneMsg::Args(args) => apply(state, &args, ctx),
        PaneMsg::Action(id) => return act(state, id, ctx),
        PaneMsg::GoTo(row) => state.list.click(row.saturating_sub(1), &state.rows, height),
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => {
            state.list.click(row, &state.rows, height);
        }
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Row(row))) => {
            state.list.click(row, &state.rows, height);
            return act(state, "open", ctx);
        }
        PaneMsg::Mouse(Mouse::Click(Hit::Column(column))) => {
            state.list.sort_by(column);
            arrange(state, ctx);
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            let by = isize::try_from(lines).unwrap_or(0);
            state.list.step(by, &state.rows, height);
        }
        PaneMsg::Line {
            kind: "filter",
            text,
            done,
        } => return filter(state, text, done, ctx),
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

fn filter(state: &mut State, text: Option<String>, done: bool, ctx: &Ctx) -> Vec<Next> {
    match text
        .as_deref()
        .map(|text| Filter::parse_for(text, rows::FIELDS))
    {
        // Cancelled: what held before holds again.
        None => state.filter = state.before.take().unwrap_or_default(),
        Some(Ok(filter)) => {
            state.filter = filter;
            if done {
                state.before = None;
            }
        }
        Some(Err(error)) => return vec![Next::Wrong(error.span, error.message)],
    }
    arrange(state, ctx);
    vec![Next::Dirty]
}

fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    if state.list.act(id, &state.rows, height(ctx)) {
        return vec![Next::Dirty];
    }
    match id {
        "open" => match state.list.selected() {
            Some((host, unit)) => {
                return vec![Next::Open(Args::Unit {
                    host: host.clone(),
                    unit: unit.clone(),
                })];
            }
            None => return Vec::new(),
        },
        "back" => {
            // The smaller things first: marks, then filters.
            if !state.list.marks().is_empty() {
                state.list.unmark();
            } else if !state.filter.is_empty() || state.only_failed || state.only_type.is_some() {
                state.filter = Filter::default();
                state.only_failed = false;
                state.only_type = None;
                arrange(state, ctx);
            } else {
                return Vec::new();
            }
            return vec![Next::Taken, Next::Dirty];
        }
        "list.filter" => {
            state.before = Some(state.filter.clone());
            return vec![Next::Prompt(PromptSpec {
                kind: "filter",
                label: "/",
                text: state.filter.as_str().to_owned(),
            })];
        }
        "list.sort" => {
            let next = match state.list.sort {
                None => Some((0, false)),
                Some((column, descending)) if column + 1 < COLUMNS.len() => {
                    Some((column + 1, descending))
                }
                Some(_) => None,
            };
            state.list.sort = next;
        }
        "list.sort-reverse" => {
            if let Some((column, descending)) = state.list.sort {
                state.list.sort = Some((column, !descending));
            }
        }
        "units.failed" => state.only_failed = !state.only_failed,
        "units.type" => {
            let at = state
                .only_type
                .and_then(|kind| TYPES.iter().position(|known| *known == kind));
            state.only_type = match at {
                None => TYPES.first().copied(),
                Some(at) => TYPES.get(at + 1).copied(),
            };
        }
        "refresh" => return refresh(state, ctx),
        "units.logs" => return logs(&state.list.chosen()),
        _ => {
            let Some(verb) = verb(id) else {
                return Vec::new();
            };
            let intents = state
                .list
                .chosen()
                .into_iter()
                .map(|(host, unit)| Intent::Unit { host, unit, verb })
                .collect();
            return vec![Next::Operate(intents)];
        }
    }
    arrange(state, ctx);
    vec![Next::Dirty]
}

/// Memory and processor time change without a signal: asked for the rows that are seen.
fn refresh(state: &State, ctx: &Ctx) -> Vec<Next> {
    let mut by_host: BTreeMap<&HostId, Vec<String>> = BTreeMap::new();
    for (host, unit) in state.rows.iter().skip(state.list.top()).take(height(ctx)) {
        by_host.entry(host).or_default().push(unit.clone());
    }
    by_host
        .into_iter()
        .map(|(host, units)| Next::Do(Effect::Refresh(ctx.env().clone(), host.clone(), units)))
        .collect()
}

/// The journal of these units.
pub(super) fn logs(keys: &[Key]) -> Vec<Next> {
    if keys.is_empty() {
        return Vec::new();
    }
    let mut hosts: Vec<HostId> = keys.iter().map(|(host, _)| host.clone()).collect();
    hosts.sort();
    hosts.dedup();
    let mut units: Vec<String> = keys.iter().map(|(_, unit)| unit.clone()).collect();
    units.sort();
    units.dedup();
    vec![Next::Open(Args::Logs {
        hosts,
        query: Query {
            units,
            ..Query::default()
        },
        filter: String::new(),
    })]
}

/// The verb that the end of an action's id names.
pub(super) fn verb(id: &str) -> Option<Verb> {
    Some(match id.split_once('.')?.1 {
        "start" => Verb::Start,
        "stop" => Verb::Stop,
        "restart" => Verb::Restart,
        "reload" => Verb::Reload,
        "reset-failed" => Verb::ResetFailed,
        "enable" => Verb::Enable,
        "disable" => Verb::Disable,
        _ => return None,
    })
}

/// The list's keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Units, Context::List]
}

/// What can be done now.
pub fn actions(state: &State, ctx: &Ctx) -> Vec<Offer> {
    let selected = state.list.selected();
    let some = || match selected {
        Some(_) => Ok(()),
        None => Err("no unit is selected".to_owned()),
    };
    let unit = selected.and_then(|(host, name)| ctx.world.unit(host, name));
    let failed = || match unit {
        _ if !state.list.marks().is_empty() => Ok(()),
        Some(unit) if unit.is_failed() => Ok(()),
        Some(_) => Err("the unit has not failed".to_owned()),
        None => Err("no unit is selected".to_owned()),
    };
    let stale = selected.and_then(|(host, _)| {
        let state = ctx.world.hosts.get(host)?;
        (!state.conn.is_up()).then(|| format!("{host} is not connected"))
    });
    let live = || match &stale {
        Some(why) => Err(why.clone()),
        None => some(),
    };
    [
        Offer::when("open", some()),
        Offer::when("units.logs", some()),
        Offer::when("units.restart", live()),
        Offer::yes("list.filter"),
        Offer::yes("units.failed"),
        Offer::when("units.start", live()),
        Offer::when("units.stop", live()),
        Offer::when("units.reload", live()),
        Offer::when("units.reset-failed", live().and_then(|()| failed())),
        Offer::when("units.enable", live()),
        Offer::when("units.disable", live()),
        Offer::yes("units.type"),
        Offer::when("list.mark", some()),
        Offer::when(
            "list.sort-reverse",
            match state.list.sort {
                Some(_) => Ok(()),
                None => Err("choose a column first: the list is in its own order".into()),
            },
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn height(ctx: &Ctx) -> usize {
    table::height(view::parts(ctx.area).1)
}

/// Finds the rows that are shown, and their order.
fn arrange(state: &mut State, ctx: &Ctx) {
    let mut rows: Vec<UnitRow> = ctx
        .world
        .units()
        .map(|(host, unit)| UnitRow {
            host,
            unit,
            now: ctx.now,
        })
        .collect();
    state.all = rows.len();
    state.failed_count = rows.iter().filter(|row| row.unit.is_failed()).count();
    rows.retain(|row| {
        (!state.only_failed || row.unit.is_failed())
            && state.only_type.is_none_or(|kind| row.unit.kind() == kind)
            && state.filter.matches(row)
    });
    rows.sort_by(|a, b| {
        let sorted = match state.list.sort {
            Some((column, false)) => rows::compare(a, b, column),
            Some((column, true)) => rows::compare(b, a, column),
            None => std::cmp::Ordering::Equal,
        };
        sorted.then_with(|| rows::by_default(a, b))
    });
    state.rows = rows
        .iter()
        .map(|row| (row.host.clone(), row.unit.name.clone()))
        .collect();
    state.list.settle(&state.rows, height(ctx));
    if !state.moved {
        state.list.click(0, &state.rows, height(ctx));
    }
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    let _ = writeln!(out, "{} units, {} failed", state.all, state.failed_count);
    for (host, name) in &state.rows {
        if let Some(unit) = ctx.world.unit(host, name) {
            let mut line = format!("{host}: {name} is {} ({})", unit.active, unit.sub);
            if let Some(at) = unit.since {
                let since = crate::tui::format::since(at, ctx.now, &ctx.preferences.zone);
                let _ = write!(line, " since {since}");
            }
            let _ = writeln!(out, "{}", text::clean(&line));
        }
    }
}

/// For tab line and history.
pub fn title(_state: &State) -> String {
    "units".into()
}

/// The command line that shows the same.
pub fn cli(state: &State, ctx: &Ctx) -> Option<String> {
    let mut line = format!("qd -e {} units", ctx.env());
    if state.only_failed {
        line.push_str(" --failed");
    }
    if let Some(kind) = state.only_type {
        let _ = write!(line, " --type {kind}");
    }
    Some(line)
}

/// The chosen units' names, or all that is known of them.
pub fn copy(state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    let chosen = state.list.chosen();
    let what = match chosen.as_slice() {
        [] => return None,
        [(_, name)] => name.clone(),
        several => format!("{} units", several.len()),
    };
    let text = if raw {
        let units: Vec<_> = chosen
            .iter()
            .filter_map(|(host, name)| ctx.world.unit(host, name).map(|unit| &**unit))
            .collect();
        match units.as_slice() {
            [one] => serde_json::to_string_pretty(one).ok()?,
            several => serde_json::to_string_pretty(several).ok()?,
        }
    } else {
        let names: Vec<&str> = chosen.iter().map(|(_, name)| name.as_str()).collect();
        names.join("\n")
    };
    Some((text, what))
}

/// The selected unit.
pub fn subject(state: &State, _ctx: &Ctx) -> Option<Subject> {
    let (host, unit) = state.list.selected()?.clone();
    Some(Subject {
        host,
        unit: Some(unit),
    })
}

/// Nothing ages here.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
