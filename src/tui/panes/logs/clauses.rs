//! Several filters at once: added, switched off and on, changed and dropped one by one.

use super::{State, act::say, jump::moment, restart};
use crate::{
    filter::{Filter, FilterError},
    logs::{question::Clause, seen::FIELDS},
    text,
    tui::{effect::Next, msg::Level, panes::Ctx},
};
use jiff::{Timestamp, tz::TimeZone};

/// What was there before a line was typed, and which filter the line changes.
#[derive(Debug, Default)]
pub(super) struct Draft {
    before: Vec<Clause>,
    at: Option<usize>,
}

impl State {
    /// Shows what passes these from now on.
    pub(super) fn set_clauses(&mut self, clauses: Vec<Clause>, ctx: &Ctx) {
        if clauses == self.held.clauses() {
            return;
        }
        self.held.set_clauses(clauses, self.held.context(), ctx.now);
        self.evaluate();
        super::recount(self);
        self.on_hit = false;
    }

    /// Remembers the filters before a line is typed that adds one, or changes the one there.
    pub(super) fn draft(&mut self, at: Option<usize>) {
        self.draft = Draft {
            before: self.held.clauses().to_vec(),
            at,
        };
    }

    /// The filters whose finds are highlighted.
    pub(super) fn highlighted(&self) -> impl Iterator<Item = &Filter> {
        let within = |clause: &&Clause| clause.on && !clause.out;
        self.held.clauses().iter().filter(within).map(|c| &c.filter)
    }

    /// Whether a filter is switched on.
    pub(super) fn filtered(&self) -> bool {
        self.held.clauses().iter().any(|clause| clause.on)
    }
}

/// Only what is in this range, in microseconds since 1970: one more filter, in place of an earlier
/// range.
pub(super) fn range(state: &mut State, from: i64, to: i64, ctx: &Ctx) -> Vec<Next> {
    let text = format!("{RANGE}>={} {RANGE}<{}", moment(from), moment(to));
    match Filter::parse_for(&text, FIELDS) {
        Ok(filter) => {
            let mut clauses = state.held.clauses().to_vec();
            clauses.retain(|clause| !is_range(clause));
            let clauses = with(clauses, Clause::within(filter), None);
            state.set_clauses(clauses, ctx);
            let seen = say(Level::Info, "only this range: F lists it, = drops it");
            let _ = super::act::act(state, "list.top", ctx);
            seen
        }
        Err(error) => say(Level::Warning, error.to_string()),
    }
}

/// How a range begins.
const RANGE: &str = "time";

fn is_range(clause: &Clause) -> bool {
    let text = clause.filter.as_str();
    !clause.out && text.starts_with("time>=@") && text.contains(" time<@")
}

/// The range of such a filter, as clocks show it.
fn range_label(clause: &Clause, zone: &TimeZone) -> Option<String> {
    let text = clause.filter.as_str().strip_prefix("time>=@")?;
    let (from, to) = text.split_once(" time<@")?;
    let clock = |seconds: &str| {
        let at = Timestamp::from_microsecond((seconds.parse::<f64>().ok()? * 1e6) as i64).ok()?;
        Some(at.to_zoned(zone.clone()))
    };
    let (from, to) = (clock(from)?, clock(to)?);
    let format = if from.date() == to.date() {
        "%H:%M:%S"
    } else {
        "%b %d %H:%M:%S"
    };
    Some(format!(
        "{} to {}",
        from.strftime(format),
        to.strftime(format)
    ))
}

/// How a filter is shown, with its times by this zone's clocks.
pub(super) fn shown(clause: &Clause, zone: &TimeZone) -> String {
    match range_label(clause, zone) {
        Some(range) if is_range(clause) => range,
        _ => label(clause),
    }
}

/// How a filter is written: `& word`, `! word`.
pub(super) fn label(clause: &Clause) -> String {
    let sign = if clause.out { '!' } else { '&' };
    format!("{sign} {}", text::clean(clause.filter.as_str()))
}

/// The filters with one more; the same one twice is one, switched on.
fn with(mut clauses: Vec<Clause>, clause: Clause, at: Option<usize>) -> Vec<Clause> {
    if clause.filter.is_empty() {
        return clauses;
    }
    if let Some(place) = at.and_then(|at| clauses.get_mut(at)) {
        *place = clause;
        return clauses;
    }
    let same = |c: &&mut Clause| c.filter == clause.filter && c.out == clause.out;
    match clauses.iter_mut().find(same) {
        Some(known) => known.on = true,
        None => clauses.push(clause),
    }
    clauses
}

