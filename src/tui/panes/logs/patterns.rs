//! The patterns of the shown messages: how often, since when; the most frequent and the newest.

use super::{State, clauses, panel};
use crate::{
    filter::quote,
    logs::{
        Entry,
        pattern::{Pattern, Splitter},
    },
    text,
    tui::{effect::Next, panes::Ctx},
};
use std::{cmp::Reverse, collections::HashMap, fmt::Write, sync::Arc};

/// Different patterns that are kept; of more than that only the number is known.
const MOST: usize = 20_000;
/// Patterns that are listed.
const LISTED: usize = 500;
/// Longer static text is no pattern of interest; the rest of it is not looked at.
const LOOKED_AT: usize = 4 << 10;

/// A pattern of one source: its hash, and the unit or whoever else says it.
pub(super) type Key = (u64, Option<Arc<str>>);

/// What is known of one.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) pattern: Pattern,
    pub(super) count: u64,
    /// Times of its first and last message, microseconds since 1970.
    pub(super) first: i64,
    pub(super) last: i64,
    /// The gravest priority.
    pub(super) priority: u8,
}

/// What they are listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// The most frequent first.
    #[default]
    Frequent,
    /// Those that began last first.
    Newest,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    found: HashMap<Key, Found>,
    pub(super) order: Order,
    /// Only those that began at or after this time.
    pub(super) since: Option<i64>,
    listed: Vec<Key>,
    splitter: Splitter,
    values: Vec<u8>,
}

impl Patterns {
    /// Takes in a message at this time, by our clock.
    pub(super) fn add(&mut self, time: i64, entry: &Entry) {
        let message = entry.message.get(..LOOKED_AT).unwrap_or(&entry.message);
        self.values.clear();
        self.splitter.split(message, &mut self.values);
        let source = entry.unit.clone().or_else(|| entry.identifier.clone());
        let key = (self.splitter.hash(), source);
        if let Some(found) = self.found.get_mut(&key) {
            found.count += 1;
            found.first = found.first.min(time);
            found.last = found.last.max(time);
            found.priority = found.priority.min(entry.priority);
        } else if self.found.len() < MOST {
            let found = Found {
                pattern: self.splitter.pattern(),
                count: 1,
                first: time,
                last: time,
                priority: entry.priority,
            };
            self.found.insert(key, found);
        }
    }

    /// Forgets what was counted.
    pub(super) fn recount(&mut self) {
        self.found.clear();
    }

    /// Makes the list anew.
    pub(super) fn list(&mut self) {
        let since = self.since.unwrap_or(i64::MIN);
        let mut all: Vec<(&Key, &Found)> = self
            .found
            .iter()
            .filter(|(_, found)| found.first >= since)
            .collect();
        let order = self.order;
        let by = move |(key, found): &(&Key, &Found)| {
            let place = match order {
                Order::Frequent => found.count,
                Order::Newest => u64::try_from(found.first).unwrap_or(0),
            };
            (Reverse(place), Reverse(found.last), key.0)
        };
        if all.len() > LISTED {
            all.select_nth_unstable_by_key(LISTED, by);
            all.truncate(LISTED);
        }
        all.sort_unstable_by_key(by);
        self.listed = all.into_iter().map(|(key, _)| key.clone()).collect();
    }

    /// The listed ones.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&Key, &Found)> {
        self.listed
            .iter()
            .filter_map(|key| self.found.get_key_value(key))
    }
}

/// Only messages of this pattern from now on, or none of them.
pub(super) fn filter(state: &mut State, key: &Key, out: bool, ctx: &Ctx) -> Vec<Next> {
    let found = state.patterns.as_ref().and_then(|p| p.found.get(key));
    let Some(found) = found else {
        return Vec::new();
    };
    let filter = expression(&found.pattern, key.1.as_deref());
    let next = clauses::add(state, &filter, out, ctx);
    panel::settle(state, ctx);
    next
}

