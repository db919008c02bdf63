//! Random, mutated input for what reads other people's bytes: the journal export format, files of any
//! kind, the filter grammar, times. Each target runs for `QD_FUZZ_SECONDS` (2 when unset); a failure tells the input
//! and its seed, which `QD_FUZZ_SEED` repeats as long as the input did not grow out of others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

use fastrand::Rng;
use jiff::{Timestamp, Zoned};
use quarterdeck::{
    filter::Filter,
    logs::{
        Query,
        export::{Limits, Parser},
        file::{Format, LINE, LogFile},
        query::Fields,
        seen::{FIELDS, Seen},
        when,
    },
};
use std::time::{Duration, Instant};

/// Runs a target on inputs made of the corpus until the time is up.
fn fuzz(corpus: &[&[u8]], tokens: &[&[u8]], target: impl Fn(&[u8], &mut Rng)) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let time = Duration::from_secs(number("QD_FUZZ_SECONDS").unwrap_or(2));
    let fixed = number("QD_FUZZ_SEED");
    let mut seeds = Rng::new();
    let mut corpus: Vec<Vec<u8>> = corpus.iter().map(|item| item.to_vec()).collect();
    let start = Instant::now();
    let mut runs = 0_u64;
    while runs == 0 || (fixed.is_none() && start.elapsed() < time) {
        runs += 1;
        let seed = fixed.unwrap_or_else(|| seeds.u64(..));
        let mut random = Rng::with_seed(seed);
        let input = mutated(&corpus, tokens, &mut random);
        // Told only when the target panics.
        let told = OnPanic(seed, input.clone());
        target(&input, &mut random);
        drop(told);
        // Inputs that grew out of others lead further; a seed alone repeats only the first ones.
        if fixed.is_none() && random.u8(..) == 0 && corpus.len() < 1000 {
            let told = format!("{:?}", String::from_utf8_lossy(&input));
            if told.len() < 2000 {
                corpus.push(input);
            }
        }
    }
    assert!(runs > 0);
}

struct OnPanic(u64, Vec<u8>);

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("QD_FUZZ_SEED={} {}", self.0, self.1.escape_ascii());
        }
    }
}

fn mutated(corpus: &[Vec<u8>], tokens: &[&[u8]], random: &mut Rng) -> Vec<u8> {
    let mut input = corpus[random.usize(..corpus.len())].clone();
    for _ in 0..random.usize(0..8) {
        let at = random.usize(0..=input.len());
        let end = at + random.usize(0..=(input.len() - at).min(40));
        match random.u8(0..7) {
            0 if at < input.len() => input[at] ^= 1 << random.u8(0..8),
            1 => drop(input.drain(at..end)),
            2 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            3 | 4 if !tokens.is_empty() => {
                let token = tokens[random.usize(..tokens.len())];
                input.splice(at..end.min(at + 3), token.iter().copied());
            }
            5 => {
                let other = &corpus[random.usize(..corpus.len())];
                let from = random.usize(0..=other.len());
                input.truncate(at);
                input.extend(&other[from..]);
            }
            _ => {
                let bytes: Vec<u8> = (0..random.usize(0..12)).map(|_| random.u8(..)).collect();
                input.splice(at..at, bytes);
            }
        }
    }
    input.truncate(64 << 10);
    input
}

type Parsed = Vec<Result<Vec<(String, Vec<u8>, Option<u64>)>, String>>;

fn parse<'a>(limits: Limits, chunks: impl Iterator<Item = &'a [u8]>) -> (Parsed, bool) {
    let mut parser = Parser::new(limits);
    let mut all = Vec::new();
    for chunk in chunks {
        parser.feed(chunk);
        while let Some(item) = parser.next() {
            all.push(match item {
                Ok(raw) => Ok(raw
                    .fields()
                    .map(|field| (field.name.to_owned(), field.value.to_vec(), field.cut_from))
                    .collect()),
                Err(error) => Err(error.to_string()),
            });
        }
        assert!(parser.held() < 4 << 20, "{}", parser.held());
    }
    (all, parser.is_within_entry())
}