/// A filter while it is typed and at its end; `None` when it was cancelled.
pub(super) fn typed(
    state: &mut State,
    text: Option<String>,
    out: bool,
    done: bool,
    ctx: &Ctx,
) -> Vec<Next> {
    let before = state.draft.before.clone();
    let Some(text) = text else {
        state.set_clauses(before, ctx);
        return vec![Next::Dirty];
    };
    let asked = match take_fields(&text) {
        Ok(asked) => asked,
        Err(_) if !done => return Vec::new(),
        Err(error) => return wrong(error),
    };
    let (fields, rest) = asked;
    let clauses = match Filter::parse_for(rest.trim(), FIELDS) {
        Ok(filter) => {
            let clause = Clause {
                filter,
                out,
                on: true,
            };
            with(before, clause, state.draft.at)
        }
        // Half-typed is not wrong yet.
        Err(_) if !done => return Vec::new(),
        Err(mut error) => {
            let lead = rest.len() - rest.trim_start().len();
            error.span = error.span.start + lead..error.span.end + lead;
            return wrong(error);
        }
    };
    if done && out && !fields.is_empty() {
        let message =
            "the hosts cannot leave out entries by a field: & field:NAME=VALUE keeps them";
        return vec![Next::Wrong(0..text.len(), message.into())];
    }
    state.set_clauses(clauses, ctx);
    if done && !fields.is_empty() {
        for field in fields {
            if !state.query.matches.contains(&field) {
                state.query.matches.push(field);
            }
        }
        return restart(state, ctx);
    }
    vec![Next::Dirty]
}

/// `field:NAME=VALUE` is for the hosts, which know every field; the rest is for the list. Places
/// in the text stay where they were.
fn take_fields(text: &str) -> Result<(Vec<String>, String), FilterError> {
    const SIGN: &str = "field:";
    let mut fields = Vec::new();
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let span = at..at + word.trim_end().len();
        at += word.len();
        let Some(field) = word.trim_end().strip_prefix(SIGN) else {
            rest.push_str(word);
            continue;
        };
        rest.extend(std::iter::repeat_n(' ', word.len()));
        let name_is_good = |name: &str| {
            !name.is_empty()
                && name.len() <= 64
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        match field.split_once('=') {
            Some((name, value)) if name_is_good(name) && !value.is_empty() => {
                fields.push(field.to_owned());
            }
            _ => {
                return Err(FilterError {
                    span,
                    message:
                        "write field:NAME=VALUE with a field of the journal, e.g. field:_UID=0"
                            .into(),
                });
            }
        }
    }
    Ok((fields, rest))
}

fn wrong(error: FilterError) -> Vec<Next> {
    vec![Next::Wrong(error.span, error.message)]
}

/// Adds a filter, as an entry's fields do.
pub(super) fn add(state: &mut State, text: &str, out: bool, ctx: &Ctx) -> Vec<Next> {
    match Filter::parse_for(text.trim(), FIELDS) {
        Ok(filter) => {
            let clause = Clause {
                filter,
                out,
                on: true,
            };
            let told = label(&clause);
            let clauses = with(state.held.clauses().to_vec(), clause, None);
            state.set_clauses(clauses, ctx);
            say(Level::Info, format!("filter: {told}"))
        }
        Err(error) => say(Level::Warning, error.to_string()),
    }
}

/// Switches a filter off, or on again.
pub(super) fn switch(state: &mut State, at: usize, ctx: &Ctx) -> Vec<Next> {
    let mut clauses = state.held.clauses().to_vec();
    if let Some(clause) = clauses.get_mut(at) {
        clause.on = !clause.on;
    }
    state.set_clauses(clauses, ctx);
    vec![Next::Dirty]
}

/// Turns a filter from in to out, or back.
pub(super) fn turn(state: &mut State, at: usize, ctx: &Ctx) -> Vec<Next> {
    let mut clauses = state.held.clauses().to_vec();
    if let Some(clause) = clauses.get_mut(at) {
        clause.out = !clause.out;
    }
    state.set_clauses(clauses, ctx);
    vec![Next::Dirty]
}

/// Drops a filter.
pub(super) fn remove(state: &mut State, at: usize, ctx: &Ctx) -> Vec<Next> {
    let mut clauses = state.held.clauses().to_vec();
    if at < clauses.len() {
        clauses.remove(at);
    }
    state.set_clauses(clauses, ctx);
    vec![Next::Dirty]
}

/// Switches all of them off, or on again when none is on.
pub(super) fn switch_all(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let mut clauses = state.held.clauses().to_vec();
    if clauses.is_empty() {
        return say(Level::Info, "there is no filter: & and ! add one");
    }
    let on = !state.filtered();
    for clause in &mut clauses {
        clause.on = on;
    }
    state.set_clauses(clauses, ctx);
    let word = if on { "on" } else { "off" };
    say(Level::Info, format!("all filters {word}"))
}
