//! A few thousand rows that lie together. Who wrote them and which patterns they have is at hand;
//! times, values and texts are unpacked on demand. What a block answers holds as long as its id.

use super::{
    columns::{Columns, Lanes, Record},
    grams::{self, Grams, Trigrams},
    heap::Heap,
    open::Open,
    pack::Packed,
    row::{Item, Row, RowId},
    source::{Source, Used},
};
use crate::logs::{Entry, pattern::Pattern};
use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// In place of a pattern's number: the row's message lies whole among the texts.
pub const OWN_TEXT: u16 = u16::MAX;
/// In place of a pattern's number: the row is a hole, not an entry.
pub const GAP: u16 = u16::MAX - 1;

/// Says which block, and which state of it: another one as soon as the rows are others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(u64);

impl BlockId {
    pub(super) fn next() -> BlockId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        BlockId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Block {
    pub(super) id: BlockId,
    pub(super) first: RowId,
    pub(super) last: RowId,
    /// Rows count their arrival from here.
    pub(super) base: i64,
    pub(super) sources: Vec<Used<Arc<Source>>>,
    pub(super) patterns: Vec<Used<Arc<Pattern>>>,
    pub(super) source_of: Vec<u16>,
    pub(super) pattern_of: Vec<u16>,
    pub(super) body: Body,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Open(Box<Open>),
    Packed(Box<Closed>),
}

/// A packed block's columns and heaps.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) bits: Box<[u8]>,
    pub(super) loose: Packed,
    pub(super) values: Packed,
    pub(super) texts: Packed,
    /// Lengths of the texts, newlines not included.
    pub(super) lengths: Box<[u32]>,
    pub(super) in_values: Grams,
    pub(super) in_texts: Grams,
}

impl Block {
    /// Which block in which state.
    pub fn id(&self) -> BlockId {
        self.id
    }

    /// How many rows it holds; never 0 in a store.
    pub fn rows(&self) -> usize {
        self.source_of.len()
    }

    /// Its oldest row.
    pub fn first(&self) -> RowId {
        self.first
    }

    /// Its newest row.
    pub fn last(&self) -> RowId {
        self.last
    }

    /// Who wrote its rows.
    pub fn sources(&self) -> &[Used<Arc<Source>>] {
        &self.sources
    }

    /// The patterns of its rows. Rows beyond their sum have a text of their own or are gaps.
    pub fn patterns(&self) -> &[Used<Arc<Pattern>>] {
        &self.patterns
    }

    /// Per row, which of [`Block::sources`].
    pub fn source_of(&self) -> &[u16] {
        &self.source_of
    }

    /// Per row, which of [`Block::patterns`], or [`OWN_TEXT`] or [`GAP`].
    pub fn pattern_of(&self) -> &[u16] {
        &self.pattern_of
    }

    /// Whether the values may hold a text without delimiters that has these trigrams.
    pub fn values_may_hold(&self, wanted: &Trigrams) -> bool {
        match &self.body {
            Body::Open(_) => true,
            Body::Packed(closed) => closed.in_values.may_hold(wanted),
        }
    }

    /// Whether the texts may hold a text that has these trigrams.
    pub fn texts_may_hold(&self, wanted: &Trigrams) -> bool {
        match &self.body {
            Body::Open(_) => true,
            Body::Packed(closed) => closed.in_texts.may_hold(wanted),
        }
    }

    /// Whether the heaps hold U+212A or U+017F: then `k` and `s` occur in a form that the
    /// trigrams do not see.
    pub fn has_odd_case(&self) -> bool {
        match &self.body {
            Body::Open(open) => {
                grams::has_odd_case(open.values.bytes()) || grams::has_odd_case(open.texts.bytes())
            }
            Body::Packed(closed) => closed.in_values.odd_case || closed.in_texts.odd_case,
        }
    }

