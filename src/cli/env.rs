//! `qd env`: the environments that config.json names.

use super::{Global, Run, context, output};
use crate::config::{Destination, Environment, Loaded, SshTransport, settings::Settings};
use crate::problem::Problem;
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;

/// Environments
#[derive(Debug, Subcommand)]
pub enum Env {
    /// All of them
    List,
    /// One of them, with all that is set or assumed
    Show {
        /// Its name (default: the environment of --env, else the default one)
        name: Option<String>,
    },
}

/// An environment as `--json` shows it.
#[derive(Debug, Serialize)]
struct Item {
    name: String,
    default: bool,
    hosts: Vec<Host>,
    ssh_user: String,
    ssh_config: Option<PathBuf>,
    ssh_transport: SshTransport,
    colour: Option<String>,
    read_only: bool,
    domain_name: Option<String>,
    domain_alternative_names: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Host {
    name: String,
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

impl From<&Destination> for Host {
    fn from(d: &Destination) -> Self {
        Host {
            name: d.name.clone(),
            user: d.user.clone(),
            host: d.host.clone(),
            port: d.port,
        }
    }
}

impl Item {
    fn new(e: &Environment, default: Option<&str>) -> Item {
        Item {
            name: e.name.clone(),
            default: default == Some(e.name.as_str()),
            hosts: e.hosts.iter().map(Host::from).collect(),
            ssh_user: e.ssh_user.clone(),
            ssh_config: e.ssh_config.clone(),
            ssh_transport: e.ssh_transport,
            colour: e.colour.clone(),
            read_only: e.read_only,
            domain_name: e.domain_name.clone(),
            domain_alternative_names: e.domain_alternative_names.clone(),
        }
    }
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Env) -> Run {
    let (settings, _) = Settings::load();
    let loaded = context::load(global)?.with_transport(settings.ssh_transport);
    match command {
        Env::List => list(global, &loaded),
        Env::Show { name } => {
            let environment = loaded.environment(name.as_deref().or(global.env.as_deref()))?;
            show(global, &loaded, &environment)
        }
    }
}

fn list(global: &Global, loaded: &Loaded) -> Run {
    let default = loaded.default_environment();
    let items: Vec<Item> = loaded
        .environments()
        .map(|e| Item::new(e, default))
        .collect();
    let problems: Vec<Problem> = loaded
        .diagnostics()
        .iter()
        .filter(|d| d.is_error())
        .map(Problem::from)
        .collect();
    if global.json {
        let document = output::Document::new(default.unwrap_or_default(), items, &problems);
        output::json(&document)?;
    } else {
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        let headings = ["", "ENVIRONMENT", "HOSTS", "DOMAIN", "NOTES"];
        output::print(&output::table(&headings, &rows))?;
        for problem in &problems {
            output::warn(problem);
        }
    }
    // An environment with mistakes is listed all the same; only using it fails.
    Ok(output::worst(&problems).map_or(0, |problem| problem.exit.code()))
}

fn row(item: &Item) -> Vec<String> {
    let names: Vec<&str> = item.hosts.iter().map(|h| h.name.as_str()).collect();
    let mut notes = Vec::new();
    if item.read_only {
        notes.push("read-only");
    }
    notes.extend(item.colour.as_deref());
    vec![
        if item.default { "*" } else { "" }.to_string(),
        item.name.clone(),
        names.join(", "),
        item.domain_name.clone().unwrap_or_default(),
        notes.join(", "),
    ]
}

fn show(global: &Global, loaded: &Loaded, environment: &Environment) -> Run {
    let item = Item::new(environment, loaded.default_environment());
    if global.json {
        let name = item.name.clone();
        output::json(&output::Document::new(&name, vec![item], &[]))?;
        return Ok(0);
    }
    let hosts: Vec<String> = environment.hosts.iter().map(ToString::to_string).collect();
    let transport = match item.ssh_transport {
        SshTransport::Russh => "russh",
        SshTransport::Openssh => "openssh",
    };
    let yes_no = |yes| if yes { "yes" } else { "no" }.to_string();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let config = item.ssh_config.map(|path| path.display().to_string());
    let rows = [
        ("file", loaded.path().display().to_string()),
        ("default", yes_no(item.default)),
        ("hosts", hosts.join(", ")),
        ("SSH user", item.ssh_user),
        ("SSH config", config.unwrap_or_else(|| "the user's".into())),
        ("SSH transport", transport.to_string()),
        ("colour", or_none(item.colour)),
        ("read-only", yes_no(item.read_only)),
        ("domain", or_none(item.domain_name)),
        ("more names", item.domain_alternative_names.join(", ")),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_string(), value])
        .collect();
    output::print(&output::table(&["ENVIRONMENT", &item.name], &rows))?;
    Ok(0)
}
