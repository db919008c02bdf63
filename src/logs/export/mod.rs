//! The journal export format: a push parser that takes any chunking, and the raw entry.
//!
//! Bytes go in with [`Parser::feed`], entries come out of [`Parser::next`] without copying their
//! fields. Sizes and counts are bounded by [`Limits`]; what is beyond them is skipped, never kept.
//! What fields mean is not known here.

mod names;
mod raw;
#[cfg(test)]
mod tests;

pub(crate) use names::Known;
pub use raw::{Field, Raw, RawEntry};

use names::{NAME_MAX, Names, is_name, name_end};
use raw::Place;

/// A longer binary field is not one: journald itself stops at 768 MiB.
const LENGTH_MAX: u64 = 4 << 30;

/// What one entry may hold. What is beyond is counted and skipped, in constant memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes kept of `MESSAGE`.
    pub message: usize,
    /// Bytes kept of any other field.
    pub field: usize,
    /// Fields kept of an entry.
    pub fields: usize,
    /// Once an entry holds this many bytes its further fields are skipped.
    pub entry: usize,
}

impl Limits {
    /// For lists: messages of 64 KiB, the other fields short.
    pub const LIST: Limits = Limits {
        message: 64 << 10,
        field: 4 << 10,
        fields: 256,
        entry: 256 << 10,
    };
    /// For printing and saving: more than journald takes from a well-meaning program.
    pub const WHOLE: Limits = Limits {
        message: 64 << 20,
        field: 16 << 20,
        fields: 2048,
        entry: 96 << 20,
    };
}

/// Bytes that are not the export format. The parser goes on after the next blank line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a journal entry at byte {offset}: {what}")]
pub struct ExportError {
    /// Where in the stream, from 0.
    pub offset: u64,
    /// What was wrong.
    pub what: &'static str,
}

/// Where in the format `pos` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a line; so many bytes of it were already searched for its end.
    Line { searched: usize },
    /// After a lone name: eight bytes of length follow.
    Length { place: Place },
    /// Inside a binary value: bytes still to come, and how many of them are kept.
    Binary {
        place: Place,
        left: u64,
        room: usize,
    },
    /// At the newline after a binary value.
    BinaryEnd,
    /// Inside a text value that is longer than allowed, past what is kept of it.
    LongText { place: Place, whole: u64 },
    /// After garbage: looking for a blank line.
    Lost { line_start: bool },
}

/// Turns bytes into entries. Never fails for good: see [`ExportError`].
#[derive(Debug)]
pub struct Parser {
    limits: Limits,
    buf: Vec<u8>,
    /// How many bytes of the stream went before `buf` or were cut out of it.
    gone: u64,
    /// Where the current entry starts in `buf`; places of fields count from here.
    head: usize,
    /// The next byte to look at.
    pos: usize,
    /// Set once the entry is full: from here to `pos` is dropped with the next compaction.
    full_from: Option<usize>,
    state: State,
    names: Names,
    fields: Vec<Place>,
    skipped: usize,
    /// The entry up to `pos` was given out; the next call starts another.
    given: bool,
    /// Where in the stream the entry under way begins.
    begun: u64,
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new(limits: Limits) -> Parser {
        Parser {
            limits,
            buf: Vec::new(),
            gone: 0,
            head: 0,
            pos: 0,
            full_from: None,
            state: State::Line { searched: 0 },
            names: Names::default(),
            fields: Vec::with_capacity(32),
            skipped: 0,
            given: false,
            begun: 0,
        }
    }

