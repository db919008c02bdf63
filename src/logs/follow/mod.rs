//! The follower: a host's journal from some point on, through broken links, reboots and
//! journalctl's own end, without losing or repeating an entry.
//!
//! Each time the link is back it first reads from the last entry it gave out to the journal's end
//! (all boots), then follows from there. Every reading starts *at* that entry, which must come
//! first and is dropped: proof that nothing is missing. `journalctl --follow` alone would not do:
//! it shows the running boot only, so what was written between the last entry and a reboot would
//! be lost. Where the proof fails, reading goes on by time and the hole is told as a [`Gap`].

mod recent;
#[cfg(test)]
mod tests;

use super::{
    Gap, LogEvent, Query,
    entry::{self, LIST_FIELDS, Mark},
    export::{Limits, Raw, RawEntry},
    fetch::{may_read, unreadable_entry},
    query::{self, Fields, Start},
    stream::{AsTheyCame, BATCH, BATCH_WAIT, Decode, ForLists, QUEUE, Source, Stream},
};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::{Argv, ExitStatus, Host};
use jiff::Zoned;
use recent::Recent;
use std::time::Duration;
use tokio::{sync::mpsc, time::Instant};

/// How long to wait before reading is taken up again.
#[derive(Debug, Clone, Copy)]
struct Pauses {
    shortest: Duration,
    longest: Duration,
    /// After a problem of the host that only somebody's work there ends.
    stubborn: Duration,
}

const PAUSES: Pauses = Pauses {
    shortest: Duration::from_millis(50),
    longest: Duration::from_secs(5),
    stubborn: Duration::from_secs(30),
};

/// Follows a host's journal from its last `query.lines` entries on (from `query.since` or
/// `query.cursor` where given), through broken links and reboots, without losing or repeating an
/// entry, until the receiver is dropped. `query.boot` narrows the start only; `until` and
/// `reverse` are ignored: a follower has no end.
pub fn follow(host: Host, query: Query) -> mpsc::Receiver<LogEvent> {
    start(host, query, Fields::Only(LIST_FIELDS), ForLists::default())
}

/// [`follow`], with these fields as they came.
pub fn follow_raw(host: Host, query: Query, fields: Fields) -> mpsc::Receiver<LogEvent<RawEntry>> {
    start(host, query, fields, AsTheyCame)
}

fn start<S: Source, D: Decode>(
    source: S,
    mut query: Query,
    fields: Fields,
    decode: D,
) -> mpsc::Receiver<LogEvent<D::Item>> {
    query.until = None;
    query.reverse = false;
    let counted = query.takes_all();
    let (events, receiver) = mpsc::channel(QUEUE);
    let follower = Follower {
        source,
        query,
        fields,
        decode,
        events,
        position: Position::Fresh,
        recent: Recent::default(),
        access_told: false,
        counted,
        last_number: None,
        pauses: PAUSES,
    };
    tokio::spawn(follower.run());
    receiver
}

/// Up to where entries were given out.
#[derive(Debug, Clone)]
enum Position {
    /// Nothing was asked yet.
    Fresh,
    /// The journal had no entry at all.
    Empty,
    /// Nothing that matches was given out yet; all up to this entry, of any kind, is dealt with.
    Anchor(Mark),
    /// This entry was the last given out.
    Last(Mark),
}

/// Why a reading ended early.
#[derive(Debug)]
enum Stop {
    /// Nobody listens any more.
    Gone,
    /// Asking again cannot help.
    Fatal(Problem),
    /// Take it up again after a short pause, or once the link is back.
    Again(Problem),
    /// Take it up again after a long pause.
    Later(Problem),
}

