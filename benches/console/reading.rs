//! Somebody reads while 10,000 entries a second come in, on a host with a million older ones: types,
//! filters, searches, scrolls, goes to the top and to other days; how long each key takes to be seen.

use crate::{
    Load, RATE, SECONDS,
    common::{Qd, Terminal, TestHost},
    measure::{Process, Samples, report},
    unlimited,
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use vt100::Screen;

/// Older entries of the host.
const OLDER: u64 = 1_000_000;
/// How long is waited for what a key is to show.
const PATIENCE: Duration = Duration::from_secs(60);

/// On a small terminal.
pub(crate) fn small(host: &TestHost) {
    read(host, (80, 24));
}

/// On a large one.
pub(crate) fn large(host: &TestHost) {
    read(host, (200, 60));
}

/// What each kind of key took.
struct Hand<'a> {
    terminal: &'a Terminal,
    took: BTreeMap<&'static str, Samples>,
    all: Samples,
}

impl Hand<'_> {
    /// Presses and waits until it is seen.
    fn press(&mut self, what: &'static str, keys: &str, mut seen: impl FnMut(&Screen) -> bool) {
        let pressed = Instant::now();
        self.terminal.keys(keys);
        while !self.terminal.look(&mut seen) {
            assert!(
                pressed.elapsed() < PATIENCE,
                "{what}: {}",
                self.terminal.text()
            );
            std::thread::sleep(Duration::from_micros(300));
        }
        let took = pressed.elapsed();
        self.took
            .entry(what)
            .or_insert_with(Samples::new)
            .push(took);
        self.all.push(took);
        std::thread::sleep(Duration::from_millis(40));
    }
}

fn read(host: &TestHost, size: (u16, u16)) {
    unlimited(host);
    host.fill(OLDER);
    let config = host.config();
    let qd = Qd::with(&config);
    let terminal = Terminal::start(&qd, &[], size);
    terminal.wait_for("bench");
    terminal.keys("4");
    terminal.wait_for("following");
    let process = Process::of(terminal.pid());
    let (cpu, before) = (process.cpu(), process.resident_mib());
    let mut hand = Hand {
        terminal: &terminal,
        took: BTreeMap::new(),
        all: Samples::new(),
    };
    let start = Instant::now();
    let load = Load::start(host);
    while start.elapsed() < Duration::from_secs(u64::from(SECONDS)) {
        round(&mut hand);
    }
    let (cpu, wall) = (process.cpu() - cpu, start.elapsed());
    let written = load.end();
    terminal.keys("G&identifier:load\r");
    let whole = format!("{} of ", grouped(written));
    let began = Instant::now();
    while !terminal.text().contains(&whole) && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let held = if terminal.text().contains(&whole) {
        "all of them held, none twice".to_owned()
    } else {
        format!("NOT all of them held: {}", status(&terminal))
    };
    let (columns, rows) = size;
    println!("reading at {columns}x{rows}, {OLDER} older entries, {RATE} new ones a second:");
    hand.report();
    println!(
        "  {written} written in {:.0} s, {held}; {:.1} % of a core in the console; resident {:.1} MiB \
         before, {:.1} after",
        wall.as_secs_f64(),
        100.0 * cpu.as_secs_f64() / wall.as_secs_f64(),
        before,
        process.resident_mib()
    );

    // The same while another day is on its way.
    hand.took.clear();
    hand.all = Samples::new();
    terminal.keys("=");
    let load = Load::start(host);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        for day in ["-3d", "-9d", "-1d"] {
            hand.press("the line for a time", "a", |screen| {
                last_row(screen).starts_with("at:")
            });
            terminal.keys(day);
            hand.press("going to a time", "\r", |screen| {
                !last_row(screen).starts_with("at:")
            });
            for _ in 0..5 {
                hand.press("the command line meanwhile", ":", |screen| {
                    last_row(screen).starts_with(':')
                });
                hand.press("and away", "\x1b", |screen| {
                    !last_row(screen).starts_with(':')
                });
            }
        }
        hand.press("following again", "G", |screen| {
            screen.contents().contains("following")
        });
    }
    println!("going to other days meanwhile:");
    hand.report();
    println!("  resident {:.1} MiB at most", process.peak_mib());
    terminal.keys("q");
    drop(terminal);
    load.end();
}

/// What a reader does, over and over.
fn round(hand: &mut Hand<'_>) {
    hand.press("the command line", ":", |screen| {
        last_row(screen).starts_with(':')
    });
    hand.press("and away", "\x1b", |screen| {
        !last_row(screen).starts_with(':')
    });
    hand.terminal.keys("&");
    let mut typed = String::from("&");
    for key in ["t", "o", "o", "k", "=", "7"] {
        typed.push_str(key);
        hand.press("a letter of a filter", key, |screen| {
            last_row(screen).starts_with(&typed)
        });
    }
    hand.press("the filter", "\r", |screen| {
        !last_row(screen).starts_with('&') && screen.contents().contains("took=7")
    });
    hand.press("without it", "=", |screen| {
        !status_row(screen).contains("took=7")
    });
    hand.press("a search", "/load 77\r", |screen| {
        status_row(screen).contains("/ load 77")
    });
    let before = hand.terminal.look(selected);
    hand.press("another hit", "N", |screen| selected(screen) != before);
    hand.press("no search", "\x1b", |screen| {
        !status_row(screen).contains("/ load 77")
    });
    hand.press("following again", "G", |screen| {
        status_row(screen).contains("following")
    });
    hand.press("patterns", "P", |screen| {
        screen.contents().contains("most frequent first")
    });
    hand.press("no patterns", "\x1b", |screen| {
        !screen.contents().contains("most frequent first")
    });
    hand.press("the histogram", "I", |screen| {
        last_row(screen).contains("choose")
    });
    hand.press("out of it", "\x1b", |screen| {
        !last_row(screen).contains("choose")
    });
    hand.press("frozen", " ", |screen| {
        status_row(screen).contains("frozen")
    });
    for _ in 0..5 {
        let before = hand.terminal.look(selected);
        hand.press("a line up", "k", |screen| selected(screen) != before);
    }
    let before = hand.terminal.look(selected);
    hand.terminal.keys("g");
    hand.press("to the top", "g", |screen| {
        if selected(screen) == before {
            return false;
        }
        let body = screen.rows(0, 200).position(|row| row.starts_with('▌'));
        body.is_some_and(|at| {
            screen
                .rows(0, 200)
                .take(at)
                .all(|row| !row.starts_with(" Nov"))
        })
    });
    hand.press("following again", "G", |screen| {
        status_row(screen).contains("frozen")
    });
    hand.press("following again", " ", |screen| {
        status_row(screen).contains("following")
    });
}

impl Hand<'_> {
    fn report(&self) {
        report("  key to paint, all", &self.all, None, Some("p99 <= 16 ms"));
        for (what, took) in &self.took {
            println!("    {what}: {took}");
        }
    }
}

fn last_row(screen: &Screen) -> String {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).last().unwrap_or_default()
}

fn status_row(screen: &Screen) -> String {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).nth(2).unwrap_or_default()
}

fn status(terminal: &Terminal) -> String {
    terminal.look(status_row)
}

/// The selected row and where it is.
fn selected(screen: &Screen) -> Option<(usize, String)> {
    let mut rows = screen.rows(0, 200).enumerate();
    rows.find(|(_, row)| row.starts_with('▌'))
}

/// `600,000`.
fn grouped(number: u32) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}
