//! What is sent, told by a terminal emulator: any sequence of frames shows what drawing the last
//! one anew would show.

use super::Screen;
use crate::tui::{
    theme::{Definition, Depth, Theme, UNICODE},
    view::Painter,
};
use proptest::prelude::*;
use ratatui::{
    layout::Position,
    style::{Color, Modifier, Style},
};

/// A terminal that is drawn on.
struct Emulated {
    screen: Screen<Vec<u8>>,
    parser: vt100::Parser,
    read: usize,
    theme: Theme,
}

/// One line of a frame: its text and its style.
type Line = (String, Style);

impl Emulated {
    fn new(size: (u16, u16)) -> Emulated {
        Emulated {
            screen: Screen::new(Vec::new(), size),
            parser: parser(size),
            read: 0,
            theme: Theme::new(&Definition::default(), Depth::True, &UNICODE),
        }
    }

    /// Draws these lines; how many bytes that took.
    fn frame(&mut self, ground: Style, lines: &[Line], cursor: Option<Position>) -> usize {
        let theme = &self.theme;
        self.screen
            .draw(ground, |buffer| {
                let (mut hits, width) = (Vec::new(), buffer.area.width);
                let mut painter = Painter::new(buffer, &mut hits, theme);
                for (y, (text, style)) in (0..).zip(lines) {
                    painter.text(0, y, width, text, *style);
                }
                cursor
            })
            .unwrap();
        let out = self.screen.out();
        let new = &out[self.read..];
        self.parser.process(new);
        let bytes = new.len();
        self.read = out.len();
        bytes
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.screen.resize(size);
        // What the terminal makes of its lines is its own affair.
        self.parser = parser(size);
        self.parser
            .process(b"\x1b[H\x1b[2J\x1b[45;7mreflowed garbage that is wider than all");
    }

    fn look(&self) -> Vec<String> {
        look(self.parser.screen())
    }

    fn text(&self) -> String {
        self.parser.screen().contents()
    }
}

/// Each cell, and the cursor, as the terminal shows them.
pub(in crate::tui) fn look(screen: &vt100::Screen) -> Vec<String> {
    let (rows, columns) = screen.size();
    let mut out = Vec::new();
    for row in 0..rows.get() {
        let mut line = String::new();
        for column in 0..columns.get() {
            let cell = screen.cell(row, column).unwrap();
            let text = match cell.contents() {
                "" if !cell.is_wide_continuation() => " ",
                text => text,
            };
            line.push_str(text);
            // A blank looks the same in every colour of text.
            let fg = (text != " ").then(|| (cell.fgcolor(), cell.bold(), cell.dim()));
            if !cell.is_wide_continuation() {
                line += &format!(
                    "{fg:?}{:?}{}{}|",
                    cell.bgcolor(),
                    cell.inverse(),
                    cell.underline()
                );
            }
        }
        out.push(line);
    }
    let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
    out.push(format!("cursor {cursor:?}"));
    out
}

fn parser((columns, rows): (u16, u16)) -> vt100::Parser {
    let mut parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
    // As the console enters a terminal: its own screen, no wrapping.
    parser.process(b"\x1b[?1049h\x1b[?7l");
    parser
}

/// The same frame on a terminal that knows nothing.
fn anew(size: (u16, u16), ground: Style, lines: &[Line], cursor: Option<Position>) -> Vec<String> {
    let mut fresh = Emulated::new(size);
    fresh.frame(ground, lines, cursor);
    fresh.look()
}

fn numbered(range: std::ops::Range<u32>) -> Vec<Line> {
    range
        .map(|n| (format!("{n} {}", "lorem ipsum ".repeat(3)), Style::new()))
        .collect()
}

