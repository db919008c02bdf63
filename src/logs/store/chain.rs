//! Blocks in order: where a row goes, which of them are open, and how large they get.

use super::{
    block::Block,
    builder::Limits,
    cache::Cache,
    open::New,
    row::{Item, Row, RowId},
    rows::Rows,
    source::Tables,
};
use std::sync::Arc;

/// The newest blocks stay open: that many hosts' entries come a little out of order is common.
const NEWEST_OPEN: usize = 2;
/// Blocks that were opened again for a row in their midst; the next one is likely near.
const THAWED: usize = 3;

/// See the module.
#[derive(Debug)]
pub(super) struct Chain {
    blocks: Vec<Arc<Block>>,
    /// Rows before each block.
    starts: Vec<usize>,
    rows: usize,
    /// Of the blocks, without the tables.
    bytes: usize,
    limits: Limits,
    /// A row in each of the thawed blocks, the last used last.
    thawed: Vec<RowId>,
    pub(super) tables: Tables,
    cache: Cache,
}

impl Chain {
    pub(super) fn new(limits: Limits, room: usize) -> Chain {
        Chain {
            blocks: Vec::new(),
            starts: Vec::new(),
            rows: 0,
            bytes: 0,
            limits,
            thawed: Vec::new(),
            tables: Tables::default(),
            cache: Cache::new(room),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.tables.bytes() + self.cache.memory()
    }

    pub(super) fn last(&self) -> Option<RowId> {
        self.blocks.last().map(|block| block.last())
    }

    /// Rows before this block.
    pub(super) fn start(&self, block: usize) -> usize {
        self.starts.get(block).copied().unwrap_or(self.rows)
    }

    /// Which block holds the row at this position, and which of its rows it is.
    pub(super) fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.rows {
            return None;
        }
        let block = self.starts.partition_point(|start| *start <= index) - 1;
        Some((block, index - self.start(block)))
    }

    pub(super) fn open(&self, block: usize) -> Option<Arc<Rows>> {
        Some(self.cache.open(self.blocks.get(block)?))
    }

    pub(super) fn row(&self, index: usize) -> Option<Row> {
        let (block, row) = self.locate(index)?;
        self.open(block)?.row(row)
    }

    pub(super) fn position(&self, id: RowId) -> Result<usize, usize> {
        let block = self.blocks.partition_point(|block| block.last() < id);
        let start = self.start(block);
        match self.blocks.get(block) {
            Some(first) if id < first.first() => Err(start),
            Some(last) if id == last.last() => Ok(start + last.rows() - 1),
            Some(_) => match self.open(block).map(|rows| rows.position(id)) {
                Some(Ok(row)) => Ok(start + row),
                Some(Err(row)) => Err(start + row),
                None => Err(start),
            },
            None => Err(start),
        }
    }

    /// Adds a row in its place.
    pub(super) fn insert(&mut self, id: RowId, late: bool, new: New<'_>) {
        let blocks = self.blocks.len();
        // At the end, the most common way by far, is looked at first.
        let mut at = if self.last().is_none_or(|last| last < id) {
            blocks
        } else {
            self.blocks.partition_point(|block| block.last() < id)
        };
        if at == blocks {
            at = match at.checked_sub(1) {
                Some(last) if self.has_room(last, 1) => last,
                _ => {
                    self.link(at, Block::new(0));
                    at
                }
            };
        } else {
            let between = self.blocks.get(at).is_some_and(|block| id < block.first());
            if between && let Some(before) = at.checked_sub(1).filter(|at| self.has_room(*at, 1)) {
                at = before;
            }
            at = self.make_room(at, id);
        }
        self.change(at, |block| block.insert(id, late, new));
        if self.blocks.len() > blocks {
            self.settle_from(at);
        }
    }

    /// Whether a block is open and not full, or not more than so many times.
    fn has_room(&self, at: usize, times: usize) -> bool {
        let limits = Limits {
            rows: self.limits.rows * times,
            raw: self.limits.raw * times,
            ..self.limits
        };
        self.blocks
            .get(at)
            .is_some_and(|block| block.is_open() && !limits.reached(block))
    }

    /// Opens the block so that it takes a row; splits it when it got too large. Which block to
    /// take instead.
    fn make_room(&mut self, at: usize, id: RowId) -> usize {
        let Some(block) = self.blocks.get(at) else {
            return at;
        };
        if !block.is_open() {
            let thawed = block.thawed();
            self.replace(at, thawed);
            self.keep_open(at);
            self.close_oldest();
        }
        if self.has_room(at, 2) {
            return at;
        }
        let Some(rows) = self.open(at).filter(|rows| rows.len() > 1) else {
            return at;
        };
        let half = rows.len() / 2;
        let (mut front, mut back) = (Block::new(0), Block::new(0));
        for row in 0..rows.len() {
            let part = if row < half { &mut front } else { &mut back };
            part.copy(&rows, row);
        }
        drop(rows);
        let second = usize::from(back.first() <= id);
        self.replace(at, back);
        self.link(at, front);
        self.keep_open(at + 1 - second);
        self.keep_open(at + second);
        self.close_oldest();
        at + second
    }

