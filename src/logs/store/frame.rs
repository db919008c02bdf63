//! A few hundred rows of a packed block whose columns and values are unpacked together, so that a
//! row that is looked for alone costs little.

use super::{
    block::Block,
    columns::{Columns, Lanes},
    heap::Heap,
    open::Open,
    pack::{Packed, Way},
    row::RowId,
};
use std::ops::Range;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Its first row, whose arrival is counted from the block's base.
    first: RowId,
    bits: Box<[u8]>,
    loose: Packed,
    values: Packed,
}

impl Frame {
    /// All rows of a block that is open, so many in each.
    pub(super) fn all_of(block: &Block, open: &Open, each: usize) -> Box<[Frame]> {
        let lanes = Lanes::new(&block.sources);
        let starts = (0..block.rows()).step_by(each);
        let way = Way::for_values(open.values.lines(0..each.min(block.rows())));
        let frames = starts.map(|start| {
            let rows = start..(start + each).min(block.rows());
            Frame::of(rows, block, open, &lanes, way)
        });
        frames.collect()
    }

    fn of(rows: Range<usize>, block: &Block, open: &Open, lanes: &Lanes<'_>, way: Way) -> Frame {
        let (bits, loose) = open.columns.pack(rows.clone(), &block.source_of, lanes);
        Frame {
            first: open.columns.id(rows.start).unwrap_or(block.first),
            bits: bits.into(),
            loose: Packed::of(&loose, Way::Repeats),
            values: Packed::of(open.values.lines(rows), way),
        }
    }

    /// Its first row, whose arrival is counted from the block's base.
    pub(super) fn first(&self) -> RowId {
        self.first
    }

    pub(super) fn times(&self, rows: usize) -> Vec<i64> {
        Columns::unpack_times(&self.bits, rows)
    }

    pub(super) fn columns(&self, rows: Range<usize>, block: &Block) -> Columns {
        let sources = block.source_of.get(rows).unwrap_or_default();
        let lanes = Lanes::new(&block.sources);
        Columns::unpack(&self.bits, &self.loose.unpack(), sources, &lanes)
    }

    /// The bytes of its values, in a buffer whose content goes.
    pub(super) fn values_into(&self, buffer: &mut Vec<u8>) {
        self.values.unpack_into(buffer);
    }

    pub(super) fn values(&self, rows: Range<usize>, block: &Block) -> Heap {
        let bytes = self.values.unpack();
        let mut lines = memchr::memchr_iter(b'\n', &bytes);
        let mut end = 0;
        let patterns = block.pattern_of.get(rows).unwrap_or_default().iter();
        let ends = patterns.map(|pattern| {
            if block.has_values(*pattern) {
                end = lines.next().map_or(bytes.len(), |at| at + 1) as u32;
            }
            end
        });
        let ends = ends.collect();
        Heap::new(bytes, ends)
    }

    /// Bytes of memory of its columns.
    pub(super) fn columns_memory(&self) -> usize {
        self.bits.len() + self.loose.memory()
    }

    /// Bytes of memory of its values.
    pub(super) fn values_memory(&self) -> usize {
        self.values.memory()
    }
}