    /// Adds bytes of the stream. Take all entries out with [`Parser::next`] before the next call:
    /// what was fed stays in memory until then.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.compact();
        self.buf.extend_from_slice(bytes);
    }

    /// The next whole entry, or what was wrong instead; `None` when more bytes are needed.
    // Lends from itself, which an Iterator cannot.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Result<Raw<'_>, ExportError>> {
        if self.given {
            self.begin();
        }
        match self.scan()? {
            Ok(()) => {
                self.given = true;
                let bytes = self.buf.get(self.head..self.pos).unwrap_or_default();
                Some(Ok(Raw::new(bytes, &self.fields, self.skipped)))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Whether the stream ended within an entry, which is then not given out.
    pub fn is_within_entry(&self) -> bool {
        match self.state {
            State::Line { .. } => !self.given && self.buf.len() > self.head,
            State::Lost { .. } => false,
            _ => true,
        }
    }

    /// Where in the stream, from 0, the entry begins that was not given out yet: a parser that
    /// starts there gives out the same from then on. Unknown after garbage.
    pub fn begun(&mut self) -> Option<u64> {
        if self.given {
            self.begin();
        }
        (!matches!(self.state, State::Lost { .. })).then_some(self.begun)
    }

    /// Bytes of memory held now.
    pub fn held(&self) -> usize {
        self.buf.capacity() + self.fields.capacity() * size_of::<Place>() + self.names.held()
    }

    /// Starts the next entry at `pos`.
    fn begin(&mut self) {
        self.fields.clear();
        self.skipped = 0;
        self.full_from = None;
        self.given = false;
        self.head = self.pos;
        self.begun = self.gone + self.pos as u64;
    }

    /// Cuts out what nobody refers to any more.
    fn compact(&mut self) {
        if self.given {
            self.begin();
        }
        if let Some(from) = self.full_from {
            self.buf.drain(from..self.pos);
            self.gone += (self.pos - from) as u64;
            self.pos = from;
        }
        if self.head > 0 {
            self.buf.drain(..self.head);
            self.gone += self.head as u64;
            self.pos -= self.head;
            self.full_from = self.full_from.map(|from| from - self.head);
            self.head = 0;
        }
        // A huge entry must not keep its room for ever.
        if self.buf.capacity() > 1 << 20 && self.buf.len() < self.buf.capacity() / 8 {
            self.buf.shrink_to(256 << 10);
        }
    }

    /// Advances to the end of an entry. `None`: more bytes needed.
    fn scan(&mut self) -> Option<Result<(), ExportError>> {
        loop {
            let step = match self.state {
                State::Line { searched } => self.line(searched)?,
                State::Length { place } => self.length(place)?,
                State::Binary { place, left, room } => self.binary(place, left, room)?,
                State::BinaryEnd => self.binary_end()?,
                State::LongText { place, whole } => self.long_text(place, whole)?,
                State::Lost { line_start } => self.lost(line_start)?,
            };
            match step {
                Ok(true) => return Some(Ok(())),
                Ok(false) => {}
                Err(what) => {
                    let offset = self.gone + self.pos as u64;
                    self.begin();
                    self.state = State::Lost { line_start: true };
                    return Some(Err(ExportError { offset, what }));
                }
            }
        }
    }

    /// One line: a text field, the name of a binary one, or the blank line that ends an entry.
    fn line(&mut self, searched: usize) -> Step {
        let rest = self.buf.get(self.pos..)?;
        if rest.first() == Some(&b'\n') {
            self.pos += 1;
            self.state = State::Line { searched: 0 };
            if self.fields.is_empty() && self.skipped == 0 {
                self.begin();
                return Some(Ok(false));
            }
            return Some(Ok(true));
        }
        let Some((equals, known)) = self.names.front(rest) else {
            let Some(end) = memchr::memchr(b'\n', rest.get(searched..)?) else {
                return self.unfinished_line();
            };
            let name = rest.get(..searched + end)?;
            if !is_name(name) {
                return Some(Err("neither a field nor a name"));
            }
            let (at, length) = (self.pos - self.head, name.len());
            let place = Place::new(at, length, length + 9, Known::of(name), true);
            self.pos += length + 1;
            self.state = State::Length { place };
            return Some(Ok(false));
        };
        let from = searched.max(equals + 1);
        let Some(end) = memchr::memchr(b'\n', rest.get(from..)?) else {
            return self.unfinished_line();
        };
        let end = from + end;
        let whole = end - equals - 1;
        let room = self.room(known);
        let mut place = Place::new(self.pos - self.head, equals, equals + 1, known, false);
        self.state = State::Line { searched: 0 };
        if whole > room && self.full_from.is_none() {
            let from = self.pos + equals + 1 + room;
            self.cut(from, whole - room);
            self.pos = from + 1;
            place.grow(room);
            place.cut_from = Some(whole as u64);
        } else {
            self.pos += end + 1;
            place.grow(whole);
        }
        self.push(place);
        Some(Ok(false))
    }

    /// A line without its end: waits for more, unless it is already longer than allowed.
    fn unfinished_line(&mut self) -> Step {
        let line = self.buf.get(self.pos..)?;
        let length = line.len();
        match name_end(line) {
            Some(equals) => {
                let known = Known::of(line.get(..equals)?);
                let room = self.room(known);
                let got = length - equals - 1;
                if got > room {
                    let mut place =
                        Place::new(self.pos - self.head, equals, equals + 1, known, false);
                    place.grow(room);
                    self.pos += equals + 1 + room;
                    let whole = room as u64;
                    self.state = State::LongText { place, whole };
                    return Some(Ok(false));
                }
            }
            None if length > NAME_MAX => return Some(Err("neither a field nor a name")),
            None => {}
        }
        self.state = State::Line { searched: length };
        None
    }

    fn length(&mut self, place: Place) -> Step {
        let bytes = self.buf.get(self.pos..self.pos + 8)?;
        let left = u64::from_le_bytes(bytes.try_into().ok()?);
        if left > LENGTH_MAX {
            return Some(Err("a field longer than any journal's"));
        }
        let room = self.room(place.known);
        self.pos += 8;
        self.state = State::Binary { place, left, room };
        Some(Ok(false))
    }

    fn binary(&mut self, mut place: Place, left: u64, room: usize) -> Step {
        let here = self.buf.len() - self.pos;
        let step = usize::try_from(left).unwrap_or(usize::MAX).min(here);
        let keep = step.min(room);
        self.pos += keep;
        place.grow(keep);
        if self.full_from.is_some() {
            self.pos += step - keep;
        } else if step > keep {
            self.cut(self.pos, step - keep);
        }
        let lost = (step - keep) as u64;
        place.cut_from = match place.cut_from {
            Some(lost_before) => Some(lost_before + lost),
            None if lost > 0 => Some(lost),
            None => None,
        };
        let (left, room) = (left - step as u64, room - keep);
        if left > 0 {
            self.state = State::Binary { place, left, room };
            return None;
        }
        // Until here the lost bytes were counted; whole is what was kept and lost.
        place.cut_from = place.cut_from.map(|lost| lost + place.length() as u64);
        self.push(place);
        self.state = State::BinaryEnd;
        Some(Ok(false))
    }

    fn binary_end(&mut self) -> Step {
        if *self.buf.get(self.pos)? != b'\n' {
            return Some(Err("no newline after a binary field"));
        }
        self.pos += 1;
        self.state = State::Line { searched: 0 };
        Some(Ok(false))
    }

    /// The rest of a long value goes; `whole` counts its bytes so far.
    fn long_text(&mut self, mut place: Place, whole: u64) -> Step {
        let rest = self.buf.get(self.pos..)?;
        let end = memchr::memchr(b'\n', rest);
        let step = end.unwrap_or(rest.len());
        if self.full_from.is_some() {
            self.pos += step;
        } else {
            self.cut(self.pos, step);
        }
        let whole = whole + step as u64;
        if end.is_none() {
            self.state = State::LongText { place, whole };
            return None;
        }
        self.pos += 1;
        place.cut_from = Some(whole);
        self.push(place);
        self.state = State::Line { searched: 0 };
        Some(Ok(false))
    }

    fn lost(&mut self, line_start: bool) -> Step {
        let rest = self.buf.get(self.pos..)?;
        let end = memchr::memchr(b'\n', rest);
        match end {
            None => {
                let line_start = line_start && rest.is_empty();
                self.pos += rest.len();
                self.state = State::Lost { line_start };
            }
            Some(0) if line_start => {
                self.pos += 1;
                self.state = State::Line { searched: 0 };
            }
            Some(end) => {
                self.pos += end + 1;
                self.state = State::Lost { line_start: true };
            }
        }
        self.begin();
        end.map(|_| Ok(false))
    }

    /// Cuts `count` bytes out of the buffer. What follows them moves, so this is only done after
    /// at least a limit's worth of bytes was kept.
    fn cut(&mut self, from: usize, count: usize) {
        self.buf.drain(from..from + count);
        self.gone += count as u64;
    }

    /// How many bytes of this field's value are kept.
    fn room(&self, known: Known) -> usize {
        if self.full_from.is_some() {
            0
        } else if known == Known::Message {
            self.limits.message
        } else {
            self.limits.field
        }
    }

    fn push(&mut self, place: Place) {
        if self.full_from.is_some() {
            self.skipped += 1;
            return;
        }
        self.fields.push(place);
        let held = self.pos - self.head;
        if self.fields.len() >= self.limits.fields || held >= self.limits.entry {
            // After a binary value its newline is still to come; it may go.
            self.full_from = Some(self.pos);
        }
    }
}

/// `None`: more bytes needed; `true`: an entry is complete; an error: what was wrong.
type Step = Option<Result<bool, &'static str>>;