#[test]
fn nothing_new_is_nothing_sent() {
    let mut terminal = Emulated::new((40, 10));
    let cursor = Some(Position::new(3, 4));
    assert!(terminal.frame(Style::new(), &numbered(0..10), cursor) > 0);
    assert_eq!(terminal.frame(Style::new(), &numbered(0..10), cursor), 0);
    assert!(terminal.frame(Style::new(), &numbered(0..10), None) > 0);
    assert_eq!(terminal.frame(Style::new(), &numbered(0..10), None), 0);
    terminal.screen.forget();
    assert!(terminal.frame(Style::new(), &numbered(0..10), None) > 300);
}

#[test]
fn lines_that_move_are_not_sent_again() {
    let ground = Style::new().bg(Color::Rgb(10, 20, 30));
    let mut terminal = Emulated::new((80, 24));
    let page = |from: u32| {
        let mut lines = vec![("head".to_owned(), Style::new())];
        lines.extend(numbered(from..from + 22));
        lines.push((format!("foot {from}"), Style::new()));
        lines
    };
    terminal.frame(ground, &page(50), None);
    for from in [51, 54, 60, 59, 40, 39] {
        let bytes = terminal.frame(ground, &page(from), None);
        assert_eq!(terminal.look(), anew((80, 24), ground, &page(from), None));
        assert!(bytes < 100 + 20 * 90, "{from}: {bytes}");
        if from == 51 {
            assert!(bytes < 250, "one line: {bytes}");
        }
    }
    terminal.screen.set_scrolls(false);
    let bytes = terminal.frame(ground, &page(40), None);
    assert!(bytes > 200, "{bytes}");
    assert!(!terminal.screen.out().ends_with(b"\x1b[r"));
    assert_eq!(terminal.look(), anew((80, 24), ground, &page(40), None));
}

#[test]
fn text_that_terminals_measure_differently_stays_in_its_place() {
    // The emulator knows nothing of joined emoji: each is two columns to it.
    let mut terminal = Emulated::new((30, 3));
    let lines = |text: &str| vec![(format!("{text}| end"), Style::new())];
    for text in [
        "👨‍👩‍👧‍👦",
        "plain text",
        "🇩🇪é\u{301}\u{302}",
        "ﷺ",
        "क्षि",
        "☺️x",
        "世界",
        "\u{1100}\u{1100}\u{1161}",
    ] {
        let line = lines(text);
        terminal.frame(Style::new(), &line, None);
        let cells = terminal.screen.shown().clone();
        let end = (0..30).find(|x| cells[(*x, 0)].symbol() == "|").unwrap();
        let screen = terminal.parser.screen();
        let seen: String = (end..30)
            .map(|x| match screen.cell(0, x).unwrap().contents() {
                "" => " ",
                text => text,
            })
            .collect();
        assert_eq!(seen.trim_end(), "| end", "{text}: {:?}", terminal.text());
    }
}

fn style() -> impl Strategy<Value = Style> {
    let colour = prop::sample::select(vec![
        None,
        Some(Color::Reset),
        Some(Color::Red),
        Some(Color::White),
        Some(Color::Indexed(200)),
        Some(Color::Rgb(1, 2, 3)),
    ]);
    let modifier = prop::sample::select(vec![
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::REVERSED,
        Modifier::UNDERLINED.union(Modifier::DIM),
    ]);
    (colour.clone(), colour, modifier).prop_map(|(fg, bg, modifier)| Style {
        fg,
        bg,
        ..Style::new().add_modifier(modifier)
    })
}

/// What happens to the lines between two frames.
#[derive(Debug, Clone)]
enum Change {
    /// The lines from one to another move by so many, new ones come.
    Scroll(usize, usize, isize),
    Edit(usize, String, Style),
    Blank(usize),
    Ground(Style),
    Cursor(Option<(u16, u16)>),
    Scrolls(bool),
    Forget,
    Resize(u16, u16),
}

