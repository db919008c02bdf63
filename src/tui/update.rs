//! What follows from what happened: `update(&mut Model, Msg) -> Vec<Effect>`.
//!
//! Synchronous and pure: no clock, no I/O, no environment variables. Routing and the rules that
//! hold for every pane are here and in the folder; what a pane does is in its module.

mod act;
mod cloud;
mod command;
mod confirm;
mod hosts;
mod keys;
mod line;
mod palette;
mod questions;
mod screens;
mod stop;
mod world;

pub use act::{availability, hints};
pub use keys::contexts;

use super::{
    effect::{Effect, Next},
    model::{EnvId, Message, Model, Overlay},
    msg::{Level, Msg},
    panes::{PaneMsg, ScreenId},
    view,
};
use crate::remote::ConnState;
use jiff::{SignedDuration, Timestamp};

/// How long a toast stays.
const TOAST: SignedDuration = SignedDuration::from_secs(6);

/// Opens the first screen. Call once, before the first message.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    screens::enter(model, model.current.clone(), &mut effects);
    cloud::look(model, &mut effects);
    effects
}

/// The same with the journal on the screen, narrowed like this.
pub fn start_with_logs(model: &mut Model, args: &super::panes::Args) -> Vec<Effect> {
    let mut effects = Vec::new();
    screens::tab(model, "pane.logs", args, &mut effects);
    effects
}

/// Takes a message; what is to be done about it.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    let out = &mut effects;
    match msg {
        Msg::Clock(at) => clock(model, at, out),
        Msg::Key(key) => {
            model.dirty = true;
            keys::key(model, key, out);
        }
        Msg::Paste(text) => {
            model.dirty = true;
            if model.asking().is_none() {
                line::paste(model, &text, out);
            } else {
                questions::paste(model, text);
            }
        }
        Msg::Mouse(mouse) => {
            model.dirty = true;
            keys::mouse(model, mouse, out);
        }
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            model.dirty = true;
            tell_shown(model, PaneMsg::Shown, out);
        }
        Msg::Focus(_) => {}
        Msg::Env(env, news) => world::news(model, &env, news, out),
        // Its room is free again once it was taken.
        Msg::Weighed(msg, _room) => return update(model, *msg),
        Msg::Stream(id, news) => {
            if let Some(screen) = model.owners.get(&id.0).copied() {
                tell(model, screen, PaneMsg::Stream(id, news), out);
            }
        }
        Msg::Reply(id, reply) => {
            if let Some(screen) = model.owners.remove(&id.0) {
                tell(model, screen, PaneMsg::Reply(id, reply), out);
            }
        }
        Msg::Planned(env, id, plan) => confirm::planned(model, &env, id, plan, out),
        Msg::Job(id, event) => confirm::job(model, id, event, out),
        Msg::Ask(id, env, question) => questions::asked(model, id, env, question),
        Msg::AskOver(id) => questions::over(model, id),
        Msg::Theme(theme) => {
            model.preferences.theme = *theme;
            model.dirty = true;
        }
        Msg::Settings(settings) => {
            if model.preferences.mouse != settings.mouse {
                out.push(Effect::Mouse(settings.mouse));
            }
            model.preferences = *settings;
            model.pending.clear();
            model.dirty = true;
        }
        Msg::Say(level, text) => {
            say(model, level, text);
            tell_everyone(model, |_| PaneMsg::Messages, out);
        }
        Msg::Problem(problem) => {
            say(model, Level::Error, problem.to_string());
            tell_everyone(model, |_| PaneMsg::Messages, out);
        }
        Msg::Terminate => {
            model.quitting = true;
            out.push(Effect::Quit(0));
        }
        Msg::Resumed => model.dirty = true,
        Msg::Stop => out.push(Effect::Suspend),
        Msg::Continued => out.push(Effect::Restore),
    }
    hosts::no_shell_on_found(model, &mut effects);
    cloud::look(model, &mut effects);
    world::wanted(model, &effects);
    if model.asking().is_some() {
        model.dialog.shown.get_or_insert(model.now);
    }
    effects
}

/// When the time is wanted next, because something shown changes with it.
pub fn next_wake(model: &Model) -> Option<Timestamp> {
    let pane = model
        .history
        .here()
        .and_then(|id| view::ctx(model, id))
        .and_then(|ctx| model.screen()?.pane.wake(&ctx));
    let counting = counting(model).then(|| super::panes::next_second(model.now));
    [model.toast_until, pane, counting]
        .into_iter()
        .flatten()
        .min()
}

/// Whether the header counts down to a next attempt.
fn counting(model: &Model) -> bool {
    model.world().is_some_and(|world| {
        world
            .hosts
            .values()
            .any(|host| matches!(host.conn, ConnState::Retrying { .. }))
    })
}

