//! Older entries, asked of the hosts: until there are none, until there is no room, and where the
//! journal has dropped them.

use super::*;
use crate::logs::store::Item;

/// The next question for older entries, after going to the top.
fn asked(bench: &mut Bench) -> Option<(StreamId, Query)> {
    bench.act("list.top");
    bench.fetched()
}

/// Answers a question, newest first.
fn answer(bench: &mut Bench, stream: StreamId, entries: Vec<Entry>, end: Result<(), Problem>) {
    let host = HostId::new("web-1");
    bench.tell(PaneMsg::Stream(
        stream,
        StreamMsg::Fetched(host.clone(), entries),
    ));
    bench.tell(PaneMsg::Stream(stream, StreamMsg::Ended(host, end)));
}

/// What a journal of these entries answers: those from the cursor's on backwards.
fn journal(entries: &[Entry], query: &Query) -> Vec<Entry> {
    assert!(query.reverse);
    let cursor = query.cursor.as_deref().unwrap();
    let at = entries.iter().position(|entry| *entry.cursor == *cursor);
    let upto = at.map_or(0, |at| at + 1);
    let entries = entries[..upto].iter().rev();
    entries.take(query.lines.unwrap()).cloned().collect()
}

/// A host with so many entries, all of which came.
fn flown(budget: Option<usize>, entries: &[Entry]) -> Bench {
    let mut bench = Bench::new(&["web-1"], (100, 11));
    if let Some(budget) = budget {
        bench.preferences.log_budget = budget;
        let args = Args::Logs {
            hosts: Vec::new(),
            query: Query::default(),
            filter: String::new(),
        };
        let (state, next) = open(&args, &bench.ctx());
        bench.state = Some(state);
        bench.note(next);
    }
    come(&mut bench, entries);
    bench
}

fn come(bench: &mut Bench, entries: &[Entry]) {
    let stream = bench.stream;
    for entries in entries.chunks(500) {
        let event = LogEvent::Entries(entries.to_vec());
        bench.tell(PaneMsg::Stream(stream, StreamMsg::Event(event)));
    }
}

fn many(count: usize) -> Vec<Entry> {
    let mut bench = Bench::new(&["web-1"], (100, 11));
    (0..count)
        .map(|n| bench.entry("web-1", &format!("number {n}")))
        .collect()
}

fn gaps(bench: &Bench) -> Vec<Gap> {
    let held = &bench.state().held;
    let gap = |at| match held.row(at)?.item {
        Item::Gap(gap) => Some(gap),
        Item::Entry(_) => None,
    };
    (0..held.len()).filter_map(gap).collect()
}

#[test]
fn older_entries_are_asked_of_the_host_until_there_are_none() {
    let all = many(1_220);
    let mut bench = flown(None, &all[1_200..]);
    let (stream, query) = asked(&mut bench).unwrap();
    // Asked once, not with every key.
    bench.act("list.up");
    assert!(bench.fetched().is_none());
    answer(&mut bench, stream, journal(&all, &query), Ok(()));
    assert_eq!(bench.state().held.len(), 1_020);
    let (stream, query) = asked(&mut bench).unwrap();
    answer(&mut bench, stream, journal(&all, &query), Ok(()));
    assert_eq!(bench.shown().len(), 1_220);
    assert!(asked(&mut bench).is_none());
    let screen = bench.screen();
    assert!(
        screen.contains("number 0\n") && screen.contains("from the beginning"),
        "{screen}"
    );
    assert_eq!(gaps(&bench), []);
}

