//! A message is a pattern and its values: `GET /orders/4711 took 12.5ms` is `GET /orders/• took •`
//! with `4711` and `12.5ms`. A token that holds a digit is a value, everything else belongs to the
//! pattern. What patterns are used for (storing, counting, folding) is not known here.

use foldhash::quality::RandomState;
use std::{
    fmt,
    hash::{BuildHasher, Hash, Hasher},
    ops::Range,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// What people see where a value stands.
pub const PLACEHOLDER: &str = "•";

const PLAIN: u8 = 0;
const DIGIT: u8 = 1;
pub(super) const DELIMITER: u8 = 2;

/// Between these a message is split into tokens; everything else, also bytes from 0x80, belongs to
/// a token.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
pub(super) const CLASS: [u8; 256] = {
    let mut class = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            0..=b' ' | 0x7f => DELIMITER,
            b'!' | b'"' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b'/' | b':' | b';' | b'<'
            | b'=' | b'>' | b'?' | b'@' | b'[' | b'\\' | b']' | b'^' | b'`' | b'{' | b'|'
            | b'}' | b'~' => DELIMITER,
            _ => PLAIN,
        };
        byte += 1;
    }
    class
};

fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(PLAIN)
}

/// Whether tokens end at this byte. A value holds none.
pub fn is_delimiter(byte: u8) -> bool {
    class(byte) == DELIMITER
}

/// One secret for the whole process, so that all threads give a pattern the same hash and nobody
/// who writes logs can choose it.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The part of a message that does not vary. Equal patterns have equal hashes in this process.
#[derive(Clone)]
pub struct Pattern {
    hash: u64,
    number: u32,
    text: Box<[u8]>,
    cuts: Box<[u32]>,
}

impl Pattern {
    /// The pattern of a message.
    pub fn of(message: &[u8]) -> Pattern {
        let mut splitter = Splitter::default();
        splitter.split(message, &mut Vec::new());
        splitter.pattern()
    }

    /// Its 64-bit hash, the same in all threads, another in each process.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Counts the patterns of this process, so that what was learnt of one is found by it. Only
    /// copies have the same; `u32::MAX` when there were too many to count.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many values a message of this pattern has.
    pub fn slots(&self) -> usize {
        self.cuts.len()
    }

    /// The text around the values: one piece more than there are values, some of them empty (the
    /// first and the last; between two values there is always a delimiter).
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        let count = self.cuts.len();
        (0..=count).map(move |at| {
            let start = at.checked_sub(1).map_or(0, |before| self.cut(before));
            let end = if at == count {
                self.text.len()
            } else {
                self.cut(at)
            };
            self.text.get(start..end).unwrap_or_default()
        })
    }

    fn cut(&self, at: usize) -> usize {
        self.cuts.get(at).map_or(0, |cut| *cut as usize)
    }

    /// Appends the message with these values, each ended by a space.
    pub fn fill(&self, values: &[u8], out: &mut Vec<u8>) {
        let mut rest = values;
        let mut from = 0;
        for cut in &self.cuts {
            let cut = *cut as usize;
            out.extend_from_slice(self.text.get(from..cut).unwrap_or_default());
            from = cut;
            let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
            out.extend_from_slice(rest.get(..end).unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        out.extend_from_slice(self.text.get(from..).unwrap_or_default());
    }

    /// Bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Pattern>() + self.text.len() + size_of_val(&*self.cuts)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.hash == other.hash && self.text == other.text && self.cuts == other.cuts
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// For people: the placeholder where values are. Not clean: the text is as hostile as the message.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, piece) in self.pieces().enumerate() {
            if at > 0 {
                f.write_str(PLACEHOLDER)?;
            }
            f.write_str(&String::from_utf8_lossy(piece))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

/// How far a message was split.
#[derive(Default)]
struct Place {
    /// Where the chunk begins that is looked at.
    base: usize,
    /// Where the token begins that goes on into the chunk, and whether it holds a digit.
    token: usize,
    carry: bool,
    /// Static text up to here is copied.
    copied: usize,
}

impl Place {
    /// Behind the last of these bytes of the chunk.
    fn after_last(&self, of: u64) -> usize {
        match of {
            0 => self.token,
            of => self.base + 64 - of.leading_zeros() as usize,
        }
    }
}

/// Which bytes are digits and which are delimiters, the first byte in the lowest bit. Without
/// branches and look-ups, so that the compiler makes vector instructions of it.
fn masks(chunk: &[u8; 64]) -> (u64, u64) {
    let within = |byte: u8, low: u8, high: u8| u8::from(byte.wrapping_sub(low) <= high - low);
    let digits = each(chunk, |byte| within(byte, b'0', b'9'));
    let delimiters = each(chunk, |byte| {
        within(byte, 0, b'"')
            | within(byte, b'&', b'*')
            | within(byte, b',', b',')
            | within(byte, b'/', b'/')
            | within(byte, b':', b'@')
            | within(byte, b'[', b'^')
            | within(byte, b'`', b'`')
            | within(byte, b'{', 0x7f)
    });
    (bits(&digits), bits(&delimiters))
}

fn each(chunk: &[u8; 64], of: impl Fn(u8) -> u8) -> [u8; 64] {
    let mut found = [0; 64];
    for (to, from) in found.iter_mut().zip(chunk) {
        *to = of(*from);
    }
    found
}

/// Bytes that are 0 or 1 as bits.
fn bits(bytes: &[u8; 64]) -> u64 {
    let (words, _) = bytes.as_chunks();
    let words = words.iter().rev();
    words.fold(0, |bits, word| {
        // Each byte is moved to a place of its own in the highest one.
        let word = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080);
        bits << 8 | word >> 56
    })
}

/// Bytes copied at once.
const STEP: usize = 16;

/// Bytes that are gathered piece by piece. The pieces are short: copying all of them in steps of
/// one size costs less than copying each by its own.
#[derive(Debug, Clone, Default)]
struct Scratch {
    /// Behind what was gathered, anything.
    room: Vec<u8>,
    length: usize,
}

impl Scratch {
    /// Forgets all, and has room for so many bytes.
    fn clear(&mut self, most: usize) {
        self.length = 0;
        let most = most + STEP;
        if self.room.len() < most || self.room.len() > most.max(64 << 10) {
            self.room = vec![0; most];
        }
    }

    fn bytes(&self) -> &[u8] {
        self.room.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(to) = self.room.get_mut(self.length) {
            *to = byte;
            self.length += 1;
        }
    }

    fn append(&mut self, from: &[u8], range: Range<usize>) {
        let (mut start, end) = (range.start, range.end);
        let mut at = self.length;
        self.length += end.saturating_sub(start);
        while start < end {
            let step = from
                .get(start..)
                .and_then(|rest| rest.first_chunk::<STEP>());
            let room = self.room.get_mut(at..);
            let room = room.and_then(|rest| rest.first_chunk_mut::<STEP>());
            let (Some(step), Some(room)) = (step, room) else {
                break;
            };
            *room = *step;
            start += STEP;
            at += STEP;
        }
        // At the end of the message there is no whole step left.
        let rest = from.get(start..end).unwrap_or_default();
        if let Some(room) = self.room.get_mut(at..at + rest.len()) {
            room.copy_from_slice(rest);
        }
    }
}

/// Splits messages into patterns and values, with buffers that are used again.
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    text: Scratch,
    values: Scratch,
    cuts: Vec<u32>,
    hash: u64,
}