    /// The values of its rows.
    pub fn values(&self) -> Cow<'_, Heap> {
        match &self.body {
            Body::Open(open) => Cow::Borrowed(&open.values),
            Body::Packed(closed) => Cow::Owned(self.unpack_values(closed)),
        }
    }

    /// The messages of its rows with [`OWN_TEXT`].
    pub fn texts(&self) -> Cow<'_, Heap> {
        match &self.body {
            Body::Open(open) => Cow::Borrowed(&open.texts),
            Body::Packed(closed) => Cow::Owned(self.unpack_texts(closed)),
        }
    }

    /// The bytes of [`Block::values`] alone, for who need not know the rows; unpacked into the
    /// buffer unless they are at hand.
    pub fn values_bytes<'a>(&'a self, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        match &self.body {
            Body::Open(open) => open.values.bytes(),
            Body::Packed(closed) => {
                closed.values.unpack_into(buffer);
                buffer
            }
        }
    }

    /// The bytes of [`Block::texts`] alone, as [`Block::values_bytes`].
    pub fn texts_bytes<'a>(&'a self, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        match &self.body {
            Body::Open(open) => open.texts.bytes(),
            Body::Packed(closed) => {
                closed.texts.unpack_into(buffer);
                buffer
            }
        }
    }

    /// Everything, each part unpacked when it is first asked for.
    pub fn open(self: &Arc<Self>) -> Rows {
        Rows {
            block: self.clone(),
            columns: OnceLock::new(),
            values: OnceLock::new(),
            texts: OnceLock::new(),
        }
    }

    /// Bytes of memory it takes, without what it shares with other blocks.
    pub fn bytes(&self) -> usize {
        self.sizes().iter().map(|(_, size)| size).sum()
    }

    /// [`Block::bytes`] part by part.
    pub fn sizes(&self) -> [(&'static str, usize); 7] {
        let rows = 2 * (self.source_of.capacity() + self.pattern_of.capacity());
        let used = size_of::<Used<Arc<Source>>>() * self.sources.capacity()
            + size_of::<Used<Arc<Pattern>>>() * self.patterns.capacity();
        let (columns, values, texts, index, own) = match &self.body {
            Body::Open(open) => open.sizes(),
            Body::Packed(closed) => (
                closed.bits.len() + closed.loose.memory(),
                closed.values.memory(),
                closed.texts.memory() + size_of_val(&*closed.lengths),
                closed.in_values.bytes() + closed.in_texts.bytes(),
                size_of::<Closed>(),
            ),
        };
        [
            ("sources and patterns of rows", rows),
            ("sources and patterns used", used),
            ("columns", columns),
            ("values", values),
            ("texts", texts),
            ("index", index),
            ("the rest", own + size_of::<Block>() + 16),
        ]
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.body, Body::Open(_))
    }

    fn unpack_columns(&self, closed: &Closed) -> Columns {
        let lanes = Lanes::new(&self.sources);
        Columns::unpack(
            &closed.bits,
            &closed.loose.unpack(),
            &self.source_of,
            &lanes,
        )
    }

    fn unpack_values(&self, closed: &Closed) -> Heap {
        let bytes = closed.values.unpack();
        let slots: Vec<bool> = self.patterns.iter().map(|u| u.what.slots() > 0).collect();
        let mut lines = memchr::memchr_iter(b'\n', &bytes);
        let mut end = 0;
        let ends = self.pattern_of.iter().map(|pattern| {
            if slots.get(usize::from(*pattern)) == Some(&true) {
                end = lines.next().map_or(bytes.len(), |at| at + 1) as u32;
            }
            end
        });
        let ends = ends.collect();
        Heap::new(bytes, ends)
    }

    fn unpack_texts(&self, closed: &Closed) -> Heap {
        let mut lengths = closed.lengths.iter();
        let mut end = 0;
        let ends = self.pattern_of.iter().map(|pattern| {
            if *pattern == OWN_TEXT {
                end += lengths.next().map_or(0, |length| length + 1);
            }
            end
        });
        let ends = ends.collect();
        Heap::new(closed.texts.unpack(), ends)
    }
}

/// A block's rows, whole.
#[derive(Debug)]
pub struct Rows {
    block: Arc<Block>,
    columns: OnceLock<Columns>,
    values: OnceLock<Heap>,
    texts: OnceLock<Heap>,
}

