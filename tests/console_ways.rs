//! The console on its way to a real host: what it asks there in dialogs, and the shell that it
//! gives the terminal to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Qd, Terminal, TestHost};
use std::{process::Command, time::Duration};

/// The way to a host as ssh_config gives it to somebody who was never there.
fn stranger(host: &TestHost, options: &str) -> ConfigDir {
    let config = ConfigDir::with(
        serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": [host.label],
            "ssh_config_test": "ssh_config",
        }),
        "",
    );
    let known_hosts = config.path().join("known_hosts");
    let text = format!(
        "Host *\n{options}  HostName 127.0.0.1\n  Port {}\n  UserKnownHostsFile {}\n  \
         GlobalKnownHostsFile /dev/null\n  IdentityAgent none\n  IdentitiesOnly yes\n  \
         StrictHostKeyChecking ask\n",
        host.port,
        known_hosts.display()
    );
    config.write("ssh_config", &text);
    config
}

/// Waits for a dialog: keys that come together with it are taken for what was typed before.
#[track_caller]
fn asked(terminal: &Terminal, text: &str) {
    terminal.wait_for(text);
    terminal.wait_quiet(Duration::from_secs(1));
}

#[test]
fn host_keys_passphrases_and_passwords_are_asked_in_dialogs() {
    require!(hosts);
    let host = TestHost::up("dialogs");
    let config = stranger(
        &host,
        "  IdentityFile key\n  PreferredAuthentications publickey,keyboard-interactive,password\n",
    );
    let key = config.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "open sesame", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    // The server takes the key and then wants the password as well.
    let public = std::fs::read(key.with_extension("pub")).unwrap();
    let append = "cat >>/home/operator/.ssh/authorized_keys";
    host.feed(&["sh", "-c", append], &public);
    let methods = b"KbdInteractiveAuthentication yes\n\
        AuthenticationMethods publickey,keyboard-interactive\n";
    let file = "cat >/etc/ssh/sshd_config.d/a-methods.conf";
    host.feed(&["sh", "-c", file], methods);
    host.fault("sshd-restart");
    let ssh_config = config.read("ssh_config");
    let absolute = format!("IdentityFile {}", key.display());
    config.write(
        "ssh_config",
        &ssh_config.replace("IdentityFile key", &absolute),
    );
    let known = || std::fs::read_to_string(config.path().join("known_hosts")).unwrap_or_default();

    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (80, 24));
    asked(&terminal, "is this dialogs?");
    let shown = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&host.known_hosts)
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let text = terminal.text();
    assert!(
        shown
            .split_whitespace()
            .any(|word| word.starts_with("SHA256:") && text.contains(word)),
        "{shown}{text}"
    );
    // Enter alone is no answer to trust a key by; nothing is asked again unasked.
    terminal.keys("\r");
    terminal.wait_for("host key unknown");
    assert_eq!(known(), "");
    terminal.keys("r");
    asked(&terminal, "is this dialogs?");
    terminal.keys("y");
    asked(&terminal, "Passphrase of");
    assert!(known().starts_with("[127.0.0.1]:"), "{}", known());
    terminal.keys("mistaken\r");
    asked(&terminal, "not right");
    terminal.keys("open sesame\r");
    asked(&terminal, "Password:");
    terminal.keys("quarterdeck\r");
    terminal.wait_for("Nothing is wrong");
    let all = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    for secret in ["mistaken", "open sesame", "quarterdeck"] {
        assert!(!all.contains(secret), "{secret} was shown");
    }
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}

#[test]
fn a_shell_takes_the_terminal_and_gives_it_back() {
    require!(hosts);
    let host = TestHost::up("visit");
    // News would change the screen.
    host.run(&["systemctl", "stop", "fixture-job.timer"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (100, 30));
    terminal.wait_for("Nothing is wrong");
    let console = |terminal: &Terminal| {
        terminal.wait_until("the console", |screen| {
            screen.alternate_screen() && screen.contents().contains("Nothing is wrong")
        });
    };
    let shell = |terminal: &Terminal| {
        terminal.keys("s");
        terminal.wait_until("a prompt", |screen| {
            !screen.alternate_screen() && screen.contents().contains("operator@")
        });
    };

    // The code is that of the shell's last command, not a failure of the way there.
    shell(&terminal);
    terminal.keys("clear; stty size; hostname\r");
    terminal.wait_for("30 100");
    terminal.wait_for(&host.name);
    // Nothing of this shell is left on the screen to be taken for the next one.
    terminal.keys("clear; exit 3\r");
    console(&terminal);
    terminal.keys("0");
    terminal.wait_for("0 messages");
    terminal.wait_quiet(Duration::from_millis(300));
    let text = terminal.text();
    assert!(!text.contains("shell"), "{text}");
    terminal.keys("1");
    console(&terminal);

    // A shell whose connection breaks says so, and the console is back as well.
    shell(&terminal);
    host.fault("reset");
    terminal.wait_until("the console", vt100::Screen::alternate_screen);
    terminal.keys("0");
    terminal.wait_for("the shell has ended with its connection");
    terminal.keys("1");
    console(&terminal);
    // Keys are the console's again.
    terminal.keys("3/fixture-web\r");
    terminal.wait_for("fixture-web.service");
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}
