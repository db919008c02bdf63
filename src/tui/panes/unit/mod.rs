//! One unit: how it fares, and in tabs its properties, file, recent log (live), dependencies.

mod properties;
mod tabs;
mod view;

pub use view::view;

use super::{Args, Ctx, PaneMsg, Subject, units};
use crate::{
    logs::{LogEvent, Query},
    ops::Intent,
    remote::HostId,
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next, PromptSpec},
        format,
        msg::{Hit, Mouse, Reply, RequestId, StreamId, StreamMsg},
        theme::{Role, Status},
        widgets::text_view::{Line, joined},
    },
};
use jiff::Timestamp;
use std::fmt::Write;
use tabs::{LOG, TABS, Tab};
use view::HEAD;

/// Journal entries asked for and kept.
const LINES: usize = 500;
/// The unit and what was fetched of it.
#[derive(Debug)]
pub struct State {
    host: HostId,
    unit: String,
    at: usize,
    tabs: [Tab; 4],
    stream: Option<StreamId>,
    /// The run and state that the properties were fetched for.
    seen: Option<(String, Option<String>)>,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens it; on the log where the unit failed, which is what one comes for then.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let (host, unit) = match args {
        Args::Unit { host, unit } => (host.clone(), unit.clone()),
        _ => (HostId::new(""), String::new()),
    };
    let failed = ctx
        .world
        .unit(&host, &unit)
        .is_some_and(|unit| units::status(unit) == Status::Bad);
    let mut state = State {
        host,
        unit,
        at: if failed { LOG } else { 0 },
        tabs: Default::default(),
        stream: None,
        seen: None,
    };
    let next = fetch(&mut state, ctx);
    (state, next)
}

/// Asks for what the shown tab needs and has not got.
fn fetch(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let Some((_, ask)) = TABS.get(state.at) else {
        return Vec::new();
    };
    let (env, host, unit) = (ctx.env().clone(), state.host.clone(), state.unit.clone());
    let Some(tab) = state.tabs.get_mut(state.at) else {
        return Vec::new();
    };
    if tab.asked {
        return Vec::new();
    }
    tab.asked = true;
    match ask {
        Some(ask) => {
            let request = ctx.ids.request();
            tab.request = Some(request);
            vec![Next::Do(Effect::AskUnit(env, request, host, unit, *ask))]
        }
        None => {
            let stream = ctx.ids.stream();
            state.stream = Some(stream);
            let query = Query {
                units: vec![unit],
                lines: Some(LINES),
                ..Query::default()
            };
            vec![Next::Do(Effect::Follow(env, stream, vec![host], query))]
        }
    }
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let height = body_height(ctx);
    match msg {
        PaneMsg::Action(id) => return act(state, id, ctx),
        PaneMsg::Host(host) if host == state.host => return news(state, ctx),
        PaneMsg::Reply(id, reply) => return answer(state, id, reply, ctx),
        PaneMsg::Stream(id, StreamMsg::Event(event)) if Some(id) == state.stream => {
            return log(state, event, ctx);
        }
        PaneMsg::Closing => {
            return state
                .stream
                .take()
                .map(|stream| Next::Do(Effect::Stop(stream)))
                .into_iter()
                .collect();
        }
        PaneMsg::Mouse(Mouse::Click(Hit::Tab(at))) => {
            state.at = at.min(TABS.len() - 1);
            let mut next = fetch(state, ctx);
            next.push(Next::Dirty);
            return next;
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            if let Some(tab) = state.tabs.get_mut(state.at) {
                let by = isize::try_from(lines).unwrap_or(0);
                tab.scroll(by, height);
            }
        }
        PaneMsg::GoTo(line) => {
            if let Some(tab) = state.tabs.get_mut(state.at) {
                tab.view.act("text.top", &tab.lines, height);
                let by = isize::try_from(line.saturating_sub(1)).unwrap_or(0);
                tab.scroll(by, height);
            }
        }
        PaneMsg::Line {
            kind: "search",
            text,
            ..
        } => {
            let Some(tab) = state.tabs.get_mut(state.at) else {
                return Vec::new();
            };
            let searched = tab.view.search_for(text.as_deref(), &tab.lines, height);
            if let Err(error) = searched {
                return vec![Next::Wrong(error.span, error.message)];
            }
        }
        PaneMsg::Shown => {}
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let height = body_height(ctx);
    match id {
        "unit.next-tab" | "unit.previous-tab" => {
            let step = if id == "unit.next-tab" {
                1
            } else {
                TABS.len() - 1
            };
            state.at = (state.at + step) % TABS.len();
            let mut next = fetch(state, ctx);
            next.push(Next::Dirty);
            return next;
        }
        "unit.logs" => return units::logs(&[(state.host.clone(), state.unit.clone())]),
        "text.search" => {
            return vec![Next::Prompt(PromptSpec {
                kind: "search",
                label: "search: ",
                text: String::new(),
            })];
        }
        "refresh" => {
            for (tab, (_, ask)) in state.tabs.iter_mut().zip(TABS) {
                if ask.is_some() {
                    tab.asked = false;
                }
            }
            let mut next = fetch(state, ctx);
            next.push(Next::Do(Effect::Refresh(
                ctx.env().clone(),
                state.host.clone(),
                vec![state.unit.clone()],
            )));
            return next;
        }
        _ => {}
    }
    if let Some(verb) = units::verb(id) {
        return vec![Next::Operate(vec![Intent::Unit {
            host: state.host.clone(),
            unit: state.unit.clone(),
            verb,
        }])];
    }
    match state.tabs.get_mut(state.at) {
        Some(tab) => {
            if tab.act(id, height) {
                vec![Next::Dirty]
            } else {
                Vec::new()
            }
        }
        None => Vec::new(),
    }
}

/// The unit may have changed: its properties are of the past then.
fn news(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let seen = ctx.world.unit(&state.host, &state.unit).map(|unit| {
        (
            format!("{} {}", unit.active, unit.sub),
            unit.invocation_id.clone(),
        )
    });
    let mut next = vec![Next::Dirty];
    if seen != state.seen {
        let first = state.seen.is_none();
        state.seen = seen;
        if let Some(tab) = state.tabs.first_mut()
            && !first
            && tab.request.is_none()
        {
            tab.asked = false;
            if state.at == 0 {
                next.extend(fetch(state, ctx));
            }
        }
    }
    next
}

fn answer(
    state: &mut State,
    id: RequestId,
    reply: Result<Reply, crate::problem::Problem>,
    ctx: &Ctx,
) -> Vec<Next> {
    let height = body_height(ctx);
    for tab in &mut state.tabs {
        if tab.request == Some(id) {
            tab.request = None;
            tab.fill(reply, height, ctx);
            return vec![Next::Dirty];
        }
    }
    Vec::new()
}

fn log(state: &mut State, event: LogEvent, ctx: &Ctx) -> Vec<Next> {
    let height = body_height(ctx);
    let Some(tab) = state.tabs.get_mut(LOG) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    match event {
        LogEvent::Entries(entries) => {
            for entry in entries {
                let time = Timestamp::from_microsecond(entry.realtime).unwrap_or_default();
                let time = format::moment(time, ctx.now, &ctx.preferences.zone);
                let message = String::from_utf8_lossy(&entry.message);
                for (at, part) in message.lines().enumerate() {
                    let part = text::clean(part);
                    let text = if at == 0 {
                        format!("{time} {part}")
                    } else {
                        format!("{:width$} {part}", "", width = time.len())
                    };
                    lines.push(Line {
                        role: tabs::priority(entry.priority),
                        ..Line::plain(text)
                    });
                }
            }
        }
        LogEvent::Gap(gap) => lines.push(Line {
            role: Some(Role::Warning),
            ..Line::plain(format!(
                "-- entries are missing here: {} --",
                text::clean(&gap.why)
            ))
        }),
        LogEvent::Down(_, problem) | LogEvent::Warning(_, problem) => lines.push(Line {
            role: Some(Role::Warning),
            ..Line::plain(format!("-- {} --", text::clean(&problem.to_string())))
        }),
        LogEvent::Live(_) => {
            tab.loaded = true;
        }
    }
    tab.append(lines, height, LINES);
    if state.at == LOG {
        vec![Next::Dirty]
    } else {
        Vec::new()
    }
}

/// The unit's keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Unit, Context::Text]
}

