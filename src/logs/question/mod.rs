//! What is asked of journal entries: which rows pass a set of filters.

use crate::filter::{Filter, Row};

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
    pub fn passes<R: Row + ?Sized>(&self, row: &R) -> bool {
        !self.on || self.filter.is_empty() || self.filter.matches(row) != self.out
    }
}
