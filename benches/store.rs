//! The log store: how fast entries are taken in, against how fast journalctl prints the same ones,
//! and how much memory they take.
//!
//! `cargo bench --bench store [-- ENTRIES_IN_MEMORY | intake]`, 10 million without the argument;
//! `intake` leaves the memory out. One thread, processor time, the best of several runs. The peer
//! needs systemd-journal-remote on this machine; without it only our side is measured.

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
use peer::{run, write_journal};
use quarterdeck::{
    logs::{
        entry::{Interner, LIST_FIELDS, decode},
        export::{Limits, Parser, Raw},
        store::{Block, Builder, Store},
    },
    remote::HostId,
};
use std::{
    cell::RefCell,
    hint::black_box,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

/// Entries of the intake, and of one handing over.
const ENTRIES: u64 = 200_000;
const HANDED: u64 = 50_000;
/// As they come out of an SSH channel.
const CHUNK: usize = 32 << 10;
const BUDGET: usize = 8 << 30;

fn main() {
    let count = std::env::args().find_map(|arg| arg.parse().ok());
    if !std::env::args().any(|arg| arg == "intake") {
        // First, while the process is small.
        memory(count.unwrap_or(10_000_000));
    }
    let dir = tempfile::tempdir().unwrap();
    let journal = write_journal(dir.path(), ENTRIES);
    for (what, fields) in [
        ("all fields", Fields::All),
        ("the fields of a list", Fields::List),
    ] {
        let mut made = Vec::new();
        for i in 0..ENTRIES {
            corpus::entry(i, fields, &mut made);
        }
        println!(
            "{ENTRIES} entries with {what}, {} bytes each",
            made.len() as u64 / ENTRIES
        );
        let peer = journal.then(|| print_journal(dir.path(), fields));
        intake(&made, peer);
    }
}

/// Other ways to pack what blocks keep packed.
fn packings(store: &Store) {
    let sample = store
        .blocks()
        .iter()
        .step_by(store.blocks().len().div_ceil(60));
    let heaps: Vec<Vec<u8>> = sample
        .flat_map(|block| {
            let rows = block.open();
            let texts = rows.texts().bytes().to_vec();
            let values = (0..block.frames()).map(move |at| rows.values(at).bytes().to_vec());
            values.chain([texts])
        })
        .collect();
    let length: usize = heaps.iter().map(Vec::len).sum();
    let mib = |time: Duration| length as f64 / f64::from(1 << 20) / time.as_secs_f64();
    let show = |name: &str, packed: &[Vec<u8>], pack: Duration, unpack: Duration| {
        let size: usize = packed.iter().map(Vec::len).sum();
        let share = size as f64 / length as f64;
        println!(
            "  {name:<10} {share:.3} of {length} bytes, {:.0} MiB/s packed, {:.0} MiB/s unpacked",
            mib(pack),
            mib(unpack)
        );
    };
    for level in [-3, -1, 1, 3] {
        let mut packer = zstd::bulk::Compressor::new(level).unwrap();
        let mut packed = Vec::new();
        let pack = best(|| {
            packed = heaps
                .iter()
                .map(|heap| packer.compress(heap).unwrap())
                .collect();
        });
        let mut unpacker = zstd::bulk::Decompressor::new().unwrap();
        let mut buffer = Vec::with_capacity(8 << 20);
        let unpack = best(|| {
            for heap in &packed {
                unpacker.decompress_to_buffer(heap, &mut buffer).unwrap();
                black_box(&buffer);
            }
        });
        show(&format!("zstd {level}"), &packed, pack, unpack);
    }
    let mut packed = Vec::new();
    let pack = best(|| {
        packed = heaps
            .iter()
            .map(|heap| lz4_flex::block::compress(heap))
            .collect()
    });
    let mut buffer = vec![0; 8 << 20];
    let unpack = best(|| {
        for heap in &packed {
            lz4_flex::block::decompress_into(heap, &mut buffer).unwrap();
            black_box(&buffer);
        }
    });
    show("lz4", &packed, pack, unpack);
}

fn intake(stream: &[u8], peer: Option<Duration>) {
    if let Some(peer) = peer {
        row("journalctl -o export (peer)", peer, None);
    }
    let host = HostId::new("bench");
    row("parse", best(|| parse(stream, |_| ())), peer);
    let all = best(|| {
        let mut store = Store::new(BUDGET);
        let mut builder = store.builder(&host);
        let mut count = 0;
        parse(stream, |raw| {
            builder.push_raw(&raw).unwrap();
            count += 1;
            if count % HANDED == 0 {
                store.append(builder.take());
            }
        });
        assert_eq!(store.len() as u64, ENTRIES);
    });
    row("parse and store", all, peer);
    let mut interner = Interner::default();
    let mut entries = Vec::new();
    parse(stream, |raw| {
        entries.push(decode(&raw, &host, &mut interner).unwrap())
    });
    let pushed = best(|| {
        let mut store = Store::new(BUDGET);
        for entry in &entries {
            black_box(store.push(entry));
        }
    });
    row("store what is decoded", pushed, None);
}

fn memory(count: u64) {
    let mut store = Store::new(BUDGET);
    let host = HostId::new("bench");
    let before = resident();
    let mut builder: Builder = store.builder(&host);
    let mut parser = Parser::new(Limits::LIST);
    let mut chunk = Vec::new();
    let start = Instant::now();
    for i in 0..count {
        corpus::entry(i, Fields::List, &mut chunk);
        if chunk.len() >= CHUNK || i + 1 == count {
            parser.feed(&chunk);
            while let Some(raw) = parser.next() {
                builder.push_raw(&raw.unwrap()).unwrap();
            }
            chunk.clear();
        }
        if (i + 1) % HANDED == 0 || i + 1 == count {
            store.append(builder.take());
        }
    }
    let time = start.elapsed();
    drop((builder, parser, chunk));
    assert_eq!(store.len() as u64, count);
    let resident = resident().saturating_sub(before);
    println!(
        "{count} entries in {} blocks: {:.1} bytes each by our count, {:.1} by the system's \
         (made and stored in {:.1} s)",
        store.blocks().len(),
        store.bytes() as f64 / count as f64,
        resident as f64 / count as f64,
        time.as_secs_f64()
    );
    let parts = store.blocks().iter().map(|block| block.sizes());
    let mut sums: Vec<(&str, usize)> = Vec::new();
    for sizes in parts {
        for (name, size) in sizes {
            match sums.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += size,
                None => sums.push((name, size)),
            }
        }
    }
    for (name, size) in sums {
        println!("  {name:<28} {:.2}", size as f64 / count as f64);
    }
    packings(&store);
    let unpacked = |part: &dyn Fn(&Arc<Block>) -> usize| {
        let start = on_processor();
        let bytes = store.blocks().iter().map(part).sum::<usize>();
        (bytes, on_processor() - start)
    };
    let buffer = RefCell::new(Vec::new());
    let values = unpacked(&|block| {
        let frames = (0..block.frames()).map(|at| block.values(at, &mut buffer.borrow_mut()).len());
        frames.sum()
    });
    let texts = unpacked(&|block| block.open().texts().bytes().len());
    for (what, (bytes, time)) in [("values", values), ("texts", texts)] {
        println!(
            "  {what} unpacked: {:.1} bytes each, {:.0} ms for all",
            bytes as f64 / count as f64,
            time.as_secs_f64() * 1e3
        );
    }
}

