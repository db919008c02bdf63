//! Back and forward like a browser, over all environments. Screens are kept whole, so coming
//! back restores selection, scroll and filter.

use super::panes::ScreenId;

/// How many steps back are kept.
pub const LIMIT: usize = 50;

/// Where we are, were, and can go forward to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct History {
    back: Vec<ScreenId>,
    here: Option<ScreenId>,
    forward: Vec<ScreenId>,
}

impl History {
    /// The screen that is shown.
    pub fn here(&self) -> Option<ScreenId> {
        self.here
    }

    /// Goes to a screen; what was forward is forgotten. Returns whether it is another one.
    pub fn go(&mut self, to: ScreenId) -> bool {
        if self.here == Some(to) {
            return false;
        }
        if let Some(here) = self.here.replace(to) {
            self.back.push(here);
            if self.back.len() > LIMIT {
                self.back.remove(0);
            }
        }
        self.forward.clear();
        true
    }

    /// One step back; the screen arrived at.
    pub fn back(&mut self) -> Option<ScreenId> {
        let to = self.back.pop()?;
        if let Some(here) = self.here.replace(to) {
            self.forward.push(here);
        }
        Some(to)
    }

    /// One step forward; the screen arrived at.
    pub fn forward(&mut self) -> Option<ScreenId> {
        let to = self.forward.pop()?;
        if let Some(here) = self.here.replace(to) {
            self.back.push(here);
        }
        Some(to)
    }

    /// Whether there is a way back.
    pub fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Whether there is a way forward.
    pub fn can_go_forward(&self) -> bool {
        !self.forward.is_empty()
    }

    /// Whether a screen can be reached from here.
    pub fn holds(&self, id: ScreenId) -> bool {
        self.here == Some(id) || self.back.contains(&id) || self.forward.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn like_a_browser() {
        let mut history = History::default();
        assert!(history.go(ScreenId(1)));
        assert!(history.go(ScreenId(2)));
        assert!(!history.go(ScreenId(2)));
        assert_eq!(history.back(), Some(ScreenId(1)));
        assert_eq!(history.back(), None);
        assert_eq!(history.forward(), Some(ScreenId(2)));
        assert_eq!(history.back(), Some(ScreenId(1)));
        assert!(history.go(ScreenId(3)));
        assert!(!history.can_go_forward());
        assert!(!history.holds(ScreenId(2)));
    }

    proptest! {
        #[test]
        fn bounded_and_never_lost(steps in prop::collection::vec(0u64..200, 0..400)) {
            let mut history = History::default();
            history.go(ScreenId(0));
            for step in steps {
                match step % 4 {
                    0 => { history.back(); }
                    1 => { history.forward(); }
                    _ => { history.go(ScreenId(step)); }
                }
                prop_assert!(history.here().is_some());
                prop_assert!(history.back.len() + history.forward.len() <= 2 * LIMIT);
            }
        }
    }
}
