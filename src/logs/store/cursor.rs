//! Journal cursors as numbers. What is not exactly as journald writes it stays text.

use crate::logs::digits::{digit, hexadecimal as hex};
use std::fmt::Write;

/// The parts of a cursor that are not also the entry's boot and times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// `s=`: which count of sequence numbers.
    pub(super) id: u128,
    /// `i=`: the sequence number.
    pub(super) number: u64,
    /// `x=`: the hash of the entry.
    pub(super) hash: u64,
}

/// What a cursor repeats of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) boot: u128,
    pub(super) monotonic: i64,
    pub(super) realtime: i64,
}

/// Reads cursors; most repeat the long numbers of the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Reader {
    id: Known,
    boot: Known,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    text: [u8; 32],
    number: u128,
}

impl Known {
    fn read(&mut self, text: &[u8]) -> Option<u128> {
        if *text != self.text {
            let text: [u8; 32] = text.try_into().ok()?;
            let mut number = 0;
            for byte in text {
                number = number << 4 | u128::from(digit(byte)?);
            }
            *self = Known { text, number };
        }
        Some(self.number)
    }
}

impl Reader {
    /// `None` when [`write()`] would not give the same bytes back.
    pub(super) fn read(&mut self, cursor: &str, stamp: Stamp) -> Option<Cursor> {
        let rest = cursor.as_bytes().strip_prefix(b"s=")?;
        let (id, rest) = rest.split_at_checked(32)?;
        let (number, rest) = hex(rest.strip_prefix(b";i=")?)?;
        let (boot, rest) = rest.strip_prefix(b";b=")?.split_at_checked(32)?;
        let (monotonic, rest) = hex(rest.strip_prefix(b";m=")?)?;
        let (realtime, rest) = hex(rest.strip_prefix(b";t=")?)?;
        let (hash, rest) = hex(rest.strip_prefix(b";x=")?)?;
        let same = rest.is_empty()
            && monotonic == stamp.monotonic.cast_unsigned()
            && realtime == stamp.realtime.cast_unsigned()
            && self.boot.read(boot)? == stamp.boot;
        let id = self.id.read(id)?;
        same.then_some(Cursor { id, number, hash })
    }
}

/// The cursor's text.
pub(super) fn write(cursor: Cursor, stamp: Stamp) -> String {
    let mut text = String::with_capacity(144);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "s={:032x};i={:x};b={:032x};m={:x};t={:x};x={:x}",
        cursor.id,
        cursor.number,
        stamp.boot,
        stamp.monotonic.cast_unsigned(),
        stamp.realtime.cast_unsigned(),
        cursor.hash
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_come_back(
            id: u128, number: u64, boot: u128, monotonic: i64, realtime: i64, hash: u64,
            other in "(s=[0-9a-f]{32};i=[0-9a-f]{1,3};b=[0-9a-f]{32}(;m=0)?;t=0;x=[0-9A-Fa-f]{1,17})|.{0,20}",
        ) {
            let stamp = Stamp { boot, monotonic, realtime };
            let cursor = Cursor { id, number, hash };
            let text = write(cursor, stamp);
            let mut reader = Reader::default();
            for _ in 0..2 {
                prop_assert_eq!(reader.read(&text, stamp), Some(cursor));
            }
            let moved = Stamp { realtime: realtime ^ 1, ..stamp };
            prop_assert_eq!(reader.read(&text, moved), None);
            let stamp = Stamp { boot: 0, monotonic: 0, realtime: 0 };
            if let Some(cursor) = reader.read(&other, stamp) {
                prop_assert_eq!(write(cursor, stamp), other);
            }
        }

        #[test]
        fn what_is_written_otherwise_stays_text(number in 0u64..256, padded in 2usize..6) {
            let stamp = Stamp { boot: 1, monotonic: 0, realtime: 0 };
            let text = format!("s={:032x};i={number:0padded$x};b={:032x};m=0;t=0;x=5", 7, 1);
            let mut reader = Reader::default();
            match reader.read(&text, stamp) {
                Some(cursor) => prop_assert_eq!(write(cursor, stamp), text),
                None => prop_assert!(number < 1 << (4 * (padded - 1))),
            }
        }
    }
}
