//! The JSON of secrets: values into types that hide them, findings without values.

use super::{Origin, Secret};
use crate::config::{Diagnostic, Position, Severity, diagnostic::closest, json, keys};
use jsonc_parser::{
    ast::{ObjectProp, Value},
    common::Ranged,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};
use zeroize::Zeroize;

/// What a file holds.
#[derive(Default)]
pub(super) struct Contents {
    path: PathBuf,
    values: BTreeMap<String, SecretString>,
    /// The environments that keys name, with the place of the first key of each.
    environments: Vec<(String, Position)>,
    diagnostics: Vec<Diagnostic>,
}

impl Contents {
    /// A value that is not empty.
    pub(super) fn get(&self, key: &str) -> Option<Secret> {
        let value = self.values.get(key)?;
        Some(Secret {
            value: SecretString::from(value.expose_secret()),
            origin: Origin::File(self.path.clone()),
        })
    }

    /// All findings, and keys for environments that config.json does not have.
    pub(super) fn check(&self, environments: &[String]) -> Vec<Diagnostic> {
        let mut found = self.diagnostics.clone();
        for (name, at) in &self.environments {
            if environments.contains(name) {
                continue;
            }
            let message = format!("config.json has no environment '{name}'");
            let diagnostic = Diagnostic::new(
                Severity::Warning,
                &self.path,
                "unknown-environment",
                message,
            )
            .at(*at);
            let meant = closest(name, environments.iter().map(String::as_str));
            found.push(match meant {
                Some(meant) => diagnostic.hint(format!("did you mean '{meant}'?")),
                None => diagnostic.hint(format!("add a key like hosts_{name} to config.json")),
            });
        }
        found.sort_by_key(|d| d.at);
        found
    }
}

/// The permission bits of a file, if it can be looked at.
pub(super) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::metadata(path).ok()?.permissions().mode())
}

/// Reads the text; `mode` is that of a file which is not encrypted.
pub(super) fn parse(
    path: &Path,
    text: &str,
    mode: Option<u32>,
) -> Result<Contents, Box<Diagnostic>> {
    let object = json::object(path, text)?;
    let mut contents = Contents {
        path: path.into(),
        ..Contents::default()
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let names: Vec<String> = object
        .properties
        .iter()
        .filter_map(|p| keys::find(keys::SECRETS, p.name.as_str())?.environment)
        .map(str::to_string)
        .collect();
    for property in object.properties {
        let at = Position::of(text, property.start());
        let key = property.name.as_str().to_string();
        if let Some(line) = seen.insert(key.clone(), at.line) {
            let message = format!("'{key}' is already set in line {line}");
            let hint = Some("keep one; programs differ in which they use".into());
            contents.report(Severity::Error, at, "duplicate-key", message, hint);
        }
        contents.property(text, property, at, &key, &names);
    }
    if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0 && !contents.values.is_empty()) {
        let message = format!("others can read it (mode {:04o})", mode & 0o7777);
        contents.diagnostics.push(
            Diagnostic::new(Severity::Warning, path, "readable-by-others", message)
                .hint(format!("chmod 600 {}", path.display())),
        );
    }
    Ok(contents)
}

impl Contents {
    fn report(
        &mut self,
        severity: Severity,
        at: Position,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) {
        let mut diagnostic = Diagnostic::new(severity, &self.path, code, message).at(at);
        diagnostic.hint = hint;
        self.diagnostics.push(diagnostic);
    }

    fn property(
        &mut self,
        text: &str,
        property: ObjectProp<'_>,
        at: Position,
        key: &str,
        environments: &[String],
    ) {
        let Some(known) = keys::find(keys::SECRETS, key) else {
            let hint = keys::suggest(keys::SECRETS, key, environments)
                .map(|meant| format!("did you mean '{meant}'?"));
            let message = format!("unknown key '{key}'");
            return self.report(Severity::Warning, at, "unknown-key", message, hint);
        };
        if let Some(name) = known.environment {
            if let Some(why) = keys::environment_error(name) {
                let message = format!("'{key}': {why}");
                let hint = Some(format!("write {}NAME", known.name));
                return self.report(Severity::Error, at, "bad-environment-name", message, hint);
            }
            if !self.environments.iter().any(|(n, _)| n == name) {
                self.environments.push((name.to_string(), at));
            }
        }
        let value_at = Position::of(text, property.value.start());
        let value = match property.value {
            Value::StringLit(literal) => {
                // Borrowed from a text that is wiped, unless it held escapes.
                match literal.value {
                    std::borrow::Cow::Borrowed(text) => SecretString::from(text),
                    std::borrow::Cow::Owned(mut text) => {
                        let secret = SecretString::from(text.as_str());
                        text.zeroize();
                        secret
                    }
                }
            }
            // GitLab's projects have numbers.
            Value::NumberLit(number) => SecretString::from(number.value),
            other => {
                let message = format!("{key} must be a string, not {}", json::kind(&other));
                return self.report(Severity::Error, value_at, "wrong-type", message, None);
            }
        };
        if !value.expose_secret().is_empty() {
            self.values.insert(key.to_string(), value);
        }
    }
}
