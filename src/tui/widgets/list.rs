//! Selection, marks, order and scrolling of a list. The selection is an identity, not a row: it
//! stays on its thing while rows come and go around it.

use std::collections::BTreeSet;

/// What a list remembers.
#[derive(Debug, Clone)]
pub struct ListState<K> {
    selected: Option<K>,
    /// Where the selection was last; used when it is gone.
    at: usize,
    top: usize,
    left: usize,
    marks: BTreeSet<K>,
    /// Column that the rows are sorted by, and whether in descending order.
    pub sort: Option<(usize, bool)>,
}

impl<K> Default for ListState<K> {
    fn default() -> Self {
        ListState {
            selected: None,
            at: 0,
            top: 0,
            left: 0,
            marks: BTreeSet::new(),
            sort: None,
        }
    }
}

/// How far one key scrolls sideways.
const SIDEWAYS: usize = 8;

impl<K: Ord + Clone> ListState<K> {
    /// What is selected.
    pub fn selected(&self) -> Option<&K> {
        self.selected.as_ref()
    }

    /// The row of the selection, as of the last [`ListState::settle`].
    pub fn at(&self) -> usize {
        self.at
    }

    /// The first visible row.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Columns scrolled to the left.
    pub fn left(&self) -> usize {
        self.left
    }

    /// What is marked.
    pub fn marks(&self) -> &BTreeSet<K> {
        &self.marks
    }

    /// What an action applies to: the marked rows, or else the selected one.
    pub fn chosen(&self) -> Vec<K> {
        if self.marks.is_empty() {
            self.selected.iter().cloned().collect()
        } else {
            self.marks.iter().cloned().collect()
        }
    }

    /// Selects something; it is looked up at the next [`ListState::settle`].
    pub fn select(&mut self, key: K) {
        self.selected = Some(key);
    }

    /// After rows or height changed: the selection stays on its thing, or where that thing was;
    /// marks of things that are gone are dropped.
    pub fn settle(&mut self, keys: &[K], height: usize) {
        let here = self.selected.as_ref();
        let found = here.and_then(|selected| {
            // Most often nothing moved.
            match keys.get(self.at) {
                Some(key) if key == selected => Some(self.at),
                _ => keys.iter().position(|key| key == selected),
            }
        });
        self.at = found.unwrap_or(self.at).min(keys.len().saturating_sub(1));
        self.selected = keys.get(self.at).cloned();
        if !self.marks.is_empty() {
            let all: BTreeSet<&K> = keys.iter().collect();
            self.marks.retain(|mark| all.contains(mark));
        }
        self.scroll_to_selection(keys.len(), height);
    }

    fn scroll_to_selection(&mut self, rows: usize, height: usize) {
        let height = height.max(1);
        self.top = self
            .top
            .clamp((self.at + 1).saturating_sub(height), self.at)
            .min(rows.saturating_sub(height));
    }

    fn go(&mut self, to: usize, keys: &[K], height: usize) {
        self.at = to.min(keys.len().saturating_sub(1));
        self.selected = keys.get(self.at).cloned();
        self.scroll_to_selection(keys.len(), height);
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, by: isize, keys: &[K], height: usize) {
        self.go(self.at.saturating_add_signed(by), keys, height);
    }

    /// Selects a row by its place, as a click does.
    pub fn click(&mut self, row: usize, keys: &[K], height: usize) {
        if row < keys.len() {
            self.go(row, keys, height);
        }
    }

    /// Does one of the `list.…` actions that need nothing but the rows; false if it is another.
    pub fn act(&mut self, action: &str, keys: &[K], height: usize) -> bool {
        let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
        match action {
            "list.down" => self.step(1, keys, height),
            "list.up" => self.step(-1, keys, height),
            "list.page-down" => self.step(page, keys, height),
            "list.page-up" => self.step(-page, keys, height),
            "list.half-down" => self.step((page / 2).max(1), keys, height),
            "list.half-up" => self.step(-(page / 2).max(1), keys, height),
            "list.top" => self.go(0, keys, height),
            "list.bottom" => self.go(usize::MAX, keys, height),
            "list.left" => self.left = self.left.saturating_sub(SIDEWAYS),
            "list.right" => self.left = (self.left + SIDEWAYS).min(10_000),
            "list.mark" => {
                if let Some(key) = self.selected.clone()
                    && !self.marks.remove(&key)
                {
                    self.marks.insert(key);
                }
                self.step(1, keys, height);
            }
            "list.mark-all" => {
                if self.marks.len() == keys.len() {
                    self.marks.clear();
                } else {
                    self.marks = keys.iter().cloned().collect();
                }
            }
            _ => return false,
        }
        true
    }

    /// Forgets all marks.
    pub fn unmark(&mut self) {
        self.marks.clear();
    }

    /// Sorts by this column, or turns its order round if it is the one already.
    pub fn sort_by(&mut self, column: usize) {
        self.sort = match self.sort {
            Some((same, descending)) if same == column => Some((column, !descending)),
            _ => Some((column, false)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_selection_stays_on_its_thing() {
        let mut list = ListState::default();
        list.settle(&[1, 2, 3], 10);
        list.step(1, &[1, 2, 3], 10);
        assert_eq!(list.selected(), Some(&2));
        list.settle(&[0, 1, 5, 2, 3], 10);
        assert_eq!((list.selected(), list.at()), (Some(&2), 3));
        // Gone: what took its place.
        list.settle(&[0, 1, 5, 3], 10);
        assert_eq!(list.selected(), Some(&3));
        list.settle(&[], 10);
        assert_eq!(list.selected(), None);
        list.settle(&[7], 10);
        assert_eq!(list.selected(), Some(&7));
    }

    #[test]
    fn marks_are_what_actions_apply_to() {
        let keys = [1, 2, 3];
        let mut list = ListState::default();
        list.settle(&keys, 10);
        assert_eq!(list.chosen(), [1]);
        list.act("list.mark", &keys, 10);
        list.act("list.mark", &keys, 10);
        assert_eq!((list.chosen(), list.at()), (vec![1, 2], 2));
        list.settle(&[2, 3], 10);
        assert_eq!(list.chosen(), [2]);
        list.act("list.mark-all", &[2, 3], 10);
        assert_eq!(list.chosen(), [2, 3]);
        list.act("list.mark-all", &[2, 3], 10);
        assert_eq!(list.marks().len(), 0);
    }

    proptest! {
        #[test]
        fn selection_and_scroll_are_always_valid(
            steps in proptest::collection::vec(
                (proptest::collection::btree_set(0u8..40, 0..30), 0usize..8,
                 proptest::sample::select(vec!["list.down", "list.up", "list.page-down",
                     "list.page-up", "list.half-down", "list.half-up", "list.top", "list.bottom",
                     "list.mark", "list.mark-all", "list.left", "list.right"])), 1..30),
        ) {
            let mut list = ListState::default();
            for (keys, height, action) in steps {
                let keys: Vec<u8> = keys.into_iter().collect();
                list.settle(&keys, height);
                prop_assert!(list.act(action, &keys, height));
                prop_assert_eq!(list.selected(), keys.get(list.at()));
                prop_assert!(keys.is_empty() || list.selected().is_some());
                prop_assert!(list.top() <= list.at());
                prop_assert!(list.at() < list.top() + height.max(1));
                prop_assert!(list.marks().iter().all(|m| keys.contains(m)));
            }
        }
    }
}
