//! The texts of a block's rows, one after the other, to be searched as one.

use std::ops::Range;

/// Texts of rows in the rows' order. Rows that have none here have an empty one.
///
/// In a heap of values a row's text is its values, each ended by a space, and a newline; in a heap
/// of texts it is a whole message (any bytes) and a newline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heap {
    bytes: Vec<u8>,
    /// Where each row's text ends, its newline included.
    ends: Vec<u32>,
}

impl Heap {
    pub(super) const fn new(bytes: Vec<u8>, ends: Vec<u32>) -> Heap {
        Heap { bytes, ends }
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a row's text lies in [`Heap::bytes`], its newline not included.
    pub fn range(&self, row: usize) -> Range<usize> {
        let line = self.line(row);
        line.start..line.end.saturating_sub(1).max(line.start)
    }

    /// A row's text without its newline.
    pub fn row(&self, row: usize) -> &[u8] {
        self.bytes.get(self.range(row)).unwrap_or_default()
    }

    /// The row to which the byte at this offset belongs (as its newline, perhaps); the number of
    /// rows for an offset past the end.
    pub fn row_at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= offset)
    }

    /// The lines of these rows, newlines included.
    pub(super) fn lines(&self, rows: Range<usize>) -> &[u8] {
        let start = self.line(rows.start).start;
        let end = rows
            .end
            .checked_sub(1)
            .map_or(0, |last| self.line(last).end);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of memory it takes.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + 4 * self.ends.capacity()
    }

    fn line(&self, row: usize) -> Range<usize> {
        let end = |row| self.ends.get(row).map_or(self.bytes.len(), |e| *e as usize);
        row.checked_sub(1).map_or(0, end)..end(row)
    }

    /// Adds a row at the end with all that was appended to the bytes.
    pub(super) fn push_with<R>(&mut self, append: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let result = append(&mut self.bytes);
        self.ends.push(length(&self.bytes));
        result
    }

    /// Adds a row at the end with this line, which ends with a newline or is empty.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.push_with(|bytes| bytes.extend_from_slice(line));
    }

    /// Moves the last row to a place before.
    pub(super) fn move_last(&mut self, at: usize) {
        let Some(last) = self.ends.len().checked_sub(1).filter(|last| at < *last) else {
            return;
        };
        let line = self.line(last);
        let size = line.len();
        let start = self.line(at).start;
        if size > 0 {
            if let Some(tail) = self.bytes.get_mut(start..) {
                tail.rotate_right(size);
            }
            if let Some(ends) = self.ends.get_mut(at..) {
                for end in ends {
                    *end += size as u32;
                }
            }
        }
        self.ends.pop();
        self.ends.insert(at, (start + size) as u32);
    }

    /// Without rows again, with the room for them kept.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds another heap's row with its newline.
    pub(super) fn copy(&mut self, from: &Heap, row: usize) {
        self.push(from.bytes.get(from.line(row)).unwrap_or_default());
    }
}

fn length(bytes: &[u8]) -> u32 {
    // Blocks are closed long before.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
