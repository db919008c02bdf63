//! Several hosts' entries in one order by time. The order of each host never changes.
//!
//! Pure: time comes in. Live streams wait for each other at most a short window; finished
//! questions ([`Merger::exact`]) are merged exactly.

use crate::remote::HostId;
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How long an entry of one host waits for earlier ones of the others.
pub const REORDER_WINDOW: Duration = Duration::from_millis(300);

/// An item in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged<T> {
    /// Whose it is.
    pub host: HostId,
    /// What was pushed.
    pub item: T,
    /// Its time, microseconds since 1970 by our clock; never less than the same host's before.
    pub time: i64,
    /// It came after later entries of other hosts had been released.
    pub late: bool,
}

/// Puts the entries of several hosts in order.
#[derive(Debug)]
pub struct Merger<T> {
    window: Option<Duration>,
    reverse: bool,
    lanes: BTreeMap<HostId, Lane<T>>,
    released: i64,
}

#[derive(Debug)]
struct Lane<T> {
    queue: VecDeque<Held<T>>,
    /// The greatest order given so far.
    order: i64,
    skew: i64,
    open: bool,
}

#[derive(Debug)]
struct Held<T> {
    item: T,
    order: i64,
    came: Duration,
}

impl<T> Merger<T> {
    /// For live streams: nothing waits longer than [`REORDER_WINDOW`].
    pub fn live() -> Merger<T> {
        Merger::new(Some(REORDER_WINDOW), false)
    }

    /// For streams that end: waits for every open host, however long. `reverse`: newest first.
    pub fn exact(reverse: bool) -> Merger<T> {
        Merger::new(None, reverse)
    }

    fn new(window: Option<Duration>, reverse: bool) -> Merger<T> {
        Merger {
            window,
            reverse,
            lanes: BTreeMap::new(),
            released: i64::MIN,
        }
    }

    fn lane(&mut self, host: &HostId) -> &mut Lane<T> {
        self.lanes.entry(host.clone()).or_insert_with(|| Lane {
            queue: VecDeque::new(),
            order: i64::MIN,
            skew: 0,
            open: true,
        })
    }

    /// Entries of this host are to be waited for.
    pub fn open(&mut self, host: &HostId) {
        self.lane(host).open = true;
    }

    /// No more entries of this host come (for now).
    pub fn close(&mut self, host: &HostId) {
        self.lane(host).open = false;
    }

    /// How far the host's clock is ahead of ours, in microseconds; for entries pushed from now on.
    pub fn skew(&mut self, host: &HostId, ahead: i64) {
        self.lane(host).skew = ahead;
    }

    /// Adds an item that came at `now` (by any steady clock); `realtime` by the host's clock, in
    /// microseconds since 1970.
    pub fn push(&mut self, host: &HostId, realtime: i64, now: Duration, item: T) {
        let reverse = self.reverse;
        let lane = self.lane(host);
        let time = realtime.saturating_sub(lane.skew);
        let order = if reverse { time.saturating_neg() } else { time };
        // A clock that steps back must not change the journal's order.
        let order = order.max(lane.order);
        lane.order = order;
        lane.queue.push_back(Held {
            item,
            order,
            came: now,
        });
    }

    /// The next item that need not wait any longer.
    pub fn pop(&mut self, now: Duration) -> Option<Merged<T>> {
        let waiting = self.lanes.values().any(|l| l.open && l.queue.is_empty());
        if waiting && self.due().is_none_or(|due| due > now) {
            return None;
        }
        let host = self
            .lanes
            .iter()
            .filter_map(|(host, lane)| Some((lane.queue.front()?.order, host)))
            .min()?
            .1
            .clone();
        let held = self.lanes.get_mut(&host)?.queue.pop_front()?;
        let late = held.order < self.released;
        self.released = self.released.max(held.order);
        Some(Merged {
            host,
            item: held.item,
            time: if self.reverse {
                held.order.saturating_neg()
            } else {
                held.order
            },
            late,
        })
    }

    /// When something is released even if nothing more comes; `None` when nothing is held, or
    /// everything waits for other hosts.
    pub fn due(&self) -> Option<Duration> {
        let window = self.window?;
        self.lanes
            .values()
            .filter_map(|lane| Some(lane.queue.front()?.came + window))
            .min()
    }

