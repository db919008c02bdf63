//! The store has changed: what is known of its blocks is kept where they are the same.

use super::{AT_ONCE, Part, View};
use crate::logs::store::RowId;
use std::collections::HashMap;

impl View {
    /// A row was added to the store.
    pub(super) fn added(&mut self, id: RowId, passes: bool, found: bool) {
        let blocks = self.store.blocks();
        let same = self.evicted == self.store.evicted() && blocks.len() == self.parts.len();
        let last = blocks.len().saturating_sub(1);
        let (Some(block), Some(part)) = (blocks.last(), self.parts.last_mut()) else {
            return self.sync();
        };
        if !same || block.rows() != part.rows + 1 {
            return self.sync();
        }
        let row = if block.last() == id {
            part.rows
        } else {
            match self.store.open(last).map(|rows| rows.position(id)) {
                Some(Ok(row)) => row,
                _ => return self.sync(),
            }
        };
        let waits = part.passed().is_none();
        part.insert(block, row, passes, found);
        if self.context > 0 {
            self.spread(last..last + 1);
            let first = self.near_start(last);
            self.reckon(first);
        } else {
            self.reckon(last);
        }
        if waits {
            self.waiting += 1;
        }
    }

    /// Anything may have changed.
    pub(super) fn sync(&mut self) {
        let blocks = self.store.blocks();
        self.evicted = self.store.evicted();
        let pairs = self.parts.iter().zip(blocks);
        let front = pairs
            .take_while(|(part, block)| part.id == block.id())
            .count();
        let most = self.parts.len().min(blocks.len()) - front;
        let pairs = self.parts.iter().rev().zip(blocks.iter().rev()).take(most);
        let back = pairs
            .take_while(|(part, block)| part.id == block.id())
            .count();
        let old = self.parts.len() - back;
        let gone: Vec<Part> = self.parts.drain(front..old).collect();
        let mut known: HashMap<(RowId, RowId, usize), Part> = gone
            .into_iter()
            .map(|part| ((part.first, part.last, part.rows), part))
            .collect();
        let end = blocks.len() - back;
        let changed = blocks.get(front..end).unwrap_or_default().iter();
        let fresh: Vec<Part> = changed
            .map(
                |block| match known.remove(&(block.first(), block.last(), block.rows())) {
                    Some(mut part) => {
                        if part.id != block.id() {
                            part.moved(block);
                        }
                        part
                    }
                    None => Part::new(block),
                },
            )
            .collect();
        self.parts.splice(front..front, fresh);
        self.ask_for_nothing();
        // What changed by a row or a page is asked at once, so that nothing flickers.
        let mut left = AT_ONCE;
        for at in (front..end).rev() {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(self.ask(at).unwrap_or(0));
        }
        if self.context > 0 {
            self.spread(front..end);
        }
        self.reckon(0);
    }

    /// The first part whose shown rows may depend on this one.
    fn near_start(&self, at: usize) -> usize {
        let mut left = self.context;
        let mut start = at;
        while start > 0 && left > 0 {
            start -= 1;
            left = left.saturating_sub(self.parts.get(start).map_or(0, |part| part.rows));
        }
        start
    }
}
