//! `qd ssh` and `qd tunnel` on a real host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Qd, TestHost};
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    process::{Command, Stdio},
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
