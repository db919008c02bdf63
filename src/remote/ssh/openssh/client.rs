//! How ssh is called for a host: its options, and where its connection is shared.

use super::{askpass::Asks, private::Private};
use crate::config::Destination;
use crate::remote::ssh::{Options, resolve::Resolved};
use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};
use tokio::process::Command;

/// What a connection attempt may take when nobody says.
const CONNECT: Duration = Duration::from_secs(10);

/// How to call ssh for this host.
#[derive(Clone)]
pub(super) struct Client {
    // Keeps the directory of the socket until the last user is gone.
    pub(super) directory: Arc<Private>,
    pub(super) options: Vec<String>,
    pub(super) destination: String,
}

impl Client {
    /// A client of the master, which asks nobody.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("ssh");
        command
            // The first value of an option holds.
            .args(["-o", "BatchMode=yes"])
            .args(&self.options)
            .arg("-o")
            .arg(format!("ControlPath={}", self.socket().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The master itself; what it has to ask, it asks through `asks`.
    pub(super) fn master(&self, asks: Option<&Asks>, known_hosts: Option<&str>) -> Command {
        let mut command = Command::new("ssh");
        let batch = if asks.is_some() { "no" } else { "yes" };
        command.args(["-o", &format!("BatchMode={batch}")]);
        if let Some(asks) = asks {
            command
                .env("SSH_ASKPASS", asks.program())
                .env("SSH_ASKPASS_REQUIRE", "force");
        }
        if let Some(files) = known_hosts {
            command.args(["-o", &format!("UserKnownHostsFile={files}")]);
        }
        command
            .args(&self.options)
            .args(["-o", &format!("ControlPath={}", self.socket().display())])
            .args(["-M", "-N", "-o", "ControlPersist=no", "--"])
            .arg(&self.destination)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("master")
    }
}

/// Options of the master and of its clients, beyond the configuration.
pub(super) fn arguments(
    destination: &Destination,
    options: &Options,
    resolved: &Resolved,
) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(file) = &options.ssh_config {
        all.extend(["-F".to_owned(), file.display().to_string()]);
    }
    let wait = attempt(options, resolved).as_secs().max(1);
    let mut set = vec![format!("ConnectTimeout={wait}")];
    if resolved.seconds("serveraliveinterval").is_none() {
        set.push("ServerAliveInterval=15".to_owned());
        set.push("ServerAliveCountMax=3".to_owned());
    }
    for option in set {
        all.extend(["-o".to_owned(), option]);
    }
    if let Some(port) = destination.port {
        all.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = whom(destination, options, resolved) {
        all.extend(["-l".to_owned(), user]);
    }
    all
}

/// What a connection attempt may take.
pub(super) fn attempt(options: &Options, resolved: &Resolved) -> Duration {
    options
        .connect_timeout
        .or_else(|| resolved.seconds("connecttimeout"))
        .unwrap_or(CONNECT)
}

/// Whom to log in as, when not as ssh_config says by itself.
pub(super) fn whom(
    destination: &Destination,
    options: &Options,
    resolved: &Resolved,
) -> Option<String> {
    match (&destination.user, &options.default_user) {
        (None, Some(_)) => Some(resolved.user.clone()),
        (user, _) => user.clone(),
    }
}
