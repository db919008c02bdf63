//! The rows of a block as they are given out, unpacked as far as somebody asked for them.

use super::{
    block::{Block, Body, Closed, OWN_TEXT},
    columns::{Columns, Record},
    heap::Heap,
    row::{Item, Row, RowId},
    source::Source,
};
use crate::logs::{Entry, pattern::Pattern};
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

/// For frames that do not exist.
static EMPTY: Heap = Heap::new(Vec::new(), Vec::new());

/// A block's rows, whole.
#[derive(Debug)]
pub struct Rows {
    block: Arc<Block>,
    /// Of each frame; none where the block is open.
    frames: Box<[Unpacked]>,
    texts: OnceLock<Heap>,
}

/// What was unpacked of a frame.
#[derive(Debug, Default)]
struct Unpacked {
    columns: OnceLock<Columns>,
    values: OnceLock<Heap>,
}

impl Rows {
    /// The block.
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }

    pub(super) fn new(block: Arc<Block>) -> Rows {
        let frames = match &block.body {
            Body::Open(_) => 0,
            Body::Packed(closed) => closed.frames.len(),
        };
        let frames = (0..frames).map(|_| Unpacked::default()).collect();
        let texts = OnceLock::new();
        Rows {
            block,
            frames,
            texts,
        }
    }

    /// The columns that a row is in, and which of their rows it is.
    fn columns(&self, row: usize) -> Option<(&Columns, usize)> {
        let (frame, rows) = self.frame(row);
        let columns = match &self.block.body {
            Body::Open(open) => &open.columns,
            Body::Packed(closed) => {
                let packed = closed.frames.get(frame)?;
                let unpacked = self.frames.get(frame)?;
                let unpack = || packed.columns(rows.clone(), &self.block);
                unpacked.columns.get_or_init(unpack)
            }
        };
        Some((columns, row - rows.start))
    }

    /// The frame that a row is in, and its rows.
    fn frame(&self, row: usize) -> (usize, Range<usize>) {
        let frame = self.block.frame_of(row);
        (frame, self.block.frame_rows(frame))
    }

    /// The values of a frame's rows, counted from its first.
    pub fn values(&self, frame: usize) -> &Heap {
        match &self.block.body {
            Body::Open(open) => &open.values,
            Body::Packed(closed) => {
                let frames = closed.frames.get(frame).zip(self.frames.get(frame));
                let rows = self.block.frame_rows(frame);
                frames.map_or(&EMPTY, |(packed, unpacked)| {
                    let unpack = || packed.values(rows, &self.block);
                    unpacked.values.get_or_init(unpack)
                })
            }
        }
    }

    /// The messages of its rows with [`OWN_TEXT`].
    pub fn texts(&self) -> &Heap {
        match &self.block.body {
            Body::Open(open) => &open.texts,
            Body::Packed(closed) => self.texts.get_or_init(|| self.unpack_texts(closed)),
        }
    }

    fn unpack_texts(&self, closed: &Closed) -> Heap {
        let mut lengths = closed.lengths.iter();
        let mut end = 0;
        let ends = self.block.pattern_of.iter().map(|pattern| {
            if *pattern == OWN_TEXT {
                end += lengths.next().map_or(0, |length| length + 1);
            }
            end
        });
        let ends = ends.collect();
        Heap::new(closed.texts.unpack(), ends)
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
        let (columns, at) = self.columns(row)?;
        let id = columns.id(at)?;
        let seq = id.seq.wrapping_add(self.block.base);
        Some(RowId { seq, ..id })
    }

    /// `__REALTIME_TIMESTAMP` of an entry; where a gap starts.
    pub fn realtime(&self, row: usize) -> i64 {
        let columns = self.columns(row);
        columns.map_or(0, |(columns, at)| columns.realtime(at))
    }

    /// The pid of an entry.
    pub fn pid(&self, row: usize) -> Option<u32> {
        let (columns, at) = self.columns(row)?;
        columns.pid(at)
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
        let start = self.start_before(|first| first <= id);
        let Some((columns, _)) = self.columns(start) else {
            return Err(start);
        };
        let at = columns.lower_bound(id);
        if columns.id(at) == Some(id) {
            Ok(start + at)
        } else {
            Err(start + at)
        }
    }

    /// The first row at or after a time.
    pub fn at_time(&self, time: i64) -> usize {
        let start = self.start_before(|first| first.time < time);
        let times = self.block.times(self.block.frame_of(start));
        start + times.partition_point(|at| *at < time)
    }

    /// The first row of the last frame whose first row, as the columns know it, is before
    /// something; of the first frame where none is.
    fn start_before(&self, before: impl Fn(RowId) -> bool) -> usize {
        match &self.block.body {
            Body::Open(_) => 0,
            Body::Packed(closed) => {
                let frames = closed.frames.partition_point(|frame| before(frame.first()));
                self.block.frame_rows(frames.saturating_sub(1)).start
            }
        }
    }

    /// A row's message, in a buffer whose content goes. Empty for a gap.
    pub fn message(&self, row: usize, out: &mut Vec<u8>) {
        out.clear();
        match self.pattern(row) {
            Some(pattern) if pattern.slots() == 0 => pattern.fill(b"", out),
            Some(pattern) => {
                let (frame, rows) = self.frame(row);
                pattern.fill(self.values(frame).row(row - rows.start), out);
            }
            None => out.extend_from_slice(self.texts().row(row)),
        }
    }

    /// `__CURSOR` of an entry.
    pub fn cursor(&self, row: usize) -> String {
        let boot = self.source(row).map_or(0, |source| source.boot);
        let columns = self.columns(row);
        columns.map_or_else(String::new, |(columns, at)| columns.cursor(at, boot))
    }

    /// A row, whole.
    pub fn row(&self, row: usize) -> Option<Row> {
        let (id, (columns, at)) = (self.id(row)?, self.columns(row)?);
        let source = self.source(row)?;
        let item = if source.gap {
            Item::Gap(columns.gap(at)?.clone())
        } else {
            let mut message = Vec::new();
            self.message(row, &mut message);
            Item::Entry(Entry {
                host: source.host.clone(),
                cursor: Arc::from(columns.cursor(at, source.boot)),
                realtime: columns.realtime(at),
                monotonic: columns.monotonic(at),
                boot: source.boot,
                priority: source.priority,
                unit: source.unit.clone(),
                identifier: source.identifier.clone(),
                pid: columns.pid(at),
                message: Arc::from(message),
                cut_from: columns.cut_from(at),
                told: source.told,
            })
        };
        let late = columns.late(at);
        Some(Row { id, late, item })
    }

    /// What another block needs to hold the row as well.
    pub(super) fn record(&self, row: usize) -> Option<Record<'_>> {
        let (columns, at) = self.columns(row)?;
        let record = columns.record(at);
        let seq = record.id.seq.wrapping_add(self.block.base);
        Some(Record {
            id: RowId { seq, ..record.id },
            ..record
        })
    }

    /// Bytes of memory that was unpacked.
    pub(super) fn memory(&self) -> usize {
        let frames = self.frames.iter().map(|frame| {
            let columns = frame.columns.get().map_or(0, Columns::memory);
            columns + frame.values.get().map_or(0, Heap::memory)
        });
        self.texts.get().map_or(0, Heap::memory)
            + frames.sum::<usize>()
            + size_of::<Rows>()
            + size_of_val(&*self.frames)
    }
}
