//! Every widget in every size, and what it looks like in the usual ones.

use super::{
    dialog::{Dialog, Field},
    graph,
    list::ListState,
    log::{Emphasis, LogRow, LogStyle, TimeFormat},
    prompt::Prompt,
    secret::SecretInput,
    table::{self, Column},
    text_view::{Line, TextView},
    toast,
};
use crate::{
    filter::Filter,
    logs::{Entry, Gap},
    remote::HostId,
    tui::{
        theme::{ASCII, Definition, Depth, Role, Theme, UNICODE},
        view::Painter,
    },
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect};
use std::{fmt::Write, sync::Arc};

const COLUMNS: [Column; 5] = [
    Column {
        title: "host",
        min: 6,
        ideal: 12,
        rank: 2,
        right: false,
    },
    Column {
        title: "unit",
        min: 10,
        ideal: 40,
        rank: 0,
        right: false,
    },
    Column {
        title: "state",
        min: 8,
        ideal: 14,
        rank: 1,
        right: false,
    },
    Column {
        title: "memory",
        min: 8,
        ideal: 8,
        rank: 3,
        right: true,
    },
    Column {
        title: "description",
        min: 10,
        ideal: u16::MAX,
        rank: 4,
        right: false,
    },
];

const ROWS: [[&str; 5]; 4] = [
    [
        "web-1",
        "nginx.service",
        "failed",
        "12.0M",
        "Nginx Web Server",
    ],
    [
        "web-1",
        "世界-container.service",
        "running",
        "1.5G",
        "容器 with wide glyphs e\u{301}",
    ],
    [
        "data-1",
        "a-very-long-unit-name-that-goes-on-and-on.service",
        "running",
        "",
        "Long",
    ],
    ["data-1", "backup.timer", "waiting", "", "Nightly backup"],
];

fn theme(ascii: bool) -> Theme {
    let glyphs = if ascii { &ASCII } else { &UNICODE };
    Theme::new(&Definition::default(), Depth::True, glyphs)
}

fn paint(width: u16, height: u16, ascii: bool, draw: impl FnOnce(&mut Painter, Rect)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let mut hits = Vec::new();
    let theme = theme(ascii);
    let mut painter = Painter::new(&mut buffer, &mut hits, &theme);
    draw(&mut painter, area);
    for (rect, _) in hits {
        assert_eq!(
            rect.intersection(area),
            rect,
            "clicks land where something is drawn"
        );
    }
    text_of(&buffer)
}

fn text_of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
            }
            skip = skip
                .max(unicode_width::UnicodeWidthStr::width(symbol))
                .saturating_sub(1);
        }
        writeln!(out, "{}", line.trim_end()).unwrap();
    }
    out
}

fn draw_table(painter: &mut Painter, area: Rect, left: usize) {
    let keys: Vec<usize> = (0..ROWS.len()).collect();
    let mut list = ListState::default();
    list.sort = Some((1, true));
    list.settle(&keys, table::height(area));
    list.act("list.mark", &keys, table::height(area));
    for _ in 0..left {
        list.act("list.right", &keys, table::height(area));
    }
    table::draw(
        painter,
        area,
        &COLUMNS,
        &keys,
        &list,
        |row, column, cell| {
            cell.text.push_str(ROWS[row][column]);
            cell.found = Filter::parse("container").unwrap().highlights(&cell.text);
        },
    );
}

fn entry(priority: u8, message: &str) -> Entry {
    Entry {
        host: HostId::new("web-1"),
        cursor: Arc::from("c"),
        realtime: 1_795_000_000_123_456,
        monotonic: 0,
        boot: 1,
        priority,
        unit: Some(Arc::from("nginx.service")),
        identifier: Some(Arc::from("nginx")),
        pid: Some(4_242),
        message: Arc::from(message.as_bytes()),
        cut_from: None,
        told: None,
    }
}

