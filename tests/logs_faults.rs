//! What journals can be like, through the program itself, on real hosts and on files: vacuumed while
//! they are read, clocks that step back, boots without end, messages of megabytes, little memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    Qd, Terminal, TestHost,
    follow::{Breakable, Real, entries, nothing_lost},
};
use quarterdeck::logs::Query;
use std::{fmt::Write as _, fs, path::Path};

/// Goes up until the journal's beginning is on the screen, or what stands in its place.
fn to_the_top(terminal: &Terminal, top: &str) {
    terminal.wait_until(top, |screen| {
        let there = screen.contents().contains(top);
        if !there {
            terminal.keys("gg");
        }
        there
    });
}

/// What the pane shows, saved by it: an entry a line.
fn saved(terminal: &Terminal, qd: &Qd, name: &str) -> Vec<serde_json::Value> {
    terminal.keys(&format!("S{name}\r"));
    terminal.wait_for(name);
    let path = qd.home().join(name);
    terminal.wait_until("the file", |_| whole(&path));
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn whole(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"\n"))
}

/// Resident memory of a process now and at most, MiB.
fn memory(pid: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib >> 10
    };
    (of("VmRSS:"), of("VmHWM:"))
}

#[test]
fn a_journal_vacuumed_under_its_reader_is_followed_on_and_ends_in_one_hole() {
    require!(hosts);
    let host = TestHost::up("lf-vacuum");
    for part in 0..4 {
        let script = format!(
            "seq -f 'line %.0f' {} {} | systemd-cat -t filler && journalctl --sync && journalctl --rotate",
            part * 1000 + 1,
            (part + 1) * 1000
        );
        host.run(&["sh", "-c", &script]);
    }
    let config = host.config();
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (120, 30));
    terminal.keys("4");
    terminal.wait_for("line 4000");
    // Read back once, so that what is held begins in a file that will be gone.
    terminal.keys("gg");
    terminal.wait_for("1,5");
    // By size: files written within this second are to go too.
    host.run(&["journalctl", "--rotate", "--vacuum-size=1"]);
    // A page that was under way is read to its end; the next one cannot be.
    to_the_top(&terminal, "older entries cannot be had");
    to_the_top(&terminal, "all before ");
    terminal.wait_for("rotated or vacuumed");
    assert!(!terminal.text().contains("from the beginning"));
    // Told once, whatever one presses; and following goes on.
    terminal.keys("ggjkggG");
    host.run(&["logger", "-t", "filler", "line 4001"]);
    terminal.wait_for("line 4001");
    to_the_top(&terminal, "all before ");
    assert_eq!(terminal.text().matches("all before ").count(), 1);
    let shown = saved(&terminal, &qd, "shown.json");
    let lines: Vec<u32> = shown
        .iter()
        .filter_map(|entry| {
            entry["MESSAGE"]
                .as_str()?
                .strip_prefix("line ")?
                .parse()
                .ok()
        })
        .collect();
    assert!(lines.len() > 1_000, "{}", lines.len());
    let expected: Vec<u32> = (4_002 - u32::try_from(lines.len()).unwrap()..4_002).collect();
    assert_eq!(lines, expected);
    terminal.keys("q");
    assert!(terminal.wait().success());
}

#[test]
fn a_journal_vacuumed_under_its_follower_loses_nothing() {
    require!(hosts);
    let server = Real::up("lf-follow");
    let query = Query {
        lines: Some(5),
        ..Query::default()
    };
    let faults = [
        "vacuum", "wait 300", "vacuum", "rotate", "wait 300", "vacuum",
    ];
    let held = nothing_lost(&server, query, &faults);
    assert_eq!(held.gaps, []);
    let numbers: Vec<u64> = held
        .entries
        .iter()
        .filter_map(|(_, message)| {
            let text = std::str::from_utf8(message).ok()?;
            text.strip_prefix("writer line ")?.parse().ok()
        })
        .collect();
    let expected: Vec<u64> = (0..numbers.len() as u64).collect();
    assert_eq!(numbers, expected);
    let truth = server.truth(&[]);
    assert!(truth.len() < held.entries.len(), "something was vacuumed");
}

