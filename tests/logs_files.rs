//! `qd logs --file` and the questions about entries, without a host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Qd, Terminal};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

/// Entries of two units on two boots, one a second; every tenth is an error of several lines.
fn export(count: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for i in 0..count {
        let boot = if i < count / 2 { 'a' } else { 'b' };
        let (unit, priority) = if i % 3 == 0 { ("db", 5) } else { ("web", 6) };
        let mut text = String::new();
        write!(
            text,
            "__CURSOR=s=1;i={i:x}\n__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={i}\n_BOOT_ID={}\n\
             _HOSTNAME=planted\nSYSLOG_IDENTIFIER={unit}\n_SYSTEMD_UNIT={unit}.service\n_PID={}\n",
            1_795_000_000_000_000 + i * 1_000_000,
            boot.to_string().repeat(32),
            100 + i % 7
        )
        .unwrap();
        out.extend(text.bytes());
        if i % 10 == 9 {
            let message = format!("request {i} failed\n  at {i}");
            out.extend(b"PRIORITY=3\nMESSAGE\n");
            out.extend((message.len() as u64).to_le_bytes());
            out.extend(message.bytes());
            out.extend(b"\n\n");
        } else {
            out.extend(format!("PRIORITY={priority}\nMESSAGE=request {i} took {i}ms\n\n").bytes());
        }
    }
    out
}

fn said(qd: &Qd, words: &[&str]) -> String {
    let output = qd.run(words).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_export_file_answers_like_a_host() {
    let qd = Qd::new();
    let bytes = export(100);
    fs::write(qd.home().join("x.export"), &bytes).unwrap();
    let logs = |words: &[&str]| said(&qd, &[&["logs", "--file", "x.export"], words].concat());
    assert_eq!(logs(&["-o", "export"]).as_bytes(), bytes);
    assert_eq!(logs(&["--count"]), "100\n");
    for (words, count) in [
        (&["-p", "err"][..], 10),
        (&["web"], 66),
        (&["d?.service"], 34),
        (&["-g", "FAILED"], 0),
        (&["-g", "FAILED", "-i"], 10),
        (&["-b"], 50),
        (&["-b", "1"], 50),
        (&["-b", "-2"], -1),
        (&["--since", "@1795000090"], 10),
        (&["--until", "@1795000009"], 10),
        (&["--filter", "unit:db prio:<=3"], 4),
        (&["--filter", "unit:db", "--filter-out", "failed"], 30),
        (&["--filter", "failed", "-n", "4"], 4),
    ] {
        let output = qd
            .run(&["logs", "--file", "x.export", "--count"])
            .args(words)
            .output()
            .unwrap();
        if count < 0 {
            assert_eq!(output.status.code(), Some(2), "{words:?}");
        } else {
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                format!("{count}\n"),
                "{words:?}"
            );
        }
    }
    let messages = |words: &[&str]| {
        let printed = logs(&[&["-o", "json"], words].concat());
        let number = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            let message = entry["MESSAGE"].as_str().unwrap().to_owned();
            message.split(' ').nth(1).unwrap().parse::<u64>().unwrap()
        };
        printed.lines().map(number).collect::<Vec<u64>>()
    };
    assert_eq!(messages(&["-n", "2"]), [98, 99]);
    assert_eq!(messages(&["-n", "2", "-r"]), [99, 98]);
    assert_eq!(messages(&["--filter", "failed", "-n", "2"]), [89, 99]);
    assert_eq!(messages(&["--filter", "failed", "-n", "2", "-r"]), [99, 89]);
    assert_eq!(messages(&["-r"]), (0..100).rev().collect::<Vec<_>>());
}

