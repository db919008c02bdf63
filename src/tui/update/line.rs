//! The line at the bottom: commands, filters, searches; their history and completion.

use super::{command, tell};
use crate::tui::{
    command::{Known, complete},
    effect::{Effect, PromptSpec},
    model::{Line, LineFor, Model, Overlay},
    panes::{PaneMsg, ScreenId},
};
use crossterm::event::{Event, KeyEvent};
use tui_input::{Input, InputRequest, backend::crossterm::EventHandler};

/// Lines kept of each kind.
const HISTORY: usize = 200;
/// Longest line, in bytes.
const LINE: usize = 8_192;

pub(super) fn command(model: &mut Model, text: String) {
    start(model, LineFor::Command, ":", text);
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

/// Marks the line being typed as wrong.
pub(super) fn wrong(model: &mut Model, span: std::ops::Range<usize>, message: String) {
    if let Some(Overlay::Line(line)) = model.overlays.last_mut() {
        line.error = Some((span, message));
        model.dirty = true;
    }
}

pub(super) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    if let Some(Overlay::Line(line)) = model.overlays.last_mut() {
        if line.input.value().len() < LINE
            || !matches!(key.code, crossterm::event::KeyCode::Char(_))
        {
            line.input.handle_event(&Event::Key(key));
        }
        changed(model, out);
    }
}

pub(super) fn paste(model: &mut Model, text: &str, out: &mut Vec<Effect>) {
    match model.overlays.last_mut() {
        Some(Overlay::Line(line)) => {
            for c in text.chars().filter(|c| !c.is_control()) {
                if line.input.value().len() < LINE {
                    line.input.handle(InputRequest::InsertChar(c));
                }
            }
            changed(model, out);
        }
        Some(Overlay::Palette(palette)) => {
            for c in text.chars().filter(|c| !c.is_control()).take(LINE) {
                palette.input.handle(InputRequest::InsertChar(c));
            }
            super::palette::narrow(palette);
        }
        Some(Overlay::Confirm(confirm)) => {
            for c in text.trim().chars().filter(|c| !c.is_control()).take(LINE) {
                confirm.typed.handle(InputRequest::InsertChar(c));
            }
        }
        _ => {}
    }
}

/// The text was edited.
fn changed(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Line(line)) = model.overlays.last_mut() else {
        return;
    };
    line.error = None;
    line.taken = None;
    line.recalled = None;
    line.offers.clear();
    let (purpose, text) = (line.purpose.clone(), line.input.value().to_owned());
    match purpose {
        LineFor::Command => {
            let offers = complete(&text, &known(model)).1;
            if let Some(Overlay::Line(line)) = model.overlays.last_mut()
                && !text.is_empty()
            {
                line.offers = offers;
            }
        }
        LineFor::Pane(id, kind) => {
            let msg = PaneMsg::Line {
                kind,
                text: Some(text),
                done: false,
            };
            tell(model, id, msg, out);
        }
    }
}

fn known(model: &Model) -> Known {
    let mut known = Known {
        environments: model.worlds.keys().map(ToString::to_string).collect(),
        themes: model.themes.clone(),
        ..Known::default()
    };
    if let Some(world) = model.world() {
        known.hosts = world.hosts.keys().map(ToString::to_string).collect();
        known.units = world.units().map(|(_, unit)| unit.name.clone()).collect();
        known.units.sort();
        known.units.dedup();
    }
    known
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
        "prompt.accept" => accept(model, out),
        "prompt.complete" => offer(model, 1),
        "prompt.complete-back" => offer(model, -1),
        "prompt.older" => recall(model, 1, out),
        "prompt.newer" => recall(model, -1, out),
        _ => {}
    }
}

