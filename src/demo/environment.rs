//! The embedded environment: hosts, keys and a configuration in a temporary directory.

use super::{
    hetzner::{self, Hetzner, Plan},
    host::{Host, now},
    site,
    ssh::{self, Fault},
    story,
};
use russh::keys::{
    PrivateKey,
    ssh_key::{LineEnding, private::Ed25519Keypair},
};
use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{net::TcpListener, task::JoinSet};

/// The environments, the default one first.
pub const ENVIRONMENTS: [&str; 2] = ["demo", "staging"];

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file or directory could not be made.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The simulated API does not start.
    #[error("Hetzner's API: {0}")]
    Hetzner(io::Error),
    /// No port could be listened on.
    #[error("no free port on 127.0.0.1: {0}")]
    Port(io::Error),
    /// A key could not be made.
    #[error("a key could not be made: {0}")]
    Key(String),
}

/// What a demo begins with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Makes the story repeatable.
    pub seed: u64,
    /// Servers at Hetzner beyond those of the story.
    pub servers: usize,
    /// What goes wrong at Hetzner.
    pub plan: Plan,
}

/// The running environment. Ends, and leaves nothing behind, when dropped.
pub struct Demo {
    directory: Directory,
    hosts: Vec<(Arc<Host>, u16)>,
    hetzner: Hetzner,
    _tasks: JoinSet<()>,
}

/// A directory that goes with its owner.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // Nothing more can be done about files that resist.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Directory {
    fn new() -> Result<Directory, DemoError> {
        let name = format!("quarterdeck-demo-{:016x}", u64::from_le_bytes(random()?));
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| DemoError::File(path.clone(), error))?;
        Ok(Directory(path))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), DemoError> {
        let path = self.0.join(name);
        let write = || {
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?
                .write_all(text.as_bytes())
        };
        write().map_err(|error| DemoError::File(path.clone(), error))
    }
}

fn random<const N: usize>() -> Result<[u8; N], DemoError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; N];
    fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| DemoError::File(path.to_owned(), error))?;
    Ok(bytes)
}

/// A key is new with each start, whatever the story's seed.
fn key() -> Result<PrivateKey, DemoError> {
    Ok(PrivateKey::from(Ed25519Keypair::from_seed(&random()?)))
}

impl Demo {
    /// Starts everything on free loopback ports; `seed` makes the story repeatable. Must be
    /// called within a tokio runtime.
    pub async fn start(seed: u64) -> Result<Demo, DemoError> {
        let options = Options {
            seed,
            ..Options::default()
        };
        Demo::start_with(options).await
    }

