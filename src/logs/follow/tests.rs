//! The follower against a journal that can be broken in every way, in memory.

use super::*;
use crate::logs::export::Field;
use crate::remote::{
    HostId,
    ssh::{Argv, ExitStatus, Process, SshError},
};
use futures::FutureExt;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use tokio::{io::AsyncWriteExt, sync::watch};

#[derive(Debug, Clone)]
struct Line {
    seq: usize,
    boot: u128,
    unit: usize,
}

impl Line {
    fn cursor(&self) -> String {
        format!("s=1;i={};b={:032x}", self.seq, self.boot)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (seq, boot) = (self.seq, self.boot);
        let mut field = |name, value: String| {
            let (value, binary, cut_from) = (value.as_bytes(), value.contains('\n'), None);
            Field {
                name,
                value,
                binary,
                cut_from,
            }
            .write(out);
        };
        field("__CURSOR", self.cursor());
        // Two entries share each microsecond.
        field("__REALTIME_TIMESTAMP", format!("{}", 1_000_000 + seq / 2));
        field("__MONOTONIC_TIMESTAMP", seq.to_string());
        field("__SEQNUM", seq.to_string());
        field("__SEQNUM_ID", format!("{:032x}", 1));
        field("_BOOT_ID", format!("{boot:032x}"));
        field("MESSAGE", format!("line\n{seq}"));
        out.push(b'\n');
    }
}

#[derive(Debug, Default)]
struct Journal {
    lines: Vec<Line>,
    /// Lines before this one were vacuumed away.
    kept_from: usize,
    boot: u128,
    /// The link breaks after so many more bytes.
    bytes_left: Option<usize>,
    down: bool,
}

/// A host whose journalctl does what the real one does.
#[derive(Clone)]
struct Fake {
    id: HostId,
    journal: Arc<Mutex<Journal>>,
    /// Counts changes; what each connection began with tells whether it still stands.
    news: Arc<watch::Sender<()>>,
    link: Arc<watch::Sender<u64>>,
}

impl Fake {
    fn new() -> Fake {
        let journal = Journal {
            boot: 1,
            ..Journal::default()
        };
        Fake {
            id: HostId::new("fake"),
            journal: Arc::new(Mutex::new(journal)),
            news: Arc::new(watch::channel(()).0),
            link: Arc::new(watch::channel(0).0),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Journal)) {
        change(&mut self.journal.lock().unwrap());
        self.news.send_replace(());
    }

    fn write(&self, count: usize) {
        self.change(|journal| {
            for _ in 0..count {
                let (seq, boot) = (journal.lines.len(), journal.boot);
                journal.lines.push(Line {
                    seq,
                    boot,
                    unit: seq * 7 % 3,
                });
            }
        });
    }

    fn cut(&self) {
        self.link.send_modify(|n| *n += 1);
    }

    /// Lines that this command prints, from a sequence number on.
    fn answer(&self, words: &[String], from: usize) -> Vec<Line> {
        let journal = self.journal.lock().unwrap();
        let value = |name: &str| words.iter().find_map(|w| w.strip_prefix(name));
        let mut from = from.max(journal.kept_from);
        if let Some(cursor) = value("--cursor=") {
            let seq = cursor.split(['=', ';']).nth(3).unwrap();
            from = from.max(seq.parse().unwrap());
        }
        if let Some(since) = value("--since=@") {
            let micros: usize = since.replace('.', "").parse().unwrap();
            from = from.max(micros.saturating_sub(1_000_000) * 2);
        }
        let follow = words.iter().any(|w| w == "--follow");
        let unit = value("--unit=u").map(|u| u.parse::<usize>().unwrap());
        let lines = journal.lines.iter().skip(from);
        let lines = lines.filter(|l| unit.is_none_or(|u| l.unit == u));
        // Measured: a follower sees the running boot only.
        let mut lines: Vec<Line> = lines
            .filter(|l| !follow || l.boot == journal.boot)
            .cloned()
            .collect();
        if let Some(count) = value("--lines=") {
            let count: usize = count.parse().unwrap();
            if value("--cursor=").is_some() {
                lines.truncate(count);
            } else {
                lines.drain(..lines.len().saturating_sub(count));
            }
        }
        lines
    }

    /// How many of these bytes still pass.
    fn pass(&self, count: usize) -> usize {
        let mut journal = self.journal.lock().unwrap();
        let Some(left) = &mut journal.bytes_left else {
            return count;
        };
        let passed = count.min(*left);
        *left -= passed;
        if *left == 0 && passed < count {
            journal.bytes_left = None;
            drop(journal);
            self.cut();
        }
        passed
    }
}