fn accept(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Line(line)) = model.overlays.last() else {
        return;
    };
    let (purpose, text) = (line.purpose.clone(), line.input.value().to_owned());
    let kind = match &purpose {
        LineFor::Command => "command",
        LineFor::Pane(_, kind) => kind,
    };
    match purpose {
        LineFor::Command if text.trim().is_empty() => {
            model.overlays.pop();
        }
        LineFor::Command => {
            let depth = model.overlays.len();
            if let Err(error) = command::run(model, &text, out) {
                return wrong(model, error.span, error.message);
            }
            // The command itself may have opened something over the line.
            if let Some(at) = depth.checked_sub(1)
                && at < model.overlays.len()
            {
                model.overlays.remove(at);
            }
        }
        LineFor::Pane(id, kind) => {
            let msg = PaneMsg::Line {
                kind,
                text: Some(text.clone()),
                done: true,
            };
            tell(model, id, msg, out);
            // The pane may have found it wrong.
            if matches!(model.overlays.last(), Some(Overlay::Line(line)) if line.error.is_some()) {
                return;
            }
            if let Some(at) = model
                .overlays
                .iter()
                .rposition(|o| matches!(o, Overlay::Line(_)))
            {
                model.overlays.remove(at);
            }
        }
    }
    let lines = model.line_history.entry(kind).or_default();
    if !text.trim().is_empty() {
        lines.retain(|known| *known != text);
        lines.push(text);
        if lines.len() > HISTORY {
            lines.remove(0);
        }
    }
}

/// Takes the next or previous completion into the line.
fn offer(model: &mut Model, by: isize) {
    let known = known(model);
    let Some(Overlay::Line(line)) = model.overlays.last_mut() else {
        return;
    };
    if line.purpose != LineFor::Command {
        return;
    }
    let text = line.input.value().to_owned();
    let to = match line.taken {
        Some(at) if !line.offers.is_empty() => {
            let count = isize::try_from(line.offers.len()).unwrap_or(1);
            let at = isize::try_from(at).unwrap_or(0);
            usize::try_from((at + by).rem_euclid(count)).unwrap_or(0)
        }
        _ => {
            line.offers = complete(&text, &known).1;
            0
        }
    };
    let Some(choice) = line.offers.get(to).cloned() else {
        return;
    };
    let only = line.offers.len() == 1;
    let start = complete(&text, &known).0.start;
    let mut whole = text.get(..start).unwrap_or_default().to_owned();
    whole.push_str(&choice);
    if only {
        whole.push(' ');
    }
    line.taken = (!only).then_some(to);
    line.error = None;
    line.input = Input::new(whole);
}

/// Takes an offer that was clicked.
pub(super) fn take(model: &mut Model, at: usize, _out: &mut Vec<Effect>) {
    if let Some(Overlay::Line(line)) = model.overlays.last_mut()
        && let Some(choice) = line.offers.get(at).cloned()
    {
        let text = line.input.value().to_owned();
        let start = complete(&text, &Known::default()).0.start;
        let mut whole = text.get(..start).unwrap_or_default().to_owned();
        whole.push_str(&choice);
        line.input = Input::new(whole);
        line.taken = Some(at);
    }
}

/// An older or newer line of the history.
fn recall(model: &mut Model, by: isize, out: &mut Vec<Effect>) {
    let Some(Overlay::Line(line)) = model.overlays.last_mut() else {
        return;
    };
    let kind = match &line.purpose {
        LineFor::Command => "command",
        LineFor::Pane(_, kind) => kind,
    };
    let lines = model.line_history.get(kind).map_or(&[][..], Vec::as_slice);
    // 0 is the draft, 1 the newest line.
    let here = line.recalled.map_or(0, |at| at + 1);
    let to = here.saturating_add_signed(by).min(lines.len());
    if to == here {
        return;
    }
    if here == 0 {
        line.draft = line.input.value().to_owned();
    }
    let text = match to.checked_sub(1) {
        None => line.draft.clone(),
        Some(back) => lines.iter().rev().nth(back).cloned().unwrap_or_default(),
    };
    let (draft, purpose) = (line.draft.clone(), line.purpose.clone());
    line.input = Input::new(text.clone());
    if let LineFor::Pane(id, kind) = purpose {
        let msg = PaneMsg::Line {
            kind,
            text: Some(text),
            done: false,
        };
        tell(model, id, msg, out);
    }
    if let Some(Overlay::Line(line)) = model.overlays.last_mut() {
        line.draft = draft;
        line.recalled = to.checked_sub(1);
        line.error = None;
        line.offers.clear();
    }
}
