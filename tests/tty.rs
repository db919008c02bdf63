//! The binary itself in a pseudo-terminal: what a user's terminal sees, and how it is left.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod common;

use common::{ConfigDir, Qd, Terminal, TestHost};
use nix::sys::signal::Signal;
use serde_json::json;
use std::{net::TcpListener, time::Duration};

/// An environment whose host refuses connections: the console has enough to show.
fn nobody() -> ConfigDir {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    ConfigDir::with(
        json!({
            "terraform_packer_environment": "test",
            "hosts_test": [format!("127.0.0.1:{port}")],
            "ssh_config_test": "ssh_config",
        }),
        "Host *\n  IdentityAgent none\n",
    )
}

/// The console, once it has drawn itself.
fn console(qd: &Qd, environment: &[(&str, &str)], words: &[&str], size: (u16, u16)) -> Terminal {
    let terminal = Terminal::with(qd, environment, words, size);
    terminal.wait_until("the console", |screen| {
        screen.alternate_screen() && screen.contents().contains("127.0.0.1")
    });
    terminal
}

#[test]
fn the_emulator_sees_what_a_program_leaves_behind() {
    let qd = Qd::new();
    let script = "printf '\\033[?1049h\\033[?25l\\033[31mhi'; read x; printf '\\033[?25h\\033[?1049l\\033[0mbye'";
    let mut terminal = Terminal::command(&qd, &[], "/bin/sh", &["-c", script], (20, 5));
    terminal.wait_for("hi");
    assert!(!terminal.is_restored());
    let picture = terminal.look(common::svg::draw);
    assert!(picture.contains("fill=\"#e5484d\">hi</text>"), "{picture}");
    terminal.keys("\r");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
    assert!(terminal.text().contains("bye"));
}

#[test]
fn panes_come_by_their_keys_and_q_gives_the_terminal_back() {
    let config = nobody();
    let qd = Qd::with(&config);
    let mut terminal = console(&qd, &[], &[], (100, 30));
    // The host's state and reason, said without being asked.
    terminal.wait_for("PROBLEM");
    terminal.keys("9");
    terminal.wait_for("No operation yet");
    terminal.keys("?");
    terminal.wait_for("› help");
    terminal.keys("\x1b");
    terminal.wait_for("No operation yet");
    terminal.keys(":");
    terminal.wait_until("the command line", |screen| {
        screen
            .rows(0, 100)
            .last()
            .is_some_and(|row| row.starts_with(':'))
    });
    terminal.keys("deck\r");
    terminal.wait_for("PROBLEM");
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}

/// Keys have to be heard when nothing else wakes the program.
#[test]
fn every_key_is_heard_while_nothing_happens() {
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test", "hosts_test": []}),
        "",
    );
    let qd = Qd::with(&config);
    let terminal = Terminal::start(&qd, &[], (80, 24));
    terminal.wait_for("1 deck");
    terminal.wait_quiet(Duration::from_secs(1));
    for _ in 0..5 {
        terminal.keys("?");
        terminal.wait_for("› help");
        terminal.wait_quiet(Duration::from_millis(300));
        terminal.keys("\x1b");
        terminal.wait_until("no help", |screen| !screen.contents().contains("› help"));
        terminal.wait_quiet(Duration::from_millis(300));
    }
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let config = nobody();
        let qd = Qd::with(&config);
        let mut terminal = console(&qd, &[], &[], (80, 24));
        terminal.signal(signal);
        terminal.wait();
        assert!(terminal.is_restored(), "{signal}");
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_gives_the_terminal_back_and_leaves_a_report() {
    let config = nobody();
    let qd = Qd::with(&config);
    let mut terminal = console(&qd, &[], &[], (100, 30));
    terminal.keys(":panic!\r");
    assert_eq!(terminal.wait().exit_code(), 101);
    assert!(terminal.is_restored());
    let text = terminal.text();
    assert!(text.contains("asked for by the command panic!"), "{text}");
    let reports = qd.home().join("state/quarterdeck");
    let report = std::fs::read_dir(&reports)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("panic-"))
        .expect("a report");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("asked for by the command panic!"));
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    require!(program "bash");
    let config = nobody();
    let qd = Qd::with(&config);
    let shell = ["--norc", "--noprofile", "-i"];
    let terminal = Terminal::command(&qd, &[("PS1", "shell$ ")], "bash", &shell, (100, 30));
    terminal.wait_for("shell$");
    // Bash's own mode while it reads a line would look like one that was left on.
    terminal.keys("bind 'set enable-bracketed-paste off'\r");
    terminal.keys(&format!("{}\r", Qd::binary()));
    terminal.wait_until("the console", |screen| {
        screen.alternate_screen() && screen.contents().contains("127.0.0.1")
    });
    for _ in 0..2 {
        terminal.keys("\x1a");
        terminal.wait_until("the shell", |screen| !screen.alternate_screen());
        terminal.wait_for("Stopped");
        assert!(terminal.is_restored());
        // The shell reads its line: the terminal's modes are its own.
        terminal.keys("echo sh''ell-is-here\r");
        terminal.wait_for("shell-is-here");
        terminal.keys("clear; fg\r");
        terminal.wait_until("the console again", |screen| {
            screen.alternate_screen() && screen.contents().contains("127.0.0.1")
        });
    }
    terminal.keys("q");
    terminal.wait_until("the shell", |screen| !screen.alternate_screen());
    terminal.keys("echo code''=$?\r");
    terminal.wait_for("code=0");
}

