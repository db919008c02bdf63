//! The filter grammar, the same in every list and in the logs.
//!
//! | term | matches rows |
//! | --- | --- |
//! | `word`, `"two words"` | with this text in one of their texts |
//! | `/regex/`, `/regex/i` | with a match of the regular expression |
//! | `~fuzzy` | with these characters in order and close together |
//! | `field:value`, `field:a,b` | whose field contains the value (or is it, for numbers) |
//! | `field:=value` | whose field is exactly the value |
//! | `field:/regex/`, `field:~fuzzy` | as above, in one field |
//! | `age>2h`, `restarts>=3`, `memory>1G`, `prio:<=3` | whose field compares so |
//! | `prio:warning` | of this priority and worse; `prio:=warning` of this one alone |
//! | `!term`, `field:!value` | that the term does not match |
//!
//! Terms are and-ed. Lower-case text ignores case, text with a capital does not. A token that
//! starts with `/` and is not closed is a word, so that paths can be typed as they are.
//! Parsing and matching live here; what rows and fields mean is said by the rows ([`Row`]).

mod fields;
mod parse;
mod pattern;

pub use fields::{FIELDS, FieldSpec, Kind};
pub use pattern::Pattern;

use std::{borrow::Cow, ops::Range};

/// One row of a list, as a filter sees it.
pub trait Row {
    /// Gives each text that bare words search to `visit`, until it answers true; returns whether
    /// it did. Bytes, because log messages are not always UTF-8.
    fn texts(&self, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// The value of a field by its canonical name ([`FieldSpec::name`]); `None` where the row has
    /// no such field or no value.
    fn field(&self, name: &str) -> Option<Value<'_>>;
}

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Compared as text.
    Text(Cow<'a, str>),
    /// The same, of bytes that need not be UTF-8.
    Bytes(&'a [u8]),
    /// Compared as a number: a count, bytes, seconds or a priority, as the field's [`Kind`] says.
    Number(f64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

/// A comparison of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

/// What a single term asks.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// In any of the row's texts.
    Anywhere(Pattern),
    /// In the field; any of the patterns will do.
    Field(&'static str, Vec<Pattern>),
    /// The field compared with a number; any of them will do.
    Number(&'static str, Compare, Vec<f64>),
}

/// A term and whether it is negated.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) not: bool,
    pub(crate) test: Test,
}

/// Why a filter could not be understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// The offending bytes of the text that was parsed.
    pub span: Range<usize>,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A parsed filter. Compared by its text; the empty one matches everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Filter {}

impl Filter {
    /// Parses a filter in which every field of [`FIELDS`] may be named.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        parse::parse(text, None)
    }

    /// Parses a filter for rows that only have these fields (canonical names); naming another is
    /// an error that lists what there is.
    pub fn parse_for(text: &str, fields: &[&str]) -> Result<Filter, FilterError> {
        parse::parse(text, Some(fields))
    }

    /// Its terms, all of which a row must pass.
    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The text it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has no terms and so matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the row passes every term.
    pub fn matches<R: Row + ?Sized>(&self, row: &R) -> bool {
        self.terms
            .iter()
            .all(|term| term.test.holds(row) != term.not)
    }

    /// The byte ranges of `text` that the filter's positive, field-less terms match: sorted, not
    /// overlapping, on character boundaries.
    pub fn highlights(&self, text: &str) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        for term in self.terms.iter().filter(|term| !term.not) {
            if let Test::Anywhere(pattern) = &term.test {
                pattern.find_all(text, &mut ranges);
            }
        }
        merge_ranges(&mut ranges);
        ranges
    }
}

impl Test {
    pub(crate) fn holds<R: Row + ?Sized>(&self, row: &R) -> bool {
        match self {
            Test::Anywhere(pattern) => row.texts(&mut |text| pattern.is_match(text)),
            Test::Field(name, patterns) => match row.field(name) {
                Some(Value::Text(text)) => patterns.iter().any(|p| p.is_match(text.as_bytes())),
                Some(Value::Bytes(text)) => patterns.iter().any(|p| p.is_match(text)),
                Some(Value::Number(number)) => {
                    let text = number.to_string();
                    patterns.iter().any(|p| p.is_match(text.as_bytes()))
                }
                None => false,
            },
            Test::Number(name, compare, wanted) => match row.field(name) {
                Some(Value::Number(number)) => wanted.iter().any(|w| compare.holds(number, *w)),
                _ => false,
            },
        }
    }
}

impl Compare {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Compare::Less => left < right,
            Compare::AtMost => left <= right,
            Compare::Equal => left == right,
            Compare::AtLeast => left >= right,
            Compare::More => left > right,
        }
    }
}

/// Sorts ranges and joins those that touch or overlap.
pub(crate) fn merge_ranges(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_by_key(|r| (r.start, r.end));
    ranges.dedup_by(|next, kept| {
        if next.start <= kept.end {
            kept.end = kept.end.max(next.end);
            true
        } else {
            false
        }
    });
}

/// The term that matches exactly this value of a field, quoted where it must be; with `not`, the
/// term that matches everything else. [`Filter::parse`] understands it.
pub fn term_for(field: &str, value: &str, not: bool) -> String {
    let not = if not { "!" } else { "" };
    format!("{field}:{not}={}", quote(value))
}

/// The text as a bare word, quoted where it must be.
pub fn quote(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'));
    if plain {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
