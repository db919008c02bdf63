//! Which keys there are now, and what can be done with them.

use super::{State, narrowed, panel};
use crate::tui::{
    actions::{Context, Offer},
    panes::Ctx,
};

/// The journal's keys, or those of the entry that is open.
pub fn contexts(state: &State) -> &'static [Context] {
    if state.detail.is_some() {
        &[Context::Entry, Context::List]
    } else if state.panel.is_some() {
        &[Context::Panel, Context::List]
    } else if state.strip.focus {
        &[Context::Histogram, Context::List]
    } else {
        &[Context::Logs, Context::List]
    }
}

/// What can be done now.
pub fn actions(state: &State, _ctx: &Ctx) -> Vec<Offer> {
    if state.detail.is_some() {
        return [
            "entry.filter-in",
            "entry.filter-out",
            "entry.pretty",
            "back",
        ]
        .into_iter()
        .filter_map(Offer::yes)
        .collect();
    }
    if state.panel.is_some() {
        return panel::actions(state)
            .iter()
            .filter_map(|id| Offer::yes(id))
            .collect();
    }
    if state.strip.focus {
        return [
            "open",
            "histogram.select",
            "histogram.left",
            "histogram.right",
            "back",
        ]
        .into_iter()
        .filter_map(Offer::yes)
        .collect();
    }
    let some = |what: &str| {
        if state.held.is_empty() {
            Err(format!("there is no entry {what}"))
        } else {
            Ok(())
        }
    };
    let hits = if state.held.searched().is_empty() {
        Err("nothing is searched for".to_owned())
    } else {
        Ok(())
    };
    let filtered = if state.held.clauses().is_empty() && !narrowed(&state.query) {
        Err("nothing is filtered".to_owned())
    } else {
        Ok(())
    };
    [
        Offer::yes("logs.search"),
        Offer::when("logs.next", hits.clone()),
        Offer::when("logs.previous", hits),
        Offer::yes("logs.filter-in"),
        Offer::yes("logs.filter-out"),
        Offer::yes("logs.priority"),
        Offer::when("open", some("to look at")),
        Offer::yes("logs.freeze"),
        Offer::yes("logs.follow"),
        Offer::when("logs.filters", filtered.clone()),
        Offer::when("logs.clear", filtered),
        Offer::yes("logs.at"),
        Offer::yes("logs.histogram"),
        Offer::when("logs.zoom", some("to count")),
        Offer::yes("logs.unit"),
        Offer::yes("logs.boot"),
        Offer::yes("logs.since"),
        Offer::yes("logs.time"),
        Offer::yes("logs.wrap"),
        Offer::when("logs.save", some("to save")),
        Offer::when("logs.fold", some("to fold")),
        Offer::when("logs.patterns", some("to count")),
        Offer::when("logs.mark", some("to mark")),
        Offer::when("logs.choose", some("to choose")),
        Offer::when("logs.copy-as", some("to copy")),
        // Esc ends a choice, then the search first.
        Offer::yes("back").filter(|_| {
            state.choice.is_some() || state.compare.is_some() || !state.held.searched().is_empty()
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
