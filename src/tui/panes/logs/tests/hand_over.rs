//! Marks, chosen rows, excerpts; messages that are data.

use super::*;
use crate::tui::incident::{Finding, What};

fn found(bench: &Bench) -> Vec<Finding> {
    let found = bench.next.iter().filter_map(|next| match next {
        Next::Found(finding) => Some(finding.clone()),
        _ => None,
    });
    found.collect()
}

fn copied(bench: &Bench) -> (String, String) {
    let copied = bench.next.iter().find_map(|next| match next {
        Next::Do(Effect::Copy(text, what)) => Some((text.clone(), what.clone())),
        _ => None,
    });
    copied.unwrap()
}

#[test]
fn marks_have_notes_and_are_gone_to() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(60);
    for row in [3, 20, 40] {
        bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Row(row))));
        bench.act("logs.mark");
        assert_eq!(found(&bench).len(), 1);
    }
    bench.act("logs.note");
    bench.line("note", "here it began");
    assert!(matches!(&found(&bench)[0].what, What::Mark { note, .. } if note == "here it began"));
    bench.act("logs.previous-mark");
    assert!(bench.selected().ends_with("(20)"), "{}", bench.selected());
    bench.act("logs.previous-mark");
    bench.act("logs.previous-mark");
    assert!(bench.said()[0].contains("no mark before"));
    bench.act("logs.marks");
    insta::assert_snapshot!("marks_100x21", bench.screen());
    bench.act("list.bottom");
    bench.act("open");
    assert!(bench.selected().ends_with("(40)"));
    bench.act("panel.remove");
    assert_eq!(bench.state().marks.all().count(), 2);
    bench.act("back");
    // The mark stays on its entry when all is asked anew, and is found by its time.
    bench.act("list.top");
    bench.act("logs.next-mark");
    assert!(bench.selected().ends_with("(3)"));
    bench.line("filter", "nothing has this");
    bench.act("logs.marks");
    bench.act("open");
    assert!(bench.said().iter().any(|s| s.contains("not shown")));
}

#[test]
fn the_command_line_asks_for_all_that_the_hosts_were_asked_for() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.act("logs.filter-in");
    bench.line("filter", "timeout field:_UID=0");
    bench.act("logs.filter-out");
    bench.line("exclude", "it's fine");
    bench.act("logs.filter-in");
    bench.line("filter", "field:CODE=a b");
    bench.line("since", "-2h");
    assert_eq!(
        cli(bench.state(), &bench.ctx()).unwrap(),
        "qd -e production logs --since -2h --filter timeout --filter-out 'it'\\''s fine' \
         --filter b -f _UID=0 CODE=a"
    );
}

#[test]
fn what_is_chosen_is_copied_in_four_forms() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(30);
    bench.act("logs.filter-out");
    bench.line("exclude", "timeout");
    bench.act("list.up");
    bench.act("logs.choose");
    bench.act("list.up");
    bench.act("list.up");
    assert!(bench.screen().contains("3 chosen"), "{}", bench.screen());
    let (lines, what) = copy(bench.state(), &bench.ctx(), false).unwrap();
    assert_eq!((lines.lines().count(), what.as_str()), (3, "3 lines"));
    let (json, _) = copy(bench.state(), &bench.ctx(), true).unwrap();
    for line in json.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["MESSAGE"].is_string() && value["__CURSOR"].is_string());
    }
    bench.act("logs.copy-as");
    bench.tell(PaneMsg::Picked {
        kind: "copy-as",
        value: "markdown".into(),
    });
    let (markdown, what) = copied(&bench);
    insta::assert_snapshot!(markdown);
    assert_eq!(what, "3 entries as markdown");
    assert!(bench.state().choice.is_none());
    // Nothing chosen: the selected entry.
    bench.tell(PaneMsg::Picked {
        kind: "copy-as",
        value: "messages".into(),
    });
    assert_eq!(copied(&bench).0.lines().count(), 1);
}

