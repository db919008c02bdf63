//! What the command line asks on its terminal: host keys, passphrases; and how it leaves the
//! terminal. Against the demo's server, which is SSH like any other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Demo, Qd, Terminal};
use std::process::Command;

/// The way to a host of the demo, with a known_hosts file of one's own and any more options.
fn to(demo: &Demo, options: &str) -> ConfigDir {
    let config = ConfigDir::with(
        serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": ["web-1"],
            "ssh_config_test": "ssh_config",
        }),
        "",
    );
    let known_hosts = config.path().join("known_hosts");
    let text = format!(
        "Host web-1\n  HostName 127.0.0.1\n  Port {}\n{options}  IdentityFile {}\n  \
         UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  IdentityAgent none\n  \
         IdentitiesOnly yes\n  HashKnownHosts no\n",
        demo.variable("QD_DEMO_SSH_PORT"),
        demo.variable("QD_DEMO_SSH_KEY"),
        known_hosts.display()
    );
    config.write("ssh_config", &text);
    config
}

/// `qd ssh` with this command in a terminal, its exit code and the terminal's echo shown after.
fn terminal(config: &ConfigDir, command: &str) -> (Qd, Terminal) {
    let qd = Qd::with(config);
    let script = "trap : INT; \"$1\" ssh web-1 -- \"$2\"; printf 'code %s.\\n' \"$?\"; \
                  stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon' -e '-*isig'; \
                  echo over";
    let words = ["-c", script, "sh", Qd::binary(), command];
    let terminal = Terminal::command(&qd, &[], "/bin/sh", &words, (100, 30));
    (qd, terminal)
}

#[track_caller]
fn ends(mut terminal: Terminal, code: i32) -> String {
    terminal.wait_for("over");
    terminal.wait();
    let text = terminal.text();
    assert!(text.contains(&format!("code {code}.")), "{text}");
    assert!(text.contains("\nisig\nicanon\necho\n"), "{text}");
    text
}

#[test]
fn an_unknown_host_key_is_shown_and_taken_for_once_or_for_good() {
    let demo = Demo::start();
    let config = to(&demo, "");
    let known = || std::fs::read_to_string(config.path().join("known_hosts")).unwrap_or_default();
    let shown = |terminal: &Terminal| {
        terminal.wait_for("Type yes, once or no:");
        let port = demo.variable("QD_DEMO_SSH_PORT");
        let key = std::fs::read_to_string(demo.variable("QD_DEMO_KNOWN_HOSTS")).unwrap();
        let key = key
            .lines()
            .find(|line| line.starts_with(&format!("[127.0.0.1]:{port}")))
            .unwrap();
        let fingerprint = fingerprint(key);
        let text = terminal.text().replace('\n', "");
        assert!(text.contains(&fingerprint), "{fingerprint} in {text}");
        assert!(text.contains(&format!("[127.0.0.1]:{port}")), "{text}");
        assert!(text.contains("ssh-ed25519"), "{text}");
    };

    // Enter alone is no answer, no is one.
    let (_qd, terminal) = self::terminal(&config, "id -un");
    shown(&terminal);
    terminal.keys("\r");
    terminal.wait_for("Please type");
    terminal.keys("no\r");
    let text = ends(terminal, 4);
    assert!(text.contains("is not known"), "{text}");
    assert_eq!(known(), "");

    let (_qd, terminal) = self::terminal(&config, "id -un");
    shown(&terminal);
    terminal.keys("oncx\x7fe\r");
    let text = ends(terminal, 0);
    assert!(text.contains("\noperator\n"), "{text}");
    assert_eq!(known(), "");

    let (_qd, terminal) = self::terminal(&config, "id -un");
    shown(&terminal);
    terminal.keys("yes\r");
    ends(terminal, 0);
    assert!(known().starts_with("[127.0.0.1]:"), "{}", known());

    // From now on nothing is asked, with or without a terminal.
    let (_qd, terminal) = self::terminal(&config, "id -un");
    let text = ends(terminal, 0);
    assert!(text.starts_with("operator\n"), "{text}");
}

