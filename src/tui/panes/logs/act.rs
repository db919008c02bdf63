//! What keys, lines and the mouse do in the logs.

use super::{State, detail, held::as_log_row, pick, position::Seen, restart, room, save};
use crate::{
    filter::{self, Filter, FilterError},
    logs::{seen::FIELDS, when},
    tui::{
        effect::{Effect, Next, PromptSpec},
        msg::Level,
        panes::Ctx,
    },
};
use std::path::PathBuf;

/// Columns of one step sideways.
const SIDEWAYS: usize = 16;
/// Rows of context, one after the other.
const CONTEXT: [usize; 4] = [0, 3, 10, 30];

pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    if state.detail.is_some() {
        return detail::act(state, id, ctx);
    }
    if let Some(next) = movement(state, id, ctx) {
        return next;
    }
    match id {
        "open" => open(state, ctx),
        "back" if !state.held.searched().is_empty() => {
            state.held.set_search(Filter::default());
            state.on_hit = false;
            vec![Next::Taken, Next::Dirty]
        }
        "logs.follow" => {
            if state.here.following() {
                let seen = seen(state, ctx);
                state.here.stop(&state.held, seen);
            } else {
                to_end(state);
            }
            vec![Next::Dirty]
        }
        "logs.freeze" => {
            if state.here.frozen() {
                to_end(state);
            } else {
                let seen = seen(state, ctx);
                state.here.freeze(&state.held, seen);
            }
            vec![Next::Dirty]
        }
        "logs.search" => {
            state.before = Some(state.held.searched().clone());
            prompt("search", "/", String::new())
        }
        "logs.next" => hit(state, false, ctx),
        "logs.previous" => hit(state, true, ctx),
        "logs.filter-in" => {
            state.before = Some(state.filter());
            let mut text = state.filter().as_str().to_owned();
            if !text.is_empty() {
                text.push(' ');
            }
            prompt("filter", "&", text)
        }
        "logs.filter-out" => {
            state.before = Some(state.filter());
            prompt("exclude", "!", String::new())
        }
        "logs.clear" => clear(state, ctx),
        "logs.priority" => pick::priorities(),
        "logs.unit" => pick::units(state, ctx),
        "logs.host" => pick::hosts(state, ctx),
        "logs.boot" => pick::boots(state),
        "logs.this-unit" => this_unit(state, ctx),
        "logs.since" => prompt(
            "since",
            "since: ",
            state.query.since.clone().unwrap_or_default(),
        ),
        "logs.context" => {
            let now = CONTEXT.iter().position(|n| *n == state.held.context());
            let rows = now.and_then(|at| CONTEXT.get(at + 1)).unwrap_or(&0);
            let filter = state.filter();
            state.set_filter(filter, *rows, ctx.now);
            let word = match (rows, state.filter().is_empty()) {
                (0, _) => "no rows around those that pass the filter".to_owned(),
                (n, true) => format!("{n} rows around those that pass, once there is a filter"),
                (n, false) => format!("{n} rows around those that pass the filter"),
            };
            say(Level::Info, word)
        }
        "logs.wrap" => {
            state.wrap = !state.wrap;
            state.left = 0;
            vec![Next::Dirty]
        }
        "logs.time" => {
            state.time = state.time.next();
            vec![Next::Dirty]
        }
        "logs.save" => prompt("save", "save as (.log, .json, .md): ", String::new()),
        "list.left" => {
            state.left = state.left.saturating_sub(SIDEWAYS);
            vec![Next::Dirty]
        }
        "list.right" if !state.wrap => {
            state.left = (state.left + SIDEWAYS).min(64 * 1024);
            vec![Next::Dirty]
        }
        _ => Vec::new(),
    }
}

fn say(level: Level, text: impl Into<String>) -> Vec<Next> {
    vec![Next::Say(level, text.into()), Next::Dirty]
}

fn prompt(kind: &'static str, label: &'static str, text: String) -> Vec<Next> {
    vec![Next::Prompt(PromptSpec { kind, label, text })]
}

