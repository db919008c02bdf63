//! What the pane holds of the journals: the store, which rows pass the filter, and which of those
//! the search hits. New rows are evaluated once; a changed filter is evaluated in slices, newest
//! rows first. Pure, and no drawing.

use crate::{
    filter::Filter,
    logs::{
        Entry, Gap, Query,
        question::Clause,
        seen::Seen,
        store::{Item, Row as StoreRow, RowId, Store},
    },
    remote::HostId,
    tui::widgets::log::LogRow,
};
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};

/// A row that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: RowId,
    /// Shown only because a row near it passes the filter.
    pub(super) context: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Held {
    store: Store,
    shown: VecDeque<Shown>,
    clauses: Vec<Clause>,
    /// What time it was when the filter was set: ages are reckoned from then.
    since: Timestamp,
    context: usize,
    /// Rows that the next ones are still context of.
    after: usize,
    search: Filter,
    hits: VecDeque<RowId>,
    /// Rows up to this one still have to pass the filter; with how many rows of context wanted.
    scan: Option<(RowId, usize)>,
    /// Shown rows up to this one still have to be searched.
    searching: Option<RowId>,
    oldest: HashMap<HostId, RowId>,
}

impl Held {
    pub(super) fn new(budget: usize) -> Held {
        Held {
            store: Store::new(budget),
            shown: VecDeque::new(),
            clauses: Vec::new(),
            since: Timestamp::default(),
            context: 0,
            after: 0,
            search: Filter::default(),
            hits: VecDeque::new(),
            scan: None,
            searching: None,
            oldest: HashMap::new(),
        }
    }

