use super::*;
use crate::logs::store::{Row, Store};

#[test]
fn first_bytes_tell_what_it_is() {
    let of = Magic::of;
    assert_eq!(of(b"LPKSHHRH...."), Magic::Journal);
    assert!(matches!(
        of(&[0x28, 0xb5, 0x2f, 0xfd, 0]),
        Magic::Packed(["zstd", ..])
    ));
    assert_eq!(of(b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\n"), Magic::Export);
    assert_eq!(of(b"__REALTIME_TIMESTAMP=1\n"), Magic::Export);
    assert_eq!(
        of(b"MESSAGE\n\x01\0\0\0\0\0\0\0x\n__REALTIME_TIMESTAMP=1\n"),
        Magic::Export
    );
    assert_eq!(of(b"A=b\nnothing more"), Magic::Text);
    assert_eq!(of(b"about __REALTIME_TIMESTAMP=1"), Magic::Text);
    assert_eq!(of(b""), Magic::Text);
}

/// Everything that is followed, and the cursors in their order.
async fn followed(file: &LogFile, query: &Query) -> Vec<Entry> {
    let mut events = file.follow(query.clone());
    let mut all = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            LogEvent::Entries(entries) => all.extend(entries),
            LogEvent::Live(_) => break,
            other => panic!("{other:?}"),
        }
    }
    all
}

async fn back(file: &LogFile, query: &Query, from: &Entry, lines: usize) -> Vec<Entry> {
    let query = Query {
        cursor: Some(from.cursor.to_string()),
        lines: Some(lines),
        reverse: true,
        ..query.clone()
    };
    let mut fetched = file.fetch(query);
    let mut all = Vec::new();
    while let Some(batch) = fetched.recv().await {
        all.extend(batch.unwrap());
    }
    all.reverse();
    all
}

/// Several places' worth of entries: an error now and then, times that step back, lines without.
fn text(count: usize) -> String {
    use std::fmt::Write;
    let mut text = String::from("a banner\nand more of it\n");
    for n in 0..count {
        let level = if n % 50 == 0 { "ERROR" } else { "INFO" };
        let (minute, second) = (n / 60 % 60, n % 60);
        let day = if n % 9_000 > 8_000 { 22 } else { 23 };
        writeln!(
            text,
            "2026-11-{day} 10:{minute:02}:{second:02} {level} request {n} {}",
            "x".repeat(120)
        )
        .unwrap();
        if n % 7 == 0 {
            writeln!(text, "  at line {n}").unwrap();
        }
    }
    text
}

fn export(count: usize, cursors: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..count {
        if cursors {
            out.extend(format!("__CURSOR=s=a;i={n:x};t={:x}\n", 1_795_000_000 + n).bytes());
        }
        let priority = if n % 50 == 0 { 3 } else { 6 };
        let time = 1_795_000_000_000_000 + (n as u64 / 3) * 1_000_000;
        out.extend(format!("__REALTIME_TIMESTAMP={time}\nPRIORITY={priority}\nMESSAGE\n").bytes());
        // Looks like the end of an entry, and is none.
        let message = format!("\n\n__CURSOR=no\nPRIORITY=0\n\n{n} {}", "y".repeat(150));
        out.extend((message.len() as u64).to_le_bytes());
        out.extend(message.bytes());
        out.extend(b"\n\n");
    }
    out
}

