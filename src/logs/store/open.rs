//! A block that takes rows: at its end, or anywhere.

use super::{
    block::{Block, BlockId, Body, Closed, GAP, OWN_TEXT},
    columns::{Columns, Record},
    cursor::{Reader, Stamp},
    frame::Frame,
    grams::Grams,
    heap::Heap,
    pack::{Packed, Way},
    row::RowId,
    rows::Rows,
    source::{Index, Seen, Tables, UsedPattern},
};
use crate::{
    logs::{Gap, entry::Fields, pattern::Splitter},
    remote::HostId,
};
use std::sync::Arc;

/// More values than this, and a message is kept as it is.
const MOST_SLOTS: usize = 256;
/// More static text than this, and a message is kept as it is.
const LONGEST_PATTERN: usize = 4 << 10;

/// The parts of an open block that a packed one has not, and what finds its sources and patterns.
#[derive(Debug, Clone, Default)]
pub(super) struct Open {
    pub(super) columns: Columns,
    pub(super) values: Heap,
    pub(super) texts: Heap,
    index: Index,
    splitter: Splitter,
    cursors: Reader,
    /// Bytes of the patterns and sources, which are not shared yet.
    own: usize,
}

impl Open {
    /// Without rows again, with the room for them kept.
    fn clear(&mut self) {
        self.columns.clear();
        self.values.clear();
        self.texts.clear();
        self.index.clear();
        self.own = 0;
    }

    /// Bytes of memory of columns, values, texts, index, and the rest.
    pub(super) fn sizes(&self) -> (usize, usize, usize, usize, usize) {
        (
            self.columns.memory(),
            self.values.memory(),
            self.texts.memory(),
            self.index.bytes(),
            self.own + size_of::<Open>(),
        )
    }
}

