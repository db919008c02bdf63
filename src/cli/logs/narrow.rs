//! What of the entries that hosts send is wanted: the console's filters, applied here.

use crate::filter::Filter;
use crate::logs::{
    export::Raw,
    question::Clause,
    seen::{FIELDS, Seen},
};
use crate::problem::{Exit, Problem};
use crate::text;
use jiff::Timestamp;

/// Filters that all have to be passed.
pub(super) struct Narrow {
    clauses: Vec<Clause>,
    now: Timestamp,
}

impl Narrow {
    /// Reads what `--filter` and `--filter-out` were given.
    pub(super) fn parse(within: &[String], without: &[String]) -> Result<Narrow, Problem> {
        let mut clauses = Vec::new();
        for text in within {
            clauses.push(Clause::within(read("--filter", text)?));
        }
        for text in without {
            clauses.push(Clause::without(read("--filter-out", text)?));
        }
        clauses.retain(|clause| !clause.filter.is_empty());
        Ok(Narrow {
            clauses,
            now: Timestamp::now(),
        })
    }

    /// Whether nothing is left out.
    pub(super) fn takes_all(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Whether an entry passes all of them.
    pub(super) fn passes(&self, raw: &Raw<'_>, host: &str) -> bool {
        self.takes_all() || self.passes_seen(&Seen::raw(raw, host, self.now))
    }

    /// The same of an entry as filters see it.
    pub(super) fn passes_seen(&self, seen: &Seen<'_>) -> bool {
        let now = self.now;
        let seen = Seen { now, ..*seen };
        self.clauses.iter().all(|clause| clause.passes(&seen))
    }
}

fn read(option: &str, text: &str) -> Result<Filter, Problem> {
    Filter::parse_for(text, FIELDS).map_err(|error| {
        let place = text.get(error.span.clone()).unwrap_or_default();
        let place = match place.trim() {
            "" => String::new(),
            place => format!(" at '{}'", text::clean(place)),
        };
        let message = format!("{option}{place}: {error}");
        Problem::new("cli", "bad-filter", Exit::Usage, message).hint(
            "e.g. 'timeout', '/5\\d\\d/', 'unit:nginx prio:<=3', '!healthz'; docs/guide.md has the grammar",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::export::{Limits, Parser};

    #[test]
    fn all_filters_have_to_be_passed() {
        let narrow = |within: &[&str], without: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
            let narrow = Narrow::parse(&owned(within), &owned(without)).unwrap();
            let mut parser = Parser::new(Limits::WHOLE);
            parser.feed(
                b"__CURSOR=c\n__REALTIME_TIMESTAMP=1\n_BOOT_ID=65fb330c45544b1aa2eb3c18f3295e98\n\
                  MESSAGE=GET /orders 500\n_SYSTEMD_UNIT=web.service\n\n",
            );
            narrow.passes(&parser.next().unwrap().unwrap(), "h1")
        };
        assert!(narrow(&[], &[]));
        assert!(narrow(&["orders", "unit:web"], &["healthz"]));
        assert!(!narrow(&["orders", "unit:db"], &[]));
        assert!(!narrow(&["orders"], &["500 get"]));
        assert!(narrow(&["", " "], &[""]));
    }

    #[test]
    fn a_mistake_is_shown_with_its_place() {
        let problem = Narrow::parse(&["web hots:a".into()], &[]).err().unwrap();
        assert_eq!(
            problem.message,
            "--filter at 'hots': there is no field `hots`: did you mean `host`?"
        );
        assert_eq!(problem.exit, Exit::Usage);
    }
}
