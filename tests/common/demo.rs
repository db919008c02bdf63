//! The demo as a server for command lines: three hosts without root or network.

use super::{Qd, program::interrupt};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// `qd demo --headless`. Interrupted when dropped.
pub struct Demo {
    child: Child,
    variables: HashMap<String, String>,
    // Its home, as long as it runs.
    _home: Qd,
}

impl Demo {
    /// Starts it and waits until it serves.
    pub fn start() -> Demo {
        let home = Qd::new();
        let mut child = Command::new(Qd::binary())
            .args(["demo", "--headless", "--seed", "1"])
            .env_clear()
            .envs(home.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut variables = HashMap::new();
        loop {
            let line = lines.next().expect("READY").unwrap();
            if line == "READY" {
                break;
            }
            let (name, value) = line.split_once('=').expect("KEY=VALUE");
            variables.insert(name.to_owned(), value.to_owned());
        }
        Demo {
            child,
            variables,
            _home: home,
        }
    }

    /// What it printed before READY.
    pub fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// A program whose configuration is the demo's.
    pub fn qd(&self) -> Qd {
        Qd::at(PathBuf::from(self.variable("QD_CONFIG")))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        interrupt(&self.child);
        let _ = self.child.wait();
    }
}
