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
fn times_since_when_something_is_new_are_offered_by_name() {
    let mut bench = Bench::new(&BOTH, (100, 24));
    bench.flow(20);
    let mut deploy = bench.entry("web-1", "activating the configuration...");
    deploy.unit = Some(Arc::from("nixos-rebuild.service"));
    bench.event(LogEvent::Entries(vec![deploy]));
    let entry = bench.entry("web-1", "refused 7: no such order");
    bench.event(LogEvent::Entries(vec![entry]));
    bench.now = Timestamp::from_second(START + 60).unwrap();
    bench.act("logs.patterns");
    bench.act("panel.since");
    let offered = bench.next.iter().find_map(|next| match next {
        Next::Pick(pick) => Some(pick.items.clone()),
        _ => None,
    });
    let offered = offered.unwrap();
    assert_eq!(offered.len(), 3, "{offered:?}");
    assert!(offered[0].1.ends_with("deploy on web-1"), "{offered:?}");
    bench.tell(PaneMsg::Picked {
        kind: "new-since",
        value: offered[0].0.clone(),
    });
    bench.settle();
    let screen = bench.screen();
    assert!(
        screen.contains("new since") && screen.contains("refused •"),
        "{screen}"
    );
    assert!(!screen.contains("GET /api/orders •"), "{screen}");
    bench.act("panel.since");
    bench.tell(PaneMsg::Picked {
        kind: "new-since",
        value: offered[1].0.clone(),
    });
    assert!(matches!(&bench.next[0], Next::Prompt(spec) if spec.kind == "new-since"));
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
fn what_is_compared_is_what_was_selected_when_it_was_asked() {
    let mut bench = Bench::new(&["web-1"], (120, 20));
    for unit in ["a.service", "b.service", "c.service"] {
        if unit == "c.service" {
            bench.act("logs.compare");
        }
        let mut entry = bench.entry("web-1", unit);
        entry.unit = Some(Arc::from(unit));
        bench.event(LogEvent::Entries(vec![entry]));
    }
    bench.tell(PaneMsg::Picked {
        kind: "compare",
        value: "unit:a.service".into(),
    });
    assert_eq!(bench.filters(), ["& unit:=b.service,a.service"]);
}

#[test]
fn two_boots_are_asked_of_the_host_and_aligned_by_the_time_since_they_began() {
    let mut bench = Bench::new(&["web-1"], (120, 14));
    bench.flow(3);
    bench.act("logs.compare");
    let offered = bench.next.iter().find_map(|next| match next {
        Next::Pick(pick) => Some(pick.items.clone()),
        _ => None,
    });
    let before = offered.unwrap().swap_remove(0).0;
    assert_eq!(before, format!("boot:web-1 {:032x}-1", 7));
    bench.line("exclude", "left out");
    bench.tell(PaneMsg::Picked {
        kind: "compare",
        value: before,
    });
    let streams: Vec<(StreamId, Option<String>)> = bench
        .next
        .iter()
        .filter_map(|next| match next {
            Next::Do(Effect::Fetch(_, stream, _, query)) => Some((*stream, query.boot.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(streams[0].1, Some(format!("{:032x}", 7)));
    assert_eq!(streams[1].1, Some(format!("{:032x}-1", 7)));
    for (at, boot, offset) in [(1, 6u128, 300), (0, 7, 0)] {
        let mut page = Vec::new();
        for n in 0..6i64 {
            let mut entry = bench.entry("web-1", &format!("boot {boot} step {n}"));
            (entry.boot, entry.monotonic) = (boot, n * 1_000_000 + offset);
            page.push(entry);
        }
        let other = bench.entry("web-1", "left out by the filter");
        page.push(other);
        let came = StreamMsg::Fetched(HostId::new("web-1"), page);
        bench.tell(PaneMsg::Stream(streams[at].0, came));
        let end = StreamMsg::Ended(HostId::new("web-1"), Ok(()));
        bench.tell(PaneMsg::Stream(streams[at].0, end));
    }
    insta::assert_snapshot!("boots_120x14", bench.screen());
    bench.act("list.down");
    assert_eq!(bench.selected(), "boot 6 step 0");
    bench.act("open");
    assert!(bench.state().detail.is_some());
    bench.act("back");
    bench.act("back");
    assert!(bench.state().compare.is_none());
}
