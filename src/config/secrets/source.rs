//! Files that hold secrets, and the program that opens each.

use crate::config::{Diagnostic, Severity};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The file that is not encrypted.
pub(super) const PLAIN: &str = "secrets.json";

/// An encrypted secrets file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `secrets.json.secret`, by `git secret`.
    GitSecret(PathBuf),
    /// `secrets.sops.json` or `secrets.enc.json`, by `sops`.
    Sops(PathBuf),
    /// `secrets.json.age`, by `age`.
    Age(PathBuf),
}

impl Source {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Source::GitSecret(path) | Source::Sops(path) | Source::Age(path) => path,
        }
    }

    /// The program that decrypts it.
    pub fn program(&self) -> &'static str {
        match self {
            Source::GitSecret(_) => "git secret",
            Source::Sops(_) => "sops",
            Source::Age(_) => "age",
        }
    }

    /// What prints the decrypted text on standard output. It runs in the file's directory.
    pub(super) fn command(
        &self,
        age_identity: Option<&Path>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Command, Box<Diagnostic>> {
        let name = self.path().file_name().unwrap_or_default();
        let mut command = match self {
            Source::GitSecret(_) => {
                let mut command = Command::new("git");
                command.args(["secret", "cat", PLAIN]);
                command
            }
            Source::Sops(_) => {
                let mut command = Command::new("sops");
                command
                    .args(["--decrypt", "--output-type", "json"])
                    .arg(name);
                command
            }
            Source::Age(_) => {
                let identity = match age_identity {
                    Some(path) => path.to_path_buf(),
                    None => self.find_identity(variable)?,
                };
                let mut command = Command::new("age");
                command
                    .arg("--decrypt")
                    .arg("--identity")
                    .arg(identity)
                    .arg(name);
                command
            }
        };
        if let Some(directory) = self.path().parent().filter(|d| !d.as_os_str().is_empty()) {
            command.current_dir(directory);
        }
        Ok(command)
    }

    /// Where sops looks for age identities.
    fn find_identity(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<PathBuf, Box<Diagnostic>> {
        if let Some(path) = variable("SOPS_AGE_KEY_FILE").filter(|p| !p.is_empty()) {
            return Ok(PathBuf::from(path));
        }
        use etcetera::BaseStrategy;
        let default = etcetera::choose_base_strategy()
            .ok()
            .map(|base| base.config_dir().join("sops/age/keys.txt"));
        if let Some(path) = default.as_ref().filter(|path| path.is_file()) {
            return Ok(path.clone());
        }
        Err(Diagnostic::new(
            Severity::Warning,
            self.path(),
            "no-age-identity",
            "no age identity to open it with",
        )
        .hint("set age_identity in settings.toml or SOPS_AGE_KEY_FILE")
        .boxed())
    }
}

/// The encrypted files in a directory; the first is the one to use.
pub(super) fn encrypted(directory: &Path) -> Vec<Source> {
    [
        Source::GitSecret(directory.join("secrets.json.secret")),
        Source::Sops(directory.join("secrets.sops.json")),
        Source::Sops(directory.join("secrets.enc.json")),
        Source::Age(directory.join("secrets.json.age")),
    ]
    .into_iter()
    .filter(|source| source.path().is_file())
    .collect()
}
