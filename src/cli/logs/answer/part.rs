//! Parts of an answer: of a file's pieces, each gathered by itself.

use super::{super::narrow::Narrow, Answer, Counter};
use crate::logs::{
    file::{Fold, Found},
    survey::Survey,
};

/// What is gathered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Count,
    Histogram,
    Patterns,
}

impl Kind {
    /// What an answer is made of; `None` where entries are printed one by one.
    pub(super) fn of(answer: &Answer) -> Option<Kind> {
        match answer {
            Answer::Lines(_) => None,
            Answer::Count(_) => Some(Kind::Count),
            Answer::Histogram(_) => Some(Kind::Histogram),
            Answer::Patterns(_) => Some(Kind::Patterns),
        }
    }
}

/// Gathers what passes the filters.
pub(super) struct Parts<'a> {
    kind: Kind,
    narrow: &'a Narrow,
}

impl<'a> Parts<'a> {
    pub(super) fn new(kind: Kind, narrow: &'a Narrow) -> Parts<'a> {
        Parts { kind, narrow }
    }
}

/// What was gathered of one piece.
pub(super) struct Part {
    taken: u64,
    of: Of,
}

enum Of {
    Count(Counter),
    /// Times and priorities.
    Histogram(Vec<(i64, u8)>),
    Patterns(Survey),
}

impl Part {
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Adds it to the whole.
    pub(super) fn join(self, answer: &mut Answer) {
        match (self.of, answer) {
            (Of::Count(part), Answer::Count(whole)) => whole.join(&part),
            (Of::Histogram(part), Answer::Histogram(whole)) => {
                for (time, priority) in part {
                    whole.add_at(time, priority);
                }
            }
            (Of::Patterns(part), Answer::Patterns(whole)) => whole.join(part),
            _ => {}
        }
    }
}

impl Fold for Parts<'_> {
    type Part = Part;

    fn begin(&self) -> Part {
        let of = match self.kind {
            Kind::Count => Of::Count(Counter::new(&[])),
            Kind::Histogram => Of::Histogram(Vec::new()),
            Kind::Patterns => Of::Patterns(Survey::default()),
        };
        Part { taken: 0, of }
    }

    fn add(&self, part: &mut Part, found: &Found<'_>) {
        let seen = &found.seen;
        if !self.narrow.passes_seen(seen) {
            return;
        }
        part.taken += 1;
        match &mut part.of {
            Of::Count(counter) => counter.add(seen),
            Of::Histogram(times) => times.push((seen.realtime, seen.priority)),
            Of::Patterns(survey) => survey.add(seen),
        }
    }
}
