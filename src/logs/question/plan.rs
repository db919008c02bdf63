//! A term of a filter, made ready to be asked of blocks.

use super::{language, needle::Needles, seen::OF_SOURCE};
use crate::filter::{Compare, Pattern, Term, Test};
use regex_syntax::hir::Hir;

/// What decides a term.
#[derive(Debug)]
pub(super) enum Plan {
    /// The source of the row.
    Source,
    /// The message; with `named` also the texts of its source.
    Text { named: bool, looks: Vec<Look> },
    /// The time of the row.
    Time { age: bool, monotonic: bool },
    /// The process id.
    Pid,
    /// Nothing: rows have no such field.
    Nothing,
}

/// How a message is searched for one pattern of a term.
#[derive(Debug)]
pub(super) enum Look {
    /// Each contains it.
    Everything,
    /// It is a set of short strings.
    Needles { pattern: Pattern, needles: Needles },
    /// Row by row; only where all of these are, one of each.
    Each {
        pattern: Pattern,
        required: Vec<Needles>,
    },
}

/// A term and how it is asked.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) not: bool,
    pub(super) test: Test,
    pub(super) plan: Plan,
}

impl Ask {
    pub(super) fn new(term: &Term) -> Ask {
        Ask {
            not: term.not,
            test: term.test.clone(),
            plan: Plan::of(&term.test),
        }
    }
}

impl Plan {
    fn of(test: &Test) -> Plan {
        match test {
            Test::Anywhere(pattern) => Plan::Text {
                named: true,
                looks: vec![Look::of(pattern)],
            },
            Test::Field("message", patterns) => Plan::Text {
                named: false,
                looks: patterns.iter().map(Look::of).collect(),
            },
            Test::Field(name, _) | Test::Number(name, ..) if OF_SOURCE.contains(name) => {
                Plan::Source
            }
            Test::Field("pid", _) | Test::Number("pid", ..) => Plan::Pid,
            Test::Number(name @ ("age" | "time"), compare, _) => Plan::Time {
                age: *name == "age",
                monotonic: *compare != Compare::Equal,
            },
            Test::Field(..) | Test::Number(..) => Plan::Nothing,
        }
    }
}

impl Look {
    fn of(pattern: &Pattern) -> Look {
        let Some(hir) = pattern.hir() else {
            return Look::Each {
                pattern: pattern.clone(),
                required: Vec::new(),
            };
        };
        if let Some(all) = language::whole(&hir) {
            if all.needles.iter().any(Vec::is_empty) {
                return Look::Everything;
            }
            if let Some(needles) = Needles::new(all) {
                let pattern = pattern.clone();
                return Look::Needles { pattern, needles };
            }
        }
        Look::Each {
            pattern: pattern.clone(),
            required: required(&hir),
        }
    }
}

fn required(hir: &Hir) -> Vec<Needles> {
    let all = language::required(hir).into_iter();
    all.filter_map(Needles::new).collect()
}
