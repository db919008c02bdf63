//! Which three-byte sequences a block's text holds: tells of most words that a block does not hold
//! them, without looking at the text. May say yes wrongly, never no.

use crate::logs::pattern::{CLASS, DELIMITER};
use std::cell::RefCell;

/// Bits of a hashed trigram before a filter's size is chosen.
const WIDE: u32 = 16;

/// A byte for each hash, 1 when it was met; and one for what is no trigram.
type Map = [u8; (1 << WIDE) + 1];

/// Bytes as trigrams see them: lower case for ASCII, 0 for what no trigram holds.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
const FOLDED: [u8; 256] = {
    let mut folded = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if CLASS[byte] != DELIMITER {
            folded[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    folded
};

fn fold(byte: u8) -> u8 {
    FOLDED.get(usize::from(byte)).copied().unwrap_or(0)
}

/// The trigrams of a word that is looked for, ASCII letters as one whatever their case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigrams(Vec<u16>);

impl Trigrams {
    /// Those without delimiters: what a block must hold to hold this text. None for short ones.
    pub fn of(text: &[u8]) -> Trigrams {
        let mut hashes = Vec::new();
        each(text, |hash| hashes.push(hash));
        hashes.sort_unstable();
        hashes.dedup();
        Trigrams(hashes)
    }

    /// Whether there are none, so that every block may hold the text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The filter of one block.
#[derive(Debug, Clone, Default)]
pub(super) struct Grams {
    bits: Box<[u64]>,
    shift: u32,
    /// The text holds U+212A or U+017F, which are `k` and `s` to those who ignore case.
    pub(super) odd_case: bool,
}

impl Grams {
    pub(super) fn of(text: &[u8]) -> Grams {
        thread_local! {
            static MAP: RefCell<Box<Map>> = RefCell::new(Box::new([0; (1 << WIDE) + 1]));
        }
        MAP.with_borrow_mut(|map| {
            map.fill(0);
            mark(text, map);
            let (map, _) = map.split_at(1 << WIDE);
            let held = map.iter().map(|held| usize::from(*held)).sum::<usize>();
            // About one bit in six or less is set.
            let size = (6 * held).next_power_of_two().clamp(64, 1 << WIDE);
            let shift = WIDE - size.trailing_zeros();
            let mut bits = vec![0u64; size / 64];
            for (hash, _) in map.iter().enumerate().filter(|(_, held)| **held == 1) {
                let at = hash >> shift;
                if let Some(word) = bits.get_mut(at / 64) {
                    *word |= 1 << (at % 64);
                }
            }
            Grams {
                bits: bits.into(),
                shift,
                odd_case: has_odd_case(text),
            }
        })
    }

    pub(super) fn may_hold(&self, wanted: &Trigrams) -> bool {
        wanted.0.iter().all(|hash| {
            let at = usize::from(*hash) >> self.shift;
            self.bits
                .get(at / 64)
                .is_none_or(|word| word & 1 << (at % 64) != 0)
        })
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.bits)
    }
}

pub(super) fn has_odd_case(text: &[u8]) -> bool {
    !text.is_ascii()
        && [&b"\xe2\x84\xaa"[..], b"\xc5\xbf"]
            .iter()
            .any(|odd| memchr::memmem::find(text, odd).is_some())
}

fn each(text: &[u8], mut visit: impl FnMut(u16)) {
    let mut gram = 0u32;
    for byte in text {
        gram = (gram << 8 | u32::from(fold(*byte))) & 0xff_ffff;
        if whole(gram) {
            visit(hash(gram));
        }
    }
}

/// Marks the trigrams of a text in a map by hash; what is none is marked behind its end, which
/// takes no branch that nobody can predict.
fn mark(text: &[u8], map: &mut Map) {
    let mut gram = 0u32;
    for byte in text {
        gram = (gram << 8 | u32::from(fold(*byte))) & 0xff_ffff;
        let nowhere = 1 << WIDE;
        let at = if whole(gram) {
            usize::from(hash(gram))
        } else {
            nowhere
        };
        if let Some(held) = map.get_mut(at) {
            *held = 1;
        }
    }
}

/// Whether no byte of the three is zero, as delimiters are: only of a zero byte does the highest bit
/// change so, or of those above one.
fn whole(gram: u32) -> bool {
    gram.wrapping_sub(0x01_0101) & !gram & 0x80_8080 == 0
}

fn hash(gram: u32) -> u16 {
    (gram.wrapping_mul(0x9e37_79b1) >> (32 - WIDE)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn absent_words_are_mostly_known_to_be_absent() {
        let text = "the quick brown fox jumps over the lazy dog 4711 ".repeat(3);
        let grams = Grams::of(text.as_bytes());
        let may = |word: &str| grams.may_hold(&Trigrams::of(word.as_bytes()));
        assert!(may("quick") && may("QUICK") && may("fox jum") && may("") && may("zz"));
        assert!(!may("needle") && !may("absent") && !may("timeout"));
        assert!(!grams.odd_case);
        assert!(Grams::of("\u{212a}".as_bytes()).odd_case);
        assert!(Grams::of("Maſt".as_bytes()).odd_case);
    }

    proptest! {
        #[test]
        fn what_is_there_is_never_denied(
            text in proptest::collection::vec(any::<u8>(), 0..500),
            other in "[ -~]{0,400}",
            from in 0usize..500,
            length in 0usize..12,
        ) {
            for text in [&text[..], other.as_bytes()] {
                let grams = Grams::of(text);
                let from = from.min(text.len());
                let part = &text[from..(from + length).min(text.len())];
                prop_assert!(grams.may_hold(&Trigrams::of(part)));
                prop_assert!(grams.may_hold(&Trigrams::of(&part.to_ascii_uppercase())));
            }
        }
    }
}
