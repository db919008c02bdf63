//! A range of rows that was chosen, to be copied, saved or noted.

use super::{State, act, save};
use crate::{
    logs::{Entry, store::Row},
    tui::{
        effect::{Effect, Next, PickSpec},
        incident::{Finding, What},
        msg::Level,
        panes::Ctx,
    },
};
use std::ops::Range;

impl State {
    /// The places of the chosen rows.
    pub(super) fn chosen(&self) -> Option<Range<usize>> {
        let anchor = self.held.place(self.choice?).unwrap_or_else(|at| at);
        let at = self.here.at(&self.held);
        let end = (anchor.max(at) + 1).min(self.here.visible(&self.held));
        Some(anchor.min(at)..end)
    }

    /// The chosen rows, or else the selected one.
    pub(super) fn picked(&self) -> Range<usize> {
        let at = self.here.at(&self.held);
        self.chosen()
            .unwrap_or(at..(at + 1).min(self.here.visible(&self.held)))
    }

    /// The entries at these places, and those that they stand for.
    pub(super) fn entries(&self, range: Range<usize>) -> impl Iterator<Item = Entry> {
        self.rows(range).filter_map(Row::into_entry)
    }

    /// The entries at these places alone.
    pub(super) fn heads(&self, range: Range<usize>) -> impl Iterator<Item = Entry> {
        range.filter_map(|at| self.held.row(at)?.into_entry())
    }
}

/// Begins to choose at the selected row, or stops.
pub(super) fn toggle(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    if state.choice.take().is_some() {
        return vec![Next::Dirty];
    }
    act::stay(state, ctx);
    let at = state.here.at(&state.held);
    state.choice = state.held.shown(at).map(|shown| shown.id);
    vec![Next::Dirty]
}

/// The mouse was dragged to this row.
pub(super) fn drag(state: &mut State, row: usize, ctx: &Ctx) -> Vec<Next> {
    if state.detail.is_some() {
        return Vec::new();
    }
    act::stay(state, ctx);
    let at = state.here.at(&state.held);
    if state.choice.is_none() && row != at {
        state.choice = state.held.shown(at).map(|shown| shown.id);
    }
    act::go(state, row, ctx)
}

/// Asks as what to copy.
pub(super) fn ask_form() -> Vec<Next> {
    let items = [
        ("lines", "lines, as journalctl prints them"),
        ("messages", "the messages alone"),
        ("json", "JSON, one object a line"),
        ("markdown", "Markdown, with the command that shows it again"),
    ];
    vec![Next::Pick(PickSpec {
        kind: "copy-as",
        title: "copy as".into(),
        items: items
            .map(|(value, text)| (value.to_owned(), text.to_owned()))
            .to_vec(),
    })]
}

/// Copies what is chosen.
pub(super) fn copy_as(state: &mut State, form: &str, ctx: &Ctx) -> Vec<Next> {
    let range = state.picked();
    let count = state.rows(range.clone()).count();
    let text = match form {
        "messages" => {
            let mut text = String::new();
            for entry in state.entries(range) {
                text.push_str(&String::from_utf8_lossy(&entry.message));
                text.push('\n');
            }
            text
        }
        "json" => save::text(state, save::Form::Json, range, ctx),
        "markdown" => save::text(state, save::Form::Markdown, range, ctx),
        _ => save::text(state, save::Form::Lines, range, ctx),
    };
    if text.is_empty() {
        return act::say(Level::Info, "nothing is selected");
    }
    state.choice = None;
    let what = if count == 1 {
        "one entry".to_owned()
    } else {
        format!("{count} entries")
    };
    vec![
        Next::Do(Effect::Copy(text, format!("{what} as {form}"))),
        Next::Dirty,
    ]
}

/// Puts what is chosen into the note of the incident.
pub(super) fn excerpt(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let range = state.picked();
    let Some(first) = state.entries(range.clone()).next() else {
        return act::say(Level::Info, "nothing is selected");
    };
    let finding = Finding {
        at: first.realtime,
        what: What::Excerpt {
            title: save::heading(state, range.clone(), ctx),
            command: super::hand_over::again(state, range.clone(), ctx),
            body: save::text(state, save::Form::Lines, range, ctx),
        },
    };
    state.choice = None;
    vec![Next::Found(finding), Next::Dirty]
}
