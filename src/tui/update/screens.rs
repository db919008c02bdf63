//! Opening screens, tabs and environments; the history; dropping what nobody can reach.

use super::{follow, tell, tell_shown};
use crate::tui::{
    effect::Effect,
    model::{EnvId, Model, Screen},
    panes::{self, Args, Ctx, PaneMsg, ScreenId},
};

/// Goes to an environment: to where one was there, or its first tab.
pub(super) fn enter(model: &mut Model, env: EnvId, out: &mut Vec<Effect>) {
    let Some(world) = model.worlds.get_mut(&env) else {
        return;
    };
    if !world.open {
        world.open = true;
        out.push(Effect::Open(env.clone()));
    }
    let last = world.last;
    model.current = env;
    match last.filter(|id| model.screens.contains_key(id)) {
        Some(id) => go(model, id, out),
        None => {
            if let Some((id, args)) = panes::tabs_of(model.world()).first() {
                tab(model, id, args, out);
            }
        }
    }
}

/// Goes to a tab of the present environment.
pub(super) fn tab(model: &mut Model, tab: &'static str, args: &Args, out: &mut Vec<Effect>) {
    let key = (model.current.clone(), tab);
    let id = match model.roots.get(&key) {
        Some(id) => *id,
        None => {
            let Some(id) = make(model, args, out) else {
                return;
            };
            model.roots.insert(key, id);
            id
        }
    };
    go(model, id, out);
}

/// Opens a new screen in the present environment.
pub(super) fn open(model: &mut Model, args: &Args, out: &mut Vec<Effect>) {
    if let Some(id) = make(model, args, out) {
        go(model, id, out);
    }
}

fn make(model: &mut Model, args: &Args, out: &mut Vec<Effect>) -> Option<ScreenId> {
    let id = ScreenId(model.ids.next());
    let env = model.current.clone();
    let ctx = Ctx {
        now: model.now,
        world: model.worlds.get(&env)?,
        preferences: &model.preferences,
        jobs: &model.jobs,
        messages: &model.messages,
        incident: model.incident.as_ref(),
        area: panes::area(model.size),
        visible: true,
        ids: &model.ids,
        screen: id,
    };
    let (pane, next) = panes::open(args, &ctx);
    model.screens.insert(id, Screen { env, pane });
    follow(model, id, next, out);
    Some(id)
}

fn go(model: &mut Model, id: ScreenId, out: &mut Vec<Effect>) {
    model.history.go(id);
    arrived(model, out);
}

pub(super) fn back(model: &mut Model, out: &mut Vec<Effect>) {
    if model.history.back().is_some() {
        arrived(model, out);
    }
}

pub(super) fn forward(model: &mut Model, out: &mut Vec<Effect>) {
    if model.history.forward().is_some() {
        arrived(model, out);
    }
}

fn arrived(model: &mut Model, out: &mut Vec<Effect>) {
    model.dirty = true;
    model.pending.clear();
    if let Some(id) = model.history.here()
        && let Some(screen) = model.screens.get(&id)
    {
        model.current = screen.env.clone();
        if let Some(world) = model.worlds.get_mut(&model.current) {
            world.last = Some(id);
        }
    }
    drop_unreachable(model, out);
    tell_shown(model, PaneMsg::Shown, out);
}

fn drop_unreachable(model: &mut Model, out: &mut Vec<Effect>) {
    let gone: Vec<ScreenId> = model
        .screens
        .keys()
        .copied()
        .filter(|id| !model.history.holds(*id) && !model.roots.values().any(|root| root == id))
        .collect();
    for id in gone {
        tell(model, id, PaneMsg::Closing, out);
        model.screens.remove(&id);
        model.owners.retain(|_, owner| *owner != id);
    }
}
