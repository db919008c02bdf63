//! What is asked of journal entries: several filters, each in or out.
//!
//! A [`Question`] can be asked of one row, or of whole blocks of the store through an
//! [`Evaluator`], which looks at as little as it can: sources and patterns are few, an index says
//! which blocks cannot hold a word. Nothing is remembered here of what is shown.

pub mod bits;
mod evaluate;
mod language;
mod matches;
mod needle;
mod plan;
mod seen;
mod text;

#[cfg(test)]
mod tests;

pub use bits::Bits;
pub use evaluate::Evaluator;
pub use matches::{Marks, Matches};

use crate::{
    filter::{self, Filter},
    logs::{
        Entry,
        seen::Seen,
        store::{Item, Row, Source},
    },
};
use evaluate::Group;
use jiff::Timestamp;
use plan::{Ask, Plan};

/// One of several filters, each of which may be switched off and on again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What it asks.
    pub filter: Filter,
    /// Rows that the filter matches are left out, rather than the others.
    pub out: bool,
    /// Switched on.
    pub on: bool,
}

impl Clause {
    /// Only rows that match.
    pub fn within(filter: Filter) -> Clause {
        Clause {
            filter,
            out: false,
            on: true,
        }
    }

    /// All rows but those that match.
    pub fn without(filter: Filter) -> Clause {
        Clause {
            filter,
            out: true,
            on: true,
        }
    }

    /// Whether a row gets by this clause; each does while it is off or its filter is empty.
    pub fn passes<R: filter::Row + ?Sized>(&self, row: &R) -> bool {
        !self.on || self.filter.is_empty() || self.filter.matches(row) != self.out
    }
}

/// See the module.
#[derive(Debug)]
pub struct Question {
    clauses: Vec<Clause>,
    /// The clauses that are on, ready to be asked.
    groups: Vec<Group>,
    /// From which time ages are reckoned, in microseconds since 1970.
    now: i64,
    /// Holes pass.
    gaps: bool,
}

impl Question {
    /// Which rows pass all clauses? What is missing is never hidden: gaps pass.
    pub fn new(clauses: Vec<Clause>, now: Timestamp) -> Question {
        let on = clauses
            .iter()
            .filter(|clause| clause.on && !clause.filter.is_empty());
        let groups = on.map(|clause| {
            let asks: Vec<Ask> = clause.filter.terms().iter().map(Ask::new).collect();
            Group {
                out: clause.out,
                of_sources: asks
                    .iter()
                    .all(|ask| matches!(ask.plan, Plan::Source | Plan::Nothing)),
                asks,
            }
        });
        Question {
            groups: groups.collect(),
            clauses,
            now: now.as_microsecond(),
            gaps: true,
        }
    }

    /// Which rows does a search hit? Gaps are no hits.
    pub fn search(filter: Filter, now: Timestamp) -> Question {
        Question {
            gaps: false,
            ..Question::new(vec![Clause::within(filter)], now)
        }
    }

    /// All clauses, also those that are off.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.gaps
    }

    /// Whether a row passes.
    pub fn holds(&self, row: &Row) -> bool {
        match &row.item {
            Item::Gap(_) => self.holds_gap(),
            Item::Entry(entry) => self.holds_entry(entry, row.id.time),
        }
    }

    /// Whether an entry passes; its time by our clock, as that of its row.
    pub fn holds_entry(&self, entry: &Entry, time: i64) -> bool {
        let now = Timestamp::from_microsecond(self.now).unwrap_or_default();
        let seen = Seen {
            realtime: time,
            ..Seen::entry(entry, now)
        };
        self.clauses.iter().all(|clause| clause.passes(&seen))
    }

    /// Whether a gap passes.
    pub fn holds_gap(&self) -> bool {
        self.gaps
    }

    /// Whether rows of this source pass what sources decide.
    fn marks(&self, source: &Source) -> bool {
        let decided = self.groups.iter().filter(|group| group.of_sources);
        source.gap || decided.into_iter().all(|group| group.marks(source))
    }
}
