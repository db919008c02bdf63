use super::*;
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

fn clock() -> Clock {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Clock::new(zone, "2026-11-23T14:00:00Z".parse().unwrap())
}

#[derive(Debug, PartialEq)]
struct Owned {
    whole: String,
    message: String,
    offset: u64,
    time: Option<String>,
    priority: Option<u8>,
    by: String,
}

fn owned(line: &Line<'_>) -> Owned {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut by = line.host.map(text).unwrap_or_default();
    if let Some(identifier) = line.identifier {
        by = format!("{by} {}", text(identifier));
    }
    if let Some(pid) = line.pid {
        by = format!("{by}[{pid}]");
    }
    Owned {
        whole: text(line.whole),
        message: text(line.message),
        offset: line.offset,
        time: line
            .time
            .map(|t| Timestamp::from_microsecond(t).unwrap().to_string()),
        priority: line.priority,
        by,
    }
}

fn parse(chunks: &[&[u8]]) -> Vec<Owned> {
    let mut parser = Parser::new(clock());
    let mut all = Vec::new();
    for chunk in chunks {
        parser.feed(chunk);
        while let Some(line) = parser.next() {
            all.push(owned(&line));
        }
    }
    while let Some(line) = parser.finish() {
        all.push(owned(&line));
    }
    all
}

#[test]
fn lines_of_many_programs() {
    let mut out = String::new();
    for line in include_str!("samples.txt").lines() {
        // Each alone: what a file usually has must not matter.
        let all = parse(&[line.as_bytes()]);
        let [one] = all.as_slice() else {
            panic!("{line}: {all:?}");
        };
        assert_eq!(one.whole, line);
        out.push_str(&format!(
            "{line}\n    {} {} {:?} {:?}\n",
            one.time.as_deref().unwrap_or("-"),
            one.priority.map_or("-".to_owned(), |p| p.to_string()),
            one.by,
            one.message,
        ));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn lines_without_a_time_belong_to_the_entry_before() {
    let text = "usage: app\nsome banner\n\
        2026-11-23 14:05:30 ERROR it broke\n  at a\n  at b\n\nCaused by: c\n\
        2026-11-23 14:05:31 INFO on\r\n2026-11-23 14:05:32 INFO end";
    let all = parse(&[text.as_bytes()]);
    let messages: Vec<&str> = all.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "usage: app",
            "some banner",
            "ERROR it broke\n  at a\n  at b\n\nCaused by: c",
            "INFO on",
            "INFO end",
        ]
    );
    assert_eq!(all[0].time, None);
    assert_eq!(all[2].priority, Some(3));
    assert_eq!(all[2].time.as_deref(), Some("2026-11-23T13:05:30Z"));
    let offsets: Vec<u64> = all.iter().map(|line| line.offset).collect();
    let starts = [
        "usage",
        "some",
        "2026",
        "2026-11-23 14:05:31",
        "2026-11-23 14:05:32",
    ];
    assert_eq!(offsets, starts.map(|s| text.find(s).unwrap() as u64));
}

#[test]
fn text_without_times_is_lines() {
    let all = parse(&[b"one\n  two\n\nthree"]);
    let wholes: Vec<&str> = all.iter().map(|line| line.whole.as_str()).collect();
    assert_eq!(wholes, ["one", "  two", "", "three"]);
    assert!(all.iter().all(|line| line.time.is_none()));
}

#[test]
fn years_that_are_not_written() {
    let times: Vec<_> = parse(&[b"Dec 31 23:59:59 h a: x\nJan  1 00:00:01 h a: x\nNov 24 12:00:00 h a: x\nNov 25 12:00:00 h a: x\n"])
        .into_iter()
        .map(|line| line.time.unwrap())
        .collect();
    assert_eq!(
        times,
        [
            "2025-12-31T22:59:59Z",
            "2025-12-31T23:00:01Z",
            "2026-11-24T11:00:00Z",
            "2025-11-25T11:00:00Z"
        ]
    );
}

#[test]
fn overlong_lines_and_entries_come_in_pieces() {
    let line = vec![b'x'; 5 * LARGEST / 2];
    let mut text = b"2026-11-23 14:05:30 begin\n".to_vec();
    text.extend(&line);
    text.extend(b"\n2026-11-23 14:05:31 end\n");
    for size in [1 << 12, 100_000, text.len()] {
        let chunks: Vec<&[u8]> = text.chunks(size).collect();
        let all = parse(&chunks);
        let lengths: usize = all.iter().map(|line| line.whole.len()).sum();
        let newlines = text.iter().filter(|b| **b == b'\n').count();
        assert_eq!(lengths + newlines, text.len(), "{size}");
        assert!(all.iter().all(|line| line.whole.len() <= LARGEST + size));
        assert_eq!(all.last().unwrap().message, "end");
    }
}

fn some_text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[ -~]{0,40}".prop_map(String::into_bytes),
        "2026-11-2[0-9] 1[0-9]:05:30[.,]?[0-9]{0,7} [ -~]{0,20}".prop_map(String::into_bytes),
        "Nov +[0-9]{1,2} 1[0-9]:05:[0-9]{2} host app\\[[0-9]{1,5}\\]: [ -~]{0,20}"
            .prop_map(String::into_bytes),
        "\\[?[0-9]{2}/Nov/2026:14:05:[0-9]{2} [+-][0-9]{4}\\]?".prop_map(String::into_bytes),
        "[0-9]{10}\\.?[0-9]{0,3} x".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..60),
        "<[0-9]{1,3}>(ERROR|warn:|level=err) .*".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(line, 0..20).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #[test]
    fn any_chunks_give_the_same(
        text in some_text(),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let whole = parse(&[&text]);
        let mut ends: Vec<usize> = cuts.iter().map(|c| c % (text.len() + 1)).collect();
        ends.push(text.len());
        ends.sort_unstable();
        let mut start = 0;
        let chunks: Vec<&[u8]> = ends.into_iter().map(|end| {
            let chunk = &text[start..end];
            start = end;
            chunk
        }).collect();
        prop_assert_eq!(&parse(&chunks), &whole);
        let single: Vec<&[u8]> = text.chunks(1).collect();
        prop_assert_eq!(&parse(&single), &whole);
    }

    #[test]
    fn nothing_is_lost(text in some_text()) {
        let mut parser = Parser::new(clock());
        parser.feed(&text);
        let mut at = 0;
        let mut check = |line: &Line<'_>| {
            let gap = &text[at..line.offset as usize];
            assert!(gap.iter().all(|b| matches!(b, b'\n' | b'\r')), "{gap:?}");
            at = line.offset as usize + line.whole.len();
            assert_eq!(&text[line.offset as usize..at], line.whole);
            assert!(line.whole.ends_with(line.message));
        };
        while let Some(line) = parser.next() { check(&line); }
        while let Some(line) = parser.finish() { check(&line); }
        prop_assert!(text[at..].iter().all(|b| matches!(b, b'\n' | b'\r')));
    }
}
