//! Journal entries: parse, store, filter, search, follow, merge.
//!
//! Entries come from `journalctl -o export` on a host ([`follow()`], [`fetch()`]) and are kept in a
//! bounded store. Nothing here draws.

mod digits;
pub mod entry;
pub mod export;
mod fetch;
pub mod file;
mod follow;
pub mod format;
pub mod histogram;
pub mod lifecycle;
pub mod merge;
pub mod origin;
pub mod pattern;
pub mod query;
pub mod question;
pub mod seen;
pub mod store;
mod stream;
pub mod structured;
pub mod survey;
pub mod view;
pub mod when;

pub use fetch::{ACCESS_PROBE, Fetched, access, all_fields, fetch, fetch_raw};
pub use follow::{follow, follow_raw};

use crate::problem::Problem;
use crate::remote::HostId;
use std::sync::Arc;

/// One journal entry, the fields that lists need; every field is fetched by its cursor on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose journal.
    pub host: HostId,
    /// `__CURSOR`, opaque.
    pub cursor: Arc<str>,
    /// `__REALTIME_TIMESTAMP`, microseconds since 1970 by the host's clock.
    pub realtime: i64,
    /// `__MONOTONIC_TIMESTAMP`, microseconds since boot.
    pub monotonic: i64,
    /// `_BOOT_ID`.
    pub boot: u128,
    /// `PRIORITY` 0 to 7; 6 when absent.
    pub priority: u8,
    /// `_SYSTEMD_UNIT` (or `UNIT` for systemd's own lines about a unit).
    pub unit: Option<Arc<str>>,
    /// `SYSLOG_IDENTIFIER`, or `_COMM`.
    pub identifier: Option<Arc<str>>,
    /// `_PID`, or `SYSLOG_PID`.
    pub pid: Option<u32>,
    /// `MESSAGE`, raw bytes, cut at 64 KiB.
    pub message: Arc<[u8]>,
    /// Whole length of the message in bytes when it was cut.
    pub cut_from: Option<u64>,
    /// What systemd tells by it of a unit's life, as far as its `MESSAGE_ID` says.
    pub told: Option<lifecycle::Lifecycle>,
}

/// Which entries of a host's journal: pushed to the host as journalctl options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// `-u`, several are or-ed; patterns allowed.
    pub units: Vec<String>,
    /// `-p`: at most this priority (0 to 7).
    pub priority: Option<u8>,
    /// `-g`: regular expression over MESSAGE.
    pub grep: Option<String>,
    /// `-i` for grep.
    pub ignore_case: bool,
    /// `--since`: a time as [`when::since`] reads it.
    pub since: Option<String>,
    /// `--until`, as [`when::until`] reads it. A follower has no end and ignores it.
    pub until: Option<String>,
    /// `-b`: boot id or offset; `Some("0")` is this boot.
    pub boot: Option<String>,
    /// `-n`: only the last so many.
    pub lines: Option<usize>,
    /// `--reverse`: newest first.
    pub reverse: bool,
    /// Matches `FIELD=value` (and-ed with the rest), e.g. `_SYSTEMD_INVOCATION_ID=…`.
    pub matches: Vec<String>,
    /// `--cursor`: start at this entry, itself included (with `reverse`: backwards from it).
    pub cursor: Option<String>,
}

/// Code of the problem that an entry which was given out cannot be had again.
pub const GONE: &str = "journal-entry-gone";

/// A hole in what we hold that could not be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Whose journal.
    pub host: HostId,
    /// Realtime of the last entry before it; 0 when there is none.
    pub from: i64,
    /// Realtime of the first entry after it.
    pub to: i64,
    /// Why (journal rotated, …).
    pub why: String,
}

/// News of a followed journal; `T` is [`Entry`] or [`export::RawEntry`].
#[derive(Debug, Clone)]
pub enum LogEvent<T = Entry> {
    /// Entries in the journal's order.
    Entries(Vec<T>),
    /// A hole before the next entries.
    Gap(Gap),
    /// Caught up or reconnected: following live.
    Live(HostId),
    /// The link is broken; following goes on by itself once it is back. When the channel closes
    /// after it, the question itself was wrong and is not asked again.
    Down(HostId, Problem),
    /// Following, but not all is as it should be (only a part of the journal may be read).
    Warning(HostId, Problem),
}