/// What must be, or may be, the first entry of a reading.
enum Overlap {
    /// Anything.
    Free,
    /// This one comes first if it matches, and was dealt with.
    May(Mark),
    /// This one must come first.
    Must(Mark),
    /// This one must come first, unless the reading starts with another boot.
    MustInBoot(Mark),
    /// Whatever was lately given out is dropped. Before the first other entry there is a hole.
    Hole { after: i64, why: &'static str },
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// At the journal's end, having given out so many entries; or `journalctl --follow` ended.
    Done { given: usize },
    /// The entry that must come first was not there; nothing was given out.
    Vanished,
    /// A follower left entries out; those before the hole were given out.
    Skipped,
}

struct Follower<S, D: Decode> {
    source: S,
    query: Query,
    fields: Fields,
    decode: D,
    events: mpsc::Sender<LogEvent<D::Item>>,
    position: Position,
    recent: Recent,
    access_told: bool,
    /// Whether every entry of the journal is to come, so that their numbers show a hole.
    counted: bool,
    /// Id and number of the last entry read, as journald counts them.
    last_number: Option<(u128, u64)>,
    pauses: Pauses,
}

impl<S: Source, D: Decode> Follower<S, D> {
    async fn run(mut self) {
        let pauses = self.pauses;
        let mut pause = pauses.shortest;
        loop {
            let events = self.events.clone();
            let ready = tokio::select! {
                () = events.closed() => return,
                ready = self.source.ready() => ready,
            };
            if let Err(problem) = ready {
                if self.tell_down(problem).await.is_err() {
                    return;
                }
                tokio::select! {
                    () = events.closed() => return,
                    () = self.source.changed() => {}
                    () = tokio::time::sleep(pauses.stubborn) => {}
                }
                continue;
            }
            let began = Instant::now();
            let stop = match self.session().await {
                Ok(never) => match never {},
                Err(stop) => stop,
            };
            if began.elapsed() > pauses.longest {
                pause = pauses.shortest;
            }
            let (problem, wait) = match stop {
                Stop::Gone => return,
                Stop::Fatal(problem) => {
                    let _ = self.tell_down(problem).await;
                    return;
                }
                Stop::Again(problem) => (problem, pause),
                Stop::Later(problem) => (problem, pauses.stubborn),
            };
            pause = (pause * 2).min(pauses.longest);
            if self.tell_down(problem).await.is_err() {
                return;
            }
            tokio::select! {
                () = events.closed() => return,
                () = tokio::time::sleep(wait) => {}
                () = self.source.changed(), if wait == pauses.stubborn => {}
            }
        }
    }

    /// From the position on, until something breaks.
    async fn session(&mut self) -> Result<std::convert::Infallible, Stop> {
        self.catch_up().await?;
        if !self.access_told {
            if let Some(problem) = may_read(&self.source).await.map_err(again)? {
                // Numbers are missing where entries may not be read.
                self.counted = false;
                let id = self.source.id().clone();
                let problem = problem.on(id.as_str());
                self.send(LogEvent::Warning(id, problem)).await?;
            }
            self.access_told = true;
        }
        loop {
            let (start, overlap) = match &self.position {
                Position::Fresh | Position::Empty => (Start::Oldest, Overlap::Free),
                Position::Anchor(anchor) => {
                    (Start::Cursor(&anchor.cursor), Overlap::May(anchor.clone()))
                }
                Position::Last(last) => (
                    Start::Cursor(&last.cursor),
                    Overlap::MustInBoot(last.clone()),
                ),
            };
            let command = self.query.resumed(self.fields, &start, true);
            match self.read(&command, overlap).await? {
                // Rotated away in the moment since the catching up; or a journal file appeared
                // (a user's first entry) and journalctl had already gone past its entries.
                Reading::Vanished | Reading::Skipped => self.catch_up().await?,
                Reading::Done { .. } => {
                    return Err(Stop::Again(Problem::new(
                        "journal",
                        "journal-ended",
                        Exit::Negative,
                        "journalctl ended on the host",
                    )));
                }
            }
        }
    }

    /// From the position to the journal's end, whatever boots lie between.
    async fn catch_up(&mut self) -> Result<(), Stop> {
        match self.position.clone() {
            Position::Fresh => self.begin().await,
            Position::Empty => {
                let command = self.query.resumed(self.fields, &Start::Oldest, false);
                self.read(&command, Overlap::Free).await?;
                Ok(())
            }
            Position::Anchor(anchor) => self.catch_up_from_anchor(anchor).await,
            Position::Last(last) => {
                let start = Start::Cursor(&last.cursor);
                let command = self.query.resumed(self.fields, &start, false);
                match self.read(&command, Overlap::Must(last.clone())).await? {
                    Reading::Vanished => self.recover(last).await,
                    Reading::Done { .. } | Reading::Skipped => Ok(()),
                }
            }
        }
    }

    /// The first reading: what the query itself asks for.
    async fn begin(&mut self) -> Result<(), Stop> {
        // Taken before: what is written meanwhile comes after it.
        let anchor = self.newest().await?;
        let command = self.query.command(self.fields, &Zoned::now());
        let command = command.map_err(Stop::Fatal)?;
        self.read(&command, Overlap::Free).await?;
        if matches!(self.position, Position::Fresh) {
            self.position = anchor.map_or(Position::Empty, Position::Anchor);
        }
        Ok(())
    }

