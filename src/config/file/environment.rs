//! The keys of one environment: what each may say.

use super::Reader;
use crate::config::{
    Destination, Environment, Severity, SshTransport, colour, destination::is_user, expand_home,
};
use jsonc_parser::{
    ast::{ObjectProp, Value},
    common::{Range, Ranged},
};
use std::path::{Path, PathBuf};

/// More hosts than one console can hold connections to.
const MAX_HOSTS: usize = 4096;

impl Reader<'_> {
    pub(super) fn environment_key(
        &mut self,
        key: &str,
        property: &ObjectProp<'_>,
        env: &mut Environment,
    ) {
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

    pub(super) fn hosts(
        &mut self,
        property: &ObjectProp<'_>,
        environment: Option<&str>,
    ) -> Vec<Destination> {
        let key = property.name.as_str();
        let mut hosts: Vec<Destination> = Vec::new();
        for (text, at) in self.strings(property, environment) {
            let place = Range::from_byte_index(at);
            if hosts.len() >= MAX_HOSTS {
                self.report(
                    Severity::Error,
                    &place,
                    environment,
                    "too-many-hosts",
                    format!("{key}: more than {MAX_HOSTS} hosts"),
                    Some("make several environments of it".into()),
                );
                break;
            }
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

    pub(super) fn ssh_config(
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

    pub(super) fn snapshot_id(&mut self, property: &ObjectProp<'_>) {
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

    pub(super) fn domain(&mut self, domain: &str, at: usize, environment: Option<&str>) {
        if is_domain(domain) {
            return;
        }
        let place = Range::from_byte_index(at);
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
