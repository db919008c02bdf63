//! `--count`: how many entries, by host.

use super::stamp;
use crate::logs::seen::Seen;
use crate::problem::Problem;
use crate::text;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts.
pub(super) struct Counter(BTreeMap<String, Counted>);

#[derive(Default)]
struct Counted {
    count: u64,
    /// Earliest and latest, microseconds since 1970.
    range: Option<(i64, i64)>,
}

/// A host's line of the document.
#[derive(Debug, Serialize)]
pub(super) struct Item<'a> {
    host: &'a str,
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Counter {
    pub(super) fn new(hosts: &[&str]) -> Counter {
        let none = |host: &&str| ((*host).to_owned(), Counted::default());
        Counter(hosts.iter().map(none).collect())
    }

    pub(super) fn add(&mut self, seen: &Seen<'_>) {
        let range = (seen.realtime != 0).then_some((seen.realtime, seen.realtime));
        self.add_all(seen.host, &Counted { count: 1, range });
    }

    /// Takes in what was counted of later entries.
    pub(super) fn join(&mut self, later: &Counter) {
        for (host, counted) in &later.0 {
            self.add_all(host, counted);
        }
    }

    fn add_all(&mut self, host: &str, more: &Counted) {
        if !self.0.contains_key(host) {
            self.0.insert(host.to_owned(), Counted::default());
        }
        let Some(counted) = self.0.get_mut(host) else {
            return;
        };
        counted.count += more.count;
        let Some((from, to)) = more.range else { return };
        let (first, last) = counted.range.unwrap_or((from, to));
        counted.range = Some((first.min(from), last.max(to)));
    }

    /// Hosts that gave an answer.
    fn answered(&self, problems: &[Problem]) -> impl Iterator<Item = (&str, &Counted)> {
        let silent = |host: &str| problems.iter().any(|p| p.host.as_deref() == Some(host));
        self.0
            .iter()
            .filter(move |(host, counted)| counted.count > 0 || !silent(host))
            .map(|(host, counted)| (host.as_str(), counted))
    }

    pub(super) fn items(&self, problems: &[Problem]) -> Vec<Item<'_>> {
        self.answered(problems)
            .map(|(host, counted)| Item {
                host,
                count: counted.count,
                first: counted.range.and_then(|(first, _)| stamp(first)),
                last: counted.range.and_then(|(_, last)| stamp(last)),
            })
            .collect()
    }

    /// The number alone for one host; of several a line each and their sum, as `wc` does.
    pub(super) fn text(&self, problems: &[Problem]) -> String {
        let total: u64 = self.0.values().map(|counted| counted.count).sum();
        if self.0.len() <= 1 {
            return format!("{total}\n");
        }
        let width = total.to_string().len();
        let mut out = String::new();
        for (host, counted) in self.answered(problems) {
            let _ = writeln!(out, "{:width$} {}", counted.count, text::clean(host));
        }
        let _ = writeln!(out, "{total:width$} total");
        out
    }
}