    /// Adds rows, sorted, that lie anywhere: rebuilds the blocks between whose rows they go.
    pub(super) fn merge(&mut self, rows: Vec<Row>) {
        let mut groups: Vec<(usize, Vec<Row>)> = Vec::new();
        for row in rows {
            let at = self.blocks.partition_point(|block| block.last() < row.id);
            match groups.last_mut() {
                Some((last, group)) if *last == at => group.push(row),
                _ => groups.push((at, vec![row])),
            }
        }
        for (at, group) in groups.into_iter().rev() {
            self.merge_at(at, &group);
        }
    }

    /// Adds rows that go before the last row of this block, and behind the one before it.
    fn merge_at(&mut self, at: usize, new: &[Row]) {
        let old = self.blocks.get(at).cloned();
        let (Some(newest), room) = (new.last(), self.limits.rows / 2) else {
            return;
        };
        let apart = old.as_ref().is_none_or(|block| {
            let small = block.is_open() && block.rows() + new.len() <= room;
            newest.id < block.first() && !small
        });
        let old = old.filter(|_| !apart).map(|block| block.open());
        let mut built = vec![Block::new(0)];
        let mut new = new.iter().peekable();
        let mut taken = 0;
        loop {
            if built.last().is_none_or(|block| self.limits.reached(block)) {
                built.push(Block::new(0));
            }
            let Some(block) = built.last_mut() else { break };
            let id = old.as_ref().and_then(|rows| rows.id(taken));
            match (new.peek(), id, &old) {
                (Some(row), None, _) => add(block, row),
                (Some(row), Some(id), _) if row.id < id => add(block, row),
                (_, Some(_), Some(rows)) => {
                    block.copy(rows, taken);
                    taken += 1;
                    continue;
                }
                _ => break,
            }
            new.next();
        }
        drop(old);
        if !apart {
            self.unlink(at);
        }
        // The first of them takes the next page, the others are done.
        for block in built.into_iter().rev().filter(|block| block.rows() > 0) {
            self.link(at, block);
            self.keep_open(at);
        }
        self.close_oldest();
        self.settle_from(at);
    }

    /// Takes blocks that are later than all rows.
    pub(super) fn extend(&mut self, blocks: Vec<Block>) {
        let at = self.blocks.len();
        for block in blocks {
            self.link(self.blocks.len(), block);
        }
        self.settle_from(at);
    }

    pub(super) fn pop_front(&mut self) -> Option<Arc<Block>> {
        (!self.blocks.is_empty()).then(|| self.unlink(0))?
    }

    /// Remembers that a block is open.
    fn keep_open(&mut self, at: usize) {
        let Some(id) = self.blocks.get(at).map(|block| block.last()) else {
            return;
        };
        self.thawed.retain(|known| *known != id);
        self.thawed.push(id);
    }

    /// Packs what was opened the longest ago.
    fn close_oldest(&mut self) {
        while self.thawed.len() > THAWED {
            let id = self.thawed.remove(0);
            let at = self.blocks.partition_point(|block| block.last() < id);
            self.settle(at);
        }
    }

    /// Packs a block unless there is a reason to have it open.
    fn settle(&mut self, at: usize) {
        let newest = self.blocks.len().saturating_sub(NEWEST_OPEN);
        let Some(block) = self.blocks.get(at) else {
            return;
        };
        let wanted = |id: &RowId| block.first() <= *id && *id <= block.last();
        if at < newest && block.is_open() && !self.thawed.iter().any(wanted) {
            let (frame, tables) = (self.limits.frame, self.tables.clone());
            self.change(at, |block| {
                block.pack(frame, &tables);
            });
        }
    }

    /// Blocks were added at this place: those that were the newest may not be it any more.
    fn settle_from(&mut self, at: usize) {
        for at in at.saturating_sub(NEWEST_OPEN)..self.blocks.len() {
            self.settle(at);
        }
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Block)) {
        let last = at + 1 == self.blocks.len();
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let (bytes, rows) = (block.bytes(), block.rows());
        let block = Arc::make_mut(block);
        change(block);
        self.bytes = self.bytes - bytes + block.bytes();
        self.rows = self.rows - rows + block.rows();
        if !last {
            let more = block.rows() - rows;
            for start in self.starts.iter_mut().skip(at + 1) {
                *start += more;
            }
        }
    }

    /// Another block with the same rows, or the later ones of them.
    fn replace(&mut self, at: usize, block: Block) {
        self.unlink(at);
        self.link(at, block);
    }

    fn link(&mut self, at: usize, block: Block) {
        self.bytes += block.bytes();
        self.blocks.insert(at, Arc::new(block));
        self.count();
    }

    fn unlink(&mut self, at: usize) -> Option<Arc<Block>> {
        let block = (at < self.blocks.len()).then(|| self.blocks.remove(at))?;
        self.bytes -= block.bytes();
        self.cache.forget(block.id());
        self.count();
        Some(block)
    }

    fn count(&mut self) {
        let mut rows = 0;
        self.starts.clear();
        for block in &self.blocks {
            self.starts.push(rows);
            rows += block.rows();
        }
        self.rows = rows;
    }
}

fn add(block: &mut Block, row: &Row) {
    match &row.item {
        Item::Entry(entry) => {
            let fields = entry.fields();
            block.insert(row.id, row.late, New::Entry(&entry.host, &fields));
        }
        Item::Gap(gap) => block.insert(row.id, row.late, New::Gap(gap)),
    }
}
