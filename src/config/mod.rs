//! What the user wrote down: config.json, secrets.json, personal settings.
//!
//! Reads, validates (file:line:column and a did-you-mean) and hands out typed values; connects
//! to nothing.

pub mod colour;
mod destination;
pub mod diagnostic;
mod file;
mod find;
mod json;
pub mod keys;
mod loaded;
pub mod schema;
pub mod secrets;
pub mod settings;

pub use destination::{Destination, DestinationError};
pub use diagnostic::{Diagnostic, Position, Severity};
pub use loaded::{Inspection, Loaded};

use std::path::PathBuf;

/// The user that logs in when neither config.json, the destination nor ssh_config names one.
pub const DEFAULT_SSH_USER: &str = "operator";

/// One environment: the suffix of keys in config.json and secrets.json.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// `hosts_<env>`.
    pub hosts: Vec<Destination>,
    /// `ssh_user_<env>`, default `operator`.
    pub ssh_user: String,
    /// `ssh_config_<env>`: an ssh_config file used instead of the user's; relative to config.json.
    pub ssh_config: Option<PathBuf>,
    /// `ssh_transport_<env>`, or `ssh_transport` of the settings.
    pub ssh_transport: SshTransport,
    /// `colour_<env>`: a colour name or `#rrggbb`, checked.
    pub colour: Option<String>,
    /// `read_only_<env>`: nothing that changes the world is executed.
    pub read_only: bool,
    /// `domain_name_<env>`.
    pub domain_name: Option<String>,
    /// `domain_alternative_names_<env>`.
    pub domain_alternative_names: Vec<String>,
}

impl Environment {
    /// An environment of which nothing but the name is set.
    pub fn new(name: impl Into<String>) -> Self {
        Environment {
            name: name.into(),
            hosts: Vec::new(),
            ssh_user: DEFAULT_SSH_USER.into(),
            ssh_config: None,
            ssh_transport: SshTransport::default(),
            colour: None,
            read_only: false,
            domain_name: None,
            domain_alternative_names: Vec::new(),
        }
    }
}

/// What carries SSH.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SshTransport {
    /// The built-in client.
    #[default]
    Russh,
    /// The system's `ssh` binary.
    Openssh,
}

impl SshTransport {
    /// From its name in config.json and settings.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "russh" => Some(SshTransport::Russh),
            "openssh" => Some(SshTransport::Openssh),
            _ => None,
        }
    }
}

/// Replaces a leading `~/` by the home directory.
pub(crate) fn expand_home(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}
