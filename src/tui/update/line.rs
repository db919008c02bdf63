//! The line at the bottom: commands, filters, searches.

use super::tell;
use crate::tui::{
    effect::{Effect, PromptSpec},
    model::{Line, LineFor, Model, Overlay},
    panes::{PaneMsg, ScreenId},
};
use crossterm::event::{Event, KeyEvent};
use tui_input::{Input, backend::crossterm::EventHandler};

pub(super) fn command(model: &mut Model) {
    start(model, LineFor::Command, ":", String::new());
}

pub(super) fn ask(model: &mut Model, id: ScreenId, spec: PromptSpec) {
    start(model, LineFor::Pane(id, spec.kind), spec.label, spec.text);
}

fn start(model: &mut Model, purpose: LineFor, label: &'static str, text: String) {
    model.dirty = true;
    model.overlays.push(Overlay::Line(Line {
        purpose,
        label,
        input: Input::new(text),
        error: None,
        offers: Vec::new(),
        taken: None,
        recalled: None,
        draft: String::new(),
    }));
}

pub(super) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    if let Some(Overlay::Line(line)) = model.overlays.last_mut() {
        line.input.handle_event(&Event::Key(key));
        changed(model, false, out);
    }
}

pub(super) fn paste(model: &mut Model, text: &str, out: &mut Vec<Effect>) {
    if let Some(Overlay::Line(line)) = model.overlays.last_mut() {
        for c in text.chars().filter(|c| !c.is_control()) {
            line.input.handle(tui_input::InputRequest::InsertChar(c));
        }
        changed(model, false, out);
    }
}

fn changed(model: &mut Model, done: bool, out: &mut Vec<Effect>) {
    let Some(Overlay::Line(line)) = model.overlays.last() else {
        return;
    };
    let text = line.input.value().to_owned();
    if let LineFor::Pane(id, kind) = line.purpose {
        if done {
            model.overlays.pop();
        }
        let msg = PaneMsg::Line {
            kind,
            text: Some(text),
            done,
        };
        tell(model, id, msg, out);
    }
}

pub(super) fn act(model: &mut Model, id: &str, out: &mut Vec<Effect>) {
    match id {
        "prompt.cancel" => {
            if let Some(Overlay::Line(line)) = model.overlays.pop()
                && let LineFor::Pane(id, kind) = line.purpose
            {
                let msg = PaneMsg::Line {
                    kind,
                    text: None,
                    done: true,
                };
                tell(model, id, msg, out);
            }
        }
        "prompt.accept" => changed(model, true, out),
        _ => {}
    }
}
