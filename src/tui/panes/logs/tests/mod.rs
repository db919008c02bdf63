//! The pane driven by actions and news, without a host.

mod back;
mod bench;
mod folds;
mod hand_over;
mod panels;
mod several;
mod strip;
mod times;

use super::*;
use crate::{
    config::{Destination, Environment},
    logs::{Gap, LogEvent},
    problem::{Exit, Problem},
    tui::{
        actions::{ACTIONS, Context},
        model::{Ids, Preferences, World},
        msg::{Reply, StreamId, StreamMsg},
        panes::ScreenId,
        view::Painter,
    },
};
use bench::{BOTH, Bench, START};
use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect};
use std::{collections::VecDeque, sync::Arc};

#[test]
fn what_it_looks_like() {
    for size in [(40, 10), (80, 21), (120, 37), (200, 57)] {
        let mut bench = Bench::new(&BOTH, size);
        insta::assert_snapshot!(format!("loading_{}x{}", size.0, size.1), bench.screen());
        bench.flow(30);
        for host in BOTH {
            bench.event(LogEvent::Live(HostId::new(host)));
        }
        bench.event(LogEvent::Gap(Gap {
            host: HostId::new("web-1"),
            from: START * 1_000_000,
            to: START * 1_000_000 + 60_000_000,
            why: "the journal was rotated".into(),
        }));
        insta::assert_snapshot!(format!("following_{}x{}", size.0, size.1), bench.screen());
        bench.act("logs.wrap");
        bench.act("list.up");
        bench.act("list.up");
        bench.flow(5);
        bench.line("search", "timeout");
        insta::assert_snapshot!(format!("searched_{}x{}", size.0, size.1), bench.screen());
        bench.act("open");
        insta::assert_snapshot!(format!("entry_{}x{}", size.0, size.1), bench.screen());
    }
}

#[test]
fn a_broken_link_and_an_empty_journal_are_told_apart() {
    let mut bench = Bench::new(&["web-1"], (60, 6));
    let problem = Problem::new(
        "ssh",
        "unreachable",
        Exit::Unreachable,
        "no route to 10.0.0.1",
    )
    .on("web-1")
    .hint("check the network");
    bench.event(LogEvent::Down(HostId::new("web-1"), problem));
    insta::assert_snapshot!("down", bench.screen());
    bench.event(LogEvent::Live(HostId::new("web-1")));
    insta::assert_snapshot!("nothing", bench.screen());
}

#[test]
fn following_stops_on_scrolling_up_and_goes_on_at_the_end() {
    let mut bench = Bench::new(&BOTH, (100, 11));
    bench.flow(50);
    assert!(bench.screen().contains("(49)"));
    bench.act("list.up");
    let before = bench.screen();
    bench.flow(5);
    let after = bench.screen();
    assert!(after.contains("+5 new"), "{after}");
    assert_eq!(
        before.lines().skip(1).collect::<Vec<_>>(),
        after.lines().skip(1).collect::<Vec<_>>()
    );
    bench.act("list.bottom");
    assert!(bench.screen().contains("following"));
    bench.tell(PaneMsg::Mouse(Mouse::Wheel(-3)));
    assert!(bench.screen().contains("scrolled"));
}

#[test]
fn frozen_the_view_stands_still_and_the_end_is_where_it_was() {
    let mut bench = Bench::new(&BOTH, (100, 11));
    bench.flow(50);
    bench.act("logs.freeze");
    bench.flow(1_204);
    let screen = bench.screen();
    assert!(
        screen.contains("frozen") && screen.contains("+1,204 new"),
        "{screen}"
    );
    bench.act("list.bottom");
    assert!(bench.screen().contains("(49)"));
    assert_eq!(bench.state().held.store().len(), 1_254);
    bench.act("logs.freeze");
    assert!(bench.screen().contains("(1203)"));
}

