//! How many entries there were when, by priority: counted as they come in any order, in bounded
//! memory, and shown in buckets of a width that people count in.

use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;

/// Entries of one bucket by priority, 0 (emerg) to 7 (debug).
pub type Counts = [u64; 8];

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Widths that entries are counted in; each divides the next.
const FINE: [i64; 8] = [
    SECOND / 100,
    SECOND / 10,
    SECOND,
    10 * SECOND,
    MINUTE,
    10 * MINUTE,
    HOUR,
    DAY,
];

/// Widths that are shown.
const NICE: [i64; 30] = [
    SECOND / 100,
    SECOND / 50,
    SECOND / 20,
    SECOND / 10,
    SECOND / 5,
    SECOND / 2,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    91 * DAY,
    364 * DAY,
];

/// Buckets kept before they are made wider: far more than a screen has columns, so that
/// whatever width is shown is made of whole ones.
const MOST: usize = 8192;

/// Counts entries by time.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// Start of each bucket in local microseconds, and what is in it.
    fine: BTreeMap<i64, Counts>,
    /// Index into [`FINE`].
    width: usize,
    /// Local time ahead of UTC, in microseconds: buckets of hours and days start where local
    /// ones do.
    offset: i64,
}

/// One bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its first microsecond since 1970.
    pub from: i64,
    /// The first one after it.
    pub to: i64,
    /// What is in it.
    pub counts: Counts,
}

impl Histogram {
    /// An empty one, with buckets as the clocks of this zone show at this time.
    pub fn new(zone: &TimeZone, now: Timestamp) -> Histogram {
        Histogram {
            fine: BTreeMap::new(),
            width: 0,
            offset: i64::from(zone.to_offset(now).seconds()) * SECOND,
        }
    }

    /// Counts an entry at this time, microseconds since 1970.
    pub fn add(&mut self, realtime: i64, priority: u8) {
        self.add_many(realtime, priority, 1);
    }

    /// Counts so many at once.
    pub fn add_many(&mut self, realtime: i64, priority: u8, count: u64) {
        let start = floor(realtime.saturating_add(self.offset), self.fine_width());
        let counts = self.fine.entry(start).or_default();
        if let Some(of_priority) = counts.get_mut(usize::from(priority.min(7))) {
            *of_priority += count;
        }
        while self.fine.len() > MOST && self.width + 1 < FINE.len() {
            self.width += 1;
            let width = self.fine_width();
            for (start, counts) in std::mem::take(&mut self.fine) {
                join(self.fine.entry(floor(start, width)).or_default(), &counts);
            }
        }
        // Days over thousands of years are made by a broken clock; the oldest are least missed.
        while self.fine.len() > MOST {
            self.fine.pop_first();
        }
    }

    /// How many entries were counted, by priority.
    pub fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        self.fine
            .values()
            .for_each(|counts| join(&mut totals, counts));
        totals
    }

    /// First and last moment of what was counted, to the width it is counted in.
    pub fn range(&self) -> Option<(i64, i64)> {
        let (first, _) = self.fine.first_key_value()?;
        let (last, _) = self.fine.last_key_value()?;
        let end = last.saturating_add(self.fine_width());
        Some((
            first.saturating_sub(self.offset),
            end.saturating_sub(self.offset),
        ))
    }

    /// The narrowest of the usual widths, in microseconds, with which there are at most so many
    /// buckets from the first entry to the last.
    pub fn nice_width(&self, buckets: usize) -> i64 {
        let buckets = i64::try_from(buckets.max(1)).unwrap_or(i64::MAX);
        let (Some((first, _)), Some((last, _))) =
            (self.fine.first_key_value(), self.fine.last_key_value())
        else {
            return SECOND;
        };
        let fits = |width: i64| {
            let span = floor(*last, width).saturating_sub(floor(*first, width));
            width % self.fine_width() == 0 && span / width < buckets
        };
        let nice = NICE.into_iter().find(|width| fits(*width));
        nice.unwrap_or_else(|| {
            let year = 364 * DAY;
            let span = last.saturating_sub(*first) / buckets;
            floor(span, year).saturating_add(2 * year)
        })
    }

    /// The width as it can be shown: a whole number of the width that is counted in.
    pub fn possible_width(&self, width: i64) -> i64 {
        let fine = self.fine_width();
        floor(width.max(fine).saturating_add(fine - 1), fine)
    }

    /// The buckets from the first entry to the last, the empty ones between them as well;
    /// `None` when there would be more than `most`, or when one would begin or end at no time that
    /// can be told (a clock 290,000 years off). The width is taken as
    /// [`Histogram::possible_width`] makes it.
    pub fn buckets(&self, width: i64, most: usize) -> Option<Vec<Bucket>> {
        let width = self.possible_width(width);
        let (Some((first, _)), Some((last, _))) =
            (self.fine.first_key_value(), self.fine.last_key_value())
        else {
            return Some(Vec::new());
        };
        let first = first.checked_sub(first.rem_euclid(width))?;
        let last = last.checked_sub(last.rem_euclid(width))?;
        let count = usize::try_from(last.checked_sub(first)? / width).ok()? + 1;
        if count > most {
            return None;
        }
        let buckets = (0..count).map(|i| {
            let steps = width.checked_mul(i64::try_from(i).ok()?)?;
            let from = first.checked_add(steps)?.checked_sub(self.offset)?;
            Some(Bucket {
                from,
                to: from.checked_add(width)?,
                counts: Counts::default(),
            })
        });
        let mut buckets: Vec<Bucket> = buckets.collect::<Option<_>>()?;
        for (start, counts) in &self.fine {
            let at = usize::try_from((floor(*start, width) - first) / width).ok()?;
            if let Some(bucket) = buckets.get_mut(at) {
                join(&mut bucket.counts, counts);
            }
        }
        Some(buckets)
    }

    fn fine_width(&self) -> i64 {
        FINE.get(self.width).copied().unwrap_or(DAY)
    }
}

