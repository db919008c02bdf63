//! Lines of one pattern as one.

use super::*;

/// So many requests from two hosts, then a timeout, and so on.
fn requests(bench: &mut Bench, rounds: usize, each: usize) {
    for round in 0..rounds {
        for n in 0..each {
            let host = BOTH[n % 2];
            let mut entry = bench.entry(host, &format!("GET /orders/{n} 200 in {round} ms"));
            (entry.unit, entry.priority) = (Some(Arc::from("nginx.service")), 6);
            bench.event(LogEvent::Entries(vec![entry]));
        }
        let mut entry = bench.entry("web-1", &format!("timeout of order {round}"));
        (entry.unit, entry.priority) = (Some(Arc::from("nginx.service")), 3);
        bench.event(LogEvent::Entries(vec![entry]));
    }
}

fn rows(bench: &Bench) -> Vec<String> {
    let screen = bench.screen();
    let rows = screen.lines().skip(1).map(|line| match line.find(": ") {
        Some(at) => line.get(at + 2..).unwrap_or_default().to_owned(),
        None => line.trim_start().to_owned(),
    });
    rows.filter(|row| !row.is_empty()).collect()
}

#[test]
fn runs_are_one_line_each_that_opens_and_closes() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    requests(&mut bench, 3, 20);
    bench.act("logs.fold");
    insta::assert_snapshot!("folded_100x12", bench.screen());
    assert_eq!(
        (bench.state().held.len(), bench.state().held.whole_len()),
        (6, 63)
    );
    // The end goes on growing while it is followed.
    for n in 0..5 {
        let mut entry = bench.entry("data-1", &format!("timeout of order {n}"));
        (entry.unit, entry.priority) = (Some(Arc::from("nginx.service")), 3);
        bench.event(LogEvent::Entries(vec![entry]));
    }
    let last = rows(&bench).pop().unwrap();
    assert!(
        last.starts_with("x6 on 2 hosts since") && last.ends_with("order 4"),
        "{last}"
    );
    // Enter opens what is selected, and only that.
    bench.act("list.up");
    bench.act("open");
    assert!(bench.state().detail.is_none());
    assert_eq!(bench.state().held.len(), 6 + 19);
    assert!(bench.selected().starts_with("GET /orders/19"));
    bench.act("list.up");
    assert!(bench.selected().starts_with("GET /orders/18"));
    bench.act("logs.unfold");
    assert_eq!(bench.state().held.len(), 6);
    assert!(bench.selected().starts_with("GET /orders/19"));
    // An entry that stands for itself is opened as ever.
    bench.act("list.top");
    bench.act("list.down");
    bench.act("open");
    assert!(bench.state().detail.is_some());
}

#[test]
fn what_is_read_is_folded_as_it_was() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    requests(&mut bench, 2, 10);
    bench.act("logs.fold");
    bench.act("logs.freeze");
    let before = rows(&bench);
    for n in 0..5 {
        let mut entry = bench.entry("web-1", &format!("timeout of order {n}"));
        (entry.unit, entry.priority) = (Some(Arc::from("nginx.service")), 3);
        bench.event(LogEvent::Entries(vec![entry]));
    }
    assert_eq!(rows(&bench), before);
    assert!(bench.screen().contains("+5 new"), "{}", bench.screen());
    bench.act("logs.freeze");
    assert!(rows(&bench).pop().unwrap().starts_with("x6 since"));
}

#[test]
fn hits_are_counted_whole_and_found_within_folds() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    requests(&mut bench, 3, 20);
    bench.act("logs.fold");
    bench.line("search", "GET");
    assert!(bench.screen().contains("hit 60/60"), "{}", bench.screen());
    // From fold to fold, not from line to line.
    bench.act("logs.previous");
    assert!(bench.screen().contains("hit 40/60"), "{}", bench.screen());
    bench.act("logs.previous");
    assert!(bench.screen().contains("hit 20/60"), "{}", bench.screen());
    bench.act("logs.next");
    assert!(bench.screen().contains("hit 40/60"), "{}", bench.screen());
    // What only a hidden line has opens the fold.
    bench.act("list.top");
    bench.line("search", "/orders\\/7/");
    bench.act("logs.next");
    assert!(bench.screen().contains("/3"), "{}", bench.screen());
    assert!(
        bench.selected().starts_with("GET /orders/7"),
        "{}",
        bench.screen()
    );
    bench.line("filter", "GET");
    assert_eq!(bench.state().held.whole_len(), 60);
    assert!(
        bench.state().held.len() < 60,
        "one run, but for what is open"
    );
}

#[test]
fn all_lines_of_a_pattern_are_one() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    requests(&mut bench, 3, 20);
    bench.act("logs.fold");
    bench.act("logs.fold");
    let listed = rows(&bench);
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed[0].starts_with("x60 on 2 hosts since") && listed[1].starts_with("x3 since"));
    bench.act("list.up");
    bench.act("open");
    assert_eq!(bench.state().held.len(), 61);
    bench.act("logs.unfold");
    assert_eq!(bench.state().held.len(), 2);
    bench.act("logs.fold");
    assert_eq!(bench.state().held.len(), 63);
}

#[test]
fn what_is_handed_over_is_whole() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    requests(&mut bench, 2, 10);
    bench.act("logs.fold");
    bench.act("list.top");
    bench.act("logs.choose");
    bench.act("list.down");
    let (text, what) = copy(bench.state(), &bench.ctx(), false).unwrap();
    assert_eq!((text.lines().count(), what.as_str()), (11, "11 lines"));
    bench.act("back");
    bench.line("save", "a.log");
    match &bench.next[0] {
        Next::Do(Effect::Save(_, bytes)) => {
            assert_eq!(String::from_utf8_lossy(bytes).lines().count(), 22);
        }
        other => panic!("{other:?}"),
    }
}
