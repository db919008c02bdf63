//! config.json: each key's value read and checked, every finding kept with its place.

mod environment;
mod values;

use super::{
    Environment, SshTransport,
    diagnostic::{Diagnostic, Position, Severity, closest},
    json, keys,
};
use jsonc_parser::{
    ast::{Object, ObjectProp},
    common::Ranged,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// Nobody reads more at once, and each is looked up in the text.
const MAX_FINDINGS: usize = 200;

/// What the file holds, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// In the order of their first key.
    pub(crate) environments: Vec<Environment>,
    /// `terraform_packer_environment`, or the only environment.
    pub(crate) default: Option<String>,
    /// All findings, in the order of the text.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What `ssh_transport_<env>` says, by environment.
    pub(crate) transports: HashMap<String, SshTransport>,
    /// The text is not JSON, or nothing in it can be relied on.
    pub(crate) unreadable: bool,
}

/// Reads and checks the text of the file at `path`. Looks at the disk only to see whether an
/// ssh_config that it names is there.
pub(crate) fn read(path: &Path, text: &str) -> File {
    let object = match json::object(path, text) {
        Ok(object) => object,
        Err(diagnostic) => {
            return File {
                diagnostics: vec![*diagnostic],
                unreadable: true,
                ..File::default()
            };
        }
    };
    let mut reader = Reader {
        path,
        text,
        names: Vec::new(),
        counts: HashMap::new(),
        file: File::default(),
    };
    reader.collect_environments(&object);
    reader.duplicates(&object);
    let mut built: BTreeMap<String, Environment> = BTreeMap::new();
    let mut default = None;
    for property in &object.properties {
        reader.property(property, &mut built, &mut default);
    }
    reader.default(default);
    let is_full = reader.is_full();
    let mut file = reader.file;
    for name in reader.names {
        if let Some(environment) = built.remove(&name) {
            file.environments.push(environment);
        }
    }
    file.diagnostics.sort_by_key(|d| d.at);
    if is_full {
        // What is not shown may be an error that makes a value useless.
        file.unreadable = true;
        let message = format!("has more than {MAX_FINDINGS} problems; the rest is not shown");
        let severity = Severity::Error;
        let last = Diagnostic::new(severity, path, "too-many-problems", message);
        file.diagnostics
            .push(last.hint("this cannot be the right file"));
    }
    file
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    names: Vec<String>,
    /// Keys an environment has.
    counts: HashMap<String, usize>,
    file: File,
}

