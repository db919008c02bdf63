//! The log on a terminal emulator: scrolled, it shows what drawing it anew shows, for few bytes.

use super::*;
use crate::{
    logs::{Entry, LogEvent},
    tui::{
        msg::{Mouse, StreamMsg},
        render::tests::look,
    },
};
use std::sync::Arc;

const SIZE: (u16, u16) = (200, 60);

/// The console, and the terminal it is drawn on.
struct Shown {
    console: Console<Vec<u8>>,
    parser: vt100::Parser,
    read: usize,
}

impl Shown {
    fn new() -> Shown {
        let mut model = live();
        update::update(&mut model, Msg::Resize(SIZE.0, SIZE.1));
        let key = |c| Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        let effects = update::update(&mut model, key('4'));
        let stream = effects.iter().find_map(|effect| match effect {
            Effect::Follow(_, stream, ..) => Some(*stream),
            _ => None,
        });
        let entries = (0..2_000).map(entry).collect();
        let news = StreamMsg::Event(LogEvent::Entries(entries));
        update::update(&mut model, Msg::Stream(stream.unwrap(), news));
        let mut parser = vt100::Parser::new(60.try_into().unwrap(), 200.try_into().unwrap(), 0);
        parser.process(b"\x1b[?7l");
        Shown {
            console: Console::new(model, Vec::new(), now),
            parser,
            read: 0,
        }
    }

    /// Draws after this message; how many bytes that took.
    fn after(&mut self, msg: Msg) -> usize {
        update::update(&mut self.console.model, msg);
        self.console.draw().unwrap();
        self.sent()
    }

    fn sent(&mut self) -> usize {
        let out = self.console.screen().out();
        let new = &out[self.read..];
        self.parser.process(new);
        let bytes = new.len();
        self.read = out.len();
        bytes
    }

    fn look(&self) -> Vec<String> {
        look(self.parser.screen())
    }
}

fn entry(n: i64) -> Entry {
    let long = "and a rest of some length ".repeat(usize::try_from(n % 5).unwrap());
    Entry {
        host: HostId::new("web-1"),
        cursor: Arc::from(format!("s=1;i={n:x}")),
        realtime: 1_795_000_000_000_000 + n * 1_000_000,
        monotonic: 0,
        boot: 1,
        priority: if n % 11 == 0 { 3 } else { 6 },
        unit: Some(Arc::from("nginx.service")),
        identifier: Some(Arc::from("nginx")),
        pid: Some(7),
        message: Arc::from(format!("request {n}: größer 世界 {long}").as_bytes()),
        cut_from: None,
        told: None,
    }
}

#[test]
fn a_scrolled_log_is_what_it_would_be_drawn_anew() {
    let key = |code| Msg::Key(KeyEvent::new(code, KeyModifiers::NONE));
    let mut shown = Shown::new();
    shown.after(Msg::Clock(now()));
    for _ in 0..SIZE.1 {
        shown.after(key(KeyCode::Up));
    }
    let mut steps = Vec::new();
    for code in [
        KeyCode::Up,
        KeyCode::PageUp,
        KeyCode::Home,
        KeyCode::PageDown,
        KeyCode::End,
    ] {
        steps.extend([
            key(code),
            key(KeyCode::Up),
            key(KeyCode::Down),
            key(KeyCode::Down),
        ]);
        steps.extend([-3, -30, 7, 3].map(|lines| Msg::Mouse(Mouse::Wheel(lines))));
    }
    for (n, step) in steps.into_iter().enumerate() {
        shown.after(step);
        let seen = shown.look();
        shown.console.redraw().unwrap();
        shown.sent();
        assert!(seen == shown.look(), "step {n}");
    }
    // At the first line a step up moves everything else down.
    for _ in 0..SIZE.1 {
        shown.after(key(KeyCode::Up));
    }
    for _ in 0..20 {
        let bytes = shown.after(key(KeyCode::Up));
        assert!((1..2_000).contains(&bytes), "{bytes}");
    }
}
