//! What a frame costs: time of one thread and bytes to the terminal, through the console's own
//! model and view, onto a terminal that only counts. `cargo bench --bench draw`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use quarterdeck::{
    config::{Destination, Environment},
    logs::{Entry, LogEvent},
    remote::HostId,
    tui::{
        effect::Effect,
        model::{EnvId, Model, Preferences, World},
        msg::{Mouse, Msg, StreamId, StreamMsg},
        run::Console,
        theme::{Definition, Depth, Theme, UNICODE},
        update,
    },
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const START: i64 = 1_795_000_000;
const FRAMES: usize = 1_000;

fn main() {
    for size in [(200, 60), (80, 24)] {
        println!("{}x{}", size.0, size.1);
        let mut bench = Bench::new(size);
        bench.flow(20_000);
        bench.measure("nothing has changed", |_| {});
        bench.measure("following, 333 new entries a frame", |bench| {
            bench.flow(333)
        });
        bench.key(KeyCode::Up);
        for _ in 0..size.1 {
            bench.key(KeyCode::Up);
        }
        bench.draw();
        bench.measure("a line up", |bench| bench.key(KeyCode::Up));
        for _ in 0..size.1 {
            bench.key(KeyCode::Down);
        }
        bench.draw();
        bench.measure("a line down", |bench| bench.key(KeyCode::Down));
        bench.measure("the wheel, three lines up", |bench| bench.wheel(-3));
        bench.key(KeyCode::Home);
        bench.draw();
        bench.measure("a page down", |bench| bench.key(KeyCode::PageDown));
        bench.measure("another pane and back", |bench| {
            bench.other = !bench.other;
            bench.key(KeyCode::Char(if bench.other { '0' } else { '4' }));
        });
    }
}

/// Counts what it is given.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<AtomicUsize>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    console: Console<Sink>,
    sink: Sink,
    stream: StreamId,
    count: u64,
    other: bool,
}

impl Bench {
    /// The logs of two hosts, followed, in the default theme with all its colours.
    fn new(size: (u16, u16)) -> Bench {
        let mut environment = Environment::new("production");
        environment.hosts = ["web-1", "data-1"]
            .map(|name| Destination {
                name: name.to_owned(),
                user: None,
                host: name.to_owned(),
                port: None,
            })
            .into();
        let preferences = Preferences {
            theme: Theme::new(&Definition::default(), Depth::True, &UNICODE),
            ..Preferences::default()
        };
        let worlds = vec![World::new(&environment, false)];
        let mut model = Model::new(worlds, EnvId::new("production"), preferences);
        let sink = Sink::default();
        update::update(
            &mut model,
            Msg::Clock(Timestamp::from_second(START).unwrap()),
        );
        update::start(&mut model);
        update::update(&mut model, Msg::Resize(size.0, size.1));
        let mut bench = Bench {
            console: Console::new(model, sink.clone(), Timestamp::now),
            sink,
            stream: StreamId(0),
            count: 0,
            other: false,
        };
        let effects = bench.tell(Msg::Key(KeyEvent::new(
            KeyCode::Char('4'),
            KeyModifiers::NONE,
        )));
        bench.stream = effects
            .iter()
            .find_map(|effect| match effect {
                Effect::Follow(_, stream, ..) => Some(*stream),
                _ => None,
            })
            .unwrap();
        bench
    }

    fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        update::update(&mut self.console.model, msg)
    }

    fn key(&mut self, code: KeyCode) {
        self.tell(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn wheel(&mut self, lines: i32) {
        self.tell(Msg::Mouse(Mouse::Wheel(lines)));
    }

    fn flow(&mut self, count: usize) {
        let entries = (0..count)
            .map(|_| {
                self.count += 1;
                entry(self.count)
            })
            .collect();
        self.tell(Msg::Stream(
            self.stream,
            StreamMsg::Event(LogEvent::Entries(entries)),
        ));
    }

    fn draw(&mut self) {
        self.console.model.dirty = true;
        self.console.draw().unwrap();
    }

    /// Time and bytes of the frame after each change.
    fn measure(&mut self, what: &str, mut change: impl FnMut(&mut Bench)) {
        let mut times = Vec::with_capacity(FRAMES);
        let mut sizes = Vec::with_capacity(FRAMES);
        for _ in 0..FRAMES {
            change(self);
            let before = self.sink.0.load(Ordering::Relaxed);
            let start = Instant::now();
            self.draw();
            times.push(start.elapsed());
            sizes.push(self.sink.0.load(Ordering::Relaxed) - before);
        }
        times.sort();
        sizes.sort_unstable();
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        println!(
            "  {what:<36} {:>7.0} us (p99 {:>6.0}) {:>7} bytes (p99 {:>6})",
            us(times[FRAMES / 2]),
            us(times[FRAMES * 99 / 100]),
            sizes[FRAMES / 2],
            sizes[FRAMES * 99 / 100],
        );
    }
}

/// Lines as services write them, 55 to 280 bytes, one in fifty not in ASCII alone.
fn entry(n: u64) -> Entry {
    let r = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let r = (r ^ (r >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let ip = format!("10.{}.{}.{}", r >> 8 & 255, r >> 16 & 255, r >> 24 & 255);
    let (unit, message) = match r % 5 {
        0 | 1 => (
            "nginx",
            format!(
                "{ip} - - \"GET /api/v1/orders/{} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux \
                 x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\" rt={}.{:03}",
                r >> 20 & 0xf_ffff,
                r >> 30 & 0xffff,
                r >> 60,
                r >> 40 & 511,
            ),
        ),
        2 => (
            "orders",
            format!(
                "{{\"level\":\"info\",\"msg\":\"request completed\",\"trace_id\":\"{r:016x}{:016x}\",\
                 \"tenant\":\"t-{:04}\",\"duration_ms\":{},\"peer\":\"{ip}\"}}",
                r.rotate_left(17),
                r >> 44 & 4095,
                r >> 50 & 511,
            ),
        ),
        3 => (
            "billing",
            format!("level=info msg=\"Größe überschritten\" id={r:016x} host={ip}"),
        ),
        _ => (
            "sshd",
            format!(
                "Failed password for invalid user alpha from {ip} port {} ssh2",
                r >> 48
            ),
        ),
    };
    let host = if n.is_multiple_of(2) {
        "web-1"
    } else {
        "data-1"
    };
    let micros = i64::try_from(n).unwrap() * 100;
    Entry {
        host: HostId::new(host),
        cursor: Arc::from(format!("s=1;i={n:x}")),
        realtime: START * 1_000_000 + micros,
        monotonic: 0,
        boot: 7,
        priority: if r.is_multiple_of(97) { 3 } else { 6 },
        unit: Some(Arc::from(format!("{unit}.service"))),
        identifier: Some(Arc::from(unit)),
        pid: Some(4_242),
        message: Arc::from(message.as_bytes()),
        cut_from: None,
        told: None,
    }
}
