//! The way to a host: closed, refused, silent, frozen, gone for a while.

use super::{TRANSPORTS, problem, said, way};
use crate::common::{Qd, Terminal, TestHost};
use crate::require;
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

#[test]
fn a_way_in_that_is_closed_says_where_and_what_to_do() {
    require!(hosts);
    let host = TestHost::up("flt-way");
    // sshd shuts those out for a while who fail to log in as often as this test does.
    host.feed(
        &["tee", "/etc/ssh/sshd_config.d/10-penalties.conf"],
        b"PerSourcePenalties no\n",
    );
    host.run(&["systemctl", "restart", "ssh.service"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("  Port {}", free.local_addr().unwrap().port());
    drop(free);
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("stranger");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let stranger = format!("  IdentityFile {}", key.display());
    host.run(&["usermod", "--shell", "/usr/sbin/nologin", "viewer"]);
    for transport in TRANSPORTS {
        for (destination, other, exit, code, words) in [
            (
                "flt-way",
                closed.as_str(),
                3,
                "unreachable",
                ["127.0.0.1", "refused", "firewall"],
            ),
            (
                "flt-way",
                "  HostName no-such-host.invalid",
                3,
                "unreachable",
                ["no-such-host.invalid", "not known", "check the name"],
            ),
            (
                "stranger@flt-way",
                "",
                3,
                "auth-failed",
                ["stranger", "publickey", "check the user"],
            ),
            // The right key is a later IdentityFile line, which ssh would try as well.
            ("flt-way", stranger.as_str(), 0, "", ["", "", ""]),
            // In, but not to a shell that runs commands.
            (
                "viewer@flt-way",
                "",
                1,
                "shell-output",
                ["not available", "shell", "ssh HOST true"],
            ),
        ] {
            let config = way(&host, destination, transport, other);
            if exit == 0 {
                Qd::with(&config).json(0, &["units", "ssh.service"]);
                continue;
            }
            let began = Instant::now();
            let (found, message) = problem(&config, exit, &["units"]);
            assert_eq!(found, code, "{transport}: {message}");
            for word in words {
                assert!(message.contains(word), "{transport}: {word}: {message}");
            }
            assert!(began.elapsed().as_secs() < 20, "{transport}: {message}");
        }
    }

    // The only key is refused.
    for transport in TRANSPORTS {
        let config = way(&host, "flt-way", transport, "");
        let right = config.read("ssh_config");
        let only = right.replace(host.key.to_str().unwrap(), key.to_str().unwrap());
        config.write("ssh_config", &only);
        let (code, message) = problem(&config, 3, &["units"]);
        assert_eq!(code, "auth-failed", "{message}");
        assert!(message.contains("ssh-add"), "{message}");
        assert!(message.contains("operator"), "{message}");
        let (code, said) = said(&Qd::with(&config), &["logs", "-f"]);
        assert_eq!(code, 3, "{said}");
        assert!(
            said.contains("flt-way: ") && said.contains("ssh-add"),
            "{said}"
        );
    }
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up_in_time() {
    require!(hosts);
    let host = TestHost::up("flt-mute");
    host.fault("freeze");
    for transport in TRANSPORTS {
        let config = way(&host, "flt-mute", transport, "  ConnectTimeout 2");
        let began = Instant::now();
        let (_, message) = problem(&config, 3, &["units"]);
        assert!(message.contains("ssh -v"), "{message}");
        assert!(began.elapsed().as_secs() < 20, "{transport}: {message}");
    }
    host.fault("thaw");
}

#[test]
fn the_console_outlives_a_frozen_host_and_its_reboot() {
    require!(hosts);
    let host = TestHost::up("flt-froze");
    let quick = "  ServerAliveInterval 1\n  ServerAliveCountMax 2\n  ConnectTimeout 2";
    let config = way(&host, "flt-froze", "russh", quick);
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (140, 40));
    terminal.wait_for("Nothing is wrong");
    host.fault("freeze");
    terminal.wait_for("does not answer");
    // Keys are heard all the while.
    let asked = Instant::now();
    terminal.keys("?");
    terminal.wait_for("› help");
    assert!(asked.elapsed() < Duration::from_secs(2));
    terminal.keys("\x1b");
    host.fault("thaw");
    terminal.wait_for("Nothing is wrong");
    terminal.keys("4");
    host.fault("reboot");
    host.run(&["logger", "-t", "probe", "after the reboot"]);
    // The wait between attempts has grown meanwhile.
    let began = Instant::now();
    while !terminal.text().contains("after the reboot") {
        assert!(began.elapsed().as_secs() < 60, "{}", terminal.text());
        std::thread::sleep(Duration::from_millis(100));
    }
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}
