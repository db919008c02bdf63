//! Who wrote a row: the columns that have few different values, told apart once a block. And what
//! blocks share of them.

use crate::{
    logs::{
        lifecycle::Lifecycle,
        pattern::{Pattern, Splitter},
    },
    remote::HostId,
};
use foldhash::quality::RandomState;
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Who wrote a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Whose journal.
    pub host: HostId,
    /// `_BOOT_ID`; 0 for a gap.
    pub boot: u128,
    /// As in [`Entry`](crate::logs::Entry).
    pub unit: Option<Arc<str>>,
    /// As in [`Entry`](crate::logs::Entry).
    pub identifier: Option<Arc<str>>,
    /// 0 to 7.
    pub priority: u8,
    /// As in [`Entry`](crate::logs::Entry).
    pub told: Option<Lifecycle>,
    /// Not entries but holes.
    pub gap: bool,
}

/// Something that rows of a block use, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used<T> {
    /// What.
    pub what: T,
    /// Rows of the block that use it.
    pub rows: u32,
}

/// A pattern that rows of a block have, and how many. What is asked of every pattern of every block
/// is kept beside the pattern, which lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedPattern {
    /// The pattern.
    pub what: Arc<Pattern>,
    /// Rows of the block that have it.
    pub rows: u32,
    /// Its number, and whether its messages have values.
    facts: u32,
}

/// Beside the number of a pattern.
const HAS_VALUES: u32 = 1 << 31;

impl UsedPattern {
    fn new(what: Arc<Pattern>, rows: u32) -> UsedPattern {
        let values = if what.slots() > 0 { HAS_VALUES } else { 0 };
        let number = what.number().min(HAS_VALUES - 1);
        let facts = number | values;
        UsedPattern { what, rows, facts }
    }

    /// [`Pattern::number`]; half of its greatest value when there were too many to count.
    pub fn number(&self) -> u32 {
        self.facts & !HAS_VALUES
    }

    /// Whether its messages have values.
    pub fn has_values(&self) -> bool {
        self.facts & HAS_VALUES != 0
    }
}

/// A source before it is known to be a new one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) host: &'a HostId,
    pub(super) boot: u128,
    pub(super) unit: Option<&'a str>,
    pub(super) identifier: Option<&'a str>,
    pub(super) priority: u8,
    pub(super) told: Option<Lifecycle>,
    pub(super) gap: bool,
}

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

impl Seen<'_> {
    pub(super) fn hash(&self) -> u64 {
        let mut hasher = SEED.build_hasher();
        hasher.write_u128(self.boot);
        hasher.write(self.host.as_str().as_bytes());
        for text in [self.unit, self.identifier] {
            hasher.write_usize(text.map_or(usize::MAX, str::len));
            hasher.write(text.unwrap_or_default().as_bytes());
        }
        let told = self.told.map_or(0, |told| told as u8 + 1);
        hasher.write_u32(u32::from_le_bytes([
            self.priority,
            told,
            u8::from(self.gap),
            0,
        ]));
        hasher.finish()
    }

    pub(super) fn is(&self, source: &Source) -> bool {
        self.boot == source.boot
            && self.priority == source.priority
            && self.told == source.told
            && self.unit == source.unit.as_deref()
            && self.identifier == source.identifier.as_deref()
            && self.gap == source.gap
            && self.host == &source.host
    }

    pub(super) fn source(&self) -> Source {
        Source {
            host: self.host.clone(),
            boot: self.boot,
            unit: self.unit.map(Arc::from),
            identifier: self.identifier.map(Arc::from),
            priority: self.priority,
            told: self.told,
            gap: self.gap,
        }
    }
}

impl Source {
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen {
            host: &self.host,
            boot: self.boot,
            unit: self.unit.as_deref(),
            identifier: self.identifier.as_deref(),
            priority: self.priority,
            told: self.told,
            gap: self.gap,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let text = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |t| t.len() + 16);
        size_of::<Source>() + 16 + text(&self.unit) + text(&self.identifier)
    }
}

/// What an entry of a table takes beside what it points to, the table's free room included.
const ENTRY: usize = 32;

