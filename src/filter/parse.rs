//! From text to terms, with the place of every mistake.

use super::{
    Compare, Filter, FilterError, Pattern, Term, Test,
    fields::{self, FieldSpec, Kind},
};
use std::ops::Range;

/// A filter longer than this is refused: nobody types it.
const MAX_LENGTH: usize = 4096;

pub(crate) fn parse(text: &str, allowed: Option<&[&str]>) -> Result<Filter, FilterError> {
    if text.len() > MAX_LENGTH {
        return Err(error(
            0..text.len(),
            format!("the filter is longer than {MAX_LENGTH} bytes"),
        ));
    }
    let mut parser = Parser {
        text,
        at: 0,
        allowed,
    };
    let mut terms = Vec::new();
    loop {
        parser.skip_spaces();
        if parser.rest().is_empty() {
            break;
        }
        terms.push(parser.term()?);
    }
    Ok(Filter {
        text: text.to_owned(),
        terms,
    })
}

fn error(span: Range<usize>, message: impl Into<String>) -> FilterError {
    FilterError {
        span,
        message: message.into(),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    allowed: Option<&'a [&'a str]>,
}

/// One value after `field:`, before its kind is known.
enum Raw {
    Word(String),
    Exact(String),
    Regex(String, bool),
    Fuzzy(String),
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Where the token that starts here would end if nothing in it were quoted.
    fn token_end(&self) -> usize {
        let rest = self.rest();
        self.at + rest.find(char::is_whitespace).unwrap_or(rest.len())
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let start = self.at;
        let not = self.eat("!");
        if not && self.peek().is_none_or(char::is_whitespace) {
            return Err(error(start..self.at, "`!` needs something to exclude"));
        }
        if self.peek() == Some('"') {
            let word_at = self.at;
            let word = self.quoted()?;
            let pattern = self.compiled(word_at, Pattern::word(&word))?;
            return Ok(Term {
                not,
                test: Test::Anywhere(pattern),
            });
        }
        if self.peek() == Some('/') {
            let regex_at = self.at;
            if let Some((source, fold)) = self.regex() {
                let pattern = self.compiled(regex_at, Pattern::regex(&source, fold))?;
                return Ok(Term {
                    not,
                    test: Test::Anywhere(pattern),
                });
            }
        }
        if self.eat("~") {
            let word = self.bare();
            if word.is_empty() {
                return Err(error(start..self.at, "`~` needs characters to look for"));
            }
            return Ok(Term {
                not,
                test: Test::Anywhere(Pattern::fuzzy(&word)),
            });
        }
        if let Some(spec) = self.field_name()? {
            let (flipped, test) = self.field_test(spec)?;
            return Ok(Term {
                not: not != flipped,
                test,
            });
        }
        let word_at = self.at;
        let word = self.bare();
        let pattern = self.compiled(word_at, Pattern::word(&word))?;
        Ok(Term {
            not,
            test: Test::Anywhere(pattern),
        })
    }

    fn compiled(
        &self,
        start: usize,
        pattern: Result<Pattern, String>,
    ) -> Result<Pattern, FilterError> {
        pattern.map_err(|message| error(start..self.at, message))
    }

    /// Everything up to the next space.
    fn bare(&mut self) -> String {
        let end = self.token_end();
        let word = self.text.get(self.at..end).unwrap_or("").to_owned();
        self.at = end;
        word
    }

