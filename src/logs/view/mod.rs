//! What is seen of the store: the rows that pass the filters, with rows around them, folded where
//! they are alike, and the hits of a search among them.
//!
//! Blocks are asked one after the other from where one reads, a slice of work at a time; until a
//! block was asked none of its rows is shown. Rows that come in are asked at once. Pure, and no
//! drawing.

mod fold;
mod part;
mod spread;
mod steps;
mod sync;

#[cfg(test)]
mod tests;

use super::{
    Entry, Gap, Query,
    question::{Clause, Evaluator, Question},
    store::{BlockId, Row, RowId, Store},
};
use crate::{filter::Filter, remote::HostId};
use fold::Folder;
use jiff::Timestamp;
use part::Part;
use std::{cell::RefCell, collections::HashMap, sync::Arc};

pub use fold::{Folded, Folding};

/// Rows that are kept at hand for the next frame.
const AT_HAND: usize = 1024;

/// Work done at once when the store changed, in the units of [`View::slice`].
const AT_ONCE: usize = 2 << 20;

/// A row that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub id: RowId,
    /// Shown only because a row near it passes the filter.
    pub context: bool,
}

/// See the module.
#[derive(Debug)]
pub struct View {
    store: Store,
    parts: Vec<Part>,
    filter: Evaluator,
    search: Option<Evaluator>,
    searched: Filter,
    context: usize,
    /// Where one reads: the end without it.
    focus: Option<RowId>,
    folder: Folder,
    shown: usize,
    listed: usize,
    hits: usize,
    /// Rows of blocks that were not asked yet.
    waiting: usize,
    /// Blocks that wait for the filters or the search.
    pending: usize,
    evicted: u64,
    at_hand: RefCell<AtHand>,
}

/// Rows that were asked for, so that not every frame unpacks their blocks.
#[derive(Debug, Default)]
struct AtHand {
    rows: HashMap<(BlockId, usize), Row>,
    places: HashMap<RowId, (BlockId, usize)>,
}

impl View {
    /// Of an empty store with a budget in bytes.
    pub fn new(budget: usize) -> View {
        let everything = Question::new(Vec::new(), Timestamp::default());
        View {
            store: Store::new(budget),
            parts: Vec::new(),
            filter: Evaluator::new(Arc::new(everything)),
            search: None,
            searched: Filter::default(),
            context: 0,
            focus: None,
            folder: Folder::default(),
            shown: 0,
            listed: 0,
            hits: 0,
            waiting: 0,
            pending: 0,
            evicted: 0,
            at_hand: RefCell::default(),
        }
    }

    /// Forgets all rows; filters and search stay.
    pub fn clear(&mut self) {
        self.store.clear();
        self.sync();
    }

    /// What is held.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The filters, in the order they were set.
    pub fn clauses(&self) -> &[Clause] {
        self.filter.question().clauses()
    }

    /// Whether an entry passes the filters, wherever it is.
    pub fn passes(&self, entry: &Entry) -> bool {
        let question = self.filter.question();
        question.holds_entry(entry, entry.realtime)
    }

    /// What is searched for; empty when nothing is.
    pub fn searched(&self) -> &Filter {
        &self.searched
    }

    /// How many rows are shown around each that passes.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Shows only rows that pass every clause that is on, and so many rows around them; evaluated
    /// by [`View::slice`] from now on. Ages are reckoned from `now`.
    pub fn set_clauses(&mut self, mut clauses: Vec<Clause>, context: usize, now: Timestamp) {
        clauses.retain(|clause| !clause.filter.is_empty());
        self.context = context;
        // What is known of the rows stays when only more or less around them is shown.
        if clauses != self.clauses() {
            self.filter = Evaluator::new(Arc::new(Question::new(clauses, now)));
            self.parts.iter_mut().for_each(|part| part.set_passed(None));
            self.ask_for_nothing();
        }
        self.spread(0..self.parts.len());
        self.reckon(0);
    }

    /// Finds rows that match among those that are shown; an empty filter finds none.
    pub fn set_search(&mut self, search: Filter, now: Timestamp) {
        let question = || Arc::new(Question::search(search.clone(), now));
        self.search = (!search.is_empty()).then(|| Evaluator::new(question()));
        self.searched = search;
        for part in &mut self.parts {
            part.found = None;
            part.hits = super::question::Matches::None;
        }
        self.reckon(0);
    }

    /// Where one reads, so that what is near is evaluated first; `None` is the end.
    pub fn look_at(&mut self, row: Option<RowId>) {
        self.focus = row;
    }

    /// How many rows are listed: those that are shown, less those that others stand for
    /// ([`View::set_folding`]).
    pub fn len(&self) -> usize {
        self.listed
    }

    /// How many rows are shown, each counted where one stands for several.
    pub fn whole_len(&self) -> usize {
        self.shown
    }

    /// Whether no row is shown.
    pub fn is_empty(&self) -> bool {
        self.shown == 0
    }

    /// How many of the shown rows the search hits.
    pub fn hits(&self) -> usize {
        self.hits
    }

    /// Whether rows still have to be evaluated.
    pub fn busy(&self) -> bool {
        self.pending > 0
    }

    /// How many rows have not been evaluated yet.
    pub fn unevaluated(&self) -> usize {
        self.waiting
    }

