//! News of environments: connections, units.

use super::tell;
use crate::{
    remote::{ConnState, HostId, systemd::UnitEvent},
    tui::{
        effect::Effect,
        model::{EnvId, HostState, Model},
        msg::EnvMsg,
        panes::{PaneMsg, ScreenId},
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
            if connection(state, conn, now) && current {
                model.dirty = true;
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
    };
    tell_all(model, env, &host, out);
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
fn tell_all(model: &mut Model, env: &EnvId, host: &HostId, out: &mut Vec<Effect>) {
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