fn floor(time: i64, width: i64) -> i64 {
    time.saturating_sub(time.rem_euclid(width))
}

fn join(into: &mut Counts, counts: &Counts) {
    for (into, count) in into.iter_mut().zip(counts) {
        *into += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_start_where_local_clocks_do() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let mut histogram = Histogram::new(&zone, Timestamp::UNIX_EPOCH);
        histogram.add(at("2026-11-23T10:01:00+05:30"), 6);
        histogram.add(at("2026-11-23T10:59:59.999+05:30"), 3);
        histogram.add(at("2026-11-23T12:00:00+05:30"), 3);
        let buckets = histogram.buckets(HOUR, 10).unwrap();
        let froms: Vec<i64> = buckets.iter().map(|b| b.from).collect();
        assert_eq!(
            froms,
            ["10", "11", "12"].map(|hour| at(&format!("2026-11-23T{hour}:00:00+05:30")))
        );
        assert_eq!(buckets[0].counts, [0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(buckets[1].counts, [0; 8]);
        assert_eq!(histogram.totals(), [0, 0, 0, 2, 0, 0, 1, 0]);
        assert_eq!(histogram.nice_width(3), HOUR);
        assert_eq!(histogram.nice_width(2), 2 * HOUR);
        assert_eq!(histogram.nice_width(1_000_000), SECOND / 100);
        assert_eq!(histogram.buckets(SECOND, 60), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn nothing_is_lost(
            times in proptest::collection::vec((any::<i64>(), 0u8..9), 0..50),
            close in proptest::collection::vec((0i64..1 << 50, 0u8..9), 0..50),
            width in 1i64..DAY * 3,
        ) {
            for times in [times, close] {
                let mut histogram = Histogram::new(&TimeZone::UTC, Timestamp::UNIX_EPOCH);
                for (time, priority) in &times {
                    histogram.add(*time, *priority);
                }
                prop_assert_eq!(histogram.totals().iter().sum::<u64>(), times.len() as u64);
                let nice = histogram.nice_width(60);
                let buckets = histogram.buckets(nice, 64);
                if let Some(buckets) = &buckets {
                    let sum: u64 = buckets.iter().flat_map(|b| b.counts).sum();
                    prop_assert_eq!(sum, times.len() as u64);
                    for (time, _) in &times {
                        prop_assert!(buckets.iter().any(|b| b.from <= *time && *time < b.to));
                    }
                }
                if times.iter().all(|(t, _)| (0..1 << 50).contains(t)) {
                    prop_assert!(buckets.is_some());
                }
                let _ = histogram.buckets(width, 1000);
            }
        }

        #[test]
        fn many_make_wider_ones(step in 1i64..DAY, count in 1usize..30_000) {
            let mut histogram = Histogram::new(&TimeZone::UTC, Timestamp::UNIX_EPOCH);
            for i in 0..count {
                histogram.add(i as i64 * step, 6);
            }
            prop_assert!(histogram.fine.len() <= MOST);
            let buckets = histogram.buckets(histogram.nice_width(60), 60).unwrap();
            let sum: u64 = buckets.iter().flat_map(|b| b.counts).sum();
            prop_assert!(sum == count as u64 || count > MOST);
        }
    }
}
