//! The rows of each list, made when they are drawn or acted on.

use super::{
    super::{State, clauses, columns, marks::Mark, patterns},
    Kind,
};
use crate::{
    logs::Query,
    text,
    tui::{panes::Ctx, theme::Role, widgets::log::TimeFormat},
};
use std::fmt::Write;

/// What a row stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A filter of the list, by its number.
    Clause(usize),
    /// Something that the hosts are asked for.
    Asked(Asked),
    /// A mark, by its number.
    Mark(usize),
    /// A pattern.
    Pattern(patterns::Key),
    /// A key.
    Key(String),
}

/// What narrows the question to the hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Unit(String),
    Priority,
    Boot,
    Since,
    Until,
    Grep,
    Match(String),
}

/// A row of the list.
pub(super) struct Row {
    pub(super) item: Item,
    pub(super) role: Role,
    pub(super) text: String,
    pub(super) note: String,
}

/// The rows of a list.
pub(super) fn rows(state: &State, kind: Kind, ctx: &Ctx) -> Vec<Row> {
    match kind {
        Kind::Filters => filters(state, ctx),
        Kind::Marks => marks(state, ctx),
        Kind::Columns => columns(state),
        Kind::Patterns => of_patterns(state, ctx),
    }
}

fn filters(state: &State, ctx: &Ctx) -> Vec<Row> {
    let mut rows: Vec<Row> = state
        .held
        .clauses()
        .iter()
        .enumerate()
        .map(|(at, clause)| Row {
            item: Item::Clause(at),
            role: if clause.on { Role::Accent } else { Role::Muted },
            text: clauses::shown(clause, &ctx.preferences.zone),
            note: if clause.on { "on" } else { "off" }.to_owned(),
        })
        .collect();
    for (asked, text) in asked(state, ctx) {
        rows.push(Row {
            item: Item::Asked(asked),
            role: Role::Text,
            text,
            note: "asked of the hosts".into(),
        });
    }
    rows
}

fn marks(state: &State, ctx: &Ctx) -> Vec<Row> {
    let row = |(at, mark): (usize, &Mark)| {
        let mut text = String::new();
        TimeFormat::Short.write(
            &mut text,
            mark.entry.realtime,
            ctx.now,
            &ctx.preferences.zone,
        );
        let message = mark.entry.message.get(..400).unwrap_or(&mark.entry.message);
        let host = mark.entry.host.as_str();
        let _ = write!(text, " {host} {}", String::from_utf8_lossy(message));
        Row {
            item: Item::Mark(at),
            role: Role::Text,
            text,
            note: text::clean(&mark.note).chars().take(40).collect(),
        }
    };
    state.marks.all().enumerate().map(row).collect()
}

fn of_patterns(state: &State, ctx: &Ctx) -> Vec<Row> {
    let Some(patterns) = &state.patterns else {
        return Vec::new();
    };
    let row = |(key, found): (&patterns::Key, &patterns::Found)| {
        let role = match found.priority {
            0..=3 => Role::Bad,
            4 => Role::Warning,
            _ => Role::Text,
        };
        let mut note = String::from("from ");
        TimeFormat::Short.write(&mut note, found.first, ctx.now, &ctx.preferences.zone);
        Row {
            item: Item::Pattern(key.clone()),
            role,
            text: patterns::shown(found, key.1.as_deref()),
            note,
        }
    };
    patterns.listed().map(row).collect()
}

fn columns(state: &State) -> Vec<Row> {
    let row = |(key, count): (String, usize)| {
        let on = state.columns.keys().any(|known| known == key);
        Row {
            role: if on { Role::Accent } else { Role::Text },
            text: key.clone(),
            note: if on {
                "shown".to_owned()
            } else {
                format!("in {count}")
            },
            item: Item::Key(key),
        }
    };
    columns::offered(state).into_iter().map(row).collect()
}

fn asked(state: &State, ctx: &Ctx) -> Vec<(Asked, String)> {
    let query = &state.query;
    let mut all = Vec::new();
    for unit in &query.units {
        all.push((Asked::Unit(unit.clone()), format!("unit {unit}")));
    }
    if let Some(priority) = query.priority {
        let (letter, _) = ctx.preferences.theme.priority(priority);
        all.push((Asked::Priority, format!("priority {letter} and worse")));
    }
    if let Some(boot) = &query.boot {
        all.push((Asked::Boot, format!("boot {boot}")));
    }
    if let Some(since) = &query.since {
        all.push((Asked::Since, format!("since {since}")));
    }
    if let Some(until) = &query.until {
        all.push((Asked::Until, format!("until {until}")));
    }
    if let Some(grep) = &query.grep {
        all.push((Asked::Grep, format!("grep {grep}")));
    }
    for wanted in &query.matches {
        all.push((Asked::Match(wanted.clone()), wanted.clone()));
    }
    all
}

impl Asked {
    pub(super) fn drop_from(&self, query: &mut Query) {
        match self {
            Asked::Unit(name) => query.units.retain(|unit| unit != name),
            Asked::Priority => query.priority = None,
            Asked::Boot => query.boot = None,
            Asked::Since => query.since = None,
            Asked::Until => query.until = None,
            Asked::Grep => query.grep = None,
            Asked::Match(wanted) => query.matches.retain(|known| known != wanted),
        }
    }
}
