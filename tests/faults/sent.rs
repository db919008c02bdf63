//! What hosts send: hostile bytes in entries, units and descriptions.

use super::assert_harmless;
use crate::common::{Qd, Terminal, TestHost};
use crate::require;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[test]
fn hostile_entries_and_units_are_shown_and_not_obeyed() {
    require!(hosts);
    let host = TestHost::up("flt-evil");
    let mut messages: Vec<Vec<u8>> = vec![
        b"nul \0 in it".to_vec(),
        b"not \xff\xfe UTF-8 \x80".to_vec(),
        "c1 \u{9b}31m and \u{202e}bidi".into(),
        [b"long ".to_vec(), b"0123456789abcdef".repeat(64 * 1024)].concat(),
        "e\u{301}".repeat(1 << 19).into(),
        [b"\n".repeat(1 << 20), vec![0xff; 7]].concat(),
        b"\x1b]0;pwned\x07\x1b[2J\x1b[31mevil line\x1b[?1049l\x1bP+q\x1b\\".to_vec(),
    ];
    messages.push(b"the last of them".to_vec());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let from = now.as_micros() as u64;
    host.plant(&messages, from);
    host.feed(
        &["tee", "/etc/systemd/system/evil.service"],
        "[Unit]\nDescription=unit \x1b]0;pwned\x07 \x1b[31mevil \u{9b}2J end\n\
         [Service]\nType=oneshot\nExecStart=false\n"
            .as_bytes(),
    );
    host.run(&["systemctl", "daemon-reload"]);
    host.try_run(&["systemctl", "start", "evil.service"]);
    let config = host.config();
    let qd = Qd::with(&config);

    // The command line, on a terminal.
    for words in [
        &["units", "evil.service"][..],
        &["unit", "show", "evil.service"],
        &["unit", "restart", "evil.service", "--yes"],
        &["logs", "evil", "-n", "20"],
        &["doctor"],
    ] {
        let mut terminal = Terminal::start(&qd, words, (140, 40));
        terminal.wait();
        assert!(terminal.text().contains("evil"), "{}", terminal.text());
        assert_harmless(&terminal.bytes());
    }

    // The console: the deck tells the failed unit, then the unit, then the journal.
    let mut terminal = Terminal::start(&qd, &[], (140, 40));
    terminal.wait_for("evil.service");
    terminal.keys("3/evil\r");
    terminal.wait_for("unit ␛]0;pwned");
    terminal.keys("\r");
    terminal.wait_for("evil.service");
    terminal.keys("4&hostile\r");
    terminal.wait_for("the last of them");
    terminal.wait_for("evil line");
    // Every line's fields, the megabytes too, and wrapped; keys are heard all the while.
    for keys in [
        "\r", "\x1b", "k\r", "\x1b", "k\r", "\x1b", "k\r", "\x1b", "k\r", "\x1b", "w", "k", "g",
        "G",
    ] {
        let asked = Instant::now();
        terminal.keys(keys);
        terminal.wait_quiet(Duration::from_millis(150));
        assert!(asked.elapsed() < Duration::from_secs(10), "{keys:?}");
        assert!(terminal.look(vt100::Screen::alternate_screen));
    }
    terminal.keys("\x1b");
    terminal.wait_quiet(Duration::from_millis(100));
    terminal.keys("?");
    terminal.wait_for("› help");
    assert_harmless(&terminal.bytes());
    terminal.keys("\x1b");
    terminal.wait_quiet(Duration::from_millis(100));
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
}