fn fingerprint(line: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, line).unwrap();
    let output = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_passphrase_is_never_shown_and_the_terminal_given_back() {
    let demo = Demo::start();
    let config = to(
        &demo,
        "  StrictHostKeyChecking accept-new\n  PreferredAuthentications publickey\n",
    );
    let key = config.path().join("key");
    std::fs::copy(demo.variable("QD_DEMO_SSH_KEY"), &key).unwrap();
    let sealed = Command::new("ssh-keygen")
        .args(["-q", "-p", "-P", "", "-N", "quarter deck", "-f"])
        .arg(&key)
        .output()
        .unwrap();
    assert!(sealed.status.success(), "{sealed:?}");
    let text = config.read("ssh_config");
    config.write(
        "ssh_config",
        &text.replace(demo.variable("QD_DEMO_SSH_KEY"), &key.display().to_string()),
    );
    let asked = format!("web-1: Passphrase of {}: ", key.display());

    let (_qd, terminal) = self::terminal(&config, "id -un");
    terminal.wait_until("the question", |screen| {
        let text = screen.contents().replace('\n', "");
        text.trim_end().ends_with(asked.trim_end())
    });
    // A wrong one, then the right one with a slip mended.
    terminal.keys("wrong\r");
    terminal.wait_until("the question again", |screen| {
        screen.contents().matches("Passphrase of").count() == 2
    });
    terminal.keys("quarter deckk\x7f\r");
    let text = ends(terminal, 0);
    assert!(text.contains("\noperator\n"), "{text}");
    assert!(
        !text.contains("wrong") && !text.contains("quarter"),
        "{text}"
    );

    // Ctrl-C ends the command as an interrupt does and gives the echo back.
    let (_qd, terminal) = self::terminal(&config, "id -un");
    terminal.wait_for("Passphrase of");
    terminal.keys("secret\x03");
    let text = ends(terminal, 130);
    assert!(!text.contains("secret"), "{text}");

    // So do a signal from elsewhere and the end of the time allowed.
    let (_qd, terminal) = self::terminal(&config, "id -un");
    terminal.wait_for("Passphrase of");
    let child = child_of(terminal.pid());
    nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGTERM).unwrap();
    ends(terminal, 143);

    // Ctrl-D declines; it was the only way in.
    let (_qd, terminal) = self::terminal(&config, "id -un");
    terminal.wait_for("Passphrase of");
    terminal.keys("\x04");
    let text = ends(terminal, 3);
    assert!(text.contains("does not let"), "{text}");
}

/// The program that the shell has started.
fn child_of(shell: u32) -> nix::unistd::Pid {
    let path = format!("/proc/{shell}/task/{shell}/children");
    let children = std::fs::read_to_string(path).unwrap();
    nix::unistd::Pid::from_raw(children.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_the_question_comes_again() {
    let demo = Demo::start();
    let config = to(&demo, "");
    let qd = Qd::with(&config);
    let words = ["--norc", "-i"];
    let environment = [("PS1", "> "), ("PROMPT_COMMAND", ""), ("HISTFILE", "")];
    let mut terminal = Terminal::command(&qd, &environment, "/bin/bash", &words, (100, 40));
    terminal.wait_for("> ");
    terminal.keys(&format!("{} ssh web-1 -- 'id -un'\r", Qd::binary()));
    terminal.wait_for("once or no:");
    terminal.keys("on\x1a");
    terminal.wait_for("Stopped");
    terminal.keys("stty -a | grep -o ' -*echo '; fg\r");
    terminal.wait_until("the question again", |screen| {
        screen.contents().matches("once or no: on").count() == 2
    });
    assert!(
        terminal.text().contains("\n echo \n"),
        "{}",
        terminal.text()
    );
    terminal.keys("ce\r");
    terminal.wait_for("\noperator\n");
    terminal.keys("exit\r");
    terminal.wait();
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let demo = Demo::start();
    let config = to(&demo, "");
    let qd = Qd::with(&config);
    // A session of its own has no terminal, whatever the test runs in.
    let output = Command::new("setsid")
        .args(["-w", Qd::binary(), "units", "--json"])
        .env_clear()
        .envs(qd.environment())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "host-key-unknown");
}