fn clock(model: &mut Model, at: Timestamp, out: &mut Vec<Effect>) {
    if model.toast_until.is_some_and(|until| at >= until) {
        model.toast_until = None;
        model.dirty = true;
    }
    let due = model
        .history
        .here()
        .and_then(|id| view::ctx(model, id))
        .and_then(|ctx| model.screen()?.pane.wake(&ctx))
        .is_some_and(|wake| at >= wake);
    model.dirty |= counting(model) && at >= super::panes::next_second(model.now);
    model.now = model.now.max(at);
    if due {
        tell_shown(model, PaneMsg::Clock, out);
    }
}

/// Says something: a toast now, and kept among the messages.
pub(crate) fn say(model: &mut Model, level: Level, text: impl Into<String>) {
    note(model, model.current.clone(), level, text);
    model.toast_until = model.now.checked_add(TOAST).ok();
    model.dirty = true;
}

/// Keeps something among the messages without a toast: the header or a pane shows it already.
fn note(model: &mut Model, env: EnvId, level: Level, text: impl Into<String>) {
    if model.messages.len() >= super::model::MESSAGES {
        model.messages.pop_front();
    }
    model.said += 1;
    model.messages.push_back(Message {
        at: model.now,
        level,
        env: Some(env),
        text: text.into(),
    });
}

/// Tells the pane that is shown.
fn tell_shown(model: &mut Model, msg: PaneMsg, out: &mut Vec<Effect>) {
    if let Some(id) = model.history.here() {
        tell(model, id, msg, out);
    }
}

/// Tells every pane.
fn tell_everyone(
    model: &mut Model,
    msg: impl Fn(&super::model::Screen) -> PaneMsg,
    out: &mut Vec<Effect>,
) {
    let all: Vec<(ScreenId, PaneMsg)> = model
        .screens
        .iter()
        .map(|(id, screen)| (*id, msg(screen)))
        .collect();
    for (id, msg) in all {
        tell(model, id, msg, out);
    }
}

/// Tells a pane, and does what it wants to follow.
fn tell(model: &mut Model, id: ScreenId, msg: PaneMsg, out: &mut Vec<Effect>) {
    // Taken out so that the pane can be changed while it sees the rest of the model.
    let Some(mut screen) = model.screens.remove(&id) else {
        return;
    };
    let next = model.worlds.get(&screen.env).map(|world| {
        let ctx = super::panes::Ctx {
            now: model.now,
            world,
            preferences: &model.preferences,
            jobs: &model.jobs,
            messages: &model.messages,
            incident: model.incident.as_ref(),
            area: super::panes::area(model.size),
            visible: model.history.here() == Some(id),
            ids: &model.ids,
            screen: id,
        };
        screen.pane.update(msg, &ctx)
    });
    model.screens.insert(id, screen);
    follow(model, id, next.unwrap_or_default(), out);
}

/// Does what a pane wants to follow.
fn follow(model: &mut Model, id: ScreenId, next: Vec<Next>, out: &mut Vec<Effect>) {
    for next in next {
        match next {
            Next::Do(effect) => {
                match &effect {
                    Effect::Follow(_, stream, ..) | Effect::Fetch(_, stream, ..) => {
                        model.owners.insert(stream.0, id);
                    }
                    Effect::Stop(stream) => {
                        model.owners.remove(&stream.0);
                    }
                    Effect::AskCloud(_, request, _)
                    | Effect::Fields(_, request, ..)
                    | Effect::AskUnit(_, request, ..)
                    | Effect::History(request) => {
                        model.owners.insert(request.0, id);
                    }
                    _ => {}
                }
                out.push(effect);
            }
            Next::Open(args) => screens::open(model, &args, out),
            Next::Back => screens::back(model, out),
            Next::Say(level, text) => say(model, level, text),
            Next::Prompt(spec) => line::ask(model, id, spec),
            Next::Pick(spec) => palette::values(model, id, spec),
            Next::Explain(host, problem) => {
                if let Some(env) = model.screens.get(&id).map(|screen| screen.env.clone()) {
                    stop::show(model, env, host, *problem);
                }
            }
            Next::Operate(intents) => {
                if let Some(env) = model.screens.get(&id).map(|screen| screen.env.clone()) {
                    confirm::prepare(model, env, intents, out);
                }
            }
            Next::Found(finding) => command::found(model, finding),
            Next::Taken => model.taken = true,
            Next::Wrong(span, message) => line::wrong(model, span, message),
            Next::Dirty => {
                if model.history.here() == Some(id) {
                    model.dirty = true;
                }
            }
        }
    }
}

/// Whether a line or list is being typed into.
fn typing(model: &Model) -> bool {
    matches!(
        model.overlays.last(),
        Some(Overlay::Line(_) | Overlay::Palette(_))
    )
}
