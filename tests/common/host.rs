//! A real host to test against; see tests/testhost/README.md.

use super::ConfigDir;
use std::{
    collections::HashMap,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A running host with systemd, journald and sshd. Taken down when dropped.
pub struct TestHost {
    /// What the test calls it: its name in configurations made here.
    pub label: String,
    /// Its real name, unique on this machine: host name, container, network namespace.
    pub name: String,
    /// The loopback port of its sshd.
    pub port: u16,
    /// Its address in its own network (sshd at port 22), reachable from here and other hosts.
    pub address: String,
    /// The private key of `operator` and `viewer`.
    pub key: PathBuf,
    /// Its host keys under its loopback port and its own address.
    pub known_hosts: PathBuf,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl TestHost {
    /// Boots a host; `label` has at most 12 letters, digits and hyphens and begins with a letter.
    /// Takes about a second.
    pub fn up(label: &str) -> TestHost {
        assert!(label.len() <= 12, "{label} is too long a label");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{label}-{}-{count}", std::process::id());
        let output = script("up").arg(&name).output().unwrap();
        let said = checked(output, &format!("up {name}"));
        let facts: HashMap<&str, &str> = said
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        TestHost {
            label: label.to_owned(),
            port: facts["port"].parse().unwrap(),
            address: facts["address"].to_owned(),
            key: facts["key"].into(),
            known_hosts: facts["known_hosts"].into(),
            name,
        }
    }

    /// Makes the host or its link misbehave, or heals it: `cut`, `mend`, `reset`, `refuse`,
    /// `accept`, `freeze`, `thaw`, `sshd-restart`, `sshd-kill`, `reboot`.
    pub fn fault(&self, what: &str) {
        let output = script("fault").args([&self.name, what]).output().unwrap();
        checked(output, &format!("fault {} {what}", self.name));
    }

    /// Adds old journal entries: 40 units, 3 boots, 2 weeks.
    pub fn fill(&self, count: u64) {
        let output = script("fill")
            .args([&self.name, &count.to_string()])
            .output()
            .unwrap();
        checked(output, &format!("fill {} {count}", self.name));
    }

    /// Runs a command as root inside, past network and sshd; its standard output. The test fails
    /// when the command does.
    pub fn run(&self, argv: &[&str]) -> String {
        checked(self.try_run(argv), &argv.join(" "))
    }

    /// [`TestHost::run`] whatever the result.
    pub fn try_run(&self, argv: &[&str]) -> Output {
        script("in")
            .arg(&self.name)
            .args(argv)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a command as root inside with this standard input.
    pub fn feed(&self, argv: &[&str], input: &[u8]) -> String {
        let mut child = script("in")
            .arg(&self.name)
            .args(argv)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A thread, since a command may answer before it has read everything.
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join().unwrap();
        checked(output, &argv.join(" "))
    }

    /// Puts entries of `hostile.service` into its journal, a second apart from this time on
    /// (microseconds since 1970). Messages may be any bytes.
    pub fn plant(&self, messages: &[Vec<u8>], from: u64) {
        let mut stream = Vec::new();
        for (i, message) in messages.iter().enumerate() {
            let text = format!(
                "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n\
                 _BOOT_ID=0123456789abcdef0123456789abcdef\n_UID=0\nPRIORITY={}\n\
                 SYSLOG_IDENTIFIER=hostile\n_PID={}\n_SYSTEMD_UNIT=hostile.service\n\
                 _HOSTNAME=planted\nTWICE=a\nTWICE=b\nEMPTY=\nMESSAGE\n",
                from + i as u64 * 1_000_000,
                5_000_000 + i,
                i % 8,
                100 + i
            );
            stream.extend(text.bytes());
            stream.extend((message.len() as u64).to_le_bytes());
            stream.extend(message);
            stream.extend(b"\n\n");
        }
        self.import(&stream);
    }

    /// Puts the entries of a journal export stream into its journal, as a file of their own.
    pub fn import(&self, stream: &[u8]) {
        let script = "cd /var/log/journal/$(cat /etc/machine-id) && \
             /usr/lib/systemd/systemd-journal-remote -o /var/tmp/planted.journal - && \
             install -m 640 -g systemd-journal /var/tmp/planted.journal system@planted.journal";
        self.feed(&["sh", "-c", script], stream);
    }

    /// A configuration directory whose only host this is, under its label.
    pub fn config(&self) -> ConfigDir {
        ConfigDir::of(&[self])
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        let _ = script("down").arg(&self.name).output();
    }
}

fn script(name: &str) -> Command {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testhost");
    let mut command = Command::new(format!("{dir}/{name}"));
    // A test's closed standard input must not reach what the script leaves running.
    command.stdin(Stdio::null());
    command
}

#[track_caller]
fn checked(output: Output, what: &str) -> String {
    assert!(
        output.status.success(),
        "{what}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
