//! A row as it is given out, and its identity.

use crate::{
    logs::{Entry, Gap},
    remote::HostId,
};

/// A row's identity and its place: sorted by time, then by arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// Microseconds since 1970 by our clock; never less than the same host's row before it.
    pub time: i64,
    pub(super) seq: i64,
}

impl RowId {
    /// Before all rows of this time and later.
    pub fn before(time: i64) -> RowId {
        let seq = i64::MIN;
        RowId { time, seq }
    }
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A journal entry.
    Entry(Entry),
    /// A hole that could not be closed.
    Gap(Gap),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its identity.
    pub id: RowId,
    /// It came after rows that are later than it.
    pub late: bool,
    /// What it shows.
    pub item: Item,
}

impl Row {
    /// The entry, if it is one.
    pub fn entry(&self) -> Option<&Entry> {
        match &self.item {
            Item::Entry(entry) => Some(entry),
            Item::Gap(_) => None,
        }
    }

    /// The same, without a copy.
    pub fn into_entry(self) -> Option<Entry> {
        match self.item {
            Item::Entry(entry) => Some(entry),
            Item::Gap(_) => None,
        }
    }

    /// Whose journal it belongs to.
    pub fn host(&self) -> &HostId {
        match &self.item {
            Item::Entry(entry) => &entry.host,
            Item::Gap(gap) => &gap.host,
        }
    }
}
