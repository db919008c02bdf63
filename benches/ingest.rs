//! How fast the journal is taken in, against how fast the host's journalctl prints it: the same
//! entries, made here, kept by a real journald's file format, printed by its journalctl.
//!
//! `cargo bench --bench ingest`. Without test hosts only our side is measured, on the stream as
//! made. Wall times of one thread, the best of several runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::TestHost;
use quarterdeck::{
    logs::{
        entry::{Interner, LIST_FIELDS, decode},
        export::{Limits, Parser},
        store::Store,
    },
    remote::HostId,
};
use std::{
    fmt::Write,
    hint::black_box,
    time::{Duration, Instant},
};

const ENTRIES: u64 = 300_000;
/// As they come out of an SSH channel.
const CHUNK: usize = 32 << 10;

fn main() {
    let made = corpus(ENTRIES);
    let (stream, peer) = match common::hosts() {
        Ok(()) => through_journald(&made),
        Err(why) => {
            println!("without a peer: {why}");
            (made, None)
        }
    };
    let mib = stream.len() as f64 / f64::from(1 << 20);
    println!("{ENTRIES} entries, {mib:.0} MiB as export with the fields of a list");
    if let Some(time) = peer {
        row("journalctl -o export (peer)", time, peer);
    }
    let host = HostId::new("bench");
    row("parse", best(|| parse(&stream, |_| ())), peer);
    let mut interner = Interner::default();
    let decoded = best(|| {
        parse(&stream, |raw| {
            black_box(decode(&raw, &host, &mut interner));
        })
    });
    row("parse and decode", decoded, peer);
    let mut held = (0, 0);
    let stored = best(|| {
        let mut store = Store::default();
        parse(&stream, |raw| {
            store.push(&decode(&raw, &host, &mut interner).unwrap());
        });
        held = (store.len(), store.bytes());
    });
    row("parse, decode and keep", stored, peer);
    println!("{} rows kept in {} bytes each", held.0, held.1 / held.0);
}

fn parse(stream: &[u8], mut each: impl FnMut(quarterdeck::logs::export::Raw<'_>)) {
    let mut parser = Parser::new(Limits::LIST);
    let mut count = 0;
    for chunk in stream.chunks(CHUNK) {
        parser.feed(chunk);
        while let Some(raw) = parser.next() {
            each(raw.unwrap());
            count += 1;
        }
    }
    assert_eq!(count, ENTRIES);
}

fn best(mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..5).map(run).min().unwrap()
}

fn row(what: &str, time: Duration, peer: Option<Duration>) {
    let each = time.as_secs_f64() / ENTRIES as f64;
    let ratio = peer.map_or(String::new(), |peer| {
        format!(
            ", {:.1} x the peer's rate",
            peer.as_secs_f64() / time.as_secs_f64()
        )
    });
    println!(
        "{what:<28} {:.2} us/entry, {:.2} M entries/s{ratio}",
        each * 1e6,
        1e-6 / each
    );
}

/// A journal export stream: 40 units, all priorities, one entry in fifty of several lines. The
/// same bytes each time.
fn corpus(entries: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut out = String::new();
    for i in 0..entries {
        let (unit, time) = (random.u64(0..40), 1_795_000_000_000_000 + i * 1500);
        let priority = [6, 6, 6, 6, 6, 6, 5, 4, 3, 7][random.usize(0..10)];
        write!(
            out,
            "__CURSOR=s=0123456789abcdef0123456789abcdef;i={i:x};b=fedcba9876543210fedcba9876543210;\
             m={i:x};t={time:x};x={:016x}\n__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={}\n\
             _BOOT_ID=fedcba9876543210fedcba9876543210\n_UID=0\nPRIORITY={priority}\n\
             SYSLOG_IDENTIFIER=app{unit:02}\n_COMM=app{unit:02}\n_PID={}\n\
             _SYSTEMD_UNIT=app{unit:02}.service\n_HOSTNAME=bench\n",
            random.u64(..),
            i * 1500 + 5_000_000,
            1000 + unit
        )
        .unwrap();
        let message = format!(
            "request {:08x} from 10.{}.{}.{} for /api/v1/item/{} answered {} in {} ms by worker {}",
            random.u32(..),
            random.u8(..),
            random.u8(..),
            random.u8(..),
            random.u16(..),
            [200, 200, 200, 304, 404, 500][random.usize(0..6)],
            random.u16(0..900),
            random.u8(0..16)
        );
        // Lengths stay below 128, where a byte is a character of its own.
        if i % 50 == 0 {
            let text = format!("{message}\n  at handler\n  at main");
            assert!(text.len() < 128);
            out.push_str("MESSAGE\n");
            for byte in (text.len() as u64).to_le_bytes() {
                out.push(char::from(byte));
            }
            out.push_str(&text);
            out.push_str("\n\n");
        } else {
            out.push_str("MESSAGE=");
            out.push_str(&message);
            out.push_str("\n\n");
        }
    }
    out.into_bytes()
}

/// The stream as the host's journalctl prints it, and how long that takes it.
fn through_journald(made: &[u8]) -> (Vec<u8>, Option<Duration>) {
    let host = TestHost::up("ingest");
    host.run(&["mkdir", "/var/tmp/bench"]);
    host.feed(
        &[
            "/usr/lib/systemd/systemd-journal-remote",
            "--output=/var/tmp/bench/system.journal",
            "-",
        ],
        made,
    );
    let fields = format!("--output-fields={LIST_FIELDS}");
    let command = [
        "journalctl",
        "--directory=/var/tmp/bench",
        "--no-pager",
        "-o",
        "export",
        &fields,
    ];
    let printed = host.try_run(&command).stdout;
    // Without the way through our process: what it takes alone.
    let quiet = format!("{} >/dev/null", command.join(" "));
    let nothing = best(|| drop(host.try_run(&["sh", "-c", ":"])));
    let alone = best(|| drop(host.try_run(&["sh", "-c", &quiet])));
    (printed, Some(alone.saturating_sub(nothing)))
}