/// A filter that messages of this pattern and source pass.
fn expression(pattern: &Pattern, source: Option<&str>) -> String {
    const LONGEST: usize = 2_000;
    let mut regex = String::from("^");
    let mut whole = true;
    for (at, piece) in pattern.pieces().enumerate() {
        if regex.len() + piece.len() > LONGEST {
            whole = false;
            break;
        }
        if at > 0 {
            // Values end at ASCII delimiters only: other blanks belong to them.
            regex.push_str("(?-u:\\S+)");
        }
        // What is no text is any text.
        for chunk in piece.utf8_chunks() {
            for c in regex::escape(chunk.valid()).chars() {
                match c {
                    '/' => regex.push_str("\\/"),
                    '\n' => regex.push_str("\\n"),
                    '\t' => regex.push_str("\\t"),
                    c if c.is_control() => regex.push('.'),
                    c => regex.push(c),
                }
            }
            if !chunk.invalid().is_empty() {
                regex.push_str("(?s-u:.)+?");
            }
        }
    }
    if whole {
        regex.push('$');
    }
    let mut out = format!("message:/{regex}/");
    if let Some(source) = source {
        // Some write without a unit: whoever says it then.
        let _ = write!(out, " {}", quote(source));
    }
    out
}

/// A pattern on one line.
pub(super) fn shown(found: &Found, source: Option<&str>) -> String {
    let pattern = found.pattern.to_string();
    let line = pattern.lines().next().unwrap_or("");
    format!(
        "{:>7}  {}: {}",
        found.count,
        text::clean(source.unwrap_or("-")),
        text::clean(line)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::Filter,
        logs::seen::{FIELDS, Seen},
        remote::HostId,
    };
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn entry(message: &[u8]) -> Entry {
        Entry {
            host: HostId::new("h"),
            cursor: Arc::from("c"),
            realtime: 0,
            monotonic: 0,
            boot: 1,
            priority: 6,
            unit: Some(Arc::from("a.service")),
            identifier: Some(Arc::from("a")),
            pid: None,
            message: Arc::from(message),
            cut_from: None,
            told: None,
        }
    }

    proptest! {
        #[test]
        fn a_message_passes_the_filter_of_its_pattern(
            message in prop_oneof![
                "[a-z0-9 /:=\\[\\]\"'.,{}()|*+?$^-]{0,60}",
                "\\PC{1,30}",
                "[a-zA-Z0-9]{0,8}\n\t[a-z0-9 ]{0,8}",
            ],
        ) {
            let mut patterns = Patterns::default();
            let entry = entry(message.as_bytes());
            patterns.add(1, &entry);
            patterns.list();
            let (key, found) = patterns.listed().next().unwrap();
            let text = expression(&found.pattern, key.1.as_deref());
            let filter = Filter::parse_for(&text, FIELDS);
            prop_assert!(filter.is_ok(), "{text}: {filter:?}");
            let seen = Seen::entry(&entry, Timestamp::UNIX_EPOCH);
            prop_assert!(filter.unwrap().matches(&seen), "{text}");
        }
    }

    #[test]
    fn frequent_and_newest_are_different_lists() {
        let mut patterns = Patterns::default();
        for n in 0..10 {
            patterns.add(n, &entry(format!("took {n} ms").as_bytes()));
        }
        patterns.add(7, &entry(b"refused"));
        patterns.list();
        let texts = |p: &Patterns| -> Vec<String> {
            p.listed()
                .map(|(_, found)| found.pattern.to_string())
                .collect()
        };
        assert_eq!(texts(&patterns), ["took • ms", "refused"]);
        patterns.order = Order::Newest;
        patterns.list();
        assert_eq!(texts(&patterns), ["refused", "took • ms"]);
        patterns.since = Some(5);
        patterns.list();
        assert_eq!(texts(&patterns), ["refused"]);
    }
}
