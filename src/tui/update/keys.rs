//! Keys and mouse: which action they mean in the present context.

use super::{act, confirm, line, palette, questions, stop, tell_shown};
use crate::tui::{
    actions::Context,
    effect::Effect,
    keymap::{Chord, Found},
    model::{Model, Overlay},
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
    // Dialogs have keys of their own that cannot be remapped: nothing may make a yes of a slip.
    if model.asking().is_some() {
        return questions::key(model, key, out);
    }
    match model.overlays.last() {
        Some(Overlay::Confirm(_)) => return confirm::key(model, key, out),
        Some(Overlay::Leave(_)) => return act::leave_key(model, key, out),
        Some(Overlay::Stop(_)) => return stop::key(model, key, out),
        _ => {}
    }
    model.pending.push(Chord::from(key));
    match model
        .preferences
        .keymap
        .find(&contexts(model), &model.pending)
    {
        Found::Action(id) => {
            model.pending.clear();
            act::act(model, id, out);
        }
        Found::Prefix => {}
        Found::Nothing => {
            // The rest of a broken sequence means what it means alone.
            let again = model.pending.len() > 1;
            model.pending.clear();
            if again {
                return self::key(model, key, out);
            }
            match model.overlays.last() {
                Some(Overlay::Line(_)) => line::key(model, key, out),
                Some(Overlay::Palette(_)) => palette::key(model, key),
                _ => tell_shown(model, PaneMsg::Key(key), out),
            }
        }
    }
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, out: &mut Vec<Effect>) {
    if model.asking().is_some() {
        if let Mouse::Click(Hit::Button(button)) = mouse {
            questions::press(model, button, out);
        }
        return;
    }
    match (model.overlays.last(), mouse) {
        (Some(Overlay::Confirm(_)), Mouse::Click(Hit::Button(button))) => {
            confirm::press(model, button == 1, out);
        }
        (Some(Overlay::Confirm(_)), Mouse::Wheel(lines)) => confirm::scroll(model, lines),
        (Some(Overlay::Leave(_)), Mouse::Click(Hit::Button(button))) => {
            act::leave(model, button == 1, out);
        }
        (Some(Overlay::Stop(_)), Mouse::Click(Hit::Button(button))) => {
            stop::press(model, button == 1, out);
        }
        (Some(Overlay::Stop(_)), Mouse::Wheel(lines)) => stop::scroll(model, lines),
        (Some(Overlay::Palette(_)), mouse) => palette::mouse(model, mouse, out),
        (Some(Overlay::Line(_)), Mouse::Click(Hit::Offer(offer))) => line::take(model, offer, out),
        (None, Mouse::Click(Hit::Action(id)) | Mouse::DoubleClick(Hit::Action(id))) => {
            act::act(model, id, out);
        }
        (None, mouse) => tell_shown(model, PaneMsg::Mouse(mouse), out),
        _ => {}
    }
}