    /// Forgets all rows; filter and search stay.
    pub(super) fn clear(&mut self) {
        self.store.clear();
        self.shown.clear();
        self.hits.clear();
        self.oldest.clear();
        self.after = 0;
        self.scan = None;
        self.searching = None;
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The filters, in the order they were set.
    pub(super) fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    pub(super) fn searched(&self) -> &Filter {
        &self.search
    }

    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// How many of the shown rows the search hits.
    pub(super) fn hits(&self) -> usize {
        self.hits.len()
    }

    /// The hit of this number, counted from 0 at the oldest.
    pub(super) fn hit(&self, number: usize) -> Option<RowId> {
        self.hits.get(number).copied()
    }

    /// The number of the hit that this row is; `Err` with how many hits are older than it.
    pub(super) fn hit_number(&self, id: RowId) -> Result<usize, usize> {
        self.hits.binary_search(&id)
    }

    /// How many rows are shown.
    pub(super) fn len(&self) -> usize {
        self.shown.len()
    }

    pub(super) fn shown(&self, index: usize) -> Option<Shown> {
        self.shown.get(index).copied()
    }

    /// The row at a place among the shown ones.
    pub(super) fn row(&self, index: usize) -> Option<StoreRow> {
        self.by_id(self.shown.get(index)?.id)
    }

    pub(super) fn by_id(&self, id: RowId) -> Option<StoreRow> {
        self.store.row(self.store.position(id).ok()?)
    }

    /// Where a row is among the shown ones; `Err` with where it would be.
    pub(super) fn place(&self, id: RowId) -> Result<usize, usize> {
        place(&self.shown, id)
    }

    /// The place of the first shown row at or after this time, by our clock.
    pub(super) fn at_time(&self, time: i64) -> usize {
        self.shown.partition_point(|shown| shown.id.time < time)
    }

    /// The nearest shown row after this place, or before it, with this priority or a worse one.
    pub(super) fn next_worse(&self, from: usize, back: bool, priority: u8) -> Option<usize> {
        let worse = |at: &usize| {
            let row = self.row(*at);
            let entry = row.as_ref().and_then(StoreRow::entry);
            entry.is_some_and(|entry| entry.priority <= priority)
        };
        if back {
            (0..from.min(self.shown.len())).rev().find(worse)
        } else {
            (from.saturating_add(1)..self.shown.len()).find(worse)
        }
    }

    /// The nearest shown row after this place, or before it, that is the first of its host's boot.
    pub(super) fn next_boot(&self, from: usize, back: bool) -> Option<usize> {
        let mut boots: HashMap<HostId, u128> = HashMap::new();
        let mut last = None;
        for (at, shown) in self.shown.iter().enumerate() {
            if back && at >= from {
                break;
            }
            let Some(entry) = self.by_id(shown.id).and_then(StoreRow::into_entry) else {
                continue;
            };
            let before = boots.insert(entry.host, entry.boot);
            if before.is_some_and(|before| before != entry.boot) {
                if !back && at > from {
                    return Some(at);
                }
                last = Some(at);
            }
        }
        last.filter(|_| back)
    }

    /// Whether rows still have to be evaluated.
    pub(super) fn busy(&self) -> bool {
        self.scan.is_some() || self.searching.is_some()
    }

    /// How many rows have not been evaluated yet.
    pub(super) fn unevaluated(&self) -> usize {
        self.scan.map_or(0, |(upto, _)| self.before_or_at(upto))
    }

    /// How far a host's clock is ahead of ours, in microseconds: sorts its entries among others.
    pub(super) fn skew(&mut self, host: &HostId, ahead: i64) {
        self.store.skew(host, ahead);
    }

    pub(super) fn push(&mut self, entry: Entry) {
        let host = entry.host.clone();
        let id = self.store.push(&entry);
        self.oldest.entry(host).or_insert(id);
        self.accept(id);
        self.forget_evicted();
    }

    pub(super) fn push_gap(&mut self, gap: Gap) {
        let id = self.store.push_gap(&gap);
        self.accept(id);
        self.forget_evicted();
    }

    /// Adds entries older than all that are held of their host, oldest first; how many were new.
    pub(super) fn prepend(&mut self, host: &HostId, entries: Vec<Entry>) -> usize {
        let known = self.oldest_of(host);
        let added = self.store.prepend(host, entries);
        let fresh = self.store.get(0..usize::MAX);
        let fresh = fresh.take_while(|row| known.is_none_or(|known| row.id < known));
        let fresh = fresh.filter(|row| row.host() == host).map(|row| row.id);
        let mut fresh: Vec<RowId> = fresh.collect();
        if let Some(first) = fresh.first() {
            self.oldest.insert(host.clone(), *first);
        }
        while let Some(id) = fresh.pop() {
            if self.scan.is_some_and(|(upto, _)| id <= upto) {
                continue;
            }
            if let Some(at) = self.store.position(id).ok()
                && self.passes(at)
            {
                self.show(id, false);
            }
        }
        added
    }

    /// The oldest row held of a host.
    pub(super) fn oldest_of(&mut self, host: &HostId) -> Option<RowId> {
        let id = *self.oldest.get(host)?;
        if self.store.position(id).is_ok() {
            return Some(id);
        }
        let (id, _) = self.store.oldest_of(host)?;
        self.oldest.insert(host.clone(), id);
        Some(id)
    }

    /// The question for older entries of a host than are held.
    pub(super) fn back_from(&self, host: &HostId, query: &Query, count: usize) -> Option<Query> {
        self.store.back_from(host, query, count)
    }

    /// Nobody reads back any more.
    pub(super) fn let_go(&mut self) {
        self.store.let_go();
        self.forget_evicted();
    }

    /// Shows only rows that pass every clause that is on, and so many rows around them; evaluated
    /// by [`Held::slice`] from now on.
    pub(super) fn set_clauses(&mut self, clauses: Vec<Clause>, context: usize, now: Timestamp) {
        self.clauses = clauses;
        self.clauses.retain(|clause| !clause.filter.is_empty());
        self.context = context;
        self.since = now;
        self.shown.clear();
        self.hits.clear();
        self.after = 0;
        self.searching = None;
        self.scan = self.end().map(|end| (end, 0));
    }

    /// Finds rows that match; an empty filter finds none.
    pub(super) fn set_search(&mut self, search: Filter) {
        self.search = search;
        self.hits.clear();
        self.searching = None;
        if !self.search.is_empty() && !self.shown.is_empty() {
            self.searching = self.end();
        }
    }

    /// The newest row.
    fn end(&self) -> Option<RowId> {
        self.store.id(self.store.len().checked_sub(1)?)
    }

    /// How many rows are not newer than this one.
    fn before_or_at(&self, id: RowId) -> usize {
        self.store.position(id).map_or_else(|at| at, |at| at + 1)
    }

    /// Evaluates up to so many rows that wait for it, newest first.
    pub(super) fn slice(&mut self, rows: usize) {
        let mut left = rows;
        if let Some((upto, mut wanted)) = self.scan {
            let mut at = self.before_or_at(upto);
            while at > 0 && left > 0 {
                at -= 1;
                left -= 1;
                let Some(id) = self.store.id(at) else {
                    break;
                };
                if self.passes(at) {
                    self.context_after(at);
                    self.show(id, false);
                    wanted = self.context;
                } else if wanted > 0 {
                    wanted -= 1;
                    self.show(id, true);
                }
            }
            let next = at.checked_sub(1).and_then(|at| self.store.id(at));
            self.scan = next.map(|id| (id, wanted));
        }
        if let Some(upto) = self.searching {
            let mut at = place(&self.shown, upto).map_or_else(|at| at, |at| at + 1);
            while at > 0 && left > 0 {
                at -= 1;
                left -= 1;
                if let Some(shown) = self.shown(at)
                    && self.is_hit(shown.id)
                {
                    insert_id(&mut self.hits, shown.id);
                }
            }
            let next = at.checked_sub(1).and_then(|at| self.shown(at));
            self.searching = next.map(|shown| shown.id);
        }
    }

    /// A row that was just added to the store.
    fn accept(&mut self, id: RowId) {
        // The scan will meet it.
        if self.scan.is_some_and(|(upto, _)| id <= upto) {
            return;
        }
        let last = self.store.len().saturating_sub(1);
        let at = match self.store.id(last) {
            Some(newest) if newest == id => last,
            _ => match self.store.position(id) {
                Ok(at) => at,
                Err(_) => return,
            },
        };
        if self.passes(at) {
            self.context_before(at);
            self.show(id, false);
            self.after = self.context;
        } else if self.after > 0 && at == last {
            self.after -= 1;
            self.show(id, true);
        }
    }

    fn passes(&self, at: usize) -> bool {
        match self.store.row(at).map(|row| row.item) {
            Some(Item::Entry(entry)) => {
                let now = self.since;
                let seen = Seen::entry(&entry, now);
                self.clauses.iter().all(|clause| clause.passes(&seen))
            }
            // What is missing is never hidden.
            Some(Item::Gap(_)) => true,
            None => false,
        }
    }

    fn is_hit(&self, id: RowId) -> bool {
        let entry = self.by_id(id).and_then(StoreRow::into_entry);
        entry.is_some_and(|entry| self.search.matches(&Seen::entry(&entry, self.since)))
    }

    fn context_before(&mut self, at: usize) {
        for before in at.saturating_sub(self.context)..at {
            if let Some(id) = self.store.id(before) {
                self.show(id, true);
            }
        }
    }

    fn context_after(&mut self, at: usize) {
        for after in at + 1..=at + self.context {
            if let Some(id) = self.store.id(after) {
                self.show(id, true);
            }
        }
    }

    fn show(&mut self, id: RowId, context: bool) {
        match place(&self.shown, id) {
            // A row that passes is more than context.
            Ok(at) => {
                if let Some(shown) = self.shown.get_mut(at) {
                    shown.context &= context;
                }
                return;
            }
            Err(at) if at == self.shown.len() => self.shown.push_back(Shown { id, context }),
            Err(at) => self.shown.insert(at, Shown { id, context }),
        }
        if !self.search.is_empty() && self.is_hit(id) {
            insert_id(&mut self.hits, id);
        }
    }

    fn forget_evicted(&mut self) {
        let Some(first) = self.store.id(0) else {
            return;
        };
        while self.shown.front().is_some_and(|shown| shown.id < first) {
            self.shown.pop_front();
        }
        while self.hits.front().is_some_and(|hit| *hit < first) {
            self.hits.pop_front();
        }
    }
}

/// A stored row as it is drawn.
pub(super) fn as_log_row(row: &StoreRow) -> LogRow<'_> {
    match &row.item {
        Item::Entry(entry) => LogRow::Entry(entry),
        Item::Gap(gap) => LogRow::Gap(gap),
    }
}

