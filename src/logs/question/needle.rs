//! Short strings that are looked for in blocks of messages: which patterns contain one for sure or
//! perhaps, and what to look for among the values.

use super::language::{Bytes, Language, Needle};
use crate::logs::{
    pattern::{Pattern, is_delimiter},
    store::{Block, Trigrams},
};
use regex::bytes::{Regex, RegexBuilder};
use std::fmt::Write;

/// Compiled size that a search for needles may reach.
const SIZE_LIMIT: usize = 16 << 20;

/// Bytes of a needle that are compared with patterns: what is longer only passes too many.
const COMPARED: usize = 64;

/// What a pattern says of the messages made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// No needle reaches out of a value; one may lie inside.
    Never,
    /// It depends on the values.
    Maybe,
    /// Each must be looked at.
    Unsure,
    /// Each contains a needle.
    Always,
}

/// A set of needles, any of which will do.
#[derive(Debug)]
pub(crate) struct Needles {
    any: Regex,
    /// The trigrams of each.
    trigrams: Vec<Trigrams>,
    /// Those that lie inside one token.
    inside: Option<(Regex, Vec<Trigrams>)>,
    across: Vec<Across>,
    folds: bool,
}

/// A needle with delimiters in it.
#[derive(Debug)]
struct Across {
    /// For each byte the places where it may stand.
    places: Vec<u64>,
    /// The places where something else than a delimiter may stand.
    inner: u64,
    last: u64,
    values: Values,
}

/// What is in a value when a needle with delimiters reaches into it.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// Nothing: a value cannot be part of it.
    Nothing,
    /// A match of this, which has one of these sets of trigrams.
    Part(Regex, Vec<Trigrams>),
    /// Anything.
    Anything,
}

impl Needles {
    /// `None` when one is empty, when there is none or when they are too large together.
    pub(crate) fn new(language: Language) -> Option<Needles> {
        if language.shortest() == 0 {
            return None;
        }
        let any = search(&language.needles)?;
        let trigrams = language.needles.iter().map(|needle| trigrams(needle));
        let trigrams = trigrams.collect();
        let (across, inside): (Vec<&Needle>, Vec<&Needle>) = language
            .needles
            .iter()
            .partition(|needle| needle.iter().any(|bytes| bytes.any(is_delimiter)));
        let inside: Vec<Needle> = inside.into_iter().cloned().collect();
        let inside = match inside.as_slice() {
            [] => None,
            needles => Some((
                search(needles)?,
                needles.iter().map(|n| self::trigrams(n)).collect(),
            )),
        };
        let across = across.into_iter().map(Across::new);
        Some(Needles {
            any,
            trigrams,
            inside,
            across: across.collect(),
            folds: language.folds,
        })
    }

    /// Whether texts with `ſ` or `K` must be looked at otherwise.
    pub(crate) fn folds(&self) -> bool {
        self.folds
    }

    /// Finds any needle in a text.
    pub(crate) fn any(&self) -> &Regex {
        &self.any
    }

    /// Whether a block's texts may hold a needle.
    pub(crate) fn may_be_in_texts(&self, block: &Block) -> bool {
        let mut trigrams = self.trigrams.iter();
        trigrams.any(|trigrams| block.texts_may_hold(trigrams))
    }

    /// Finds the needles that lie inside one value; `None` if none is in this block.
    pub(crate) fn inside(&self, block: &Block) -> Option<&Regex> {
        let (search, trigrams) = self.inside.as_ref()?;
        values_may_hold(block, trigrams).then_some(search)
    }

    /// What values of this block look like that a needle with delimiters reaches into.
    pub(crate) fn across(&self, block: &Block) -> impl Iterator<Item = &Values> {
        let values = self.across.iter().map(|across| &across.values);
        values.filter(|values| match values {
            Values::Nothing => false,
            Values::Part(_, trigrams) => values_may_hold(block, trigrams),
            Values::Anything => true,
        })
    }

