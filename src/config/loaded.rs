//! config.json as the rest of the program uses it: found, read, asked for an environment.

use super::{Diagnostic, Environment, SshTransport, diagnostic::closest, file::File, find};
use crate::problem::{Exit, Problem};
use std::path::{Path, PathBuf};

/// A config.json that could be read. One environment's mistakes do not keep the others from use.
#[derive(Debug)]
pub struct Loaded {
    path: PathBuf,
    file: File,
}

/// Everything that is to be said about a config.json, also when it cannot be read.
#[derive(Debug)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// All findings, in its order.
    pub diagnostics: Vec<Diagnostic>,
    /// The environments that could be made out.
    pub environments: Vec<String>,
    /// The environment used when none is asked for.
    pub default: Option<String>,
}

impl Inspection {
    /// Looks at the file that [`Loaded::find`] would read. Fails only when there is none.
    pub fn of(flag: Option<&Path>, cwd: &Path) -> Result<Inspection, Problem> {
        let path = find::locate(flag, cwd)?;
        let file = find::read(&path);
        let environments = file.environments.into_iter().map(|e| e.name).collect();
        Ok(Inspection {
            path,
            diagnostics: file.diagnostics,
            environments,
            default: file.default,
        })
    }
}

impl Loaded {
    /// Reads the file that `flag` names (or the one in that directory), else the nearest one
    /// from `cwd` upwards. Fails when there is none or it is not JSON; mistakes in single keys
    /// are kept for [`Loaded::environment`] and [`Loaded::diagnostics`].
    pub fn find(flag: Option<&Path>, cwd: &Path) -> Result<Loaded, Problem> {
        let path = find::locate(flag, cwd)?;
        let file = find::read(&path);
        if file.unreadable
            && let Some(diagnostic) = file.diagnostics.last()
        {
            return Err(diagnostic.into());
        }
        Ok(Loaded { path, file })
    }

    /// No configuration at all: no environments, at no path.
    pub fn nothing() -> Loaded {
        Loaded {
            path: PathBuf::new(),
            file: File::default(),
        }
    }

    /// No configuration, but an environment of this name.
    pub fn only(name: &str) -> Loaded {
        let mut loaded = Loaded::nothing();
        loaded.file.environments.push(Environment::new(name));
        loaded.file.default = Some(name.to_owned());
        loaded
    }

    /// What carries SSH in environments without `ssh_transport_<env>`.
    pub fn with_transport(mut self, transport: SshTransport) -> Loaded {
        let File {
            environments,
            transports,
            ..
        } = &mut self.file;
        for environment in environments {
            if !transports.contains_key(&environment.name) {
                environment.ssh_transport = transport;
            }
        }
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything found in the file, in its order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.file.diagnostics
    }

    /// The environment used when none is asked for.
    pub fn default_environment(&self) -> Option<&str> {
        self.file.default.as_deref()
    }

