//! From raw fields to the [`Entry`] that lists show; repeated texts are shared.

use super::{Entry, export::Raw};
use crate::remote::HostId;
use std::{collections::HashMap, sync::Arc};

/// The fields that [`decode`] reads: what journalctl is asked for.
pub const LIST_FIELDS: &str =
    "MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID,SYSLOG_PID,_SYSTEMD_UNIT,UNIT";

/// Where an entry stands in its journal: all that is needed to go on after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// `__CURSOR`.
    pub cursor: Arc<str>,
    /// `__REALTIME_TIMESTAMP`, microseconds since 1970.
    pub realtime: i64,
    /// `_BOOT_ID`.
    pub boot: u128,
}

impl Mark {
    /// `None` when the entry lacks what every entry has.
    pub fn of(raw: &Raw<'_>) -> Option<Mark> {
        Some(Mark {
            cursor: Arc::from(text(raw.get("__CURSOR")?)?),
            realtime: number(raw.get("__REALTIME_TIMESTAMP")?)?,
            boot: boot_id(raw.get("_BOOT_ID")?)?,
        })
    }
}

/// Shares equal short texts (units, identifiers): a journal has few of them.
#[derive(Debug, Default)]
pub struct Interner {
    known: HashMap<Box<[u8]>, Arc<str>>,
    boot: Option<(Box<[u8]>, u128)>,
}

impl Interner {
    /// More different texts than this are no small set: start over.
    const MOST: usize = 8192;

    /// The shared text; invalid UTF-8 becomes U+FFFD.
    pub fn get(&mut self, bytes: &[u8]) -> Arc<str> {
        if let Some(text) = self.known.get(bytes) {
            return text.clone();
        }
        if self.known.len() >= Self::MOST {
            self.known.clear();
        }
        let text: Arc<str> = Arc::from(&*String::from_utf8_lossy(bytes));
        self.known.insert(Box::from(bytes), text.clone());
        text
    }

    /// The number that a boot id is. Most entries have the same as the one before.
    fn boot(&mut self, bytes: &[u8]) -> Option<u128> {
        if let Some((last, id)) = &self.boot
            && **last == *bytes
        {
            return Some(*id);
        }
        let id = boot_id(bytes)?;
        self.boot = Some((Box::from(bytes), id));
        Some(id)
    }
}

/// The entry of a list. `None` when it lacks what every entry has (cursor, time, boot).
pub fn decode(raw: &Raw<'_>, host: &HostId, interner: &mut Interner) -> Option<Entry> {
    let (mut cursor, mut realtime, mut monotonic, mut boot) = (None, None, 0, None);
    let (mut message, mut cut_from, mut priority) = (None, None, 6);
    let (mut unit, mut about) = (None, None);
    let (mut identifier, mut comm, mut pid, mut syslog_pid) = (None, None, None, None);
    for (name, value, cut) in raw.values() {
        match name {
            b"__CURSOR" => cursor = text(value),
            b"__REALTIME_TIMESTAMP" => realtime = number(value),
            b"__MONOTONIC_TIMESTAMP" => monotonic = number(value).unwrap_or(0),
            b"_BOOT_ID" => boot = interner.boot(value),
            b"MESSAGE" if message.is_none() => {
                message = Some(value);
                cut_from = cut;
            }
            b"PRIORITY" => priority = number(value).filter(|p| *p < 8).unwrap_or(6),
            b"SYSLOG_IDENTIFIER" if !value.is_empty() => identifier = Some(value),
            b"_COMM" => comm = Some(value),
            b"_PID" => pid = number(value),
            b"SYSLOG_PID" => syslog_pid = number(value),
            b"_SYSTEMD_UNIT" => unit = Some(value),
            b"UNIT" => about = Some(value),
            _ => {}
        }
    }
    // A line of systemd about a unit belongs to that unit; from others UNIT is only a claim.
    let unit = match unit {
        None | Some(b"init.scope") => about.or(unit),
        Some(_) => unit,
    };
    Some(Entry {
        host: host.clone(),
        cursor: Arc::from(cursor?),
        realtime: realtime?,
        monotonic,
        boot: boot?,
        priority,
        unit: unit.map(|u| interner.get(u)),
        identifier: identifier.or(comm).map(|i| interner.get(i)),
        pid: pid.or(syslog_pid),
        message: Arc::from(message.unwrap_or_default()),
        cut_from,
    })
}

/// `__SEQNUM_ID` and `__SEQNUM`: journald counts all entries of a machine, one by one, whatever
/// file they go to. Absent before systemd 254.
pub(super) fn number_of(raw: &Raw<'_>) -> Option<(u128, u64)> {
    Some((
        boot_id(raw.get("__SEQNUM_ID")?)?,
        number(raw.get("__SEQNUM")?)?,
    ))
}

/// A field's value as a number.
pub(super) fn first_number<N: std::str::FromStr>(value: Option<&[u8]>) -> Option<N> {
    number(value?)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn number<N: std::str::FromStr>(bytes: &[u8]) -> Option<N> {
    text(bytes)?.parse().ok()
}

fn boot_id(bytes: &[u8]) -> Option<u128> {
    (bytes.len() == 32).then_some(())?;
    u128::from_str_radix(text(bytes)?, 16).ok()
}
