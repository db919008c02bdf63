//! The list below the log: what is filtered by. Its rows are made when they are drawn or acted
//! on, so that they are never out of date.

use super::{
    State, act, clauses, narrowed,
    patterns::{self, Order},
    restart,
};
use crate::{
    text,
    tui::{
        effect::{Next, PromptSpec},
        msg::Hit,
        panes::Ctx,
        theme::Role,
        view::Painter,
        widgets::{list::ListState, log::TimeFormat},
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

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

/// What a row stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
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
enum Asked {
    Unit(String),
    Priority,
    Boot,
    Since,
    Until,
    Grep,
    Match(String),
}

struct Row {
    item: Item,
    role: Role,
    text: String,
    note: String,
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

fn rows(state: &State, kind: Kind, ctx: &Ctx) -> Vec<Row> {
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
    let row = |(at, mark): (usize, &super::marks::Mark)| {
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
    super::recount(state);
    state.panel = Some(Panel {
        kind: Kind::Patterns,
        list: ListState::default(),
        rows: 0,
    });
    super::strip::slice(state, super::COUNTED, ctx);
    settle(state, ctx);
    vec![Next::Dirty]
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
    super::columns::offered(state)
        .into_iter()
        .map(row)
        .collect()
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
    fn drop_from(&self, query: &mut crate::logs::Query) {
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
        Kind::Columns if super::columns::offered(state).is_empty() => {
            Some("no message near here is JSON or key=value")
        }
        _ => None,
    };
    if let Some(why) = none {
        return act::say(crate::tui::msg::Level::Info, why);
    }
    if kind == Kind::Filters && state.held.clauses().is_empty() && !narrowed(&state.query) {
        return act::say(
            crate::tui::msg::Level::Info,
            "there is no filter: & and ! add one",
        );
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
        (Kind::Patterns, "panel.since") => {
            let at = state.here.at(&state.held);
            let mut text = String::new();
            if let Some(shown) = state.held.shown(at) {
                let zone = &ctx.preferences.zone;
                TimeFormat::Iso.write(&mut text, shown.id.time, ctx.now, zone);
            }
            return vec![Next::Prompt(PromptSpec {
                kind: "new-since",
                label: "new since: ",
                text,
            })];
        }
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
            Some(entry) => super::marks::to(state, &entry, ctx),
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
            super::columns::switch(state, &key);
            vec![Next::Dirty]
        }
        _ => act::say(
            crate::tui::msg::Level::Info,
            "that cannot be done with this row",
        ),
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

pub(super) fn draw(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let Some(panel) = &state.panel else { return };
    if area.is_empty() {
        return;
    }
    let rows = rows(state, panel.kind, ctx);
    let ground = painter.theme.style(Role::Header);
    let head = Rect::new(area.x, area.y, area.width, 1);
    painter.style(head, ground);
    let mut since = String::new();
    let title = match panel.kind {
        Kind::Patterns => {
            let patterns = state.patterns.as_ref();
            let order = match patterns.map(|p| p.order) {
                Some(Order::Newest) => "newest first",
                _ => "most frequent first",
            };
            let more = if super::strip::waiting(state, ctx) {
                ", counting"
            } else {
                ""
            };
            let _ = write!(since, "Patterns, {order}{more}");
            if let Some(time) = patterns.and_then(|p| p.since) {
                since.push_str(": new since ");
                TimeFormat::Short.write(&mut since, time, ctx.now, &ctx.preferences.zone);
            }
            since.as_str()
        }
        Kind::Filters => "Filters",
        Kind::Marks => "Marks: Enter goes there",
        Kind::Columns => "Keys of the messages: Enter shows them as columns",
    };
    let style = ground.patch(painter.theme.style(Role::Title));
    painter.cut(
        area.x + 1,
        area.y,
        area.width.saturating_sub(1),
        title,
        style,
    );
    let list = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
    let shown = rows.iter().enumerate().skip(panel.list.top());
    for ((at, row), y) in shown.zip(list.top()..list.bottom()) {
        let line = Rect::new(list.x, y, list.width, 1);
        let mut style = painter.theme.style(row.role);
        let mut muted = painter.theme.style(Role::Muted);
        if at == panel.list.at() {
            let selected = painter.theme.style(Role::Selected);
            painter.style(line, selected);
            let cursor = painter.theme.glyphs().cursor;
            painter.text(line.x, y, 1, cursor, selected);
            (style, muted) = (selected, selected);
        }
        let note = u16::try_from(crate::tui::view::columns(&row.note)).unwrap_or(0);
        let room = line.width.saturating_sub(note + 4);
        painter.cut(line.x + 2, y, room, &text::clean(&row.text), style);
        painter.text(
            line.right().saturating_sub(note + 1),
            y,
            note,
            &row.note,
            muted,
        );
        painter.hit(line, Hit::Offer(at));
    }
}

/// The list as lines.
pub(super) fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    let Some(panel) = &state.panel else { return };
    for (at, row) in rows(state, panel.kind, ctx).iter().enumerate() {
        let here = if at == panel.list.at() { "> " } else { "  " };
        let _ = writeln!(out, "{here}{} ({})", text::clean(&row.text), row.note);
    }
}
