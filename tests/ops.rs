//! Operations against real hosts: what they do, how they end, what is written down.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Qd, TestHost};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Starts `qd` without waiting for it.
fn spawn(qd: &Qd, words: &[&str]) -> Child {
    Command::new(Qd::binary())
        .env_clear()
        .envs(qd.environment())
        .current_dir(qd.home())
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The code, standard output and standard error of a child that has to end within a minute.
fn end(mut child: Child) -> (Option<i32>, String, String) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!(
                "still running\n{}\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Code, standard output and standard error of a whole run.
fn run(qd: &Qd, words: &[&str]) -> (Option<i32>, String, String) {
    end(spawn(qd, words))
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn state(host: &TestHost, unit: &str) -> String {
    host.run(&["systemctl", "show", "-P", "ActiveState", unit])
        .trim()
        .to_owned()
}

fn history(qd: &Qd) -> Vec<serde_json::Value> {
    qd.json(0, &["history"])["items"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_restart_from_the_command_line() {
    require!(hosts);
    let host = TestHost::up("op-restart");
    host.run(&["systemctl", "start", "fixture-web.service"]);
    let config = host.config();
    let qd = Qd::with(&config);
    // Without an answer nothing happens, and the plan says what would.
    let before = host.run(&[
        "systemctl",
        "show",
        "-P",
        "InvocationID",
        "fixture-web.service",
    ]);
    let (code, out, err) = run(&qd, &["unit", "restart", "fixture-web"]);
    assert_eq!((code, out.as_str()), (Some(4), ""), "{err}");
    assert!(
        err.contains("RestartUnit(\"fixture-web.service\", \"replace\")"),
        "{err}"
    );
    assert!(err.contains("--yes"), "{err}");
    let same = host.run(&[
        "systemctl",
        "show",
        "-P",
        "InvocationID",
        "fixture-web.service",
    ]);
    assert_eq!(before, same);
    // Read-only refuses, whatever else is said.
    let (code, _, err) = run(
        &qd,
        &["unit", "restart", "fixture-web", "--yes", "--read-only"],
    );
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("read-only"), "{err}");
    // With one it does.
    let (code, _, err) = run(&qd, &["unit", "start", "fixture-web"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(!err.contains("not noted"), "{err}");
    let done = qd.json(0, &["unit", "restart", "fixture-web", "--yes"]);
    let now = host.run(&[
        "systemctl",
        "show",
        "-P",
        "InvocationID",
        "fixture-web.service",
    ]);
    assert_ne!(now, before);
    assert_eq!(done["unit"], "fixture-web.service");
    assert_eq!(done["host"], "op-restart");
    assert_eq!(done["result"], "done");
    assert_eq!(done["state"], "succeeded");
    assert_eq!(done["invocation_id"], now.trim());
    assert!(done["job"].as_u64().unwrap() > 0);
    // Written down here …
    let items = history(&qd);
    assert_eq!(items.len(), 2, "{items:#?}");
    let record = &items[1];
    assert_eq!(record["operation"], "restart");
    assert_eq!(record["unit"], "fixture-web.service");
    assert_eq!(record["environment"], "test");
    assert_eq!(record["result"], "succeeded");
    assert_eq!(record["invocation_id"], now.trim());
    assert!(record["duration_ms"].as_i64().unwrap() > 0);
    // … and in the host's journal.
    host.run(&["journalctl", "--sync"]);
    let noted = host.run(&[
        "journalctl",
        "--output=json",
        "SYSLOG_IDENTIFIER=quarterdeck",
    ]);
    let entry: serde_json::Value = serde_json::from_str(noted.lines().last().unwrap()).unwrap();
    assert_eq!(entry["QUARTERDECK_OPERATION"], "restart");
    assert_eq!(entry["QUARTERDECK_UNIT"], "fixture-web.service");
    assert_eq!(entry["QUARTERDECK_RESULT"], "succeeded");
    assert_eq!(entry["QUARTERDECK_USER"], record["user"]);
    assert_eq!(noted.lines().count(), 2);
}

#[test]
fn failures_are_failures() {
    require!(hosts);
    let host = TestHost::up("op-fail");
    let config = host.config();
    let qd = Qd::with(&config);
    let (code, out, err) = run(&qd, &["unit", "start", "fixture-fail"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("exit status 3"), "{err}");
    assert!(err.contains("about to fail"), "its last lines: {err}");
    // systemd's job is done, and the service dies a moment later.
    host.feed(
        &["tee", "/etc/systemd/system/fixture-dies.service"],
        b"[Service]\nExecStart=/bin/sh -c 'echo dying; sleep 0.5; exit 7'\n",
    );
    let (code, _, err) = run(&qd, &["unit", "start", "fixture-dies"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(
        err.contains("did not stay up") && err.contains("exit status 7"),
        "{err}"
    );
    assert!(err.contains("dying"), "its last lines: {err}");
    // A start that begins no run has systemd's words, and none of the run before.
    host.feed(
        &["tee", "/etc/systemd/system/fixture-once.service"],
        b"[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n\
          [Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo only once; exit 4'\n",
    );
    let (code, _, err) = run(&qd, &["unit", "start", "fixture-once"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("only once"), "its last lines: {err}");
    let (code, _, err) = run(&qd, &["unit", "start", "fixture-once"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("repeated too quickly"), "{err}");
    assert!(!err.contains("only once"), "{err}");
    let (code, _, err) = run(&qd, &["unit", "start", "no-such"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("there is no unit no-such.service"), "{err}");
    let (code, _, err) = run(&qd, &["unit", "reload", "fixture-web"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("does not offer reload"), "{err}");
    let (code, _, err) = run(&qd, &["unit", "start", "a b"]);
    assert_eq!(code, Some(2), "{err}");
    let results: Vec<_> = history(&qd)
        .iter()
        .map(|record| (record["unit"].clone(), record["result"].clone()))
        .collect();
    assert_eq!(
        serde_json::json!(results),
        serde_json::json!([
            ["fixture-fail.service", "failed"],
            ["fixture-dies.service", "failed"],
            ["fixture-once.service", "failed"],
            ["fixture-once.service", "failed"]
        ])
    );
    // Stopping what carries the connection asks for its name.
    let (code, _, err) = run(&qd, &["unit", "stop", "ssh", "--yes"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(
        err.contains("--confirm ssh.service") && err.contains("carries this connection"),
        "{err}"
    );
    let (code, _, err) = run(&qd, &["unit", "stop", "ssh", "--confirm", "sshd"]);
    assert_eq!(code, Some(4), "{err}");
    assert_eq!(state(&host, "ssh.service"), "active");
}

#[test]
fn effects_come_from_real_dependencies() {
    require!(hosts);
    let host = TestHost::up("op-effects");
    host.feed(
        &["tee", "/etc/systemd/system/fixture-needs.service"],
        b"[Unit]\nRequires=fixture-web.service\nAfter=fixture-web.service\n\
          [Service]\nExecStart=/bin/sleep infinity\n",
    );
    host.feed(
        &["tee", "/etc/systemd/system/fixture-part.service"],
        b"[Unit]\nPartOf=fixture-needs.service\n[Service]\nExecStart=/bin/sleep infinity\n",
    );
    host.run(&["systemctl", "daemon-reload"]);
    host.run(&["systemctl", "start", "fixture-needs", "fixture-part"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let (code, _, err) = run(&qd, &["unit", "stop", "fixture-web"]);
    assert_eq!(code, Some(4));
    assert!(err.contains("also stops fixture-needs.service"), "{err}");
    assert!(err.contains("also stops fixture-part.service"), "{err}");
    let (code, _, err) = run(&qd, &["unit", "stop", "fixture-web", "--yes"]);
    assert_eq!(code, Some(0), "{err}");
    for unit in ["fixture-web", "fixture-needs", "fixture-part"] {
        assert_eq!(
            state(&host, &format!("{unit}.service")),
            "inactive",
            "{unit}"
        );
    }
}

#[test]
fn a_link_broken_during_a_job_ends_with_the_truth() {
    require!(hosts);
    let host = TestHost::up("op-cut");
    let config = host.config();
    let qd = Qd::with(&config);
    for fault in ["reset", "sshd-kill"] {
        let child = spawn(&qd, &["unit", "start", "fixture-slow"]);
        until("it starts", || {
            state(&host, "fixture-slow.service") == "activating"
        });
        host.fault(fault);
        let (code, out, err) = end(child);
        assert_eq!(code, Some(0), "{fault}: {out}{err}");
        assert!(err.contains("reconnecting to find out"), "{err}");
        assert_eq!(state(&host, "fixture-slow.service"), "active");
        // Sent once.
        host.run(&["journalctl", "--sync"]);
        let starts = host.run(&[
            "journalctl",
            "--output=cat",
            "--unit=fixture-slow.service",
            "--grep=^Starting",
        ]);
        let expected = if fault == "reset" { 1 } else { 2 };
        assert_eq!(starts.lines().count(), expected, "{starts}");
        host.run(&["systemctl", "stop", "fixture-slow.service"]);
    }
}

#[test]
fn several_hosts_and_one_that_is_away() {
    require!(hosts);
    let one = TestHost::up("op-one");
    let two = TestHost::up("op-two");
    two.feed(
        &["tee", "/etc/systemd/system/fixture-only.service"],
        b"[Service]\nExecStart=/bin/sleep infinity\n",
    );
    let config = ConfigDir::of(&[&one, &two]);
    let qd = Qd::with(&config);
    let (code, _, err) = run(&qd, &["unit", "start", "fixture-web"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("choose with --host: op-one, op-two"), "{err}");
    let done = qd.json(0, &["unit", "start", "fixture-only"]);
    assert_eq!(done["host"], "op-two");
    let shown = qd.json(0, &["unit", "show", "fixture-web"]);
    assert_eq!(shown["items"].as_array().unwrap().len(), 2);
    two.fault("refuse");
    let document = qd.json(3, &["units"]);
    let items = document["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(items.iter().all(|item| item["host"] == "op-one"));
    assert_eq!(document["problems"][0]["host"], "op-two");
}

/// A rebuild that logs, takes its time and ends as asked.
fn give_rebuild(host: &TestHost, seconds: u32, code: u32) {
    let unit = format!(
        "[Unit]\nDescription=Rebuild\n[Service]\nType=oneshot\nExecStart=/bin/sh -c \
         'echo building generation; for i in $(seq {}); do echo step $i; sleep 0.5; done; \
         echo last words; exit {code}'\n",
        seconds * 2
    );
    host.feed(
        &["tee", "/etc/systemd/system/nixos-rebuild.service"],
        unit.as_bytes(),
    );
    host.run(&["systemctl", "daemon-reload"]);
}

#[test]
fn a_rebuild_shows_its_run_and_its_result() {
    require!(hosts);
    let host = TestHost::up("op-rebuild");
    let config = host.config();
    let qd = Qd::with(&config);
    let (code, _, err) = run(&qd, &["rebuild", "--yes"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("has no nixos-rebuild.service"), "{err}");
    give_rebuild(&host, 2, 0);
    let (code, out, err) = run(&qd, &["rebuild"]);
    assert_eq!((code, out.as_str()), (Some(4), ""), "{err}");
    for _ in 0..2 {
        let (code, out, err) = run(&qd, &["rebuild", "--yes"]);
        assert_eq!(code, Some(0), "{out}{err}");
        let count = |line: &str| out.lines().filter(|l| *l == line).count();
        assert_eq!(count("building generation"), 1, "exactly this run: {out}");
        assert_eq!(count("step 4"), 1, "{out}");
        assert_eq!(count("last words"), 1, "{out}");
        assert!(out.contains("is rebuilt"), "{out}");
    }
    give_rebuild(&host, 1, 9);
    let (code, out, err) = run(&qd, &["rebuild", "--yes"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("last words"), "{out}");
    assert!(err.contains("status 9"), "{err}");
    // What ends before anybody could look is shown all the same, what its last process wrote
    // included.
    host.feed(
        &["tee", "/etc/systemd/system/nixos-rebuild.service"],
        b"[Service]\nType=oneshot\nExecStart=/bin/echo quick\nExecStart=/bin/echo and gone\n",
    );
    host.run(&["systemctl", "daemon-reload"]);
    for _ in 0..3 {
        let (code, out, err) = run(&qd, &["rebuild", "--yes"]);
        assert_eq!(code, Some(0), "{out}{err}");
        let count = |line: &str| out.lines().filter(|l| *l == line).count();
        assert_eq!((count("quick"), count("and gone")), (1, 1), "{out}");
        assert!(!out.contains("may be missing"), "{out}");
    }
    let results: Vec<_> = history(&qd)
        .iter()
        .map(|record| record["result"].clone())
        .collect();
    assert_eq!(
        serde_json::json!(results),
        serde_json::json!([
            "succeeded",
            "succeeded",
            "failed",
            "succeeded",
            "succeeded",
            "succeeded"
        ])
    );
}

#[test]
fn a_rebuild_survives_a_broken_link() {
    require!(hosts);
    let host = TestHost::up("op-relink");
    let config = host.config();
    let qd = Qd::with(&config);
    let mut rebuilds = 0;
    for (code, fault) in [(0, "reset"), (5, "sshd-kill"), (0, "cut")] {
        give_rebuild(&host, 5, code);
        let mut child = spawn(&qd, &["rebuild", "--yes"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        while !seen.iter().any(|line| line == "step 2") {
            seen.push(lines.next().expect("more lines").unwrap());
        }
        host.fault(fault);
        if fault == "cut" {
            // Silent for a while; nothing is closed.
            std::thread::sleep(Duration::from_secs(3));
            host.fault("mend");
        }
        seen.extend(lines.map(Result::unwrap));
        let (ended, _, err) = end(child);
        assert_eq!(ended, Some(i32::from(code != 0)), "{fault}: {seen:?}{err}");
        let steps: Vec<_> = seen.iter().filter(|l| l.starts_with("step ")).collect();
        let expected: Vec<_> = (1..=10).map(|i| format!("step {i}")).collect();
        assert_eq!(
            steps,
            expected.iter().collect::<Vec<_>>(),
            "none lost, none twice"
        );
        assert!(seen.iter().any(|line| line == "last words"), "{seen:?}");
        if code != 0 {
            assert!(err.contains("status 5"), "{err}");
        }
        host.run(&["journalctl", "--sync"]);
        let runs = host.run(&[
            "journalctl",
            "--output=cat",
            "--unit=nixos-rebuild.service",
            "--grep=^building",
        ]);
        rebuilds += 1;
        assert_eq!(runs.lines().count(), rebuilds, "never a second run");
    }
}

#[test]
fn a_rebuild_is_attached_to_and_outlives_the_program() {
    require!(hosts);
    let host = TestHost::up("op-attach");
    let config = host.config();
    let qd = Qd::with(&config);
    let started = |times: usize| {
        until("the run", || {
            host.run(&["journalctl", "--output=cat", "--unit=nixos-rebuild.service"])
                .lines()
                .filter(|line| *line == "step 1")
                .count()
                == times
        });
    };
    // What the next start of the program finds the run by.
    let noted = || {
        let directory = qd.home().join("state/quarterdeck/pending");
        until("the note of the run", || {
            std::fs::read_dir(&directory).is_ok_and(|found| {
                found
                    .flatten()
                    .any(|file| file.path().extension().is_some_and(|e| e == "json"))
            })
        });
    };
    // Somebody else's run: attached, not started again. Long enough for a slow machine.
    give_rebuild(&host, 12, 0);
    host.run(&["systemctl", "start", "--no-block", "nixos-rebuild.service"]);
    started(1);
    let (code, out, err) = run(&qd, &["rebuild"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        out.contains("building generation") && out.contains("last words"),
        "{out}"
    );
    started(1);
    // Ours, while the program is killed: the next start finds it, running …
    let mut child = spawn(&qd, &["rebuild", "--yes"]);
    started(2);
    noted();
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, out, err) = run(&qd, &["rebuild", "--yes"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(err.contains("is still running"), "{err}");
    started(2);
    // … or ended, which it tells truthfully before the next one.
    give_rebuild(&host, 3, 4);
    let mut child = spawn(&qd, &["rebuild", "--yes"]);
    started(3);
    noted();
    child.kill().unwrap();
    child.wait().unwrap();
    until("its end", || {
        state(&host, "nixos-rebuild.service") == "failed"
    });
    host.run(&["systemctl", "reset-failed", "nixos-rebuild.service"]);
    give_rebuild(&host, 1, 0);
    let (code, out, err) = run(&qd, &["rebuild", "--yes"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(err.contains("has ended meanwhile"), "{err}");
    assert!(err.contains("the rebuild failed"), "{err}");
    let results: Vec<_> = history(&qd)
        .iter()
        .map(|record| record["result"].clone())
        .collect();
    assert_eq!(
        serde_json::json!(results),
        serde_json::json!(["succeeded", "succeeded", "failed", "succeeded"])
    );
}

#[test]
fn a_reboot_is_a_success_when_it_was_wanted_and_the_truth_when_not() {
    require!(hosts);
    let host = TestHost::up("op-reboot");
    let config = host.config();
    let qd = Qd::with(&config);
    let (code, _, err) = run(&qd, &["unit", "start", "reboot.target", "--yes"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("--confirm reboot.target"), "{err}");
    // A host that goes down in the middle of a job: how the job ended cannot be known.
    let child = spawn(&qd, &["unit", "start", "fixture-slow"]);
    until("it starts", || {
        state(&host, "fixture-slow.service") == "activating"
    });
    host.fault("reboot");
    let (code, out, err) = end(child);
    // systemd cancels the job on its way down; whether that is still heard is a race.
    assert!(matches!(code, Some(1 | 5)), "{code:?}: {out}{err}");
    assert!(
        err.contains("restarted since") || err.contains("another job took its place"),
        "{err}"
    );
    // A rebuild whose host goes down has failed, or nobody knows: never a success.
    give_rebuild(&host, 8, 0);
    let child = spawn(&qd, &["rebuild", "--yes"]);
    until("it runs", || {
        host.run(&["journalctl", "--output=cat", "--unit=nixos-rebuild.service"])
            .contains("step 2")
    });
    host.fault("reboot");
    let (code, out, err) = end(child);
    assert!(matches!(code, Some(1 | 5)), "{code:?}: {out}{err}");
    let last = history(&qd).pop().unwrap();
    assert!(
        last["result"] == "failed" || last["result"] == "unknown",
        "{last:#}"
    );
}
