//! What we hold of the journals of several hosts, in one order, within a budget of bytes.
//!
//! Rows are sorted by time (each host's own order never changes), may be inserted behind others,
//! and keep their [`RowId`] for life. The oldest are evicted and can be fetched again with
//! [`Store::back_from`] and [`Store::prepend`]. No filtering, no drawing.

mod block;
#[cfg(test)]
mod block_tests;
mod builder;
mod columns;
mod cursor;
mod grams;
mod heap;
mod ints;
mod open;
mod pack;
mod row;
mod source;

pub use block::{Block, BlockId, GAP, OWN_TEXT, Rows};
pub use builder::{Batch, Builder, Limits};
pub use grams::Trigrams;
pub use heap::Heap;
pub use row::{Item, Row, RowId};
pub use source::{Source, Tables, Used};

use super::{Entry, Gap, Query};
use crate::remote::HostId;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    ops::Range,
    sync::Arc,
};

/// The budget when nobody says otherwise: 256 MiB.
pub const DEFAULT_BUDGET: usize = 256 << 20;

/// What an allocation costs beyond its bytes (counters of an `Arc`, the allocator's header).
const ALLOCATION: usize = 32;

/// Bytes of memory a row takes.
fn size(row: &Row) -> usize {
    let own = match &row.item {
        Item::Entry(e) => e.cursor.len() + e.message.len() + 2 * ALLOCATION,
        Item::Gap(gap) => gap.why.len() + ALLOCATION,
    };
    size_of::<Row>() + own
}

#[derive(Debug, Default)]
struct Lane {
    /// Time of the host's newest row ever.
    newest: Option<i64>,
    /// Cursor of the newest entry that was evicted.
    evicted: Option<Arc<str>>,
    skew: i64,
}

/// The rows. See the module.
#[derive(Debug)]
pub struct Store {
    rows: VecDeque<Row>,
    lanes: HashMap<HostId, Lane>,
    bytes: usize,
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
            rows: VecDeque::new(),
            lanes: HashMap::new(),
            bytes: 0,
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
    pub fn push(&mut self, entry: Entry) -> RowId {
        let lane = self.lane(&entry.host);
        let time = entry.realtime.saturating_sub(lane.skew);
        let time = lane.newest.map_or(time, |newest| newest.max(time));
        self.insert(time, Item::Entry(entry))
    }

    /// Adds a hole behind the host's last entry.
    pub fn push_gap(&mut self, gap: Gap) -> RowId {
        let lane = self.lane(&gap.host);
        let time = lane.newest.unwrap_or(gap.from.saturating_sub(lane.skew));
        self.insert(time, Item::Gap(gap))
    }

    /// Adds entries that are older than all rows of their host, oldest first, as a fetch from
    /// [`Store::back_from`] gives them once reversed. Entries already held are left out. Returns
    /// how many were added; less than given also when the budget is used up one and a half times.
    pub fn prepend(&mut self, host: &HostId, mut entries: Vec<Entry>) -> usize {
        let oldest = self.rows.iter().find(|row| row.host() == host);
        let mut time = oldest.map_or(i64::MAX, |row| row.id.time);
        let known: HashSet<&str> = self
            .rows
            .iter()
            .filter_map(Row::entry)
            .filter(|entry| entry.host == *host)
            .map(|entry| &*entry.cursor)
            .collect();
        entries.retain(|entry| !known.contains(&*entry.cursor));
        let mut added = 0;
        let skew = self.lane(host).skew;
        while let Some(entry) = entries.pop() {
            time = time.min(entry.realtime.saturating_sub(skew));
            self.down -= 1;
            let row = Row {
                id: RowId {
                    time,
                    seq: self.down,
                },
                late: false,
                item: Item::Entry(entry),
            };
            if self.bytes + size(&row) > self.budget + self.budget / 2 {
                break;
            }
            self.bytes += size(&row);
            self.paged += size(&row);
            let lane = self.lane(host);
            lane.newest = lane.newest.max(Some(time));
            lane.evicted = None;
            let at = self.rows.partition_point(|other| other.id < row.id);
            self.rows.insert(at, row);
            added += 1;
        }
        added
    }

