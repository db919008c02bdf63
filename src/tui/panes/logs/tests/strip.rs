//! The histogram above the log.

use super::*;

fn spread(size: (u16, u16)) -> Bench {
    let mut bench = Bench::new(&["web-1"], size);
    for n in 0..300i64 {
        let mut entry = bench.entry("web-1", &format!("line {n}"));
        entry.realtime = (START + n * 10) * 1_000_000;
        entry.priority = match n {
            150..160 => 3,
            200..220 => 4,
            _ => 6,
        };
        bench.event(LogEvent::Entries(vec![entry]));
    }
    bench.event(LogEvent::Live(HostId::new("web-1")));
    bench.now = Timestamp::from_second(START + 3_000).unwrap();
    bench
}

#[test]
fn it_is_there_where_there_is_room_or_when_asked_for() {
    let mut bench = spread((120, 37));
    bench.tell(PaneMsg::Clock);
    insta::assert_snapshot!("histogram_120x37", bench.screen());
    bench.act("logs.histogram");
    assert!(!bench.screen().contains("a bar is"));
    let mut bench = spread((80, 21));
    assert!(!bench.screen().contains("a bar is"));
    bench.act("logs.histogram");
    bench.tell(PaneMsg::Clock);
    insta::assert_snapshot!("histogram_80x21", bench.screen());
    bench.size = (40, 6);
    bench.act("logs.histogram");
    assert!(bench.said()[0].contains("no room"));
}

#[test]
fn a_range_is_chosen_by_keys_and_gone_into() {
    let mut bench = spread((80, 21));
    bench.act("list.up");
    bench.act("logs.zoom");
    assert_eq!(contexts(bench.state())[0], Context::Histogram);
    bench.act("histogram.first");
    assert_eq!(bench.selected(), "line 0");
    bench.act("histogram.right");
    bench.act("histogram.select");
    bench.act("histogram.right");
    let screen = bench.screen();
    assert!(screen.contains("Enter zooms"), "{screen}");
    bench.act("open");
    bench.settle();
    let buckets = 3_000 / 60;
    assert!((2..300 / buckets * 3).contains(&bench.state().held.len()));
    assert!(bench.screen().contains(" to "), "{}", bench.screen());
    // One more range takes the place of the first; = shows all again.
    bench.act("logs.zoom");
    bench.act("open");
    bench.settle();
    assert_eq!(bench.filters().len(), 1);
    bench.act("logs.clear");
    bench.settle();
    assert_eq!(bench.state().held.len(), 300);
}

#[test]
fn dragging_the_mouse_chooses_too() {
    let mut bench = spread((80, 21));
    bench.act("logs.histogram");
    bench.tell(PaneMsg::Clock);
    bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Column(10))));
    let first = bench.selected();
    bench.tell(PaneMsg::Mouse(Mouse::Drag(Hit::Column(11))));
    bench.tell(PaneMsg::Mouse(Mouse::Drag(Hit::Column(12))));
    bench.act("open");
    bench.settle();
    assert_eq!(bench.shown()[0], first);
    assert!(bench.state().held.len() < 60);
    bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Column(9_999))));
    bench.act("logs.zoom");
    bench.act("back");
    assert!(!bench.state().strip.focus);
}

#[test]
fn news_are_counted_and_rows_that_go_in_between_too() {
    let mut bench = spread((120, 37));
    bench.tell(PaneMsg::Clock);
    for n in 0..200i64 {
        let mut entry = bench.entry("web-1", &format!("more {n}"));
        entry.realtime = (START + 3_000 + n) * 1_000_000;
        bench.event(LogEvent::Entries(vec![entry]));
    }
    while wake(bench.state(), &bench.ctx()) == Some(bench.now) {
        bench.tell(PaneMsg::Clock);
    }
    assert!(bench.screen().contains(" of 500,"), "{}", bench.screen());
}