    /// What a pattern says of its messages.
    pub(crate) fn fit(&self, pattern: &Pattern) -> Fit {
        if pattern.pieces().any(|piece| self.any.is_match(piece)) {
            Fit::Always
        } else if self.folds && pattern.pieces().any(has_odd_case) {
            Fit::Unsure
        } else if pattern.slots() > 0 && self.across.iter().any(|across| across.reaches(pattern)) {
            Fit::Maybe
        } else {
            Fit::Never
        }
    }
}

impl Across {
    fn new(needle: &Needle) -> Across {
        let compared = needle.get(..COMPARED).unwrap_or(needle);
        let mut across = Across {
            places: vec![0; 256],
            inner: 0,
            last: 1 << (compared.len() - 1),
            values: Values::of(needle),
        };
        for (place, bytes) in compared.iter().enumerate() {
            for byte in bytes.iter() {
                if let Some(places) = across.places.get_mut(usize::from(byte)) {
                    *places |= 1 << place;
                }
                if !is_delimiter(byte) {
                    across.inner |= 1 << place;
                }
            }
        }
        across
    }

    /// Whether the needle may stand partly in static text and partly in values.
    fn reaches(&self, pattern: &Pattern) -> bool {
        // Bit n: the first n + 1 places have been met.
        let mut met: u64 = 0;
        for (at, piece) in pattern.pieces().enumerate() {
            if at > 0 {
                // A value is one byte or more; the needle may begin in it or go through it.
                let mut through: u64 = 0;
                loop {
                    let next = (((met | through) << 1) | 1) & self.inner;
                    if next | through == through {
                        break;
                    }
                    through |= next;
                }
                met = through;
                if met & self.last != 0 {
                    return true;
                }
            }
            for byte in piece {
                let places = self.places.get(usize::from(*byte)).copied().unwrap_or(0);
                met = ((met << 1) | 1) & places;
                if met & self.last != 0 {
                    return true;
                }
            }
        }
        false
    }
}

impl Values {
    /// For a needle with delimiters.
    fn of(needle: &Needle) -> Values {
        let mut parts: Vec<&[Bytes]> = Vec::new();
        let mut from = 0;
        for (at, bytes) in needle.iter().enumerate() {
            if bytes.all(is_delimiter) {
                parts.push(needle.get(from..at).unwrap_or_default());
                from = at + 1;
            } else if bytes.any(is_delimiter) {
                return Values::Anything;
            }
        }
        parts.push(needle.get(from..).unwrap_or_default());
        let digit = |byte: u8| byte.is_ascii_digit();
        // A token with a digit is a value.
        let sure = |part: &&&[Bytes]| part.iter().any(|bytes| bytes.all(digit));
        let found = match parts.iter().filter(sure).max_by_key(|part| part.len()) {
            Some(part) => vec![part.to_vec()],
            None => {
                // One in the middle is a whole token; the first and the last may be parts of one.
                let last = parts.len() - 1;
                let parts = parts.iter().enumerate().filter(|(at, part)| {
                    !part.is_empty()
                        && (*at == 0 || *at == last || part.iter().any(|bytes| bytes.any(digit)))
                });
                parts.map(|(_, part)| part.to_vec()).collect()
            }
        };
        match found.as_slice() {
            [] => Values::Nothing,
            parts => match search(parts) {
                Some(search) => {
                    let trigrams = parts.iter().map(|part| trigrams(part));
                    Values::Part(search, trigrams.collect())
                }
                None => Values::Anything,
            },
        }
    }
}

fn has_odd_case(text: &[u8]) -> bool {
    let odd = [b"\xe2\x84\xaa".as_slice(), b"\xc5\xbf"];
    !text.is_ascii()
        && odd
            .iter()
            .any(|odd| memchr::memmem::find(text, odd).is_some())
}

fn values_may_hold(block: &Block, any: &[Trigrams]) -> bool {
    any.iter().any(|trigrams| block.values_may_hold(trigrams))
}

