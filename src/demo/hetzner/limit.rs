//! The budget of requests: so many an hour, coming back one by one.

use super::world::SECOND;

/// Seconds in which a spent budget is whole again.
const HOUR: f64 = 3600.0;

/// A budget at one moment.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    limit: u32,
    left: f64,
    at: i64,
}

/// What the headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// When all of it is back, in seconds since 1970.
    pub(super) reset: i64,
    pub(super) allowed: bool,
}

impl Budget {
    /// A full one of so many an hour.
    pub(super) fn new(limit: u32, now: i64) -> Budget {
        Budget {
            limit,
            left: f64::from(limit),
            at: now,
        }
    }

    /// Takes one request out, at a time in microseconds.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    pub(super) fn take(&mut self, now: i64) -> Told {
        let passed = (now - self.at).max(0) as f64 / SECOND as f64;
        let rate = f64::from(self.limit) / HOUR;
        self.left = (self.left + passed * rate).min(f64::from(self.limit));
        self.at = self.at.max(now);
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        let missing = f64::from(self.limit) - self.left;
        Told {
            limit: self.limit,
            remaining: self.left.floor() as u32,
            reset: now / SECOND + (missing / rate.max(f64::MIN_POSITIVE)).ceil() as i64,
            allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_a_second() {
        let mut budget = Budget::new(3600, 0);
        for left in (0..3600).rev() {
            assert_eq!(budget.take(0).remaining, left);
        }
        let refused = budget.take(0);
        assert!(!refused.allowed);
        assert_eq!(refused.reset, 3600);
        let again = budget.take(2 * SECOND);
        assert!(again.allowed);
        assert_eq!((again.remaining, again.reset), (1, 2 + 3599));
    }
}
