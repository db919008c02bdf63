//! News of environments: connections, units.

use super::{cloud, confirm, note, say, stop, tell, tell_everyone};
use crate::{
    remote::{
        ConnState, HostId,
        metrics::{Metrics, MetricsEvent},
        systemd::UnitEvent,
    },
    tui::{
        effect::Effect,
        model::{EnvId, HostState, Model, World, gauges},
        msg::{EnvMsg, Level},
        panes::{PaneMsg, ScreenId, deck},
    },
};
use std::sync::Arc;

pub(super) fn news(model: &mut Model, env: &EnvId, news: EnvMsg, out: &mut Vec<Effect>) {
    let now = model.now;
    let current = *env == model.current;
    let Some(world) = model.worlds.get_mut(env) else {
        return;
    };
    let host = match news {
        EnvMsg::Conn(host, conn) => {
            let Some(state) = world.hosts.get_mut(&host) else {
                return;
            };
            let told = connection_note(state, &conn, now);
            let alarm = match &conn {
                ConnState::Failed(problem) if problem.is_alarm() && state.conn != conn => {
                    Some(problem.clone())
                }
                _ => None,
            };
            let up = conn.is_up();
            let came = attempt_note(state, &conn);
            let visible = connection(state, conn, now);
            let answered = came.is_some();
            if let Some((level, text)) = came {
                say(model, level, format!("{host}: {text}"));
                tell_everyone(model, |_| PaneMsg::Messages, out);
            }
            if !visible {
                return;
            }
            model.dirty |= current;
            if let Some((level, text)) = told.filter(|_| !answered) {
                note(model, env.clone(), level, format!("{host}: {text}"));
                tell_everyone(model, |_| PaneMsg::Messages, out);
            }
            if up {
                stop::hide(model, env, &host);
            }
            if let Some(problem) = alarm {
                stop::show(model, env.clone(), host.clone(), problem);
            }
            host
        }
        EnvMsg::Units(host, event) => {
            let Some(state) = world.hosts.get_mut(&host) else {
                return;
            };
            units(state, event, now);
            host
        }
        EnvMsg::Metrics(host, MetricsEvent::Sample(metrics)) => {
            let Some(state) = world.hosts.get_mut(&host) else {
                return;
            };
            if !measured(state, metrics) {
                return;
            }
            begun(world, now);
            host
        }
        EnvMsg::Cached(snapshot) => {
            snapshot.fill(world);
            model.dirty |= current;
            let hosts: Vec<HostId> = world.hosts.keys().cloned().collect();
            for host in hosts {
                tell_all(model, env, &host, out);
            }
            return;
        }
        // Its connection tells the same, with the reason.
        EnvMsg::Metrics(_, MetricsEvent::Down(_)) => return,
        EnvMsg::Cloud(msg) => return cloud::news(model, env, msg, out),
        EnvMsg::Pending(pending) => return confirm::reattach(model, env, pending, out),
    };
    tell_all(model, env, &host, out);
}

/// Samples kept for the graph.
const SAMPLES: usize = 60;

/// Takes a sample; whether something that is shown of it changed.
fn measured(state: &mut HostState, metrics: Metrics) -> bool {
    if let Some(used) = metrics.cpu_used {
        if state.cpu_history.len() >= SAMPLES {
            state.cpu_history.pop_front();
        }
        // The graph moves on with the next frame; it is no reason for one.
        state.cpu_history.push_back(used);
    }
    let changed = gauges::settle(&mut state.gauges, &metrics);
    state.metrics = Some(metrics);
    changed
}

/// Marks the hosts that the user wants another attempt at.
pub(super) fn wanted(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        let Effect::Retry(env, only) = effect else {
            continue;
        };
        for (id, host) in model
            .worlds
            .get_mut(env)
            .into_iter()
            .flat_map(|w| &mut w.hosts)
        {
            if only.as_ref().is_none_or(|only| only == id) && !host.conn.is_up() {
                host.wanted = true;
            }
        }
    }
}

/// What came of an attempt that the user asked for.
fn attempt_note(state: &mut HostState, conn: &ConnState) -> Option<(Level, String)> {
    if !state.wanted {
        return None;
    }
    let told = match conn {
        ConnState::Up { .. } => (Level::Info, "connected".to_owned()),
        ConnState::Retrying { why, .. } | ConnState::Failed(why) => {
            (Level::Error, format!("tried again: {}", why.message))
        }
        ConnState::Idle
        | ConnState::Connecting { .. }
        | ConnState::NeedsAnswer
        | ConnState::Degraded => return None,
    };
    state.wanted = false;
    Some(told)
}