/// The trigrams that are certain.
fn trigrams(needle: &[Bytes]) -> Trigrams {
    let text: Vec<u8> = needle
        .iter()
        .map(|bytes| {
            let mut folded = bytes.iter().map(|byte| byte.to_ascii_lowercase());
            let first = folded.next().unwrap_or(b' ');
            // A delimiter where there is a choice.
            if folded.all(|other| other == first) {
                first
            } else {
                b' '
            }
        })
        .collect();
    Trigrams::of(&text)
}

/// Finds any of the needles; byte by byte, whatever the text.
fn search(needles: &[Needle]) -> Option<Regex> {
    let mut source = String::from("(?s-u)");
    for (n, needle) in needles.iter().enumerate() {
        if n > 0 {
            source.push('|');
        }
        for bytes in needle {
            source.push('[');
            for byte in bytes.iter() {
                // Writing to a string cannot fail.
                let _ = write!(source, "\\x{byte:02x}");
            }
            source.push(']');
        }
    }
    RegexBuilder::new(&source)
        .unicode(false)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{filter, logs::question::language};
    use proptest::prelude::*;

    fn needles(source: &str) -> Needles {
        let hir = filter::Pattern::regex(source, false)
            .unwrap()
            .hir()
            .unwrap();
        Needles::new(language::whole(&hir).unwrap()).unwrap()
    }

    #[test]
    fn patterns_say_what_is_in_their_messages() {
        let cases = [
            ("took", "GET /orders/4711 took 12.5ms", Fit::Always),
            ("TOOK", "GET /orders/4711 took 12.5ms", Fit::Never),
            ("took 12", "GET /orders/4711 took 12.5ms", Fit::Maybe),
            ("took 99", "GET /orders/4711 took 12.5ms", Fit::Maybe),
            ("orders/.", "GET /orders/4711 took 12.5ms", Fit::Maybe),
            ("4711", "GET /orders/4711 took 12.5ms", Fit::Never),
            ("4711 took", "GET /orders/4711 took 12.5ms", Fit::Maybe),
            (
                "ers/4711 took 1",
                "GET /orders/4711 took 12.5ms",
                Fit::Maybe,
            ),
            ("took  ", "GET /orders/4711 took 12.5ms", Fit::Never),
            ("refused|took", "GET /orders/4711 took 12.5ms", Fit::Always),
            ("lost 5 times", "lost 77 times", Fit::Maybe),
            ("lost 5 of", "lost 77 times", Fit::Never),
        ];
        for (source, message, expected) in cases {
            let source = source.replace('.', "\\.");
            assert_eq!(
                needles(&source).fit(&Pattern::of(message.as_bytes())),
                expected,
                "{source}"
            );
        }
    }

    fn word() -> impl Strategy<Value = String> {
        "[ab1 =]{1,5}|[Kk1 ]{1,3}|(a1 ){20,30}|a[ b]1"
    }

    proptest! {
        /// Always and Never are never wrong, and what is looked for in values is there.
        #[test]
        fn the_fit_holds_for_every_message(message in "[ab1 =kK]{0,30}|(a1 ){0,40}", words in proptest::collection::vec(word(), 1..3)) {
            let needles = needles(&words.join("|"));
            let mut splitter = crate::logs::pattern::Splitter::default();
            let mut values = Vec::new();
            splitter.split(message.as_bytes(), &mut values);
            let found = needles.any().is_match(message.as_bytes());
            let inside = needles.inside.as_ref().is_some_and(|(search, _)| search.is_match(&values));
            match needles.fit(&splitter.pattern()) {
                Fit::Always => prop_assert!(found),
                Fit::Never => prop_assert_eq!(found, inside),
                Fit::Maybe if found && !inside => {
                    let reached = needles.across.iter().any(|across| match &across.values {
                        Values::Nothing => false,
                        Values::Part(search, _) => search.is_match(&values),
                        Values::Anything => true,
                    });
                    prop_assert!(reached);
                }
                Fit::Maybe | Fit::Unsure => {}
            }
        }
    }
}
