//! The project's request budget: 3600 an hour, shared by everybody who has a token of the project.
//!
//! Background work takes a small share of it, less as it falls, and stops early enough that what
//! a user does always has room. Other consoles do the same, so that they are fair to each other
//! without knowing of each other.

use jiff::Timestamp;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// To keep something up to date.
    Background,
    /// Somebody looks at it and waits.
    Looking,
    /// Part of a change that somebody makes.
    Acting,
}

/// The budget as the API told it last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Requests an hour.
    pub limit: u32,
    /// Requests that are left.
    pub remaining: u32,
    /// When all of them are back, by the server's clock.
    pub full_at: Option<Timestamp>,
    /// When this was told.
    pub at: Timestamp,
}

/// The seconds in which the whole budget comes back.
const HOUR: f64 = 3600.0;
/// The part of the budget that one console's background work may take: three take 18 %.
const SHARE: f64 = 0.06;
/// Background work slows down below this part of the budget …
const EASE_FROM: f64 = 0.75;
/// … and stops at this one.
const BACKGROUND_FLOOR: f64 = 0.25;
/// What somebody only looks at waits here, for the sake of who acts.
const LOOKING_FLOOR: f64 = 0.10;
/// Background requests that may have been saved up.
const BURST: f64 = 5.0;
/// How long a request waits before it asks again whether it may go.
const LONGEST_NAP: Duration = Duration::from_secs(60);

/// Who decides when a request may go.
#[derive(Debug)]
pub(super) struct Governor {
    state: Mutex<State>,
    told: watch::Sender<Option<Budget>>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    /// At `at`; `None` until the API told it.
    remaining: Option<f64>,
    at: Instant,
    in_flight: u32,
    /// Background requests that may go now; negative after a long list.
    saved: f64,
    saved_at: Instant,
}

impl State {
    /// What is probably left now.
    fn left(&self, now: Instant) -> Option<f64> {
        let back = now.saturating_duration_since(self.at).as_secs_f64() * self.limit / HOUR;
        Some((self.remaining? + back).min(self.limit))
    }

    /// Background requests a second.
    fn pace(&self, now: Instant) -> f64 {
        let part = self.left(now).map_or(1.0, |left| left / self.limit);
        let ease = (part - BACKGROUND_FLOOR) / (EASE_FROM - BACKGROUND_FLOOR);
        self.limit / HOUR * SHARE * ease.clamp(0.0, 1.0)
    }

    fn save(&mut self, now: Instant) {
        let gone = now.saturating_duration_since(self.saved_at).as_secs_f64();
        self.saved = (self.saved + gone * self.pace(now)).min(BURST);
        self.saved_at = now;
    }

    /// `None` when a request may go now, else the time after which to ask again.
    fn wait(&mut self, priority: Priority, now: Instant) -> Option<Duration> {
        let floor = match priority {
            Priority::Acting => 0.0,
            Priority::Looking => LOOKING_FLOOR * self.limit,
            Priority::Background => BACKGROUND_FLOOR * self.limit,
        };
        if let Some(left) = self.left(now)
            && left < floor + 1.0
        {
            let seconds = (floor + 1.0 - left) * HOUR / self.limit;
            return Some(Duration::from_secs_f64(seconds.max(0.05)).min(LONGEST_NAP));
        }
        if priority != Priority::Background {
            return None;
        }
        self.save(now);
        if self.saved >= 1.0 {
            return None;
        }
        let pace = self.pace(now);
        if pace <= 0.0 {
            return Some(LONGEST_NAP);
        }
        let seconds = ((1.0 - self.saved) / pace).min(LONGEST_NAP.as_secs_f64());
        Some(Duration::from_secs_f64(seconds.max(0.05)))
    }
}

impl State {
    fn new(now: Instant) -> State {
        State {
            limit: 3600.0,
            remaining: None,
            at: now,
            in_flight: 0,
            saved: BURST,
            saved_at: now,
        }
    }

    /// Takes a request; else the time after which to ask again.
    fn take(&mut self, priority: Priority, now: Instant) -> Option<Duration> {
        let wait = self.wait(priority, now);
        if wait.is_none() {
            self.in_flight += 1;
            if let Some(left) = self.left(now) {
                self.remaining = Some((left - 1.0).max(0.0));
                self.at = now;
            }
        }
        wait
    }

    /// Takes so many requests from the background's share; else the time after which to ask again.
    fn share(&mut self, requests: u32, now: Instant) -> Option<Duration> {
        let wait = self.wait(Priority::Background, now);
        if wait.is_none() {
            self.saved -= f64::from(requests);
        }
        wait
    }

    fn heard(&mut self, limit: u32, remaining: u32, now: Instant) {
        self.save(now);
        self.limit = f64::from(limit.max(1));
        // Those that are under way are not in it yet, but this one is.
        let others = self.in_flight.saturating_sub(1);
        self.remaining = Some(f64::from(remaining.saturating_sub(others)));
        self.at = now;
    }
}

