//! The follower: a host's journal from some point on, through broken links, reboots and
//! journalctl's own end, without losing or repeating an entry.
//!
//! Each time the link is back it first reads from the last entry it gave out to the journal's end
//! (all boots), then follows from there. Every reading starts *at* that entry, which must come
//! first and is dropped: proof that nothing is missing. `journalctl --follow` alone would not do:
//! it shows the running boot only, so what was written between the last entry and a reboot would
//! be lost. Where the proof fails, reading goes on by time and the hole is told as a [`Gap`](super::Gap).

mod read;
mod recent;
#[cfg(test)]
mod tests;

use super::{
    LogEvent, Query,
    entry::{LIST_FIELDS, Mark},
    export::{Limits, RawEntry},
    fetch::may_read,
    query::{self, Fields, Start},
    stream::{AsTheyCame, Decode, ForLists, QUEUE, Source},
};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::Host;
use jiff::Zoned;
use read::{Overlap, Reading, unsent};
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

/// [`follow`], with these fields as they came, as far as the limits allow.
pub fn follow_raw(
    host: Host,
    query: Query,
    fields: Fields,
    limits: Limits,
) -> mpsc::Receiver<LogEvent<RawEntry>> {
    start(host, query, fields, AsTheyCame(limits))
}

pub(super) fn start<S: Source, D: Decode>(
    source: S,
    mut query: Query,
    fields: Fields,
    decode: D,
) -> mpsc::Receiver<LogEvent<D::Item>> {
    query.until = None;
    query.reverse = false;
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
        counted: false,
        last_number: None,
        pauses: PAUSES,
    };
    tokio::spawn(follower.run());
    receiver
}

/// Up to where entries were given out.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The link broke: take it up again once it is back.
    Link(Problem),
    /// journalctl failed or ended: take it up again after a pause, each time a longer one.
    Again(Problem),
    /// Take it up again after a long pause.
    Later(Problem),
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
    /// Whether every entry of the journal is to come, so that their numbers show a hole. Not
    /// before it is known that the user may read all of it.
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
                Stop::Link(problem) => (problem, pauses.shortest),
                Stop::Again(problem) => {
                    let wait = pause;
                    pause = (pause * 2).min(pauses.longest);
                    (problem, wait)
                }
                Stop::Later(problem) => (problem, pauses.stubborn),
            };
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
            let hidden = may_read(&self.source).await.map_err(unsent)?;
            self.counted = hidden.is_none() && self.query.takes_all();
            if let Some(problem) = hidden {
                let id = self.source.id().clone();
                let problem = problem.on(id.as_str());
                self.send(LogEvent::Warning(id, problem)).await?;
            }
            self.access_told = true;
        }
        // The host may restart between the catching up and the following, and what it wrote in
        // between, in its old boot, no follower shows: a follower that begins with another boot
        // has gone past it. Only when catching up again finds nothing (clocks that jump bring
        // boots out of order) is it as it should be.
        let mut any_boot = false;
        loop {
            let (start, overlap) = match &self.position {
                Position::Fresh | Position::Empty => (Start::Oldest, Overlap::Free),
                Position::Anchor(anchor) => (
                    Start::Cursor(&anchor.cursor),
                    Overlap::Live {
                        mark: anchor.clone(),
                        must: false,
                        any_boot,
                    },
                ),
                Position::Last(last) => (
                    Start::Cursor(&last.cursor),
                    Overlap::Live {
                        mark: last.clone(),
                        must: true,
                        any_boot,
                    },
                ),
            };
            let command = self.query.resumed(self.fields, &start, true);
            match self.read(&command, overlap).await? {
                // Rotated away in the moment since the catching up; or a journal file appeared
                // (a user's first entry) and journalctl had already gone past its entries.
                Reading::Vanished | Reading::Skipped => {
                    let before = self.position.clone();
                    self.catch_up().await?;
                    let found = matches!(self.position, Position::Last(_));
                    any_boot = !(found && self.position != before);
                }
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
}
