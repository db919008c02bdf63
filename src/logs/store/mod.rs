//! What we hold of the journals of several hosts, in one order, within a budget of bytes.
//!
//! Rows are sorted by time (each host's own order never changes), may be inserted behind others,
//! and keep their [`RowId`] for life. They lie in blocks, the older ones packed; the oldest blocks
//! are evicted and can be fetched again with [`Store::back_from`] and [`Store::prepend`]. No
//! filtering, no drawing.

mod block;
#[cfg(test)]
mod block_tests;
mod builder;
mod cache;
mod chain;
mod columns;
mod cursor;
mod frame;
mod grams;
mod heap;
mod ints;
mod open;
mod pack;
mod row;
mod rows;
mod source;
#[cfg(test)]
mod tests;

pub use block::{Block, BlockId, GAP, OWN_TEXT};
pub use builder::{Batch, Builder, Limits};
pub use grams::Trigrams;
pub use heap::Heap;
pub use row::{Item, Row, RowId};
pub use rows::Rows;
pub use source::{Source, Tables, Used, UsedPattern};

use super::{Entry, Gap, Query, entry::Fields};
use crate::remote::HostId;
use chain::Chain;
use open::New;
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

/// The budget when nobody says otherwise: 256 MiB.
pub const DEFAULT_BUDGET: usize = 256 << 20;

#[derive(Debug, Default)]
struct Lane {
    /// Time of the host's newest row ever.
    newest: Option<i64>,
    /// Cursor of the newest entry that was evicted.
    evicted: Option<String>,
    skew: i64,
}

/// The rows. See the module.
#[derive(Debug)]
pub struct Store {
    chain: Chain,
    lanes: HashMap<HostId, Lane>,
    budget: usize,
    /// Bytes that were fetched again for somebody who reads back; not evicted until let go.
    paged: usize,
    up: i64,
    down: i64,
    evicted: u64,
}

impl Default for Store {
    fn default() -> Store {
        Store::new(DEFAULT_BUDGET)
    }
}

impl Store {
    /// An empty store with a budget in bytes.
    pub fn new(budget: usize) -> Store {
        Store {
            chain: Chain::new(Limits::of_budget(budget), budget / 16),
            lanes: HashMap::new(),
            budget,
            paged: 0,
            up: 0,
            down: 0,
            evicted: 0,
        }
    }

    /// How far the host's clock is ahead of ours, in microseconds; for entries pushed from now on.
    pub fn skew(&mut self, host: &HostId, ahead: i64) {
        self.lane(host).skew = ahead;
    }

    /// Adds a host's next entry. It goes behind all rows that are not later than it.
    pub fn push(&mut self, entry: &Entry) -> RowId {
        self.push_fields(&entry.host, &entry.fields())
    }

    /// As [`Store::push`].
    pub fn push_fields(&mut self, host: &HostId, fields: &Fields<'_>) -> RowId {
        let lane = self.lane(host);
        let time = fields.realtime.saturating_sub(lane.skew);
        let time = lane.newest.map_or(time, |newest| newest.max(time));
        lane.newest = Some(time);
        self.insert(time, New::Entry(host, fields))
    }

    /// Adds a hole behind the host's last entry.
    pub fn push_gap(&mut self, gap: &Gap) -> RowId {
        let lane = self.lane(&gap.host);
        let time = lane.newest.unwrap_or(gap.from.saturating_sub(lane.skew));
        lane.newest = Some(time);
        self.insert(time, New::Gap(gap))
    }

    /// For a host's next entries, built elsewhere and handed over by [`Store::append`]. Until then
    /// nothing of this host must be pushed.
    pub fn builder(&mut self, host: &HostId) -> Builder {
        let (limits, tables) = (self.chain.limits(), self.chain.tables.clone());
        let lane = self.lane(host);
        Builder::new(host.clone(), limits, tables, lane.skew, lane.newest)
    }