/// What a row shows, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) enum New<'a> {
    Entry(&'a HostId, &'a Fields<'a>),
    Gap(&'a Gap),
}

impl Block {
    /// An open block without rows, whose rows count their arrival from here.
    pub(super) fn new(base: i64) -> Block {
        Block::within(base, Box::default())
    }

    /// The same in the room that another block has left.
    pub(super) fn within(base: i64, mut open: Box<Open>) -> Block {
        open.clear();
        let nowhere = RowId {
            time: i64::MIN,
            seq: i64::MIN,
        };
        Block {
            id: BlockId::next(),
            first: nowhere,
            last: nowhere,
            base,
            sources: Vec::new(),
            patterns: Vec::new(),
            source_of: Vec::new(),
            pattern_of: Vec::new(),
            body: Body::Open(open),
        }
    }

    /// Bytes of text as they came, about: how full the block is.
    pub(super) fn raw(&self) -> usize {
        match &self.body {
            Body::Open(open) => open.values.len() + open.texts.len() + 32 * self.rows(),
            Body::Packed(_) => 0,
        }
    }

    /// Adds a row in its place. Only for open blocks.
    pub(super) fn insert(&mut self, id: RowId, late: bool, new: New<'_>) {
        let (base, rows) = (self.base, self.rows());
        let after = rows == 0 || self.last < id;
        let before = rows == 0 || id < self.first;
        let Body::Open(open) = &mut self.body else {
            return;
        };
        let place = RowId {
            seq: id.seq.wrapping_sub(base),
            ..id
        };
        let at = if after {
            rows
        } else {
            open.columns.lower_bound(place)
        };
        let (seen, record, pattern) = match new {
            New::Entry(host, fields) => {
                let seen = Seen {
                    host,
                    boot: fields.boot,
                    unit: fields.unit.as_deref(),
                    identifier: fields.identifier.as_deref(),
                    priority: fields.priority,
                    told: fields.told,
                    gap: false,
                };
                let stamp = Stamp {
                    boot: fields.boot,
                    monotonic: fields.monotonic,
                    realtime: fields.realtime,
                };
                let cursor = open.cursors.read(fields.cursor, stamp);
                let record = Record {
                    id: place,
                    late,
                    realtime: fields.realtime,
                    monotonic: fields.monotonic,
                    pid: fields.pid,
                    cursor: cursor.ok_or(fields.cursor),
                    cut_from: fields.cut_from,
                    gap: None,
                };
                let pattern = open.message(fields.message, &mut self.patterns);
                (seen, record, pattern)
            }
            New::Gap(gap) => {
                let seen = Seen {
                    host: &gap.host,
                    boot: 0,
                    unit: None,
                    identifier: None,
                    priority: 6,
                    told: None,
                    gap: true,
                };
                let record = Record {
                    id: place,
                    late,
                    realtime: gap.from,
                    monotonic: 0,
                    pid: None,
                    cursor: Err(""),
                    cut_from: None,
                    gap: Some(gap),
                };
                open.values.push(b"");
                open.texts.push(b"");
                (seen, record, GAP)
            }
        };
        let known = self.sources.len();
        let source = open.index.source(seen, &mut self.sources);
        if let Some(used) = self.sources.get(known) {
            open.own += used.what.bytes();
        }
        open.columns.insert(at, &record);
        if after {
            self.source_of.push(source);
            self.pattern_of.push(pattern);
        } else {
            self.source_of.insert(at, source);
            self.pattern_of.insert(at, pattern);
            open.values.move_last(at);
            open.texts.move_last(at);
        }
        if before {
            self.first = id;
        }
        if after {
            self.last = id;
        }
        self.id = BlockId::next();
    }

    /// Packs an open block: what it shares with others is held once, what is met once is kept as
    /// it is. So many rows are packed together. Gives back the room that it took.
    pub(super) fn pack(&mut self, frame: usize, tables: &Tables) -> Option<Box<Open>> {
        let body = std::mem::replace(&mut self.body, Body::Packed(Box::default()));
        let mut open = match body {
            Body::Open(open) => open,
            packed @ Body::Packed(_) => {
                self.body = packed;
                return None;
            }
        };
        self.set_aside_rare(&mut open);
        let frame = frame.max(1);
        let own = self.pattern_of.iter().enumerate();
        let own = own.filter(|(_, pattern)| **pattern == OWN_TEXT);
        let lengths = own.map(|(row, _)| open.texts.row(row).len() as u32);
        let closed = Closed {
            frames: Frame::all_of(self, &open, frame),
            frame,
            texts: Packed::of(open.texts.bytes(), Way::Repeats),
            lengths: lengths.collect(),
            in_values: Grams::of(open.values.bytes()),
            in_texts: Grams::of(open.texts.bytes()),
        };
        self.body = Body::Packed(Box::new(closed));
        tables.share(&mut self.patterns, &mut self.sources);
        self.patterns.shrink_to_fit();
        self.sources.shrink_to_fit();
        self.source_of.shrink_to_fit();
        self.pattern_of.shrink_to_fit();
        self.id = BlockId::next();
        Some(open)
    }

    /// Patterns of one row only go: the row's message is kept whole.
    fn set_aside_rare(&mut self, open: &mut Open) {
        if self.patterns.iter().all(|used| used.rows > 1) {
            return;
        }
        let mut kept = 0u16;
        let renumbered: Vec<Option<u16>> = self
            .patterns
            .iter()
            .map(|used| {
                (used.rows > 1).then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        let (mut values, mut texts) = (Heap::default(), Heap::default());
        for (row, pattern) in self.pattern_of.iter_mut().enumerate() {
            match renumbered.get(usize::from(*pattern)) {
                Some(None) => {
                    let whole = self.patterns.get(usize::from(*pattern));
                    texts.push_with(|bytes| {
                        if let Some(used) = whole {
                            used.what.fill(open.values.row(row), bytes);
                        }
                        bytes.push(b'\n');
                    });
                    values.push(b"");
                    *pattern = OWN_TEXT;
                }
                Some(Some(number)) => {
                    *pattern = *number;
                    values.copy(&open.values, row);
                    texts.push(b"");
                }
                None => {
                    values.push(b"");
                    texts.copy(&open.texts, row);
                }
            }
        }
        self.patterns.retain(|used| used.rows > 1);
        open.values = values;
        open.texts = texts;
    }

    /// An open block with the rows of this one.
    pub(super) fn thawed(self: &Arc<Self>) -> Block {
        let rows = self.open();
        let mut block = Block::new(self.base);
        for row in 0..rows.len() {
            block.copy(&rows, row);
        }
        block
    }

    /// Adds another block's row at the end.
    pub(super) fn copy(&mut self, rows: &Rows, row: usize) {
        let (base, count) = (self.base, self.rows());
        let (Body::Open(open), Some(source)) = (&mut self.body, rows.source(row)) else {
            return;
        };
        let Some(mut record) = rows.record(row) else {
            return;
        };
        if count == 0 {
            self.first = record.id;
        }
        self.last = record.id;
        record.id.seq = record.id.seq.wrapping_sub(base);
        let known = self.sources.len();
        self.source_of
            .push(open.index.source(source.seen(), &mut self.sources));
        if let Some(used) = self.sources.get(known) {
            open.own += used.what.bytes();
        }
        open.columns.insert(count, &record);
        let pattern = if source.gap {
            open.values.push(b"");
            open.texts.push(b"");
            GAP
        } else {
            let mut message = Vec::new();
            rows.message(row, &mut message);
            open.message(&message, &mut self.patterns)
        };
        self.pattern_of.push(pattern);
        self.id = BlockId::next();
    }
}

impl Open {
    /// Adds a message at the end of the heaps; gives the number of its pattern.
    fn message(&mut self, message: &[u8], patterns: &mut Vec<UsedPattern>) -> u16 {
        let Open {
            values,
            texts,
            index,
            splitter,
            own,
            ..
        } = self;
        let known = patterns.len();
        let number = values.push_with(|bytes| {
            let before = bytes.len();
            let slots = splitter.split(message, bytes);
            let number = if slots > MOST_SLOTS || splitter.text_len() > LONGEST_PATTERN {
                None
            } else {
                index.pattern(splitter, patterns, GAP)
            };
            match number {
                Some(_) if slots > 0 => bytes.push(b'\n'),
                Some(_) => {}
                None => bytes.truncate(before),
            }
            number
        });
        if let Some(used) = patterns.get(known) {
            *own += used.what.bytes();
        }
        match number {
            Some(number) => {
                texts.push(b"");
                number
            }
            None => {
                texts.push_with(|bytes| {
                    bytes.extend_from_slice(message);
                    bytes.push(b'\n');
                });
                OWN_TEXT
            }
        }
    }
}
