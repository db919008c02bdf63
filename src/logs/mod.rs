//! Journal entries: parse, store, filter, search, follow, merge.
//!
//! Entries come from `journalctl -o export` on a host ([`follow`], [`fetch`]) and are kept in a
//! bounded store. Nothing here draws.

use crate::problem::Problem;
use crate::remote::{HostId, ssh::Host};
use std::sync::Arc;
use tokio::sync::mpsc;

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
    /// `--since`, as journalctl understands it.
    pub since: Option<String>,
    /// `--until`.
    pub until: Option<String>,
    /// `-b`: boot id or offset; `Some("0")` is this boot.
    pub boot: Option<String>,
    /// `-n`: only the last so many.
    pub lines: Option<usize>,
    /// `--reverse`: newest first.
    pub reverse: bool,
    /// Matches `FIELD=value` (and-ed with the rest), e.g. `_SYSTEMD_INVOCATION_ID=…`.
    pub matches: Vec<String>,
}

/// A hole in what we hold that could not be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Whose journal.
    pub host: HostId,
    /// Realtime of the last entry before it.
    pub from: i64,
    /// Realtime of the first entry after it.
    pub to: i64,
    /// Why (journal rotated, …).
    pub why: String,
}

/// News of a followed journal.
#[derive(Debug, Clone)]
pub enum LogEvent {
    /// Entries in the journal's order.
    Entries(Vec<Entry>),
    /// A hole before the next entries.
    Gap(Gap),
    /// Caught up or reconnected: following live.
    Live(HostId),
    /// The link is broken; following goes on by itself once it is back.
    Down(HostId, Problem),
}

/// Follows a host's journal from its last `query.lines` entries on, through broken links and
/// reboots, without losing or repeating an entry, until the receiver is dropped.
pub fn follow(host: Host, query: Query) -> mpsc::Receiver<LogEvent> {
    let _ = (host, query);
    todo!()
}

/// Asks once. Ends (channel closed) after the last entry; an error ends it too.
pub fn fetch(host: Host, query: Query) -> mpsc::Receiver<Result<Vec<Entry>, Problem>> {
    let _ = (host, query);
    todo!()
}

/// Every field of the entry with this cursor, in the journal's order; values are raw bytes.
pub async fn all_fields(host: &Host, cursor: &str) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let _ = (host, cursor);
    todo!()
}
