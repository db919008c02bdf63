//! Marks on entries, with notes: set, listed, gone to. A mark is its entry, wherever that goes.

use super::{
    State,
    act::{go, say},
    fold, jump,
};
use crate::{
    logs::{Entry, store::RowId},
    remote::HostId,
    tui::{
        effect::{Next, PromptSpec},
        incident::{Finding, What},
        msg::Level,
        panes::Ctx,
        widgets::log::{LogRow, TimeFormat},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// More than anybody sets by hand.
const MOST: usize = 10_000;
/// A mark's row is within so many rows of where its time is.
const NEAR: usize = 5_000;

/// Sorted by time.
type Key = (i64, HostId, Arc<str>);

/// A marked entry.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) entry: Entry,
    pub(super) note: String,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeMap<Key, Mark>);

fn key(entry: &Entry) -> Key {
    (entry.realtime, entry.host.clone(), entry.cursor.clone())
}

impl Marks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the entry is marked.
    pub(super) fn holds(&self, entry: &Entry) -> bool {
        !self.0.is_empty() && self.0.contains_key(&key(entry))
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Mark> {
        self.0.values()
    }

    pub(super) fn nth(&self, at: usize) -> Option<&Mark> {
        self.0.values().nth(at)
    }

    pub(super) fn remove(&mut self, entry: &Entry) {
        self.0.remove(&key(entry));
    }
}

/// Marks the selected entry, or no longer.
pub(super) fn toggle(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let Some(entry) = state.entry() else {
        return say(Level::Info, "this row cannot be marked");
    };
    if state.marks.holds(&entry) {
        state.marks.remove(&entry);
        return vec![Next::Dirty];
    }
    set(state, entry, String::new(), ctx)
}

fn set(state: &mut State, entry: Entry, note: String, ctx: &Ctx) -> Vec<Next> {
    if state.marks.0.len() >= MOST {
        return say(Level::Warning, "there are too many marks");
    }
    let mut line = String::new();
    super::save::plain_line(LogRow::Entry(&entry), TimeFormat::Iso, ctx, &mut line);
    let finding = Finding {
        at: entry.realtime,
        what: What::Mark {
            line: line.trim_end().to_owned(),
            note: note.clone(),
        },
    };
    state.marks.0.insert(key(&entry), Mark { entry, note });
    vec![Next::Found(finding), Next::Dirty]
}

/// Asks for the note of the selected entry.
pub(super) fn ask_note(state: &State) -> Vec<Next> {
    let Some(entry) = state.entry() else {
        return say(Level::Info, "this row cannot be marked");
    };
    let known = state.marks.0.get(&key(&entry));
    vec![Next::Prompt(PromptSpec {
        kind: "note",
        label: "note: ",
        text: known.map_or_else(String::new, |mark| mark.note.clone()),
    })]
}

/// Marks the selected entry with this note.
pub(super) fn note(state: &mut State, text: &str, ctx: &Ctx) -> Vec<Next> {
    match state.entry() {
        Some(entry) => set(state, entry, text.to_owned(), ctx),
        None => say(Level::Info, "this row cannot be marked"),
    }
}

/// Goes to the next mark, or the one before.
pub(super) fn step(state: &mut State, back: bool, ctx: &Ctx) -> Vec<Next> {
    if state.marks.is_empty() {
        return say(Level::Info, "there is no mark: m sets one");
    }
    let Some(entry) = state.entry() else {
        return Vec::new();
    };
    let here = key(&entry);
    let found = if back {
        state.marks.0.range(..here).next_back()
    } else {
        use std::ops::Bound::{Excluded, Unbounded};
        state.marks.0.range((Excluded(here), Unbounded)).next()
    };
    match found.map(|(_, mark)| mark.entry.clone()) {
        Some(entry) => to(state, &entry, ctx),
        None if back => say(Level::Info, "no mark before this"),
        None => say(Level::Info, "no mark after this"),
    }
}

/// Goes to a marked entry; to its time, when it is not shown.
pub(super) fn to(state: &mut State, entry: &Entry, ctx: &Ctx) -> Vec<Next> {
    let time = entry
        .realtime
        .saturating_sub(state.intake.ahead(&entry.host));
    // A clock that was set back keeps the order of its host, so that rows may stand later.
    let start = RowId::before(time.saturating_sub(1));
    let start = state.held.whole_place(start).unwrap_or_else(|at| at);
    let end = state.held.whole_len().min(start + NEAR);
    let found = (start..end)
        .filter_map(|at| state.held.whole_row(at))
        .find(|row| {
            let row = row.entry();
            row.is_some_and(|row| row.cursor == entry.cursor && row.host == entry.host)
        });
    match found.and_then(|row| fold::reveal(state, row.id)) {
        Some(at) => go(state, at, ctx),
        None => {
            let mut next = jump::to_time(state, time, ctx);
            next.extend(say(Level::Info, "the marked entry itself is not shown now"));
            next
        }
    }
}
