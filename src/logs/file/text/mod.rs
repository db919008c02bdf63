//! Plain text as entries: a line that begins with a time begins an entry, lines without one belong
//! to the entry before. A push parser that takes any chunking and keeps every byte.

mod head;
mod level;
mod stamp;

#[cfg(test)]
mod tests;

pub(in crate::logs) use stamp::Clock;

use head::Head;

/// One entry, borrowed from the parser's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::logs) struct Line<'a> {
    /// All its lines as they are in the file, without the last newline.
    pub(in crate::logs) whole: &'a [u8],
    /// The same without time, host and program where these stand in front.
    pub(in crate::logs) message: &'a [u8],
    /// Where it begins, in bytes from the start of the text.
    pub(in crate::logs) offset: u64,
    /// Microseconds since 1970.
    pub(in crate::logs) time: Option<i64>,
    /// As far as a word or number tells it.
    pub(in crate::logs) priority: Option<u8>,
    pub(in crate::logs) host: Option<&'a [u8]>,
    pub(in crate::logs) identifier: Option<&'a [u8]>,
    pub(in crate::logs) pid: Option<u32>,
}

/// An entry that is larger is given out in several pieces.
const LARGEST: usize = 1 << 20;

/// Turns bytes into entries.
#[derive(Debug, Clone)]
pub(in crate::logs) struct Parser {
    clock: Clock,
    buf: Vec<u8>,
    /// Where `buf` begins in the text.
    gone: u64,
    /// Where the entry under way begins in `buf`, and how far its lines were looked at.
    start: usize,
    seen: usize,
    /// What its first line told; `None` before the first line.
    head: Option<Head>,
    /// A time was seen: lines without one belong to the entry before them.
    timed: bool,
}

impl Parser {
    pub(in crate::logs) fn new(clock: Clock) -> Parser {
        Parser {
            clock,
            buf: Vec::new(),
            gone: 0,
            start: 0,
            seen: 0,
            head: None,
            timed: false,
        }
    }

    /// The same, from a place within the text on.
    pub(in crate::logs) fn starting_at(clock: Clock, offset: u64) -> Parser {
        Parser {
            gone: offset,
            ..Parser::new(clock)
        }
    }

    /// The same where an entry begins, and where it is known whether a time was seen before.
    pub(in crate::logs) fn taking_up(clock: Clock, offset: u64, timed: bool) -> Parser {
        Parser {
            timed,
            ..Parser::starting_at(clock, offset)
        }
    }

    /// Where the entry begins that was not given out yet, and a parser that takes the text up
    /// again from there.
    pub(in crate::logs) fn again(&self) -> (u64, Parser) {
        let offset = self.gone + self.start as u64;
        let parser = Parser::taking_up(self.clock.clone(), offset, self.timed);
        (offset, parser)
    }

    /// Adds bytes of the text. Take all entries out with [`Parser::next`] before the next call.
    pub(in crate::logs) fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buf.drain(..self.start);
            self.gone += self.start as u64;
            self.seen -= self.start;
            self.start = 0;
        }
        if self.buf.capacity() > 4 * LARGEST && self.buf.len() < LARGEST {
            self.buf.shrink_to(2 * LARGEST);
        }
        self.buf.extend_from_slice(bytes);
    }

    /// The next entry that is known to be whole; `None` when more bytes are needed.
    // Lends from itself, which an Iterator cannot.
    #[allow(clippy::should_implement_trait)]
    pub(in crate::logs) fn next(&mut self) -> Option<Line<'_>> {
        loop {
            let rest = self.buf.get(self.seen..)?;
            let Some(length) = memchr::memchr(b'\n', rest) else {
                if self.buf.len() - self.start <= LARGEST {
                    return None;
                }
                // What came before the overlong line goes out first.
                return Some(if self.seen > self.start {
                    self.give(self.seen)
                } else {
                    self.head.get_or_insert_default();
                    self.seen = self.buf.len();
                    self.give(self.seen)
                });
            };
            let line = rest.get(..length)?;
            let end = self.seen + length + 1;
            match &self.head {
                None => {
                    self.begin(self.seen, length);
                    self.seen = end;
                }
                Some(_) => {
                    let continues = self.timed && !self.clock.begins(line);
                    if !continues || end - self.start > LARGEST {
                        return Some(self.give(self.seen));
                    }
                    self.seen = end;
                }
            }
        }
    }

    /// What is left at the end of the text, or when nothing came for a while.
    pub(in crate::logs) fn finish(&mut self) -> Option<Line<'_>> {
        if self.buf.len() == self.start {
            return None;
        }
        match self.head {
            None => {
                let length = self.buf.len() - self.seen;
                self.begin(self.seen, length);
            }
            Some(_) => {
                // An unfinished line of its own?
                let line = self.buf.get(self.seen..).unwrap_or_default();
                if !line.is_empty() && (!self.timed || self.clock.begins(line)) {
                    return Some(self.give(self.seen));
                }
            }
        }
        self.seen = self.buf.len();
        Some(self.give(self.seen))
    }

    /// Whether the text so far ends with a whole line, so that [`Parser::finish`] cuts none.
    pub(in crate::logs) fn at_line_end(&self) -> bool {
        self.buf.last().is_none_or(|byte| *byte == b'\n')
    }

    fn begin(&mut self, at: usize, length: usize) {
        let line = self.buf.get(at..at + length).unwrap_or_default();
        let head = Head::of(line, &mut self.clock);
        self.timed |= head.time.is_some();
        self.head = Some(head);
    }

    /// Gives out what lies up to here as an entry.
    fn give(&mut self, end: usize) -> Line<'_> {
        let start = std::mem::replace(&mut self.start, end);
        let head = self.head.take().unwrap_or_default();
        let whole = self.buf.get(start..end).unwrap_or_default();
        let whole = whole.strip_suffix(b"\n").unwrap_or(whole);
        let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
        let part = |range: &Option<std::ops::Range<usize>>| whole.get(range.clone()?);
        Line {
            whole,
            message: whole.get(head.message..).unwrap_or_default(),
            offset: self.gone + start as u64,
            time: head.time,
            priority: head.priority,
            host: part(&head.host),
            identifier: part(&head.identifier),
            pid: head.pid,
        }
    }
}
