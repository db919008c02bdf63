//! What ssh_config says about a destination, asked of `ssh -G`: Include, Match and patterns are
//! ssh's own business. As with ssh, `~` is the home of the user database, not `$HOME`.

use super::{Options, SshError, config_file, problem};
use crate::config::Destination;
use crate::problem::Exit;
use crate::remote::HostId;
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// `ssh -G` needs no network, except where the configuration runs commands.
const PATIENCE: Duration = Duration::from_secs(10);
/// A user that no configuration names.
const NOBODY: &str = "qd-no-user-named";

/// How to reach and check one host.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    values: BTreeMap<String, Vec<String>>,
    /// As the destination names it.
    pub(super) alias: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
}

impl Resolved {
    /// Asks ssh.
    pub(super) async fn ask(
        id: &HostId,
        destination: &Destination,
        options: &Options,
    ) -> Result<Resolved, SshError> {
        let plain = dash_g(id, destination, options.ssh_config.as_deref());
        let (plain, named) = if destination.user.is_none() && options.default_user.is_some() {
            let (plain, named) = tokio::join!(plain, names_user(id, destination, options));
            (plain?, named)
        } else {
            (plain.await?, true)
        };
        let first = |key: &str| plain.get(key).and_then(|v| v.first()).cloned();
        let user = match (&destination.user, &options.default_user) {
            (Some(user), _) => user.clone(),
            (None, Some(user)) if !named => user.clone(),
            _ => first("user").unwrap_or_default(),
        };
        let host = first("hostname").unwrap_or_else(|| destination.host.clone());
        let port = first("port").and_then(|p| p.parse().ok()).unwrap_or(22);
        Ok(Resolved {
            alias: destination.host.clone(),
            values: plain,
            host,
            port,
            user,
        })
    }

    /// The value of a keyword (lower case); None when absent or `none`.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values
            .get(key)?
            .first()
            .map(String::as_str)
            .filter(|value| *value != "none")
    }

    /// A keyword that is a number of seconds.
    pub(super) fn seconds(&self, key: &str) -> Option<Duration> {
        let seconds = self.get(key)?.parse().ok()?;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// Whether a keyword says yes.
    pub(super) fn yes(&self, key: &str) -> bool {
        matches!(self.get(key), Some("yes" | "true"))
    }

    /// The name that known_hosts files are searched for.
    pub(super) fn known_as(&self) -> String {
        let name = self
            .get("hostkeyalias")
            .unwrap_or(&self.host)
            .to_ascii_lowercase();
        if self.port == 22 || self.get("hostkeyalias").is_some() {
            name
        } else {
            format!("[{name}]:{}", self.port)
        }
    }

    /// Paths of a keyword that may be repeated (`identityfile`).
    pub(super) fn repeated(&self, key: &str) -> Vec<PathBuf> {
        let values = self.values.get(key).into_iter().flatten();
        values
            .filter(|v| *v != "none")
            .map(|v| self.path(v))
            .collect()
    }

    /// Paths of a keyword that takes several on one line (`userknownhostsfile`).
    pub(super) fn listed(&self, key: &str) -> Vec<PathBuf> {
        let values = self.get(key).unwrap_or_default();
        values
            .split_whitespace()
            .filter(|v| *v != "none")
            .map(|v| self.path(v))
            .collect()
    }

    /// `~` and the tokens of ssh_config, expanded.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        let text = self.tokens(text);
        match (text.strip_prefix("~/"), home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        }
    }

    /// The tokens of ssh_config, expanded.
    pub(super) fn tokens(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') => out.push('%'),
                Some('h') => out.push_str(&self.host),
                Some('n') => out.push_str(&self.alias),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(&self.user),
                Some('d') => out.push_str(&home().unwrap_or_default().to_string_lossy()),
                Some('u') => out.push_str(&local_user()),
                Some('i') => out.push_str(&nix::unistd::getuid().to_string()),
                Some('k') => out.push_str(self.get("hostkeyalias").unwrap_or(&self.alias)),
                Some(other) => out.extend(['%', other]),
                None => out.push('%'),
            }
        }
        out
    }
}