#[test]
fn export_format() {
    let corpus: [&[u8]; 4] = [
        b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795427434795173\nMESSAGE=hello\nPRIORITY=3\n\nA=b\n\n",
        b"MESSAGE\n\x0b\0\0\0\0\0\0\0two\nlines\n\n\n_PID=1\n\n\nX=\n\n",
        b"COREDUMP\n\xff\xff\0\0\0\0\0\0short",
        b"not a field\nlost\n\nMESSAGE=a=b\n\xff\n\n",
    ];
    let tokens: [&[u8]; 9] = [
        b"\n",
        b"\n\n",
        b"=",
        b"MESSAGE\n",
        b"MESSAGE=",
        b"\0\0\0\0\0\0\0\0",
        b"\x10\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"_BOOT_ID=",
    ];
    let tight = Limits {
        message: 16,
        field: 8,
        fields: 4,
        entry: 64,
    };
    fuzz(&corpus, &tokens, |input, random| {
        for limits in [Limits::WHOLE, Limits::LIST, tight] {
            let whole = parse(limits, std::iter::once(input));
            let size = random.usize(1..=input.len().max(1));
            assert_eq!(parse(limits, input.chunks(size)), whole, "chunks of {size}");
        }
        // What was understood is understood again, once it is written anew.
        let mut parser = Parser::new(Limits::WHOLE);
        parser.feed(input);
        let (mut written, mut entries) = (Vec::new(), 0);
        while let Some(item) = parser.next() {
            if let Ok(raw) = item {
                entries += 1;
                raw.fields().for_each(|field| field.write(&mut written));
                written.push(b'\n');
            }
        }
        let (again, within) = parse(Limits::WHOLE, std::iter::once(written.as_slice()));
        assert_eq!(again.len(), entries);
        assert!(again.iter().all(Result::is_ok) && !within);
    });
}

#[test]
fn filters() {
    let corpus: [&[u8]; 6] = [
        b"unit:nginx prio:<=3 !healthz",
        b"/time(out|d)/i \"two words\" ~fzy",
        b"host:a,b message:/x+/ pid:>10 age<2h",
        b"id:=\"quo\\\"ted\" boot:!65fb",
        b"/a{1,999}{999}/ /(a+)+$/ /\\S\\pL/",
        "größe 世界 \u{202e}".as_bytes(),
    ];
    let tokens: [&[u8]; 16] = [
        b":",
        b"!",
        b"/",
        b"\"",
        b"~",
        b"<=",
        b">",
        b",",
        b" ",
        b"prio:",
        b"unit:",
        b"message:",
        b"(?i)",
        b"\\",
        b"{1000}",
        b"=",
    ];
    let messages: [&[u8]; 4] = [
        b"GET /orders 500 timeout",
        b"",
        b"\xff\xfe\0 bytes",
        "größe 世界 👩‍🚀 İ ſ K".as_bytes(),
    ];
    fuzz(&corpus, &tokens, |input, random| {
        let text = String::from_utf8_lossy(input);
        let filter = match Filter::parse_for(&text, FIELDS) {
            Ok(filter) => filter,
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "{:?}", error.span);
                assert!(!error.message.is_empty());
                return;
            }
        };
        assert_eq!(filter.as_str(), &*text);
        assert!(Filter::parse(&text).is_ok(), "what some rows know all may");
        let message = messages[random.usize(..messages.len())];
        let seen = Seen {
            host: "web-1",
            realtime: 1_795_427_434_795_173,
            boot: 7,
            priority: random.u8(0..8),
            unit: Some(b"nginx.service"),
            identifier: None,
            pid: Some(1),
            message,
            now: Timestamp::UNIX_EPOCH,
        };
        let _ = filter.matches(&seen);
        let message = String::from_utf8_lossy(message);
        let mut last = 0;
        for range in filter.highlights(&message) {
            assert!(
                message
                    .get(range.clone())
                    .is_some_and(|hit| !hit.is_empty())
            );
            assert!(last <= range.start);
            last = range.end;
        }
    });
}

#[test]
fn times() {
    let corpus: [&[u8]; 7] = [
        b"yesterday 9am",
        b"2026-11-23T14:05:30+01:00",
        b"-1h30m",
        b"last friday 17:30 CET",
        b"23/Nov/2026:14:05:30 +0100",
        b"@1795427434.795",
        b"2 days ago at noon",
    ];
    let tokens: [&[u8]; 12] = [
        b"ago",
        b"-",
        b"+",
        b":",
        b" ",
        b"99999999999999999999",
        b"feb 29",
        b"9999-12-31",
        b"UTC",
        b"M",
        b"a ",
        b"-9999",
    ];
    let now: Zoned = "2026-10-25T02:30:00+01:00[Europe/Berlin]".parse().unwrap();
    fuzz(&corpus, &tokens, |input, _| {
        let text = String::from_utf8_lossy(input);
        let all = [when::parse, when::since, when::until].map(|read| read(&text, &now));
        // They differ in which moment, never in what is understood.
        assert!(
            all.iter().all(Result::is_ok) || all.iter().all(Result::is_err),
            "{text}"
        );
    });
}

