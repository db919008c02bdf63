//! The Deck: is anything wrong? Problems of every source, worst and newest first; below them
//! one line a host.

mod hetzner;
mod problems;
mod view;

pub(crate) use hetzner::{LOW, faults as cloud_faults};
pub(crate) use problems::{Trouble, troubles};
pub use view::view;

use super::{Args, Ctx, PaneMsg, Subject, units};
use crate::{
    ops::Intent,
    remote::{ConnState, HostId, systemd::Verb},
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next},
        format,
        model::cloud::Place,
        msg::{Hit, Mouse},
        theme::Status,
        view::hosts as conn,
        widgets::{list::ListState, table},
    },
};
use jiff::Timestamp;
use problems::Cure;
use std::fmt::Write;
use view::parts;

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
        PaneMsg::Cloud(_) => {
            if !arrange(state, ctx) {
                return Vec::new();
            }
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
            Some(host) => vec![super::units_of(host)],
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
        (Cure::Cloud(kind, Place::One(number)), _) => vec![Next::Open(Args::Resource {
            kind: *kind,
            number: *number,
        })],
        (Cure::Cloud(kind, Place::Filtered(filter)), _) => vec![Next::Open(Args::Cloud {
            kind: *kind,
            filter: Some(filter.clone()),
        })],
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
