//! `--patterns`: what kinds of messages there are, the most frequent first.

use super::stamp;
use crate::cli::output;
use crate::logs::{
    seen::Seen,
    survey::{Found, Survey},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeSet;

/// Messages by pattern.
pub(super) struct Patterns {
    survey: Survey,
    /// Only those not seen before, microseconds since 1970.
    new_since: Option<i64>,
    zone: TimeZone,
}

/// A pattern of the document.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pattern: String,
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    source: Option<String>,
    hosts: BTreeSet<Box<str>>,
    priority: u8,
    example: String,
}

impl Patterns {
    pub(super) fn new(new_since: Option<i64>, zone: TimeZone) -> Patterns {
        Patterns {
            survey: Survey::default(),
            new_since,
            zone,
        }
    }

    pub(super) fn add(&mut self, seen: &Seen<'_>) {
        self.survey.add(seen);
    }

    /// Takes in what was gathered of later entries.
    pub(super) fn join(&mut self, later: Survey) {
        self.survey.join(later);
    }

    /// What is to be told, and how many entries are not in it because they are of too many kinds.
    fn found(self) -> (Vec<Found>, u64) {
        let forgotten = self.survey.forgotten();
        let mut found = self.survey.most_frequent();
        if let Some(since) = self.new_since {
            found.retain(|found| found.first >= since);
        }
        (found, forgotten)
    }

    pub(super) fn items(self) -> Vec<Item> {
        let (found, forgotten) = self.found();
        tell(forgotten);
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let time = |micros| (micros != 0).then(|| stamp(micros)).flatten();
        found
            .into_iter()
            .map(|found| Item {
                pattern: found.pattern.to_string(),
                count: found.count,
                first: time(found.first),
                last: time(found.last),
                source: found.source.as_deref().map(lossy),
                hosts: found.hosts,
                priority: found.priority,
                example: lossy(&found.example),
            })
            .collect()
    }

    pub(super) fn text(self) -> String {
        let zone = self.zone.clone();
        let (found, forgotten) = self.found();
        tell(forgotten);
        let time = |micros: i64| {
            let time = (micros != 0).then(|| stamp(micros)).flatten();
            time.map_or("-".to_owned(), |time| {
                let time = time.to_zoned(zone.clone());
                time.strftime("%b %d %H:%M:%S").to_string()
            })
        };
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|found| {
                let source = found.source.as_deref().unwrap_or(b"-");
                let source = String::from_utf8_lossy(source).into_owned();
                vec![
                    found.count.to_string(),
                    time(found.first),
                    time(found.last),
                    found.priority.to_string(),
                    source
                        .strip_suffix(".service")
                        .unwrap_or(&source)
                        .to_owned(),
                    first_line(&found.pattern.to_string()),
                ]
            })
            .collect();
        output::table(
            &["COUNT", "FIRST", "LAST", "PRIO", "SOURCE", "PATTERN"],
            &rows,
        )
    }
}

/// A pattern of several lines by its first one.
fn first_line(pattern: &str) -> String {
    match pattern.split_once('\n') {
        Some((first, _)) => format!("{first} …"),
        None => pattern.to_owned(),
    }
}

fn tell(forgotten: u64) {
    if forgotten > 0 {
        output::note(&format!(
            "qd: {forgotten} entries are of too many rare kinds to list them; narrow the question"
        ));
    }
}
