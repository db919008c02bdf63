//! What the user wrote down: config.json, secrets.json, personal settings.
//!
//! Reads, validates (file:line:column and a did-you-mean) and hands out typed values; connects
//! to nothing.

use std::path::PathBuf;

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

/// One entry of `hosts_<env>`: `[user@]host[:port]` or an ssh_config alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The name shown and given to `--host`: the host part; with the port where two entries
    /// would share a name.
    pub name: String,
    /// The user, if given.
    pub user: Option<String>,
    /// Host name, address (IPv6 without brackets) or alias.
    pub host: String,
    /// The port, if given.
    pub port: Option<u16>,
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