    /// How far a host's clock is ahead of ours, in microseconds: sorts its entries among others.
    pub fn skew(&mut self, host: &HostId, ahead: i64) {
        self.store.skew(host, ahead);
    }

    /// Adds a host's next entry.
    pub fn push(&mut self, entry: &Entry) {
        let id = self.store.push(entry);
        let passes = self.filter.question().holds_entry(entry, id.time);
        let found = self.search.as_ref();
        let found = found.is_some_and(|search| search.question().holds_entry(entry, id.time));
        self.added(id, passes, found);
    }

    /// Adds a hole behind the host's last entry.
    pub fn push_gap(&mut self, gap: &Gap) {
        let id = self.store.push_gap(gap);
        let passes = self.filter.question().holds_gap();
        self.added(id, passes, false);
    }

    /// Adds entries older than all that are held of their host, oldest first; how many were new.
    pub fn prepend(&mut self, host: &HostId, entries: Vec<Entry>) -> usize {
        let added = self.store.prepend(host, entries);
        self.sync();
        added
    }

    /// Adds a hole before all that is held of its host; see [`Store::prepend_gap`].
    pub fn prepend_gap(&mut self, gap: &Gap) {
        self.store.prepend_gap(gap);
        self.sync();
    }

    /// Changes the store in other ways than the above: whole blocks are added, for example.
    pub fn with_store<T>(&mut self, change: impl FnOnce(&mut Store) -> T) -> T {
        let result = change(&mut self.store);
        self.sync();
        result
    }

    /// The oldest row held of a host.
    pub fn oldest_of(&self, host: &HostId) -> Option<RowId> {
        Some(self.store.oldest_of(host)?.0)
    }

    /// The question for older entries of a host than are held.
    pub fn back_from(&self, host: &HostId, query: &Query, count: usize) -> Option<Query> {
        self.store.back_from(host, query, count)
    }

    /// Nobody reads back any more.
    pub fn let_go(&mut self) {
        self.store.let_go();
        self.sync();
    }

    /// Evaluates blocks that wait for it, those near where one reads first, until about so much
    /// work is done: as many bytes looked at, about a nanosecond each.
    pub fn slice(&mut self, work: usize) {
        if self.pending == 0 {
            return;
        }
        let last = self.parts.len().saturating_sub(1);
        let focus = self.focus.map_or(last, |id| self.part_of(id).min(last));
        let mut left = work;
        let mut asked = Vec::new();
        for distance in 0..self.parts.len() {
            let before = (distance > 0)
                .then(|| focus.checked_sub(distance))
                .flatten();
            for at in [Some(focus + distance), before].into_iter().flatten() {
                if let Some(spent) = self.ask(at) {
                    asked.push(at);
                    left = left.saturating_sub(spent);
                }
            }
            if left == 0 {
                break;
            }
        }
        if self.context > 0 {
            asked.sort_unstable();
            // Neighbours together.
            for near in asked.chunk_by(|left, right| left + 1 == *right) {
                if let (Some(first), Some(last)) = (near.first(), near.last()) {
                    self.spread(*first..last + 1);
                }
            }
        }
        self.reckon(0);
    }

    /// Asks one block what it was not asked yet; the work it was.
    fn ask(&mut self, at: usize) -> Option<usize> {
        let (part, block) = (self.parts.get_mut(at)?, self.store.blocks().get(at)?);
        let mut spent = None;
        if part.passed().is_none() {
            let (passed, work) = self.filter.ask(block);
            part.set_passed(Some(passed));
            spent = Some(work);
        }
        if part.found.is_none()
            && let Some(search) = &mut self.search
        {
            let (found, work) = search.ask(block);
            part.found = Some(found);
            spent = Some(work + spent.unwrap_or(0));
        }
        if spent.is_some() {
            part.reckon_hits(block);
        }
        spent
    }

    /// Where nothing is asked, everything passes.
    fn ask_for_nothing(&mut self) {
        if self.filter.question().is_empty() {
            let everything = super::question::Matches::All;
            for part in self.parts.iter_mut().filter(|part| part.passed().is_none()) {
                part.set_passed(Some(everything.clone()));
            }
        }
    }

    /// Counts anew from this part on.
    fn reckon(&mut self, from: usize) {
        let before = from.checked_sub(1).and_then(|at| self.parts.get(at));
        let (mut shown, mut listed, mut hits) = before.map_or((0, 0, 0), |part| {
            let shown = part.shown_before + part.shown_count();
            let listed = part.listed_before + part.listed_count();
            (shown, listed, part.hits_before + part.hits_count())
        });
        for part in self.parts.iter_mut().skip(from) {
            part.shown_before = shown;
            part.listed_before = listed;
            part.hits_before = hits;
            listed += part.listed_count();
            shown += part.shown_count();
            hits += part.hits_count();
        }
        (self.shown, self.listed, self.hits) = (shown, listed, hits);
        self.folder.stale();
        if from == 0 {
            let searching = self.search.is_some();
            let open = |part: &&Part| part.passed().is_none();
            let parts = self.parts.iter();
            self.waiting = parts.clone().filter(open).map(|part| part.rows).sum();
            let pending = |part: &&Part| open(part) || (searching && part.found.is_none());
            self.pending = parts.filter(pending).count();
        }
    }
}
