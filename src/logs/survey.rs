//! Which patterns the messages of many entries have: how often, from when to when, by whom.
//! Bounded: when there are too many different ones, the rarest are forgotten and only counted.

use super::{
    pattern::{Pattern, Splitter},
    seen::Seen,
};
use std::collections::{BTreeSet, HashMap};

/// Different patterns that are kept.
const MOST: usize = 50_000;
/// Hosts that are named.
const HOSTS: usize = 100;
/// Bytes kept of an example.
const EXAMPLE: usize = 1 << 10;
/// Longer static text is no pattern of interest; the rest of it is not looked at.
const LOOKED_AT: usize = 4 << 10;

/// What is known of one pattern of one source.
#[derive(Debug, Clone)]
pub struct Found {
    /// The pattern.
    pub pattern: Pattern,
    /// The unit, or who else says it.
    pub source: Option<Box<[u8]>>,
    /// How many entries.
    pub count: u64,
    /// The earliest, microseconds since 1970; 0 when no entry tells its time.
    pub first: i64,
    /// The latest.
    pub last: i64,
    /// The gravest priority.
    pub priority: u8,
    /// Whose journals, by name; the first hundred.
    pub hosts: BTreeSet<Box<str>>,
    /// One of the messages, cut at 1 KiB.
    pub example: Box<[u8]>,
}

/// Gathers.
#[derive(Debug, Default)]
pub struct Survey {
    found: HashMap<u64, Found>,
    splitter: Splitter,
    values: Vec<u8>,
    forgotten: u64,
}

impl Survey {
    /// Takes an entry in.
    pub fn add(&mut self, seen: &Seen<'_>) {
        let source = seen.unit.or(seen.identifier);
        let message = seen.message.get(..LOOKED_AT).unwrap_or(seen.message);
        self.values.clear();
        self.splitter.split(message, &mut self.values);
        let mut key = self.splitter.hash();
        loop {
            match self.found.get_mut(&key) {
                None => break,
                Some(found)
                    if found.source.as_deref() == source && self.splitter.is(&found.pattern) =>
                {
                    found.count += 1;
                    found.seen_at(seen.realtime);
                    found.priority = found.priority.min(seen.priority);
                    found.on(seen.host);
                    return;
                }
                // The same pattern of another source, or a hash that two have.
                Some(_) => key = key.wrapping_add(1),
            }
        }
        let mut found = Found {
            pattern: self.splitter.pattern(),
            source: source.map(Box::from),
            count: 1,
            first: 0,
            last: 0,
            priority: seen.priority,
            hosts: BTreeSet::new(),
            example: message.get(..EXAMPLE).unwrap_or(message).into(),
        };
        found.seen_at(seen.realtime);
        found.on(seen.host);
        self.found.insert(key, found);
        if self.found.len() > MOST {
            self.forget();
        }
    }

    /// Takes in what another one gathered from later entries.
    pub fn join(&mut self, later: Survey) {
        self.forgotten += later.forgotten;
        for (_, more) in later.found {
            let mut key = more.pattern.hash();
            loop {
                match self.found.get_mut(&key) {
                    None => break,
                    Some(found) if found.is_like(&more) => {
                        found.count += more.count;
                        found.seen_at(more.first);
                        found.seen_at(more.last);
                        found.priority = found.priority.min(more.priority);
                        more.hosts.iter().for_each(|host| found.on(host));
                        break;
                    }
                    Some(_) => key = key.wrapping_add(1),
                }
            }
            self.found.entry(key).or_insert(more);
            if self.found.len() > MOST {
                self.forget();
            }
        }
    }

    /// How many entries belong to patterns that are not kept.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The most frequent first; of equally frequent ones the latest.
    pub fn most_frequent(self) -> Vec<Found> {
        let mut all: Vec<Found> = self.found.into_values().collect();
        all.sort_by(|a, b| {
            let by = |f: &Found| (std::cmp::Reverse(f.count), std::cmp::Reverse(f.last));
            by(a).cmp(&by(b)).then_with(|| a.example.cmp(&b.example))
        });
        all
    }