fn draw_log(painter: &mut Painter, area: Rect, wrap: bool, left: usize, time: TimeFormat) {
    let hostile = "\u{1b}[31mred\u{1b}]52;c;AAAA\u{7} bell";
    let entries = [
        entry(
            6,
            "GET /index.html 200 in 12 ms, served to a client far away over a slow and lossy link",
        ),
        entry(
            3,
            "upstream timed out\n  while connecting to 10.0.0.7:8080\n  世界 wide",
        ),
        entry(4, hostile),
    ];
    let gap = Gap {
        host: HostId::new("web-1"),
        from: 1_795_000_000_000_000,
        to: 1_795_000_060_000_000,
        why: "the journal was rotated".into(),
    };
    let search = Filter::parse("time").unwrap();
    let style = LogStyle {
        time,
        times: true,
        zone: &TimeZone::UTC,
        now: Timestamp::from_second(1_795_000_300).unwrap(),
        host: 6,
        wrap,
        left,
        found: &[(&search, Role::Found)],
    };
    let rows = entries.iter().map(LogRow::Entry).chain([LogRow::Gap(&gap)]);
    let mut y = area.y;
    for (n, row) in rows.enumerate() {
        let height = style.height(row, area.width);
        if y >= area.bottom() {
            return;
        }
        let how = Emphasis {
            selected: n == 1,
            ..Emphasis::default()
        };
        let place = Rect::new(area.x, y, area.width, height.min(area.bottom() - y));
        style.draw(painter, place, row, 0, how);
        y += height;
    }
}

fn draw_prompt(painter: &mut Painter, area: Rect) {
    let input = tui_input::Input::new("hots:web 世界".to_owned());
    let offers: Vec<String> = ["host", "help", "hosts-of-the-whole-environment"]
        .map(Into::into)
        .into();
    Prompt {
        label: "&",
        input: &input,
        error: Some((&(0..4), "there is no field `hots`: did you mean `host`?")),
        note: "3 of 120",
        offers: &offers,
        taken: Some(1),
    }
    .draw(painter, area);
}

fn draw_dialog(painter: &mut Painter, area: Rect) {
    let mut secret = SecretInput::default();
    secret.paste("hunter2".into());
    Dialog {
        title: "restart nginx.service on web-1",
        role: Role::Warning,
        lines: &[
            (Role::Text, "systemctl restart nginx.service".into()),
            (Role::Muted, "Connections that are open will be cut; it takes about two seconds until new ones are served.".into()),
        ],
        scroll: 0,
        field: Some(Field::Hidden("passphrase of ~/.ssh/id_ed25519:", &secret)),
        buttons: &[("Cancel", true), ("Restart", true)],
        focus: 0,
    }
    .draw(painter, area);
}

fn draw_text(painter: &mut Painter, area: Rect) {
    let lines = [
        Line::tree(0, Some(true), "nginx.service"),
        Line::tree(1, Some(false), "requires"),
        Line::tree(
            2,
            None,
            "network-online.target with a long description 世界",
        ),
        Line::plain("[Unit]"),
    ];
    let mut view = TextView::default();
    view.search(
        Filter::parse("net").unwrap(),
        &lines,
        usize::from(area.height),
    );
    view.draw(painter, area, &lines);
}

#[test]
fn tables_in_the_usual_widths() {
    for width in [40, 80, 120] {
        let shown = paint(width, 6, false, |p, area| draw_table(p, area, 0));
        insta::assert_snapshot!(format!("table_{width}"), shown);
    }
    let scrolled = paint(60, 6, true, |p, area| draw_table(p, area, 2));
    insta::assert_snapshot!("table_scrolled_ascii", scrolled);
}

#[test]
fn logs_wrapped_and_scrolled() {
    for width in [40, 80, 120] {
        let shown = paint(width, 10, false, |p, area| {
            draw_log(p, area, true, 0, TimeFormat::Short)
        });
        insta::assert_snapshot!(format!("log_wrapped_{width}"), shown);
    }
    let scrolled = paint(80, 6, false, |p, area| {
        draw_log(p, area, false, 16, TimeFormat::Millis)
    });
    insta::assert_snapshot!("log_scrolled", scrolled);
    for time in [TimeFormat::Iso, TimeFormat::Utc, TimeFormat::Relative] {
        let shown = paint(100, 4, true, |p, area| draw_log(p, area, false, 0, time));
        insta::assert_snapshot!(format!("log_{}", time.name()), shown);
    }
}