    /// Takes over what a builder built: at once when it is later than all rows, as it is when one
    /// host is loaded; row by row otherwise.
    pub fn append(&mut self, batch: Batch) {
        let Batch { host, mut blocks } = batch;
        let newest = self.lane(&host).newest;
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return;
        };
        let (first, end) = (first.first.time, last.last.time);
        let rows = blocks.iter().map(Block::rows).sum::<usize>() as i64;
        let later = self.chain.last().is_none_or(|last| last.time <= first);
        if later && newest.is_none_or(|newest| newest <= first) {
            for block in &mut blocks {
                block.base += self.up;
                block.first.seq += self.up;
                block.last.seq += self.up;
            }
            self.chain.extend(blocks);
        } else {
            let newest_of_all = self.chain.last();
            let mut moved = Vec::new();
            for block in blocks {
                let rows = Arc::new(block).open();
                for mut row in (0..rows.len()).filter_map(|at| rows.row(at)) {
                    row.id.time = newest.map_or(row.id.time, |newest| newest.max(row.id.time));
                    row.id.seq += self.up;
                    row.late = newest_of_all.is_some_and(|last| last.time > row.id.time);
                    moved.push(row);
                }
            }
            self.chain.merge(moved);
        }
        self.up += rows;
        self.lane(&host).newest = newest.max(Some(end));
        self.evict();
    }

    /// Adds entries that are older than all rows of their host, oldest first, as a fetch from
    /// [`Store::back_from`] gives them once reversed. Entries already held are left out. Returns
    /// how many were added; less than given also when the budget is used up one and a half times.
    pub fn prepend(&mut self, host: &HostId, mut entries: Vec<Entry>) -> usize {
        let oldest = self.oldest(host, |_| true);
        let mut time = oldest.map_or(i64::MAX, |(id, _)| id.time);
        let known = self.oldest_cursors(host, entries.len());
        entries.retain(|entry| !known.contains(&*entry.cursor));
        let before = self.chain.bytes();
        let mut room = (self.budget + self.budget / 2).saturating_sub(before);
        let skew = self.lane(host).skew;
        let mut rows = Vec::new();
        while let Some(entry) = entries.pop() {
            // What it takes until it is packed.
            let size = entry.message.len() + OPEN_ROW;
            if size > room {
                break;
            }
            room -= size;
            time = time.min(entry.realtime.saturating_sub(skew));
            self.down -= 1;
            let id = RowId {
                time,
                seq: self.down,
            };
            rows.push(Row {
                id,
                late: false,
                item: Item::Entry(entry),
            });
        }
        let added = rows.len();
        if let Some(newest) = rows.first() {
            let time = newest.id.time;
            let lane = self.lane(host);
            lane.newest = lane.newest.max(Some(time));
            lane.evicted = None;
        }
        rows.reverse();
        self.chain.merge(rows);
        self.paged += self.chain.bytes().saturating_sub(before);
        added
    }

    /// Adds a hole before all rows of its host: what was evicted there, if anything was, cannot be
    /// fetched again.
    pub fn prepend_gap(&mut self, gap: &Gap) -> RowId {
        let oldest = self.oldest(&gap.host, |_| true);
        let lane = self.lane(&gap.host);
        lane.evicted = None;
        let time = gap.to.saturating_sub(lane.skew);
        let time = oldest.map_or(time, |(id, _)| id.time.min(time));
        lane.newest = lane.newest.max(Some(time));
        self.down -= 1;
        let id = RowId {
            time,
            seq: self.down,
        };
        self.chain.merge(vec![Row {
            id,
            late: false,
            item: Item::Gap(gap.clone()),
        }]);
        id
    }

    /// Whether rows of a host were evicted and not fetched again.
    pub fn misses(&self, host: &HostId) -> bool {
        let lane = self.lanes.get(host);
        lane.is_some_and(|lane| lane.evicted.is_some())
    }

    /// The question for the `count` entries before the oldest held one of this host, newest
    /// first, narrowed as `query`. `None` while nothing of the host is known.
    pub fn back_from(&self, host: &HostId, query: &Query, count: usize) -> Option<Query> {
        let lane = self.lanes.get(host)?;
        // The evicted one itself is wanted, the held one comes once too often.
        let (cursor, lines) = match &lane.evicted {
            Some(cursor) => (cursor.clone(), count),
            None => {
                let (_, at) = self.oldest(host, |source| !source.gap)?;
                (self.chain.row(at)?.entry()?.cursor.to_string(), count + 1)
            }
        };
        Some(Query {
            cursor: Some(cursor),
            lines: Some(lines),
            reverse: true,
            until: None,
            ..query.clone()
        })
    }

    /// Nobody reads back any more: what was fetched again may be evicted.
    pub fn let_go(&mut self) {
        self.paged = 0;
        self.evict();
    }

    /// The blocks, oldest first. All rows of one come before all rows of the next.
    pub fn blocks(&self) -> &[Arc<Block>] {
        self.chain.blocks()
    }

    /// How many rows lie before a block.
    pub fn start(&self, block: usize) -> usize {
        self.chain.start(block)
    }

    /// Which block holds the row at a position, and which of its rows it is.
    pub fn locate(&self, index: usize) -> Option<(usize, usize)> {
        self.chain.locate(index)
    }

    /// A block's rows; those opened last are kept unpacked for the next time.
    pub fn open(&self, block: usize) -> Option<Arc<Rows>> {
        self.chain.open(block)
    }

    /// How many rows are held.
    pub fn len(&self) -> usize {
        self.chain.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that all of this takes: rows, what finds them, and what is unpacked.
    pub fn bytes(&self) -> usize {
        self.chain.bytes()
    }

    /// How many bytes it may take.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// How many rows were evicted so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The row at a position, 0 is the oldest.
    pub fn row(&self, index: usize) -> Option<Row> {
        self.chain.row(index)
    }

    /// The identity of the row at a position.
    pub fn id(&self, index: usize) -> Option<RowId> {
        let (block, row) = self.chain.locate(index)?;
        let held = self.chain.blocks().get(block)?;
        if row + 1 == held.rows() {
            return Some(held.last());
        }
        self.chain.open(block)?.id(row)
    }

    /// The rows at these positions, as far as there are any.
    pub fn get(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Row> {
        let end = range.end.min(self.len());
        (range.start.min(end)..end).filter_map(|at| self.row(at))
    }

    /// Where a row is now; `Err` with the position it would have when it is not held any more.
    pub fn position(&self, id: RowId) -> Result<usize, usize> {
        self.chain.position(id)
    }

    /// The first row at or after a time.
    pub fn at_time(&self, time: i64) -> usize {
        self.position(RowId::before(time)).unwrap_or_else(|at| at)
    }

    /// The rows from this one on (from the next later one if it is gone), oldest first.
    pub fn iter_from(&self, id: RowId) -> impl DoubleEndedIterator<Item = Row> {
        let start = self.position(id).unwrap_or_else(|at| at);
        self.get(start..usize::MAX)
    }

    /// The nearest row for which `wanted` holds: at or after the position, or with `back` before
    /// it.
    pub fn find(&self, from: usize, back: bool, wanted: impl Fn(&Row) -> bool) -> Option<usize> {
        let wanted = |at: &usize| self.row(*at).is_some_and(|row| wanted(&row));
        let from = from.min(self.len());
        if back {
            (0..from).rev().find(wanted)
        } else {
            (from..self.len()).find(wanted)
        }
    }

    /// The oldest row of a host and its position.
    pub fn oldest_of(&self, host: &HostId) -> Option<(RowId, usize)> {
        self.oldest(host, |_| true)
    }

    /// Forgets everything, also what was evicted.
    pub fn clear(&mut self) {
        *self = Store::new(self.budget);
    }

    fn oldest(&self, host: &HostId, wanted: impl Fn(&Source) -> bool) -> Option<(RowId, usize)> {
        for (at, block) in self.chain.blocks().iter().enumerate() {
            let of_host = of_host(block, host, &wanted);
            if !of_host.contains(&true) {
                continue;
            }
            let row = block
                .source_of()
                .iter()
                .position(|source| of_host.get(usize::from(*source)) == Some(&true))?;
            let id = self.chain.open(at)?.id(row)?;
            return Some((id, self.chain.start(at) + row));
        }
        None
    }

    /// The cursors of a host's oldest entries, so many of them.
    fn oldest_cursors(&self, host: &HostId, count: usize) -> HashSet<String> {
        let mut cursors = HashSet::new();
        for (at, block) in self.chain.blocks().iter().enumerate() {
            let of_host = of_host(block, host, |source| !source.gap);
            if !of_host.contains(&true) {
                continue;
            }
            let Some(rows) = self.chain.open(at) else {
                break;
            };
            for (row, source) in block.source_of().iter().enumerate() {
                if cursors.len() >= count {
                    return cursors;
                }
                if of_host.get(usize::from(*source)) == Some(&true) {
                    cursors.insert(rows.cursor(row));
                }
            }
        }
        cursors
    }

    fn lane(&mut self, host: &HostId) -> &mut Lane {
        if !self.lanes.contains_key(host) {
            self.lanes.insert(host.clone(), Lane::default());
        }
        self.lanes.entry(host.clone()).or_default()
    }

    fn insert(&mut self, time: i64, new: New<'_>) -> RowId {
        self.up += 1;
        let id = RowId { time, seq: self.up };
        let late = self.chain.last().is_some_and(|last| last.time > time);
        self.chain.insert(id, late, new);
        self.evict();
        id
    }

    fn evict(&mut self) {
        while self.chain.bytes() > self.budget + self.paged && self.chain.blocks().len() > 1 {
            let Some(block) = self.chain.pop_front() else {
                return;
            };
            self.evicted += block.rows() as u64;
            let rows = block.open();
            let mut hosts = HashSet::new();
            let wanted = block.sources().iter().filter(|used| !used.what.gap);
            let wanted: HashSet<&HostId> = wanted.map(|used| &used.what.host).collect();
            for row in (0..rows.len()).rev() {
                if hosts.len() == wanted.len() {
                    break;
                }
                let Some(source) = rows.source(row).filter(|source| !source.gap) else {
                    continue;
                };
                if hosts.insert(source.host.clone()) {
                    self.lane(&source.host).evicted = Some(rows.cursor(row));
                }
            }
            drop((rows, block));
            let over = self.chain.bytes() > self.budget + self.paged;
            self.chain
                .tables
                .purge(over && self.chain.blocks().len() < 8);
        }
    }
}

/// What a row takes in an open block beside its message.
const OPEN_ROW: usize = 96;

/// Which sources of a block are this host's, and wanted.
fn of_host(block: &Block, host: &HostId, wanted: impl Fn(&Source) -> bool) -> Vec<bool> {
    let sources = block.sources().iter();
    sources
        .map(|used| used.what.host == *host && wanted(&used.what))
        .collect()
}