    /// Drops the rarer half.
    fn forget(&mut self) {
        let mut counts: Vec<u64> = self.found.values().map(|found| found.count).collect();
        let middle = counts.len() / 2;
        let (_, limit, _) = counts.select_nth_unstable(middle);
        let limit = *limit;
        let mut room = MOST / 2;
        let forgotten = &mut self.forgotten;
        let mut keep = |found: &Found, wanted: bool| {
            let kept = wanted && room > 0;
            room -= usize::from(kept);
            *forgotten += if kept { 0 } else { found.count };
            kept
        };
        self.found
            .retain(|_, found| keep(found, found.count > limit.min(u64::MAX - 1)));
    }
}

impl Found {
    fn is_like(&self, other: &Found) -> bool {
        self.source == other.source && self.pattern == other.pattern
    }

    fn seen_at(&mut self, time: i64) {
        if time == 0 {
            return;
        }
        self.first = if self.first == 0 {
            time
        } else {
            self.first.min(time)
        };
        self.last = self.last.max(time);
    }

    fn on(&mut self, host: &str) {
        if self.hosts.len() < HOSTS && !self.hosts.contains(host) {
            self.hosts.insert(host.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn seen<'a>(host: &'a str, unit: &'a str, message: &'a str, realtime: i64) -> Seen<'a> {
        Seen {
            host,
            realtime,
            boot: 1,
            priority: if message.contains("fail") { 3 } else { 6 },
            unit: Some(unit.as_bytes()),
            identifier: None,
            pid: None,
            message: message.as_bytes(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn parts_are_the_whole() {
        let (mut whole, mut parts) = (Survey::default(), Survey::default());
        for part in 0..5 {
            let mut survey = Survey::default();
            for i in 0..40 {
                let message = format!("{} took {i}ms", ["fail", "read", "sync"][i % 3]);
                let host = ["h1", "h2"][part % 2];
                let unit = ["a.service", "b.service"][i % 2];
                let seen = seen(host, unit, &message, (part * 40 + i + 1) as i64);
                whole.add(&seen);
                survey.add(&seen);
            }
            parts.join(survey);
        }
        let told = |survey: Survey| {
            let all = survey.most_frequent().into_iter().map(|found| {
                let pattern = found.pattern.to_string();
                let range = (found.first, found.last);
                (
                    pattern,
                    found.source,
                    found.count,
                    range,
                    found.priority,
                    found.hosts,
                    found.example,
                )
            });
            all.collect::<Vec<_>>()
        };
        assert_eq!(told(parts), told(whole));
    }

    #[test]
    fn patterns_by_source() {
        let mut survey = Survey::default();
        for i in 0..10 {
            let message = format!("took {i}ms");
            survey.add(&seen("h1", "a.service", &message, 100 - i));
            survey.add(&seen("h2", "b.service", &message, 200 + i));
        }
        survey.add(&seen("h2", "a.service", "took 5s", 300));
        survey.add(&seen("h1", "a.service", "fail", 7));
        let all = survey.most_frequent();
        let rows: Vec<_> = all
            .iter()
            .map(|f| {
                let source = String::from_utf8_lossy(f.source.as_deref().unwrap()).into_owned();
                (
                    f.count,
                    f.pattern.to_string(),
                    source,
                    f.first,
                    f.last,
                    f.hosts.len(),
                    f.priority,
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                (11, "took •".into(), "a.service".into(), 91, 300, 2, 6),
                (10, "took •".into(), "b.service".into(), 200, 209, 1, 6),
                (1, "fail".into(), "a.service".into(), 7, 7, 1, 3),
            ]
        );
    }

    #[test]
    fn random_texts_do_not_fill_the_memory() {
        let mut survey = Survey::default();
        let mut random = fastrand::Rng::with_seed(1);
        let count = 3 * MOST as u64;
        for _ in 0..count {
            let word: String = (0..10).map(|_| random.alphabetic()).collect();
            survey.add(&seen("h", "u", &word, 1));
            survey.add(&seen("h", "u", "often 1", 1));
            assert!(survey.found.len() <= MOST);
        }
        let forgotten = survey.forgotten();
        let all = survey.most_frequent();
        assert_eq!(all[0].count, count);
        assert_eq!(
            all.iter().map(|f| f.count).sum::<u64>() + forgotten,
            2 * count
        );
    }
}
