//! The journal of any mix of hosts and units, live.

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    logs::{Entry, LogEvent},
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next},
        msg::{StreamId, StreamMsg},
        view::Painter,
    },
};
use jiff::Timestamp;
use ratatui::layout::Rect;
use std::{collections::VecDeque, fmt::Write};

const ENTRIES: usize = 5_000;

/// What is held and followed.
#[derive(Debug)]
pub struct State {
    stream: StreamId,
    entries: VecDeque<Entry>,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Starts following.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let stream = ctx.ids.stream();
    let state = State {
        stream,
        entries: VecDeque::new(),
    };
    let next = match args {
        Args::Logs { hosts, query, .. } => {
            let hosts = if hosts.is_empty() {
                ctx.world.hosts.keys().cloned().collect()
            } else {
                hosts.clone()
            };
            let mut query = query.clone();
            query.lines.get_or_insert(500);
            vec![Next::Do(Effect::Follow(
                ctx.env().clone(),
                stream,
                hosts,
                query,
            ))]
        }
        _ => Vec::new(),
    };
    (state, next)
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    match msg {
        PaneMsg::Stream(id, StreamMsg::Event(LogEvent::Entries(entries))) if id == state.stream => {
            for entry in entries {
                if state.entries.len() >= ENTRIES {
                    state.entries.pop_front();
                }
                state.entries.push_back(entry);
            }
            if ctx.visible {
                vec![Next::Dirty]
            } else {
                Vec::new()
            }
        }
        PaneMsg::Closing => vec![Next::Do(Effect::Stop(state.stream))],
        _ => Vec::new(),
    }
}

/// The journal's keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Logs, Context::List]
}

/// What can be done now.
pub fn actions(_state: &State, _ctx: &Ctx) -> Vec<Offer> {
    Vec::new()
}

/// The newest entries.
pub fn view(state: &State, _cache: &mut Cache, _ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let height = usize::from(area.height);
    let skip = state.entries.len().saturating_sub(height);
    for (entry, y) in state
        .entries
        .iter()
        .skip(skip)
        .zip(area.top()..area.bottom())
    {
        let message = text::clean_bytes(&entry.message);
        painter.text(
            area.x,
            y,
            area.width,
            &message,
            ratatui::style::Style::new(),
        );
    }
}

/// The same as lines.
pub fn plain(state: &State, _ctx: &Ctx, out: &mut String) {
    for entry in &state.entries {
        let _ = writeln!(out, "{}", text::clean_bytes(&entry.message));
    }
}

/// For tab line and history.
pub fn title(_state: &State) -> String {
    "logs".into()
}

/// The command line that shows the same.
pub fn cli(_state: &State, ctx: &Ctx) -> Option<String> {
    Some(format!("qd -e {} logs -f", ctx.env()))
}

/// The newest entry's message.
pub fn copy(state: &State, _ctx: &Ctx, _raw: bool) -> Option<(String, String)> {
    let entry = state.entries.back()?;
    Some((
        String::from_utf8_lossy(&entry.message).into_owned(),
        "the newest entry".into(),
    ))
}

/// The host of the newest entry.
pub fn subject(state: &State, _ctx: &Ctx) -> Option<Subject> {
    let entry = state.entries.back()?;
    Some(Subject {
        host: entry.host.clone(),
        unit: entry.unit.as_deref().map(str::to_owned),
    })
}

/// Nothing ages here.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
