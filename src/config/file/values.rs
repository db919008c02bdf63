//! Values by their type: what is not of the type asked for is reported and left out.

use super::Reader;
use crate::config::{Severity, json};
use jsonc_parser::{
    ast::{ObjectProp, Value},
    common::Ranged,
};

impl Reader<'_> {
    pub(super) fn bad(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
        message: String,
        hint: Option<String>,
    ) {
        let key = property.name.as_str();
        self.report(
            Severity::Error,
            &property.value,
            environment,
            "bad-value",
            format!("{key}: {message}"),
            hint,
        );
    }

    pub(super) fn wrong_type(
        &mut self,
        key: &str,
        value: &Value<'_>,
        environment: Option<&str>,
        expected: &str,
    ) {
        self.report(
            Severity::Error,
            value,
            environment,
            "wrong-type",
            format!("{key} must be {expected}, not {}", json::kind(value)),
            None,
        );
    }

    pub(super) fn string(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
    ) -> Option<String> {
        match &property.value {
            Value::StringLit(string) => Some(string.value.to_string()),
            other => {
                self.wrong_type(property.name.as_str(), other, environment, "a string");
                None
            }
        }
    }

    /// A string that must say something.
    pub(super) fn filled(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
    ) -> Option<String> {
        let text = self.string(property, environment)?;
        if text.trim().is_empty() {
            let hint = "write a value or remove the key".to_string();
            self.bad(property, environment, "is empty".into(), Some(hint));
            return None;
        }
        Some(text)
    }

    pub(super) fn boolean(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
    ) -> Option<bool> {
        match &property.value {
            Value::BooleanLit(literal) => Some(literal.value),
            other => {
                let key = property.name.as_str();
                self.wrong_type(key, other, environment, "true or false");
                None
            }
        }
    }

    /// A list of strings with the place of each. One string with commas counts as a list, for
    /// programs that share the file and whose variables are all strings.
    pub(super) fn strings(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
    ) -> Vec<(String, usize)> {
        let key = property.name.as_str();
        match &property.value {
            Value::Array(array) => {
                let mut strings = Vec::new();
                for element in &array.elements {
                    match element {
                        Value::StringLit(s) => strings.push((s.value.to_string(), s.start())),
                        other => {
                            let expected = "a list of strings";
                            self.report(
                                Severity::Error,
                                other,
                                environment,
                                "wrong-type",
                                format!(
                                    "{key} must be {expected}, this entry is {}",
                                    json::kind(other)
                                ),
                                None,
                            );
                        }
                    }
                }
                strings
            }
            Value::StringLit(string) => string
                .value
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| (part.to_string(), string.start()))
                .collect(),
            other => {
                self.wrong_type(key, other, environment, "a list of strings");
                Vec::new()
            }
        }
    }
}