#[test]
fn search_goes_from_hit_to_hit_and_counts() {
    let mut bench = Bench::new(&BOTH, (100, 11));
    bench.flow(30);
    bench.line("search", "timeout");
    assert!(bench.screen().contains("hit 10/10"), "{}", bench.screen());
    bench.act("logs.next");
    assert!(bench.screen().contains("hit 1/10"));
    bench.act("logs.next");
    assert!(bench.screen().contains("hit 2/10"));
    bench.act("logs.previous");
    bench.act("logs.previous");
    assert!(bench.screen().contains("hit 10/10"));
    // New entries are searched as they come.
    bench.flow(3);
    assert!(bench.screen().contains("hit 10/11"));
    bench.act("back");
    assert!(matches!(bench.next[..], [Next::Taken, Next::Dirty]));
    assert!(bench.state().held.searched().is_empty());
    // Typing that is cancelled leaves everything as it was.
    bench.act("logs.search");
    bench.tell(PaneMsg::Line {
        kind: "search",
        text: Some("GET".into()),
        done: false,
    });
    assert!(!bench.state().held.searched().is_empty());
    bench.tell(PaneMsg::Line {
        kind: "search",
        text: None,
        done: true,
    });
    assert!(bench.state().held.searched().is_empty());
}

#[test]
fn filters_add_up_and_are_dropped_together() {
    let mut bench = Bench::new(&BOTH, (100, 11));
    bench.flow(30);
    bench.act("logs.filter-in");
    bench.line("filter", "host:web-1");
    assert_eq!(bench.state().held.len(), 15);
    bench.act("logs.filter-out");
    bench.line("exclude", "timeout");
    assert_eq!(bench.filters(), ["& host:web-1", "! timeout"]);
    assert_eq!(bench.state().held.len(), 10);
    bench.act("logs.filter-out");
    bench.line("exclude", "hots:x");
    let wrong = bench.next.iter().find_map(|next| match next {
        Next::Wrong(span, message) => Some((span.clone(), message.clone())),
        _ => None,
    });
    let (span, message) = wrong.unwrap();
    assert_eq!((span, message.contains("`host`")), (0..4, true));
    bench.tell(PaneMsg::Line {
        kind: "exclude",
        text: None,
        done: true,
    });
    bench.act("logs.clear");
    assert!(bench.filters().is_empty());
    while bench.state().held.busy() {
        bench.tell(PaneMsg::Clock);
    }
    assert_eq!(bench.state().held.len(), 30);
}

#[test]
fn what_hosts_are_asked_for_starts_anew_and_makes_the_command_line() {
    let mut bench = Bench::new(&BOTH, (100, 11));
    bench.flow(30);
    let old = bench.stream;
    bench.tell(PaneMsg::Picked {
        kind: "priority",
        value: "3".into(),
    });
    let stopped = matches!(&bench.next[0], Next::Do(Effect::Stop(id)) if *id == old);
    assert!(stopped && bench.stream != old);
    // What still comes from before is not taken.
    let entry = bench.entry("web-1", "late");
    bench.tell(PaneMsg::Stream(
        old,
        StreamMsg::Event(LogEvent::Entries(vec![entry])),
    ));
    assert_eq!(bench.state().held.len(), 0);
    bench.tell(PaneMsg::Picked {
        kind: "unit",
        value: "nginx.service".into(),
    });
    bench.tell(PaneMsg::Picked {
        kind: "host",
        value: "web-1".into(),
    });
    bench.line("since", "-2h");
    let line = cli(bench.state(), &bench.ctx()).unwrap();
    assert_eq!(
        line,
        "qd -e production --host web-1 logs nginx.service -p 3 --since -2h -f"
    );
    bench.line("since", "sometime");
    assert!(matches!(&bench.next[0], Next::Wrong(span, _) if *span == (0..8)));
    bench.act("logs.clear");
    let line = cli(bench.state(), &bench.ctx()).unwrap();
    assert_eq!(line, "qd -e production --host web-1 logs -f");
    bench.tell(PaneMsg::Picked {
        kind: "boot",
        value: "-1".into(),
    });
    let asked = bench.next.iter().any(|next| {
        matches!(next, Next::Do(Effect::Fetch(_, _, hosts, query))
            if hosts.len() == 1 && query.reverse && query.boot.as_deref() == Some("-1"))
    });
    assert!(asked);
    assert_eq!(
        cli(bench.state(), &bench.ctx()).unwrap(),
        "qd -e production --host web-1 logs -b -1"
    );
}