fn seen(state: &State, ctx: &Ctx) -> Seen {
    let style = state.style(ctx, &[]);
    let width = ctx.area.width;
    let height = |at| {
        state
            .held
            .row(at)
            .map_or(1, |row| style.height(as_log_row(&row), width))
    };
    state.here.seen(&state.held, height, room(ctx))
}

fn to_end(state: &mut State) {
    state.here.follow();
    state.on_hit = false;
    state.held.let_go();
}

/// Selects a row by its index.
fn go(state: &mut State, to: usize, ctx: &Ctx) -> Vec<Next> {
    let mut here = state.here.clone();
    {
        let style = state.style(ctx, &[]);
        let width = ctx.area.width;
        let height = |at| {
            state
                .held
                .row(at)
                .map_or(1, |row| style.height(as_log_row(&row), width))
        };
        here.go(to, &state.held, height, room(ctx));
    }
    state.here = here;
    state.on_hit = false;
    let mut next = older(state, ctx);
    next.push(Next::Dirty);
    next
}

pub(super) fn wheel(state: &mut State, lines: i32, ctx: &Ctx) -> Vec<Next> {
    if state.detail.is_some() {
        return detail::wheel(state, lines, ctx);
    }
    let by = isize::try_from(lines).unwrap_or(0);
    let mut here = state.here.clone();
    {
        let style = state.style(ctx, &[]);
        let width = ctx.area.width;
        let height = |at| {
            state
                .held
                .row(at)
                .map_or(1, |row| style.height(as_log_row(&row), width))
        };
        here.scroll(by, &state.held, height, room(ctx));
    }
    state.here = here;
    let mut next = older(state, ctx);
    next.push(Next::Dirty);
    next
}

pub(super) fn click(state: &mut State, row: usize, ctx: &Ctx) -> Vec<Next> {
    match &mut state.detail {
        Some(detail) => {
            detail.click(row, ctx);
            vec![Next::Dirty]
        }
        None => go(state, row, ctx),
    }
}

fn movement(state: &mut State, id: &str, ctx: &Ctx) -> Option<Vec<Next>> {
    let at = state.here.at(&state.held);
    let page = usize::from(room(ctx).saturating_sub(1).max(1));
    let half = (page / 2).max(1);
    let to = match id {
        // At the end there is nowhere further down: following goes on.
        "list.down" | "list.page-down" | "list.half-down" if state.here.following() => {
            return Some(Vec::new());
        }
        "list.down" => at + 1,
        "list.up" => at.saturating_sub(1),
        "list.page-down" => at + page,
        "list.page-up" => at.saturating_sub(page),
        "list.half-down" => at + half,
        "list.half-up" => at.saturating_sub(half),
        "list.top" => 0,
        "list.bottom" if state.here.frozen() => usize::MAX,
        "list.bottom" => {
            to_end(state);
            return Some(vec![Next::Dirty]);
        }
        _ => return None,
    };
    Some(go(state, to, ctx))
}

/// Asks the hosts for older entries where what is seen reaches back to the first held ones.
fn older(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let seen = seen(state, ctx);
    // A screenful ahead, so that there is something to read on.
    let top = seen.top.saturating_sub(usize::from(room(ctx)));
    let Some(first) = state.held.shown(top) else {
        return Vec::new();
    };
    let time = if top == 0 { i64::MIN } else { first.id.time };
    let query = state.query.clone();
    state
        .intake
        .back_to(&mut state.held, &state.hosts, &query, time, ctx)
}

fn open(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let Some(entry) = state.entry() else {
        return say(Level::Info, "this row has no fields");
    };
    // What is read must not move away meanwhile.
    let seen = seen(state, ctx);
    state.here.stop(&state.held, seen);
    let (request, next) = super::ask_fields(&entry, ctx);
    state.detail = Some(detail::Detail::new(entry, request, ctx));
    vec![next, Next::Dirty]
}

