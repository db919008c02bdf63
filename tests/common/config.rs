//! Configuration directories for tests: config.json and the ssh_config it names.

use super::TestHost;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A temporary directory to give to `--config`. Its only environment is called `test`.
pub struct ConfigDir {
    dir: TempDir,
}

impl ConfigDir {
    /// Hosts under their labels, reached through their loopback ports as `operator`.
    pub fn of(hosts: &[&TestHost]) -> ConfigDir {
        let mut ssh_config = String::new();
        for host in hosts {
            write!(
                ssh_config,
                "Host {}\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  \
                 UserKnownHostsFile {}\n",
                host.label,
                host.port,
                host.key.display(),
                host.known_hosts.display()
            )
            .unwrap();
        }
        ssh_config.push_str(
            "Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n  GlobalKnownHostsFile /dev/null\n  \
             StrictHostKeyChecking yes\n",
        );
        let labels: Vec<&str> = hosts.iter().map(|host| host.label.as_str()).collect();
        ConfigDir::with(
            serde_json::json!({
                "terraform_packer_environment": "test",
                "hosts_test": labels,
                "ssh_config_test": "ssh_config",
            }),
            &ssh_config,
        )
    }

    /// Any config.json with any ssh_config beside it.
    pub fn with(config: serde_json::Value, ssh_config: &str) -> ConfigDir {
        let dir = ConfigDir {
            dir: tempfile::tempdir().unwrap(),
        };
        dir.write("config.json", &format!("{config:#}\n"));
        dir.write("ssh_config", ssh_config);
        dir
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What a file in it holds.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }
}
