//! The log viewer against lnav, ripgrep and journalctl: the same lines, the same machine, in turns.
//!
//! `cargo bench --bench peers [-- LINES]`, a million without the argument. Wall times, the best of
//! several runs. A peer that is missing is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod corpus;
mod peer;

use corpus::Fields;
use jiff::Timestamp;
use peer::{is_there, run, write_journal};
use quarterdeck::{
    filter::Filter,
    logs::{
        Query,
        export::{Limits, Parser},
        file::LogFile,
        question::{Clause, Evaluator, Question},
        store::Store,
    },
    remote::HostId,
};
use std::{
    io::{BufWriter, Write},
    ops::ControlFlow,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

const BUDGET: usize = 8 << 30;
/// Entries that journalctl looks through.
const JOURNAL: u64 = 200_000;
const RUNS: usize = 5;

fn main() {
    let lines = std::env::args().find_map(|arg| arg.parse().ok());
    let lines = lines.unwrap_or(1_000_000);
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("made.log");
    write_text(&text, lines);
    let size = std::fs::metadata(&text).unwrap().len();
    println!("{lines} lines of text, {} MiB", size >> 20);
    println!(
        "{:<44} {:>10} {:>10} {:>7}  goal",
        "what", "ours", "peer's", "ratio"
    );
    files(dir.path(), &text, lines);
    journal(dir.path());
}

/// Text files: lnav, and ripgrep where it is only counted.
fn files(dir: &Path, text: &Path, lines: u64) {
    let before = resident();
    let (store, load) = best(|| load(text));
    let memory = resident().saturating_sub(before);
    assert_eq!(store.len() as u64, lines);
    let absent = best(|| count(&store, "needleabsent"));
    let common = best(|| count(&store, "needle-common"));
    assert_eq!((absent.0, common.0 as u64), (0, lines / 1000));
    if is_there("lnav") {
        let empty = dir.join("empty.log");
        std::fs::write(&empty, "").unwrap();
        let lnav = |file: &Path, commands: &[&str]| {
            let mut lnav = Command::new("lnav");
            lnav.env("TERM", "xterm")
                .env("HOME", dir)
                .args(["-n", "-q"]);
            for command in commands {
                lnav.args(["-c", command]);
            }
            lnav.args(["-c", ":quit"]).arg(file);
            best(|| run(&mut lnav)).0.wall
        };
        let start = lnav(&empty, &[]);
        let loaded = lnav(text, &[]);
        let filter = |word: &str| {
            let all = lnav(text, &[&format!(":filter-in {word}")]);
            all.saturating_sub(loaded)
        };
        let searched = lnav(text, &["/needleabsent"]).saturating_sub(loaded);
        let loading = loaded.saturating_sub(start);
        row("load", load, "lnav", loading, "0.30");
        row(
            "filter, no hit",
            absent.1,
            "lnav :filter-in",
            filter("needleabsent"),
            "0.02",
        );
        row("search, no hit", absent.1, "lnav /", searched, "0.02");
        row(
            "filter, one line in a thousand",
            common.1,
            "lnav :filter-in",
            filter("needle-common"),
            "",
        );
        let peak = lnav_peak(dir, text).saturating_sub(lnav_peak(dir, &empty));
        let each = |bytes: usize| bytes as f64 / lines as f64;
        println!(
            "{:<44} {:>8.1} B {:>8.1} B {:>7.2}  (lnav reads the text again from the file)",
            "memory a line",
            each(memory),
            each(peak),
            each(memory) / each(peak)
        );
    } else {
        println!("without lnav, which is not installed");
    }
    if is_there("rg") {
        for (word, ours) in [("needleabsent", &absent), ("needle-common", &common)] {
            let mut rg = Command::new("rg");
            rg.args(["-ic", word]).arg(text);
            let what = format!("count {word}");
            row(&what, ours.1, "rg -ic", best(|| run(&mut rg)).0.wall, "");
        }
    } else {
        println!("without ripgrep, which is not installed");
    }
    let qd = |word: &str| {
        let mut qd = Command::new(env!("CARGO_BIN_EXE_qd"));
        qd.args(["logs", "--count", "--filter", word, "--file"])
            .arg(text);
        qd.env("XDG_CONFIG_HOME", dir).env("XDG_STATE_HOME", dir);
        best(|| run(&mut qd)).0.wall
    };
    println!(
        "{:<44} {:>7.0} ms",
        "qd logs --file --filter --count, whole process",
        ms(qd("needle-common"))
    );
}

/// A journal: journalctl --grep.
fn journal(dir: &Path) {
    if !write_journal(dir, JOURNAL) {
        return;
    }
    let mut store = Store::new(BUDGET);
    let mut builder = store.builder(&HostId::new("bench"));
    let mut parser = Parser::new(Limits::LIST);
    let mut made = Vec::new();
    for i in 0..JOURNAL {
        made.clear();
        corpus::entry(i, Fields::List, &mut made);
        parser.feed(&made);
        while let Some(raw) = parser.next() {
            builder.push_raw(&raw.unwrap()).unwrap();
        }
    }
    store.append(builder.take());
    println!("{JOURNAL} entries of a journal");
    for word in ["needleabsent", "needle-common", "NeedleRare"] {
        let ours = best(|| count(&store, word));
        let mut journalctl = Command::new("journalctl");
        journalctl.arg("--directory").arg(dir);
        journalctl.args(["--no-pager", "-q", "-o", "cat", "--grep", word]);
        let theirs = best(|| run(&mut journalctl)).0.wall;
        let what = format!("find {word}");
        row(&what, ours.1, "journalctl --grep", theirs, "");
    }
}

fn load(path: &Path) -> Store {
    let file = LogFile::open(path).unwrap();
    let mut store = Store::new(BUDGET);
    let like = store.builder(file.id());
    let take = |batch| {
        store.append(batch);
        ControlFlow::Continue(())
    };
    file.load(&Query::default(), &like, take).unwrap();
    store
}

fn count(store: &Store, filter: &str) -> usize {
    let clause = Clause::within(Filter::parse(filter).unwrap());
    let question = Question::new(vec![clause], Timestamp::default());
    let mut evaluator = Evaluator::new(Arc::new(question));
    let blocks = store.blocks().iter();
    blocks
        .map(|block| evaluator.evaluate(block).count(block.rows()))
        .sum()
}

/// The result of the fastest of several runs, and how long that took.
fn best<T>(mut work: impl FnMut() -> T) -> (T, Duration) {
    let mut once = || {
        let start = Instant::now();
        let result = work();
        (result, start.elapsed())
    };
    let mut fastest = once();
    for _ in 1..RUNS {
        let next = once();
        if next.1 < fastest.1 {
            fastest = next;
        }
    }
    fastest
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn row(what: &str, ours: Duration, peer: &str, theirs: Duration, goal: &str) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "{:<44} {:>7.1} ms {:>7.1} ms {ratio:>7.3}  {goal}",
        format!("{what} ({peer})"),
        ms(ours),
        ms(theirs)
    );
}

