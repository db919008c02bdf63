//! Lines of one pattern listed as one: `x312 since 14:02:11`. What is folded the view knows; here is
//! what keys do with it and what is said of it.

use super::{State, act::say, held::Line};
use crate::{
    logs::{
        store::{Item, Row, RowId},
        view::Folding,
    },
    tui::{effect::Next, msg::Level, panes::Ctx, widgets::log::TimeFormat},
};
use std::{fmt::Write, ops::Range};

/// Rows looked at between two messages: about a millisecond.
const WORK: usize = 1 << 17;

/// Rows that one hand-over takes: the newest ones.
const MOST: usize = 200_000;

impl State {
    /// A row as it is listed.
    pub(super) fn line(&self, at: usize, ctx: &Ctx) -> Option<Line> {
        let mut row = self.held.row(at)?;
        let note = self.folded(at, row.id, ctx).unwrap_or_default();
        if let Item::Entry(entry) = &mut row.item {
            self.columns.apply(entry);
        }
        Some(Line { row, note })
    }

    /// What is said of a row that stands for several.
    fn folded(&self, at: usize, id: RowId, ctx: &Ctx) -> Option<String> {
        let folded = self.held.folded(at)?;
        let far = id.time - folded.first.time >= DAY;
        let format = if far {
            TimeFormat::Short
        } else {
            TimeFormat::Clock
        };
        let mut note = format!("x{}", folded.rows);
        if folded.hosts > 1 {
            let _ = write!(note, " on {} hosts", folded.hosts);
        }
        note.push_str(" since ");
        let zone = &ctx.preferences.zone;
        format.write(&mut note, folded.first.time, ctx.now, zone);
        Some(note)
    }

    /// The rows at these places, and those that they stand for. All places are all rows; of some
    /// places where all lines of a pattern are folded, only the newest line of each.
    pub(super) fn rows(&self, listed: Range<usize>) -> impl Iterator<Item = Row> {
        let all = listed.start == 0 && listed.end >= self.here.visible(&self.held);
        let apart = self.held.folding() == Folding::All && !all;
        let range = if apart {
            listed
        } else {
            self.held.whole(listed)
        };
        let range = range.end.saturating_sub(MOST).max(range.start)..range.end;
        range.filter_map(move |at| match apart {
            true => self.held.row(at),
            false => self.held.whole_row(at),
        })
    }

    /// Folds what waits for it, a slice of it; where one reads nothing moves.
    pub(super) fn fold(&mut self) {
        self.held.fold_until(self.here.left_at());
        self.held.fold(WORK);
    }
}

/// In microseconds.
const DAY: i64 = 86_400_000_000;

/// Folds lines of one pattern in a row; then all of a pattern; then none.
pub(super) fn cycle(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let (how, word) = match state.held.folding() {
        Folding::Off => (
            Folding::Runs,
            "lines of one pattern in a row are one: Enter opens it",
        ),
        Folding::Runs => (
            Folding::All,
            "all lines of a pattern are one, where the newest is: Enter opens it",
        ),
        Folding::All => (Folding::Off, "every line by itself"),
    };
    state.choice = None;
    state.held.set_folding(how);
    state.fold();
    stay_on_row(state, ctx);
    say(Level::Info, word)
}

/// Opens what the selected row stands for, or folds again what was opened around it.
pub(super) fn turn(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    if state.held.folding() == Folding::Off {
        return say(
            Level::Info,
            "nothing is folded: z folds lines of one pattern",
        );
    }
    if open(state, ctx) {
        return vec![Next::Dirty];
    }
    let id = selected(state);
    if id.is_some_and(|id| state.held.fold_again(id)) {
        state.fold();
        stay_on_row(state, ctx);
        return vec![Next::Dirty];
    }
    say(Level::Info, "this line stands for itself alone")
}

/// Opens what the selected row stands for; whether it stands for more than itself.
pub(super) fn open(state: &mut State, ctx: &Ctx) -> bool {
    let at = state.here.at(&state.held);
    if state.held.folded(at).is_none() {
        return false;
    }
    super::act::stay(state, ctx);
    state.choice = None;
    let opened = selected(state).is_some_and(|id| state.held.unfold(id));
    state.fold();
    opened
}

/// Where a row is listed; what hides it is opened first.
pub(super) fn reveal(state: &mut State, id: RowId) -> Option<usize> {
    if state.held.place(id).is_err() && state.held.unfold(id) {
        state.held.fold(usize::MAX);
    }
    state.held.place(id).ok()
}

/// Where a hit is listed: where a line stands for it that is a hit too, else what hides it is
/// opened.
pub(super) fn to_hit(state: &mut State, id: RowId) -> Option<usize> {
    let head = state.held.head_of(id)?;
    if state.held.hit_number(head).is_ok() {
        return state.held.place(head).ok();
    }
    reveal(state, id)
}

/// The first of the rows in a row that a hit stands for.
pub(super) fn first(state: &State, at: usize) -> Option<RowId> {
    if state.held.folding() != Folding::Runs {
        return None;
    }
    state.held.hit_number(state.held.shown(at)?.id).ok()?;
    Some(state.held.folded(at)?.first)
}

fn selected(state: &State) -> Option<RowId> {
    let at = state.here.at(&state.held);
    state.held.shown(at).map(|shown| shown.id)
}

/// The selected row is now the one that stands for it.
fn stay_on_row(state: &mut State, ctx: &Ctx) {
    let Some(id) = state.here.reading() else {
        return;
    };
    let place = state
        .held
        .head_of(id)
        .and_then(|head| state.held.place(head).ok());
    if let Some(place) = place {
        super::act::go(state, place, ctx);
    }
}