    /// Hosts that must say something before more can be released.
    pub fn waits_for(&self) -> impl Iterator<Item = &HostId> {
        self.lanes
            .iter()
            .filter(|(_, lane)| lane.open && lane.queue.is_empty())
            .map(|(host, _)| host)
    }

    /// How many items are held.
    pub fn held(&self) -> usize {
        self.lanes.values().map(|lane| lane.queue.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(index: usize) -> HostId {
        HostId::new(format!("h{index}"))
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn waits_for_the_window_and_no_longer() {
        let mut merger = Merger::live();
        merger.open(&host(0));
        merger.open(&host(1));
        merger.push(&host(0), 2_000, ms(0), "a");
        assert_eq!(merger.pop(ms(299)), None);
        assert_eq!(merger.due(), Some(ms(300)));
        merger.push(&host(1), 1_000, ms(299), "b");
        let order: Vec<_> = std::iter::from_fn(|| merger.pop(ms(300)))
            .map(|m| (m.item, m.late))
            .collect();
        assert_eq!(order, [("b", false), ("a", false)]);
        merger.push(&host(1), 1_500, ms(700), "c");
        assert_eq!(
            merger.pop(ms(1000)).map(|m| (m.item, m.late)),
            Some(("c", true))
        );
    }

    #[test]
    fn a_clock_far_ahead_delays_nobody() {
        let mut merger = Merger::live();
        merger.open(&host(0));
        merger.open(&host(1));
        merger.push(&host(1), 60_000_000, ms(0), "ahead");
        merger.push(&host(0), 1, ms(290), "now");
        let order: Vec<_> = std::iter::from_fn(|| merger.pop(ms(300)))
            .map(|m| m.item)
            .collect();
        assert_eq!(order, ["now", "ahead"]);
        merger.skew(&host(1), 59_000_000);
        merger.push(&host(1), 60_500_000, ms(400), "corrected");
        // Never before what the same host said earlier.
        assert_eq!(merger.pop(ms(700)).map(|m| m.time), Some(60_000_000));
    }

    proptest! {
        #[test]
        fn exact_merging_sorts_and_keeps_each_hosts_order(
            mut streams in proptest::collection::vec(
                proptest::collection::vec(0i64..50, 0..30), 1..5),
            reverse in any::<bool>(),
        ) {
            for stream in &mut streams {
                stream.sort_unstable();
                if reverse { stream.reverse(); }
            }
            let mut merger = Merger::exact(reverse);
            for (i, stream) in streams.iter().enumerate() {
                merger.open(&host(i));
                for (n, time) in stream.iter().enumerate() {
                    merger.push(&host(i), *time, Duration::ZERO, n);
                }
                merger.close(&host(i));
            }
            let out: Vec<_> = std::iter::from_fn(|| merger.pop(Duration::ZERO)).collect();
            prop_assert_eq!(out.len(), streams.iter().map(Vec::len).sum::<usize>());
            let sorted = out.is_sorted_by_key(|m| if reverse { -m.time } else { m.time });
            prop_assert!(sorted);
            prop_assert!(out.iter().all(|m| !m.late));
            for i in 0..streams.len() {
                prop_assert!(out.iter().filter(|m| m.host == host(i)).map(|m| m.item).is_sorted());
            }
        }

        #[test]
        fn live_merging_loses_nothing_and_keeps_each_hosts_order(
            pushes in proptest::collection::vec((0usize..3, -100i64..100, 0u64..200), 0..200),
        ) {
            let mut merger = Merger::live();
            for i in 0..3 { merger.open(&host(i)); }
            let (mut now, mut out) = (0, Vec::new());
            for (n, (h, time, step)) in pushes.iter().enumerate() {
                now += step;
                merger.push(&host(*h), *time * 1000, ms(now), n);
                while let Some(m) = merger.pop(ms(now)) { out.push(m); }
                prop_assert!(merger.due().is_none_or(|due| due > ms(now)));
            }
            while let Some(m) = merger.pop(ms(now + 300)) { out.push(m); }
            prop_assert_eq!(out.len(), pushes.len());
            for i in 0..3 {
                prop_assert!(out.iter().filter(|m| m.host == host(i)).map(|m| m.item).is_sorted());
            }
        }
    }
}