/// The next hit from the selected row on; around the end.
fn hit(state: &mut State, back: bool, ctx: &Ctx) -> Vec<Next> {
    if state.held.searched().is_empty() {
        return say(Level::Info, "nothing is searched for: / searches");
    }
    let at = state.here.at(&state.held);
    let here = state.held.shown(at).map(|shown| shown.id);
    let hits = state.held.hits();
    let Some(here) = here.filter(|_| hits > 0) else {
        let more = if state.held.busy() { ", so far" } else { "" };
        return say(Level::Info, format!("no hit{more}"));
    };
    let number = state.held.hit_number(here);
    let (found, around) = if back {
        match number.unwrap_or_else(|older| older).checked_sub(1) {
            Some(number) => (number, false),
            None => (hits - 1, true),
        }
    } else {
        match number.map_or_else(|older| older, |number| number + 1) {
            number if number < hits => (number, false),
            _ => (0, true),
        }
    };
    let found = state.held.hit(found);
    let Some(to) = found.and_then(|id| state.held.place(id).ok()) else {
        return Vec::new();
    };
    let mut next = go(state, to, ctx);
    state.on_hit = true;
    if around {
        let word = if back { "the first" } else { "the last" };
        let other = if back { "last" } else { "first" };
        next.push(Next::Say(
            Level::Info,
            format!("that was {word} hit: on from the {other}"),
        ));
    }
    next
}

fn clear(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let pushed = super::narrowed(&state.query);
    state.set_filter(Filter::default(), 0, ctx.now);
    if !pushed {
        return vec![Next::Dirty];
    }
    state.query = crate::logs::Query {
        lines: state.query.lines,
        ..Default::default()
    };
    restart(state, ctx)
}

fn this_unit(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let unit = state.entry().and_then(|entry| entry.unit);
    match unit {
        Some(unit) => {
            state.query.units = vec![unit.to_string()];
            restart(state, ctx)
        }
        None => say(Level::Info, "this entry has no unit"),
    }
}

pub(super) fn line(
    state: &mut State,
    kind: &str,
    text: Option<String>,
    done: bool,
    ctx: &Ctx,
) -> Vec<Next> {
    match (kind, text) {
        ("search", text) => search(state, text, done, ctx),
        ("filter", text) => filter(state, text, done, ctx),
        ("exclude", text) => {
            let text = text.map(|text| exclusion(state, &text));
            filter(state, text, done, ctx)
        }
        ("since", Some(text)) if done => since(state, text.trim(), ctx),
        ("save", Some(text)) if done => save(state, text.trim(), ctx),
        _ => Vec::new(),
    }
}

/// The filter there was before, and what is to be left out from now on.
fn exclusion(state: &State, text: &str) -> String {
    let before = state.before.as_ref().map_or("", Filter::as_str);
    let text = text.trim();
    match text {
        "" => before.to_owned(),
        text => format!("{before} !{text}").trim_start().to_owned(),
    }
}

fn wrong(error: FilterError, offset: usize) -> Vec<Next> {
    let span = error.span.start.saturating_sub(offset)..error.span.end.saturating_sub(offset);
    vec![Next::Wrong(span, error.message)]
}

fn search(state: &mut State, text: Option<String>, done: bool, ctx: &Ctx) -> Vec<Next> {
    let search = match &text {
        Some(text) => match Filter::parse_for(text.trim(), FIELDS) {
            Ok(search) => search,
            // Half-typed is not wrong yet.
            Err(_) if !done => return Vec::new(),
            Err(error) => return wrong(error, 0),
        },
        None => state.before.take().unwrap_or_default(),
    };
    if done {
        state.before = None;
    }
    if search != *state.held.searched() {
        state.held.set_search(search);
        state.held.slice(super::SLICE);
    }
    let mut next = vec![Next::Dirty];
    if done && text.is_some() && !state.held.searched().is_empty() {
        let at = state.here.at(&state.held);
        let here = state.held.shown(at).map(|shown| shown.id);
        // The newest hit up to here; further ones with n and N.
        let number = here.map_or(0, |here| match state.held.hit_number(here) {
            Ok(number) => number,
            Err(older) => older.saturating_sub(1),
        });
        let found = state.held.hit(number);
        if let Some(to) = found.and_then(|id| state.held.place(id).ok()) {
            next.extend(go(state, to, ctx));
            state.on_hit = true;
        } else if !state.held.busy() {
            next.push(Next::Say(Level::Info, "no hit".into()));
        }
    }
    next
}