#[test]
fn the_mouse_chooses_by_dragging_and_a_click_ends_it() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(30);
    bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Row(15))));
    bench.tell(PaneMsg::Mouse(Mouse::Drag(Hit::Row(15))));
    assert!(bench.state().choice.is_none(), "the hand is not steady");
    for row in 16..20 {
        bench.tell(PaneMsg::Mouse(Mouse::Drag(Hit::Row(row))));
    }
    assert_eq!(bench.state().chosen(), Some(15..20));
    // It stays on its rows while others come.
    bench.flow(5);
    assert_eq!(bench.state().chosen(), Some(15..20));
    bench.act("back");
    assert!(bench.state().choice.is_none());
    bench.tell(PaneMsg::Mouse(Mouse::Drag(Hit::Row(12))));
    bench.tell(PaneMsg::Mouse(Mouse::Click(Hit::Row(3))));
    assert!(bench.state().choice.is_none());
}

#[test]
fn an_excerpt_says_how_to_see_it_again() {
    let mut bench = Bench::new(&BOTH, (100, 21));
    bench.flow(9);
    bench.act("list.top");
    bench.act("logs.choose");
    bench.act("list.down");
    bench.act("logs.excerpt");
    let found = found(&bench);
    let What::Excerpt { command, body, .. } = &found[0].what else {
        panic!("{found:?}");
    };
    assert_eq!(
        command,
        "qd -e production logs --since @1795000000.001000 --until @1795000000.002000"
    );
    assert_eq!(body.lines().count(), 2);
}

#[test]
fn data_in_messages_is_laid_out_and_shown_by_columns() {
    let mut bench = Bench::new(&["web-1"], (100, 21));
    for n in 0..8 {
        let message = match n % 4 {
            0 => format!(r#"{{"level":"warn","msg":"slow query","ms":{}}}"#, 800 + n),
            1 => format!("level=info msg=\"render page\" ms={n}"),
            2 => r#"{"level":"info","msg":"request"}"#.to_owned(),
            _ => "plain text".to_owned(),
        };
        let entry = bench.entry("web-1", &message);
        bench.event(LogEvent::Entries(vec![entry]));
    }
    bench.act("logs.columns");
    assert!(bench.screen().contains("level"), "{}", bench.screen());
    // The most frequent first: level, msg, ms.
    bench.act("list.down");
    bench.act("list.down");
    bench.act("open");
    bench.act("list.up");
    bench.act("open");
    insta::assert_snapshot!("columns_100x21", bench.screen());
    bench.act("panel.switch");
    bench.act("back");
    bench.act("list.up");
    bench.act("list.up");
    bench.act("list.up");
    assert!(bench.selected().starts_with('{'), "copies are as they came");
    bench.act("open");
    assert!(bench.screen().contains("\"ms\": 804"), "{}", bench.screen());
    bench.act("entry.pretty");
    assert!(!bench.screen().contains("\"ms\": 804"));
}

#[test]
fn what_systemd_tells_of_units_stands_out() {
    let mut bench = Bench::new(&["web-1"], (100, 8));
    for message in [
        "Started a.service - A.",
        "a.service: Failed with result 'exit-code'.",
    ] {
        let mut entry = bench.entry("web-1", message);
        entry.identifier = Some(Arc::from("systemd"));
        bench.event(LogEvent::Entries(vec![entry]));
    }
    let area = Rect::new(0, 0, 100, 8);
    let mut buffer = Buffer::empty(area);
    let mut hits = Vec::new();
    let theme = &bench.preferences.theme;
    let mut painter = Painter::new(&mut buffer, &mut hits, theme);
    view(
        bench.state(),
        &mut Cache::default(),
        &bench.ctx(),
        area,
        &mut painter,
    );
    use crate::tui::theme::Role;
    for (y, role) in [(1, Role::Good), (2, Role::Bad)] {
        let wanted = theme.style(role).fg.unwrap_or_default();
        let cells = (0..100).filter(|x| buffer[(*x, y)].fg == wanted).count();
        assert!(cells > 15, "line {y}");
    }
}
