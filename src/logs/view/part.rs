//! What is known of one block of the store: which of its rows pass, are shown, are hit.

use super::fold::Found;
use crate::logs::{
    question::{Bits, Matches},
    store::{Block, BlockId, RowId},
};

/// See the module. Row numbers are those of the block.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: BlockId,
    pub(super) first: RowId,
    pub(super) last: RowId,
    pub(super) rows: usize,
    /// The rows that pass the filters; `None` until the block is asked.
    passed: Option<Matches>,
    /// Those and the ones near them, where more than those that pass are shown.
    spread: Option<Matches>,
    /// What there is to fold, when rows are folded; `None` until somebody looked.
    pub(super) fold: Option<Found>,
    /// Those of the shown rows that are listed; `None` where none is folded.
    pub(super) folded: Option<Matches>,
    /// The rows that the search finds; `None` until the block is asked.
    pub(super) found: Option<Matches>,
    /// Those of them that are shown.
    pub(super) hits: Matches,
    /// Rows of all parts before this one that are shown, and those that are listed.
    pub(super) shown_before: usize,
    pub(super) listed_before: usize,
    pub(super) hits_before: usize,
}

impl Part {
    pub(super) fn new(block: &Block) -> Part {
        Part {
            id: block.id(),
            first: block.first(),
            last: block.last(),
            rows: block.rows(),
            passed: None,
            spread: None,
            fold: None,
            folded: None,
            found: None,
            hits: Matches::None,
            shown_before: 0,
            listed_before: 0,
            hits_before: 0,
        }
    }

    /// The rows that pass the filters; `None` until the block is asked.
    pub(super) fn passed(&self) -> Option<&Matches> {
        self.passed.as_ref()
    }

    /// What passes is known, or not any more.
    pub(super) fn set_passed(&mut self, passed: Option<Matches>) {
        self.passed = passed;
        self.unfold();
    }

    /// Rows near those that pass, if such are shown.
    pub(super) fn spread(&self) -> Option<&Matches> {
        self.spread.as_ref()
    }

    pub(super) fn set_spread(&mut self, spread: Option<Matches>) {
        if self.spread.is_some() || spread.is_some() {
            self.spread = spread;
            self.unfold();
        }
    }

    /// The rows that are listed: those that are shown, less those that others stand for.
    pub(super) fn listed(&self) -> &Matches {
        self.folded.as_ref().unwrap_or_else(|| self.shown())
    }

    pub(super) fn listed_count(&self) -> usize {
        self.listed().count(self.rows)
    }

    /// What there is to fold is found out anew.
    pub(super) fn unfold(&mut self) {
        (self.fold, self.folded) = (None, None);
    }

    /// Whether somebody has to look what there is to fold.
    pub(super) fn to_fold(&self) -> bool {
        self.passed.is_some() && self.fold.is_none()
    }

    /// The rows that are shown: none until the block is asked.
    pub(super) fn shown(&self) -> &Matches {
        let shown = self.spread.as_ref().or(self.passed.as_ref());
        shown.unwrap_or(&Matches::None)
    }

    pub(super) fn shown_count(&self) -> usize {
        self.shown().count(self.rows)
    }

    pub(super) fn hits_count(&self) -> usize {
        self.hits.count(self.rows)
    }

    /// Finds out anew which of the shown rows are hits.
    pub(super) fn reckon_hits(&mut self, block: &Block) {
        self.hits = match (&self.found, self.shown()) {
            (None | Some(Matches::None), _) | (_, Matches::None) => Matches::None,
            (Some(found), Matches::All) => found.clone(),
            (Some(found), shown) => {
                let mut bits = found.to_bits(block);
                bits.and(&shown.to_bits(block));
                Matches::of(bits)
            }
        };
    }

    /// The same rows lie in another block now, packed or unpacked.
    pub(super) fn moved(&mut self, block: &Block) {
        self.id = block.id();
        self.passed = self.passed.take().and_then(Matches::without_sources);
        self.found = self.found.take().and_then(Matches::without_sources);
        self.reckon_hits(block);
    }

    /// The block got another row; what is known of the others stays.
    pub(super) fn insert(&mut self, block: &Block, row: usize, passes: bool, found: bool) {
        for (matches, within) in [(&mut self.passed, passes), (&mut self.found, found)] {
            if let Some(matches) = matches {
                matches.insert(row, within, block);
            }
        }
        self.spread = None;
        self.unfold();
        self.id = block.id();
        self.first = block.first();
        self.last = block.last();
        self.rows = block.rows();
        self.reckon_hits(block);
    }

    /// How many rows lie after the last one that passes; `None` if none does.
    pub(super) fn rows_after(&self, block: &Block) -> Option<usize> {
        match self.passed.as_ref()? {
            Matches::None => None,
            Matches::All => Some(0),
            some => Some(self.rows - 1 - some.bits(block).and_then(Bits::last)?),
        }
    }

    /// How many rows lie before the first one that passes; `None` if none does.
    pub(super) fn rows_before(&self, block: &Block) -> Option<usize> {
        match self.passed.as_ref()? {
            Matches::None => None,
            Matches::All => Some(0),
            some => some.bits(block).and_then(Bits::first),
        }
    }
}