#[async_trait::async_trait]
impl Source for Fake {
    fn id(&self) -> &HostId {
        &self.id
    }

    async fn exec(&self, command: &Argv) -> Result<Process, SshError> {
        // As a host does: what cannot be sent now is sent over the next connection.
        let mut up = self.news.subscribe();
        while self.journal.lock().unwrap().down {
            if up.changed().await.is_err() {
                let problem = Problem::new("ssh", "down", Exit::Unreachable, "down");
                return Err(SshError::Link(problem));
            }
        }
        let words = command.words().to_vec();
        let (mut far, near) = tokio::io::duplex(700);
        let (mut news, mut link) = (self.news.subscribe(), self.link.subscribe());
        let fake = self.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        let task = async move {
            let mut next = 0;
            let journalctl = words[0] == "journalctl";
            loop {
                if !journalctl {
                    break;
                }
                for line in fake.answer(&words, next) {
                    next = line.seq + 1;
                    let mut bytes = Vec::new();
                    line.write(&mut bytes);
                    let passed = fake.pass(bytes.len());
                    if far.write_all(&bytes[..passed]).await.is_err() || passed < bytes.len() {
                        return ExitStatus::Lost;
                    }
                }
                if !words.iter().any(|w| w == "--follow") || news.changed().await.is_err() {
                    break;
                }
            }
            ExitStatus::Code(0)
        };
        tokio::spawn(async move {
            let status = tokio::select! {
                biased;
                _ = link.changed() => ExitStatus::Lost,
                status = task => status,
            };
            let _ = tell.send(status);
        });
        Ok(Process {
            stdin: Box::new(tokio::io::sink()),
            stdout: Box::new(near),
            stderr: Box::new(tokio::io::empty()),
            exit: told.map(|told| told.unwrap_or(ExitStatus::Lost)).boxed(),
        })
    }

    async fn ready(&self) -> Result<(), Problem> {
        Ok(())
    }

    async fn changed(&self) {
        std::future::pending().await
    }

    fn trouble(&self) -> Option<Problem> {
        None
    }
}

#[derive(Debug, Clone)]
enum Event {
    Write(usize),
    Cut,
    /// Link down, so many lines meanwhile, up again.
    Outage(usize),
    /// Lines of the old boot after the cut, then lines of the new one.
    Reboot(usize, usize),
    /// The same where what runs may still end, and what comes next waits for the new boot.
    SlowReboot(usize, usize),
    /// The link breaks in the middle of an entry.
    CutAfter(usize),
    /// Only the last so many lines are kept.
    Vacuum(usize),
    Pause,
}

fn event(vacuum: bool) -> impl Strategy<Value = Event> {
    let lossless = prop_oneof![
        4 => (1usize..60).prop_map(Event::Write),
        1 => Just(Event::Cut),
        1 => (0usize..40).prop_map(Event::Outage),
        1 => (0usize..20, 0usize..20).prop_map(|(a, b)| Event::Reboot(a, b)),
        1 => (0usize..20, 0usize..20).prop_map(|(a, b)| Event::SlowReboot(a, b)),
        2 => (1usize..4000).prop_map(Event::CutAfter),
        2 => Just(Event::Pause),
    ];
    if vacuum {
        prop_oneof![5 => lossless, 1 => (0usize..30).prop_map(Event::Vacuum)].boxed()
    } else {
        lossless.boxed()
    }
}

