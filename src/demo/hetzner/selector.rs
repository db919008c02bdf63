//! Labels and the query language over them.

use super::{error::ApiError, item::Item};
use serde_json::{Map, Value};

/// One condition of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Has(String),
    Lacks(String),
}

/// A label selector: every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector(Vec<Term>);

impl Selector {
    /// Reads one; an empty text selects everything.
    pub(super) fn parse(text: &str) -> Result<Selector, ApiError> {
        let bad = || ApiError::field("label_selector", "invalid label selector");
        let mut terms = Vec::new();
        if text.trim().is_empty() {
            return Ok(Selector(terms));
        }
        for part in split(text) {
            terms.push(term(part.trim()).ok_or_else(bad)?);
        }
        Ok(Selector(terms))
    }

    /// Whether an item's labels fulfil it.
    pub(super) fn matches(&self, item: &Item) -> bool {
        self.0.iter().all(|term| match term {
            Term::In(key, values) => item
                .label(key)
                .is_some_and(|label| values.iter().any(|value| value == label)),
            // As in Kubernetes, whose grammar this is: what lacks the key differs, too.
            Term::NotIn(key, values) => item
                .label(key)
                .is_none_or(|label| values.iter().all(|value| value != label)),
            Term::Has(key) => item.label(key).is_some(),
            Term::Lacks(key) => item.label(key).is_none(),
        })
    }
}

/// Cuts at commas that are not inside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    })
    .collect()
}

fn term(text: &str) -> Option<Term> {
    if let Some(key) = text.strip_prefix('!') {
        return key_of(key).map(Term::Lacks);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Term::NotIn(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Term::In(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((head, tail)) = text.split_once('(') {
        let values: Option<Vec<String>> =
            tail.strip_suffix(')')?.split(',').map(value_of).collect();
        let mut words = head.split_whitespace();
        let (key, word) = (key_of(words.next()?)?, words.next()?);
        return match (word, words.next()) {
            ("in", None) => Some(Term::In(key, values?)),
            ("notin", None) => Some(Term::NotIn(key, values?)),
            _ => None,
        };
    }
    key_of(text).map(Term::Has)
}

fn key_of(text: &str) -> Option<String> {
    let text = text.trim();
    key_is_good(text).then(|| text.to_owned())
}

fn value_of(text: &str) -> Option<String> {
    let text = text.trim();
    value_is_good(text).then(|| text.to_owned())
}

/// A name: at most 63 characters, letters and digits at its ends.
fn name_is_good(text: &str) -> bool {
    let alnum = |letter: Option<char>| letter.is_some_and(|l| l.is_ascii_alphanumeric());
    let good = |l: char| l.is_ascii_alphanumeric() || matches!(l, '-' | '_' | '.');
    text.len() <= 63
        && text.chars().all(good)
        && alnum(text.chars().next())
        && alnum(text.chars().next_back())
}

fn key_is_good(key: &str) -> bool {
    match key.split_once('/') {
        None => name_is_good(key),
        Some((prefix, name)) => {
            prefix.len() <= 253 && prefix.split('.').all(name_is_good) && name_is_good(name)
        }
    }
}

fn value_is_good(value: &str) -> bool {
    value.is_empty() || name_is_good(value)
}

/// Whether labels may be given to a resource.
pub(super) fn check(labels: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in labels {
        if !key_is_good(key) {
            return Err(format!("label key '{key}' is not correctly formatted"));
        }
        if key.starts_with("hetzner.cloud/") {
            return Err(format!("label key '{key}' has a reserved prefix"));
        }
        if !value.as_str().is_some_and(value_is_good) {
            return Err(format!(
                "label value {value} (key: '{key}') is not correctly formatted"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_grammar_of_the_documentation() {
        let item = Item::new(json!({"labels": {"env": "prod", "type": "web", "flag": ""}}));
        for (text, holds) in [
            ("", true),
            ("env=prod", true),
            ("env==prod", true),
            ("env = prod , type == web", true),
            ("env!=prod", false),
            ("other!=prod", true),
            ("env", true),
            ("!env", false),
            ("!other", true),
            ("flag=", true),
            ("env in (testing,prod)", true),
            ("env in (testing, staging),type", false),
            ("env notin (testing,staging)", true),
            ("env notin (prod)", false),
            ("env=prod,!type", false),
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&item), holds, "{text}");
        }
        for text in [
            "env in prod",
            "=x",
            "a b",
            "env in (a",
            "env,,type",
            "k=v w",
            "-a",
            "a/b/c",
        ] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn labels_are_checked() {
        let wrong = |labels: Value| check(labels.as_object().unwrap()).is_err();
        assert!(!wrong(json!({"example.com/my": "label", "just-a-key": ""})));
        assert!(wrong(json!({"hetzner.cloud/x": "y"})));
        assert!(wrong(json!({"a": "x".repeat(64)})));
        assert!(wrong(json!({"a": 1})));
        assert!(wrong(json!({"": "b"})));
    }
}
