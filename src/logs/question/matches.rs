//! Which rows of a block a question is answered with.

use super::bits::Bits;
use crate::logs::store::{Block, Source, Used};
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

/// Rows of one block.
#[derive(Debug, Clone)]
pub enum Matches {
    /// None of them.
    None,
    /// All of them.
    All,
    /// These, and how many they are.
    Rows(usize, Bits),
    /// Those whose source is marked, and how many they are: counted without a look at the rows.
    Sources(usize, Marks),
}

/// Sources that are marked, and the rows they mean once somebody asked.
#[derive(Debug, Clone)]
pub struct Marks {
    marked: Vec<bool>,
    rows: OnceLock<Bits>,
}

impl Marks {
    fn rows(&self, block: &Block) -> &Bits {
        self.rows.get_or_init(|| of_sources(block, &self.marked))
    }
}

/// The rows whose source is marked.
pub(super) fn of_sources(block: &Block, marked: &[bool]) -> Bits {
    Bits::of(block.source_of(), |source| {
        marked.get(usize::from(source)).copied().unwrap_or(false)
    })
}

impl Matches {
    /// The rows of the set.
    pub fn of(bits: Bits) -> Matches {
        match bits.count() {
            0 => Matches::None,
            count if count == bits.len() => Matches::All,
            count => Matches::Rows(count, bits),
        }
    }

    /// The rows of the sources that are marked, in the order of the block's sources.
    pub(super) fn of_marked(sources: &[Used<Arc<Source>>], marked: Vec<bool>) -> Matches {
        if marked.iter().all(|marked| *marked) {
            return Matches::All;
        }
        let used = sources.iter().zip(&marked);
        let count = used
            .filter(|(_, marked)| **marked)
            .map(|(used, _)| used.rows as usize)
            .sum();
        let rows = OnceLock::new();
        match count {
            0 => Matches::None,
            count => Matches::Sources(count, Marks { marked, rows }),
        }
    }

    /// How many rows of a block of so many.
    pub fn count(&self, rows: usize) -> usize {
        match self {
            Matches::None => 0,
            Matches::All => rows,
            Matches::Rows(count, _) | Matches::Sources(count, _) => *count,
        }
    }

    /// The rows one by one, where they are neither none nor all.
    pub fn bits(&self, block: &Block) -> Option<&Bits> {
        match self {
            Matches::None | Matches::All => None,
            Matches::Rows(_, bits) => Some(bits),
            Matches::Sources(_, marks) => Some(marks.rows(block)),
        }
    }

    /// The rows as a set of their own.
    pub fn to_bits(&self, block: &Block) -> Bits {
        match self {
            Matches::None => Bits::none(block.rows()),
            Matches::All => Bits::all(block.rows()),
            Matches::Rows(_, bits) => bits.clone(),
            Matches::Sources(_, marks) => marks.rows(block).clone(),
        }
    }

    /// Whether a row is among them.
    pub fn has(&self, row: usize, block: &Block) -> bool {
        match self {
            Matches::None => false,
            Matches::All => true,
            _ => self.bits(block).is_some_and(|bits| bits.get(row)),
        }
    }

    /// How many of them are before a row.
    pub fn rank(&self, row: usize, block: &Block) -> usize {
        match self {
            Matches::None => 0,
            Matches::All => row.min(block.rows()),
            _ => self.bits(block).map_or(0, |bits| bits.rank(row)),
        }
    }

    /// The row of this number among them, counted from 0.
    pub fn select(&self, number: usize, block: &Block) -> Option<usize> {
        match self {
            Matches::None => None,
            Matches::All => (number < block.rows()).then_some(number),
            _ => self.bits(block)?.select(number),
        }
    }

    /// The same without reference to the block's sources, whose order may change; `None` when
    /// their rows are not known.
    pub fn without_sources(self) -> Option<Matches> {
        match self {
            Matches::Sources(count, mut marks) => Some(Matches::Rows(count, marks.rows.take()?)),
            other => Some(other),
        }
    }

    /// The block got a row at this place.
    pub fn insert(&mut self, row: usize, within: bool, block: &Block) {
        let before = block.rows().saturating_sub(1);
        let mut bits = match std::mem::replace(self, Matches::None) {
            Matches::None if !within => return,
            Matches::All if within => {
                *self = Matches::All;
                return;
            }
            Matches::Rows(count, mut bits) => {
                bits.insert(row, within);
                *self = Matches::Rows(count + usize::from(within), bits);
                return;
            }
            Matches::None => Bits::none(before),
            Matches::All => Bits::all(before),
            Matches::Sources(_, marks) => {
                // An open block's sources keep their numbers.
                let mut bits = of_sources(block, &marks.marked);
                bits.unset(row);
                if within {
                    bits.set(row);
                }
                *self = Matches::of(bits);
                return;
            }
        };
        bits.insert(row, within);
        *self = Matches::of(bits);
    }

    /// Bytes of memory beside the value itself.
    pub fn bytes(&self) -> usize {
        match self {
            Matches::None | Matches::All => 0,
            Matches::Rows(_, bits) => bits.bytes(),
            Matches::Sources(_, marks) => {
                marks.marked.capacity() + marks.rows.get().map_or(0, Bits::bytes)
            }
        }
    }
}

/// A set of rows while it is worked on.
#[derive(Debug, Clone)]
pub(super) enum Set {
    None,
    All,
    Some(Bits),
}

impl Set {
    pub(super) fn and(self, other: Set) -> Set {
        match (self, other) {
            (Set::None, _) | (_, Set::None) => Set::None,
            (Set::All, set) | (set, Set::All) => set,
            (Set::Some(mut left), Set::Some(right)) => {
                left.and(&right);
                Set::from(left)
            }
        }
    }

    pub(super) fn or(self, other: Set) -> Set {
        match (self, other) {
            (Set::All, _) | (_, Set::All) => Set::All,
            (Set::None, set) | (set, Set::None) => set,
            (Set::Some(mut left), Set::Some(right)) => {
                left.or(&right);
                Set::Some(left)
            }
        }
    }

    pub(super) fn not(self) -> Set {
        match self {
            Set::None => Set::All,
            Set::All => Set::None,
            Set::Some(mut bits) => {
                bits.not();
                Set::Some(bits)
            }
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Set::None)
    }

    /// Whether any row of a range is in the set.
    pub(super) fn any(&self, rows: Range<usize>) -> bool {
        match self {
            Set::None => false,
            Set::All => !rows.is_empty(),
            Set::Some(bits) => bits.any(rows),
        }
    }

    pub(super) fn has(&self, row: usize) -> bool {
        match self {
            Set::None => false,
            Set::All => true,
            Set::Some(bits) => bits.get(row),
        }
    }
}

impl From<Bits> for Set {
    fn from(bits: Bits) -> Set {
        match bits.first() {
            None => Set::None,
            Some(_) => Set::Some(bits),
        }
    }
}

impl From<Set> for Matches {
    fn from(set: Set) -> Matches {
        match set {
            Set::None => Matches::None,
            Set::All => Matches::All,
            Set::Some(bits) => Matches::of(bits),
        }
    }
}