/// Boots of three entries, each a second after the other; every fifth boot begins a day before the
/// one it follows, and within every seventh the clock steps back an hour.
fn unsteady(boots: u64) -> Vec<u8> {
    let mut stream = String::new();
    let (mut time, mut number) = (1_790_000_000_u64, 0);
    for boot in 0..boots {
        if boot % 5 == 4 {
            time -= 86_400;
        }
        for i in 0..3 {
            if boot % 7 == 6 && i == 1 {
                time -= 3_600;
            }
            time += 1;
            write!(
                stream,
                "__REALTIME_TIMESTAMP={time}000000\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={:032x}\n\
                 _UID=0\nPRIORITY=6\nSYSLOG_IDENTIFIER=unsteady\n_SYSTEMD_UNIT=unsteady.service\n\
                 MESSAGE=step {number}\n\n",
                (i + 1) * 1_000_000,
                u128::from(boot + 1) * 0x0123_4567_89ab_cdef
            )
            .unwrap();
            number += 1;
        }
    }
    stream.into_bytes()
}

#[test]
fn clocks_that_step_back_and_boots_without_end() {
    require!(hosts);
    const BOOTS: usize = 600;
    let host = TestHost::up("lf-clock");
    host.import(&unsteady(BOOTS as u64));
    let journal = "journalctl -u unsteady --output=json --all --no-pager --output-fields=MESSAGE";
    let words: Vec<&str> = journal.split(' ').collect();
    let truth: Vec<String> = entries(&host.run(&words))
        .into_iter()
        .map(|(_, message)| String::from_utf8(message).unwrap())
        .collect();
    assert_eq!(truth.len(), BOOTS * 3);
    let config = host.config();
    let qd = Qd::with(&config);
    let printed = qd.run(&["logs", "unsteady", "-o", "cat"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(printed.lines().collect::<Vec<_>>(), truth);
    let count = qd.json(0, &["logs", "unsteady", "--count", "-b", "-250"]);
    assert_eq!(count["items"][0]["count"], 3, "{count}");

    // The same from a directory of files.
    let machine = host.run(&["cat", "/etc/machine-id"]);
    let file = format!("/var/log/journal/{}/system@planted.journal", machine.trim());
    let bytes = host.try_run(&["cat", &file]).stdout;
    fs::create_dir(qd.home().join("journal")).unwrap();
    fs::write(qd.home().join("journal/system@planted.journal"), bytes).unwrap();

    for words in [&["logs", "unsteady"][..], &["logs", "--file", "journal"]] {
        let mut terminal = if words.contains(&"--file") {
            require!(program "journalctl");
            Terminal::start(&qd, words, (120, 24))
        } else {
            let terminal = Terminal::start(&qd, &[], (120, 24));
            terminal.wait_for("lf-clock");
            terminal.keys(":logs unsteady\r");
            terminal
        };
        let last = truth.last().unwrap();
        terminal.wait_for(last);
        to_the_top(&terminal, "from the beginning");
        terminal.keys("gg");
        terminal.wait_for(&truth[0]);
        // From boot to boot, in their order.
        for boot in 1..4 {
            terminal.keys(">");
            let first = format!("step {} ", boot * 3);
            terminal.wait_until(&first, |screen| {
                let rows: Vec<String> = screen.rows(0, 120).collect();
                let selected = rows.iter().find(|row| row.starts_with('▌'));
                selected.is_some_and(|row| format!("{row} ").contains(&first))
            });
        }
        let shown = saved(&terminal, &qd, "steps.json");
        let shown: Vec<&str> = shown
            .iter()
            .map(|e| e["MESSAGE"].as_str().unwrap())
            .collect();
        assert_eq!(shown, truth, "{words:?}");
        fs::remove_file(qd.home().join("steps.json")).unwrap();
        // A list of hundreds of boots, and a histogram over years.
        terminal.keys("b");
        terminal.wait_for("╭ boot");
        terminal.keys("\x1b");
        terminal.wait_until("no list", |screen| !screen.contents().contains("╭ boot"));
        terminal.keys("iG");
        terminal.wait_for(last);
        terminal.keys("q");
        assert!(terminal.wait().success());
    }
}

#[test]
fn messages_of_megabytes_and_of_any_bytes() {
    require!(hosts);
    let host = TestHost::up("lf-large");
    // As sd_journal_send would: a field of 10 MiB goes through a memfd and arrives whole.
    let large = [
        b"MESSAGE=".to_vec(),
        b"0123456789abcdef".repeat(640 << 10),
        b"\n".to_vec(),
    ]
    .concat();
    host.feed(&["logger", "--journald"], &large);
    // A stream is split into lines, and those at 48 KiB.
    host.feed(&["systemd-cat", "-t", "splitter"], &b"x".repeat(100_000));
    // What its library takes as lines of text ends at a NUL.
    let bytes: Vec<u8> = (1..=255).filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    host.feed(
        &["logger", "--journald"],
        &[b"MESSAGE=all ".to_vec(), bytes.clone(), b"\n".to_vec()].concat(),
    );
    host.plant(
        &[vec![0; 1 << 20], (0..=255).collect()],
        1_790_000_000_000_000,
    );
    host.run(&["journalctl", "--sync"]);
    host.run(&["logger", "-t", "last", "the last of them"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let cat = |words: &[&str]| {
        let output = qd.run(&["logs", "-o", "cat"]).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}");
        output.stdout
    };
    let found = cat(&["-g", "^0123456789abcdef", "-n", "1"]);
    assert_eq!(found.len(), (10 << 20) + 1);
    let split = qd.json(0, &["logs", "--filter", "identifier:splitter", "--count"]);
    assert_eq!(split["items"][0]["count"], 3, "{split}");
    // Nothing of the ten mebibytes is cut on the way to a file.
    let export = qd.run(&["logs", "-o", "export"]).output().unwrap().stdout;
    fs::write(qd.home().join("all.export"), &export).unwrap();
    let again = cat(&["--file", "all.export", "-g", "^0123456789abcdef", "-n", "1"]);
    assert_eq!(again, found);
    let has = |part: &[u8]| memchr::memmem::find(&export, part).is_some();
    assert!(has(&bytes) && has(&[0; 4096]));

    for words in [&[][..], &["logs", "--file", "all.export"]] {
        let mut terminal = Terminal::start(&qd, words, (120, 30));
        if words.is_empty() {
            terminal.keys("4");
        }
        terminal.wait_for("following");
        let (before, _) = memory(terminal.pid());
        // Up to the large one, through it and its fields, wrapped and not.
        terminal.keys("/0123456789abcdef\r");
        terminal.wait_for("1 hits");
        terminal.keys("n");
        terminal.wait_for("hit 1/1");
        terminal.keys("w");
        terminal.keys("w\r");
        terminal.wait_for(" fields");
        terminal.keys("\x1b");
        terminal.wait_until("the list", |screen| !screen.contents().contains(" fields"));
        terminal.keys("=&all \r");
        terminal.wait_for("& all");
        terminal.keys("=");
        terminal.wait_until("all of them", |screen| !screen.contents().contains("& all"));
        let (_, most) = memory(terminal.pid());
        assert!(
            most < before + 96,
            "{before} MiB before, {most} MiB at most"
        );
        assert!(!terminal.bytes().contains(&0));
        terminal.keys("q");
        assert!(terminal.wait().success());
    }
}

#[test]
fn expressions_that_explode_elsewhere_do_not_here() {
    let qd = Qd::new();
    let mut text = String::new();
    for i in 0..300 {
        let tail = if i == 7 { "" } else { "!" };
        writeln!(
            text,
            "2026-11-23 10:00:00 INFO {}{tail}",
            "a".repeat(20_000)
        )
        .unwrap();
    }
    text.push_str("2026-11-23 10:00:01 INFO the last of them\n");
    fs::write(qd.home().join("a.log"), &text).unwrap();
    for pattern in ["/INFO (a+)+$/", "/INFO (a|aa)+$/", "/INFO (a|a?)+$/"] {
        let count = ["logs", "--file", "a.log", "--count", "--filter", pattern];
        let count = qd.json(0, &count);
        assert_eq!(count["items"][0]["count"], 1, "{pattern}");
    }
    let large = [
        "logs",
        "--file",
        "a.log",
        "--filter",
        "/((a{100}){100}){100}/",
    ];
    let output = qd.run(&large).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("too large"), "{said}");

    let mut terminal = Terminal::start(&qd, &["logs", "--file", "a.log"], (120, 24));
    terminal.wait_for("the last of them");
    terminal.keys("&/INFO (a+)+$/\r");
    terminal.wait_for("1 of 301 entries");
    terminal.keys("=&/((a{100}){100}){100}/\r");
    terminal.wait_for("too large");
    terminal.keys("\x1b");
    terminal.wait_for("the last of them");
    terminal.keys("q");
    assert!(terminal.wait().success());
}

#[test]
fn with_eight_mebibytes_for_logs_hundreds_of_thousands_pass_through() {
    const COUNT: usize = 400_000;
    let qd = Qd::new();
    let settings = qd.home().join("config/quarterdeck");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("settings.toml"), "log_budget_mib = 8\n").unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let mut text = String::new();
    for i in 0..COUNT {
        let (hour, minute, second) = (i / 36_000, i / 600 % 60, i / 10 % 60);
        let (id, took) = (random.u64(..), random.u16(..));
        writeln!(
            text,
            "2026-11-23 {hour:02}:{minute:02}:{second:02} INFO request {i} of {id:016x} took {took}us"
        )
        .unwrap();
    }
    fs::write(qd.home().join("a.log"), &text).unwrap();
    fs::write(
        qd.home().join("none.log"),
        "2026-11-23 10:00:00 INFO nothing\n",
    )
    .unwrap();
    let idle = Terminal::start(&qd, &["logs", "--file", "none.log"], (120, 24));
    idle.wait_for("nothing");
    let (_, base) = memory(idle.pid());
    drop(idle);

    let mut terminal = Terminal::start(&qd, &["logs", "--file", "a.log"], (120, 24));
    terminal.wait_for(&format!("request {} ", COUNT - 1));
    terminal.keys("&id:nothing\r");
    terminal.wait_for("0 of ");
    terminal.keys("=&request\r");
    terminal.wait_for("older ones are read again");
    terminal.keys("=");
    // Pages from before what is held, and from before those.
    let first = |screen: &vt100::Screen| {
        let text = screen.contents();
        let (_, rest) = text.split_once("INFO request ")?;
        rest.split_once(' ')?.0.parse::<usize>().ok()
    };
    terminal.keys("gg");
    terminal.wait_for("▌");
    for _ in 0..3 {
        let before = terminal.look(first).unwrap();
        terminal.wait_until("older ones", |screen| {
            terminal.keys("gg");
            first(screen).is_some_and(|now| now < before)
        });
    }
    let (_, most) = memory(terminal.pid());
    // The budget once and a half, what is unpacked while it is looked at, and the file's chunks.
    assert!(
        most < base + 12 + 24,
        "{base} MiB with nothing, {most} MiB at most"
    );
    terminal.keys("G");
    terminal.wait_for(&format!("request {} ", COUNT - 1));
    terminal.keys("q");
    assert!(terminal.wait().success());
}