/// What blocks share: each pattern and each source is held once. Clones are the same tables.
#[derive(Debug, Clone, Default)]
pub struct Tables(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    held: Mutex<Held>,
    bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct Held {
    patterns: HashMap<u64, Arc<Pattern>, foldhash::fast::RandomState>,
    sources: HashMap<u64, Arc<Source>, foldhash::fast::RandomState>,
    /// How many there were after the last purge.
    purged: usize,
}

impl Tables {
    /// Bytes of memory that the tables and what they hold take.
    pub(super) fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Lets all of these be the shared ones.
    pub(super) fn share(&self, patterns: &mut [UsedPattern], sources: &mut [Used<Arc<Source>>]) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = 0;
        for used in patterns {
            let known = held.patterns.entry(used.what.hash()).or_insert_with(|| {
                bytes += used.what.bytes() + 16 + ENTRY;
                used.what.clone()
            });
            // Two patterns of one hash: the second is held by its block alone.
            if *known == used.what {
                *used = UsedPattern::new(known.clone(), used.rows);
            }
        }
        for used in sources {
            let known = held
                .sources
                .entry(used.what.seen().hash())
                .or_insert_with(|| {
                    bytes += used.what.bytes() + ENTRY;
                    used.what.clone()
                });
            if *known == used.what {
                used.what = known.clone();
            }
        }
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Forgets what no block holds any more; seldom looks unless `now`.
    pub(super) fn purge(&self, now: bool) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.patterns.len() + held.sources.len();
        if !now && count < held.purged + held.purged / 2 + 64 {
            return;
        }
        let mut bytes = 0;
        held.patterns.retain(|_, pattern| {
            let keep = Arc::strong_count(pattern) > 1;
            bytes += if keep {
                0
            } else {
                pattern.bytes() + 16 + ENTRY
            };
            keep
        });
        held.sources.retain(|_, source| {
            let keep = Arc::strong_count(source) > 1;
            bytes += if keep { 0 } else { source.bytes() + ENTRY };
            keep
        });
        held.purged = held.patterns.len() + held.sources.len();
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The sources and patterns of one open block: finds them by what a row brings.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    patterns: HashMap<u64, u16, foldhash::fast::RandomState>,
    sources: HashMap<u64, u16, foldhash::fast::RandomState>,
}

impl Index {
    /// The number of what was split last; `None` when another pattern has its hash, or there are
    /// too many.
    pub(super) fn pattern(
        &mut self,
        splitter: &Splitter,
        patterns: &mut Vec<UsedPattern>,
        limit: u16,
    ) -> Option<u16> {
        if let Some(at) = self.patterns.get(&splitter.hash()) {
            let used = patterns.get_mut(usize::from(*at))?;
            if !splitter.is(&used.what) {
                return None;
            }
            used.rows += 1;
            return Some(*at);
        }
        let at = u16::try_from(patterns.len())
            .ok()
            .filter(|at| *at < limit)?;
        patterns.push(UsedPattern::new(Arc::new(splitter.pattern()), 1));
        self.patterns.insert(splitter.hash(), at);
        Some(at)
    }

    /// The number of a source. Blocks hold fewer rows than there are numbers.
    pub(super) fn source(&mut self, seen: Seen<'_>, sources: &mut Vec<Used<Arc<Source>>>) -> u16 {
        let hash = seen.hash();
        if let Some(at) = self.sources.get(&hash)
            && let Some(used) = sources.get_mut(usize::from(*at))
            && seen.is(&used.what)
        {
            used.rows += 1;
            return *at;
        }
        let at = u16::try_from(sources.len()).unwrap_or(u16::MAX);
        let what = Arc::new(seen.source());
        sources.push(Used { what, rows: 1 });
        self.sources.insert(hash, at);
        at
    }

    /// Knows none, with the room for them kept.
    pub(super) fn clear(&mut self) {
        self.patterns.clear();
        self.sources.clear();
    }

    /// Bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        ENTRY * (self.patterns.capacity() + self.sources.capacity())
    }
}