/// Bytes of memory that the system says are ours.
fn resident() -> usize {
    kib("/proc/self/status", "VmRSS:") << 10
}

fn kib(path: impl AsRef<Path>, name: &str) -> usize {
    let status = std::fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kib.unwrap_or(0)
}

/// The most memory of its own, pages of files not counted, that lnav had while it loaded.
fn lnav_peak(dir: &Path, file: &Path) -> usize {
    let mut lnav = Command::new("lnav")
        .env("TERM", "xterm")
        .env("HOME", dir)
        .args(["-n", "-q", "-c", ":quit"])
        .arg(file)
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", lnav.id());
    let mut most = 0;
    while lnav.try_wait().unwrap().is_none() {
        most = most.max(kib(&status, "RssAnon:"));
        std::thread::sleep(Duration::from_millis(1));
    }
    most << 10
}

/// A line an entry: time, host, identifier, process, message.
fn write_text(path: &Path, lines: u64) {
    let mut out = BufWriter::new(std::fs::File::create(path).unwrap());
    let mut parser = Parser::new(Limits::LIST);
    let mut made = Vec::new();
    for i in 0..lines {
        made.clear();
        corpus::entry(i, Fields::List, &mut made);
        parser.feed(&made);
        let raw = parser.next().unwrap().unwrap();
        let text = |name| String::from_utf8_lossy(raw.get(name).unwrap_or_default());
        let micros = text("__REALTIME_TIMESTAMP").parse().unwrap();
        let time = Timestamp::from_microsecond(micros).unwrap();
        writeln!(
            out,
            "{time:.6} web-1 {}[{}]: {}",
            text("SYSLOG_IDENTIFIER"),
            text("_PID"),
            text("MESSAGE").replace('\n', " ")
        )
        .unwrap();
    }
    out.flush().unwrap();
}
