//! One run of journalctl: what must come first, what is given out, where it ended.

use super::{Follower, Position, Stop};
use crate::logs::{
    Gap, LogEvent,
    entry::{self, Mark},
    export::{Limits, Raw},
    fetch::unreadable_entry,
    query,
    stream::{BATCH, BATCH_BYTES, BATCH_WAIT, Decode, Source, Stream},
};
use crate::problem::Problem;
use crate::remote::ssh::{Argv, ExitStatus, SshError};
use tokio::time::Instant;

/// What must be, or may be, the first entry of a reading.
pub(super) enum Overlap {
    /// Anything.
    Free,
    /// This one comes first if it matches, and was dealt with.
    May(Mark),
    /// This one must come first.
    Must(Mark),
    /// Of a follower: this one must, or may, come first, if anything comes; unless it begins with
    /// another boot and that is as it should be.
    Live {
        mark: Mark,
        must: bool,
        any_boot: bool,
    },
    /// Whatever was lately given out is dropped. Before the first other entry there is a hole.
    Hole { after: i64, why: &'static str },
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// At the journal's end, having given out so many entries; or `journalctl --follow` ended.
    Done { given: usize },
    /// The entry that must come first was not there; nothing was given out.
    Vanished,
    /// A follower left entries out; those before the hole were given out.
    Skipped,
}

impl<S: Source, D: Decode> Follower<S, D> {
    pub(super) async fn newest(&mut self) -> Result<Option<Mark>, Stop> {
        self.first(&query::newest()).await
    }

    /// Where the first entry that this command prints stands.
    pub(super) async fn first(&mut self, command: &Argv) -> Result<Option<Mark>, Stop> {
        let mut stream = self.open(command, Limits::LIST).await?;
        let mut mark = None;
        loop {
            let more = tokio::select! {
                () = self.events.closed() => return Err(Stop::Gone),
                more = stream.read() => more,
            };
            if !more {
                break;
            }
            while let Some(item) = stream.parser.next() {
                if let (None, Ok(raw)) = (&mark, item) {
                    mark = Mark::of(&raw);
                }
            }
        }
        self.ended(stream).await?;
        Ok(mark)
    }

    pub(super) async fn open(&mut self, command: &Argv, limits: Limits) -> Result<Stream, Stop> {
        let process = tokio::select! {
            () = self.events.closed() => return Err(Stop::Gone),
            process = self.source.exec(command) => process,
        };
        Ok(Stream::new(process.map_err(unsent)?, limits))
    }

    /// After a reading's end: whether it was the journal's.
    pub(super) async fn ended(&mut self, stream: Stream) -> Result<(), Stop> {
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
    pub(super) async fn read(
        &mut self,
        command: &Argv,
        mut overlap: Overlap,
    ) -> Result<Reading, Stop> {
        let mut stream = self.open(command, self.decode.limits()).await?;
        let live = command.words().iter().any(|word| word == "--follow");
        if live {
            let id = self.source.id().clone();
            self.send(LogEvent::Live(id)).await?;
        }
        self.last_number = None;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let (mut given, mut unreadable) = (0, None);
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
                    Overlap::May(mark) | Overlap::Must(mark) | Overlap::Live { mark, .. }
                        if D::cursor(&entry) == mark.cursor.as_bytes() =>
                    {
                        true
                    }
                    Overlap::May(_) => false,
                    Overlap::Must(_) => return Ok(Reading::Vanished),
                    Overlap::Live {
                        mark,
                        must,
                        any_boot,
                    } => {
                        let same = D::mark(&entry).map(|found| found.boot) == Some(mark.boot);
                        let gone_past = match same {
                            true => *must,
                            false => !*any_boot,
                        };
                        if gone_past {
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
                    bytes = 0;
                }
                bytes += D::weight(&entry);
                batch.push(entry);
                given += 1;
                if batch.len() >= BATCH || bytes >= BATCH_BYTES {
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
    pub(super) fn skipped_before(&mut self, raw: &Raw<'_>) -> u64 {
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
    pub(super) async fn give(&mut self, batch: &mut Vec<D::Item>) -> Result<(), Stop> {
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

    pub(super) async fn hole_before(&mut self, entry: &D::Item, what: &str) -> Result<(), Stop> {
        let to = D::mark(entry).map_or(0, |mark| mark.realtime);
        let from = match &self.position {
            Position::Anchor(mark) | Position::Last(mark) => mark.realtime,
            Position::Fresh | Position::Empty => to,
        };
        self.gap(from, to, what).await
    }

    pub(super) async fn gap(&mut self, from: i64, to: i64, why: &str) -> Result<(), Stop> {
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

    pub(super) async fn tell_down(&mut self, problem: Problem) -> Result<(), Stop> {
        let id = self.source.id().clone();
        let problem = problem.on(id.as_str());
        self.send(LogEvent::Down(id, problem)).await
    }

    pub(super) async fn send(&mut self, event: LogEvent<D::Item>) -> Result<(), Stop> {
        self.events.send(event).await.map_err(|_| Stop::Gone)
    }
}

/// A command that could not be started.
pub(super) fn unsent(error: SshError) -> Stop {
    match error {
        SshError::Link(problem) | SshError::Refused(problem) => Stop::Link(problem),
        SshError::Channel(problem) => Stop::Again(problem),
    }
}
