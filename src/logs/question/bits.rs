//! A set of rows of one block: a bit a row, with counts, ranks and dilation.

use std::{fmt, ops::Range};

const WORD: usize = 64;

/// Rows by their index in a block.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Bits {
    /// None of so many rows.
    pub fn none(len: usize) -> Bits {
        Bits {
            words: vec![0; len.div_ceil(WORD)],
            len,
        }
    }

    /// All of so many rows.
    pub fn all(len: usize) -> Bits {
        let mut bits = Bits {
            words: vec![u64::MAX; len.div_ceil(WORD)],
            len,
        };
        bits.trim();
        bits
    }

    /// The rows whose value passes, one value a row.
    pub fn of(values: &[u16], passes: impl Fn(u16) -> bool) -> Bits {
        let words = values.chunks(WORD).map(|chunk| {
            let mut word = 0;
            for (n, value) in chunk.iter().enumerate() {
                word |= u64::from(passes(*value)) << n;
            }
            word
        });
        Bits {
            words: words.collect(),
            len: values.len(),
        }
    }

    /// How many rows there are, in the set or not.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many rows are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether a row is in the set.
    pub fn get(&self, row: usize) -> bool {
        self.words
            .get(row / WORD)
            .is_some_and(|word| word >> (row % WORD) & 1 == 1)
    }

    /// Puts a row into the set.
    pub fn set(&mut self, row: usize) {
        if row < self.len
            && let Some(word) = self.words.get_mut(row / WORD)
        {
            *word |= 1 << (row % WORD);
        }
    }

    /// Takes a row out of the set.
    pub fn unset(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / WORD) {
            *word &= !(1 << (row % WORD));
        }
    }

    /// Adds a row at the end.
    pub fn push(&mut self, within: bool) {
        if self.len.is_multiple_of(WORD) {
            self.words.push(0);
        }
        self.len += 1;
        if within {
            self.set(self.len - 1);
        }
    }

    /// Adds a row at a place; those from there on move up.
    pub fn insert(&mut self, row: usize, within: bool) {
        let row = row.min(self.len);
        self.push(false);
        let (at, bit) = (row / WORD, row % WORD);
        let mut carry = u64::from(within);
        if let Some(word) = self.words.get_mut(at) {
            let low = *word & !(u64::MAX << bit);
            let high = *word & (u64::MAX << bit);
            *word = low | (high << 1) | (carry << bit);
            carry = high >> (WORD - 1);
        }
        for word in self.words.iter_mut().skip(at + 1) {
            let next = *word >> (WORD - 1);
            *word = (*word << 1) | carry;
            carry = next;
        }
    }

    /// How many rows before this one are in the set.
    pub fn rank(&self, row: usize) -> usize {
        let row = row.min(self.len);
        let whole = self.words.iter().take(row / WORD);
        let before: usize = whole.map(|w| w.count_ones() as usize).sum();
        let rest = self.words.get(row / WORD).map_or(0, |word| {
            (word & !(u64::MAX << (row % WORD))).count_ones() as usize
        });
        before + rest
    }

    /// The row of this number in the set, counted from 0.
    pub fn select(&self, number: usize) -> Option<usize> {
        let mut left = number;
        for (at, word) in self.words.iter().enumerate() {
            let ones = word.count_ones() as usize;
            if left < ones {
                let mut word = *word;
                for _ in 0..left {
                    word &= word - 1;
                }
                return Some(at * WORD + word.trailing_zeros() as usize);
            }
            left -= ones;
        }
        None
    }

    /// How many rows of a range are in the set.
    pub fn count_in(&self, rows: Range<usize>) -> usize {
        let end = rows.end.min(self.len);
        let words = rows.start / WORD..end.div_ceil(WORD);
        let all = words.clone().zip(self.words.get(words).unwrap_or_default());
        let ones = all.map(|(at, word)| {
            let from = rows.start.saturating_sub(at * WORD);
            let past = (at * WORD + WORD).saturating_sub(end);
            let low = u64::MAX.checked_shl(from as u32).unwrap_or(0);
            let high = u64::MAX.checked_shr(past as u32).unwrap_or(0);
            (word & low & high).count_ones() as usize
        });
        ones.sum()
    }

    /// Whether any row of a range is in the set.
    pub fn any(&self, rows: Range<usize>) -> bool {
        self.count_in(rows) > 0
    }

    /// The rows of the set, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                if bit >= WORD {
                    return None;
                }
                word &= word - 1;
                Some(at * WORD + bit)
            })
        })
    }

    /// The first row of the set.
    pub fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    /// The last row of the set.
    pub fn last(&self) -> Option<usize> {
        let (at, word) = self
            .words
            .iter()
            .enumerate()
            .rev()
            .find(|(_, word)| **word != 0)?;
        Some(at * WORD + WORD - 1 - word.leading_zeros() as usize)
    }

    /// Keeps what is in both.
    pub fn and(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Adds what is in the other; both are of the same rows.
    pub fn or(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Turns it into the rows that were not in it.
    pub fn not(&mut self) {
        for word in &mut self.words {
            *word = !*word;
        }
        self.trim();
    }

    /// Adds so many rows before and after each row of the set.
    pub fn dilate(&self, by: usize) -> Bits {
        let mut out = self.clone();
        let mut done = 0;
        // Each step spreads at most as far as has been spread, so that no holes remain.
        while done < by.min(self.len) {
            let step = (by - done).min(done + 1);
            let (up, down) = (out.shifted_up(step), out.shifted_down(step));
            out.or(&up);
            out.or(&down);
            done += step;
        }
        out.trim();
        out
    }

    /// Adds a range of rows.
    pub fn fill(&mut self, rows: Range<usize>) {
        let end = rows.end.min(self.len);
        let mut at = rows.start;
        while at < end {
            let (word, bit) = (at / WORD, at % WORD);
            let upto = (end - word * WORD).min(WORD);
            let mask = (u64::MAX << bit) & (u64::MAX >> (WORD - upto));
            if let Some(word) = self.words.get_mut(word) {
                *word |= mask;
            }
            at = (word + 1) * WORD;
        }
    }

    fn shifted_up(&self, by: usize) -> Bits {
        let (whole, part) = (by / WORD, by % WORD);
        let word = |at: Option<usize>| at.and_then(|at| self.words.get(at)).copied().unwrap_or(0);
        let words = (0..self.words.len()).map(|at| {
            let high = word(at.checked_sub(whole)) << part;
            let low = word(at.checked_sub(whole + 1))
                .checked_shr((WORD - part) as u32)
                .unwrap_or(0);
            high | low
        });
        let mut out = Bits {
            words: words.collect(),
            len: self.len,
        };
        out.trim();
        out
    }

    fn shifted_down(&self, by: usize) -> Bits {
        let (whole, part) = (by / WORD, by % WORD);
        let word = |at: usize| self.words.get(at).copied().unwrap_or(0);
        let words = (0..self.words.len()).map(|at| {
            let low = word(at + whole) >> part;
            let high = word(at + whole + 1)
                .checked_shl((WORD - part) as u32)
                .unwrap_or(0);
            low | high
        });
        Bits {
            words: words.collect(),
            len: self.len,
        }
    }

    fn trim(&mut self) {
        let rest = self.len % WORD;
        if rest > 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= !(u64::MAX << rest);
        }
    }

    /// Bytes of memory beside the value itself.
    pub fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(rows: I) -> Bits {
        let mut bits = Bits::default();
        for within in rows {
            bits.push(within);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn rows() -> impl Strategy<Value = Vec<bool>> {
        prop_oneof![
            vec(any::<bool>(), 0..200),
            vec(prop::bool::weighted(0.02), 0..400)
        ]
    }

    proptest! {
        #[test]
        fn as_a_list_of_truths(rows in rows(), by in 0usize..150, from in 0usize..200, to in 0usize..200) {
            let bits: Bits = rows.iter().copied().collect();
            let set: Vec<usize> = (0..rows.len()).filter(|n| rows[*n]).collect();
            prop_assert_eq!(bits.count(), set.len());
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), set.clone());
            prop_assert_eq!(bits.first(), set.first().copied());
            prop_assert_eq!(bits.last(), set.last().copied());
            for n in 0..set.len() + 1 {
                prop_assert_eq!(bits.select(n), set.get(n).copied());
            }
            for n in 0..rows.len() + 1 {
                prop_assert_eq!(bits.rank(n), set.iter().filter(|row| **row < n).count());
            }
            let wide: Vec<usize> = (0..rows.len())
                .filter(|n| set.iter().any(|row| row.abs_diff(*n) <= by)).collect();
            prop_assert_eq!(bits.dilate(by).iter().collect::<Vec<_>>(), wide);
            let mut other = bits.clone();
            other.not();
            prop_assert_eq!(other.count(), rows.len() - set.len());
            other.and(&bits);
            prop_assert_eq!(other.count(), 0);
            other.not();
            prop_assert_eq!(&other, &Bits::all(rows.len()));
            let mut filled = bits.clone();
            filled.fill(from..to);
            for (n, row) in rows.iter().enumerate() {
                prop_assert_eq!(filled.get(n), *row || (from..to).contains(&n));
            }
            let between = set.iter().filter(|row| (from..to).contains(row)).count();
            prop_assert_eq!(bits.count_in(from..to), between);
            prop_assert_eq!(bits.any(from..to), between > 0);
            let mut more = bits.clone();
            let at = from.min(rows.len());
            more.insert(at, true);
            let mut longer = rows.clone();
            longer.insert(at, true);
            prop_assert_eq!(more, longer.into_iter().collect());
            let values: Vec<u16> = rows.iter().map(|r| u16::from(*r)).collect();
            prop_assert_eq!(Bits::of(&values, |v| v == 1), bits);
        }
    }
}
