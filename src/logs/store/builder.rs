//! Blocks built away from the store, on any thread, straight from a host's journal.

use super::{block::Block, open::New, row::RowId, source::Tables};
use crate::{
    logs::{
        entry::{Boots, Fields},
        export::Raw,
    },
    remote::HostId,
};
use std::sync::Arc;

/// How large blocks get before they are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows.
    pub rows: usize,
    /// Bytes of text.
    pub raw: usize,
    /// Rows of a block whose columns and values are packed together, and unpacked.
    pub frame: usize,
}

impl Limits {
    /// For a store of so many bytes: a block is a small part of it.
    pub fn of_budget(budget: usize) -> Limits {
        let rows = (budget / 2048).clamp(16, 8192);
        Limits {
            rows,
            // Where a row is looked for alone this much is unpacked; `benches/question.rs`.
            frame: (rows / 16).max(32),
            raw: (budget / 16).clamp(1 << 10, 2 << 20),
        }
    }

    pub(super) fn reached(&self, block: &Block) -> bool {
        block.rows() >= self.rows || block.raw() >= self.raw
    }
}

/// Entries of one host in the journal's order, as blocks. Made by
/// [`Store::builder`](super::Store::builder).
#[derive(Debug)]
pub struct Builder {
    host: HostId,
    limits: Limits,
    tables: Tables,
    skew: i64,
    newest: Option<i64>,
    boots: Boots,
    seq: i64,
    open: Block,
    blocks: Vec<Block>,
}

/// What a [`Builder`] built, for [`Store::append`](super::Store::append).
#[derive(Debug)]
pub struct Batch {
    pub(super) host: HostId,
    pub(super) blocks: Vec<Block>,
}

impl Batch {
    /// How many rows it holds.
    pub fn rows(&self) -> usize {
        self.blocks.iter().map(Block::rows).sum()
    }

    /// The blocks, for who keeps them without a store.
    pub fn into_blocks(self) -> Vec<Arc<Block>> {
        self.blocks.into_iter().map(Arc::new).collect()
    }
}

impl Builder {
    /// For entries of this host, whose clock is `skew` microseconds ahead of ours and whose last
    /// row so far was at `newest`. Blocks share what they can by the tables.
    pub fn new(
        host: HostId,
        limits: Limits,
        tables: Tables,
        skew: i64,
        newest: Option<i64>,
    ) -> Builder {
        Builder {
            host,
            limits,
            tables,
            skew,
            newest,
            boots: Boots::default(),
            seq: 0,
            open: Block::new(0),
            blocks: Vec::new(),
        }
    }

    /// Another one for the same entries, which begins anew: for what follows on this one's, built
    /// at the same time.
    #[must_use]
    pub fn another(&self) -> Builder {
        Builder::new(
            self.host.clone(),
            self.limits,
            self.tables.clone(),
            self.skew,
            self.newest,
        )
    }

    /// Adds the next entry. `None` when it lacks what every entry has: then it is left out.
    pub fn push_raw(&mut self, raw: &Raw<'_>) -> Option<()> {
        let fields = Fields::of(raw, &mut self.boots)?;
        self.push(&fields);
        Some(())
    }

    /// Adds the next entry.
    pub fn push(&mut self, fields: &Fields<'_>) {
        let time = fields.realtime.saturating_sub(self.skew);
        let time = self.newest.map_or(time, |newest| newest.max(time));
        self.newest = Some(time);
        self.seq += 1;
        let id = RowId {
            time,
            seq: self.seq,
        };
        self.open.insert(id, false, New::Entry(&self.host, fields));
        if self.limits.reached(&self.open) {
            self.close();
        }
    }

    fn close(&mut self) {
        let mut full = std::mem::replace(&mut self.open, Block::new(0));
        if let Some(room) = full.pack(self.limits.frame, &self.tables) {
            self.open = Block::within(0, room);
        }
        self.blocks.push(full);
    }

    /// What was built since the last call. Its last block may be smaller than it could be: call it
    /// seldom.
    pub fn take(&mut self) -> Batch {
        if self.open.rows() > 0 {
            self.close();
        }
        self.seq = 0;
        Batch {
            host: self.host.clone(),
            blocks: std::mem::take(&mut self.blocks),
        }
    }
}
