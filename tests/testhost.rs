//! The test hosts themselves: what other tests take for granted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::TestHost;
use std::process::Command;

fn ssh(host: &TestHost, command: &[&str]) -> std::process::Output {
    let known = format!("UserKnownHostsFile={}", host.known_hosts.display());
    Command::new("ssh")
        .args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=3",
        ])
        .args(["-o", &known, "-i"])
        .arg(&host.key)
        .args(["-p", &host.port.to_string(), "operator@127.0.0.1"])
        .args(command)
        .output()
        .unwrap()
}

#[test]
fn a_host_has_what_a_server_has() {
    require!(hosts);
    let host = TestHost::up("real");
    let units = ssh(&host, &["systemctl", "is-active", "fixture-web.service"]);
    assert_eq!(String::from_utf8_lossy(&units.stdout), "active\n");
    let lines = ssh(&host, &["journalctl", "-u", "ssh", "-n", "1", "-o", "cat"]);
    assert!(!lines.stdout.is_empty());
    assert_eq!(host.run(&["hostname"]).trim(), host.name);
    assert_eq!(host.feed(&["tr", "a-z", "A-Z"], b"loud"), "LOUD");

    // A refused and healed link, as the follower's tests use it.
    host.fault("refuse");
    assert!(!ssh(&host, &["true"]).status.success());
    host.fault("accept");
    assert!(ssh(&host, &["true"]).status.success());
}

#[test]
fn hosts_are_gone_after_a_test() {
    require!(hosts);
    let host = TestHost::up("gone");
    let namespace = format!("/run/netns/qd-{}", host.name);
    assert!(std::path::Path::new(&namespace).exists());
    drop(host);
    assert!(!std::path::Path::new(&namespace).exists());
}
