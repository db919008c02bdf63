//! Hosts that lack something, or say more than they should.

use super::{TRANSPORTS, problem, said, way};
use crate::common::{Qd, Terminal, TestHost};
use crate::require;

#[test]
fn a_host_without_systemd_says_so() {
    require!(hosts);
    let host = TestHost::up("flt-bare");
    host.run(&["mv", "/usr/bin/systemd-stdio-bridge", "/usr/bin/elsewhere"]);
    for transport in TRANSPORTS {
        let config = way(&host, "flt-bare", transport, "");
        let (code, message) = problem(&config, 1, &["units"]);
        assert_eq!(code, "no-systemd-bridge");
        assert!(message.contains("package systemd"), "{message}");
        let restart = ["unit", "restart", "fixture-web", "--yes"];
        let (code, text) = said(&Qd::with(&config), &restart);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("flt-bare: systemd-stdio-bridge is not"),
            "{text}"
        );
    }
    // Nothing of systemd's is left.
    host.run(&["mv", "/usr/bin/journalctl", "/usr/bin/elsewhere-too"]);
    host.run(&["systemctl", "stop", "dbus.socket", "dbus.service"]);
    let config = host.config();
    let qd = Qd::with(&config);
    for words in [&["logs", "-n", "1"][..], &["logs", "-f"]] {
        let mut command = qd.run(words);
        let output = command.args(["--timeout", "5"]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.contains("flt-bare: journalctl cannot be run"),
            "{text}"
        );
        assert!(text.contains("the host needs systemd"), "{text}");
    }
    let document = qd.json(1, &["doctor"]);
    for check in ["journal", "systemd"] {
        let items = document["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["check"] == check).unwrap();
        assert_eq!(item["status"], "fail", "{item}");
        assert!(item["hint"].as_str().unwrap().contains("systemd"), "{item}");
    }
    // The console says it without being asked, and goes on.
    let mut terminal = Terminal::start(&qd, &[], (140, 40));
    terminal.wait_for("systemd-stdio-bridge is not on the host");
    terminal.keys("4");
    terminal.wait_for("journalctl cannot be run");
    terminal.keys("q");
    assert!(terminal.wait().success());
}

#[test]
fn a_shell_that_talks_is_named_as_the_reason() {
    require!(hosts);
    let host = TestHost::up("flt-talk");
    host.feed(
        &["tee", "/home/operator/.bashrc"],
        b"echo 'Welcome \x1b]0;pwned\x07 friend'\n",
    );
    for transport in TRANSPORTS {
        let config = way(&host, "flt-talk", transport, "");
        let (code, message) = problem(&config, 1, &["units"]);
        assert_eq!(code, "shell-output", "{message}");
        assert!(message.contains("Welcome"), "{message}");
        let (_, text) = said(&Qd::with(&config), &["units"]);
        assert!(text.contains("Welcome ␛]0;pwned␇ friend"), "{text:?}");
        let (code, text) = said(&Qd::with(&config), &["logs", "-n", "1"]);
        assert_eq!(code, 1);
        assert!(
            text.contains("`ssh HOST true` must print nothing"),
            "{text}"
        );
    }
}

#[test]
fn a_user_without_the_journal_sees_own_entries_and_is_told_of_no_gaps() {
    require!(hosts);
    let host = TestHost::up("flt-view");
    // Of these each other one is the user's own; the rest are numbers that never come.
    for i in 0..6 {
        let own = format!("own {i}");
        host.run(&[
            "setpriv",
            "--reuid=viewer",
            "--clear-groups",
            "logger",
            "-t",
            "own",
            &own,
        ]);
        host.run(&["logger", "-t", "system", "not for everybody"]);
    }
    host.run(&["journalctl", "--sync"]);
    let config = way(&host, "viewer@flt-view", "russh", "");
    let qd = Qd::with(&config);
    let output = qd.run(&["logs", "-f", "-n", "50", "--timeout", "5"]);
    let output = { output }.output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("own "), "{shown}");
    assert!(!shown.contains("not for everybody"), "{shown}");
    assert!(
        said.contains("flt-view: ") && said.contains("group systemd-journal"),
        "{said}"
    );
    assert!(!said.contains("may be missing"), "{said}");
}

#[test]
fn a_clock_that_is_wrong_is_told_with_how_much() {
    require!(hosts);
    let host = TestHost::up("flt-clock");
    // The hosts share a kernel and its clock; what is asked for it lies.
    host.feed(
        &["sh", "-c", "cat >/usr/local/bin/date; chmod 755 /usr/local/bin/date"],
        b"#!/bin/sh\n[ \"$1\" = +%s.%N ] && exec /bin/date -d '+2 hours' \"$@\"\nexec /bin/date \"$@\"\n",
    );
    let config = host.config();
    let qd = Qd::with(&config);
    let document = qd.json(0, &["doctor"]);
    let items = document["items"].as_array().unwrap();
    let clock = items.iter().find(|item| item["check"] == "clock").unwrap();
    assert_eq!(clock["status"], "warn", "{clock}");
    let message = clock["message"].as_str().unwrap();
    assert!(message.contains("ahead of this machine's"), "{clock}");
    let seconds: f64 = message.split(' ').next().unwrap().parse().unwrap();
    assert!((seconds - 7200.0).abs() < 2.0, "{clock}");
    assert!(clock["hint"].as_str().unwrap().contains("timedatectl"));
    let terminal = Terminal::start(&qd, &[], (140, 40));
    terminal.wait_for("its clock is 7");
}
