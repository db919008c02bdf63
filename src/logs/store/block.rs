//! A few thousand rows that lie together. Who wrote them and which patterns they have is at hand;
//! times, values and texts are unpacked on demand, a frame of rows at a time. What a block answers
//! holds as long as its id.

use super::{
    frame::Frame,
    grams::{self, Grams, Trigrams},
    open::Open,
    pack::Packed,
    row::RowId,
    rows::Rows,
    source::{Source, Used, UsedPattern},
};
use std::{
    borrow::Cow,
    ops::Range,
    sync::{
        Arc,
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
    pub(super) patterns: Vec<UsedPattern>,
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
#[derive(Debug, Clone, Default)]
pub(super) struct Closed {
    pub(super) frames: Box<[Frame]>,
    /// Rows of each but the last; never 0.
    pub(super) frame: usize,
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
    pub fn patterns(&self) -> &[UsedPattern] {
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

    /// How many frames it has: rows that are unpacked together.
    pub fn frames(&self) -> usize {
        match &self.body {
            Body::Open(_) => 1,
            Body::Packed(closed) => closed.frames.len(),
        }
    }

    /// The frame that a row is in.
    pub fn frame_of(&self, row: usize) -> usize {
        match &self.body {
            Body::Open(_) => 0,
            Body::Packed(closed) => row / closed.frame,
        }
    }

    /// The rows of a frame.
    pub fn frame_rows(&self, frame: usize) -> Range<usize> {
        match &self.body {
            Body::Open(_) => 0..self.rows(),
            Body::Packed(closed) => {
                let end = ((frame + 1) * closed.frame).min(self.rows());
                (frame * closed.frame).min(end)..end
            }
        }
    }

    /// Times of a frame's rows ([`RowId::time`]), ascending.
    pub fn times(&self, frame: usize) -> Cow<'_, [i64]> {
        match &self.body {
            Body::Open(open) => Cow::Borrowed(open.columns.times()),
            Body::Packed(closed) => {
                let rows = self.frame_rows(frame).len();
                let times = closed.frames.get(frame).map(|frame| frame.times(rows));
                Cow::Owned(times.unwrap_or_default())
            }
        }
    }

    /// The text of a frame's values, row after row as in a [`Heap`](super::Heap); unpacked into
    /// the buffer unless it is at hand.
    pub fn values<'a>(&'a self, frame: usize, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        match &self.body {
            Body::Open(open) => open.values.bytes(),
            Body::Packed(closed) => {
                match closed.frames.get(frame) {
                    Some(frame) => frame.values_into(buffer),
                    None => buffer.clear(),
                }
                buffer
            }
        }
    }

    /// Everything, each part unpacked when it is first asked for.
    pub fn open(self: &Arc<Self>) -> Rows {
        Rows::new(self.clone())
    }

    /// Bytes of memory it takes, without what it shares with other blocks.
    pub fn bytes(&self) -> usize {
        self.sizes().iter().map(|(_, size)| size).sum()
    }

    /// [`Block::bytes`] part by part.
    pub fn sizes(&self) -> [(&'static str, usize); 7] {
        let rows = 2 * (self.source_of.capacity() + self.pattern_of.capacity());
        let used = size_of::<Used<Arc<Source>>>() * self.sources.capacity()
            + size_of::<UsedPattern>() * self.patterns.capacity();
        let (columns, values, texts, index, own) = match &self.body {
            Body::Open(open) => open.sizes(),
            Body::Packed(closed) => {
                let sum = |part: fn(&Frame) -> usize| closed.frames.iter().map(part).sum();
                (
                    sum(Frame::columns_memory),
                    sum(Frame::values_memory),
                    closed.texts.memory() + size_of_val(&*closed.lengths),
                    closed.in_values.bytes() + closed.in_texts.bytes(),
                    size_of::<Closed>() + size_of_val(&*closed.frames),
                )
            }
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

    /// Whether messages of the pattern of this number have values.
    pub(super) fn has_values(&self, pattern: u16) -> bool {
        let used = self.patterns.get(usize::from(pattern));
        used.is_some_and(UsedPattern::has_values)
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.body, Body::Open(_))
    }
}