async fn apply(fake: &Fake, event: &Event) {
    let settle = || tokio::time::sleep(Duration::from_micros(500));
    match event {
        Event::Write(count) => fake.write(*count),
        Event::Cut => fake.cut(),
        Event::Outage(count) => {
            fake.change(|journal| journal.down = true);
            fake.cut();
            fake.write(*count);
            settle().await;
            fake.change(|journal| journal.down = false);
        }
        Event::Reboot(before, after) => {
            fake.change(|journal| journal.down = true);
            fake.cut();
            fake.write(*before);
            fake.change(|journal| journal.boot += 1);
            fake.write(*after);
            fake.change(|journal| journal.down = false);
        }
        Event::SlowReboot(before, after) => {
            fake.change(|journal| journal.down = true);
            settle().await;
            fake.write(*before);
            fake.cut();
            fake.change(|journal| journal.boot += 1);
            fake.write(*after);
            settle().await;
            fake.change(|journal| journal.down = false);
        }
        Event::CutAfter(bytes) => fake.change(|journal| journal.bytes_left = Some(*bytes)),
        Event::Vacuum(kept) => fake.change(|journal| {
            let from = journal.lines.len().saturating_sub(*kept);
            journal.kept_from = journal.kept_from.max(from);
        }),
        Event::Pause => settle().await,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Line(usize),
    Gap,
}

/// Follows while these things happen; what was given out once the last line came, and whether it
/// did.
async fn follow_through(fake: Fake, query: Query, events: &[Event], last: usize) -> Vec<Seen> {
    let (sender, mut receiver) = mpsc::channel(2);
    let counted = query.takes_all();
    let brief = Duration::from_millis(1);
    let follower = Follower {
        source: fake.clone(),
        query,
        fields: Fields::All,
        decode: ForLists::default(),
        events: sender,
        position: Position::Fresh,
        recent: Recent::default(),
        access_told: false,
        counted,
        last_number: None,
        pauses: Pauses {
            shortest: brief,
            longest: brief,
            stubborn: brief,
        },
    };
    tokio::spawn(follower.run());
    let mut seen = Vec::new();
    let take = |event: LogEvent, seen: &mut Vec<Seen>| match event {
        LogEvent::Entries(entries) => seen.extend(entries.iter().map(|e| {
            let text = String::from_utf8(e.message.to_vec()).unwrap();
            Seen::Line(text.strip_prefix("line\n").unwrap().parse().unwrap())
        })),
        LogEvent::Gap(_) => seen.push(Seen::Gap),
        LogEvent::Live(_) | LogEvent::Down(..) | LogEvent::Warning(..) => {}
    };
    let acting = async {
        for event in events {
            apply(&fake, event).await;
        }
        fake.change(|journal| journal.bytes_left = None);
        // A last line that every filter lets through, so that the end is known.
        while fake.journal.lock().unwrap().lines.len() * 7 % 3 != last {
            fake.write(1);
        }
        fake.write(1);
        fake.journal.lock().unwrap().lines.len() - 1
    };
    tokio::pin!(acting);
    let mut end = None;
    let limit = tokio::time::sleep(Duration::from_secs(20));
    tokio::pin!(limit);
    loop {
        tokio::select! {
            last = &mut acting, if end.is_none() => end = Some(last),
            event = receiver.recv() => match event {
                Some(event) => take(event, &mut seen),
                None => return seen,
            },
            () = &mut limit => return seen,
        }
        if end.is_some_and(|end| seen.contains(&Seen::Line(end))) {
            // Whatever would come twice would come now.
            tokio::time::sleep(Duration::from_millis(2)).await;
            while let Ok(event) = receiver.try_recv() {
                take(event, &mut seen);
            }
            return seen;
        }
    }
}

fn run(query: Query, before: usize, events: &[Event], unit: usize) -> (Vec<Seen>, Journal) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let fake = Fake::new();
        fake.write(before);
        let seen = follow_through(fake.clone(), query, events, unit).await;
        let journal = std::mem::take(&mut *fake.journal.lock().unwrap());
        (seen, journal)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_lost_nothing_twice(
        before in 0usize..50,
        events in proptest::collection::vec(event(false), 0..25),
    ) {
        let (seen, journal) = run(Query::default(), before, &events, 0);
        let all: Vec<Seen> = (0..journal.lines.len()).map(Seen::Line).collect();
        prop_assert_eq!(seen, all);
    }

    #[test]
    fn nothing_lost_nothing_twice_through_a_filter(
        before in 0usize..50,
        events in proptest::collection::vec(event(false), 0..25),
        unit in 0usize..3,
    ) {
        let query = Query { units: vec![format!("u{unit}")], ..Query::default() };
        let (seen, journal) = run(query, before, &events, unit);
        let matching = journal.lines.iter().filter(|line| line.unit == unit);
        let all: Vec<Seen> = matching.map(|line| Seen::Line(line.seq)).collect();
        prop_assert_eq!(seen, all);
    }

    #[test]
    fn what_was_vacuumed_away_is_a_gap(
        before in 0usize..50,
        events in proptest::collection::vec(event(true), 0..25),
    ) {
        let (seen, journal) = run(Query::default(), before, &events, 0);
        let mut next = None;
        let mut gap = true; // What was gone before the start is none of ours.
        for one in &seen {
            match one {
                Seen::Gap => gap = true,
                Seen::Line(seq) => {
                    let expected = next.unwrap_or(0);
                    prop_assert!(*seq == expected || (gap && *seq > expected), "{:?}", seen);
                    (next, gap) = (Some(*seq + 1), false);
                }
            }
        }
        prop_assert_eq!(next, Some(journal.lines.len()));
    }
}
