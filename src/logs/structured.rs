//! Messages that are data: JSON objects and `key=value` lines (logfmt), taken apart into keys and
//! values. What is shown of them is not decided here.

use serde_json::Value;
use std::fmt::Write;

/// Longer messages are not looked at.
const MOST: usize = 64 << 10;
/// Keys taken from one message.
const KEYS: usize = 200;

/// What a message was taken apart into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structured {
    /// Keys and values in the message's order; objects within objects as `outer.inner`.
    pub pairs: Vec<(String, String)>,
    /// It is JSON, not `key=value`.
    pub json: bool,
}

impl Structured {
    /// `None` for ordinary text.
    pub fn of(message: &[u8]) -> Option<Structured> {
        let text = std::str::from_utf8(message.get(..MOST.min(message.len()))?).ok()?;
        let text = text.trim();
        if message.len() > MOST {
            return None;
        }
        if text.starts_with('{') && text.ends_with('}') {
            let Ok(Value::Object(object)) = serde_json::from_str(text) else {
                return None;
            };
            let mut pairs = Vec::new();
            flatten("", &object, &mut pairs);
            return (!pairs.is_empty()).then_some(Structured { pairs, json: true });
        }
        logfmt(text).map(|pairs| Structured { pairs, json: false })
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// A JSON message over several lines; `key=value` lines one pair a line. `None` for ordinary text.
pub fn pretty(message: &[u8]) -> Option<String> {
    let found = Structured::of(message)?;
    if found.json {
        let value: Value = serde_json::from_slice(message).ok()?;
        return serde_json::to_string_pretty(&value).ok();
    }
    let mut out = String::new();
    for (key, value) in &found.pairs {
        let _ = writeln!(out, "{key} = {value}");
    }
    out.truncate(out.trim_end().len());
    Some(out)
}

fn flatten(
    prefix: &str,
    object: &serde_json::Map<String, Value>,
    pairs: &mut Vec<(String, String)>,
) {
    for (key, value) in object {
        if pairs.len() >= KEYS {
            return;
        }
        let name = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            // One level is enough for columns; deeper ones are shown as they are.
            Value::Object(inner) if prefix.is_empty() => flatten(&name, inner, pairs),
            Value::String(text) => pairs.push((name, text.clone())),
            other => pairs.push((name, other.to_string())),
        }
    }
}

/// Text, then nothing but `key=value`; at least two of them.
fn logfmt(text: &str) -> Option<Vec<(String, String)>> {
    let first = memchr::memchr(b'=', text.as_bytes())?;
    let head = text.get(..first)?;
    let start = head.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let words = head.get(..start)?.trim();
    let mut pairs = Vec::new();
    let mut rest = text.get(start..)?.trim_start();
    while !rest.is_empty() {
        let (key, tail) = rest.split_once('=')?;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if key.is_empty() || key.len() > 100 || !key.chars().all(good) || pairs.len() >= KEYS {
            return None;
        }
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = tail.find(char::is_whitespace).unwrap_or(tail.len());
                let (value, tail) = tail.split_at_checked(end)?;
                (value.to_owned(), tail)
            }
        };
        if !tail.is_empty() && !tail.starts_with(char::is_whitespace) {
            return None;
        }
        pairs.push((key.to_owned(), value));
        rest = tail.trim_start();
    }
    if pairs.len() < 2 {
        return None;
    }
    if !words.is_empty() {
        pairs.insert(0, ("message".to_owned(), words.to_owned()));
    }
    Some(pairs)
}

/// Up to the closing quotation mark, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(message: &str) -> Vec<(String, String)> {
        Structured::of(message.as_bytes()).map_or_else(Vec::new, |s| s.pairs)
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn json_objects_are_taken_apart() {
        assert_eq!(
            pairs(r#"{"msg":"slow query","ms":812,"http":{"path":"/a","ok":true},"tags":["x"]}"#),
            [
                pair("msg", "slow query"),
                pair("ms", "812"),
                pair("http.path", "/a"),
                pair("http.ok", "true"),
                pair("tags", r#"["x"]"#),
            ]
        );
        for text in ["{}", "{x}", "[1,2]", "{\"a\":1", "12", ""] {
            assert!(pairs(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn key_value_lines_are_taken_apart() {
        assert_eq!(
            pairs(r#"level=info msg="two words" ms=3"#),
            [
                pair("level", "info"),
                pair("msg", "two words"),
                pair("ms", "3")
            ]
        );
        assert_eq!(
            pairs("collector succeeded name=filesystem duration_seconds=0.0012"),
            [
                pair("message", "collector succeeded"),
                pair("name", "filesystem"),
                pair("duration_seconds", "0.0012"),
            ]
        );
        for text in [
            "a=b",
            "LOG: write=1.2 s; sync=3",
            "x == y",
            "a=\"open b=c",
            "SELECT a=1 AND b=2 c",
        ] {
            assert!(pairs(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn pretty_is_one_thing_a_line() {
        assert_eq!(pretty(br#"{"a":{"b":1}}"#).unwrap().lines().count(), 5);
        assert_eq!(pretty(b"a=1 b=2").unwrap(), "a = 1\nb = 2");
        assert_eq!(pretty(b"plain"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_bounded(message in proptest::collection::vec(any::<u8>(), 0..200), text in "[a-z=\" {}:,]{0,60}") {
            let _ = Structured::of(&message);
            let _ = pretty(&message);
            if let Some(found) = Structured::of(text.as_bytes()) {
                prop_assert!(found.pairs.len() <= KEYS + 1);
            }
        }
    }
}