impl Reader<'_> {
    fn report(
        &mut self,
        severity: Severity,
        place: &impl Ranged,
        environment: Option<&str>,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) {
        if self.is_full() {
            return;
        }
        let mut diagnostic = Diagnostic::new(severity, self.path, code, message)
            .at(Position::of(self.text, place.start()));
        diagnostic.hint = hint;
        diagnostic.environment = environment.map(Into::into);
        self.file.diagnostics.push(diagnostic);
    }

    fn is_full(&self) -> bool {
        self.file.diagnostics.len() >= MAX_FINDINGS
    }

    fn collect_environments(&mut self, object: &Object<'_>) {
        for property in &object.properties {
            if let Some(name) = keys::find(keys::CONFIG, property.name.as_str())
                .and_then(|known| known.environment)
                .filter(|name| keys::environment_error(name).is_none())
            {
                if !self.names.iter().any(|n| n == name) {
                    self.names.push(name.to_string());
                }
                *self.counts.entry(name.to_string()).or_default() += 1;
            }
        }
    }

    fn duplicates(&mut self, object: &Object<'_>) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for property in &object.properties {
            let name = property.name.as_str();
            match seen.get(name) {
                Some(first) => {
                    let line = Position::of(self.text, *first).line;
                    let environment = keys::find(keys::CONFIG, name).and_then(|k| k.environment);
                    self.report(
                        Severity::Error,
                        property,
                        environment,
                        "duplicate-key",
                        format!("'{name}' is already set in line {line}"),
                        Some("keep one; programs differ in which they use".into()),
                    );
                }
                None => {
                    seen.insert(name, property.start());
                }
            }
        }
    }

    fn property(
        &mut self,
        property: &ObjectProp<'_>,
        built: &mut BTreeMap<String, Environment>,
        default: &mut Option<(String, usize)>,
    ) {
        let text = property.name.as_str();
        let Some(known) = keys::find(keys::CONFIG, text) else {
            return self.unknown(property, text);
        };
        let Some(name) = known.environment else {
            match known.name {
                "terraform_packer_environment" => {
                    if let Some(value) = self.string(property, None)
                        && !value.is_empty()
                    {
                        *default = Some((value, property.value.start()));
                    }
                }
                _ => self.snapshot_id(property),
            }
            return;
        };
        if let Some(why) = keys::environment_error(name) {
            let hint = format!("write {}NAME", known.name);
            return self.report(
                Severity::Error,
                property,
                Some(name),
                "bad-environment-name",
                format!("'{text}': {why}"),
                Some(hint),
            );
        }
        self.rare_environment(property, name);
        let mut environment = built.remove(name).unwrap_or_else(|| Environment::new(name));
        self.environment_key(known.name, property, &mut environment);
        built.insert(name.to_string(), environment);
    }

    /// An environment with one key whose name is nearly that of another is probably a slip.
    fn rare_environment(&mut self, property: &ObjectProp<'_>, name: &str) {
        let count = |n: &str| self.counts.get(n).copied().unwrap_or(0);
        if count(name) != 1 || self.is_full() {
            return;
        }
        let others = self.names.iter().map(String::as_str);
        let meant = closest(name, others.filter(|n| *n != name && count(n) > 1));
        if let Some(meant) = meant.map(str::to_string) {
            self.report(
                Severity::Warning,
                property,
                Some(name),
                "rare-environment",
                format!("only this key names an environment '{name}'"),
                Some(format!("did you mean '{meant}'?")),
            );
        }
    }

    fn unknown(&mut self, property: &ObjectProp<'_>, text: &str) {
        if self.is_full() {
            return;
        }
        if keys::find(keys::SECRETS, text).is_some() {
            return self.report(
                Severity::Warning,
                property,
                None,
                "secret-in-config",
                format!("'{text}' is a secret, and this file is not kept secret"),
                Some("move it to secrets.json and replace the value where it was issued".into()),
            );
        }
        let hint = keys::suggest(keys::CONFIG, text, &self.names)
            .map(|meant| format!("did you mean '{meant}'?"));
        self.report(
            Severity::Warning,
            property,
            None,
            "unknown-key",
            format!("unknown key '{text}'"),
            hint,
        );
    }

    fn default(&mut self, named: Option<(String, usize)>) {
        match named {
            Some((name, _)) if self.names.contains(&name) => self.file.default = Some(name),
            Some((name, at)) => {
                let hint = match closest(&name, self.names.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean '{meant}'?"),
                    None => format!("add a key like hosts_{name} or domain_name_{name}"),
                };
                let diagnostic = Diagnostic::new(
                    Severity::Error,
                    self.path,
                    "unknown-environment",
                    format!("no key names the environment '{name}'"),
                )
                .at(Position::of(self.text, at))
                .hint(hint);
                self.file.diagnostics.push(diagnostic);
            }
            None => {
                if let [only] = self.names.as_slice() {
                    self.file.default = Some(only.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    const FULL: &str = include_str!("../../../tests/config/valid/full/config.json");

    proptest! {
        /// Whatever is typed into a good file: no panic, and findings that lie in the text.
        #[test]
        fn a_changed_file(at in 0..FULL.len(), cut in 0usize..30, typed in "[\"\\[\\]{}:,a-z0-9_ é@\\\\-]{0,6}") {
            let mut text: String = FULL.chars().take(at).collect();
            text.push_str(&typed);
            text.extend(FULL.chars().skip(at + cut));
            let file = read(Path::new("config.json"), &text);
            let lines = text.lines().count();
            for diagnostic in &file.diagnostics {
                let position = diagnostic.at.unwrap();
                prop_assert!(position.line <= lines + 1, "{diagnostic}");
            }
            let found = file.unreadable;
            prop_assert_eq!(found, serde_json::from_str::<serde_json::Value>(&text).is_err());
        }
    }

    #[test]
    fn absurd_files_take_no_time() {
        let started = Instant::now();
        let many = |n: usize, line: &dyn Fn(usize) -> String| {
            let lines: Vec<String> = (0..n).map(line).collect();
            format!("{{{}}}", lines.join(","))
        };
        let environments = many(999, &|i| format!("\"hosts_e{i}\":1"));
        let unknown = many(999, &|i| format!("\"x{i}\":1"));
        let hosts: Vec<String> = (0..30_000).map(|i| format!("\"h{i}\"")).collect();
        let hosts = format!("{{\"hosts_a\":[{}]}}", hosts.join(","));
        for text in [environments, unknown, hosts] {
            let file = read(Path::new("config.json"), &text);
            assert!(file.diagnostics.len() <= MAX_FINDINGS + 1);
            assert!(file.diagnostics.iter().any(Diagnostic::is_error));
        }
        // Generous for slow machines: without bounds this takes minutes.
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{:?}",
            started.elapsed()
        );
    }
}
