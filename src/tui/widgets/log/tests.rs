//! Messages that are made to break a screen, shown by a terminal emulator.

use super::*;
use crate::{
    remote::HostId,
    tui::{
        render::Screen,
        theme::{ASCII, Definition, Depth, Theme, UNICODE},
    },
};
use proptest::prelude::*;
use std::sync::Arc;

const COLUMNS: u16 = 72;
const ROWS: u16 = 12;
/// Before the message.
const GUTTER: &str = " 19:33:20.123 I evil: ";

fn entry(message: &[u8]) -> Entry {
    Entry {
        host: HostId::new("web-1"),
        cursor: Arc::from("c"),
        realtime: 1_795_030_400_123_456,
        monotonic: 0,
        boot: 1,
        priority: 6,
        unit: None,
        identifier: Some(Arc::from("evil")),
        pid: None,
        message: Arc::from(message),
        cut_from: None,
        told: None,
    }
}

/// Notes what a terminal was asked to do that is none of our business.
#[derive(Default)]
struct Acts(Vec<String>);

impl vt100::Callbacks for Acts {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {data:?}"));
    }

    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".into());
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("control {byte}"));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        self.0.push(format!("osc {parameters:?}"));
    }
}

/// The lines of the screen, and how many bytes it took.
fn show(messages: &[Vec<u8>], wrap: bool, left: usize, ascii: bool) -> (Vec<String>, usize) {
    let theme = Theme::new(
        &Definition::default(),
        Depth::True,
        if ascii { &ASCII } else { &UNICODE },
    );
    let style = LogStyle {
        time: TimeFormat::Millis,
        times: true,
        zone: &TimeZone::UTC,
        now: Timestamp::UNIX_EPOCH,
        host: 0,
        wrap,
        left,
        found: &[],
    };
    let mut screen = Screen::new(Vec::new(), (COLUMNS, ROWS));
    let draw = |buffer: &mut ratatui::buffer::Buffer| {
        let (mut hits, area) = (Vec::new(), buffer.area);
        let mut painter = Painter::new(buffer, &mut hits, &theme);
        let mut y = area.y;
        for message in messages {
            let entry = entry(message);
            let height = style.height(LogRow::Entry(&entry), area.width);
            let place = Rect::new(0, y, area.width, height.min(area.bottom() - y));
            style.draw(
                &mut painter,
                place,
                LogRow::Entry(&entry),
                0,
                Emphasis::default(),
            );
            y += place.height;
        }
        None
    };
    screen.draw(theme.base(), draw).unwrap();
    let rows = ROWS.try_into().unwrap();
    let columns = COLUMNS.try_into().unwrap();
    let mut parser = vt100::Parser::new_with_callbacks(rows, columns, 0, Acts::default());
    parser.process(b"\x1b[?7l");
    parser.process(screen.out());
    assert_eq!(parser.callbacks().0, [""; 0]);
    if ascii && messages.iter().all(|message| message.is_ascii()) {
        assert!(screen.out().is_ascii());
    }
    let rows = parser.screen().rows(0, COLUMNS);
    let lines = rows.map(|row| row.trim_end().to_owned()).collect();
    (lines, screen.out().len())
}

/// Whatever it says, it stays in its own line, behind its own time.
fn holds(message: &[u8]) {
    for ascii in [false, true] {
        for (wrap, left) in [(false, 0), (false, 7), (false, 100_000), (true, 0)] {
            let messages = [b"before".to_vec(), message.to_vec(), b"after".to_vec()];
            let (lines, bytes) = show(&messages, wrap, left, ascii);
            let said = || format!("{wrap} {left} {lines:#?}");
            assert!(lines[0].starts_with(GUTTER.trim_end()), "{}", said());
            assert!(lines[1].starts_with(GUTTER.trim_end()), "{}", said());
            if !wrap {
                assert!(lines[2].starts_with(GUTTER.trim_end()), "{}", said());
                assert!(
                    lines[3..].iter().all(|line| line.trim().is_empty()),
                    "{}",
                    said()
                );
            }
            if left == 0 {
                assert_eq!(lines[0], format!("{GUTTER}before"), "{}", said());
            }
            // A few bytes a cell at most, of a message however long.
            let cells = usize::from(COLUMNS) * usize::from(ROWS);
            assert!(bytes < cells * 80, "{bytes}");
        }
    }
}

#[test]
fn messages_made_to_break_a_screen() {
    let long = 64 << 10;
    let messages: Vec<Vec<u8>> = vec![
        b"\x1b]0;title\x07\x1b]52;c;AAAA\x1b\\\x1b[2J\x1b[1;1Hhome\x07\x08\x08\x0e\x9b2J".to_vec(),
        "\u{9b}2J\u{9d}0;t\u{9c}\u{85}\u{2028}next".into(),
        "\u{202e}reversed \u{2066}isolated \u{200f}שלום עולם 123 \u{61c}مرحبا 456".into(),
        "👨‍👩‍👧‍👦 family ☺️ 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ﷽ ﷺ क्षि ཧཱུྃ 각".into(),
        "世界".repeat(long / 6).into(),
        "\u{1100}".repeat(long / 3).into(),
        format!("z{}", "\u{321}".repeat(long / 2)).into(),
        "👩\u{200d}".repeat(long / 7).into(),
        vec![0; long],
        vec![b'\t'; long],
        vec![b'\n'; long],
        vec![b'\r'; long],
        vec![b'x'; long],
        b"word ".repeat(long / 5),
        (0..long)
            .map(|n| u8::try_from(n * 7 % 256).unwrap())
            .collect(),
        b"\t\ttabs\tand\x00nul\xffbytes\xc3\x28".to_vec(),
    ];
    for message in messages {
        holds(&message);
    }
}

#[test]
fn what_is_hostile_is_shown() {
    let (lines, _) = show(&[b"a\tb\x1b[31m\xff\0".to_vec()], false, 0, false);
    // The emulator leaves a cell blank for what is no character.
    assert_eq!(lines[0], format!("{GUTTER}a       b␛[31m ␀"));
    let (lines, _) = show(&[b"a\tb\x1b[31m\0".to_vec()], false, 0, true);
    assert_eq!(lines[0], format!("{GUTTER}a       b^[[31m^@"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_come(message in prop::collection::vec(any::<u8>(), 0..400)) {
        holds(&message);
    }

    #[test]
    fn whatever_characters_come(
        message in "[\\PC\u{0}-\u{1f}\u{202e}\u{200d}\u{fe0f}\u{301}世👩🇩שم\u{1100}\u{1161}]{0,120}",
    ) {
        holds(message.as_bytes());
    }
}