#[test]
fn an_entrys_fields_narrow_the_list() {
    let mut bench = Bench::new(&BOTH, (100, 16));
    bench.flow(30);
    bench.act("open");
    let (request, cursor) = bench
        .next
        .iter()
        .find_map(|next| match next {
            Next::Do(Effect::Fields(_, request, _, cursor)) => Some((*request, cursor.clone())),
            _ => None,
        })
        .unwrap();
    assert_eq!(cursor, "data-1-30");
    let mut fields = save::fields(&bench.state().entry().unwrap());
    fields.push(("_TRANSPORT".into(), b"stdout".to_vec()));
    fields.push(("BLOB".into(), vec![0xff, 0x00]));
    bench.tell(PaneMsg::Reply(request, Ok(Reply::Fields(fields))));
    let screen = bench.screen();
    assert!(
        screen.contains("_TRANSPORT") && screen.contains("10 fields"),
        "{screen}"
    );
    // The message takes two lines, the priority one.
    for _ in 0..3 {
        bench.act("list.down");
    }
    bench.act("entry.filter-in");
    assert_eq!(bench.filters(), ["& id:=nginx"]);
    bench.act("open");
    let (request, _) = ask_fields(&bench.state().entry().unwrap(), &bench.ctx());
    // An answer to another question is none.
    let other = vec![("X".to_owned(), b"y".to_vec())];
    bench.tell(PaneMsg::Reply(request, Ok(Reply::Fields(other))));
    assert!(!bench.screen().contains("1 fields"));
    bench.act("back");
    assert!(bench.state().detail.is_none());
}

#[test]
fn what_is_shown_is_saved_in_three_ways() {
    let mut bench = Bench::new(&BOTH, (100, 16));
    bench.flow(3);
    let hostile = bench.entry("web-1", "``` \u{1b}[31m red\nsecond");
    bench.event(LogEvent::Entries(vec![hostile]));
    let saved = |bench: &mut Bench, name: &str| {
        bench.line("save", name);
        match &bench.next[0] {
            Next::Do(Effect::Save(path, bytes)) => {
                assert_eq!(path.to_str(), Some(name));
                String::from_utf8(bytes.clone()).unwrap()
            }
            other => panic!("{other:?}"),
        }
    };
    let text = saved(&mut bench, "a.log");
    assert_eq!(text.lines().count(), 4);
    assert!(!text.contains('\u{1b}'));
    let json = saved(&mut bench, "a.json");
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(last["MESSAGE"], "``` \u{1b}[31m red\nsecond");
    assert_eq!(last["_QD_HOST"], "web-1");
    let markdown = saved(&mut bench, "a.md");
    assert!(markdown.contains("`qd -e production logs --since @") && markdown.ends_with("````\n"));
}

#[test]
fn being_behind_is_said_while_it_is_so() {
    let mut bench = Bench::new(&["web-1"], (100, 6));
    bench.event(LogEvent::Live(HostId::new("web-1")));
    let entry = bench.entry("web-1", "late news");
    bench.now = Timestamp::from_second(START + 5).unwrap();
    bench.event(LogEvent::Entries(vec![entry]));
    assert!(
        bench.screen().contains("5.0 s behind"),
        "{}",
        bench.screen()
    );
    let until = wake(bench.state(), &bench.ctx()).unwrap();
    bench.now = until;
    assert!(!bench.screen().contains("behind"));
    assert_eq!(
        wake(bench.state(), &bench.ctx()),
        None,
        "idle nothing wakes us"
    );
}