    /// `"…"` with `\"` and `\\`.
    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let mut word = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + offset + 1;
                    return Ok(word);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => word.push(escaped),
                    Some((_, other)) => word.extend(['\\', other]),
                    None => break,
                },
                c => word.push(c),
            }
        }
        Err(error(
            start..self.text.len(),
            "the quotation mark is not closed",
        ))
    }

    /// `/…/` or `/…/i` that ends a token; otherwise nothing is consumed.
    fn regex(&mut self) -> Option<(String, bool)> {
        let mut source = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '/' => {
                    let after = self.rest().get(offset + 1..)?;
                    let fold = after.starts_with('i');
                    let after = if fold { after.get(1..)? } else { after };
                    let ends = after.starts_with([' ', '\t', ',']) || after.is_empty();
                    if !ends || source.is_empty() {
                        return None;
                    }
                    self.at += offset + 1 + usize::from(fold);
                    return Some((source, fold));
                }
                '\\' => match chars.next() {
                    Some((_, '/')) => source.push('/'),
                    Some((_, other)) => source.extend(['\\', other]),
                    None => return None,
                },
                c => source.push(c),
            }
        }
        None
    }

    /// The field of `name:…`, `name>…` and so on; `None` where this token is no such thing.
    fn field_name(&mut self) -> Result<Option<&'static FieldSpec>, FilterError> {
        let rest = self.rest();
        let Some(end) = rest.find(|c: char| !(c.is_ascii_alphabetic() || c == '_')) else {
            return Ok(None);
        };
        let (Some(name), Some(tail)) = (rest.get(..end), rest.get(end..)) else {
            return Ok(None);
        };
        let operator = tail.starts_with([':', '<', '>', '=']);
        // `https://…`, `foo::bar` and `->` are words, not fields.
        if name.is_empty() || !operator || tail.starts_with("://") || tail.starts_with("::") {
            return Ok(None);
        }
        let span = self.at..self.at + end;
        match fields::find(name, span, self.allowed) {
            Ok(spec) => {
                self.at += end;
                Ok(Some(spec))
            }
            // `key=value` is common in messages: only a known name makes it a field.
            Err(_) if tail.starts_with('=') => Ok(None),
            Err(unknown) => Err(unknown),
        }
    }

    /// What follows a field's name: whether it is negated by `:!`, and the test.
    fn field_test(&mut self, spec: &'static FieldSpec) -> Result<(bool, Test), FilterError> {
        let start = self.at;
        self.eat(":");
        let not = self.eat("!");
        let compare = self.compare();
        if spec.kind == Kind::Text {
            return match compare {
                None | Some(Compare::Equal) => {
                    let exact = compare.is_some();
                    Ok((not, Test::Field(spec.name, self.patterns(exact)?)))
                }
                Some(_) => {
                    let span = start..self.token_end();
                    self.at = span.end;
                    Err(error(
                        span,
                        format!("`{0}` is text: write `{0}:value`", spec.name),
                    ))
                }
            };
        }
        let mut numbers = Vec::new();
        loop {
            let value_at = self.at;
            let end = self.value_end();
            let value = self.text.get(value_at..end).unwrap_or("");
            self.at = end;
            let span = if value.is_empty() {
                start..end
            } else {
                value_at..end
            };
            numbers.push(fields::number(spec.kind, value, span)?);
            if !self.eat(",") {
                break;
            }
        }
        // One priority alone means it and worse, as `journalctl -p` does; a list means just these.
        let plain = match (spec.kind, numbers.len()) {
            (Kind::Priority, 1) => Compare::AtMost,
            _ => Compare::Equal,
        };
        Ok((
            not,
            Test::Number(spec.name, compare.unwrap_or(plain), numbers),
        ))
    }

    fn compare(&mut self) -> Option<Compare> {
        // Longer operators first.
        let operators = [
            ("<=", Compare::AtMost),
            (">=", Compare::AtLeast),
            ("<", Compare::Less),
            (">", Compare::More),
            ("=", Compare::Equal),
        ];
        operators
            .into_iter()
            .find(|(text, _)| self.eat(text))
            .map(|(_, compare)| compare)
    }

    /// The end of an unquoted value: the next space or comma.
    fn value_end(&self) -> usize {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || c == ',');
        self.at + end.unwrap_or(rest.len())
    }

    fn patterns(&mut self, exact: bool) -> Result<Vec<Pattern>, FilterError> {
        let mut patterns = Vec::new();
        loop {
            let value_at = self.at;
            let raw = self.value(exact)?;
            let pattern = match &raw {
                Raw::Word(word) => Pattern::word(word),
                Raw::Exact(word) => Pattern::exact(word),
                Raw::Regex(source, fold) => Pattern::regex(source, *fold),
                Raw::Fuzzy(word) => Ok(Pattern::fuzzy(word)),
            };
            patterns.push(self.compiled(value_at, pattern)?);
            if !self.eat(",") {
                return Ok(patterns);
            }
        }
    }

    fn value(&mut self, exact: bool) -> Result<Raw, FilterError> {
        let start = self.at;
        let exact = self.eat("=") || exact;
        if self.peek() == Some('"') {
            let word = self.quoted()?;
            return Ok(if exact {
                Raw::Exact(word)
            } else {
                Raw::Word(word)
            });
        }
        if !exact
            && self.peek() == Some('/')
            && let Some((source, fold)) = self.regex()
        {
            return Ok(Raw::Regex(source, fold));
        }
        let fuzzy = !exact && self.eat("~");
        let end = self.value_end();
        let word = self.text.get(self.at..end).unwrap_or("").to_owned();
        self.at = end;
        if word.is_empty() {
            let span = start.saturating_sub(1)..end;
            return Err(error(span, "a value is missing here"));
        }
        Ok(match (exact, fuzzy) {
            (true, _) => Raw::Exact(word),
            (_, true) => Raw::Fuzzy(word),
            _ => Raw::Word(word),
        })
    }
}
