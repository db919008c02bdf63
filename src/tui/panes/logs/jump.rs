//! Going to a time, and stepping by hour, error and boot; what is not held is asked of the hosts.

use super::{
    State,
    act::{go, say, top},
    restart,
};
use crate::tui::{effect::Next, msg::Level, panes::Ctx};
use jiff::{Timestamp, ToSpan};

/// From this priority on a line is an error.
const ERROR: u8 = 3;

/// A time in microseconds since 1970 as journalctl takes it.
pub(super) fn moment(micros: i64) -> String {
    let micros = micros.max(0);
    format!("@{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Shows the first entry at or after this time (microseconds since 1970).
pub(super) fn to_time(state: &mut State, time: i64, ctx: &Ctx) -> Vec<Next> {
    if state.intake.reaches(&mut state.held, &state.hosts, time) {
        let to = state.held.at_time(time);
        if to >= state.here.visible(&state.held) {
            let mut next = go(state, usize::MAX, ctx);
            next.extend(say(Level::Info, "nothing came after that"));
            return next;
        }
        return top(state, to, ctx);
    }
    if state.query.since.is_some() || state.query.boot.is_some() || state.query.until.is_some() {
        // The question has a beginning of its own; before it there is nothing to go to.
        let mut next = go(state, 0, ctx);
        next.extend(say(
            Level::Info,
            "that is outside what the hosts were asked for; = asks for all",
        ));
        return next;
    }
    state.from = Some(time);
    let mut next = restart(state, ctx);
    state.seek = Some(time);
    next.extend(say(Level::Info, "asking the hosts for that time"));
    next
}

/// Shows the first of the held entries at or after this time.
pub(super) fn to_held(state: &mut State, time: i64, ctx: &Ctx) -> Vec<Next> {
    let to = state.held.at_time(time);
    top(state, to, ctx)
}

/// After news, while a time is sought that is on its way from the hosts: what has come of it is
/// shown.
pub(super) fn seek(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let Some(time) = state.seek else {
        return Vec::new();
    };
    // Entries of slower hosts still go in between.
    let all = state.intake.all_beyond(time);
    if all {
        state.seek = None;
    }
    let to = state.held.at_time(time);
    if to < state.held.len() {
        top(state, to, ctx)
    } else if all && !state.held.is_empty() {
        let mut next = go(state, usize::MAX, ctx);
        next.extend(say(Level::Info, "nothing came after that"));
        next
    } else {
        Vec::new()
    }
}

/// Goes to the start of the next full hour, or of this one and the one before.
pub(super) fn hour(state: &mut State, back: bool, ctx: &Ctx) -> Vec<Next> {
    let Some(here) = here(state) else {
        return nothing();
    };
    let zone = ctx.preferences.zone.clone();
    let at = Timestamp::from_microsecond(here).unwrap_or_default();
    let at = at.to_zoned(zone);
    let full = at.round(
        jiff::ZonedRound::new()
            .smallest(jiff::Unit::Hour)
            .mode(jiff::RoundMode::Floor),
    );
    let Ok(full) = full else { return nothing() };
    let first_there = state.held.at_time(full.timestamp().as_microsecond());
    let to = if !back {
        full.checked_add(1.hour())
    } else if first_there < state.here.at(&state.held) {
        Ok(full)
    } else {
        // The hour before; before a silence, the hour of the last entry there.
        let before = first_there
            .checked_sub(1)
            .and_then(|at| state.held.shown(at))
            .and_then(|shown| Timestamp::from_microsecond(shown.id.time).ok())
            .map(|time| time.to_zoned(full.time_zone().clone()));
        let before = before.unwrap_or_else(|| full.clone());
        before
            .round(
                jiff::ZonedRound::new()
                    .smallest(jiff::Unit::Hour)
                    .mode(jiff::RoundMode::Floor),
            )
            .and_then(|hour| {
                if hour == full {
                    full.checked_sub(1.hour())
                } else {
                    Ok(hour)
                }
            })
    };
    let Ok(to) = to else { return nothing() };
    let to = to.timestamp();
    if to > ctx.now {
        return say(Level::Info, "that hour has not come yet");
    }
    to_time(state, to.as_microsecond(), ctx)
}

/// Goes to the next error or worse.
pub(super) fn error(state: &mut State, back: bool, ctx: &Ctx) -> Vec<Next> {
    let at = state.here.at(&state.held);
    match state.held.next_worse(at, back, ERROR) {
        Some(to) if to < state.here.visible(&state.held) => go(state, to, ctx),
        _ => end(state, back, "no error", ctx),
    }
}

/// Goes to the first entry of the next boot, or of this one and the one before.
pub(super) fn boot(state: &mut State, back: bool, ctx: &Ctx) -> Vec<Next> {
    let at = state.here.at(&state.held);
    match state.held.next_boot(at, back) {
        Some(to) if to < state.here.visible(&state.held) => top(state, to, ctx),
        _ => end(state, back, "no other boot", ctx),
    }
}

/// Nothing more among what is held; backwards there may be on the hosts, which are asked.
fn end(state: &mut State, back: bool, what: &str, ctx: &Ctx) -> Vec<Next> {
    if !back {
        return say(Level::Info, format!("{what} after this"));
    }
    let mut next = super::act::read_back(state, ctx);
    let word = if state.intake.reading_back() {
        format!("{what} before this so far: older entries are being read")
    } else {
        format!("{what} before this")
    };
    next.extend(say(Level::Info, word));
    next
}

fn here(state: &State) -> Option<i64> {
    let at = state.here.at(&state.held);
    state.held.shown(at).map(|shown| shown.id.time)
}

fn nothing() -> Vec<Next> {
    say(Level::Info, "there is no entry to go from")
}
