//! Where one reads: following the end, scrolled, or frozen; the selected row and the first
//! visible one. Both are identities, so that rows may come and go around them.

use super::held::Held;
use crate::logs::store::RowId;

/// What is seen of the shown rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Index of the first visible row.
    pub(super) top: usize,
    /// Lines of it that are out of sight.
    pub(super) skip: u16,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Position {
    selected: Option<RowId>,
    top: Option<RowId>,
    /// The newest row there was when following stopped; `None` while it goes on.
    left_at: Option<RowId>,
    stopped: bool,
    frozen: bool,
}

impl Position {
    pub(super) fn following(&self) -> bool {
        !self.stopped
    }

    /// Near which row one reads; `None` at the end.
    pub(super) fn reading(&self) -> Option<RowId> {
        self.selected.filter(|_| self.stopped)
    }

    /// The newest row there was when following stopped.
    pub(super) fn left_at(&self) -> Option<RowId> {
        self.left_at.filter(|_| self.stopped)
    }

    pub(super) fn frozen(&self) -> bool {
        self.frozen
    }

    /// How many rows can be seen by scrolling: all, or those from before the freeze.
    pub(super) fn visible(&self, held: &Held) -> usize {
        match (self.frozen, self.left_at) {
            (true, Some(last)) => held.place(last).map_or_else(|at| at, |at| at + 1),
            _ => held.len(),
        }
    }

    /// How many entries came since following stopped.
    pub(super) fn unseen(&self, held: &Held) -> usize {
        match self.left_at {
            Some(last) if self.stopped => {
                held.whole_len() - held.whole_place(last).map_or_else(|at| at, |at| at + 1)
            }
            _ => 0,
        }
    }

    /// Index of the selected row.
    pub(super) fn at(&self, held: &Held) -> usize {
        let last = self.visible(held).saturating_sub(1);
        match self.selected {
            Some(id) if self.stopped => held.place(id).unwrap_or_else(|at| at).min(last),
            _ => last,
        }
    }

    /// Stays here from now on.
    pub(super) fn stop(&mut self, held: &Held, seen: Seen) {
        if self.stopped {
            return;
        }
        let last = held.len().checked_sub(1);
        self.left_at = last.and_then(|at| held.shown(at)).map(|shown| shown.id);
        self.selected = self.left_at;
        self.top = held.shown(seen.top).map(|shown| shown.id);
        self.stopped = true;
    }

    /// What is there now was asked for: nothing of it is new.
    pub(super) fn expect(&mut self, held: &Held) {
        if self.stopped && !self.frozen {
            let last = held.whole_len().checked_sub(1);
            self.left_at = last.and_then(|at| held.whole_row(at)).map(|row| row.id);
        }
    }

    /// Goes to the end and on with it.
    pub(super) fn follow(&mut self) {
        *self = Position::default();
    }

    pub(super) fn freeze(&mut self, held: &Held, seen: Seen) {
        self.stop(held, seen);
        self.frozen = true;
    }

    /// Selects a row by its index and keeps it in sight.
    pub(super) fn go(&mut self, to: usize, held: &Held, height: impl Fn(usize) -> u16, room: u16) {
        let seen = self.seen(held, &height, room);
        self.stop(held, seen);
        let to = to.min(self.visible(held).saturating_sub(1));
        self.selected = held.shown(to).map(|shown| shown.id);
        let top = keep_in_sight(seen.top, to, &height, room);
        self.top = held.shown(top).map(|shown| shown.id);
    }

    /// Selects a row by its index and shows it first.
    pub(super) fn top(&mut self, to: usize, held: &Held, height: impl Fn(usize) -> u16, room: u16) {
        let seen = self.seen(held, &height, room);
        self.stop(held, seen);
        let rows = self.visible(held);
        let to = to.min(rows.saturating_sub(1));
        self.selected = held.shown(to).map(|shown| shown.id);
        // Not beyond where the last row ends at the last line.
        let top = to.min(bottom(rows, &height, room).top);
        self.top = held.shown(top).map(|shown| shown.id);
    }

    /// Moves what is seen by so many rows; the selection stays in sight.
    pub(super) fn scroll(
        &mut self,
        by: isize,
        held: &Held,
        height: impl Fn(usize) -> u16,
        room: u16,
    ) {
        let seen = self.seen(held, &height, room);
        if self.following() && by >= 0 {
            return;
        }
        self.stop(held, seen);
        let rows = self.visible(held);
        let end = bottom(rows, &height, room);
        let top = seen.top.saturating_add_signed(by).min(end.top);
        self.top = held.shown(top).map(|shown| shown.id);
        let mut last = top;
        let mut used = height(top);
        while last + 1 < rows {
            used = used.saturating_add(height(last + 1));
            if used > room {
                break;
            }
            last += 1;
        }
        let at = self.at(held).clamp(top, last.max(top));
        self.selected = held.shown(at).map(|shown| shown.id);
    }

