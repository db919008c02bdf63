//! Blocks give back what went in, whichever way it went in.

use super::*;
use crate::logs::{entry::Fields, pattern::Pattern};
use proptest::prelude::*;

/// Entries as hosts have them, and as they should not have them.
pub(super) fn entries(hosts: usize, most: usize) -> impl Strategy<Value = Vec<Entry>> {
    let message = prop_oneof![
        4 => (0usize..4, 0u32..300).prop_map(|(kind, n)| match kind {
            0 => format!("GET /orders/{n} took {n}.5ms"),
            1 => format!("level=error id=00{n:x} msg=\"no route to host\""),
            2 => "started".to_owned(),
            _ => format!("once {} only {n}", "x".repeat(n as usize % 40)),
        }.into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
        1 => "[ 0-9a-z\n]{0,40}".prop_map(String::into_bytes),
    ];
    let cursor = prop_oneof![
        8 => (0u8..2, any::<u64>()).prop_map(|(id, hash)| (Some(u128::from(id)), hash)),
        1 => Just((None, 0)),
    ];
    let entry = (
        (0..hosts, 0i64..2000, -3i64..50, 0u128..3),
        (
            0u8..8,
            proptest::option::of(0u8..4),
            proptest::option::of(0u8..3),
        ),
        (
            proptest::option::of(any::<u32>()),
            message,
            proptest::option::of(0u64..9),
        ),
        cursor,
    );
    let entry = entry.prop_map(|(place, who, what, cursor)| {
        let ((host, realtime, monotonic, boot), (priority, unit, identifier)) = (place, who);
        let (pid, message, cut_from) = what;
        let cursor = match cursor {
            (Some(id), hash) => format!(
                "s={id:032x};i={:x};b={boot:032x};m={monotonic:x};t={realtime:x};x={hash:x}",
                realtime * 3
            ),
            (None, _) => format!("line {realtime}"),
        };
        Entry {
            host: HostId::new(format!("h{host}")),
            cursor: cursor.into(),
            realtime,
            monotonic,
            boot,
            priority,
            unit: unit.map(|n| format!("unit{n}.service").into()),
            identifier: identifier.map(|n| format!("app{n}").into()),
            pid,
            message: message.into(),
            cut_from,
            told: (priority % 3 == 0).then_some(crate::logs::lifecycle::Lifecycle::Failed),
        }
    });
    proptest::collection::vec(entry, 1..most)
}

fn gap(from: i64) -> Gap {
    Gap {
        host: HostId::new("h0"),
        from,
        to: from + 5,
        why: format!("rotated at {from}"),
    }
}

/// The rows of a block, read one by one.
fn rows(block: &Arc<Block>) -> Vec<Row> {
    let rows = block.open();
    (0..rows.len()).filter_map(|at| rows.row(at)).collect()
}

fn check(block: &Arc<Block>, expected: &[Row]) -> Result<(), TestCaseError> {
    prop_assert_eq!(block.rows(), expected.len());
    prop_assert_eq!(&rows(block)[..], expected);
    prop_assert_eq!(block.first(), expected[0].id);
    prop_assert_eq!(block.last(), expected[expected.len() - 1].id);
    let opened = block.open();
    let mut message = Vec::new();
    let (mut by_source, mut by_pattern) = (vec![0; 9999], vec![0; 9999]);
    for (at, row) in expected.iter().enumerate() {
        prop_assert_eq!(opened.position(row.id), Ok(at));
        let source = &opened.source(at).unwrap();
        prop_assert_eq!(&source.host, row.host());
        by_source[usize::from(block.source_of()[at])] += 1;
        opened.message(at, &mut message);
        match row.entry() {
            Some(entry) => {
                prop_assert_eq!(&*message, &*entry.message);
                prop_assert_eq!(&opened.cursor(at), &*entry.cursor);
            }
            None => prop_assert_eq!(block.pattern_of()[at], GAP),
        }
        let frame = block.frame_of(at);
        let start = block.frame_rows(frame).start;
        let (values, texts) = (opened.values(frame), opened.texts());
        let within = at - start;
        match block.pattern_of()[at] {
            OWN_TEXT => {
                prop_assert_eq!(texts.row(at), &message[..]);
                prop_assert_eq!(texts.row_at(texts.range(at).start), at);
                prop_assert_eq!(texts.row_at(texts.range(at).end), at);
            }
            GAP => prop_assert!(values.row(within).is_empty() && texts.row(at).is_empty()),
            used => {
                let used = usize::from(used);
                let pattern = &block.patterns()[used].what;
                prop_assert_eq!(&**pattern, &Pattern::of(&message));
                by_pattern[used] += 1;
                let range = values.range(within);
                if !range.is_empty() {
                    prop_assert_eq!(values.row_at(range.start), within);
                    prop_assert_eq!(values.bytes()[range.end], b'\n');
                }
            }
        }
        for word in message.split(|byte| crate::logs::pattern::is_delimiter(*byte)) {
            if block.pattern_of()[at] == OWN_TEXT {
                prop_assert!(block.texts_may_hold(&Trigrams::of(word)));
            } else if word.iter().any(u8::is_ascii_digit) {
                prop_assert!(block.values_may_hold(&Trigrams::of(word)));
            }
        }
    }
    let mut buffer = vec![7; 3];
    let mut next = 0;
    for frame in 0..block.frames() {
        let rows = block.frame_rows(frame);
        prop_assert_eq!(rows.start, next);
        prop_assert!(!rows.is_empty());
        next = rows.end;
        prop_assert_eq!(
            block.values(frame, &mut buffer),
            opened.values(frame).bytes()
        );
        let times = expected[rows].iter().map(|row| row.id.time);
        prop_assert_eq!(&block.times(frame)[..], &times.collect::<Vec<_>>()[..]);
    }
    prop_assert_eq!(next, expected.len());
    for time in expected
        .iter()
        .flat_map(|row| [row.id.time - 1, row.id.time, row.id.time + 1])
    {
        let before = expected.iter().filter(|row| row.id.time < time).count();
        prop_assert_eq!(opened.at_time(time), before);
        prop_assert_eq!(opened.position(RowId::before(time)), Err(before));
    }
    for (used, rows) in block.sources().iter().zip(by_source) {
        prop_assert_eq!(used.rows, rows);
    }
    for (used, rows) in block.patterns().iter().zip(by_pattern) {
        prop_assert_eq!(used.rows, rows);
    }
    Ok(())
}

proptest! {
    #[test]
    fn rows_come_back_open_packed_and_thawed(
        entries in entries(3, 120),
        order in any::<proptest::sample::Index>(),
        gaps in proptest::collection::vec(0i64..2000, 0..4),
        base in -5i64..5,
        frame in 1usize..60,
    ) {
        let mut block = Block::new(base);
        let mut expected = Vec::new();
        for (seq, entry) in (100i64..).zip(&entries) {
            let late = seq as usize % 7 == order.index(7);
            let id = RowId { time: entry.realtime, seq };
            let fields: Fields<'_> = entry.fields();
            block.insert(id, late, open::New::Entry(&entry.host, &fields));
            expected.push(Row { id, late, item: Item::Entry(entry.clone()) });
        }
        for (seq, from) in (-9i64..).zip(&gaps) {
            let (id, gap) = (RowId { time: *from, seq }, gap(*from));
            block.insert(id, false, open::New::Gap(&gap));
            expected.push(Row { id, late: false, item: Item::Gap(gap) });
        }
        expected.sort_by_key(|row| row.id);
        let mut block = Arc::new(block);
        check(&block, &expected)?;
        let tables = Tables::default();
        Arc::make_mut(&mut block).pack(frame, &tables);
        check(&block, &expected)?;
        prop_assert!(block.patterns().iter().all(|used| used.rows > 1));
        let mut thawed = Arc::new(block.thawed());
        check(&thawed, &expected)?;
        Arc::make_mut(&mut thawed).pack(frame, &tables);
        check(&thawed, &expected)?;
        // What is shared is held once, and let go with the last block.
        prop_assert_eq!(block.patterns().len(), thawed.patterns().len());
        for a in block.patterns() {
            prop_assert!(thawed.patterns().iter().any(|b| Arc::ptr_eq(&a.what, &b.what)));
        }
        prop_assert!(tables.bytes() > 0);
        drop((block, thawed));
        tables.purge(true);
        prop_assert_eq!(tables.bytes(), 0);
    }
}

#[test]
fn messages_of_many_values_are_kept_whole() {
    let many = "1 ".repeat(10_000);
    let long = format!("{} 5", "word ".repeat(2000));
    let mut block = Block::new(0);
    for (seq, message) in (0i64..).zip([&many, &long, &many]) {
        let entry = Entry {
            host: HostId::new("h"),
            cursor: "".into(),
            realtime: 1,
            monotonic: 0,
            boot: 0,
            priority: 6,
            unit: None,
            identifier: None,
            pid: None,
            message: message.as_bytes().into(),
            cut_from: None,
            told: None,
        };
        let id = RowId { time: 1, seq };
        block.insert(id, false, open::New::Entry(&entry.host, &entry.fields()));
    }
    assert!(block.patterns().is_empty());
    let mut message = Vec::new();
    Arc::new(block).open().message(1, &mut message);
    assert_eq!(message, long.as_bytes());
}

#[test]
fn entries_alike_take_little_room() {
    let mut block = Block::new(0);
    let host = HostId::new("h");
    for n in 0..4096 {
        let text = format!(
            "s={:032x};i={n:x};b={:032x};m={:x};t={:x};x={:x}",
            1,
            2,
            n * 20_000,
            n * 20_000,
            n * 77_777_777
        );
        let entry = Entry {
            host: host.clone(),
            cursor: text.into(),
            realtime: n * 20_000,
            monotonic: n * 20_000,
            boot: 2,
            priority: 6,
            unit: Some("a.service".into()),
            identifier: Some("a".into()),
            pid: Some(77),
            message: format!("GET /orders/{n} took {} ms", n % 97)
                .into_bytes()
                .into(),
            cut_from: None,
            told: None,
        };
        let id = RowId {
            time: entry.realtime,
            seq: n,
        };
        block.insert(id, false, open::New::Entry(&host, &entry.fields()));
    }
    block.pack(512, &Tables::default());
    assert!(
        block.bytes() < 24 * block.rows(),
        "{}",
        block.bytes() / block.rows()
    );
}
