//! The blocks that were opened last, so that reading row by row unpacks each of them once.

use super::{
    block::{Block, BlockId},
    rows::Rows,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// So many stay whatever their size: an edge between two blocks is read back and forth.
const LEAST: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Used last, last.
    opened: Mutex<VecDeque<(BlockId, Arc<Rows>)>>,
    /// Bytes that were unpacked when a block was last opened.
    memory: AtomicUsize,
    room: usize,
}

impl Cache {
    /// With room for so many bytes of unpacked rows.
    pub(super) fn new(room: usize) -> Cache {
        Cache {
            opened: Mutex::default(),
            memory: AtomicUsize::new(0),
            room,
        }
    }

    pub(super) fn open(&self, block: &Arc<Block>) -> Arc<Rows> {
        // What is open changes, and a change of what somebody else holds copies it.
        if block.is_open() {
            return Arc::new(block.open());
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opened.iter().rposition(|(id, _)| *id == block.id());
        if let Some(found) = known.and_then(|at| opened.remove(at)) {
            let rows = found.1.clone();
            opened.push_back(found);
            return rows;
        }
        let rows = Arc::new(block.open());
        opened.push_back((block.id(), rows.clone()));
        let mut bytes: usize = opened.iter().map(|(_, rows)| rows.memory()).sum();
        while opened.len() > LEAST && bytes > self.room {
            if let Some((_, gone)) = opened.pop_front() {
                bytes -= gone.memory();
            }
        }
        self.memory.store(bytes, Ordering::Relaxed);
        rows
    }

    /// Lets a block go that is not held any more.
    pub(super) fn forget(&self, block: BlockId) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|(id, _)| *id != block);
    }

    /// Bytes of memory that are unpacked, about.
    pub(super) fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }
}