#[test]
fn a_wrong_clock_is_said_and_reckoned_with() {
    let mut bench = Bench::new(&["web-1"], (100, 6));
    bench.event(LogEvent::Live(HostId::new("web-1")));
    let host = HostId::new("web-1");
    let state = bench.state.as_mut().unwrap();
    state.intake.skew(&host, -30_000_000);
    let entry = bench.entry("web-1", "news by a slow clock");
    bench.now = Timestamp::from_second(START + 30).unwrap();
    bench.event(LogEvent::Entries(vec![entry]));
    let screen = bench.screen();
    assert!(screen.contains("clock of web-1 30 s behind"), "{screen}");
    assert!(
        !screen.contains(" s behind │ catching") && bench.state().intake.lag(bench.now).is_none()
    );
}

#[test]
fn what_systemd_says_of_a_unit_can_be_narrowed_to_systemd() {
    let mut bench = Bench::new(&["web-1"], (100, 12));
    bench.flow(3);
    bench.act("open");
    let entry = bench.state().entry().unwrap();
    let mut fields = save::fields(&entry);
    fields.retain(|(name, _)| name == "MESSAGE");
    fields.push(("_SYSTEMD_UNIT".into(), b"init.scope".to_vec()));
    let request = bench.next.iter().find_map(|next| match next {
        Next::Do(Effect::Fields(_, request, ..)) => Some(*request),
        _ => None,
    });
    bench.tell(PaneMsg::Reply(request.unwrap(), Ok(Reply::Fields(fields))));
    bench.act("list.bottom");
    bench.act("entry.filter-in");
    let asked = bench.next.iter().any(|next| {
        matches!(next, Next::Do(Effect::Follow(_, _, _, query))
            if query.matches == ["_SYSTEMD_UNIT=init.scope"])
    });
    assert!(asked);
}

#[test]
fn every_action_of_the_table_does_something() {
    for action in ACTIONS.iter().filter(|a| a.context == Context::Logs) {
        let mut bench = Bench::new(&BOTH, (100, 11));
        bench.flow(5);
        bench.line("search", "GET");
        bench.tell(PaneMsg::Action(action.id));
        assert!(!bench.next.is_empty(), "{}", action.id);
    }
}

proptest! {
    #[test]
    fn no_storm_breaks_it(
        steps in proptest::collection::vec((0usize..40, 0u16..90, 0u16..30), 1..60),
    ) {
        let mut bench = Bench::new(&BOTH, (80, 21));
        let ids: Vec<&'static str> = ACTIONS
            .iter()
            .filter(|a| matches!(a.context, Context::Logs | Context::List | Context::Entry))
            .map(|a| a.id)
            .chain(["open", "back"])
            .collect();
        for (what, x, y) in steps {
            match what {
                0 => bench.size = (x, y),
                1 => bench.flow(usize::from(x)),
                2 => bench.line("filter", "prio:<=4"),
                3 => bench.line("search", "timeout"),
                4 => bench.tell(PaneMsg::Mouse(Mouse::Wheel(i32::from(x) - 40))),
                5 => bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Row(usize::from(y))))),
                6 => bench.tell(PaneMsg::Shown),
                7 => bench.tell(PaneMsg::Clock),
                n => bench.act(ids[(n + usize::from(x)) % ids.len()]),
            }
            bench.screen();
            let state = bench.state();
            let visible = state.here.visible(&state.held);
            prop_assert!(visible <= state.held.len());
            prop_assert!(state.here.at(&state.held) < visible.max(1));
            let mut out = String::new();
            plain(state, &bench.ctx(), &mut out);
            let escape = out.contains('\u{1b}');
            prop_assert!(!escape);
        }
    }
}
