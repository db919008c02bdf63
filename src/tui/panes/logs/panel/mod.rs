//! The list below the log: what is filtered by, marks, patterns, keys of data. Its rows are made
//! when they are drawn or acted on (`rows`), so that they are never out of date.

mod draw;
mod rows;

use super::{
    State, act, clauses, columns, marks, moments, narrowed,
    patterns::{self, Order},
    recount, restart, strip,
};
use crate::tui::{
    effect::{Next, PromptSpec},
    msg::Level,
    panes::Ctx,
    widgets::list::ListState,
};
use rows::{Item, Row, rows};

pub(super) use draw::{draw, plain};

/// What the list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What is filtered by: here, and by the hosts.
    Filters,
    /// The marked entries.
    Marks,
    /// Patterns of the shown messages.
    Patterns,
    /// Keys of messages that are data.
    Columns,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Panel {
    kind: Kind,
    list: ListState<usize>,
    rows: usize,
}

impl Panel {
    /// Lines it would like to have, with its heading.
    pub(super) fn wanted(&self) -> u16 {
        u16::try_from(self.rows)
            .unwrap_or(u16::MAX)
            .saturating_add(1)
    }
}

/// Lists the patterns; only those that began at or after a time, the newest first, when there is
/// one.
pub(super) fn patterns(state: &mut State, since: Option<i64>, ctx: &Ctx) -> Vec<Next> {
    let known = state.patterns.take();
    let mut patterns = known.unwrap_or_default();
    patterns.since = since;
    if since.is_some() {
        patterns.order = Order::Newest;
    }
    state.patterns = Some(patterns);
    recount(state);
    state.panel = Some(Panel {
        kind: Kind::Patterns,
        list: ListState::default(),
        rows: 0,
    });
    strip::slice(state, super::COUNTED, ctx);
    settle(state, ctx);
    vec![Next::Dirty]
}

/// Opens the list, or closes it when it is open.
pub(super) fn toggle(state: &mut State, kind: Kind, ctx: &Ctx) -> Vec<Next> {
    if state.panel.as_ref().is_some_and(|panel| panel.kind == kind) {
        close(state);
        return vec![Next::Dirty];
    }
    close(state);
    if kind == Kind::Patterns {
        return patterns(state, None, ctx);
    }
    let none = match kind {
        Kind::Marks if state.marks.is_empty() => Some("there is no mark: m sets one"),
        Kind::Columns if columns::offered(state).is_empty() => {
            Some("no message near here is JSON or key=value")
        }
        _ => None,
    };
    if let Some(why) = none {
        return act::say(Level::Info, why);
    }
    if kind == Kind::Filters && state.held.clauses().is_empty() && !narrowed(&state.query) {
        return act::say(Level::Info, "there is no filter: & and ! add one");
    }
    state.panel = Some(Panel {
        kind,
        list: ListState::default(),
        rows: 0,
    });
    settle(state, ctx);
    vec![Next::Dirty]
}

/// What can be done with the list that is open.
pub(super) fn actions(state: &State) -> &'static [&'static str] {
    match state.panel.as_ref().map(|panel| panel.kind) {
        Some(Kind::Filters) => &["open", "panel.switch", "panel.out", "panel.remove", "back"],
        Some(Kind::Patterns) => &["open", "panel.out", "panel.order", "panel.since", "back"],
        Some(Kind::Marks) => &["open", "panel.remove", "panel.since", "back"],
        Some(Kind::Columns) => &["open", "back"],
        None => &[],
    }
}

fn close(state: &mut State) {
    state.panel = None;
    state.patterns = None;
}

/// After what it lists has changed.
pub(super) fn settle(state: &mut State, ctx: &Ctx) {
    let Some(kind) = state.panel.as_ref().map(|panel| panel.kind) else {
        return;
    };
    // A list that one has begun to read is not put into another order.
    let unread = state.panel.as_ref().is_none_or(|p| p.list.at() == 0);
    if let Some(patterns) = state.patterns.as_mut().filter(|_| unread) {
        patterns.list();
    }
    let count = rows(state, kind, ctx).len();
    if count == 0 && kind != Kind::Patterns {
        state.panel = None;
        return;
    }
    if let Some(panel) = &mut state.panel {
        panel.rows = count;
    }
    let height = height(state, ctx);
    if let Some(panel) = &mut state.panel {
        let keys: Vec<usize> = (0..count).collect();
        panel.list.settle(&keys, height);
    }
}

