//! Text cut into pieces that can be read each by itself: a piece begins where an entry does.

use super::text::{Clock, Parser};

/// Bytes of a piece, about.
const PIECE: usize = 4 << 20;
/// Where no entry begins within so many bytes, one is cut.
const LARGEST: usize = 8 * PIECE;

/// A part of a text, and a parser that stands at its beginning.
pub(super) struct Piece {
    /// Counted from 0.
    pub(super) number: usize,
    pub(super) parser: Parser,
    pub(super) bytes: Vec<u8>,
}

/// Cuts. The pieces' entries are those of the whole text, but for those larger than 1 MiB, which
/// are given out in other parts.
pub(super) struct Cutter {
    clock: Clock,
    /// A time was seen before the bytes that are held: lines without one belong to the entry
    /// before them.
    timed: bool,
    bytes: Vec<u8>,
    offset: u64,
    number: usize,
    piece: usize,
}

impl Cutter {
    pub(super) fn new(clock: Clock) -> Cutter {
        Cutter::of_size(clock, PIECE)
    }

    fn of_size(clock: Clock, piece: usize) -> Cutter {
        Cutter {
            clock,
            timed: false,
            bytes: Vec::new(),
            offset: 0,
            number: 0,
            piece,
        }
    }

    /// Adds bytes of the text; gives a piece when there is a whole one.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Option<Piece> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() < self.piece {
            return None;
        }
        let (end, timed) = self.end()?;
        let rest = self.bytes.split_off(end);
        let piece = std::mem::replace(&mut self.bytes, rest);
        Some(self.piece(piece, timed))
    }

    /// What is left at the end of the text.
    pub(super) fn rest(&mut self) -> Option<Piece> {
        let bytes = std::mem::take(&mut self.bytes);
        (!bytes.is_empty()).then(|| self.piece(bytes, true))
    }

    fn piece(&mut self, bytes: Vec<u8>, timed: bool) -> Piece {
        let parser = Parser::taking_up(self.clock.clone(), self.offset, self.timed);
        self.offset += bytes.len() as u64;
        self.timed = timed;
        self.number += 1;
        Piece {
            number: self.number - 1,
            parser,
            bytes,
        }
    }

    /// Where the last whole line begins that begins an entry, and whether a time was seen before
    /// it. `None` when there is none yet.
    fn end(&mut self) -> Option<(usize, bool)> {
        let mut line_end = memchr::memrchr(b'\n', &self.bytes)?;
        let last = line_end + 1;
        if !self.timed {
            // One line after the other, as the parser will look at them.
            let lines = self.bytes.get(..last)?.split_inclusive(|b| *b == b'\n');
            let mut told = false;
            for line in lines {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                if self.clock.tells(line) {
                    told = true;
                    break;
                }
            }
            if !told {
                return Some((last, false));
            }
        }
        while let Some(before) = memchr::memrchr(b'\n', self.bytes.get(..line_end)?) {
            if self.clock.begins(self.bytes.get(before + 1..line_end)?) {
                return Some((before + 1, true));
            }
            line_end = before;
        }
        (self.bytes.len() > LARGEST).then_some((last, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{Timestamp, tz::TimeZone};
    use proptest::prelude::*;

    type Told = (u64, Option<i64>, Vec<u8>);

    fn all(mut parser: Parser, bytes: &[u8], out: &mut Vec<Told>) {
        parser.feed(bytes);
        while let Some(line) = parser.next() {
            out.push((line.offset, line.time, line.whole.to_vec()));
        }
        while let Some(line) = parser.finish() {
            out.push((line.offset, line.time, line.whole.to_vec()));
        }
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole(
            lines in proptest::collection::vec(
                prop_oneof![
                    4 => "2026-11-23T10:0[0-9]:00Z [a-z]{0,9}",
                    2 => "  at [a-z]{3,9}",
                    2 => "[a-z ]{0,12}",
                    1 => Just(String::new()),
                ],
                0..60,
            ),
            size in 1usize..200,
            step in 1usize..60,
        ) {
            let text = lines.join("\n");
            let clock = Clock::new(TimeZone::UTC, Timestamp::from_second(1_800_000_000).unwrap());
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            all(Parser::new(clock.clone()), text.as_bytes(), &mut whole);
            let mut cutter = Cutter::of_size(clock, size);
            let mut pieces: Vec<Piece> = text
                .as_bytes()
                .chunks(step)
                .filter_map(|chunk| cutter.add(chunk))
                .collect();
            pieces.extend(cutter.rest());
            for (number, piece) in pieces.into_iter().enumerate() {
                prop_assert_eq!(piece.number, number);
                all(piece.parser, &piece.bytes, &mut parts);
            }
            prop_assert_eq!(parts, whole);
        }
    }
}
