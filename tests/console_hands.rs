//! The console under the hand: mouse and clipboard as a terminal sends and takes them, and what
//! the first frame of the next start knows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Qd, Terminal, TestHost};
use std::time::{Duration, Instant};

/// Column and row of a text on the screen, counted from one.
fn place(terminal: &Terminal, text: &str) -> (usize, usize) {
    terminal.wait_for(text);
    let found = terminal.look(|screen| {
        screen
            .rows(0, screen.size().1.get())
            .enumerate()
            .find_map(|(y, row)| {
                let at = row.find(text)?;
                let x = row.get(..at)?.chars().count();
                Some((x + 1, y + 1))
            })
    });
    found.unwrap()
}

/// Presses and lets go, as a terminal reports it.
fn click(terminal: &Terminal, text: &str) {
    let (x, y) = place(terminal, text);
    terminal.keys(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
}

/// What the last OSC 52 has put into the clipboard.
fn clipboard(terminal: &Terminal) -> Option<String> {
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (_, after) = text.rsplit_once("\x1b]52;c;")?;
    let (coded, _) = after.split_once('\x07')?;
    String::from_utf8(STANDARD.decode(coded).ok()?).ok()
}

#[test]
fn clicks_choose_and_what_is_copied_reaches_the_terminal() {
    let qd = Qd::new();
    let mut terminal = Terminal::start(&qd, &["demo"], (100, 30));
    terminal.wait_for("/mnt/data is");
    click(&terminal, "2 units");
    terminal.wait_for("176 units");
    // A row that is not the first one; it is what is copied then.
    terminal.keys("/nginx\r");
    terminal.wait_for("2 shown");
    click(&terminal, "web-2  nginx");
    terminal.wait_for("▌web-2  nginx");
    for (key, wanted) in [
        ("y", "\"name\": \"nginx.service\""),
        ("c", "nginx.service"),
        ("Y", "units"),
    ] {
        let before = clipboard(&terminal);
        terminal.keys(key);
        let start = Instant::now();
        while clipboard(&terminal) == before {
            let text = terminal.text();
            assert!(start.elapsed() < Duration::from_secs(20), "{key}: {text}");
            std::thread::sleep(Duration::from_millis(10));
        }
        let copied = clipboard(&terminal).unwrap();
        assert!(copied.contains(wanted), "{key}: {copied}");
    }
    // Left to the terminal, nothing of it is heard.
    terminal.keys("M");
    terminal.wait_until("no mouse", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}

#[test]
fn the_next_start_shows_what_was_known_before_any_host_answers() {
    require!(hosts);
    let host = TestHost::up("again");
    let _ = host.try_run(&["systemctl", "start", "fixture-fail.service"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (100, 30));
    terminal.wait_for("fixture-fail.service: exit 3");
    terminal.keys("q");
    assert!(terminal.wait().success());
    // Nobody can have told it this time.
    drop(host);
    let mut terminal = Terminal::start(&qd, &[], (100, 30));
    terminal.wait_for("fixture-fail.service: exit 3");
    assert!(terminal.text().contains("(stale)"), "{}", terminal.text());
    terminal.keys("2");
    terminal.wait_for("as of");
    terminal.keys("q");
    assert!(terminal.wait().success());
}
