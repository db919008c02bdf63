//! From places to rows and back, and from one row to the next of some kind.

use super::{Folding, Shown, View};
use crate::logs::{
    question::Matches,
    store::{BlockId, Row, RowId, Source},
};
use std::{collections::HashMap, ops::Range};

impl View {
    /// The row at a place among the listed ones.
    pub fn shown(&self, index: usize) -> Option<Shown> {
        let (at, row) = self.locate(index)?;
        let (part, block) = (self.parts.get(at)?, self.store.blocks().get(at)?);
        Some(Shown {
            id: self.id(at, row)?,
            context: !part.passed().is_some_and(|passed| passed.has(row, block)),
        })
    }

    /// The row at a place among the listed ones, whole.
    pub fn row(&self, index: usize) -> Option<Row> {
        let (at, row) = self.locate(index)?;
        self.row_of(at, row)
    }

    /// The row at a place among all shown ones, also those that another one stands for.
    pub fn whole_row(&self, index: usize) -> Option<Row> {
        let (at, row) = self.locate_whole(index)?;
        self.row_of(at, row)
    }

    /// A row by its identity, shown or not.
    pub fn by_id(&self, id: RowId) -> Option<Row> {
        let at = self.part_of(id);
        self.row_of(at, self.row_in(at, id).ok()?)
    }

    /// Where a row is among the listed ones; `Err` with where it would be: that is where the row is
    /// that stands for it, when rows in a row are folded.
    pub fn place(&self, id: RowId) -> Result<usize, usize> {
        let at = self.part_of(id);
        let (Some(part), Some(block)) = (self.parts.get(at), self.store.blocks().get(at)) else {
            return Err(self.listed);
        };
        let row = self.row_in(at, id);
        among(part.listed(), part.listed_before, row, block)
    }

    /// Where a row is among all shown ones; `Err` with where it would be.
    pub fn whole_place(&self, id: RowId) -> Result<usize, usize> {
        let at = self.part_of(id);
        let (Some(part), Some(block)) = (self.parts.get(at), self.store.blocks().get(at)) else {
            return Err(self.shown);
        };
        among(part.shown(), part.shown_before, self.row_in(at, id), block)
    }

    /// The places among all shown rows of these listed ones and those before each that they stand
    /// for. Where all of a kind are folded these are all rows in between.
    pub fn whole(&self, listed: Range<usize>) -> Range<usize> {
        if self.folding() == Folding::Off {
            return listed.start.min(self.shown)..listed.end.min(self.shown);
        }
        let after = |index: Option<usize>| match index {
            None => 0,
            Some(index) => self.locate(index).map_or(self.shown, |(at, row)| {
                let (part, block) = (self.parts.get(at), self.store.blocks().get(at));
                part.zip(block).map_or(self.shown, |(part, block)| {
                    part.shown_before + part.shown().rank(row, block) + 1
                })
            }),
        };
        after(listed.start.checked_sub(1))..after(listed.end.checked_sub(1))
    }

    /// The listed row that stands for a place among all shown ones.
    fn listed_of(&self, whole: usize) -> Option<usize> {
        let (at, row) = self.locate_whole(whole)?;
        Some(self.place(self.id(at, row)?).unwrap_or_else(|at| at))
    }

    /// The hit of this number, counted from 0 at the oldest.
    pub fn hit(&self, number: usize) -> Option<RowId> {
        let at = self
            .parts
            .partition_point(|part| part.hits_before <= number);
        let at = at.checked_sub(1)?;
        let part = self.parts.get(at)?;
        let row = part
            .hits
            .select(number - part.hits_before, self.store.blocks().get(at)?)?;
        self.id(at, row)
    }

    /// The number of the hit that this row is; `Err` with how many hits are older than it.
    pub fn hit_number(&self, id: RowId) -> Result<usize, usize> {
        let at = self.part_of(id);
        let (Some(part), Some(block)) = (self.parts.get(at), self.store.blocks().get(at)) else {
            return Err(self.hits);
        };
        among(&part.hits, part.hits_before, self.row_in(at, id), block)
    }

    /// The place of the first listed row at or after this time, by our clock.
    pub fn at_time(&self, time: i64) -> usize {
        self.place(RowId::before(time)).unwrap_or_else(|at| at)
    }

    /// The nearest listed row after this place, or before it, with this priority or a worse one.
    pub fn next_worse(&self, from: usize, back: bool, priority: u8) -> Option<usize> {
        self.next(from, back, |source| {
            !source.gap && source.priority <= priority
        })
    }

    /// The nearest listed row after this place, or before it, whose source is wanted.
    pub fn next(&self, from: usize, back: bool, wanted: impl Fn(&Source) -> bool) -> Option<usize> {
        if self.folding() == Folding::All {
            let is_wanted = |place: &usize| {
                let row = self.locate(*place).and_then(|(at, row)| {
                    let block = self.store.blocks().get(at)?;
                    let source = block.source_of().get(row)?;
                    block.sources().get(usize::from(*source))
                });
                row.is_some_and(|used| wanted(&used.what))
            };
            return if back {
                (0..from.min(self.listed)).rev().find(is_wanted)
            } else {
                (from.saturating_add(1)..self.listed).find(is_wanted)
            };
        }
        let here = self.whole(from..from.saturating_add(1));
        let from = if back {
            here.start
        } else {
            here.end.saturating_sub(1)
        };
        self.listed_of(self.next_whole(from, back, wanted)?)
    }

