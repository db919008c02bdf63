//! A request's body, read field by field; everything that is wrong is told in one answer.

use super::{error::ApiError, selector};
use serde_json::{Map, Value, json};

/// The fields sent, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Body {
    fields: Map<String, Value>,
    wrong: Vec<(String, String)>,
}

impl Body {
    /// Reads one; no bytes are an empty object.
    pub(super) fn parse(bytes: &[u8]) -> Result<Body, ApiError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Body::default());
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Body::of(fields)),
            _ => Err(ApiError::new(
                400,
                "json_error",
                "invalid JSON input in your request",
            )),
        }
    }

    /// A part of a body.
    pub(super) fn of(fields: Map<String, Value>) -> Body {
        Body {
            fields,
            wrong: Vec::new(),
        }
    }

    /// Says that a field cannot be taken.
    pub(super) fn reject(&mut self, field: &str, why: impl Into<String>) {
        self.wrong.push((field.to_owned(), why.into()));
    }

    /// Whether a field was sent, be it null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// A field as it was sent; nothing when absent or null.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    fn typed<T>(&mut self, key: &str, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let read = read(value);
        if read.is_none() {
            self.reject(key, format!("must be of type {kind}"));
        }
        read
    }

    /// A text, if sent.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.typed(key, "string", |value| value.as_str().map(str::to_owned))
    }

    /// A whole number, if sent.
    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        self.typed(key, "integer", Value::as_u64)
    }

    /// A truth value, if sent.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.typed(key, "boolean", Value::as_bool)
    }

    /// A list, if sent.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        self.typed(key, "array", |value| value.as_array().cloned())
    }

    /// Numbers, if sent; texts of digits count, as they do for the API.
    pub(super) fn numbers(&mut self, key: &str) -> Option<Vec<u64>> {
        self.typed(key, "array of integers", |value| {
            let number = |value: &Value| {
                value
                    .as_u64()
                    .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
            };
            value.as_array()?.iter().map(number).collect()
        })
    }

    /// Texts, if sent.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.typed(key, "array of strings", |value| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            value.as_array()?.iter().map(text).collect()
        })
    }

    /// An object to be read like a body, if sent.
    pub(super) fn object(&mut self, key: &str) -> Option<Body> {
        self.typed(key, "object", |value| value.as_object().cloned())
            .map(Body::of)
    }

    /// A name or number of something, as text, if sent.
    pub(super) fn reference(&mut self, key: &str) -> Option<String> {
        self.typed(key, "string", |value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Says that a field is missing where a read gave nothing; what to go on with until
    /// [`Body::check`] ends it.
    pub(super) fn need<T: Default>(&mut self, key: &str, read: Option<T>) -> T {
        if read.is_none() && !self.wrong.iter().any(|(found, _)| found == key) {
            self.reject(key, "missing field");
        }
        read.unwrap_or_default()
    }

    /// A name, which must be there.
    pub(super) fn name(&mut self) -> String {
        let read = self.text("name");
        let name = self.need("name", read);
        self.check_name(&name);
        name
    }

    fn check_name(&mut self, name: &str) {
        if self.wrong.iter().any(|(found, _)| found == "name") {
            return;
        }
        if name.is_empty() || name.trim() != name {
            self.reject("name", "must not be empty or begin or end with a blank");
        } else if name.chars().count() > 128 {
            self.reject("name", "is too long");
        }
    }

    /// A new name, if sent.
    pub(super) fn new_name(&mut self) -> Option<String> {
        let name = self.text("name")?;
        self.check_name(&name);
        Some(name)
    }

    /// Labels, if sent.
    pub(super) fn labels(&mut self) -> Option<Value> {
        let labels = self.typed("labels", "object", |value| value.as_object().cloned())?;
        if let Err(why) = selector::check(&labels) {
            self.reject("labels", why);
        }
        Some(json!(labels))
    }

    /// Ends the request where anything was wrong.
    pub(super) fn check(&mut self) -> Result<(), ApiError> {
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(std::mem::take(&mut self.wrong)))
        }
    }
}