#[test]
fn patterns_and_histograms() {
    let qd = Qd::new();
    fs::write(qd.home().join("x.export"), export(100)).unwrap();
    let logs = |words: &[&str]| said(&qd, &[&["logs", "--file", "x.export"], words].concat());
    insta::assert_snapshot!(logs(&["--patterns"]));
    insta::assert_snapshot!(logs(&["--histogram"]));
    let items = |words: &[&str]| {
        let mut document = qd.json(0, &[&["logs", "--file", "x.export"], words].concat());
        assert_eq!(document["environment"], Value::Null);
        document["items"].take()
    };
    let patterns = items(&["--patterns", "--new-since", "@1795000009", "-p", "err"]);
    assert_eq!(patterns.as_array().unwrap().len(), 2);
    assert_eq!(patterns[0]["pattern"], "request • failed\n  at •");
    assert_eq!(patterns[0]["count"], 6);
    assert_eq!(patterns[0]["hosts"], serde_json::json!(["x.export"]));
    assert_eq!(
        items(&["--patterns", "--new-since", "@1795000010", "-p", "err"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let bars = items(&["--histogram", "--bucket", "50s"]);
    assert_eq!(
        bars.as_array()
            .unwrap()
            .iter()
            .map(|b| b["count"].as_u64().unwrap())
            .sum::<u64>(),
        100
    );
    assert_eq!(bars[0]["priorities"]["err"], 5);
    let count = items(&["--count", "--filter", "nothing has this"]);
    assert_eq!(
        count[0],
        serde_json::json!({"host": "x.export", "count": 0, "first": null, "last": null})
    );
}

#[test]
fn packed_files_and_pipes() {
    let qd = Qd::new();
    let bytes = export(1000);
    let path = qd.home().join("x.export");
    fs::write(&path, &bytes).unwrap();
    for program in ["gzip", "zstd", "xz", "bzip2", "lz4"] {
        let packed = Command::new(program).args(["-c", "-q"]).arg(&path).output();
        // Which of them a machine has is its own affair.
        let Ok(packed) = packed else { continue };
        fs::write(qd.home().join("packed"), packed.stdout).unwrap();
        assert_eq!(
            said(&qd, &["logs", "--file", "packed", "--count"]),
            "1000\n",
            "{program}"
        );
    }
    // Cut off: what is there is printed, and it is said that more was to come.
    let mut packed = Command::new("gzip")
        .arg("-c")
        .arg(&path)
        .output()
        .unwrap()
        .stdout;
    packed.truncate(packed.len() / 2);
    fs::write(qd.home().join("cut.gz"), packed).unwrap();
    let output = qd
        .run(&["logs", "--file", "cut.gz", "-o", "cat"])
        .output()
        .unwrap();
    assert!(!output.stdout.is_empty());
    assert_eq!(output.status.code(), Some(2));

    let output = qd
        .run(&["logs", "--file", "-", "-p", "err", "-o", "cat"])
        .write_stdin(bytes)
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), 200);
}

#[test]
fn text_is_printed_as_it_is() {
    let qd = Qd::new();
    let text = "banner\n2026-11-23 10:00:00 ERROR one\n  more\n2026-11-23 10:00:02 INFO two\n";
    fs::write(qd.home().join("a.log"), text).unwrap();
    fs::write(qd.home().join("b.log"), "2026-11-23 10:00:01 ERROR three\n").unwrap();
    let logs = |words: &[&str]| said(&qd, &[&["logs", "--file"], words].concat());
    assert_eq!(logs(&["a.log"]), text);
    assert_eq!(
        logs(&["a.log", "-p", "err"]),
        "2026-11-23 10:00:00 ERROR one\n  more\n"
    );
    assert_eq!(
        logs(&["a.log", "--since", "2026-11-23 10:00:01", "-o", "cat"]),
        "INFO two\n"
    );
    assert_eq!(
        logs(&["a.log", "--file", "b.log", "--filter", "error"]),
        "a.log: 2026-11-23 10:00:00 ERROR one\na.log:   more\nb.log: 2026-11-23 10:00:01 ERROR three\n"
    );
    assert_eq!(
        logs(&["a.log", "--file", "b.log", "--count"]),
        "3 a.log\n1 b.log\n4 total\n"
    );
}

#[test]
fn a_growing_file_and_its_successor_are_followed() {
    let qd = Qd::new();
    let path = qd.home().join("a.log");
    let mut file = fs::File::create(&path).unwrap();
    writeln!(file, "2026-11-23 10:00:00 one\n2026-11-23 10:00:01 two").unwrap();
    let mut child = Command::new(Qd::binary())
        .env_clear()
        .envs(qd.environment())
        .current_dir(qd.home())
        .args([
            "logs",
            "--file",
            "a.log",
            "-f",
            "-n",
            "1",
            "--timeout",
            "120",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "2026-11-23 10:00:01 two");
    writeln!(file, "2026-11-23 10:00:02 three\n  more").unwrap();
    assert_eq!(next(), "2026-11-23 10:00:02 three");
    assert_eq!(next(), "  more");
    // A line without its end waits for it.
    write!(file, "2026-11-23 10:00:03 fo").unwrap();
    fs::write(qd.home().join("new"), "2026-11-23 10:00:04 five\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    writeln!(file, "ur").unwrap();
    assert_eq!(next(), "2026-11-23 10:00:03 four");
    fs::rename(qd.home().join("new"), &path).unwrap();
    assert_eq!(next(), "2026-11-23 10:00:04 five");
    common::interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn garbage_is_told_and_survived() {
    let qd = Qd::new();
    let mut bytes = export(5);
    bytes.extend(b"this is no field\nnor this\n\n");
    bytes.extend(export(3));
    bytes.extend(b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff");
    fs::write(qd.home().join("x"), bytes).unwrap();
    let output = qd
        .run(&["logs", "--file", "x", "-o", "cat"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 8);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not all of it is journal entries"));
}

#[test]
fn a_terminal_shows_files_in_the_console() {
    let qd = Qd::new();
    let mut text = String::new();
    for i in 0..50 {
        let level = if i % 10 == 9 { "ERROR" } else { "INFO" };
        writeln!(text, "2026-11-23 10:{i:02}:00 {level} request {i}").unwrap();
    }
    fs::write(qd.home().join("a.log"), &text).unwrap();
    let mut terminal = Terminal::start(&qd, &["logs", "--file", "a.log"], (80, 24));
    terminal.wait_for("ERROR request 49");
    // There is nothing but entries to look at.
    assert!(!terminal.text().contains("units"));
    terminal.keys("\r");
    terminal.wait_for("__REALTIME_TIMESTAMP");
    terminal.keys("\x1b");
    terminal.wait_for("request 48");
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());

    // Keys come from the terminal, entries from the pipe.
    let script = format!(
        "cat a.log | {} logs --file - -p err --filter 'request 2'",
        Qd::binary()
    );
    let mut terminal = Terminal::command(&qd, &[], "/bin/sh", &["-c", &script], (80, 24));
    terminal.wait_for("ERROR request 29");
    assert!(!terminal.text().contains("request 49"));
    terminal.keys("q");
    assert!(terminal.wait().success());
}

/// So many lines, each a second later than the one before it and of 5 kB that nothing packs well.
fn bulky(count: usize) -> String {
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = String::new();
    for i in 0..count {
        let (hour, minute, second) = (i / 3600, i / 60 % 60, i % 60);
        write!(
            text,
            "2026-11-23 1{hour}:{minute:02}:{second:02} INFO request {i} "
        )
        .unwrap();
        text.extend((0..5_000).map(|_| random.alphanumeric()));
        text.push('\n');
    }
    text
}

/// With the least memory for logs that can be set.
fn with_little_memory() -> Qd {
    let qd = Qd::new();
    let settings = qd.home().join("config/quarterdeck");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("settings.toml"), "log_budget_mib = 8\n").unwrap();
    qd
}

#[test]
fn evicted_entries_of_a_file_are_read_again_when_scrolled_to() {
    const COUNT: usize = 2_400;
    let qd = with_little_memory();
    let text = bulky(COUNT);
    fs::write(qd.home().join("a.log"), &text).unwrap();
    let mut entries = String::new();
    for (i, line) in text.lines().enumerate() {
        let time = 1_795_000_000 + i;
        let (_, message) = line.split_once(" INFO ").unwrap();
        writeln!(
            entries,
            "__CURSOR=s=1;i={i:x};t={:x}\n__REALTIME_TIMESTAMP={time}000000\nPRIORITY=6\nMESSAGE={message}\n",
            time * 1_000_000
        )
        .unwrap();
    }
    fs::write(qd.home().join("a.export"), &entries).unwrap();
    let mut names = vec!["a.log", "a.export"];
    let mut gzip = Command::new("gzip");
    gzip.arg("-kq").arg(qd.home().join("a.export"));
    if gzip.status().is_ok_and(|status| status.success()) {
        names.push("a.export.gz");
    }
    for name in names {
        let mut terminal = Terminal::start(&qd, &["logs", "--file", name], (120, 24));
        terminal.wait_for(&format!("request {} ", COUNT - 1));
        terminal.wait_for("older ones are read again");
        let begin = |screen: &vt100::Screen| screen.contents().contains("from the beginning");
        terminal.wait_until("the beginning", |screen| {
            let done = begin(screen);
            if !done {
                terminal.keys("gg");
            }
            done
        });
        terminal.keys("gg");
        terminal.wait_for("request 0 ");
        terminal.wait_for(&format!("{} entries", "2,400"));
        terminal.keys("q");
        assert!(terminal.wait().success());
    }
}

#[test]
fn evicted_entries_of_a_pipe_are_told_as_a_hole() {
    let qd = with_little_memory();
    fs::write(qd.home().join("a.log"), bulky(2_400)).unwrap();
    let script = format!("cat a.log | {} logs --file -", Qd::binary());
    let mut terminal = Terminal::command(&qd, &[], "/bin/sh", &["-c", &script], (120, 24));
    terminal.wait_for("request 2399 ");
    terminal.wait_for("older ones are read again");
    terminal.keys("gg");
    terminal.wait_for("older entries cannot be had");
    terminal.keys("gg");
    terminal.wait_for("all before ");
    assert!(!terminal.text().contains("from the beginning"));
    // Asked once more, told no more.
    terminal.keys("ggGgg");
    terminal.wait_until("one hole", |screen| {
        screen.contents().matches("all before ").count() == 1
    });
    terminal.keys("q");
    assert!(terminal.wait().success());
}
