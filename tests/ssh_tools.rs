//! `qd ssh` and `qd tunnel` on a real host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Qd, Terminal, TestHost};
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[test]
fn a_command_has_its_input_output_and_exit_code() {
    require!(hosts);
    let host = TestHost::up("cmd");
    let config = host.config();
    let qd = Qd::with(&config);

    let output = qd
        .run(&["ssh", "cmd", "--", "id -un; exit 7"])
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"operator\n");
    assert_eq!(output.status.code(), Some(7));

    // Several words are exact: no shell takes them apart.
    let exact = ["ssh", "--", "printf", "%s|", "a b", "$HOME", "it's"];
    let output = qd.run(&exact).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "a b|$HOME|it's|");

    let mut bytes = vec![0_u8; 300_000];
    bytes
        .iter_mut()
        .enumerate()
        .for_each(|(i, b)| *b = (i * 31 % 256) as u8);
    let output = qd
        .run(&["ssh", "cmd", "--", "cat", "-"])
        .write_stdin(bytes.clone())
        .output()
        .unwrap();
    assert!(
        output.stdout == bytes,
        "{} bytes came back",
        output.stdout.len()
    );

    let output = qd
        .run(&["ssh", "cmd", "--", "echo wrong >&2"])
        .output()
        .unwrap();
    assert_eq!(output.stderr, b"wrong\n");

    // Without a terminal there is no shell to give.
    let output = qd.run(&["ssh", "cmd"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_tunnel_carries_connections_to_ports_and_sockets() {
    require!(hosts);
    let host = TestHost::up("tun");
    let config = host.config();
    let qd = Qd::with(&config);
    for target in ["localhost:22", "unix:/run/echo.sock"] {
        if target.starts_with("unix") {
            host.run(&[
                "systemd-run",
                "--quiet",
                "--unit=echo",
                "systemd-socket-activate",
                "--listen=/run/echo.sock",
                "/lib/systemd/systemd-socket-proxyd",
                "127.0.0.1:22",
            ]);
            host.run(&[
                "sh",
                "-c",
                "until [ -S /run/echo.sock ]; do sleep 0.1; done; chmod 666 /run/echo.sock",
            ]);
        }
        let mut tunnel = Command::new(Qd::binary())
            .env_clear()
            .envs(qd.environment())
            .args(["tunnel", target])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(tunnel.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        // Several at once, each its own channel.
        for mut connection in [0; 3].map(|_| TcpStream::connect(address.trim()).unwrap()) {
            let mut banner = [0; 8];
            connection.read_exact(&mut banner).unwrap();
            assert_eq!(&banner, b"SSH-2.0-", "{target}");
        }
        common::interrupt(&tunnel);
        assert_eq!(tunnel.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn a_shell_on_a_terminal_ends_with_its_code_or_says_why() {
    require!(hosts);
    let host = TestHost::up("shell");
    let config = host.config();
    let qd = Qd::with(&config);
    let script = "\"$1\" ssh shell; printf 'code %s.\\n' \"$?\"; \
                  stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon'; echo over";
    let words = ["-c", script, "sh", Qd::binary()];
    let shell = || {
        let terminal = Terminal::command(&qd, &[], "/bin/sh", &words, (90, 30));
        terminal.wait_for("operator@");
        terminal
    };
    let given_back = |terminal: &Terminal, code: u8| {
        terminal.wait_for("over");
        let text = terminal.text();
        assert!(text.contains(&format!("code {code}.")), "{text}");
        assert!(text.contains("\nicanon\necho\n"), "{text}");
        text
    };

    let terminal = shell();
    terminal.keys("stty size\r");
    terminal.wait_for("30 90");
    terminal.resize(100, 40);
    // The news may be on its way for a moment.
    terminal.keys("until [ \"$(stty size)\" = '40 100' ]; do sleep 0.1; done; echo res''ized\r");
    terminal.wait_for("resized");
    terminal.keys("exit 7\r");
    given_back(&terminal, 7);

    let terminal = shell();
    host.fault("reset");
    let text = given_back(&terminal, 3);
    assert!(text.contains("has ended with its connection"), "{text}");
}

/// The command lines of processes that name this directory.
fn mentioning(place: &str) -> Vec<String> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|words| String::from_utf8_lossy(&words).replace('\0', " "))
        .filter(|line| line.contains(place))
        .collect()
}

/// The system's ssh stays in the background for the console's sake, not longer.
#[test]
fn nothing_outlives_the_program() {
    require!(hosts);
    let host = TestHost::up("left");
    let config = host.config();
    let qd = Qd::with(&config);
    config.write(
        "config.json",
        &serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": ["left"],
            "ssh_config_test": "ssh_config",
            "ssh_transport_test": "openssh",
        })
        .to_string(),
    );
    let temporary = tempfile::tempdir().unwrap();
    let place = temporary.path().display().to_string();
    for words in [
        &["units", "--failed"][..],
        &["logs", "-n", "1"],
        &["--timeout", "0", "units"],
        &["ssh", "--", "true"],
        &["doctor"],
    ]
    .iter()
    .cycle()
    .take(15)
    {
        let output = qd.run(words).env("TMPDIR", &place).output().unwrap();
        assert!(output.status.code().is_some(), "{words:?}: {output:?}");
        let files: Vec<_> = temporary.path().read_dir().unwrap().collect();
        assert!(files.is_empty(), "{words:?} leaves {files:?}");
        // What was killed may take a moment to go.
        let start = Instant::now();
        loop {
            let running = mentioning(&place);
            if running.is_empty() {
                break;
            }
            let patience = start.elapsed() < Duration::from_secs(20);
            assert!(patience, "{words:?} leaves {running:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