/// Whether the configuration names a user: `ssh -G` alone prints the local one when it does not.
/// A last resort is appended to it; where that comes out, nobody was named.
async fn names_user(id: &HostId, destination: &Destination, options: &Options) -> bool {
    let files = match &options.ssh_config {
        Some(file) => vec![std::path::absolute(file).unwrap_or_else(|_| file.clone())],
        None => [
            home().map(|h| h.join(".ssh/config")),
            Some("/etc/ssh/ssh_config".into()),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    let mut text = String::new();
    for file in files {
        text.push_str(&format!("Include \"{}\"\n", file.display()));
    }
    text.push_str(&format!("Host *\n  User {NOBODY}\n"));
    let path = std::env::temp_dir().join(format!("qd-{:016x}.conf", fastrand::u64(..)));
    let _removed = Removed(&path);
    let written = {
        use std::os::unix::fs::OpenOptionsExt;
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
    };
    let answer = match written {
        Ok(()) => dash_g(id, destination, Some(&path)).await.ok(),
        Err(_) => None,
    };
    let user = answer.and_then(|v| v.get("user").and_then(|v| v.first()).cloned());
    user.is_some_and(|user| user != NOBODY)
}

/// A file that goes when this does, also when whoever waits for the answer has given up.
struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        // Where it was not made there is nothing to remove.
        let _ = std::fs::remove_file(self.0);
    }
}

async fn dash_g(
    id: &HostId,
    destination: &Destination,
    config: Option<&Path>,
) -> Result<BTreeMap<String, Vec<String>>, SshError> {
    let mut command = Command::new("ssh");
    command
        .arg("-G")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(file) = config {
        command.arg("-F").arg(file);
    }
    if let Some(port) = destination.port {
        command.args(["-p", &port.to_string()]);
    }
    if let Some(user) = &destination.user {
        command.args(["-l", user]);
    }
    let wrong = |message: String| {
        SshError::Refused(
            problem(id, "ssh-config", Exit::Usage, message)
                .hint("check ssh_config with `ssh -G HOST`"),
        )
    };
    let asked = crate::job_control::start(|| command.args(["--", &destination.host]).output());
    let output = match timeout(PATIENCE, asked).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(without_ssh(destination, config));
        }
        Ok(Err(error)) => return Err(wrong(format!("cannot run `ssh -G`: {error}"))),
        Err(_) => return Err(wrong("`ssh -G` does not answer".to_owned())),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(wrong(said.trim().to_owned()));
    }
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((key, value)) = line.split_once(' ') {
            values
                .entry(key.to_ascii_lowercase())
                .or_default()
                .push(value.to_owned());
        }
    }
    Ok(values)
}

/// What the subset of ssh_config that we read ourselves says.
fn without_ssh(destination: &Destination, config: Option<&Path>) -> BTreeMap<String, Vec<String>> {
    let home = home().unwrap_or_default();
    let files = match config {
        Some(file) => vec![file.to_owned()],
        None => vec![home.join(".ssh/config"), "/etc/ssh/ssh_config".into()],
    };
    let found = config_file::read(&files, &home, &destination.host);
    for ignored in &found.ignored {
        tracing::warn!("ssh is not installed, and the built-in reader passes over {ignored}");
    }
    let mut values = found.values;
    if let Some(port) = destination.port {
        values.insert("port".to_owned(), vec![port.to_string()]);
    }
    if let Some(user) = &destination.user {
        values.insert("user".to_owned(), vec![user.clone()]);
    }
    values
        .entry("user".to_owned())
        .or_insert_with(|| vec![local_user()]);
    values
}

fn account() -> Option<nix::unistd::User> {
    nix::unistd::User::from_uid(nix::unistd::getuid())
        .ok()
        .flatten()
}

fn home() -> Option<PathBuf> {
    account().map(|user| user.dir)
}

fn local_user() -> String {
    account().map(|user| user.name).unwrap_or_default()
}