fn parse(stream: &[u8], mut each: impl FnMut(Raw<'_>)) {
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

/// The least processor time of several runs: others on the machine do not count.
fn best(mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let start = on_processor();
        work();
        on_processor() - start
    };
    (0..9).map(run).min().unwrap()
}

/// How long this thread was on a processor.
fn on_processor() -> Duration {
    // The time is counted when the scheduler is asked, or else every few milliseconds.
    std::thread::yield_now();
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

fn row(what: &str, time: Duration, peer: Option<Duration>) {
    let each = time.as_secs_f64() / ENTRIES as f64;
    let ratio = peer.map_or(String::new(), |peer| {
        let ratio = peer.as_secs_f64() / time.as_secs_f64();
        format!(", {ratio:.1} x the peer's rate")
    });
    println!("  {what:<28} {:.2} us/entry{ratio}", each * 1e6);
}

/// Bytes of memory that the system says are ours.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}

/// How long journalctl takes to print them.
fn print_journal(dir: &std::path::Path, fields: Fields) -> Duration {
    let mut command = Command::new("journalctl");
    command.arg("--directory").arg(dir);
    command.args(["--no-pager", "-o", "export"]);
    if fields == Fields::List {
        command.arg(format!("--output-fields={LIST_FIELDS}"));
    }
    let times = (0..5).map(|_| run(&mut command).processor);
    times.min().unwrap()
}