    /// What is seen.
    pub(super) fn seen(&self, held: &Held, height: impl Fn(usize) -> u16, room: u16) -> Seen {
        let rows = self.visible(held);
        if self.following() {
            return bottom(rows, &height, room);
        }
        let top = match self.top {
            Some(id) => held.place(id).unwrap_or_else(|at| at),
            None => 0,
        };
        let at = self.at(held);
        // Rows may have come between the two since.
        let top = keep_in_sight(top.min(at), at, &height, room);
        Seen { top, skip: 0 }
    }
}

/// What is seen when the last row ends at the last line.
fn bottom(rows: usize, height: &impl Fn(usize) -> u16, room: u16) -> Seen {
    let mut top = rows;
    let mut used = 0u16;
    while top > 0 && used < room {
        top -= 1;
        used = used.saturating_add(height(top));
    }
    Seen {
        top,
        skip: used.saturating_sub(room),
    }
}

fn keep_in_sight(top: usize, at: usize, height: &impl Fn(usize) -> u16, room: u16) -> usize {
    if at < top {
        return at;
    }
    // A row has at least one line.
    let mut top = top.max((at + 1).saturating_sub(usize::from(room.max(1))));
    let mut used: u32 = (top..=at).map(|row| u32::from(height(row))).sum();
    while top < at && used > u32::from(room) {
        used -= u32::from(height(top));
        top += 1;
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{logs::Entry, remote::HostId};
    use std::sync::Arc;

    fn fill(held: &mut Held, range: std::ops::Range<i64>) {
        for n in range {
            held.push(&Entry {
                host: HostId::new("h"),
                cursor: Arc::from(format!("{n}")),
                realtime: n,
                monotonic: 0,
                boot: 1,
                priority: 6,
                unit: None,
                identifier: None,
                pid: None,
                message: Arc::from(format!("{n}").as_bytes()),
                cut_from: None,
                told: None,
            });
        }
    }

    #[test]
    fn following_stops_on_scrolling_up_and_what_is_read_stays() {
        let mut held = Held::new(1 << 20);
        fill(&mut held, 0..100);
        let one = |_: usize| 1;
        let mut here = Position::default();
        assert_eq!(here.seen(&held, one, 10), Seen { top: 90, skip: 0 });
        here.go(here.at(&held) - 1, &held, one, 10);
        assert!(!here.following());
        fill(&mut held, 100..150);
        assert_eq!(here.seen(&held, one, 10).top, 90);
        assert_eq!((here.at(&held), here.unseen(&held)), (98, 50));
        here.follow();
        assert_eq!(here.seen(&held, one, 10).top, 140);
        assert_eq!(here.unseen(&held), 0);
    }

    #[test]
    fn frozen_nothing_new_is_seen() {
        let mut held = Held::new(1 << 20);
        fill(&mut held, 0..20);
        let one = |_: usize| 1;
        let mut here = Position::default();
        here.freeze(&held, here.seen(&held, one, 10));
        fill(&mut held, 20..50);
        here.go(usize::MAX, &held, one, 10);
        assert_eq!((here.at(&held), here.visible(&held)), (19, 20));
        assert_eq!(here.unseen(&held), 30);
    }

    #[test]
    fn high_rows_are_cut_at_the_top_when_following_and_kept_in_sight() {
        let mut held = Held::new(1 << 20);
        fill(&mut held, 0..10);
        let high = |row: usize| if row.is_multiple_of(2) { 4 } else { 1 };
        let mut here = Position::default();
        // From the end 1, 4, 1 and two lines of 4.
        assert_eq!(here.seen(&held, high, 8), Seen { top: 6, skip: 2 });
        here.go(5, &held, high, 8);
        assert_eq!(here.seen(&held, high, 8).top, 5);
        here.scroll(-2, &held, high, 8);
        assert_eq!(here.seen(&held, high, 8).top, 3);
        here.scroll(100, &held, high, 8);
        let seen = here.seen(&held, high, 8);
        assert!(seen.top >= 6 && here.at(&held) >= seen.top);
    }

    #[test]
    fn what_was_read_may_be_evicted() {
        let mut held = Held::new(20_000);
        fill(&mut held, 0..50);
        let one = |_: usize| 1;
        let mut here = Position::default();
        here.go(0, &held, one, 10);
        fill(&mut held, 50..500);
        let seen = here.seen(&held, one, 10);
        assert_eq!((seen.top, here.at(&held)), (0, 0));
    }
}
