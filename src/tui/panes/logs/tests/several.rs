//! Several filters at once, and the list of them.

use super::*;

#[test]
fn each_filter_is_switched_changed_and_dropped_by_itself() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(30);
    for (action, kind, text) in [
        ("logs.filter-in", "filter", "host:web-1"),
        ("logs.filter-out", "exclude", "timeout"),
        ("logs.filter-out", "exclude", "prio:err"),
    ] {
        bench.act(action);
        bench.line(kind, text);
    }
    let all = bench.state().held.len();
    assert!(all > 0 && bench.shown().iter().all(|m| !m.contains("timeout")));
    bench.act("logs.filters");
    insta::assert_snapshot!("filters_100x21", bench.screen());
    bench.act("list.down");
    bench.act("panel.switch");
    bench.settle();
    assert!(bench.shown().iter().any(|m| m.contains("timeout")));
    assert!(bench.screen().contains("(! timeout)"), "{}", bench.screen());
    // In instead of out.
    bench.act("panel.switch");
    bench.act("panel.out");
    bench.settle();
    assert!(bench.shown().iter().all(|m| m.contains("timeout")));
    // Enter changes it, in its place.
    bench.act("open");
    let spec = bench.next.iter().find_map(|next| match next {
        Next::Prompt(spec) => Some(spec.clone()),
        _ => None,
    });
    let spec = spec.unwrap();
    assert_eq!((spec.kind, spec.text.as_str()), ("filter", "timeout"));
    bench.line("filter", "GET");
    assert_eq!(bench.filters(), ["& host:web-1", "& GET", "! prio:err"]);
    bench.act("panel.remove");
    bench.act("panel.remove");
    assert_eq!(bench.filters(), ["& host:web-1"]);
    bench.act("panel.remove");
    bench.settle();
    assert!(bench.state().panel.is_none(), "an empty list closes");
    assert_eq!(bench.state().held.len(), 30);
}

#[test]
fn all_filters_go_off_and_on_with_one_key_and_chips_can_be_clicked() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(30);
    bench.line("filter", "host:web-1");
    bench.act("logs.filter-out");
    bench.line("exclude", "timeout");
    let narrow = bench.state().held.len();
    bench.act("logs.filters-off");
    bench.settle();
    assert_eq!(bench.state().held.len(), 30);
    // The others stay as they are, off.
    bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Tab(0))));
    bench.settle();
    assert_eq!(bench.state().held.len(), 15);
    bench.act("logs.filters-off");
    bench.act("logs.filters-off");
    bench.settle();
    assert_eq!(bench.state().held.len(), narrow);
}

#[test]
fn typing_that_is_cancelled_leaves_the_filters_as_they_were() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(30);
    bench.line("filter", "GET");
    let before = bench.state().held.len();
    bench.act("logs.filter-out");
    bench.tell(PaneMsg::Line {
        kind: "exclude",
        text: Some("GET".into()),
        done: false,
    });
    bench.settle();
    assert_eq!(bench.state().held.len(), 0);
    bench.tell(PaneMsg::Line {
        kind: "exclude",
        text: None,
        done: true,
    });
    bench.settle();
    assert_eq!(bench.state().held.len(), before);
    assert_eq!(bench.filters(), ["& GET"]);
    // The same filter twice is one.
    bench.act("logs.filter-in");
    bench.line("filter", "GET");
    assert_eq!(bench.filters(), ["& GET"]);
}

#[test]
fn a_named_priority_means_and_worse_and_an_entrys_field_just_that_one() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(70);
    let count = |bench: &mut Bench, text: &str| {
        bench.act("logs.clear");
        bench.act("logs.filter-in");
        bench.line("filter", text);
        bench.state().held.len()
    };
    assert_eq!(count(&mut bench, "prio:warning"), 20);
    assert_eq!(count(&mut bench, "priority:err"), 10);
    assert_eq!(count(&mut bench, "prio:=warning"), 10);
    assert_eq!(count(&mut bench, "prio:<=3"), 10);
    assert_eq!(lines::term("PRIORITY", "4").unwrap(), "prio:=4");
}

#[test]
fn a_journal_field_is_asked_of_the_hosts_and_said_in_the_status() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(30);
    bench.act("logs.filter-in");
    bench.line("filter", "field:_UID=0 GET");
    let query = bench.followed().unwrap();
    assert_eq!(query.matches, ["_UID=0"]);
    assert_eq!(bench.filters(), ["& GET"]);
    assert!(bench.screen().contains("_UID=0"), "{}", bench.screen());
    bench.act("logs.filters");
    bench.act("list.bottom");
    bench.act("panel.remove");
    assert!(bench.followed().unwrap().matches.is_empty());
    for (kind, text) in [
        ("filter", "field:_UID"),
        ("filter", "field:lower=1"),
        ("exclude", "field:_UID=0"),
    ] {
        bench.line(kind, text);
        let wrong = bench.next.iter().any(|n| matches!(n, Next::Wrong(..)));
        assert!(wrong, "{kind} {text}");
    }
}
