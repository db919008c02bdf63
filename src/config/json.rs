//! Strict JSON with places: Terraform and Packer read the same files, so what they refuse is
//! refused here too (comments, trailing commas, duplicate keys).

use super::diagnostic::{Diagnostic, Position, Severity};
use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{Object, Value},
    common::Ranged,
    errors::ParseErrorKind,
    parse_to_ast,
};
use std::path::Path;

/// The larger of both files has a few dozen lines; more than this is some other file.
pub(crate) const MAX_BYTES: u64 = 256 * 1024;

/// More keys than any sensible number of environments has.
const MAX_KEYS: usize = 1000;

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Parses a text whose root must be an object. Messages never hold a value of the text.
pub(crate) fn object<'a>(file: &Path, text: &'a str) -> Result<Object<'a>, Box<Diagnostic>> {
    let error = |offset, message: String| {
        Diagnostic::new(Severity::Error, file, "invalid-json", message)
            .at(Position::of(text, offset))
    };
    if text.starts_with('\u{feff}') {
        return Err(error(0, "the file starts with a byte order mark".into())
            .hint("save it as UTF-8 without one; Terraform refuses it")
            .boxed());
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|e| {
        let at = e.range().start;
        match hint_for(e.kind()) {
            Some(hint) => error(at, describe(e.kind())).hint(hint).boxed(),
            None => error(at, describe(e.kind())).boxed(),
        }
    })?;
    match parsed.value {
        Some(Value::Object(object)) => match object.properties.get(MAX_KEYS) {
            None => Ok(object),
            Some(property) => Err(Diagnostic::new(
                Severity::Error,
                file,
                "too-many-keys",
                format!("the file has more than {MAX_KEYS} keys"),
            )
            .at(Position::of(text, property.start()))
            .hint("this cannot be the right file")
            .boxed()),
        },
        Some(other) => Err(error(
            other.start(),
            format!("the file must hold an object, not {}", kind(&other)),
        )
        .hint("put everything in { }")
        .boxed()),
        None => Err(error(0, "the file is empty".into())
            .hint("an empty configuration is {}")
            .boxed()),
    }
}

/// What a value is, with its article.
pub(crate) fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a string",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

fn describe(kind: &ParseErrorKind) -> String {
    // The parser's own text would repeat part of the value.
    let text = match kind {
        ParseErrorKind::String(
            jsonc_parser::ParseStringErrorKind::InvalidUnicodeEscapeSequence(_),
        ) => "invalid unicode escape sequence".to_string(),
        ParseErrorKind::String(jsonc_parser::ParseStringErrorKind::UnterminatedStringLiteral) => {
            "unterminated string".to_string()
        }
        other => other.to_string(),
    };
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => text,
    }
}

fn hint_for(kind: &ParseErrorKind) -> Option<&'static str> {
    match kind {
        ParseErrorKind::CommentsNotAllowed => {
            Some("JSON has no comments, and Terraform reads this file too")
        }
        ParseErrorKind::TrailingCommasNotAllowed => Some("remove the comma after the last entry"),
        ParseErrorKind::ExpectedComma => Some("add one here"),
        ParseErrorKind::SingleQuotedStringsNotAllowed => Some("use double quotes"),
        ParseErrorKind::UnterminatedObject => Some("a } is missing"),
        ParseErrorKind::UnterminatedArray => Some("a ] is missing"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        match object(Path::new("f"), text) {
            Ok(_) => "ok".into(),
            Err(d) => d.to_string(),
        }
    }

    #[test]
    fn strict() {
        assert_eq!(message("{}"), "ok");
        assert_eq!(
            message("{\n \"a\": 1, // why\n}"),
            "f:2:10: error: comments are not allowed (JSON has no comments, and Terraform reads this file too)"
        );
        assert_eq!(
            message("{\"a\": [1,]}"),
            "f:1:9: error: trailing commas are not allowed (remove the comma after the last entry)"
        );
        assert_eq!(
            message("[1]"),
            "f:1:1: error: the file must hold an object, not a list (put everything in { })"
        );
        assert_eq!(
            message(""),
            "f:1:1: error: the file is empty (an empty configuration is {})"
        );
    }

    #[test]
    fn no_value_in_messages() {
        for text in [
            r#"{"k": "hunter2"#,
            r#"{"k": "\ud800hunter2"}"#,
            r#"{"k": hunter2}"#,
        ] {
            let message = message(text);
            assert!(message.contains("error"), "{message}");
            assert!(
                !message.contains("hunter2") && !message.contains("d800"),
                "{message}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_agrees_with_serde(text in r#"[\[\]{}",:a1 \\u\n.e+-]{0,40}"#) {
            let ours = object(Path::new("f"), &text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok();
            // What serde_json accepts, we accept; so nothing that Terraform reads is refused.
            prop_assert!(!theirs || ours, "{}", text);
        }
    }
}