fn height(state: &State, ctx: &Ctx) -> usize {
    usize::from(state.areas(ctx.area).panel.height.saturating_sub(1)).max(1)
}

/// What a key does while the list is open.
pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let Some(kind) = state.panel.as_ref().map(|panel| panel.kind) else {
        return Vec::new();
    };
    let all = rows(state, kind, ctx);
    let keys: Vec<usize> = (0..all.len()).collect();
    let height = height(state, ctx);
    if let Some(panel) = &mut state.panel
        && panel.list.act(id, &keys, height)
    {
        return vec![Next::Dirty];
    }
    match (kind, id) {
        (_, "back") => {
            close(state);
            return vec![Next::Taken, Next::Dirty];
        }
        (Kind::Patterns, "panel.order") => {
            if let Some(patterns) = &mut state.patterns {
                patterns.order = match patterns.order {
                    Order::Frequent => Order::Newest,
                    Order::Newest => Order::Frequent,
                };
            }
            if let Some(panel) = &mut state.panel {
                panel.list = ListState::default();
            }
            settle(state, ctx);
            return vec![Next::Dirty];
        }
        (Kind::Patterns, "panel.since") => return moments::ask(state, ctx),
        _ => {}
    }
    let at = state.panel.as_ref().map_or(0, |panel| panel.list.at());
    let Some(row) = all.into_iter().nth(at) else {
        return vec![Next::Dirty];
    };
    let next = on_row(state, row, id, ctx);
    settle(state, ctx);
    next
}

fn on_row(state: &mut State, row: Row, id: &str, ctx: &Ctx) -> Vec<Next> {
    match (row.item, id) {
        (Item::Clause(at), "panel.switch") => clauses::switch(state, at, ctx),
        (Item::Clause(at), "panel.out") => clauses::turn(state, at, ctx),
        (Item::Clause(at), "panel.remove") => clauses::remove(state, at, ctx),
        (Item::Clause(at), "open") => {
            let Some(clause) = state.held.clauses().get(at).cloned() else {
                return Vec::new();
            };
            state.draft(Some(at));
            let (kind, label) = if clause.out {
                ("exclude", "!")
            } else {
                ("filter", "&")
            };
            vec![Next::Prompt(PromptSpec {
                kind,
                label,
                text: clause.filter.as_str().to_owned(),
            })]
        }
        (Item::Asked(asked), "panel.remove" | "panel.switch") => {
            asked.drop_from(&mut state.query);
            restart(state, ctx)
        }
        (Item::Mark(at), "open") => match state.marks.nth(at).map(|mark| mark.entry.clone()) {
            Some(entry) => marks::to(state, &entry, ctx),
            None => Vec::new(),
        },
        (Item::Mark(at), "panel.remove" | "panel.switch") => {
            if let Some(entry) = state.marks.nth(at).map(|mark| mark.entry.clone()) {
                state.marks.remove(&entry);
            }
            vec![Next::Dirty]
        }
        (Item::Mark(at), "panel.since") => {
            let time = state.marks.nth(at).map(|mark| mark.entry.realtime);
            patterns(state, time, ctx)
        }
        (Item::Pattern(key), "open" | "panel.switch") => patterns::filter(state, &key, false, ctx),
        (Item::Pattern(key), "panel.out" | "panel.remove") => {
            patterns::filter(state, &key, true, ctx)
        }
        (Item::Key(key), "open" | "panel.switch" | "panel.remove") => {
            columns::switch(state, &key);
            vec![Next::Dirty]
        }
        _ => act::say(Level::Info, "that cannot be done with this row"),
    }
}

/// A click on a row selects it; a second one opens it.
pub(super) fn click(state: &mut State, row: usize, twice: bool, ctx: &Ctx) -> Vec<Next> {
    let height = height(state, ctx);
    if let Some(panel) = &mut state.panel {
        let keys: Vec<usize> = (0..panel.rows).collect();
        panel.list.click(row, &keys, height);
    }
    if twice {
        return act(state, "open", ctx);
    }
    vec![Next::Dirty]
}
