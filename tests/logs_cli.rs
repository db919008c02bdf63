//! `qd logs` against what the host's own journalctl prints, hostile entries included.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Qd, TestHost};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Messages that have broken log viewers before.
fn hostile() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = vec![
        b"plain".to_vec(),
        b"two\nlines".to_vec(),
        b"\n\n__CURSOR=forged\nMESSAGE=forged\n\n".to_vec(),
        b"ends in a newline\n".to_vec(),
        b"nul \0 in it".to_vec(),
        b"not \xff\xfe UTF-8 \x80".to_vec(),
        b"\x1b[2J\x1b]52;c;aGFja2Vk\x07\x1bP+q\x1b\\ escape".to_vec(),
        "c1 \u{9b}31m and \u{202e}bidi".into(),
        "Größe 世界 👩‍🚀".into(),
        Vec::new(),
        b"equals = signs == MESSAGE=x".to_vec(),
        (0..=255).collect(),
        b"{\"json\": \"in \\\" json\"}\ttab".to_vec(),
    ];
    // Longer than a line of a stream, than what lists keep, than one read.
    all.push(b"0123456789abcdef".repeat(3 * 1024));
    all.push(b"0123456789abcdef".repeat(64 * 1024));
    all.push([b"\n".repeat(1 << 20), vec![0xff; 7]].concat());
    all
}