impl Governor {
    pub(super) fn new() -> Governor {
        Governor {
            state: Mutex::new(State::new(Instant::now())),
            told: watch::Sender::new(None),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// News of the budget.
    pub(super) fn budget(&self) -> watch::Receiver<Option<Budget>> {
        self.told.subscribe()
    }

    /// Waits until a request may go. Background work asks for all requests of a list at once
    /// ([`Governor::background`]) and then passes here as somebody who looks.
    pub(super) async fn permit(&self, priority: Priority) -> Permit<'_> {
        loop {
            let wait = self.state().take(priority, Instant::now());
            match wait {
                None => return Permit(self),
                Some(nap) => tokio::time::sleep(nap).await,
            }
        }
    }

    /// Waits until background work may begin that takes so many requests.
    pub(super) async fn background(&self, requests: u32) {
        loop {
            let wait = self.state().share(requests, Instant::now());
            match wait {
                None => return,
                Some(nap) => tokio::time::sleep(nap).await,
            }
        }
    }

    /// What an answer's headers say.
    pub(super) fn heard(&self, limit: u32, remaining: u32, full_at: Option<Timestamp>) {
        self.state().heard(limit, remaining, Instant::now());
        self.told.send_replace(Some(Budget {
            limit,
            remaining: remaining.min(limit),
            full_at,
            at: Timestamp::now(),
        }));
    }
}

/// A request that is under way.
pub(super) struct Permit<'a>(&'a Governor);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The project's budget as Hetzner keeps it.
    struct Project {
        left: f64,
        at: Instant,
    }

    impl Project {
        fn take(&mut self, now: Instant) -> u32 {
            self.left = (self.left + (now - self.at).as_secs_f64()).min(3600.0);
            self.at = now;
            assert!(self.left >= 1.0, "refused for want of budget");
            self.left -= 1.0;
            self.left as u32
        }
    }

    /// So many consoles with more to do than they may; what each sent, and what is left.
    fn run(consoles: usize, left: f64, seconds: u64) -> (Vec<u32>, f64) {
        let start = Instant::now();
        let mut project = Project { left, at: start };
        let mut states: Vec<State> = (0..consoles).map(|_| State::new(start)).collect();
        let mut sent = vec![0; consoles];
        for tick in 0..seconds * 10 {
            let now = start + Duration::from_millis(tick * 100);
            for (state, sent) in states.iter_mut().zip(&mut sent) {
                if state.share(1, now).is_none() && state.take(Priority::Looking, now).is_none() {
                    let left = project.take(now);
                    state.heard(3600, left, now);
                    state.in_flight -= 1;
                    *sent += 1;
                }
            }
        }
        let left = f64::from(project.take(start + Duration::from_secs(seconds)));
        (sent, left)
    }

    #[test]
    fn three_consoles_take_a_fifth_and_the_same() {
        let (sent, _) = run(3, 3600.0, 3600);
        assert!(sent.iter().sum::<u32>() <= 720, "{sent:?}");
        assert!(sent.iter().all(|n| *n >= 180), "{sent:?}");
    }

    #[test]
    fn a_nearly_spent_budget_is_left_alone() {
        // 17 % is below where background work stops, but for what each did not know yet.
        let (sent, left) = run(3, 600.0, 120);
        assert!(sent.iter().sum::<u32>() <= 3, "{sent:?}");
        assert!(left > 700.0, "{left}");
    }

    #[test]
    fn background_work_slows_down_before_it_stops() {
        let (full, _) = run(1, 3600.0, 600);
        let (half, _) = run(1, 1800.0, 600);
        let (spent, _) = run(1, 300.0, 600);
        assert!(
            half[0] < full[0] && spent[0] < half[0],
            "{full:?} {half:?} {spent:?}"
        );
    }

    #[test]
    fn who_acts_has_room_when_others_wait() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.heard(3600, 300, now);
        assert_eq!(state.take(Priority::Acting, now), None);
        let wait = state.take(Priority::Looking, now).unwrap();
        assert!(wait > Duration::from_secs(30), "{wait:?}");
        // One comes back every second.
        state.heard(3600, 0, now);
        let wait = state.take(Priority::Acting, now).unwrap();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(state.take(Priority::Acting, now + wait), None);
        // Small budgets are no exception.
        state.in_flight = 0;
        state.heard(20, 20, now);
        assert_eq!(state.take(Priority::Looking, now), None);
        state.heard(20, 2, now);
        assert!(state.take(Priority::Looking, now).is_some());
        assert_eq!(state.take(Priority::Acting, now), None);
    }

    #[test]
    fn a_long_list_is_paid_for_afterwards() {
        let now = Instant::now();
        let mut state = State::new(now);
        assert_eq!(state.share(200, now), None);
        let mut later = now;
        while let Some(wait) = state.share(1, later) {
            later += wait;
        }
        // 196 at 216 an hour.
        let waited = (later - now).as_secs();
        assert!((3200..3400).contains(&waited), "{waited}");
    }
}
