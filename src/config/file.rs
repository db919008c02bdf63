//! config.json: each key's value read and checked, every finding kept with its place.

use super::{
    Destination, Environment, SshTransport, colour,
    destination::is_user,
    diagnostic::{Diagnostic, Position, Severity, closest},
    expand_home, json, keys,
};
use jsonc_parser::{
    ast::{Object, ObjectProp, Value},
    common::Ranged,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

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
    /// The text could not be read as JSON at all.
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
    let mut file = reader.file;
    for name in reader.names {
        if let Some(environment) = built.remove(&name) {
            file.environments.push(environment);
        }
    }
    file.diagnostics.sort_by_key(|d| d.at);
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
        let mut diagnostic = Diagnostic::new(severity, self.path, code, message)
            .at(Position::of(self.text, place.start()));
        diagnostic.hint = hint;
        diagnostic.environment = environment.map(Into::into);
        self.file.diagnostics.push(diagnostic);
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
        if count(name) != 1 {
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

    fn environment_key(&mut self, key: &str, property: &ObjectProp<'_>, env: &mut Environment) {
        let name = env.name.clone();
        let name = Some(name.as_str());
        match key {
            "hosts_" => env.hosts = self.hosts(property, name),
            "ssh_user_" => {
                if let Some(user) = self.filled(property, name) {
                    if is_user(&user) {
                        env.ssh_user = user;
                    } else {
                        let message = format!("'{user}' is not a user name");
                        let hint = "write a login name of the hosts".to_string();
                        self.bad(property, name, message, Some(hint));
                    }
                }
            }
            "ssh_config_" => env.ssh_config = self.ssh_config(property, name),
            "ssh_transport_" => {
                if let Some(text) = self.filled(property, name) {
                    match SshTransport::parse(&text) {
                        Some(transport) => {
                            env.ssh_transport = transport;
                            self.file.transports.insert(env.name.clone(), transport);
                        }
                        None => self.bad(
                            property,
                            name,
                            format!("'{text}' is not a transport"),
                            Some("write \"russh\" or \"openssh\"".into()),
                        ),
                    }
                }
            }
            "colour_" => {
                if let Some(text) = self.filled(property, name) {
                    match colour::parse(&text) {
                        Ok(colour) => env.colour = Some(colour),
                        Err(meant) => {
                            let hint = match meant {
                                Some(meant) => format!("did you mean '{meant}'?"),
                                None => {
                                    format!("write #rrggbb or one of {}", colour::NAMES.join(", "))
                                }
                            };
                            let message = format!("'{text}' is not a colour");
                            self.bad(property, name, message, Some(hint));
                        }
                    }
                }
            }
            // A value that cannot be read must not make an environment writable.
            "read_only_" => env.read_only = self.boolean(property, name).unwrap_or(true),
            "vault_addr_" => {
                if let Some(text) = self.filled(property, name)
                    && !is_http_url(&text)
                {
                    let message = format!("'{text}' is not an address of Vault");
                    let hint = "write http://HOST:PORT or https://HOST:PORT".to_string();
                    self.bad(property, name, message, Some(hint));
                }
            }
            "vault_direct_" => {
                self.boolean(property, name);
            }
            "domain_name_" => {
                env.domain_name = self
                    .string(property, name)
                    .filter(|domain| !domain.is_empty());
                if let Some(domain) = &env.domain_name {
                    self.domain(domain, property.value.start(), name);
                }
            }
            _ => {
                let domains = self.strings(property, name);
                for (domain, at) in &domains {
                    self.domain(domain, *at, name);
                }
                env.domain_alternative_names = domains.into_iter().map(|(d, _)| d).collect();
            }
        }
    }

    fn bad(
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

    fn wrong_type(
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

    fn string(&mut self, property: &ObjectProp<'_>, environment: Option<&str>) -> Option<String> {
        match &property.value {
            Value::StringLit(string) => Some(string.value.to_string()),
            other => {
                self.wrong_type(property.name.as_str(), other, environment, "a string");
                None
            }
        }
    }

    /// A string that must say something.
    fn filled(&mut self, property: &ObjectProp<'_>, environment: Option<&str>) -> Option<String> {
        let text = self.string(property, environment)?;
        if text.trim().is_empty() {
            let hint = "write a value or remove the key".to_string();
            self.bad(property, environment, "is empty".into(), Some(hint));
            return None;
        }
        Some(text)
    }

    fn boolean(&mut self, property: &ObjectProp<'_>, environment: Option<&str>) -> Option<bool> {
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
    fn strings(
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

    fn hosts(&mut self, property: &ObjectProp<'_>, environment: Option<&str>) -> Vec<Destination> {
        let key = property.name.as_str();
        let mut hosts: Vec<Destination> = Vec::new();
        for (text, at) in self.strings(property, environment) {
            let place = jsonc_parser::common::Range::from_byte_index(at);
            match text.parse::<Destination>() {
                Ok(host) if hosts.contains(&host) => self.report(
                    Severity::Error,
                    &place,
                    environment,
                    "duplicate-host",
                    format!("{key}: '{text}' is listed twice"),
                    Some("keep one".into()),
                ),
                Ok(host) => hosts.push(host),
                Err(error) => self.report(
                    Severity::Error,
                    &place,
                    environment,
                    "bad-host",
                    format!("{key}: {error}"),
                    Some(error.hint()),
                ),
            }
        }
        Destination::name_all(&mut hosts);
        hosts
    }

    fn ssh_config(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
    ) -> Option<PathBuf> {
        let text = self.filled(property, environment)?;
        // Joining keeps an absolute path as it is.
        let beside = self.path.parent().unwrap_or(Path::new(""));
        let path = beside.join(expand_home(&text));
        if !path.is_file() {
            self.report(
                Severity::Error,
                &property.value,
                environment,
                "no-file",
                format!("{}: no file {}", property.name.as_str(), path.display()),
                Some("write the path of an ssh_config file, relative to config.json".into()),
            );
        }
        Some(path)
    }

    fn snapshot_id(&mut self, property: &ObjectProp<'_>) {
        let key = property.name.as_str();
        let fine = match &property.value {
            Value::NumberLit(number) => number.value.bytes().all(|b| b.is_ascii_digit()),
            Value::StringLit(string) => string.value.bytes().all(|b| b.is_ascii_digit()),
            other => return self.wrong_type(key, other, None, "a number or a string of digits"),
        };
        if !fine {
            self.report(
                Severity::Warning,
                &property.value,
                None,
                "bad-value",
                format!("{key} is not the number of an image"),
                Some("`hcloud image list --type snapshot` shows the numbers".into()),
            );
        }
    }

    fn domain(&mut self, domain: &str, at: usize, environment: Option<&str>) {
        if is_domain(domain) {
            return;
        }
        let place = jsonc_parser::common::Range::from_byte_index(at);
        self.report(
            Severity::Error,
            &place,
            environment,
            "bad-value",
            format!("'{domain}' is not a domain name"),
            Some("write it like www.example.com; ä and the like as xn--…".into()),
        );
    }
}

/// Labels of letters, digits and inner dashes; the first may be a wildcard.
fn is_domain(text: &str) -> bool {
    let rest = text.strip_prefix("*.").unwrap_or(text);
    rest.len() <= 253
        && rest.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

fn is_http_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.starts_with(':')
            && !rest.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}