    /// Nothing was given out yet, so no entry of the filtered reading can be the proof; the anchor
    /// itself must still be there.
    async fn catch_up_from_anchor(&mut self, anchor: Mark) -> Result<(), Stop> {
        let newest = self.newest().await?;
        let at = query::at_cursor(&anchor.cursor, Fields::Only("_BOOT_ID"));
        if self
            .first(&at)
            .await?
            .is_none_or(|found| found.cursor != anchor.cursor)
        {
            return self.recover(anchor).await;
        }
        let start = Start::Cursor(&anchor.cursor);
        let command = self.query.resumed(self.fields, &start, false);
        self.read(&command, Overlap::May(anchor.clone())).await?;
        if matches!(self.position, Position::Anchor(_)) {
            self.position = Position::Anchor(newest.unwrap_or(anchor));
        }
        Ok(())
    }

    /// The journal no longer has the entry that we stand at: on by time, with a hole before it.
    async fn recover(&mut self, from: Mark) -> Result<(), Stop> {
        let newest = self.newest().await?;
        let start = Start::Time(from.realtime);
        let command = self.query.resumed(self.fields, &start, false);
        let overlap = Overlap::Hole {
            after: from.realtime,
            why: "the journal no longer has the last entry seen (rotated or vacuumed away)",
        };
        if self.read(&command, overlap).await? == (Reading::Done { given: 0 }) {
            let to = newest.as_ref().map_or(from.realtime, |mark| mark.realtime);
            let why = "the journal no longer has the last entry seen (rotated or vacuumed away)";
            self.gap(from.realtime, to, why).await?;
            self.position = newest.map_or(Position::Empty, Position::Anchor);
        }
        Ok(())
    }

    async fn newest(&mut self) -> Result<Option<Mark>, Stop> {
        self.first(&query::newest()).await
    }

    /// Where the first entry that this command prints stands.
    async fn first(&mut self, command: &Argv) -> Result<Option<Mark>, Stop> {
        let mut stream = self.open(command, Limits::LIST).await?;
        let mut mark = None;
        while stream.read().await {
            while let Some(item) = stream.parser.next() {
                if let (None, Ok(raw)) = (&mark, item) {
                    mark = Mark::of(&raw);
                }
            }
        }
        self.ended(stream).await?;
        Ok(mark)
    }

    async fn open(&mut self, command: &Argv, limits: Limits) -> Result<Stream, Stop> {
        let process = tokio::select! {
            () = self.events.closed() => return Err(Stop::Gone),
            process = self.source.exec(command) => process,
        };
        Ok(Stream::new(process.map_err(again)?, limits))
    }

    /// After a reading's end: whether it was the journal's.
    async fn ended(&mut self, stream: Stream) -> Result<(), Stop> {
        let (exit, said) = stream.end().await;
        let Some(problem) = query::failure(&exit, &said) else {
            return Ok(());
        };
        Err(match problem.code {
            "journal-query" => Stop::Fatal(problem),
            "journal-permission" | "journal-missing" => Stop::Later(problem),
            _ if exit == ExitStatus::Lost => Stop::Again(self.source.trouble().unwrap_or(problem)),
            _ => Stop::Again(problem),
        })
    }