impl Splitter {
    /// Splits a message; its values are appended, each ended by a space. Returns how many.
    pub fn split(&mut self, message: &[u8], values: &mut Vec<u8>) -> usize {
        self.text.clear(message.len());
        // Between two values stands a byte that is none of theirs.
        self.values.clear(message.len() + 1);
        self.cuts.clear();
        let mut place = Place::default();
        let (chunks, rest) = message.as_chunks();
        for chunk in chunks {
            self.values_of(message, chunk, &mut place);
        }
        // The message ends where a delimiter could stand.
        let mut last = [b' '; 64];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.values_of(message, &last, &mut place);
        self.text.append(message, place.copied..message.len());
        values.extend_from_slice(self.values.bytes());
        let mut hasher = SEED.build_hasher();
        hasher.write(self.text.bytes());
        for cut in &self.cuts {
            hasher.write_u32(*cut);
        }
        self.hash = hasher.finish();
        self.cuts.len()
    }

    /// The values that end within a message's next 64 bytes.
    fn values_of(&mut self, message: &[u8], chunk: &[u8; 64], place: &mut Place) {
        let (digits, delimiters) = masks(chunk);
        // Added to the token that it stands in, a digit carries to the token's end.
        let (sum, over) = (!delimiters).overflowing_add(digits);
        let (sum, also) = sum.overflowing_add(u64::from(place.carry));
        place.carry = over | also;
        let mut ends = sum & delimiters;
        while ends != 0 {
            let bit = ends.trailing_zeros();
            ends &= ends - 1;
            let before = delimiters & ((1 << bit) - 1);
            let start = place.after_last(before);
            let end = place.base + bit as usize;
            self.text.append(message, place.copied..start);
            // Messages are far shorter than 4 GiB.
            self.cuts
                .push(u32::try_from(self.text.length).unwrap_or(u32::MAX));
            self.values.append(message, start..end);
            self.values.push(b' ');
            place.copied = end;
        }
        place.token = place.after_last(delimiters);
        place.base += 64;
    }

    /// The hash of the last message's pattern.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Bytes of static text in the last message.
    pub fn text_len(&self) -> usize {
        self.text.length
    }