#[tokio::test]
async fn what_was_read_is_read_again_from_any_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = vec![
        ("text", text(16_000).into_bytes()),
        ("own.export", export(10_000, true)),
        ("plain.export", export(10_000, false)),
        (
            "untimed",
            format!("{}\n", "no time ".repeat(25))
                .repeat(15_000)
                .into_bytes(),
        ),
    ];
    let packed = std::process::Command::new("gzip")
        .args(["-c", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    if let Ok(mut gzip) = packed {
        let mut stdin = gzip.stdin.take().unwrap();
        let bytes = files[1].1.clone();
        let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &bytes));
        files.push(("packed.gz", gzip.wait_with_output().unwrap().stdout));
        writer.join().unwrap().unwrap();
    }
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        for priority in [None, Some(3)] {
            let query = Query {
                priority,
                ..Query::default()
            };
            let file = LogFile::open(&path).unwrap();
            let all = followed(&file, &query).await;
            let last = all.len().saturating_sub(1);
            // The first question may be about any place, and later ones about others.
            for (at, lines) in [
                (last / 2, 1_000),
                (last / 2, 1),
                (last / 2 - last / 4, 1_500),
                (last, 700),
                (100.min(last), 1_000),
                (0, 5),
            ] {
                let Some(from) = all.get(at) else { continue };
                let expected = &all[(at + 1).saturating_sub(lines)..=at];
                let found = back(&file, &query, from, lines).await;
                assert!(
                    found == expected,
                    "{name} {priority:?} from {at}: {} entries, from {:?} to {:?}",
                    found.len(),
                    found.first(),
                    found.last()
                );
            }
        }
    }
}

#[tokio::test]
async fn what_a_file_no_longer_has_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    std::fs::write(&path, text(20_000)).unwrap();
    let file = LogFile::open(&path).unwrap();
    let all = followed(&file, &Query::default()).await;
    assert_eq!(
        back(&file, &Query::default(), &all[9_000], 3).await.len(),
        3
    );
    // Rotated.
    std::fs::write(&path, "2027-01-01 00:00:00 anew\n").unwrap();
    let query = Query {
        cursor: Some(all[9_000].cursor.to_string()),
        lines: Some(3),
        reverse: true,
        ..Query::default()
    };
    let problem = file.fetch(query).recv().await.unwrap().unwrap_err();
    assert_eq!(problem.code, crate::logs::GONE);
}

/// Rows as a list has them, one entry after the other, and as blocks built from the whole file.
async fn both_ways(name: &str, bytes: &[u8]) -> [Vec<Entry>; 2] {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let file = LogFile::open(&path).unwrap();
    let mut listed = Store::new(1 << 30);
    let mut batches = file.fetch(Query::default());
    while let Some(batch) = batches.recv().await {
        for entry in batch.unwrap() {
            listed.push(&entry);
        }
    }
    let mut loaded = Store::new(1 << 30);
    let like = loaded.builder(file.id());
    let take = |batch| {
        loaded.append(batch);
        ControlFlow::Continue(())
    };
    file.load(&Query::default(), &like, take).unwrap();
    [listed, loaded].map(|store| {
        let rows = store.get(0..usize::MAX);
        rows.filter_map(Row::into_entry).collect()
    })
}

#[tokio::test]
async fn a_file_is_loaded_as_it_is_listed() {
    use std::fmt::Write;
    let (mut timed, mut untimed, mut export) = (String::new(), String::new(), String::new());
    for i in 0..60_000 {
        let minute = i / 1_000 % 60;
        let _ = writeln!(
            timed,
            "2026-11-23T10:{minute:02}:{:02}Z web app[{i}]: request {i} from 10.0.0.{} of nobody \
             took {i}ms and was answered with {} bytes of HTML",
            i / 17 % 60,
            i % 256,
            i * 7919 % 100_003,
        );
        if i % 100 == 0 {
            timed.push_str("  at one\n\tat two\nand more\n\n");
        }
        let _ = writeln!(
            untimed,
            "step {i} of a program that says no times, in {} ms",
            i % 977
        );
    }
    for i in 0..500 {
        let _ = write!(
            export,
            "__REALTIME_TIMESTAMP={}\n_BOOT_ID=65fb330c45544b1aa2eb3c18f3295e98\nPRIORITY={}\n\
             SYSLOG_IDENTIFIER=app\nMESSAGE=entry {i}\n\n",
            1_795_000_000_000_000u64 + i,
            i % 9
        );
    }
    for (name, text) in [("timed", timed), ("untimed", untimed), ("export", export)] {
        let [listed, loaded] = both_ways(name, text.as_bytes()).await;
        assert!(!listed.is_empty());
        assert_eq!(loaded.len(), listed.len(), "{name}");
        for (loaded, listed) in loaded.iter().zip(&listed) {
            assert_eq!(loaded, listed, "{name}");
        }
    }
}
