//! The programs that benchmarks compare with: what they are given, and how long they take.

use crate::corpus::{self, Fields};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::{TimeVal, TimeValLike},
};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Whether there is such a program.
#[allow(dead_code, reason = "not every benchmark asks")]
pub(crate) fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok()
}

/// What a run of a program took.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "not every benchmark needs both")]
pub(crate) struct Took {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// On processors.
    pub(crate) processor: Duration,
}

/// Runs a program to its end; what it prints goes.
pub(crate) fn run(command: &mut Command) -> Took {
    let (start, before) = (Instant::now(), children());
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // ripgrep and journalctl end with 1 where they find nothing.
    assert!(matches!(status.code(), Some(0 | 1)), "{command:?}");
    Took {
        wall: start.elapsed(),
        processor: children().saturating_sub(before),
    }
}

/// How long processes that were waited for were on a processor.
fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let time = |time: TimeVal| Duration::from_micros(time.num_microseconds() as u64);
    time(usage.user_time()) + time(usage.system_time())
}

/// Writes so many entries as a journal file; false where that is not possible.
pub(crate) fn write_journal(dir: &Path, entries: u64) -> bool {
    let output = format!("--output={}", dir.join("host.journal").display());
    let remote = Command::new("/usr/lib/systemd/systemd-journal-remote")
        .args(["--split-mode=none", &output, "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut remote) = remote else {
        println!("without journalctl: no systemd-journal-remote here");
        return false;
    };
    let mut stdin = remote.stdin.take().unwrap();
    let mut entry = Vec::new();
    for i in 0..entries {
        entry.clear();
        corpus::entry(i, Fields::All, &mut entry);
        stdin.write_all(&entry).unwrap();
    }
    drop(stdin);
    remote.wait().unwrap().success()
}