/// What the host's journalctl prints as root, byte for byte.
fn journalctl(host: &TestHost, words: &[&str]) -> Vec<u8> {
    let words = [&["journalctl", "--no-pager"], words].concat();
    let output = host.try_run(&words);
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn printed(qd: &Qd, words: &[&str]) -> Vec<u8> {
    let output = qd.run(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    output.stdout
}

fn objects(lines: &[u8]) -> Vec<Value> {
    let lines = lines.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn hostile_entries_come_byte_for_byte() {
    require!(hosts);
    let host = TestHost::up("cli-hostile");
    let messages = hostile();
    host.plant(&messages, 1_795_000_000_000_000);
    let config = host.config();
    let qd = Qd::with(&config);

    // Every field, in journalctl's own bytes.
    let theirs = journalctl(&host, &["-u", "hostile", "-o", "export"]);
    let ours = printed(&qd, &["logs", "hostile", "-o", "export", "--all-fields"]);
    assert!(theirs.len() > 2 << 20);
    assert!(ours == theirs, "{} bytes, not {}", ours.len(), theirs.len());

    // JSON: the same values.
    let theirs = objects(&journalctl(
        &host,
        &["-u", "hostile", "-o", "json", "--all"],
    ));
    let ours = objects(&printed(
        &qd,
        &["logs", "hostile", "-o", "json", "--all-fields"],
    ));
    assert_eq!(theirs.len(), messages.len());
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
        for (name, value) in theirs {
            let same = match (&ours[name], value) {
                // Several values of a field have no order.
                (Value::Array(a), Value::Array(b)) if name == "TWICE" => {
                    a.len() == b.len() && a.iter().all(|v| b.contains(v))
                }
                (a, b) => a == b,
            };
            assert!(same, "{name}");
        }
        assert_eq!(ours.len(), theirs.len());
    }

    // Without --all-fields: the fields that the contract names, with the same values.
    let few = objects(&printed(&qd, &["logs", "hostile", "-o", "json"]));
    for (few, theirs) in few.iter().zip(&theirs) {
        for name in [
            "__CURSOR",
            "__REALTIME_TIMESTAMP",
            "_BOOT_ID",
            "MESSAGE",
            "PRIORITY",
            "SYSLOG_IDENTIFIER",
            "_PID",
            "_SYSTEMD_UNIT",
            "_HOSTNAME",
        ] {
            assert!(few[name] == theirs[name], "{name}");
        }
        assert!(few.get("TWICE").is_none());
    }

    // Messages alone, into a pipe: raw.
    let theirs = journalctl(
        &host,
        &["-u", "hostile", "-o", "cat", "-n", "1", "-g", "^plain"],
    );
    let ours = printed(&qd, &["logs", "hostile", "-o", "cat", "-g", "^plain"]);
    assert_eq!(ours, theirs);

    // A terminal sees no control character of theirs.
    for form in ["short", "cat", "export", "json"] {
        let words = format!(
            "{} logs hostile --until @1795000012.5 -o {form}",
            Qd::binary()
        );
        let mut script = Command::new("script");
        script
            .args(["-qec", &words, "/dev/null"])
            .env_clear()
            .envs(qd.environment());
        let output = script
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).expect("valid UTF-8 on a terminal");
        let bad = text
            .chars()
            .find(|c| (c.is_control() && !matches!(c, '\r' | '\n')) || *c == '\u{202e}');
        assert_eq!(bad, None, "-o {form}");
        assert!(text.contains("plain"), "{text}");
    }
}

#[test]
fn questions_get_journalctl_s_answers() {
    require!(hosts);
    let host = TestHost::up("cli-fill");
    host.fill(1_000_000);
    let config = host.config();
    let qd = Qd::with(&config);
    // Cursor and message tell entries apart; journalctl and we are asked for the same.
    for (ours, theirs) in [
        ("app07 -n 50", "-u app07 -n 50"),
        ("app07 app11 -p err -n 70", "-u app07 -u app11 -p err -n 70"),
        ("-p 2 -n 10 --reverse", "-p 2 -n 10 --reverse"),
        ("app01 -g status=500 -n 20", "-u app01 -g status=500 -n 20"),
        (
            "app01 -g STATUS=500 -i -n 20",
            "-u app01 -g status=500 -n 20",
        ),
        (
            "app01 -g STATUS=500 -n 20",
            "-u app01 -g nothing-like-this -n 20",
        ),
        (
            "app03 --since -9d --until -8d",
            "-u app03 --since -9d --until -8d",
        ),
        ("app* -n 5 -b -2", "-u app* -n 5 -b -2"),
    ] {
        let words: Vec<&str> = ["logs", "-o", "json"]
            .into_iter()
            .chain(ours.split(' '))
            .collect();
        let ours_printed = objects(&printed(&qd, &words));
        let words: Vec<&str> = ["-o", "json", "-q"]
            .into_iter()
            .chain(theirs.split(' '))
            .collect();
        let output = host.try_run(&[&["journalctl", "--no-pager"], &words[..]].concat());
        let theirs_printed = objects(&output.stdout);
        // The two were asked a moment apart, and one moves with the clock.
        let slack = if ours.contains("--since") { 20 } else { 0 };
        assert!(
            ours_printed.len().abs_diff(theirs_printed.len()) <= slack,
            "{ours}"
        );
        let cursor = |entry: &Value| entry["__CURSOR"].as_str().unwrap().to_owned();
        let ours_cursors: Vec<_> = ours_printed.iter().map(cursor).collect();
        let theirs_cursors: Vec<_> = theirs_printed.iter().map(cursor).collect();
        if slack == 0 {
            assert_eq!(ours_cursors, theirs_cursors, "{ours}");
        } else {
            assert!(theirs_cursors.len() > 1000);
            let common = ours_cursors
                .iter()
                .filter(|c| theirs_cursors.contains(c))
                .count();
            assert!(common + slack >= theirs_cursors.len(), "{ours}: {common}");
        }
    }
    // All that is older than the host itself: each entry once, in order.
    let old = ["logs", "--until", "50 min ago", "-o", "export"];
    let output = printed(&qd, &old);
    let mut count = 0;
    let mut last = 0;
    for line in output.split(|b| *b == b'\n') {
        if let Some(time) = line.strip_prefix(b"__REALTIME_TIMESTAMP=") {
            let time: u64 = std::str::from_utf8(time).unwrap().parse().unwrap();
            assert!(time >= last);
            (count, last) = (count + 1, time);
        }
    }
    assert_eq!(count, 1_000_000);
}

#[test]
fn two_hosts_are_merged_by_time() {
    require!(hosts);
    let hosts = [TestHost::up("cli-one"), TestHost::up("cli-two")];
    for (i, host) in hosts.iter().enumerate() {
        let messages: Vec<Vec<u8>> = (0..200)
            .map(|n| format!("{n} of {i}").into_bytes())
            .collect();
        host.plant(&messages, 1_795_000_000_000_000);
    }
    let config = ConfigDir::of(&[&hosts[0], &hosts[1]]);
    let qd = Qd::with(&config);
    let all = objects(&printed(&qd, &["logs", "hostile", "-o", "json"]));
    assert_eq!(all.len(), 400);
    // Planted at the same times: both orders within a time are right, each host's own is kept.
    let time = |entry: &Value| entry["__REALTIME_TIMESTAMP"].as_str().unwrap().to_owned();
    assert!(all.is_sorted_by_key(time));
    for (i, label) in ["cli-one", "cli-two"].iter().enumerate() {
        let own = all.iter().filter(|entry| entry["_QD_HOST"] == **label);
        let messages: Vec<&str> = own
            .map(|entry| entry["MESSAGE"].as_str().unwrap())
            .collect();
        let expected: Vec<String> = (0..200).map(|n| format!("{n} of {i}")).collect();
        assert_eq!(messages, expected);
    }
    // The last few of all, not of each.
    let last = objects(&printed(&qd, &["logs", "hostile", "-o", "json", "-n", "3"]));
    assert_eq!(last, all[397..]);
    let reverse = ["logs", "hostile", "-o", "json", "-n", "3", "--reverse"];
    let reverse = objects(&printed(&qd, &reverse));
    assert!(reverse.is_sorted_by(|a, b| time(a) >= time(b)));
    assert_eq!(reverse.len(), 3);
    let one = objects(&printed(
        &qd,
        &["logs", "hostile", "-o", "json", "--host", "cli-two"],
    ));
    assert!(one.len() == 200 && one.iter().all(|entry| entry.get("_QD_HOST").is_none()));

    // A host that is away is named; the other still answers.
    hosts[0].fault("refuse");
    let output = qd
        .run(&["logs", "hostile", "-o", "json", "-n", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(objects(&output.stdout).len(), 1);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("cli-one:") && !said.contains("cli-two:"),
        "{said}"
    );
}

/// A running `qd logs -f`; ended when dropped.
struct Follow {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    said: std::sync::mpsc::Receiver<String>,
}

impl Follow {
    fn start(qd: &Qd, words: &[&str]) -> Follow {
        let mut command = Command::new(Qd::binary());
        command
            .env_clear()
            .envs(qd.environment())
            .args(words)
            .stdin(Stdio::null());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = reader(child.stdout.take().unwrap());
        let said = reader(child.stderr.take().unwrap());
        Follow { child, lines, said }
    }

    /// The next line that contains this, within half a minute.
    #[track_caller]
    fn line(&self, wanted: &str) -> String {
        next(&self.lines, wanted)
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reader(stream: impl Read + Send + 'static) -> std::sync::mpsc::Receiver<String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[track_caller]
fn next(lines: &std::sync::mpsc::Receiver<String>, wanted: &str) -> String {
    let mut passed = Vec::new();
    loop {
        match lines.recv_timeout(Duration::from_secs(30)) {
            Ok(line) if line.contains(wanted) => return line,
            Ok(line) => passed.push(line),
            Err(error) => panic!("no '{wanted}' ({error}); instead {passed:#?}"),
        }
    }
}

#[test]
fn following_tells_of_broken_links_and_ends_by_interrupt() {
    require!(hosts);
    let host = TestHost::up("cli-follow");
    let config = host.config();
    let qd = Qd::with(&config);
    let mut follow = Follow::start(&qd, &["logs", "-f", "-n", "1"]);
    let write = |text: &str| host.run(&["logger", "-t", "probe", text]);
    follow.line(&host.name);
    write("first");
    assert!(follow.line("first").contains("probe"));
    host.fault("refuse");
    next(&follow.said, "cli-follow:");
    write("second, unseen for now");
    host.fault("accept");
    write("third");
    follow.line("second, unseen for now");
    follow.line("third");
    next(&follow.said, "connected again");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(follow.child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(follow.child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_is_wrong_is_said_with_its_cure() {
    require!(hosts);
    let host = TestHost::up("cli-wrong");
    let config = host.config();
    let qd = Qd::with(&config);
    for (words, code, said) in [
        (&["logs", "-g", "("][..], 2, "missing closing parenthesis"),
        (
            &["logs", "-f", "-g", "("][..],
            2,
            "missing closing parenthesis",
        ),
        (&["logs", "-b", "77"][..], 2, "No journal boot entry found"),
        (
            &["logs", "--since", "soon"][..],
            2,
            "cannot read the time 'soon'",
        ),
        (&["logs", "-p", "loud"][..], 2, "a priority is 0 to 7"),
        (&["logs", "--host", "nobody"][..], 2, "no host nobody"),
    ] {
        let output = qd.run(words).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(said), "{words:?}: {text}");
        assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
        assert!(output.stdout.is_empty());
        assert_eq!(
            text.lines().filter(|l| l.contains(said)).count(),
            1,
            "{text}"
        );
    }

    // A reader that has enough is no failure.
    host.fill(100_000);
    let pipe = format!(
        "{} logs 'app*' | head -n 2; echo ${{PIPESTATUS[0]}}",
        Qd::binary()
    );
    let mut bash = Command::new("bash");
    let output = bash
        .args(["-c", &pipe])
        .env_clear()
        .envs(qd.environment())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.ends_with("\n0\n"), "{text}");
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    // Without rights one sees one's own lines at most, and is told why.
    let mut settings: Value = serde_json::from_str(&config.read("config.json")).unwrap();
    settings["ssh_user_test"] = "viewer".into();
    config.write("config.json", &settings.to_string());
    let output = qd.run(&["logs", "-n", "5"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("group systemd-journal"), "{text}");
    let output = qd.run(&["--json", "logs"]).output().unwrap();
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "journal-permission");
}