/// Texts whose width emulator and we agree on.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c ]{0,30}",
        1 => "[a-b 世界é│●]{0,20}",
        1 => Just(String::new()),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (0usize..12, 0usize..13, -11isize..12).prop_map(|(a, b, n)| Change::Scroll(a, b, n)),
        4 => (0usize..12, text(), style()).prop_map(|(y, text, style)| Change::Edit(y, text, style)),
        1 => (0usize..12).prop_map(Change::Blank),
        1 => style().prop_map(Change::Ground),
        1 => prop::option::of((0u16..40, 0u16..14)).prop_map(Change::Cursor),
        1 => any::<bool>().prop_map(Change::Scrolls),
        1 => Just(Change::Forget),
        1 => (1u16..32, 1u16..13).prop_map(|(columns, rows)| Change::Resize(columns, rows)),
    ]
}

proptest! {
    #[test]
    fn any_frames_show_what_the_last_one_is(
        first in prop::collection::vec((text(), style()), 12),
        frames in prop::collection::vec(prop::collection::vec(change(), 1..4), 1..24),
    ) {
        let mut size = (30, 12);
        let mut terminal = Emulated::new(size);
        let (mut lines, mut ground, mut cursor) = (first, Style::new(), None);
        let mut fresh = 0;
        terminal.frame(ground, &lines, cursor);
        for changes in frames {
            for change in changes {
                match change {
                    Change::Scroll(from, to, by) => {
                        let Some(part) = lines.get_mut(from..to) else { continue };
                        let count = by.unsigned_abs().min(part.len());
                        if by > 0 { part.rotate_left(count) } else { part.rotate_right(count) }
                        let new = if by > 0 { part.len() - count..part.len() } else { 0..count };
                        for line in &mut part[new] {
                            fresh += 1;
                            *line = (format!("{fresh} a new line"), line.1);
                        }
                    }
                    Change::Edit(y, text, style) => lines[y] = (text, style),
                    Change::Blank(y) => lines[y] = Line::default(),
                    Change::Ground(style) => ground = style,
                    Change::Cursor(at) => cursor = at.map(Position::from),
                    Change::Scrolls(scrolls) => terminal.screen.set_scrolls(scrolls),
                    Change::Forget => terminal.screen.forget(),
                    Change::Resize(columns, rows) if size != (columns, rows) => {
                        size = (columns, rows);
                        terminal.resize(size);
                    }
                    Change::Resize(..) => {}
                }
            }
            terminal.frame(ground, &lines, cursor);
            let (seen, expected) = (terminal.look(), anew(size, ground, &lines, cursor));
            let wrong = seen.iter().zip(&expected).position(|(seen, expected)| seen != expected);
            prop_assert!(wrong.is_none(), "line {:?} of {:?}", wrong, terminal.text());
            prop_assert_eq!(terminal.frame(ground, &lines, cursor), 0);
        }
    }

    #[test]
    fn whatever_text_there_is_the_ends_of_lines_are_in_place(
        texts in prop::collection::vec("[\\PC👨‍👩‍👧🇩🇪\u{301}\u{fe0f}\u{200d}世ﷺक्षि]{0,12}", 1..8),
    ) {
        let mut terminal = Emulated::new((40, 2));
        for text in texts {
                        terminal.screen.draw(Style::new(), |buffer| {
                let mut hits = Vec::new();
                let mut painter = Painter::new(buffer, &mut hits, &terminal.theme);
                painter.text(0, 0, 34, &text, Style::new());
                painter.text(34, 0, 6, "|tail|", Style::new());
                painter.text(0, 1, 40, "below", Style::new());
                None
            }).unwrap();
            let out = &terminal.screen.out()[terminal.read..];
            terminal.parser.process(out);
            terminal.read = terminal.screen.out().len();
            let contents = terminal.text();
            let rows: Vec<&str> = contents.lines().collect();
            prop_assert!(rows[0].ends_with("|tail|"), "{:?}", rows);
            prop_assert_eq!(rows[1], "below");
        }
    }
}