/// What the messages keep of a connection's change: that it broke, why, and when it was back.
/// Attempts in between only when their reason is a new one.
fn connection_note(
    state: &HostState,
    conn: &ConnState,
    now: jiff::Timestamp,
) -> Option<(Level, String)> {
    match conn {
        ConnState::Failed(why) | ConnState::Retrying { why, .. } => {
            let known = matches!(&state.down, Some((_, Some(old))) if old == why);
            let given_up = matches!(conn, ConnState::Failed(_))
                && !matches!(&state.conn, ConnState::Failed(_));
            if known && !given_up {
                return None;
            }
            let text = match &why.hint {
                Some(hint) => format!("{} ({hint})", why.message),
                None => why.message.clone(),
            };
            Some((Level::Error, text))
        }
        ConnState::Degraded if !matches!(state.conn, ConnState::Degraded) => {
            Some((Level::Warning, "no answer for a while".to_owned()))
        }
        // The first connection is what everybody expects.
        ConnState::Up { .. } if !state.conn.is_up() => {
            let (since, _) = state.down.as_ref()?;
            let seconds = now.duration_since(*since).as_secs().max(0);
            Some((Level::Info, format!("connected again after {seconds} s")))
        }
        _ => None,
    }
}

/// Takes a connection's state; whether something visible changed.
fn connection(state: &mut HostState, conn: ConnState, now: jiff::Timestamp) -> bool {
    let measured = match &conn {
        ConnState::Up { rtt } => state.measure(*rtt),
        _ => state.measure(None),
    };
    let same = match (&state.conn, &conn) {
        (ConnState::Up { .. }, ConnState::Up { .. }) => true,
        (old, new) => old == new,
    };
    if !same {
        state.conn_since = now;
    }
    match &conn {
        ConnState::Up { .. } | ConnState::Degraded => state.down = None,
        ConnState::Retrying { why, .. } | ConnState::Failed(why) => {
            let since = state.down.as_ref().map_or(now, |(since, _)| *since);
            state.down = Some((since, Some(why.clone())));
        }
        ConnState::Idle | ConnState::Connecting { .. } | ConnState::NeedsAnswer => {
            if state.conn.is_up() {
                state.down = Some((now, None));
            }
        }
    }
    if !conn.is_up() && state.units.is_some() {
        state.stale = true;
    }
    state.conn = conn;
    measured || !same
}

fn units(state: &mut HostState, event: UnitEvent, now: jiff::Timestamp) {
    match event {
        UnitEvent::All(units) => {
            state.units = Some(
                units
                    .into_iter()
                    .map(|unit| (unit.name.clone(), Arc::new(unit)))
                    .collect(),
            );
            state.stale = false;
            state.units_down = None;
        }
        UnitEvent::Changed(units) => {
            let known = state.units.get_or_insert_default();
            for unit in units {
                known.insert(unit.name.clone(), Arc::new(unit));
            }
            state.stale = false;
            state.units_down = None;
        }
        UnitEvent::Removed(names) => {
            if let Some(known) = &mut state.units {
                for name in names {
                    known.remove(&name);
                }
            }
        }
        UnitEvent::Down(problem) => {
            state.stale = state.units.is_some();
            state.units_down = Some(problem);
            return;
        }
    }
    state.units_at = now;
}

/// Tells every screen of the environment.
pub(super) fn tell_all(model: &mut Model, env: &EnvId, host: &HostId, out: &mut Vec<Effect>) {
    let ids: Vec<ScreenId> = model
        .screens
        .iter()
        .filter(|(_, screen)| screen.env == *env)
        .map(|(id, _)| *id)
        .collect();
    for id in ids {
        tell(model, id, PaneMsg::Host(host.clone()), out);
    }
}

/// Remembers since when each measured problem has been there.
fn begun(world: &mut World, now: jiff::Timestamp) {
    let found = deck::troubles(world, &[], now);
    for (id, host) in &mut world.hosts {
        let keys: Vec<&String> = found
            .iter()
            .filter(|trouble| trouble.host.as_ref() == Some(id))
            .map(|trouble| &trouble.key)
            .collect();
        host.since.retain(|key, _| keys.contains(&key));
        for key in keys {
            host.since.entry(key.clone()).or_insert(now);
        }
    }
}
