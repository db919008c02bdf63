//! The program under test, with a home directory of its own.

use super::ConfigDir;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Runs `qd` without anything of the user's: home, settings, agent, environment variables.
pub struct Qd {
    home: TempDir,
    config: Option<PathBuf>,
}

impl Qd {
    /// Without a configuration.
    pub fn new() -> Qd {
        Qd {
            home: tempfile::tempdir().unwrap(),
            config: None,
        }
    }

    /// With this configuration, through `QD_CONFIG`.
    pub fn with(config: &ConfigDir) -> Qd {
        Qd::at(config.path().to_owned())
    }

    /// With the configuration in this directory.
    pub fn at(config: PathBuf) -> Qd {
        Qd {
            config: Some(config),
            ..Qd::new()
        }
    }

    /// The binary.
    pub fn binary() -> &'static str {
        env!("CARGO_BIN_EXE_qd")
    }

    /// Its home directory; also the working directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The whole environment of the program.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let under = |name: &str| self.home().join(name).display().to_string();
        let mut all = vec![
            ("HOME", self.home().display().to_string()),
            ("XDG_CONFIG_HOME", under("config")),
            ("XDG_STATE_HOME", under("state")),
            ("XDG_CACHE_HOME", under("cache")),
            ("XDG_DATA_HOME", under("data")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("TZ", "UTC".to_owned()),
        ];
        if let Some(config) = &self.config {
            all.push(("QD_CONFIG", config.display().to_string()));
        }
        all
    }

    /// A command line of it, with two minutes to end.
    pub fn run(&self, words: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(Qd::binary());
        command
            .env_clear()
            .envs(self.environment())
            .current_dir(self.home())
            .timeout(std::time::Duration::from_secs(120))
            .args(words);
        command
    }

    /// The JSON document that a command prints; it has to end with this exit code.
    #[track_caller]
    pub fn json(&self, code: i32, words: &[&str]) -> serde_json::Value {
        let output = self.run(words).arg("--json").output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Sends SIGINT, as Ctrl-C does.
pub fn interrupt(child: &std::process::Child) {
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    // It may have ended already.
    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT);
}