    /// The same, with everything that can be chosen.
    pub async fn start_with(options: Options) -> Result<Demo, DemoError> {
        let seed = options.seed;
        let directory = Directory::new()?;
        let bad = |error: russh::keys::ssh_key::Error| DemoError::Key(error.to_string());
        let client = key()?;
        directory.write(
            "id_ed25519",
            &client.to_openssh(LineEnding::LF).map_err(bad)?,
        )?;
        let mut tasks = JoinSet::new();
        let (mut known, mut config, mut hosts) =
            (String::new(), serde_json::Map::new(), Vec::new());
        config.insert("terraform_packer_environment".to_owned(), "demo".into());
        let at = now();
        for environment in ENVIRONMENTS {
            let mut ssh_config = String::new();
            for name in story::hosts(environment) {
                let listener = TcpListener::bind("127.0.0.1:0")
                    .await
                    .map_err(DemoError::Port)?;
                let port = listener.local_addr().map_err(DemoError::Port)?.port();
                let host_key = key()?;
                let public = host_key.public_key().to_openssh().map_err(bad)?;
                known.push_str(&format!("[127.0.0.1]:{port} {public}\n"));
                ssh_config.push_str(&format!(
                    "Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  User operator\n  IdentityFile \"{0}/id_ed25519\"\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile \"{0}/known_hosts\"\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n",
                    directory.0.display()
                ));
                let making = tokio::task::spawn_blocking(move || Host::new(name, seed, at));
                hosts.push((making, port, listener, host_key));
            }
            directory.write(&format!("ssh_config_{environment}"), &ssh_config)?;
            config.insert(
                format!("hosts_{environment}"),
                story::hosts(environment).to_vec().into(),
            );
            config.insert(
                format!("ssh_config_{environment}"),
                format!("ssh_config_{environment}").into(),
            );
            let domain = format!("{environment}.example.org");
            config.insert(format!("domain_name_{environment}"), domain.into());
        }
        directory.write("known_hosts", &known)?;
        let text = serde_json::Value::Object(config);
        directory.write("config.json", &format!("{text:#}\n"))?;
        let hetzner = Hetzner::start(hetzner::Options {
            seed,
            servers: options.servers,
            empty: false,
            plan: options.plan,
        });
        let hetzner = hetzner.await.map_err(DemoError::Hetzner)?;
        // Beside config.json, so that no token of the user's own is taken for the demo's.
        let mut secrets = serde_json::Map::new();
        for environment in ENVIRONMENTS {
            let mut put = |key: &str, value: &str| {
                secrets.insert(format!("{key}_{environment}"), value.into());
            };
            put("hcloud_token", hetzner.token());
            put("hcloud_endpoint", hetzner.endpoint());
        }
        let text = serde_json::Value::Object(secrets);
        directory.write("secrets.json", &format!("{text:#}\n"))?;
        let mut running = Vec::new();
        for (making, port, listener, host_key) in hosts {
            let host = making
                .await
                .map_err(|error| DemoError::Key(error.to_string()))?;
            let host = Arc::new(host);
            tasks.spawn(host.clone().live());
            if let Some(address) = hetzner.address(&host.name) {
                tasks.spawn(site::serve(host.clone(), address));
            }
            tasks.spawn(ssh::serve(
                host.clone(),
                listener,
                host_key,
                client.public_key().clone(),
            ));
            running.push((host, port));
        }
        Ok(Demo {
            directory,
            hosts: running,
            hetzner,
            _tasks: tasks,
        })
    }

    /// The directory with config.json, to be used with `--config`.
    pub fn directory(&self) -> &Path {
        &self.directory.0
    }

    /// The hosts' names and SSH ports, in order.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        self.hosts
            .iter()
            .map(|(host, port)| (host.name.as_str(), *port))
    }

    /// The simulated Hetzner.
    pub fn hetzner(&self) -> &Hetzner {
        &self.hetzner
    }

    /// Has a host or its link misbehave; nothing when there is no such host.
    pub fn fault(&self, host: &str, fault: Fault) {
        for (found, _) in &self.hosts {
            if found.name == host {
                found.fault(fault);
            }
        }
    }

    /// Writes lines to a host's journal as a unit's program would, whether the host has that unit
    /// or not; nothing when there is no such host.
    pub fn write(&self, host: &str, unit: &str, lines: &[String]) {
        for (found, _) in &self.hosts {
            if found.name == host {
                found.with(|world| world.print(unit, lines));
            }
        }
    }

    /// What other programs need to use it, as `KEY=VALUE` lines.
    pub fn variables(&self) -> String {
        let directory = self.directory.0.display();
        let mut text = format!("QD_CONFIG={directory}\n");
        if let Some((_, port)) = self.hosts.first() {
            text.push_str(&format!("QD_DEMO_SSH_PORT={port}\n"));
        }
        for (name, port) in self.hosts() {
            let name = name.to_uppercase().replace('-', "_");
            text.push_str(&format!("QD_DEMO_SSH_PORT_{name}={port}\n"));
        }
        text.push_str(&format!("QD_DEMO_SSH_KEY={directory}/id_ed25519\n"));
        text.push_str(&format!("QD_DEMO_KNOWN_HOSTS={directory}/known_hosts\n"));
        text.push_str(&self.hetzner.variables());
        text
    }
}