/// What can be done now.
pub fn actions(state: &State, ctx: &Ctx) -> Vec<Offer> {
    let unit = ctx.world.unit(&state.host, &state.unit);
    let live = || match ctx.world.hosts.get(&state.host) {
        Some(host) if host.conn.is_up() => Ok(()),
        _ => Err(format!("{} is not connected", state.host)),
    };
    let failed = || match unit {
        Some(unit) if unit.is_failed() => Ok(()),
        _ => Err("the unit has not failed".to_owned()),
    };
    [
        Offer::yes("unit.next-tab"),
        Offer::yes("unit.logs"),
        Offer::when("unit.restart", live()),
        Offer::when("unit.start", live()),
        Offer::when("unit.stop", live()),
        Offer::when("unit.reload", live()),
        Offer::when("unit.reset-failed", live().and_then(|()| failed())),
        Offer::when("unit.enable", live()),
        Offer::when("unit.disable", live()),
        Offer::yes("text.search"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn body_height(ctx: &Ctx) -> usize {
    usize::from(ctx.area.height.saturating_sub(HEAD))
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    let _ = write!(out, "{} on {}", text::clean(&state.unit), state.host);
    if let Some(unit) = ctx.world.unit(&state.host, &state.unit) {
        let _ = write!(
            out,
            ": {} ({})",
            text::clean(&unit.active),
            text::clean(&unit.sub)
        );
    }
    out.push('\n');
    if let (Some(tab), Some((name, _))) = (state.tabs.get(state.at), TABS.get(state.at)) {
        let _ = writeln!(out, "{name}:");
        for line in &tab.lines {
            let _ = writeln!(out, "{:1$}{2}", "", usize::from(line.depth) * 2, line.text);
        }
    }
}

/// For tab line and history.
pub fn title(state: &State) -> String {
    state.unit.clone()
}

/// The command line that shows the same.
pub fn cli(state: &State, ctx: &Ctx) -> Option<String> {
    let (env, host, unit) = (ctx.env(), &state.host, &state.unit);
    Some(match TABS.get(state.at) {
        Some((_, None)) => format!("qd -e {env} logs {unit} --host {host} -f"),
        _ => format!("qd -e {env} unit show {unit} --host {host}"),
    })
}

/// The unit's name, or the text of the tab.
pub fn copy(state: &State, _ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    if !raw {
        return Some((state.unit.clone(), state.unit.clone()));
    }
    let (tab, (name, _)) = (state.tabs.get(state.at)?, TABS.get(state.at)?);
    Some((joined(&tab.lines), format!("{name} of {}", state.unit)))
}

/// The unit.
pub fn subject(state: &State, _ctx: &Ctx) -> Option<Subject> {
    Some(Subject {
        host: state.host.clone(),
        unit: Some(state.unit.clone()),
    })
}

/// Nothing ages here.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
