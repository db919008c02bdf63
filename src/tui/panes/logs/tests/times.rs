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

/// What hosts were asked in this step: whose, the stream and the question.
fn asked(bench: &Bench) -> Vec<(HostId, StreamId, Query)> {
    let fetches = bench.next.iter().filter_map(|next| match next {
        Next::Do(Effect::Fetch(_, stream, hosts, query)) => {
            Some((hosts[0].clone(), *stream, query.clone()))
        }
        _ => None,
    });
    fetches.collect()
}

impl Bench {
    /// A host answers with entries so many seconds after the start, in this order.
    fn answer(&mut self, (host, stream, _): &(HostId, StreamId, Query), seconds: &[i64]) {
        let entries = seconds.iter().map(|seconds| {
            let mut entry = self.entry(host.as_str(), &format!("{host} at {seconds}"));
            entry.realtime = (START + seconds) * 1_000_000;
            entry.cursor = Arc::from(format!("{host}-{seconds}"));
            entry
        });
        let entries = entries.collect();
        let came = StreamMsg::Fetched(host.clone(), entries);
        self.tell(PaneMsg::Stream(*stream, came));
    }

    fn end(&mut self, (host, stream, _): &(HostId, StreamId, Query)) {
        let end = StreamMsg::Ended(host.clone(), Ok(()));
        self.tell(PaneMsg::Stream(*stream, end));
    }
}

#[test]
fn a_time_that_is_not_held_is_asked_of_the_hosts_and_a_page_around_it() {
    let mut bench = Bench::new(&BOTH, (100, 12));
    for n in 0..20 {
        bench.at("web-1", 72_000 + n, 6, 1);
        bench.at("data-1", 72_000 + n, 6, 1);
    }
    bench.now = Timestamp::from_second(START + 73_000).unwrap();
    bench.line("at", "-20h");
    let wanted = START + 1_000;
    assert!(
        bench.followed().is_none(),
        "what lies between is not asked for"
    );
    let questions = asked(&bench);
    assert_eq!(questions.len(), 4);
    let back = |host: &str| {
        let mut found = questions.iter();
        found
            .find(|(of, _, query)| of.as_str() == host && query.reverse)
            .unwrap()
    };
    let on = |host: &str| {
        let mut found = questions.iter();
        found
            .find(|(of, _, query)| of.as_str() == host && !query.reverse)
            .unwrap()
    };
    let until = back("web-1").2.until.clone();
    assert_eq!(until, Some(format!("@{}.999999", wanted - 1)));
    assert_eq!(on("web-1").2.since, Some(format!("@{wanted}.000000")));
    assert_eq!(
        on("web-1").2.lines,
        None,
        "journalctl would take the last ones"
    );
    // The slower host's entries go in before what is shown already, and are shown then.
    let page: Vec<i64> = (0..1_001).map(|n| 1_010 + n).collect();
    bench.answer(on("web-1"), &page);
    let stopped = bench
        .next
        .iter()
        .any(|next| matches!(next, Next::Do(Effect::Stop(stream)) if *stream == on("web-1").1));
    assert!(stopped, "a page is enough");
    assert_eq!(bench.selected(), "web-1 at 1010");
    bench.answer(back("web-1"), &[999, 998, 997]);
    bench.end(back("web-1"));
    bench.answer(on("data-1"), &[1_005, 1_006, 5_000]);
    bench.end(on("data-1"));
    bench.end(back("data-1"));
    assert_eq!(bench.selected(), "data-1 at 1005");
    let screen = bench.screen();
    assert!(
        screen.lines().nth(1).unwrap().contains("data-1 at 1005"),
        "{screen}"
    );
    assert!(
        screen.contains("past, frozen") && !screen.contains("new"),
        "{screen}"
    );
    // Backwards what was asked for first, forwards the next page of who has more.
    bench.act("list.up");
    assert_eq!(bench.selected(), "web-1 at 999");
    assert!(asked(&bench).iter().all(|(_, _, query)| query.reverse));
    bench.line("at", "-71000s");
    assert_eq!(bench.selected(), "web-1 at 2000");
    let more = asked(&bench);
    assert_eq!(more.len(), 1, "{more:?}");
    let (host, _, query) = &more[0];
    assert_eq!((host.as_str(), query.since.as_ref()), ("web-1", None));
    assert_eq!(query.cursor.as_deref(), Some("web-1-2010"));
    bench.answer(&more[0], &[2_010, 2_011, 4_000]);
    bench.end(&more[0]);
    let held = bench.shown();
    assert_eq!(
        held.iter().filter(|text| *text == "web-1 at 2010").count(),
        1
    );
    assert_eq!(held.last().unwrap(), "data-1 at 5000");
    // Beyond all that there is the present goes on.
    for _ in 0..200 {
        bench.act("list.page-down");
        if bench.followed().is_some() {
            break;
        }
    }
    let query = bench.followed().unwrap();
    assert_eq!((query.since, query.lines), (None, Some(500)));
}

#[test]
fn the_usual_keys_lead_from_the_past_to_the_present() {
    for key in ["logs.follow", "list.bottom"] {
        let mut bench = six_hours();
        bench.now = Timestamp::from_second(START + 90_000).unwrap();
        bench.line("at", "-30h");
        let questions = asked(&bench);
        assert_eq!(questions.len(), 2);
        bench.answer(&questions[1], &[-17_000, -16_000]);
        bench.end(&questions[1]);
        assert_eq!(bench.selected(), "web-1 at -17000");
        bench.act(key);
        assert!(bench.followed().is_some(), "{key}");
        assert!(bench.screen().contains("following"), "{}", bench.screen());
    }
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
