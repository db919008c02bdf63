//! The last cursors given out, as hashes: what a reading by time must not repeat.

use std::{
    collections::{HashSet, VecDeque, hash_map::RandomState},
    hash::BuildHasher,
};

/// More entries than share a microsecond, or than a clock that steps back makes come again.
const MOST: usize = 4096;

/// A bounded set that forgets its oldest.
#[derive(Default)]
pub(super) struct Recent {
    state: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Recent {
    pub(super) fn add(&mut self, cursor: &[u8]) {
        let hash = self.state.hash_one(cursor);
        if !self.known.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, cursor: &[u8]) -> bool {
        self.known.contains(&self.state.hash_one(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_only() {
        let mut recent = Recent::default();
        for i in 0..MOST + 10 {
            recent.add(format!("s={i}").as_bytes());
        }
        assert!(!recent.contains(b"s=9"));
        assert!(recent.contains(b"s=10"));
        assert!(recent.contains(format!("s={}", MOST + 9).as_bytes()));
        assert_eq!(recent.known.len(), MOST);
    }
}