#[test]
fn prompts_dialogs_and_the_rest() {
    insta::assert_snapshot!("prompt", paint(60, 8, false, draw_prompt));
    insta::assert_snapshot!("dialog", paint(80, 16, false, draw_dialog));
    insta::assert_snapshot!("dialog_small_ascii", paint(40, 8, true, draw_dialog));
    insta::assert_snapshot!("text", paint(40, 5, false, draw_text));
    let say = |p: &mut Painter, area: Rect| {
        toast::draw(p, area, Role::Good, "nginx.service restarted on web-1")
    };
    insta::assert_snapshot!("toast", paint(60, 6, false, say));
    let graphs = |p: &mut Painter, area: Rect| {
        let style = p.theme.style(Role::Good);
        graph::spark(
            p,
            (0, 0),
            area.width,
            &[0.0, 0.01, 0.2, 0.5, 0.8, 1.0, f32::NAN, 7.0],
            style,
        );
        graph::gauge(p, (0, 1), area.width, 0.42, style);
    };
    insta::assert_snapshot!("graphs", paint(12, 2, false, graphs));
    insta::assert_snapshot!("graphs_ascii", paint(12, 2, true, graphs));
}

#[test]
fn secrets_look_the_same_whatever_they_are() {
    let look = |secret: &str| {
        let mut input = SecretInput::default();
        input.paste(secret.into());
        paint(20, 1, false, |p, area| input.draw(p, area))
    };
    assert_eq!(look("a"), look(&"long".repeat(100)));
}

#[test]
fn narrow_tables_keep_the_most_important_columns() {
    let names = |width| {
        let widths = table::widths(&COLUMNS, width);
        let shown = COLUMNS.iter().zip(&widths).filter(|(_, w)| **w > 0);
        shown.map(|(c, _)| c.title).collect::<Vec<_>>()
    };
    assert_eq!(names(5), ["unit"]);
    assert_eq!(names(20), ["unit", "state"]);
    assert_eq!(names(30), ["host", "unit", "state"]);
    assert_eq!(
        names(80),
        ["host", "unit", "state", "memory", "description"]
    );
}

proptest! {
    #[test]
    fn nothing_panics_or_leaves_its_area(
        width in 0u16..70, height in 0u16..20, x in 0u16..6, y in 0u16..6,
        ascii: bool, wrap: bool, left in 0usize..40,
    ) {
        // A frame around the area must stay as it is.
        let whole = Rect::new(0, 0, 80, 30);
        let area = Rect::new(x, y, width, height);
        let theme = theme(ascii);
        let draws: [&dyn Fn(&mut Painter); 7] = [
            &|p| draw_table(p, area, left / 8),
            &|p| draw_log(p, area, wrap, left, TimeFormat::Short),
            &|p| draw_prompt(p, area),
            &|p| draw_dialog(p, area),
            &|p| draw_text(p, area),
            &|p| toast::draw(p, area, Role::Bad, "something happened 世界"),
            &|p| if height > 0 {
                let style = p.theme.style(Role::Good);
                graph::gauge(p, (x, y), width, 0.5, style);
            },
        ];
        for (n, draw) in draws.iter().enumerate() {
            let mut buffer = Buffer::empty(whole);
            let mut hits = Vec::new();
            draw(&mut Painter::new(&mut buffer, &mut hits, &theme));
            for cy in 0..whole.height {
                for cx in 0..whole.width {
                    let symbol = buffer[(cx, cy)].symbol();
                    if !area.contains((cx, cy).into()) {
                        prop_assert_eq!(symbol, " ", "widget {} at {},{}", n, cx, cy);
                    }
                    let escape = symbol.contains('\u{1b}');
                    prop_assert!(!escape);
                }
            }
            // And in a buffer smaller than what it is told.
            let mut tiny = Buffer::empty(Rect::new(0, 0, width / 2, height / 2));
            draw(&mut Painter::new(&mut tiny, &mut hits, &theme));
        }
    }
}
