//! Keys and mouse: which action they mean in the present context.

use super::{act, line, tell_shown};
use crate::tui::{
    actions::{ACTIONS, Context},
    effect::Effect,
    model::Model,
    msg::{Hit, Mouse},
    panes::PaneMsg,
};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

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
    let typed: Vec<String> = model.pending.iter().map(name).collect();
    let typed = typed.join(" ");
    let mut prefix = false;
    for context in contexts(model) {
        for action in ACTIONS.iter().filter(|action| action.context == context) {
            for binding in action.keys.default {
                if *binding == typed {
                    model.pending.clear();
                    act::act(model, action.id, out);
                    return;
                }
                prefix |= binding
                    .strip_prefix(typed.as_str())
                    .is_some_and(|rest| rest.starts_with(' '));
            }
        }
    }
    if prefix {
        return;
    }
    model.pending.clear();
    if super::typing(model) {
        line::key(model, key, out);
    } else {
        tell_shown(model, PaneMsg::Key(key), out);
    }
}

fn name(key: &KeyEvent) -> String {
    let mut name = String::new();
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        name.push_str("ctrl-");
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        name.push_str("alt-");
    }
    match key.code {
        KeyCode::Char(' ') => name.push_str("space"),
        KeyCode::Char(c) => name.push(c),
        KeyCode::BackTab => name.push_str("shift-tab"),
        KeyCode::PageUp => name.push_str("pageup"),
        KeyCode::PageDown => name.push_str("pagedown"),
        KeyCode::F(n) => name.push_str(&format!("f{n}")),
        other => name.push_str(&format!("{other:?}").to_lowercase()),
    }
    name
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, out: &mut Vec<Effect>) {
    match mouse {
        Mouse::Click(Hit::Action(id)) if model.overlays.is_empty() => act::act(model, id, out),
        mouse if model.overlays.is_empty() => tell_shown(model, PaneMsg::Mouse(mouse), out),
        _ => {}
    }
}