#[test]
fn what_the_journal_dropped_is_told_once() {
    let all = many(1_520);
    let mut bench = flown(None, &all[1_500..]);
    let (stream, query) = asked(&mut bench).unwrap();
    answer(&mut bench, stream, journal(&all, &query), Ok(()));
    // Vacuumed: it has the newest only, what it is asked from is gone.
    let (stream, query) = asked(&mut bench).unwrap();
    let left = &all[1_510..];
    answer(&mut bench, stream, journal(left, &query), Ok(()));
    let told = gaps(&bench);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].from, told[0].to), (0, all[500].realtime));
    assert!(told[0].why.contains("vacuumed"), "{told:?}");
    assert!(bench.said()[0].contains("vacuumed"), "{:?}", bench.said());
    bench.act("list.top");
    let screen = bench.screen();
    assert!(
        screen.contains("all before ") && !screen.contains("from the beginning"),
        "{screen}"
    );
    // No more questions, no more gaps, nothing doubled.
    for _ in 0..3 {
        assert!(asked(&mut bench).is_none());
    }
    assert_eq!(gaps(&bench).len(), 1);
    assert_eq!(bench.shown().len(), 1_020);
}

#[test]
fn what_was_dropped_between_is_a_gap_before_what_is_older() {
    let all = many(1_220);
    let mut bench = flown(None, &all[1_200..]);
    let (stream, _) = asked(&mut bench).unwrap();
    // A file in the middle of the journal is gone, an older one is not.
    let older: Vec<Entry> = all[..30].iter().rev().cloned().collect();
    answer(&mut bench, stream, older, Ok(()));
    assert_eq!(gaps(&bench)[0].from, all[29].realtime);
    let shown = bench.shown();
    assert_eq!(shown.len(), 50);
    assert_eq!((&*shown[29], &*shown[30]), ("number 29", "number 1200"));
    assert!(matches!(
        bench.state().held.row(30).unwrap().item,
        Item::Gap(_)
    ));
    assert!(asked(&mut bench).is_none());
}

#[test]
fn what_cannot_be_read_again_is_told_with_its_reason() {
    let all = many(20);
    let mut bench = flown(None, &all);
    let (stream, _) = asked(&mut bench).unwrap();
    let gone = Problem::new("journal", crate::logs::GONE, Exit::Negative, "read once");
    answer(&mut bench, stream, Vec::new(), Err(gone));
    assert_eq!(gaps(&bench)[0].why, "read once");
    assert!(asked(&mut bench).is_none());
}

#[test]
fn a_host_read_to_its_beginning_is_asked_again_for_what_was_evicted_since() {
    let all = many(9_000);
    let mut bench = flown(Some(64 << 10), &all[..200]);
    let (stream, query) = asked(&mut bench).unwrap();
    answer(&mut bench, stream, journal(&all, &query), Ok(()));
    assert!(asked(&mut bench).is_none());
    bench.act("list.bottom");
    come(&mut bench, &all[200..]);
    let held = bench.shown().len();
    assert!(held < 8_000);
    let (stream, query) = asked(&mut bench).unwrap();
    assert!(!bench.screen().contains("from the beginning"));
    answer(&mut bench, stream, journal(&all, &query), Ok(()));
    let shown = bench.shown();
    assert!(shown.len() > held);
    let expected = (9_000 - shown.len()..9_000).map(|n| format!("number {n}"));
    assert_eq!(shown, expected.collect::<Vec<_>>());
    // More than half the budget once more is not taken, and it is said where the way ends.
    while let Some((stream, query)) = asked(&mut bench) {
        answer(&mut bench, stream, journal(&all, &query), Ok(()));
    }
    assert!(bench.screen().contains("no room for older ones"));
    assert!(bench.state().held.store().bytes() <= 96 << 10);
    bench.act("list.bottom");
    assert!(asked(&mut bench).is_some());
}

#[test]
fn an_answer_about_rows_that_were_evicted_meanwhile_leaves_no_silent_hole() {
    let all = many(9_000);
    let mut bench = flown(Some(64 << 10), &all[1_000..1_200]);
    let (stream, query) = asked(&mut bench).unwrap();
    let late = journal(&all, &query);
    come(&mut bench, &all[1_200..]);
    answer(&mut bench, stream, late, Ok(()));
    let shown = bench.shown();
    let expected = (9_000 - shown.len()..9_000).map(|n| format!("number {n}"));
    assert_eq!(shown, expected.collect::<Vec<_>>());
    assert!(asked(&mut bench).is_some());
}