    /// All environments, in the file's order, also those with mistakes.
    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.file.environments.iter()
    }

    /// The environment of this name, or the default one. Fails with the first mistake in its
    /// keys.
    pub fn environment(&self, name: Option<&str>) -> Result<Environment, Problem> {
        let name = match name.or(self.default_environment()) {
            Some(name) => name,
            None => return Err(self.no_default()),
        };
        let Some(environment) = self.environments().find(|e| e.name == name) else {
            return Err(self.unknown(name));
        };
        let mistakes = self
            .diagnostics()
            .iter()
            .filter(|d| d.is_error() && d.environment.as_deref() == Some(name));
        let mut mistakes = mistakes.peekable();
        if let Some(first) = mistakes.next() {
            let mut problem = Problem::from(first);
            let more = mistakes.count();
            if more > 0 {
                problem.message += &format!("; and {more} more: see `qd config check`");
            }
            return Err(problem);
        }
        Ok(environment.clone())
    }

    fn names(&self) -> Vec<&str> {
        self.environments().map(|e| e.name.as_str()).collect()
    }

    fn no_default(&self) -> Problem {
        let wrong = self.diagnostics().iter().find(|d| is_about_default(d));
        if let Some(diagnostic) = wrong {
            return diagnostic.into();
        }
        let path = self.path.display();
        let names = self.names();
        if names.is_empty() {
            return Problem::new(
                "config",
                "no-environment",
                Exit::Usage,
                format!("{path} names no environment"),
            )
            .hint("add a key like hosts_production");
        }
        Problem::new(
            "config",
            "no-environment",
            Exit::Usage,
            format!("{path} does not say which environment to use"),
        )
        .hint(format!(
            "name one with --env or set terraform_packer_environment: {}",
            names.join(", ")
        ))
    }

    fn unknown(&self, name: &str) -> Problem {
        let names = self.names();
        let hint = match closest(name, names.iter().copied()) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None if names.is_empty() => format!("add a key like hosts_{name}"),
            None => format!("it has: {}", names.join(", ")),
        };
        Problem::new(
            "config",
            "unknown-environment",
            Exit::Usage,
            format!("no environment '{name}' in {}", self.path.display()),
        )
        .hint(hint)
    }
}

/// Whether a finding says why there is no default environment.
fn is_about_default(diagnostic: &Diagnostic) -> bool {
    diagnostic.is_error()
        && diagnostic.environment.is_none()
        && (diagnostic.code == "unknown-environment"
            || diagnostic
                .message
                .starts_with("terraform_packer_environment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> (tempfile::TempDir, Loaded) {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("config.json"), text).unwrap();
        let loaded = Loaded::find(None, root.path()).unwrap();
        (root, loaded)
    }

    #[test]
    fn default_and_named() {
        let (_root, loaded) = load(
            r#"{"terraform_packer_environment": "b", "hosts_a": ["x"], "hosts_b": ["root@y:22"],
                "ssh_user_a": "deploy", "read_only_a": true, "colour_b": "Red",
                "ssh_transport_b": "openssh"}"#,
        );
        let b = loaded.environment(None).unwrap();
        assert_eq!((b.name.as_str(), b.ssh_user.as_str()), ("b", "operator"));
        assert_eq!(b.hosts[0].to_string(), "root@y:22");
        assert_eq!(b.colour.as_deref(), Some("red"));
        let a = loaded.environment(Some("a")).unwrap();
        assert_eq!((a.ssh_user.as_str(), a.read_only), ("deploy", true));
        let error = loaded.environment(Some("c")).unwrap_err();
        assert_eq!(error.code, "unknown-environment");

        let (_root, loaded) =
            load(r#"{"hosts_a": ["x"], "hosts_b": ["y"], "ssh_transport_b": "russh"}"#);
        assert_eq!(loaded.environment(None).unwrap_err().code, "no-environment");
        let loaded = loaded.with_transport(SshTransport::Openssh);
        let transport = |name| loaded.environment(Some(name)).unwrap().ssh_transport;
        assert_eq!(transport("a"), SshTransport::Openssh);
        assert_eq!(transport("b"), SshTransport::Russh);
    }

    #[test]
    fn one_environments_mistake_is_its_own() {
        let (_root, loaded) = load(r#"{"hosts_a": ["x"], "hosts_b": ["y z", 3]}"#);
        assert!(loaded.environment(Some("a")).is_ok());
        let problem = loaded.environment(Some("b")).unwrap_err();
        assert!(problem.message.contains("config.json:1:32: "), "{problem}");
        assert!(
            problem
                .message
                .ends_with("and 1 more: see `qd config check`"),
            "{problem}"
        );
    }

    #[test]
    fn unreadable_read_only_means_read_only() {
        let (_root, loaded) = load(r#"{"hosts_a": ["x"], "read_only_a": "no"}"#);
        assert!(loaded.environments().all(|e| e.read_only));
    }
}