    /// The question for the `count` entries before the oldest held one of this host, newest
    /// first, narrowed as `query`. `None` while nothing of the host is known.
    pub fn back_from(&self, host: &HostId, query: &Query, count: usize) -> Option<Query> {
        let lane = self.lanes.get(host)?;
        let held = self
            .rows
            .iter()
            .filter_map(Row::entry)
            .find(|entry| entry.host == *host);
        // The evicted one itself is wanted, the held one comes once too often.
        let (cursor, lines) = match (&lane.evicted, held) {
            (Some(cursor), _) => (cursor.to_string(), count),
            (None, Some(entry)) => (entry.cursor.to_string(), count + 1),
            (None, None) => return None,
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

    /// How many rows are held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of memory the rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many rows were evicted so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The row at a position, 0 is the oldest.
    pub fn row(&self, index: usize) -> Option<&Row> {
        self.rows.get(index)
    }

    /// The rows at these positions, as far as there are any.
    pub fn get(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = &Row> {
        let end = range.end.min(self.rows.len());
        self.rows.range(range.start.min(end)..end)
    }

    /// Where a row is now; `Err` with the position it would have when it is not held any more.
    pub fn position(&self, id: RowId) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| row.id.cmp(&id))
    }

    /// The rows from this one on (from the next later one if it is gone), oldest first.
    pub fn iter_from(&self, id: RowId) -> impl DoubleEndedIterator<Item = &Row> {
        let start = self.position(id).unwrap_or_else(|at| at);
        self.rows.range(start..)
    }

    /// The nearest row for which `wanted` holds: at or after the position, or with `back` before
    /// it.
    pub fn find(&self, from: usize, back: bool, wanted: impl Fn(&Row) -> bool) -> Option<usize> {
        let from = from.min(self.rows.len());
        if back {
            self.rows.range(..from).rposition(wanted)
        } else {
            let at = self.rows.range(from..).position(wanted)?;
            Some(from + at)
        }
    }

    /// Forgets everything, also what was evicted.
    pub fn clear(&mut self) {
        *self = Store::new(self.budget);
    }

    fn lane(&mut self, host: &HostId) -> &mut Lane {
        if !self.lanes.contains_key(host) {
            self.lanes.insert(host.clone(), Lane::default());
        }
        self.lanes.entry(host.clone()).or_default()
    }

    fn insert(&mut self, time: i64, item: Item) -> RowId {
        self.up += 1;
        let id = RowId { time, seq: self.up };
        let late = self.rows.back().is_some_and(|last| last.id.time > time);
        let row = Row { id, late, item };
        self.bytes += size(&row);
        let lane = self.lane(row.host());
        lane.newest = Some(time);
        if late {
            let at = self.rows.partition_point(|other| other.id < id);
            self.rows.insert(at, row);
        } else {
            self.rows.push_back(row);
        }
        self.evict();
        id
    }

    fn evict(&mut self) {
        while self.bytes > self.budget + self.paged && self.rows.len() > 1 {
            let Some(row) = self.rows.pop_front() else {
                return;
            };
            self.bytes -= size(&row);
            self.evicted += 1;
            if let Item::Entry(entry) = row.item {
                self.lane(&entry.host).evicted = Some(entry.cursor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(host: usize, realtime: i64, n: usize) -> Entry {
        Entry {
            host: HostId::new(format!("h{host}")),
            cursor: Arc::from(format!("h{host}-{n}")),
            realtime,
            monotonic: 0,
            boot: 1,
            priority: 6,
            unit: None,
            identifier: None,
            pid: None,
            message: Arc::from(format!("message {n}").as_bytes()),
            cut_from: None,
        }
    }

    fn cursors(store: &Store) -> Vec<String> {
        let rows = store.get(0..usize::MAX);
        rows.filter_map(Row::entry)
            .map(|e| e.cursor.to_string())
            .collect()
    }

    #[test]
    fn late_rows_are_inserted_and_ids_stay() {
        let mut store = Store::default();
        let first = store.push(entry(0, 100, 1));
        let last = store.push(entry(0, 300, 2));
        let late = store.push(entry(1, 200, 3));
        assert_eq!(cursors(&store), ["h0-1", "h1-3", "h0-2"]);
        assert_eq!(
            [first, late, last].map(|id| store.position(id)),
            [Ok(0), Ok(1), Ok(2)]
        );
        assert!(store.row(1).unwrap().late);
        // A clock that steps back does not change a host's order.
        store.push(entry(0, 50, 4));
        assert_eq!(cursors(&store).last().unwrap(), "h0-4");
        let gap = Gap {
            host: HostId::new("h1"),
            from: 200,
            to: 900,
            why: "test".into(),
        };
        let gap = store.push_gap(gap);
        assert_eq!(store.position(gap), Ok(2));
        assert_eq!(store.find(0, false, |row| row.entry().is_none()), Some(2));
        assert_eq!(
            store.find(2, true, |row| row.host().as_str() == "h0"),
            Some(0)
        );
    }

    #[test]
    fn reading_back_fills_in_what_was_evicted() {
        let mut store = Store::new(20 * (size_of::<Row>() + 80));
        let all: Vec<Entry> = (0..100).map(|n| entry(0, n as i64, n)).collect();
        for entry in &all {
            store.push(entry.clone());
        }
        let held = store.len();
        assert!(held < 30 && store.bytes() <= 20 * (size_of::<Row>() + 80));
        assert_eq!(store.evicted(), 100 - held as u64);
        let host = HostId::new("h0");
        let back = store.back_from(&host, &Query::default(), 5).unwrap();
        let newest_gone = 99 - held;
        assert_eq!(back.cursor, Some(format!("h0-{newest_gone}")));
        assert!(back.reverse && back.lines == Some(5));
        // One too many on purpose: the first held one again.
        let page = all[newest_gone - 4..newest_gone + 2].to_vec();
        assert_eq!(store.prepend(&host, page), 5);
        assert_eq!(store.len(), held + 5);
        assert!(
            cursors(&store)
                .iter()
                .zip(95 - held..)
                .all(|(c, n)| *c == format!("h0-{n}"))
        );
        // What is being read is not evicted by news, until let go.
        store.push(entry(0, 200, 200));
        assert_eq!(cursors(&store)[0], format!("h0-{}", 96 - held));
        store.let_go();
        assert!(store.bytes() <= 20 * (size_of::<Row>() + 80));
        let back = store.back_from(&host, &Query::default(), 5).unwrap();
        assert!(back.cursor.is_some_and(|c| !cursors(&store).contains(&c)));
    }

    proptest! {
        #[test]
        fn sorted_bounded_and_each_host_in_order(
            pushes in proptest::collection::vec((0usize..3, 0i64..1000), 0..300),
        ) {
            let budget = 50 * size_of::<Row>();
            let mut store = Store::new(budget);
            for (n, (host, time)) in pushes.iter().enumerate() {
                store.push(entry(*host, *time, n));
                prop_assert!(store.bytes() <= budget);
            }
            prop_assert!(store.get(0..usize::MAX).is_sorted_by_key(|row| row.id));
            prop_assert_eq!(store.len() as u64 + store.evicted(), pushes.len() as u64);
            for host in 0..3 {
                let of_host = store.get(0..usize::MAX).filter_map(Row::entry)
                    .filter(|e| e.host.as_str() == format!("h{host}"))
                    .map(|e| e.cursor.split_once('-').and_then(|(_, n)| n.parse::<usize>().ok()));
                prop_assert!(of_host.is_sorted());
            }
            for at in 0..store.len() {
                let id = store.row(at).map(|row| row.id).unwrap();
                prop_assert_eq!(store.position(id), Ok(at));
                prop_assert_eq!(store.iter_from(id).count(), store.len() - at);
            }
        }
    }
}
