//! The demo, reached as other programs reach it: by the real `ssh` and by the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

struct Demo {
    child: Child,
    variables: HashMap<String, String>,
}

impl Demo {
    fn start(seed: u64) -> Demo {
        let mut child = Command::new(env!("CARGO_BIN_EXE_qd"))
            .args(["demo", "--headless", "--seed", &seed.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut variables = HashMap::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.split_once('=') {
                Some((key, value)) => variables.insert(key.to_owned(), value.to_owned()),
                None if line == "READY" => return Demo { child, variables },
                None => panic!("unexpected line {line:?}"),
            };
        }
        panic!("it ended before READY");
    }

    fn config(&self) -> &str {
        &self.variables["QD_CONFIG"]
    }

    /// Runs a line on a host by the system's ssh.
    fn ssh(&self, host: &str, line: &str) -> Output {
        let config = format!("{}/ssh_config_demo", self.config());
        Command::new("ssh")
            .args(["-F", &config, host, line])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn text(&self, host: &str, line: &str) -> String {
        let output = self.ssh(host, line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn qd(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command
            .args(["-c", self.config(), "--timeout", "30"])
            .args(args);
        command.stdin(Stdio::null());
        command
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.qd(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn unit(&self, host: &str, name: &str) -> Value {
        let units = self.json(&["--host", host, "--json", "units", name]);
        assert_eq!(units["items"].as_array().unwrap().len(), 1, "{units}");
        units["items"][0].clone()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.variables["QD_CONFIG"]);
    }
}

#[test]
fn the_systems_ssh_gets_in_and_leaves_with_the_commands_status() {
    let demo = Demo::start(1);
    assert_eq!(demo.text("web-1", "id -un; hostname"), "operator\nweb-1\n");
    assert_eq!(
        demo.ssh("data-1", "no-such-program").status.code(),
        Some(127)
    );
    assert_eq!(demo.ssh("data-1", "false").status.code(), Some(1));
    let refused = demo.ssh("web-1", "systemctl restart nginx");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Interactive authentication"));
    assert!(
        demo.ssh("web-1", "sudo -n systemctl restart nginx")
            .status
            .success()
    );
}

#[test]
fn an_interrupt_ends_it_and_leaves_nothing_behind() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut demo = Demo::start(1);
        let directory = demo.config().to_owned();
        assert!(
            std::path::Path::new(&directory)
                .join("config.json")
                .exists()
        );
        kill(Pid::from_raw(demo.child.id().try_into().unwrap()), signal).unwrap();
        assert!(demo.child.wait().unwrap().success());
        assert!(!std::path::Path::new(&directory).exists());
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let past = |seed| {
        let demo = Demo::start(seed);
        demo.text("web-2", "journalctl -b -1 -o cat")
    };
    let first = past(7);
    assert!(
        first.lines().count() > 3000,
        "{} lines",
        first.lines().count()
    );
    assert!(first == past(7));
    assert!(first != past(8));
}

#[test]
fn three_hosts_have_the_units_of_real_ones() {
    let demo = Demo::start(1);
    let units = demo.json(&["--json", "units"]);
    assert!(units["problems"].as_array().unwrap().is_empty(), "{units}");
    for host in ["web-1", "web-2", "data-1"] {
        let of_host = units["items"].as_array().unwrap().iter();
        let count = of_host.filter(|unit| unit["host"] == host).count();
        assert!(count >= 50, "{host} has {count} units");
    }
    let nginx = demo.unit("web-1", "nginx.service");
    assert_eq!(
        (&nginx["active"], &nginx["sub"]),
        (&"active".into(), &"running".into())
    );
    assert!(nginx["main_pid"].as_u64().unwrap() > 1 && nginx["memory_bytes"].is_u64());
}

#[test]
fn a_restart_by_hand_ends_the_crash_loop() {
    let demo = Demo::start(1);
    let before = demo.unit("web-2", "podman-worker.service");
    assert!(before["restarts"].as_u64().unwrap() > 10, "{before}");
    let restart = [
        "--host",
        "web-2",
        "--yes",
        "--json",
        "unit",
        "restart",
        "podman-worker.service",
    ];
    let done = demo.json(&restart);
    assert_eq!(done["result"], "done");
    // It lived 9 seconds at most before.
    sleep(Duration::from_secs(11));
    let after = demo.unit("web-2", "podman-worker.service");
    assert_eq!(
        (&after["sub"], &after["restarts"]),
        (&"running".into(), &0.into())
    );
    let run = done["invocation_id"].as_str().unwrap();
    let logged = demo.text("web-2", &format!("journalctl -o cat INVOCATION_ID={run}"));
    assert!(logged.contains("Started podman-worker.service"), "{logged}");
}

#[test]
fn cleaning_up_frees_the_data_disk() {
    let demo = Demo::start(1);
    let full = || {
        let table = demo.text("data-1", "df -Pk");
        let line = table
            .lines()
            .find(|line| line.ends_with("/mnt/data"))
            .unwrap()
            .to_owned();
        let percent = line
            .split_whitespace()
            .rev()
            .nth(1)
            .unwrap()
            .trim_end_matches('%');
        percent.parse::<u32>().unwrap()
    };
    assert!(full() >= 88);
    let start = [
        "--host",
        "data-1",
        "--yes",
        "--json",
        "unit",
        "start",
        "cleanup.service",
    ];
    assert_eq!(demo.json(&start)["result"], "done");
    assert!(full() < 65);
}

#[test]
fn following_through_cuts_loses_and_repeats_nothing() {
    let demo = Demo::start(1);
    let mut follower = demo
        .qd(&["--host", "web-1", "logs", "-f", "-n", "20", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = follower.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    sleep(Duration::from_secs(2));
    for fault in [
        "demo-fault cut 3000",
        "demo-fault restart",
        "demo-fault refuse 1",
        "sudo -n reboot",
    ] {
        // The fault cuts the connection that asked for it, too.
        let _ = demo.ssh("web-1", fault);
        sleep(Duration::from_secs(4));
    }
    sleep(Duration::from_secs(4));
    kill(
        Pid::from_raw(follower.id().try_into().unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    follower.wait().unwrap();
    let cursors = |text: &str| -> Vec<String> {
        let entry = |line: &str| serde_json::from_str::<Value>(line).ok();
        let entries = text.lines().filter_map(entry);
        entries
            .map(|entry| entry["__CURSOR"].as_str().unwrap().to_owned())
            .collect()
    };
    let held = cursors(&reader.join().unwrap());
    let all = cursors(&demo.text("web-1", "journalctl -o json --output-fields=_BOOT_ID"));
    let start = all.iter().position(|cursor| *cursor == held[0]).unwrap();
    assert!(held.len() > 60, "{} entries", held.len());
    assert_eq!(held[..], all[start..start + held.len()]);
    let boots: std::collections::HashSet<_> = held
        .iter()
        .map(|cursor| cursor.split(';').nth(2).unwrap())
        .collect();
    assert_eq!(boots.len(), 2, "the follower went through the reboot");
    // Backwards from an entry come those before it, as the log list reads on.
    let back = format!(
        "journalctl -o json --output-fields=_BOOT_ID -r -n 5 --cursor='{}'",
        held[10]
    );
    let mut before = held[6..=10].to_vec();
    before.reverse();
    assert_eq!(cursors(&demo.text("web-1", &back)), before);
}