/// What a file is, and the lines, times and entries in it; read forwards, and back again.
#[test]
fn files() {
    let corpus: [&[u8]; 14] = [
        b"2026-11-23 10:00:00 ERROR one\n  more\n2026-11-23T10:00:02.5+01:00 INFO two\n",
        b"Nov 23 14:05:30 web-1 nginx[17]: GET / 200\nFeb 29 23:59:60 web-1 -- MARK --\n",
        b"1.2.3.4 - - [23/Nov/2026:14:05:30 +0100] \"GET /\" 500 12 \"-\" \"x\"\r\n",
        b"[Mon Nov 23 14:05:30.123456 2026] [core:error] [pid 7] AH00037\n",
        b"E1123 14:05:30.123456    17 main.go:3] klog\nI1123 14:05:31.000000 17 x.go:4] y\n",
        b"1795427434.795 epoch\n1795427435795 millis\n<3>Oct  3 01:02:03 a b: c\n",
        b"{\"time\":\"2026-11-23T10:00:00Z\",\"level\":\"warn\",\"msg\":\"a\"}\n{\"ts\":1795427434.5}\n",
        b"ts=2026-11-23T10:00:00Z level=error msg=\"x y\"\nno time at all\n\n",
        b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795427434795173\nMESSAGE=hello\nPRIORITY=3\n\n",
        b"MESSAGE\n\x01\0\0\0\0\0\0\0x\n__REALTIME_TIMESTAMP=1\n\n__REALTIME_TIMESTAMP=2\nA=b\n\n",
        b"LPKSHHRH\0\0\0\0",
        // "one\ntwo\n", packed by gzip; and the beginnings of others.
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xcf\x4b\xe5\x2a\x29\xcf\xe7\x02\0\xc2\x31\x6c\xa3\x08\0\0\0",
        b"\x28\xb5\x2f\xfd\x04\x58\x41\0\0one\ntwo\n",
        b"\xfd7zXZ\0\0\x04",
    ];
    let tokens: [&[u8]; 12] = [
        b"\n",
        b"\r\n",
        b"9999-12-31 23:59:59",
        b"0000-00-00 00:00:00",
        b"-9223372036854775808",
        b"+99:99",
        b"2026-02-30T24:00:60Z",
        b"__REALTIME_TIMESTAMP=",
        b"\"time\":",
        b"[",
        b"\xff\xfe\0",
        b"<999>",
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    fuzz(&corpus, &tokens, |input, random| {
        std::fs::write(&path, input).unwrap();
        let file = match LogFile::open(&path) {
            Ok(file) => file,
            Err(problem) => {
                assert!(problem.code.starts_with("journal-"), "{problem}");
                return;
            }
        };
        // journalctl is not what is tried here.
        let Some(format) = file.format() else { return };
        runtime.block_on(async {
            let mut raws = file.fetch_raw(Query::default(), Fields::All, Limits::WHOLE);
            let mut lines = Vec::new();
            while let Some(Ok(batch)) = raws.recv().await {
                for raw in batch {
                    let raw = raw.as_raw();
                    let time = raw.get("__REALTIME_TIMESTAMP").map(String::from_utf8_lossy);
                    if let (Format::Text, Some(time)) = (format, time) {
                        assert!(Timestamp::from_microsecond(time.parse().unwrap()).is_ok());
                    }
                    lines.extend(raw.get(LINE).unwrap_or_default());
                    lines.push(b'\n');
                }
            }
            // No byte of a text is lost, but for what ends its lines.
            let packed = [
                &b"\x1f\x8b"[..],
                b"\x28\xb5\x2f\xfd",
                b"\xfd7zXZ\0",
                b"BZh",
                b"\x04\x22\x4d\x18",
            ];
            if format == Format::Text && !packed.iter().any(|magic| input.starts_with(magic)) {
                let text = |bytes: &[u8]| -> Vec<u8> {
                    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r'));
                    let kept = bytes[..end.map_or(0, |end| end + 1)].iter();
                    kept.filter(|b| **b != b'\r').copied().collect()
                };
                assert_eq!(
                    text(&lines).escape_ascii().to_string(),
                    text(input).escape_ascii().to_string()
                );
            }
            let mut fetched = file.fetch(Query::default());
            let mut all = Vec::new();
            while let Some(Ok(batch)) = fetched.recv().await {
                all.extend(batch);
            }
            let cursors: std::collections::HashSet<_> = all.iter().map(|e| &e.cursor).collect();
            if all.is_empty() || cursors.len() < all.len() {
                return;
            }
            let at = random.usize(..all.len());
            let back = Query {
                cursor: Some(all[at].cursor.to_string()),
                lines: Some(random.usize(1..=all.len() + 1)),
                reverse: true,
                ..Query::default()
            };
            let most = back.lines.unwrap();
            let mut fetched = file.fetch(back);
            let mut found = Vec::new();
            while let Some(batch) = fetched.recv().await {
                found.extend(batch.unwrap());
            }
            found.reverse();
            assert_eq!(found, all[(at + 1).saturating_sub(most)..=at]);
        });
    });
}