fn filter(state: &mut State, text: Option<String>, done: bool, ctx: &Ctx) -> Vec<Next> {
    let new = match &text {
        Some(text) => match Filter::parse_for(text.trim(), FIELDS) {
            Ok(new) => new,
            Err(_) if !done => return Vec::new(),
            Err(error) => {
                // For an exclusion only what was typed is on the line.
                let typed = state.before.as_ref().map_or(0, |b| b.as_str().len());
                let offset = if error.span.start > typed && text.contains('!') && typed > 0 {
                    typed + 2
                } else {
                    0
                };
                return wrong(error, offset);
            }
        },
        None => state.before.clone().unwrap_or_default(),
    };
    if done {
        state.before = None;
    }
    if new != state.filter() {
        state.set_filter(new, state.held.context(), ctx.now);
        state.held.slice(super::SLICE);
        state.on_hit = false;
    }
    vec![Next::Dirty]
}

/// Adds a term to the filter, as the entry's fields do.
pub(super) fn add_term(state: &mut State, term: &str, ctx: &Ctx) -> Vec<Next> {
    let text = format!("{} {term}", state.filter().as_str());
    match Filter::parse_for(text.trim(), FIELDS) {
        Ok(new) => {
            state.set_filter(new, state.held.context(), ctx.now);
            state.held.slice(super::SLICE);
            say(Level::Info, format!("filter: {}", text.trim()))
        }
        Err(error) => say(Level::Warning, error.to_string()),
    }
}

fn since(state: &mut State, text: &str, ctx: &Ctx) -> Vec<Next> {
    if text.is_empty() {
        state.query.since = None;
        return restart(state, ctx);
    }
    let now = ctx.now.to_zoned(ctx.preferences.zone.clone());
    match when::since(text, &now) {
        Ok(_) => {
            state.query.since = Some(text.to_owned());
            restart(state, ctx)
        }
        Err(error) => {
            let hint = "write e.g. 14:05, -2h, yesterday 9am or 2026-11-23 14:05";
            vec![Next::Wrong(0..text.len(), format!("{error}: {hint}"))]
        }
    }
}

fn save(state: &State, text: &str, ctx: &Ctx) -> Vec<Next> {
    if text.is_empty() {
        return vec![Next::Wrong(0..0, "a file name is missing".into())];
    }
    let path = PathBuf::from(text);
    let bytes = save::render(state, &path, ctx);
    vec![Next::Do(Effect::Save(path, bytes))]
}

/// The term that a field of an entry makes.
pub(super) fn term(field: &str, value: &str, not: bool) -> Option<String> {
    let name = match field {
        "_SYSTEMD_UNIT" | "UNIT" => "unit",
        "SYSLOG_IDENTIFIER" | "_COMM" => "id",
        "_BOOT_ID" => "boot",
        "PRIORITY" => return Some(format!("prio:{}{value}", if not { "!" } else { "" })),
        "_PID" | "SYSLOG_PID" => return Some(format!("pid:{}{value}", if not { "!" } else { "" })),
        "MESSAGE" => {
            let line = value.lines().next().unwrap_or("");
            let short: String = line.chars().take(200).collect();
            return Some(format!(
                "{}{}",
                if not { "!" } else { "" },
                filter::quote(&short)
            ));
        }
        _ => return None,
    };
    Some(filter::term_for(name, value, not))
}
