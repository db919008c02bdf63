//! Keys and mouse: which action they mean in the present context.

use super::{act, line, tell_shown};
use crate::tui::{
    actions::Context,
    effect::Effect,
    keymap::{Chord, Found},
    model::Model,
    msg::{Hit, Mouse},
    panes::PaneMsg,
};
use crossterm::event::{KeyEvent, KeyEventKind};

/// The contexts whose keys hold now, the most particular first.
pub fn contexts(model: &Model) -> Vec<Context> {
    if super::typing(model) {
        return vec![Context::Prompt];
    }
    let mut contexts = model
        .screen()
        .map(|screen| screen.pane.contexts().to_vec())
        .unwrap_or_default();
    contexts.push(Context::Global);
    contexts
}

pub(super) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    model.pending.push(key);
    let typed: Vec<Chord> = model.pending.iter().copied().map(Chord::from).collect();
    match model.preferences.keymap.find(&contexts(model), &typed) {
        Found::Action(id) => {
            model.pending.clear();
            act::act(model, id, out);
            return;
        }
        Found::Prefix => return,
        Found::Nothing => {}
    }
    model.pending.clear();
    if super::typing(model) {
        line::key(model, key, out);
    } else {
        tell_shown(model, PaneMsg::Key(key), out);
    }
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, out: &mut Vec<Effect>) {
    match mouse {
        Mouse::Click(Hit::Action(id)) if model.overlays.is_empty() => act::act(model, id, out),
        mouse if model.overlays.is_empty() => tell_shown(model, PaneMsg::Mouse(mouse), out),
        _ => {}
    }
}
