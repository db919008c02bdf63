//! What a term looks for in a text: a word, a regular expression or a fuzzy pattern.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;
use std::{ops::Range, sync::Arc};

/// Compiled size that a regular expression may reach; larger ones are refused.
const SIZE_LIMIT: usize = 1 << 20;

/// How deep a regular expression may be nested.
const NEST_LIMIT: u32 = 64;

/// Something to look for in a text. Cheap to clone; matching takes time linear in the text.
#[derive(Debug, Clone)]
pub struct Pattern(Inner);

#[derive(Debug, Clone)]
enum Inner {
    Regex {
        regex: Regex,
        source: Arc<str>,
        fold: bool,
    },
    Fuzzy {
        needle: Vec<char>,
        fold: bool,
    },
}

impl Pattern {
    /// The text as it is; lower-case text ignores case.
    pub fn word(text: &str) -> Result<Pattern, String> {
        compile(&regex::escape(text), smart_fold(text))
    }

    /// Exactly this and nothing else; case counts.
    pub fn exact(text: &str) -> Result<Pattern, String> {
        compile(&format!("^(?:{})$", regex::escape(text)), false)
    }

    /// A regular expression; one without capitals ignores case, as does `ignore_case`.
    pub fn regex(source: &str, ignore_case: bool) -> Result<Pattern, String> {
        compile(source, ignore_case || smart_fold_regex(source))
    }

    /// The characters in order and close together.
    pub fn fuzzy(text: &str) -> Pattern {
        let fold = smart_fold(text);
        Pattern(Inner::Fuzzy {
            needle: text.chars().collect(),
            fold,
        })
    }

    /// Whether the text contains a match.
    pub fn is_match(&self, text: &[u8]) -> bool {
        match &self.0 {
            Inner::Regex { regex, .. } => regex.is_match(text),
            Inner::Fuzzy { needle, fold } => {
                let text = String::from_utf8_lossy(text);
                fuzzy(&text, needle, *fold).is_some()
            }
        }
    }

    /// What it looks for, taken apart; `None` when it is no regular expression.
    pub(crate) fn hir(&self) -> Option<Hir> {
        let Inner::Regex { source, fold, .. } = &self.0 else {
            return None;
        };
        regex_syntax::ParserBuilder::new()
            .utf8(false)
            .case_insensitive(*fold)
            .nest_limit(NEST_LIMIT)
            .build()
            .parse(source)
            .ok()
    }

    /// Appends the byte ranges of all matches that are not empty, on character boundaries.
    pub fn find_all(&self, text: &str, ranges: &mut Vec<Range<usize>>) {
        match &self.0 {
            Inner::Regex { regex, .. } => ranges.extend(
                regex
                    .find_iter(text.as_bytes())
                    .map(|m| m.range())
                    .filter(|r| {
                        !r.is_empty()
                            && text.is_char_boundary(r.start)
                            && text.is_char_boundary(r.end)
                    }),
            ),
            Inner::Fuzzy { needle, fold } => {
                if let Some(hits) = fuzzy(text, needle, *fold) {
                    ranges.extend(hits);
                }
            }
        }
    }
}

/// Lower-case text ignores case.
fn smart_fold(text: &str) -> bool {
    !text.chars().any(char::is_uppercase)
}

/// As [`smart_fold`], but classes such as `\S` and `\W` are no capitals.
fn smart_fold_regex(source: &str) -> bool {
    let mut escaped = false;
    !source.chars().any(|c| {
        let capital = c.is_uppercase() && !escaped;
        escaped = c == '\\' && !escaped;
        capital
    })
}

fn compile(source: &str, fold: bool) -> Result<Pattern, String> {
    RegexBuilder::new(source)
        .case_insensitive(fold)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(2 * SIZE_LIMIT)
        .nest_limit(NEST_LIMIT)
        .build()
        .map(|regex| {
            Pattern(Inner::Regex {
                regex,
                source: source.into(),
                fold,
            })
        })
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "the regular expression is too large: use smaller repetition counts".to_owned()
            }
            other => {
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or("not understood");
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                format!("not a regular expression: {reason}")
            }
        })
}

fn same(a: char, b: char, fold: bool) -> bool {
    a == b || (fold && a.to_lowercase().eq(b.to_lowercase()))
}

/// The characters of `needle` in order within a window of at most four times its length: the
/// byte range of each, or `None`.
fn fuzzy(text: &str, needle: &[char], fold: bool) -> Option<Vec<Range<usize>>> {
    let window = needle.len().saturating_mul(4);
    let first = *needle.first()?;
    for (start, c) in text.char_indices() {
        if !same(c, first, fold) {
            continue;
        }
        let mut wanted = needle.iter().copied().peekable();
        let mut hits = Vec::with_capacity(needle.len());
        for (offset, c) in text.get(start..)?.char_indices().take(window) {
            match wanted.peek() {
                Some(next) if same(c, *next, fold) => {
                    wanted.next();
                    hits.push(start + offset..start + offset + c.len_utf8());
                }
                Some(_) => {}
                None => break,
            }
        }
        if wanted.peek().is_none() {
            return Some(hits);
        }
    }
    None
}
