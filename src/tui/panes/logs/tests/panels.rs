//! Patterns, and two of something side by side.

use super::*;

#[test]
fn patterns_are_counted_listed_and_filtered_by() {
    let mut bench = Bench::new(&BOTH, (100, 24));
    bench.flow(60);
    bench.act("logs.patterns");
    bench.settle();
    insta::assert_snapshot!("patterns_100x24", bench.screen());
    // In, then out.
    bench.act("open");
    bench.settle();
    let one = bench.shown();
    assert!(one.len() > 5 && one.len() < 60, "{one:?}");
    let head = |text: &String| text.split(' ').next().unwrap().to_owned();
    assert!(one.iter().all(|text| head(text) == head(&one[0])));
    bench.act("back");
    bench.act("logs.clear");
    bench.settle();
    bench.act("logs.patterns");
    bench.settle();
    bench.act("panel.out");
    bench.settle();
    assert_eq!(bench.state().held.len(), 60 - one.len());
}

#[test]
fn what_is_new_since_a_time_or_a_mark_is_listed() {
    let mut bench = Bench::new(&BOTH, (100, 24));
    bench.flow(60);
    bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Row(50))));
    bench.act("logs.mark");
    for n in 0..3 {
        let entry = bench.entry("web-1", &format!("refused {n}: no such order"));
        bench.event(LogEvent::Entries(vec![entry]));
    }
    bench.act("logs.marks");
    bench.act("panel.since");
    bench.settle();
    let screen = bench.screen();
    let listed: Vec<&str> = screen
        .lines()
        .skip_while(|l| !l.contains("new since"))
        .collect();
    assert!(
        listed[1..]
            .iter()
            .all(|l| l.is_empty() || l.contains("refused •")),
        "{screen}"
    );
    assert!(listed[1].contains("refused"), "{screen}");
    // Asked for by hand, and of all again.
    bench.act("panel.since");
    bench.line("new-since", "soon");
    assert!(matches!(&bench.next[0], Next::Wrong(..)));
    bench.line("new-since", "");
    bench.settle();
    assert!(
        bench.screen().contains("GET /api/orders •"),
        "{}",
        bench.screen()
    );
    bench.act("panel.order");
    assert!(bench.screen().contains("most frequent first"));
}

#[test]
fn two_units_are_beside_each_other_while_following() {
    let mut bench = Bench::new(&["web-1"], (120, 20));
    for n in 0..30 {
        let entry = bench.entry("web-1", &format!("line {n}"));
        bench.event(LogEvent::Entries(vec![entry]));
    }
    bench.act("logs.compare");
    let own = bench.state().entry().unwrap().unit.unwrap();
    bench.tell(PaneMsg::Picked {
        kind: "compare",
        value: "unit:postgresql.service".into(),
    });
    assert_ne!(&*own, "postgresql.service");
    bench.settle();
    assert_eq!(bench.state().held.len(), 20);
    for n in 30..36 {
        let entry = bench.entry("web-1", &format!("line {n}"));
        bench.event(LogEvent::Entries(vec![entry]));
    }
    insta::assert_snapshot!("compared_120x20", bench.screen());
    bench.act("back");
    assert!(bench.state().compare.is_none());
}

#[test]
fn two_boots_are_aligned_by_the_time_since_they_began() {
    let mut bench = Bench::new(&["web-1"], (120, 14));
    for (boot, offset) in [(1u128, 0), (2, 300)] {
        for n in 0..6i64 {
            let mut entry = bench.entry("web-1", &format!("boot {boot} step {n}"));
            entry.boot = boot;
            entry.monotonic = n * 1_000_000 + offset;
            bench.event(LogEvent::Entries(vec![entry]));
        }
    }
    bench.act("logs.compare");
    bench.tell(PaneMsg::Picked {
        kind: "compare",
        value: format!("boot:{:032x}", 1),
    });
    insta::assert_snapshot!("boots_120x14", bench.screen());
    bench.act("list.down");
    assert!(
        bench.selected().ends_with("boot 2 step 0"),
        "{}",
        bench.selected()
    );
    bench.act("open");
    assert!(bench.state().detail.is_some());
    bench.act("back");
    bench.act("back");
    assert!(bench.state().compare.is_none());
    assert!(bench.selected().starts_with("boot 2 step 5"));
}
