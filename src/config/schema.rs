//! JSON Schemas of the files, for editors: generated from types, kept in docs/.
//!
//! The types here only describe; reading the files gives better messages than a schema can.

use super::{SshTransport, settings::Settings};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Described {
    /// config.json
    Config,
    /// secrets.json
    Secrets,
    /// settings.toml
    Settings,
}

/// config.json: what Quarterdeck, Terraform and Packer know about the environments
#[derive(JsonSchema)]
pub struct Config {
    /// The environment used when none is asked for.
    pub terraform_packer_environment: String,
    /// The image that new servers start from.
    pub nixos_snapshot_id: Number,
}

/// The keys of config.json that end in `_<environment>`.
#[derive(JsonSchema)]
pub struct ConfigOfEnvironment {
    /// The domain of the environment.
    pub domain_name: String,
    /// More names for its certificate.
    pub domain_alternative_names: List,
    /// The hosts, each `[user@]host[:port]` or an alias of ssh_config.
    #[schemars(extend("examples" = [["operator@server.example.org", "[2001:db8::1]:2222", "web"]]))]
    pub hosts: List,
    /// The user when neither a host's entry nor ssh_config names one.
    #[schemars(length(min = 1), extend("default" = "operator"))]
    pub ssh_user: String,
    /// An ssh_config file used instead of the user's, relative to config.json.
    #[schemars(length(min = 1))]
    pub ssh_config: String,
    /// What carries SSH.
    pub ssh_transport: SshTransport,
    /// The environment's colour: a name or `#rrggbb`.
    #[schemars(extend("examples" = ["red", "#ff8800"]))]
    pub colour: String,
    /// Nothing that changes the world is executed.
    #[schemars(extend("default" = false))]
    pub read_only: bool,
    /// Where Vault listens, as seen from the hosts.
    #[schemars(regex(pattern = "^https?://"), extend("default" = "http://127.0.0.1:8200"))]
    pub vault_addr: String,
    /// Vault is reached directly instead of through a host.
    #[schemars(extend("default" = false))]
    pub vault_direct: bool,
}

/// secrets.json: an empty value counts as absent
#[derive(JsonSchema)]
pub struct Secrets {
    /// User name for Terraform's state at GitLab.
    pub terraform_gitlab_backend_username: String,
    /// Password or token for it.
    pub terraform_gitlab_backend_password: String,
    /// The GitLab project that holds it.
    pub terraform_gitlab_backend_project: Number,
    /// Who pulls images.
    pub gitlab_deploy_token_username: String,
    /// The token for it.
    pub gitlab_deploy_token_password: String,
    /// For Route 53.
    pub aws_access_key_id: String,
    /// For Route 53.
    pub aws_secret_access_key: String,
}

/// The keys of secrets.json that end in `_<environment>`.
#[derive(JsonSchema)]
pub struct SecretsOfEnvironment {
    /// Password of the log store.
    pub elasticsearch_password: String,
    /// Token of the environment's Hetzner project.
    pub hcloud_token: String,
    /// Where the Hetzner API is, when it is not the public one.
    pub hcloud_endpoint: String,
    /// Password of Vault's database.
    pub vault_db_password: String,
}

/// A number, or a string of digits.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Number {
    /// As a number.
    Number(u64),
    /// As a string of digits.
    Text(String),
}

/// A list, or one string with commas.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum List {
    /// As a list.
    List(Vec<String>),
    /// As one string; Packer's variables can hold nothing else.
    Text(String),
}

/// The schema of a file, indented, with a newline at its end.
pub fn text(of: Described) -> String {
    let schema = match of {
        Described::Config => combined::<Config, ConfigOfEnvironment>(),
        Described::Secrets => combined::<Secrets, SecretsOfEnvironment>(),
        Described::Settings => Value::from(generate::<Settings>()),
    };
    format!("{schema:#}\n")
}

fn generate<T: JsonSchema>() -> Schema {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<T>()
}

/// The keys of `Shared` as they are, and those of `Each` with an environment's name behind them.
/// No key is required, and Terraform may have keys of its own.
fn combined<Shared: JsonSchema, Each: JsonSchema>() -> Value {
    let mut schema = Value::from(generate::<Shared>());
    let each = Value::from(generate::<Each>());
    let mut patterns = Map::new();
    if let Some(Value::Object(properties)) = each.get("properties") {
        for (name, property) in properties {
            let pattern = format!("^{name}_[A-Za-z0-9]([A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?$");
            patterns.insert(pattern, property.clone());
        }
    }
    if let Some(object) = schema.as_object_mut() {
        object.remove("required");
        object.insert("patternProperties".into(), Value::Object(patterns));
        object.insert("additionalProperties".into(), json!(true));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;
    use std::{fs, path::Path};

    fn names(schema: &Value) -> Vec<String> {
        let of = |key: &str| schema.get(key).and_then(Value::as_object).unwrap();
        let shared = of("properties").keys().cloned();
        let each = of("patternProperties").keys().map(|p| {
            p.trim_start_matches('^')
                .split('[')
                .next()
                .unwrap()
                .to_string()
        });
        shared.chain(each).collect()
    }

    #[test]
    fn schemas_have_the_keys_that_are_read() {
        let config = combined::<Config, ConfigOfEnvironment>();
        assert_eq!(names(&config), keys::CONFIG);
        let secrets = combined::<Secrets, SecretsOfEnvironment>();
        assert_eq!(names(&secrets), keys::SECRETS);
    }

    /// Rewrites the files with `UPDATE_DOCS=1`.
    #[test]
    fn docs_are_up_to_date() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        for (of, file) in [
            (Described::Config, "config.schema.json"),
            (Described::Secrets, "secrets.schema.json"),
            (Described::Settings, "settings.schema.json"),
        ] {
            let path = docs.join(file);
            let text = text(of);
            if std::env::var_os("UPDATE_DOCS").is_some() {
                fs::write(&path, &text).unwrap();
            }
            let kept = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == text,
                "docs/{file} is out of date: run the tests with UPDATE_DOCS=1"
            );
        }
    }
}
