//! What can be wrong between here and a host, on it, and in what it sends: each is told with what,
//! where and what to do, nothing freezes, and no control sequence reaches the terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Qd, Terminal, TestHost};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const TRANSPORTS: [&str; 2] = ["russh", "openssh"];

/// The way to one host, with lines of ssh_config that come before the right ones.
fn way(host: &TestHost, destination: &str, transport: &str, other: &str) -> ConfigDir {
    let right = host.config().read("ssh_config");
    ConfigDir::with(
        json!({
            "terraform_packer_environment": "test",
            "hosts_test": [destination],
            "ssh_config_test": "ssh_config",
            "ssh_transport_test": transport,
        }),
        &format!("Host *\n{other}\n{right}"),
    )
}

/// The problem of the only host; it has to have a cure and to end the command with this code.
#[track_caller]
fn problem(config: &ConfigDir, code: i32, words: &[&str]) -> (String, String) {
    let document = Qd::with(config).json(code, words);
    let problems = document["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{document:#}");
    let hint = problems[0]["hint"].as_str().unwrap_or_default();
    assert!(!hint.is_empty(), "{document:#}");
    let text = |name: &str| problems[0][name].as_str().unwrap().to_owned();
    (text("code"), format!("{} ({hint})", text("message")))
}

/// Exit code and what was said on standard error.
fn said(qd: &Qd, words: &[&str]) -> (i32, String) {
    let output = qd.run(words).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

#[test]
fn a_way_in_that_is_closed_says_where_and_what_to_do() {
    require!(hosts);
    let host = TestHost::up("flt-way");
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
    terminal.keys("3");
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
    terminal.keys("3");
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

/// What must never come out: sequences as they were sent, and characters a terminal acts on.
#[track_caller]
fn assert_harmless(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for bad in [
        "\x1b]0;",
        "pwned\x07",
        "\x1b[31mevil",
        "\u{9b}",
        "\u{202e}",
        "\0",
        "\x1bP+q",
    ] {
        assert!(!text.contains(bad), "{bad:?} came through");
    }
}

#[test]
fn hostile_entries_and_units_are_shown_and_not_obeyed() {
    require!(hosts);
    let host = TestHost::up("flt-evil");
    let mut messages: Vec<Vec<u8>> = vec![
        b"nul \0 in it".to_vec(),
        b"not \xff\xfe UTF-8 \x80".to_vec(),
        "c1 \u{9b}31m and \u{202e}bidi".into(),
        [b"long ".to_vec(), b"0123456789abcdef".repeat(64 * 1024)].concat(),
        "e\u{301}".repeat(1 << 19).into(),
        [b"\n".repeat(1 << 20), vec![0xff; 7]].concat(),
        b"\x1b]0;pwned\x07\x1b[2J\x1b[31mevil line\x1b[?1049l\x1bP+q\x1b\\".to_vec(),
    ];
    messages.push(b"the last of them".to_vec());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let from = now.as_micros() as u64;
    host.plant(&messages, from);
    host.feed(
        &["tee", "/etc/systemd/system/evil.service"],
        "[Unit]\nDescription=unit \x1b]0;pwned\x07 \x1b[31mevil \u{9b}2J end\n\
         [Service]\nType=oneshot\nExecStart=false\n"
            .as_bytes(),
    );
    host.run(&["systemctl", "daemon-reload"]);
    host.try_run(&["systemctl", "start", "evil.service"]);
    let config = host.config();
    let qd = Qd::with(&config);

    // The command line, on a terminal.
    for words in [
        &["units", "evil.service"][..],
        &["unit", "show", "evil.service"],
        &["unit", "restart", "evil.service", "--yes"],
        &["logs", "evil", "-n", "20"],
        &["doctor"],
    ] {
        let mut terminal = Terminal::start(&qd, words, (140, 40));
        terminal.wait();
        assert!(terminal.text().contains("evil"), "{}", terminal.text());
        assert_harmless(&terminal.bytes());
    }

    // The console: the deck tells the failed unit, then the unit, then the journal.
    let mut terminal = Terminal::start(&qd, &[], (140, 40));
    terminal.wait_for("evil.service");
    terminal.keys("2/evil\r");
    terminal.wait_for("unit ␛]0;pwned");
    terminal.keys("\r");
    terminal.wait_for("evil.service");
    terminal.keys("3&hostile\r");
    terminal.wait_for("the last of them");
    terminal.wait_for("evil line");
    // Every line's fields, the megabytes too, and wrapped; keys are heard all the while.
    for keys in [
        "\r", "\x1b", "k\r", "\x1b", "k\r", "\x1b", "k\r", "\x1b", "k\r", "\x1b", "w", "k", "g",
        "G",
    ] {
        let asked = Instant::now();
        terminal.keys(keys);
        terminal.wait_quiet(Duration::from_millis(150));
        assert!(asked.elapsed() < Duration::from_secs(10), "{keys:?}");
        assert!(terminal.look(vt100::Screen::alternate_screen));
    }
    terminal.keys("\x1b");
    terminal.wait_quiet(Duration::from_millis(100));
    terminal.keys("?");
    terminal.wait_for("› help");
    assert_harmless(&terminal.bytes());
    terminal.keys("\x1b");
    terminal.wait_quiet(Duration::from_millis(100));
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_console_starts_all_the_same() {
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test", "hosts_test": []}),
        "",
    );
    let qd = Qd::with(&config);
    let settings = qd.home().join("config/quarterdeck");
    std::fs::create_dir_all(&settings).unwrap();
    let file = settings.join("settings.toml");
    for (bytes, told) in [
        (&b"\xff\xfe"[..], "not UTF-8"),
        (b"theme = \"\x1b[31m", "settings.toml:1:"),
        (b"theme = 5\n", "theme must be a string"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let output = qd.run(&["config", "check"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("settings.toml:1:") && text.contains(told),
            "{text}"
        );
        assert_harmless(text.as_bytes());
        let mut terminal = Terminal::start(&qd, &[], (140, 40));
        terminal.wait_for("1 deck");
        terminal.keys("5");
        terminal.wait_for(told);
        assert_harmless(&terminal.bytes());
        terminal.keys("q");
        assert!(terminal.wait().success());
    }
    std::fs::remove_file(&file).unwrap();
    // A directory in a file's place cannot be read by anybody, root included.
    for name in ["config/quarterdeck/settings.toml", "there/config.json"] {
        std::fs::create_dir_all(qd.home().join(name)).unwrap();
        let there = qd.home().join("there");
        let there = there.to_str().unwrap();
        let output = qd.run(&["config", "check"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("settings.toml: error: cannot be read"),
            "{text}"
        );
        if name.ends_with("json") {
            let (code, text) = said(&qd, &["units", "-c", there]);
            assert_eq!(code, 2, "{text}");
            assert!(text.contains("config.json: cannot be read"), "{text}");
        }
    }
}

/// Every way in which secrets.json can be wrong, and every command that could quote from it.
#[test]
fn no_secret_is_ever_printed() {
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test", "hosts_test": ["127.0.0.1:1"],
               "ssh_config_test": "ssh_config"}),
        "Host *\n  IdentityAgent none\n",
    );
    let qd = Qd::with(&config);
    let log = qd.home().join("log");
    for (secrets, fine) in [
        (r#"{"hcloud_token_test": "s3cr3t"}"#, true),
        (r#"{"hcloud_token_test": ["s3cr3t"]}"#, false),
        (r#"{"hcloud_token_test": "s3cr3t"#, false),
        (
            r#"{"hcloud_token_test": "s3cr3t", "hcloud_token_test": "s3cr3t"}"#,
            false,
        ),
        (r#"{"hcloud_token_nowhere": {"x": "s3cr3t"}}"#, false),
        (r#"["s3cr3t"]"#, false),
        (r#""s3cr3t""#, false),
        (r#"{"hcloud_token_test": s3cr3t}"#, false),
        (r#"{"hcloud_token_test" "s3cr3t"}"#, false),
    ] {
        let file = config.write("secrets.json", secrets);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let check = qd.run(&["config", "check"]).output().unwrap();
        assert_eq!(check.status.success(), fine, "{secrets}: {check:?}");
        for words in [
            &["config", "check"][..],
            &["config", "check", "--json"],
            &["env", "show", "test"],
            &["doctor", "--json"],
            &["units", "-vvv"],
        ] {
            let mut command = qd.run(words);
            command.arg("--log-file").arg(&log);
            let output = command.output().unwrap();
            for printed in [
                &output.stdout,
                &output.stderr,
                &std::fs::read(&log).unwrap_or_default(),
            ] {
                let text = String::from_utf8_lossy(printed);
                assert!(!text.contains("s3cr3t"), "{words:?} {secrets}: {text}");
            }
        }
    }
}

#[test]
fn twenty_columns_and_five_rows_are_enough_to_see_what_is_wrong() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test",
               "hosts_test": [format!("127.0.0.1:{port}")], "ssh_config_test": "ssh_config"}),
        "Host *\n  IdentityAgent none\n",
    );
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (20, 5));
    terminal.wait_for("1 down");
    terminal.wait_for("Enlarge to 40x12");
    terminal.wait_for("127.0.0.1: cannot");
    for keys in [
        "2", "3", "4", "5", "?", "\x1b", ":deck\r", "/x\r", "\x1b", "1",
    ] {
        terminal.keys(keys);
        terminal.wait_quiet(Duration::from_millis(100));
        assert!(!terminal.text().trim().is_empty(), "{keys:?}");
    }
    // Room enough again shows all of it again.
    terminal.resize(140, 40);
    terminal.wait_for("PROBLEM");
    terminal.wait_for("refused");
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
    // The command line leaves the wrapping to the terminal, and says the same.
    let mut terminal = Terminal::start(&qd, &["units"], (20, 5));
    assert_eq!(terminal.wait().exit_code(), 3);
    let value: Value = Qd::with(&config).json(3, &["units"]);
    assert_eq!(value["problems"][0]["code"], "unreachable");
}
