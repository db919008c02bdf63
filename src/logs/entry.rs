//! From raw fields to the [`Entry`] that lists show; repeated texts are shared.

use super::{
    Entry, digits,
    export::{Known, Raw},
    lifecycle::Lifecycle,
};
use crate::remote::HostId;
use std::{borrow::Cow, collections::HashSet, str::FromStr, sync::Arc};

/// The fields that [`decode`] reads: what journalctl is asked for.
pub const LIST_FIELDS: &str =
    "MESSAGE,MESSAGE_ID,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID,SYSLOG_PID,_SYSTEMD_UNIT,UNIT";

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
    known: HashSet<Arc<str>>,
    boots: Boots,
}

impl Interner {
    /// More different texts than this are no small set: start over.
    const MOST: usize = 8192;

    /// The shared text.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(text) = self.known.get(text) {
            return text.clone();
        }
        if self.known.len() >= Self::MOST {
            self.known.clear();
        }
        let text: Arc<str> = Arc::from(text);
        self.known.insert(text.clone());
        text
    }
}

/// The fields that lists need, borrowed from where they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields<'a> {
    /// As in [`Entry`], all of these.
    pub cursor: &'a str,
    /// Microseconds since 1970.
    pub realtime: i64,
    /// Microseconds since boot.
    pub monotonic: i64,
    /// `_BOOT_ID`.
    pub boot: u128,
    /// 0 to 7.
    pub priority: u8,
    /// Invalid UTF-8 is U+FFFD.
    pub unit: Option<Cow<'a, str>>,
    /// Invalid UTF-8 is U+FFFD.
    pub identifier: Option<Cow<'a, str>>,
    /// `_PID`, or `SYSLOG_PID`.
    pub pid: Option<u32>,
    /// Any bytes.
    pub message: &'a [u8],
    /// Whole length where the message was cut.
    pub cut_from: Option<u64>,
    /// Read from `MESSAGE_ID`.
    pub told: Option<Lifecycle>,
}

impl<'a> Fields<'a> {
    /// `None` when the entry lacks what every entry has (cursor, time, boot).
    pub fn of(raw: &Raw<'a>, boots: &mut Boots) -> Option<Fields<'a>> {
        let (mut cursor, mut realtime, mut monotonic, mut boot) = (None, None, 0, None);
        let (mut message, mut cut_from, mut priority) = (None, None, 6);
        let (mut unit, mut about, mut catalogue) = (None, None, None);
        let (mut identifier, mut comm, mut pid, mut syslog_pid) = (None, None, None, None);
        for (known, value, cut) in raw.known() {
            match known {
                Known::Cursor => cursor = text(value),
                Known::Realtime => realtime = number(value),
                Known::Monotonic => monotonic = number(value).unwrap_or(0),
                Known::Boot => boot = boots.read(value),
                Known::Message if message.is_none() => {
                    message = Some(value);
                    cut_from = cut;
                }
                Known::Priority => priority = number(value).filter(|p| *p < 8).unwrap_or(6),
                Known::Identifier if !value.is_empty() => identifier = Some(value),
                Known::Comm => comm = Some(value),
                Known::Pid => pid = number(value),
                Known::SyslogPid => syslog_pid = number(value),
                Known::Unit => unit = Some(value),
                Known::About => about = Some(value),
                Known::Catalogue => catalogue = Some(value),
                _ => {}
            }
        }
        // A line of systemd about a unit belongs to that unit; from others UNIT is only a claim.
        let unit = match unit {
            None | Some(b"init.scope") => about.or(unit),
            Some(_) => unit,
        };
        let identifier = identifier.or(comm);
        Some(Fields {
            cursor: cursor?,
            realtime: realtime?,
            monotonic,
            boot: boot?,
            priority,
            unit: unit.map(String::from_utf8_lossy),
            identifier: identifier.map(String::from_utf8_lossy),
            pid: pid.or(syslog_pid),
            message: message.unwrap_or_default(),
            cut_from,
            told: catalogue.and_then(|id| Lifecycle::of_id(id, identifier?, priority)),
        })
    }
}

impl Entry {
    /// Its fields, borrowed.
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            cursor: &self.cursor,
            realtime: self.realtime,
            monotonic: self.monotonic,
            boot: self.boot,
            priority: self.priority,
            unit: self.unit.as_deref().map(Cow::Borrowed),
            identifier: self.identifier.as_deref().map(Cow::Borrowed),
            pid: self.pid,
            message: &self.message,
            cut_from: self.cut_from,
            told: self.told,
        }
    }
}

/// Reads boot ids. Most entries have the same as the one before.
#[derive(Debug, Default)]
pub struct Boots(Option<([u8; 32], u128)>);

impl Boots {
    fn read(&mut self, bytes: &[u8]) -> Option<u128> {
        if let Some((last, id)) = &self.0
            && *last == *bytes
        {
            return Some(*id);
        }
        let id = boot_id(bytes)?;
        self.0 = Some((bytes.try_into().ok()?, id));
        Some(id)
    }
}

/// The entry of a list. `None` when it lacks what every entry has (cursor, time, boot).
pub fn decode(raw: &Raw<'_>, host: &HostId, interner: &mut Interner) -> Option<Entry> {
    let fields = Fields::of(raw, &mut interner.boots)?;
    Some(entry_of(fields, host, interner))
}

/// An entry that stands on its own.
pub(super) fn entry_of(fields: Fields<'_>, host: &HostId, interner: &mut Interner) -> Entry {
    Entry {
        host: host.clone(),
        cursor: Arc::from(fields.cursor),
        realtime: fields.realtime,
        monotonic: fields.monotonic,
        boot: fields.boot,
        priority: fields.priority,
        unit: fields.unit.map(|unit| interner.get(&unit)),
        identifier: fields.identifier.map(|text| interner.get(&text)),
        pid: fields.pid,
        message: Arc::from(fields.message),
        cut_from: fields.cut_from,
        told: fields.told,
    }
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
pub(super) fn first_number<N: FromStr + TryFrom<u64>>(value: Option<&[u8]>) -> Option<N> {
    number(value?)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn number<N: FromStr + TryFrom<u64>>(bytes: &[u8]) -> Option<N> {
    match digits::decimal(bytes) {
        Some(number) => N::try_from(number).ok(),
        None => text(bytes)?.parse().ok(),
    }
}

/// A boot's id as the number that it is.
pub(super) fn boot_id(bytes: &[u8]) -> Option<u128> {
    (bytes.len() == 32).then_some(())?;
    u128::from_str_radix(text(bytes)?, 16).ok()
}
