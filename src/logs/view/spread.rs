//! Rows around those that pass: they may lie in the blocks before and after.

use super::View;
use crate::logs::question::{Bits, Matches};
use std::ops::Range;

impl View {
    /// Finds out anew what is shown in these parts and in those so near that it depends on them.
    pub(super) fn spread(&mut self, changed: Range<usize>) {
        let range = self.near(changed);
        for at in range {
            let spread = (self.context > 0).then(|| self.around(at)).flatten();
            if let (Some(part), Some(block)) = (self.parts.get_mut(at), self.store.blocks().get(at))
            {
                part.set_spread(spread);
                part.reckon_hits(block);
            }
        }
    }

    /// With the parts that reach into these.
    fn near(&self, changed: Range<usize>) -> Range<usize> {
        let (mut start, mut end) = (changed.start, changed.end.min(self.parts.len()));
        let rows = |at: usize| self.parts.get(at).map_or(0, |part| part.rows);
        let mut left = self.context;
        while start > 0 && left > 0 {
            start -= 1;
            left = left.saturating_sub(rows(start));
        }
        let mut left = self.context;
        while end < self.parts.len() && left > 0 {
            left = left.saturating_sub(rows(end));
            end += 1;
        }
        start..end
    }

    /// The rows of a part that pass or are near one that does; `None` until it was asked.
    fn around(&self, at: usize) -> Option<Matches> {
        let (part, block) = (self.parts.get(at)?, self.store.blocks().get(at)?);
        let mut bits = match part.passed()? {
            Matches::All => return Some(Matches::All),
            Matches::None => Bits::none(part.rows),
            some => some.to_bits(block).dilate(self.context),
        };
        let blocks = self.store.blocks();
        // Rows between the nearest one that passes outside, and this block.
        let nearest = |parts: &mut dyn Iterator<Item = usize>, back: bool| {
            let mut between = 0;
            for at in parts {
                let (part, block) = (self.parts.get(at)?, blocks.get(at)?);
                let gap = if back {
                    part.rows_after(block)
                } else {
                    part.rows_before(block)
                };
                if let Some(gap) = gap {
                    return Some(between + gap);
                }
                between += part.rows;
                if between >= self.context {
                    return None;
                }
            }
            None
        };
        if let Some(gap) = nearest(&mut (0..at).rev(), true) {
            bits.fill(0..self.context.saturating_sub(gap));
        }
        if let Some(gap) = nearest(&mut (at + 1..self.parts.len()), false) {
            let rows = self.context.saturating_sub(gap).min(part.rows);
            bits.fill(part.rows - rows..part.rows);
        }
        Some(Matches::of(bits))
    }
}
