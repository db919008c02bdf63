//! What lines mean that were asked for: search, filters, times, files.

use super::{
    State,
    act::{go, say},
    clauses, fold, jump, marks, panel, restart, save,
};
use crate::{
    filter::{self, Filter},
    logs::{seen::FIELDS, when},
    tui::{
        effect::{Effect, Next},
        msg::Level,
        panes::Ctx,
    },
};
use jiff::Timestamp;
use std::path::PathBuf;

pub(super) fn line(
    state: &mut State,
    kind: &str,
    text: Option<String>,
    done: bool,
    ctx: &Ctx,
) -> Vec<Next> {
    let next = match (kind, text) {
        ("search", text) => search(state, text, done, ctx),
        ("filter", text) => clauses::typed(state, text, false, done, ctx),
        ("exclude", text) => clauses::typed(state, text, true, done, ctx),
        ("since", Some(text)) if done => since(state, text.trim(), ctx),
        ("at", Some(text)) if done => at(state, text.trim(), ctx),
        ("new-since", Some(text)) if done => new_since(state, text.trim(), ctx),
        ("note", Some(text)) if done => marks::note(state, text.trim(), ctx),
        ("save", Some(text)) if done => save(state, text.trim(), ctx),
        _ => Vec::new(),
    };
    panel::settle(state, ctx);
    next
}

fn search(state: &mut State, text: Option<String>, done: bool, ctx: &Ctx) -> Vec<Next> {
    let search = match &text {
        Some(text) => match Filter::parse_for(text.trim(), FIELDS) {
            Ok(search) => search,
            // Half-typed is not wrong yet.
            Err(_) if !done => return Vec::new(),
            Err(error) => return vec![Next::Wrong(error.span, error.message)],
        },
        None => state.before.take().unwrap_or_default(),
    };
    if done {
        state.before = None;
    }
    if search != *state.held.searched() {
        state.held.set_search(search, ctx.now);
        state.evaluate();
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
        if let Some(to) = found.and_then(|id| fold::to_hit(state, id)) {
            next.extend(go(state, to, ctx));
            state.on_hit = true;
        } else if !state.held.busy() {
            next.push(Next::Say(Level::Info, "no hit".into()));
        }
    }
    next
}

/// A time as people write it, or what is wrong with it.
fn time(text: &str, ctx: &Ctx) -> Result<Timestamp, Vec<Next>> {
    let now = ctx.now.to_zoned(ctx.preferences.zone.clone());
    when::since(text, &now).map_err(|error| {
        let hint = "write e.g. 14:05, -2h, yesterday 9am or 2026-11-23 14:05";
        vec![Next::Wrong(0..text.len(), format!("{error}: {hint}"))]
    })
}

fn since(state: &mut State, text: &str, ctx: &Ctx) -> Vec<Next> {
    if text.is_empty() {
        state.query.since = None;
        return restart(state, ctx);
    }
    match time(text, ctx) {
        Ok(_) => {
            state.query.since = Some(text.to_owned());
            restart(state, ctx)
        }
        Err(wrong) => wrong,
    }
}

fn at(state: &mut State, text: &str, ctx: &Ctx) -> Vec<Next> {
    if text.is_empty() {
        return vec![Next::Wrong(0..0, "which time? e.g. 14:05 or -2h".into())];
    }
    match time(text, ctx) {
        Ok(time) if time > ctx.now => {
            let message = format!("{text} is still to come");
            vec![Next::Wrong(0..text.len(), message)]
        }
        Ok(time) => jump::to_time(state, time.as_microsecond(), ctx),
        Err(wrong) => wrong,
    }
}

/// Lists the patterns that began at or after a time; without one, all.
fn new_since(state: &mut State, text: &str, ctx: &Ctx) -> Vec<Next> {
    if text.is_empty() {
        return panel::patterns(state, None, ctx);
    }
    match time(text, ctx) {
        Ok(time) => panel::patterns(state, Some(time.as_microsecond()), ctx),
        Err(wrong) => wrong,
    }
}

fn save(state: &State, text: &str, ctx: &Ctx) -> Vec<Next> {
    if text.is_empty() {
        return vec![Next::Wrong(0..0, "a file name is missing".into())];
    }
    let path = PathBuf::from(text);
    let bytes = save::render(state, &path, ctx);
    if bytes.is_empty() {
        return say(Level::Info, "there is nothing to save");
    }
    vec![Next::Do(Effect::Save(path, bytes))]
}

/// The filter that a field of an entry makes.
pub(super) fn term(field: &str, value: &str) -> Option<String> {
    let name = match field {
        "_SYSTEMD_UNIT" | "UNIT" => "unit",
        "SYSLOG_IDENTIFIER" | "_COMM" => "id",
        "_BOOT_ID" => "boot",
        "PRIORITY" => return Some(format!("prio:={value}")),
        "_PID" | "SYSLOG_PID" => return Some(format!("pid:{value}")),
        "MESSAGE" => {
            let line = value.lines().next().unwrap_or("");
            let short: String = line.chars().take(200).collect();
            return Some(filter::quote(&short));
        }
        _ => return None,
    };
    Some(filter::term_for(name, value, false))
}