fn place(rows: &VecDeque<Shown>, id: RowId) -> Result<usize, usize> {
    match rows.back() {
        None => Err(0),
        Some(last) if last.id < id => Err(rows.len()),
        Some(_) => rows.binary_search_by(|shown| shown.id.cmp(&id)),
    }
}

fn insert_id(ids: &mut VecDeque<RowId>, id: RowId) {
    match ids.back() {
        Some(last) if *last >= id => {
            if let Err(at) = ids.binary_search(&id) {
                ids.insert(at, id);
            }
        }
        _ => ids.push_back(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn entry(host: u8, time: i64, n: usize, word: &str) -> Entry {
        Entry {
            host: HostId::new(format!("h{host}")),
            cursor: Arc::from(format!("h{host}-{n}")),
            realtime: time,
            monotonic: 0,
            boot: 1,
            priority: 6,
            unit: Some(Arc::from("a.service")),
            identifier: None,
            pid: None,
            message: Arc::from(format!("{word} {n}").as_bytes()),
            cut_from: None,
        }
    }

    fn one(text: &str) -> Vec<Clause> {
        vec![Clause::within(Filter::parse(text).unwrap())]
    }

    fn texts(held: &Held) -> Vec<String> {
        (0..held.len())
            .filter_map(|at| match held.row(at)?.item {
                Item::Entry(e) => Some(String::from_utf8_lossy(&e.message).into_owned()),
                Item::Gap(_) => Some("gap".into()),
            })
            .collect()
    }

    #[test]
    fn context_is_shown_around_what_passes() {
        let mut held = Held::new(1 << 20);
        for n in 0..10 {
            held.push(entry(0, n as i64, n, if n == 5 { "bad" } else { "ok" }));
        }
        held.set_clauses(one("bad"), 1, Timestamp::default());
        held.slice(100);
        assert_eq!(texts(&held), ["ok 4", "bad 5", "ok 6"]);
        // The same for rows that come in later.
        for n in 10..15 {
            held.push(entry(0, n as i64, n, if n == 12 { "bad" } else { "ok" }));
        }
        assert_eq!(
            texts(&held),
            ["ok 4", "bad 5", "ok 6", "ok 11", "bad 12", "ok 13"]
        );
        let context: Vec<bool> = (0..6).map(|at| held.shown(at).unwrap().context).collect();
        assert_eq!(context, [true, false, true, true, false, true]);
    }

    proptest! {
        /// However rows, filters, searches and slices interleave: in the end the shown rows are
        /// those of the store that pass, and the hits those of the shown that match.
        #[test]
        fn slices_end_where_evaluation_at_once_would(
            steps in proptest::collection::vec(
                prop_oneof![
                    6 => (0u8..3, 0i64..50, 0usize..3).prop_map(|(h, t, w)| (0u8, h, t, w)),
                    1 => (0usize..4).prop_map(|f| (1u8, 0, 0, f)),
                    1 => (0usize..4).prop_map(|f| (2u8, 0, 0, f)),
                    2 => (1usize..5).prop_map(|n| (3u8, 0, 0, n)),
                    1 => (0u8..3, 1usize..4).prop_map(|(h, n)| (4u8, h, 0, n)),
                ], 1..60),
            small: bool,
        ) {
            let words = ["alpha", "beta", "gamma"];
            let filters = ["", "alpha", "!beta", "host:h1"];
            let mut held = Held::new(if small { 4_000 } else { 1 << 20 });
            for (n, (step, host, time, what)) in steps.into_iter().enumerate() {
                match step {
                    0 => held.push(entry(host, time, n, words[what])),
                    1 => held.set_clauses(one(filters[what]), 0, Timestamp::default()),
                    2 => held.set_search(Filter::parse(filters[what]).unwrap()),
                    3 => held.slice(what),
                    _ => {
                        let old = (0..what).map(|k| entry(host, -100, 1_000 * n + k, "alpha"));
                        held.prepend(&HostId::new(format!("h{host}")), old.collect());
                    }
                }
            }
            while held.busy() {
                held.slice(3);
            }
            let pass = |filter: &Filter, row: &StoreRow| row.entry().is_some_and(|entry| {
                filter.matches(&Seen::entry(entry, Timestamp::default()))
            });
            let expected: Vec<RowId> = held.store.get(0..usize::MAX)
                .filter(|row| held.clauses.iter().all(|c| pass(&c.filter, row))).map(|row| row.id).collect();
            let shown: Vec<RowId> = held.shown.iter().map(|s| s.id).collect();
            prop_assert_eq!(&shown, &expected);
            let hits: Vec<RowId> = held.store.get(0..usize::MAX)
                .filter(|row| shown.contains(&row.id) && !held.search.is_empty())
                .filter(|row| pass(&held.search, row)).map(|row| row.id).collect();
            prop_assert_eq!(held.hits.iter().copied().collect::<Vec<_>>(), hits);
            let hosts = ["h0", "h1", "h2"].map(HostId::new);
            for host in hosts {
                let first = held.store.get(0..usize::MAX).find(|r| *r.host() == host).map(|r| r.id);
                prop_assert_eq!(held.oldest_of(&host), first);
            }
        }
    }
}