#[test]
fn every_size_is_survived_down_to_one_cell() {
    let config = nobody();
    let qd = Qd::with(&config);
    let mut terminal = console(&qd, &[], &[], (120, 40));
    for pane in ["1", "2", "3", "4", "9", "0", "?"] {
        terminal.keys(pane);
        for size in [
            (200, 60),
            (80, 24),
            (40, 12),
            (20, 5),
            (7, 3),
            (3, 1),
            (1, 1),
            (1, 40),
            (200, 1),
        ] {
            terminal.resize(size.0, size.1);
            terminal.wait_quiet(Duration::from_millis(60));
        }
        terminal.resize(120, 40);
        terminal.wait_for("127.0.0.1");
    }
    terminal.keys("\x1bq");
    terminal.wait_quiet(Duration::from_millis(100));
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}

#[test]
fn a_tiny_terminal_says_where_one_is() {
    let config = nobody();
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (20, 5));
    terminal.wait_until("something", |screen| !screen.contents().trim().is_empty());
    terminal.keys("q");
    assert!(terminal.wait().success());
}

/// The parameters of every SGR sequence.
fn looks(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1);
    sequences
        .filter_map(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            rest[end..].starts_with('m').then(|| rest[..end].to_owned())
        })
        .collect()
}

fn is_colour(parameters: &str) -> bool {
    parameters
        .split([';', ':'])
        .any(|p| matches!(p.parse(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107)))
}

#[test]
fn no_color_means_no_colour() {
    let config = nobody();
    let qd = Qd::with(&config);
    let shown = |environment: &[(&str, &str)]| {
        let terminal = console(&qd, environment, &[], (100, 30));
        for key in ["2", "3", "4", "?", "\x1b", "1"] {
            terminal.keys(key);
            terminal.wait_quiet(Duration::from_millis(100));
        }
        looks(&terminal.bytes())
    };
    let plain = shown(&[("NO_COLOR", "1")]);
    let coloured: Vec<_> = plain.iter().filter(|p| is_colour(p)).collect();
    assert!(coloured.is_empty(), "{coloured:?}");
    // The test can see colours where there are some.
    assert!(shown(&[]).iter().any(|p| is_colour(p)));
}

#[test]
fn ascii_means_ascii() {
    let config = nobody();
    let qd = Qd::with(&config);
    let terminal = console(&qd, &[], &["--ascii"], (100, 30));
    for key in ["2", "3", "4", "?", "\x1b", "1"] {
        terminal.keys(key);
        terminal.wait_quiet(Duration::from_millis(100));
        let text = terminal.text();
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn without_a_terminal_there_is_a_reason_and_exit_code_2() {
    let config = nobody();
    let output = Qd::with(&config).run(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("terminal"), "{said}");
}

#[test]
fn a_real_host_is_shown_restarted_and_then_left_alone() {
    require!(hosts);
    let host = TestHost::up("tty");
    // News would be a reason to draw.
    host.run(&["systemctl", "stop", "fixture-job.timer"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (120, 40));
    terminal.wait_for("Nothing is wrong");
    terminal.keys("3/fixture-web\r");
    terminal.wait_for("fixture-web.service");
    let pid =
        |host: &TestHost| host.run(&["systemctl", "show", "-P", "MainPID", "fixture-web.service"]);
    let before = pid(&host);
    terminal.keys(":restart fixture-web\r");
    terminal.wait_for("restart fixture-web.service on tty");
    // Enter alone confirms nothing.
    terminal.keys("\r");
    terminal.wait_quiet(Duration::from_secs(1));
    assert_eq!(pid(&host), before);
    terminal.keys(":restart fixture-web\r");
    terminal.wait_for("restart fixture-web.service on tty");
    terminal.keys("y");
    let start = std::time::Instant::now();
    while pid(&host) == before {
        assert!(start.elapsed().as_secs() < 20, "{}", terminal.text());
        std::thread::sleep(Duration::from_millis(100));
    }
    terminal.keys("9");
    terminal.wait_for("succeeded");

    // Hostile lines are shown, their sequences are not obeyed.
    terminal.keys("4");
    let evil = "\x1b]0;pwned\x07\x1b[2J\x1b[31mevil line\x1b[?1049l";
    host.feed(&["systemd-cat", "-t", "evil"], evil.as_bytes());
    terminal.wait_for("evil line");
    assert!(terminal.look(vt100::Screen::alternate_screen));
    let bytes = terminal.bytes();
    let seen = String::from_utf8_lossy(&bytes);
    assert!(!seen.contains("\x1b]0;pwned"));
    assert!(!seen.contains("\x1b[31mevil"));
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    require!(hosts);
    let host = TestHost::up("idle");
    host.run(&["systemctl", "stop", "fixture-job.timer"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let terminal = Terminal::start(&qd, &[], (120, 40));
    terminal.wait_for("idle");
    terminal.keys("3/fixture-web\r");
    terminal.wait_for("fixture-web.service");
    // Two samples of load and memory come meanwhile, and keepalives: were they a reason to draw,
    // there would be no such rest. A round trip that got shorter after a busy start is one.
    terminal.wait_quiet(Duration::from_secs(35));
}
