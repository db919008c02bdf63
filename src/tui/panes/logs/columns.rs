//! Messages that are data, shown by chosen keys as columns.

use super::State;
use crate::{
    logs::{Entry, structured::Structured},
    tui::view::columns as width_of,
};
use std::{collections::HashMap, fmt::Write, sync::Arc};

/// Rows that are looked at for keys.
const LOOKED_AT: usize = 500;
/// Columns of one key.
const WIDEST: usize = 32;
/// Keys that are offered.
const OFFERED: usize = 100;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Keys in the order they were chosen, and how wide each is.
    chosen: Vec<(String, usize)>,
}

impl Columns {
    /// The keys that are shown.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.chosen.iter().map(|(key, _)| key.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// Shows by the chosen keys what has one of them.
    pub(super) fn apply(&self, entry: &mut Entry) {
        if self.chosen.is_empty() {
            return;
        }
        let Some(found) = Structured::of(&entry.message) else {
            return;
        };
        if self.keys().all(|key| found.get(key).is_none()) {
            return;
        }
        let mut out = String::new();
        for (at, (key, width)) in self.chosen.iter().enumerate() {
            let value = found.get(key).unwrap_or("-").replace(['\n', '\r'], " ");
            let last = at + 1 == self.chosen.len();
            let short: String = value.chars().take(WIDEST).collect();
            let value = if last { &value } else { &short };
            out.push_str(value);
            if !last {
                let pad = width.saturating_sub(width_of(value)) + 2;
                let _ = write!(out, "{:pad$}", "");
            }
        }
        entry.message = Arc::from(out.as_bytes());
    }
}

/// The keys of the newest data, the most frequent first, and how many messages have each.
pub(super) fn offered(state: &State) -> Vec<(String, usize)> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for entry in looked_at(state) {
        let Some(found) = Structured::of(&entry.message) else {
            continue;
        };
        for (key, _) in found.pairs {
            *counts.entry(key).or_default() += 1;
        }
    }
    let mut all: Vec<(String, usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(OFFERED);
    for key in state.columns.keys() {
        if !all.iter().any(|(known, _)| known == key) {
            all.push((key.to_owned(), 0));
        }
    }
    all
}

fn looked_at(state: &State) -> impl Iterator<Item = Entry> {
    let end = state.here.visible(&state.held);
    let at = (state.here.at(&state.held) + LOOKED_AT / 2).min(end);
    state.heads(at.saturating_sub(LOOKED_AT)..at)
}

/// Shows a key as a column, or no longer.
pub(super) fn switch(state: &mut State, key: &str) {
    let chosen = &mut state.columns.chosen;
    if let Some(at) = chosen.iter().position(|(known, _)| known == key) {
        chosen.remove(at);
        return;
    }
    let widest = looked_at(state)
        .filter_map(|entry| {
            let found = Structured::of(&entry.message)?;
            Some(width_of(found.get(key)?))
        })
        .max();
    let width = widest.unwrap_or(1).clamp(1, WIDEST);
    state.columns.chosen.push((key.to_owned(), width));
}
