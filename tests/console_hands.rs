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
    click(&terminal, "3 units");
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
    terminal.keys("3");
    terminal.wait_for("as of");
    terminal.keys("q");
    assert!(terminal.wait().success());
}

#[test]
fn settings_and_themes_are_taken_as_they_are_edited() {
    let qd = Qd::new();
    let own = qd.home().join("config/quarterdeck");
    std::fs::create_dir_all(own.join("themes")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(own.join(name), text).unwrap();
    let scheme = |background: &str| {
        let mut text = format!("scheme: \"Mine\"\nbase00: \"{background}\"\n");
        for n in 1..16 {
            text.push_str(&format!("base{n:02X}: \"{:06x}\"\n", n * 0x0f_0f0f));
        }
        text
    };
    write("themes/mine.yaml", &scheme("102030"));
    write(
        "settings.toml",
        "theme = \"mine\"\npreset = \"vim\"\n[keys]\n\"pane.units\" = [\"f6\"]\n",
    );
    let colours = [("COLORTERM", "truecolor")];
    let mut terminal = Terminal::with(&qd, &colours, &["demo"], (100, 30));
    let background = |r: u8, g: u8, b: u8| {
        let wanted = vt100::Color::Rgb(r, g, b);
        terminal.wait_until("the background", |screen| {
            screen.cell(12, 50).is_some_and(|c| c.bgcolor() == wanted)
        });
    };
    terminal.wait_for("/mnt/data is");
    background(0x10, 0x20, 0x30);
    // A key of the preset, and one of the user's own.
    terminal.keys("\x1b[17~");
    terminal.wait_for("176 units");
    terminal.keys("gTgT");
    terminal.wait_for("/mnt/data is");
    write("themes/mine.yaml", &scheme("402030"));
    background(0x40, 0x20, 0x30);
    // A conflict is told, however it is broken into lines.
    write(
        "settings.toml",
        "theme = \"mine\"\n[keys]\n\"pane.units\" = [\"f6\"]\n\"pane.logs\" = [\"f6\"]\n",
    );
    terminal.wait_for("f6 logs");
    terminal.keys("0");
    terminal.wait_until("the conflict", |screen| {
        let text = screen.contents().replace([' ', '\n'], "");
        text.contains("isakeyof`pane.logs`already") && text.contains("settings.toml:3:1:")
    });
    terminal.keys("q");
    assert!(terminal.wait().success());
}

#[test]
fn lines_instead_of_a_screen() {
    let qd = Qd::new();
    let mut terminal = Terminal::start(&qd, &["demo", "--plain"], (100, 50));
    terminal.wait_for("/mnt/data is");
    terminal.keys("units nginx\r");
    terminal.wait_for("web-2: nginx.service is active (running)");
    terminal.keys("restart nginx --host web-2\r");
    terminal.wait_for("Type the answer");
    terminal.wait_for("RestartUnit");
    terminal.keys("y\r");
    terminal.wait_for("Note: web-2: nginx.service is active (running)");
    terminal.keys("quit\r");
    assert!(terminal.wait().success());
    // No cursor is moved and no screen is switched: a screen reader says what comes.
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains('\x1b'), "{text:?}");
}
