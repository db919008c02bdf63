//! What follows from what happened: `update(&mut Model, Msg) -> Vec<Effect>`.
//!
//! Synchronous and pure: no clock, no I/O, no environment variables. Routing and the rules that
//! hold for every pane are here and in the folder; what a pane does is in its module.

mod act;
mod keys;
mod line;
mod screens;
mod world;

pub use act::{availability, hints};
pub use keys::contexts;

use super::{
    effect::{Effect, Next},
    model::{Message, Model, Overlay},
    msg::{Level, Msg},
    panes::{PaneMsg, ScreenId},
    view,
};
use jiff::{SignedDuration, Timestamp};

/// How long a toast stays.
const TOAST: SignedDuration = SignedDuration::from_secs(6);

/// Opens the first screen. Call once, before the first message.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    screens::enter(model, model.current.clone(), &mut effects);
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
            line::paste(model, &text, out);
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
        Msg::Planned(..) | Msg::Job(..) | Msg::Ask(..) | Msg::AskOver(..) => {}
        Msg::Say(level, text) => say(model, level, text),
        Msg::Problem(problem) => say(model, Level::Error, problem.to_string()),
        Msg::Terminate => {
            model.quitting = true;
            out.push(Effect::Quit(0));
        }
        Msg::Resumed => model.dirty = true,
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
    [model.toast_until, pane].into_iter().flatten().min()
}

fn clock(model: &mut Model, at: Timestamp, out: &mut Vec<Effect>) {
    model.now = model.now.max(at);
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
    if due {
        tell_shown(model, PaneMsg::Clock, out);
    }
}

/// Says something: a toast now, and kept among the messages.
pub(crate) fn say(model: &mut Model, level: Level, text: impl Into<String>) {
    if model.messages.len() >= super::model::MESSAGES {
        model.messages.pop_front();
    }
    model.messages.push_back(Message {
        at: model.now,
        level,
        env: Some(model.current.clone()),
        text: text.into(),
    });
    model.toast_until = model.now.checked_add(TOAST).ok();
    model.dirty = true;
}

/// Tells the pane that is shown.
fn tell_shown(model: &mut Model, msg: PaneMsg, out: &mut Vec<Effect>) {
    if let Some(id) = model.history.here() {
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
                    Effect::Fields(_, request, ..) | Effect::AskUnit(_, request, ..) => {
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
            Next::Pick(_) | Next::Operate(_) => {}
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