    /// Runs journalctl and gives out what it prints. The position moves with each batch that was
    /// given out, so that whatever breaks, the next reading starts there.
    async fn read(&mut self, command: &Argv, mut overlap: Overlap) -> Result<Reading, Stop> {
        let mut stream = self.open(command, self.decode.limits()).await?;
        let live = command.words().iter().any(|word| word == "--follow");
        if live {
            let id = self.source.id().clone();
            self.send(LogEvent::Live(id)).await?;
        }
        self.last_number = None;
        let (mut batch, mut given, mut unreadable) = (Vec::new(), 0, None);
        let mut due = Instant::now();
        loop {
            let more = tokio::select! {
                biased;
                () = self.events.closed() => return Err(Stop::Gone),
                () = tokio::time::sleep_until(due), if !batch.is_empty() => {
                    self.give(&mut batch).await?;
                    continue;
                }
                more = stream.read() => more,
            };
            while let Some(item) = stream.parser.next() {
                let raw = match item {
                    Ok(raw) => raw,
                    Err(error) => {
                        unreadable = Some(error.to_string());
                        continue;
                    }
                };
                let skipped = self.skipped_before(&raw);
                let Some(entry) = self.decode.decode(&raw, self.source.id()) else {
                    unreadable = Some("an entry without cursor, time or boot".to_owned());
                    continue;
                };
                let known = match &overlap {
                    Overlap::Free => false,
                    Overlap::May(mark) | Overlap::Must(mark) | Overlap::MustInBoot(mark)
                        if D::cursor(&entry) == mark.cursor.as_bytes() =>
                    {
                        true
                    }
                    Overlap::May(_) => false,
                    Overlap::Must(_) => return Ok(Reading::Vanished),
                    Overlap::MustInBoot(mark) => {
                        let boot = D::mark(&entry).map(|found| found.boot);
                        if boot == Some(mark.boot) {
                            return Ok(Reading::Vanished);
                        }
                        false
                    }
                    Overlap::Hole { after, why } => {
                        let known = self.recent.contains(D::cursor(&entry));
                        if !known {
                            let to = D::mark(&entry).map_or(*after, |mark| mark.realtime);
                            self.gap(*after, to, why).await?;
                        }
                        known
                    }
                };
                // In a reading by time several known entries may come first.
                if !(known && matches!(overlap, Overlap::Hole { .. })) {
                    overlap = Overlap::Free;
                }
                if known {
                    continue;
                }
                if skipped > 0 {
                    self.give(&mut batch).await?;
                    if live {
                        return Ok(Reading::Skipped);
                    }
                    let what = format!("{skipped} entries are no longer in the journal");
                    self.hole_before(&entry, &what).await?;
                }
                if let Some(what) = unreadable.take() {
                    self.give(&mut batch).await?;
                    self.hole_before(&entry, &what).await?;
                }
                if batch.is_empty() {
                    due = Instant::now() + BATCH_WAIT;
                }
                batch.push(entry);
                given += 1;
                if batch.len() >= BATCH {
                    self.give(&mut batch).await?;
                }
            }
            if !more {
                break;
            }
        }
        self.give(&mut batch).await?;
        self.ended(stream).await?;
        if let Some(what) = unreadable {
            return Err(Stop::Again(unreadable_entry(&what)));
        }
        match overlap {
            // The entry that must come first did not come, nor any other.
            Overlap::Must(_) => Ok(Reading::Vanished),
            _ => Ok(Reading::Done { given }),
        }
    }

    /// How many entries journald counted between the one read before and this one.
    fn skipped_before(&mut self, raw: &Raw<'_>) -> u64 {
        if !self.counted {
            return 0;
        }
        let before = std::mem::replace(&mut self.last_number, entry::number_of(raw));
        match (before, self.last_number) {
            (Some((id, before)), Some((same, now))) if id == same => {
                now.saturating_sub(before).saturating_sub(1)
            }
            _ => 0,
        }
    }

    /// Gives a batch out; only then the position moves.
    async fn give(&mut self, batch: &mut Vec<D::Item>) -> Result<(), Stop> {
        let Some(last) = batch.last().and_then(D::mark) else {
            return Ok(());
        };
        for entry in batch.iter() {
            self.recent.add(D::cursor(entry));
        }
        let full = std::mem::take(batch);
        self.send(LogEvent::Entries(full)).await?;
        self.position = Position::Last(last);
        Ok(())
    }

    async fn hole_before(&mut self, entry: &D::Item, what: &str) -> Result<(), Stop> {
        let to = D::mark(entry).map_or(0, |mark| mark.realtime);
        let from = match &self.position {
            Position::Anchor(mark) | Position::Last(mark) => mark.realtime,
            Position::Fresh | Position::Empty => to,
        };
        self.gap(from, to, what).await
    }

    async fn gap(&mut self, from: i64, to: i64, why: &str) -> Result<(), Stop> {
        let host = self.source.id().clone();
        let why = why.to_owned();
        let gap = Gap {
            host,
            from,
            to,
            why,
        };
        self.send(LogEvent::Gap(gap)).await
    }

    async fn tell_down(&mut self, problem: Problem) -> Result<(), Stop> {
        let id = self.source.id().clone();
        let problem = problem.on(id.as_str());
        self.send(LogEvent::Down(id, problem)).await
    }

    async fn send(&mut self, event: LogEvent<D::Item>) -> Result<(), Stop> {
        self.events.send(event).await.map_err(|_| Stop::Gone)
    }
}

fn again(error: impl Into<Problem>) -> Stop {
    Stop::Again(error.into())
}