    fn next_whole(
        &self,
        from: usize,
        back: bool,
        wanted: impl Fn(&Source) -> bool,
    ) -> Option<usize> {
        let here = self.locate_whole(from).map(|(at, _)| at);
        let here = here.unwrap_or(self.parts.len().saturating_sub(1));
        let look = |at: usize| {
            let (part, block) = (self.parts.get(at)?, self.store.blocks().get(at)?);
            let marked: Vec<bool> = block.sources().iter().map(|u| wanted(&u.what)).collect();
            if part.shown_count() == 0 || !marked.contains(&true) {
                return None;
            }
            let start = part.shown_before;
            // Places of this part that are on the right side.
            let within = |place: &usize| if back { *place < from } else { *place > from };
            let sources = block.source_of();
            let is_wanted = |place: &usize| {
                let row = part.shown().select(*place - start, block);
                let source = row.and_then(|row| sources.get(row));
                source.is_some_and(|source| marked.get(usize::from(*source)) == Some(&true))
            };
            let mut places = (start..start + part.shown_count()).filter(within);
            if back {
                places.rev().find(is_wanted)
            } else {
                places.find(is_wanted)
            }
        };
        if back {
            (0..=here).rev().find_map(look)
        } else {
            (here..self.parts.len()).find_map(look)
        }
    }

    /// The nearest listed row after this place, or before it, that is or stands for the first of
    /// its host's boot.
    pub fn next_boot(&self, from: usize, back: bool) -> Option<usize> {
        let here = self.whole(from..from.saturating_add(1));
        let from = if back {
            here.start
        } else {
            here.end.saturating_sub(1)
        };
        self.listed_of(self.next_boot_whole(from, back)?)
    }

    fn next_boot_whole(&self, from: usize, back: bool) -> Option<usize> {
        let mut boots: HashMap<&str, u128> = HashMap::new();
        let mut last = None;
        for (part, block) in self.parts.iter().zip(self.store.blocks()) {
            if back && part.shown_before >= from {
                break;
            }
            let entries = || block.sources().iter().filter(|used| !used.what.gap);
            let known = |source: &Source| boots.get(source.host.as_str()) == Some(&source.boot);
            if entries().all(|used| known(&used.what)) {
                continue;
            }
            for place in 0..part.shown_count() {
                let Some(row) = part.shown().select(place, block) else {
                    break;
                };
                let source = block.source_of().get(row);
                let source = source.and_then(|source| block.sources().get(usize::from(*source)));
                let Some(source) = source.map(|used| &*used.what).filter(|source| !source.gap)
                else {
                    continue;
                };
                let place = part.shown_before + place;
                if back && place >= from {
                    break;
                }
                let before = boots.insert(source.host.as_str(), source.boot);
                if before.is_some_and(|before| before != source.boot) {
                    if !back && place > from {
                        return Some(place);
                    }
                    last = Some(place);
                }
            }
        }
        last.filter(|_| back)
    }

    /// The part and the row in it of a place.
    pub(super) fn locate(&self, index: usize) -> Option<(usize, usize)> {
        let at = self
            .parts
            .partition_point(|part| part.listed_before <= index);
        let at = at.checked_sub(1)?;
        let part = self.parts.get(at)?;
        let block = self.store.blocks().get(at)?;
        let row = part.listed().select(index - part.listed_before, block)?;
        Some((at, row))
    }

    /// The part and the row in it of a place among all shown rows.
    pub(super) fn locate_whole(&self, index: usize) -> Option<(usize, usize)> {
        let at = self
            .parts
            .partition_point(|part| part.shown_before <= index);
        let at = at.checked_sub(1)?;
        let part = self.parts.get(at)?;
        let block = self.store.blocks().get(at)?;
        Some((at, part.shown().select(index - part.shown_before, block)?))
    }

    /// The part in which a row is, or would be.
    pub(super) fn part_of(&self, id: RowId) -> usize {
        self.parts.partition_point(|part| part.last < id)
    }

    pub(super) fn row_in(&self, at: usize, id: RowId) -> Result<usize, usize> {
        let Some(part) = self.parts.get(at) else {
            return Err(0);
        };
        if id <= part.first {
            return if id == part.first { Ok(0) } else { Err(0) };
        }
        if id == part.last {
            return Ok(part.rows - 1);
        }
        if let Some((block, row)) = self.at_hand.borrow().places.get(&id)
            && *block == part.id
        {
            return Ok(*row);
        }
        match self.store.open(at) {
            Some(rows) => rows.position(id),
            None => Err(0),
        }
    }

    pub(super) fn id(&self, at: usize, row: usize) -> Option<RowId> {
        let part = self.parts.get(at)?;
        if row == 0 {
            return Some(part.first);
        }
        if row + 1 == part.rows {
            return Some(part.last);
        }
        if let Some(row) = self.at_hand.borrow().rows.get(&(part.id, row)) {
            return Some(row.id);
        }
        self.store.open(at)?.id(row)
    }

    fn row_of(&self, at: usize, row: usize) -> Option<Row> {
        let key: (BlockId, usize) = (self.parts.get(at)?.id, row);
        if let Some(row) = self.at_hand.borrow().rows.get(&key) {
            return Some(row.clone());
        }
        let found = self.store.open(at)?.row(row)?;
        let mut at_hand = self.at_hand.borrow_mut();
        if at_hand.rows.len() >= super::AT_HAND {
            *at_hand = Default::default();
        }
        at_hand.places.insert(found.id, key);
        at_hand.rows.insert(key, found.clone());
        Some(found)
    }
}

/// The number of a row of a block among some of its rows, counted on from those of other blocks.
fn among(
    matches: &Matches,
    before: usize,
    row: Result<usize, usize>,
    block: &crate::logs::store::Block,
) -> Result<usize, usize> {
    match row {
        Ok(row) if matches.has(row, block) => Ok(before + matches.rank(row, block)),
        Ok(row) | Err(row) => Err(before + matches.rank(row, block)),
    }
}