impl Rows {
    /// The block.
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }

    pub(super) fn columns(&self) -> &Columns {
        match &self.block.body {
            Body::Open(open) => &open.columns,
            Body::Packed(closed) => self
                .columns
                .get_or_init(|| self.block.unpack_columns(closed)),
        }
    }

    /// As [`Block::values`].
    pub fn values(&self) -> &Heap {
        match &self.block.body {
            Body::Open(open) => &open.values,
            Body::Packed(closed) => self.values.get_or_init(|| self.block.unpack_values(closed)),
        }
    }

    /// As [`Block::texts`].
    pub fn texts(&self) -> &Heap {
        match &self.block.body {
            Body::Open(open) => &open.texts,
            Body::Packed(closed) => self.texts.get_or_init(|| self.block.unpack_texts(closed)),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.block.rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row's identity.
    pub fn id(&self, row: usize) -> Option<RowId> {
        let id = self.columns().id(row)?;
        let seq = id.seq.wrapping_add(self.block.base);
        Some(RowId { seq, ..id })
    }

    /// Times of all rows ([`RowId::time`]), ascending.
    pub fn times(&self) -> &[i64] {
        self.columns().times()
    }

    /// `__REALTIME_TIMESTAMP` of an entry; where a gap starts.
    pub fn realtime(&self, row: usize) -> i64 {
        self.columns().realtime(row)
    }

    /// The pid of an entry.
    pub fn pid(&self, row: usize) -> Option<u32> {
        self.columns().pid(row)
    }

    /// Who wrote a row.
    pub fn source(&self, row: usize) -> Option<&Arc<Source>> {
        let source = usize::from(*self.block.source_of.get(row)?);
        Some(&self.block.sources.get(source)?.what)
    }

    /// A row's pattern, if it has one.
    pub fn pattern(&self, row: usize) -> Option<&Arc<Pattern>> {
        let pattern = usize::from(*self.block.pattern_of.get(row)?);
        Some(&self.block.patterns.get(pattern)?.what)
    }

    /// Where a row is; `Err` with where it would be.
    pub fn position(&self, id: RowId) -> Result<usize, usize> {
        let seq = id.seq.saturating_sub(self.block.base);
        let id = RowId { seq, ..id };
        let at = self.columns().lower_bound(id);
        if self.columns().id(at) == Some(id) {
            Ok(at)
        } else {
            Err(at)
        }
    }

    /// The first row at or after a time.
    pub fn at_time(&self, time: i64) -> usize {
        self.times().partition_point(|at| *at < time)
    }

    /// A row's message, in a buffer whose content goes. Empty for a gap.
    pub fn message(&self, row: usize, out: &mut Vec<u8>) {
        out.clear();
        match self.pattern(row) {
            Some(pattern) if pattern.slots() == 0 => pattern.fill(b"", out),
            Some(pattern) => pattern.fill(self.values().row(row), out),
            None => out.extend_from_slice(self.texts().row(row)),
        }
    }

    /// `__CURSOR` of an entry.
    pub fn cursor(&self, row: usize) -> String {
        let boot = self.source(row).map_or(0, |source| source.boot);
        self.columns().cursor(row, boot)
    }

    /// A row, whole.
    pub fn row(&self, row: usize) -> Option<Row> {
        let (id, columns) = (self.id(row)?, self.columns());
        let source = self.source(row)?;
        let item = if source.gap {
            Item::Gap(columns.gap(row)?.clone())
        } else {
            let mut message = Vec::new();
            self.message(row, &mut message);
            Item::Entry(Entry {
                host: source.host.clone(),
                cursor: Arc::from(columns.cursor(row, source.boot)),
                realtime: columns.realtime(row),
                monotonic: columns.monotonic(row),
                boot: source.boot,
                priority: source.priority,
                unit: source.unit.clone(),
                identifier: source.identifier.clone(),
                pid: columns.pid(row),
                message: Arc::from(message),
                cut_from: columns.cut_from(row),
                told: source.told,
            })
        };
        let late = columns.late(row);
        Some(Row { id, late, item })
    }

    /// What another block needs to hold the row as well.
    pub(super) fn record(&self, row: usize) -> Record<'_> {
        let record = self.columns().record(row);
        let seq = record.id.seq.wrapping_add(self.block.base);
        Record {
            id: RowId { seq, ..record.id },
            ..record
        }
    }

    /// Bytes of memory that was unpacked.
    pub(super) fn memory(&self) -> usize {
        let columns = self.columns.get().map_or(0, Columns::memory);
        let heaps = [&self.values, &self.texts];
        let heaps = heaps.iter().filter_map(|heap| heap.get());
        columns + heaps.map(Heap::memory).sum::<usize>() + size_of::<Rows>()
    }
}
