//! Going to times, and stepping by hour, error and boot.

use super::*;

impl Bench {
    /// An entry of a host so many seconds after the start.
    fn at(&mut self, host: &str, seconds: i64, priority: u8, boot: u128) {
        let mut entry = self.entry(host, &format!("{host} at {seconds}"));
        entry.realtime = (START + seconds) * 1_000_000;
        entry.priority = priority;
        entry.boot = boot;
        self.event(LogEvent::Entries(vec![entry]));
    }
}

/// Every ten minutes for six hours, an error each two hours, another boot in the middle.
fn six_hours() -> Bench {
    let mut bench = Bench::new(&["web-1"], (100, 12));
    for n in 0..36 {
        let priority = if n % 12 == 5 { 3 } else { 6 };
        let boot = if n < 18 { 1 } else { 2 };
        bench.at("web-1", n * 600, priority, boot);
    }
    bench.event(LogEvent::Live(HostId::new("web-1")));
    bench.now = Timestamp::from_second(START + 36 * 600).unwrap();
    bench
}

#[test]
fn a_time_that_is_held_is_shown_first() {
    let mut bench = six_hours();
    let time = Timestamp::from_second(START + 95 * 60).unwrap();
    bench.line("at", &time.strftime("%H:%M").to_string());
    assert_eq!(bench.selected(), "web-1 at 6000");
    let second = bench.screen().lines().nth(1).unwrap().to_owned();
    assert!(second.contains("at 6000"), "{second}");
    bench.line("at", "-1h");
    assert_eq!(bench.selected(), "web-1 at 18000");
    bench.line("at", "+1h");
    assert!(matches!(&bench.next[0], Next::Wrong(span, _) if *span == (0..3)));
    bench.line("at", "soon");
    assert!(matches!(&bench.next[0], Next::Wrong(..)));
}

#[test]
fn steps_go_by_error_hour_and_boot() {
    let mut bench = six_hours();
    bench.act("list.top");
    bench.act("logs.next-error");
    assert_eq!(bench.selected(), "web-1 at 3000");
    bench.act("logs.next-error");
    assert_eq!(bench.selected(), "web-1 at 10200");
    bench.act("logs.previous-error");
    assert_eq!(bench.selected(), "web-1 at 3000");
    bench.act("logs.next-boot");
    assert_eq!(bench.selected(), "web-1 at 10800");
    bench.act("logs.next-boot");
    assert!(bench.said()[0].contains("no other boot"));
    bench.act("list.bottom");
    bench.act("list.up");
    bench.act("logs.previous-boot");
    assert_eq!(bench.selected(), "web-1 at 10800");
    // Full hours of the clock on the wall.
    let first = START.div_euclid(3600) * 3600 + 3600 - START;
    bench.act("list.top");
    bench.act("logs.next-hour");
    let at = |seconds: i64| format!("web-1 at {}", (seconds + 599).div_euclid(600) * 600);
    assert_eq!(bench.selected(), at(first));
    bench.act("logs.next-hour");
    assert_eq!(bench.selected(), at(first + 3600));
    bench.act("list.down");
    bench.act("logs.previous-hour");
    assert_eq!(bench.selected(), at(first + 3600));
    bench.act("logs.previous-hour");
    assert_eq!(bench.selected(), at(first));
}

#[test]
fn a_time_that_is_not_held_is_asked_of_the_hosts() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    for n in 0..20 {
        bench.at("web-1", 7_200 + n, 6, 1);
        bench.at("data-1", 7_200 + n, 6, 1);
    }
    for host in BOTH {
        bench.event(LogEvent::Live(HostId::new(host)));
    }
    bench.now = Timestamp::from_second(START + 7_300).unwrap();
    bench.line("at", "-2h");
    let wanted = START + 100;
    let query = bench.followed().unwrap();
    assert_eq!(query.since, Some(format!("@{wanted}.000000")));
    assert_eq!(query.lines, None);
    assert!(cli(bench.state(), &bench.ctx()).is_some_and(|line| !line.contains("since")));
    // The slower host's entries go in before what is shown already, and are shown then.
    let mut asked = None;
    for n in 0..30 {
        bench.at("web-1", 110 + n * 10, 6, 1);
        asked = asked.or(bench.fetched());
    }
    assert_eq!(bench.selected(), "web-1 at 110");
    for n in 0..30 {
        bench.at("data-1", 105 + n * 10, 6, 1);
    }
    assert_eq!(bench.selected(), "data-1 at 105");
    let second = bench.screen().lines().nth(1).unwrap().to_owned();
    assert!(second.contains("data-1 at 105"), "{second}");
    // A screenful from before is asked for at once.
    let (_, back) = asked.unwrap();
    assert!(back.reverse && back.since.is_none() && back.cursor.is_some());
    // Back to the present, without all that lies between.
    bench.act("list.bottom");
    let query = bench.followed().unwrap();
    assert_eq!((query.since, query.lines), (None, Some(500)));
}

#[test]
fn a_question_with_a_beginning_has_nothing_older() {
    let mut bench = Bench::new(&["web-1"], (100, 12));
    bench.now = Timestamp::from_second(START + 60).unwrap();
    bench.line("since", "-1min");
    for n in 0..5 {
        bench.at("web-1", 10 + n, 6, 1);
    }
    bench.act("list.top");
    let (stream, query) = bench.fetched().unwrap();
    assert_eq!(query.since, None, "journalctl takes no cursor with it");
    let host = HostId::new("web-1");
    let mut page = Vec::new();
    for seconds in [5, -5, -10] {
        let mut entry = bench.entry("web-1", &format!("old {seconds}"));
        entry.realtime = (START + seconds) * 1_000_000;
        page.push(entry);
    }
    let came = StreamMsg::Fetched(host.clone(), page);
    bench.tell(PaneMsg::Stream(stream, came));
    bench.tell(PaneMsg::Stream(stream, StreamMsg::Ended(host, Ok(()))));
    assert_eq!(bench.shown()[0], "old 5");
    bench.act("list.top");
    assert!(bench.fetched().is_none());
}
