//! A message is a pattern and its values: `GET /orders/4711 took 12.5ms` is `GET /orders/• took •`
//! with `4711` and `12.5ms`. A token that holds a digit is a value, everything else belongs to the
//! pattern. What patterns are used for (storing, counting, folding) is not known here.

use foldhash::quality::RandomState;
use std::{
    fmt,
    hash::{BuildHasher, Hash, Hasher},
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

/// Splits messages into patterns and values, with buffers that are used again.
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    text: Vec<u8>,
    cuts: Vec<u32>,
    hash: u64,
}

impl Splitter {
    /// Splits a message; its values are appended, each ended by a space. Returns how many.
    pub fn split(&mut self, message: &[u8], values: &mut Vec<u8>) -> usize {
        self.text.clear();
        self.cuts.clear();
        // Static text up to here is copied; the token that is being read starts there.
        let (mut copied, mut token, mut seen) = (0, 0, PLAIN);
        for (at, byte) in message.iter().enumerate() {
            let class = class(*byte);
            if class == DELIMITER {
                if seen == DIGIT {
                    self.value(message, copied, token, at, values);
                    copied = at;
                    seen = PLAIN;
                }
                token = at + 1;
            } else {
                seen |= class;
            }
        }
        if seen == DIGIT {
            self.value(message, copied, token, message.len(), values);
            copied = message.len();
        }
        self.text
            .extend_from_slice(message.get(copied..).unwrap_or_default());
        let mut hasher = SEED.build_hasher();
        hasher.write(&self.text);
        for cut in &self.cuts {
            hasher.write_u32(*cut);
        }
        self.hash = hasher.finish();
        self.cuts.len()
    }

    fn value(
        &mut self,
        message: &[u8],
        copied: usize,
        token: usize,
        end: usize,
        values: &mut Vec<u8>,
    ) {
        self.text
            .extend_from_slice(message.get(copied..token).unwrap_or_default());
        // Messages are far shorter than 4 GiB.
        self.cuts
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        values.extend_from_slice(message.get(token..end).unwrap_or_default());
        values.push(b' ');
    }

    /// The hash of the last message's pattern.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Bytes of static text in the last message.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Whether the last message has this pattern.
    pub fn is(&self, pattern: &Pattern) -> bool {
        self.hash == pattern.hash && *self.text == *pattern.text && *self.cuts == *pattern.cuts
    }

    /// The last message's pattern.
    pub fn pattern(&self) -> Pattern {
        let count = |last: u32| last.checked_add(1);
        Pattern {
            hash: self.hash,
            number: COUNT
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count)
                .unwrap_or(u32::MAX),
            text: Box::from(&*self.text),
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
                proptest::collection::vec(any::<u8>(), 0..80),
                "[a-z0-9 =:.-]{0,60}".prop_map(String::into_bytes),
            ],
        ) {
            let mut splitter = Splitter::default();
            let mut values = Vec::new();
            let count = splitter.split(&message, &mut values);
            let pattern = splitter.pattern();
            prop_assert!(splitter.is(&pattern));
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