    /// Whether the last message has this pattern.
    pub fn is(&self, pattern: &Pattern) -> bool {
        self.hash == pattern.hash
            && *self.text.bytes() == *pattern.text
            && *self.cuts == *pattern.cuts
    }

    /// The last message's pattern.
    pub fn pattern(&self) -> Pattern {
        let count = |last: u32| last.checked_add(1);
        Pattern {
            hash: self.hash,
            number: COUNT
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count)
                .unwrap_or(u32::MAX),
            text: Box::from(self.text.bytes()),
            cuts: Box::from(&*self.cuts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(message: &str) -> (String, String) {
        let mut values = Vec::new();
        let mut splitter = Splitter::default();
        splitter.split(message.as_bytes(), &mut values);
        (
            splitter.pattern().to_string(),
            String::from_utf8(values).unwrap(),
        )
    }

    #[test]
    fn tokens_with_a_digit_are_values() {
        let cases = [
            (
                "GET /orders/4711 took 12.5ms",
                "GET /orders/• took •",
                "4711 12.5ms ",
            ),
            ("level=error id=00ff,7", "level=error id=•,•", "00ff 7 "),
            ("no digits at all", "no digits at all", ""),
            ("1", "•", "1 "),
            ("1 2\n3", "• •\n•", "1 2 3 "),
            ("a1-b_c+d.e%f#g$h", "•", "a1-b_c+d.e%f#g$h "),
            ("Größe über5 €", "Größe • €", "über5 "),
            ("", "", ""),
            (" ", " ", ""),
        ];
        for (message, pattern, values) in cases {
            assert_eq!(split(message), (pattern.to_owned(), values.to_owned()));
        }
    }

    #[test]
    fn masks_are_the_classes_of_bytes() {
        for shift in 0..64usize {
            for four in 0..4u8 {
                let mut chunk = [0; 64];
                for (at, byte) in chunk.iter_mut().enumerate() {
                    *byte = four * 64 + ((at + shift) % 64) as u8;
                }
                let (digits, delimiters) = masks(&chunk);
                for (at, byte) in chunk.iter().enumerate() {
                    assert_eq!(digits >> at & 1 == 1, byte.is_ascii_digit());
                    assert_eq!(delimiters >> at & 1 == 1, is_delimiter(*byte));
                }
            }
        }
    }

    /// What is said of values, byte by byte.
    fn naive(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut values, mut pattern) = (Vec::new(), Vec::new());
        let tokens = message.split_inclusive(|byte| is_delimiter(*byte));
        for token in tokens {
            let (text, end) = match token.split_last() {
                Some((last, text)) if is_delimiter(*last) => (text, &token[text.len()..]),
                _ => (token, &[][..]),
            };
            if text.iter().any(u8::is_ascii_digit) {
                values.extend_from_slice(text);
                values.push(b' ');
                pattern.extend_from_slice(PLACEHOLDER.as_bytes());
            } else {
                pattern.extend_from_slice(text);
            }
            pattern.extend_from_slice(end);
        }
        (pattern, values)
    }

    #[test]
    fn equal_patterns_are_equal_and_others_are_not() {
        assert_eq!(Pattern::of(b"took 5 ms"), Pattern::of(b"took 77 ms"));
        assert_eq!(
            Pattern::of(b"took 5 ms").hash(),
            Pattern::of(b"took 6 ms").hash()
        );
        assert_ne!(Pattern::of(b"5 ,"), Pattern::of(b" 5,"));
        assert_ne!(Pattern::of(b"a"), Pattern::of(b"b"));
    }

    proptest! {
        #[test]
        fn a_message_comes_back(
            message in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                "[a-z0-9 =:.-]{0,300}".prop_map(String::into_bytes),
                "[a-c1]{50,150}".prop_map(String::into_bytes),
                "[a-z=]{0,20}[0-9 ]{60,70}[a-z]{60,70}".prop_map(String::into_bytes),
            ],
        ) {
            let mut splitter = Splitter::default();
            let mut values = Vec::new();
            let count = splitter.split(&message, &mut values);
            let pattern = splitter.pattern();
            prop_assert!(splitter.is(&pattern));
            let mut shown = Vec::new();
            for (at, piece) in pattern.pieces().enumerate() {
                let dot = if at > 0 { PLACEHOLDER } else { "" };
                shown.extend_from_slice(dot.as_bytes());
                shown.extend_from_slice(piece);
            }
            prop_assert_eq!((&shown, &values), (&naive(&message).0, &naive(&message).1));
            prop_assert_eq!(pattern.slots(), count);
            prop_assert_eq!(pattern.pieces().count(), count + 1);
            prop_assert_eq!(values.iter().filter(|b| is_delimiter(**b)).count(), count);
            let digits = pattern.pieces().flatten().any(u8::is_ascii_digit);
            prop_assert!(!digits, "digits stand in values only");
            let mut back = Vec::new();
            pattern.fill(&values, &mut back);
            prop_assert_eq!(back, message);
        }
    }
}
