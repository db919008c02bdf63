//! Reading back in what we read ourselves: entries that were given out once, and those before them.
//!
//! The first question reads the file from its beginning and remembers places on the way; later
//! ones take reading up at the place before the entry that they begin at.

use super::{
    LogFile, Place, Stream,
    entries::{Decoder, gone},
    feed::{Event, Feed},
    read::{Reader, Resume},
    unreadable,
};
use crate::logs::{
    Entry, Fetched, Query,
    export::{Limits, RawEntry},
    stream::{BATCH, QUEUE},
};
use crate::problem::Problem;
use std::{collections::VecDeque, ops::ControlFlow, sync::PoisonError};
use tokio::sync::mpsc;

/// Bytes from one place to the next, at first.
const APART: u64 = 1 << 20;
/// Most places; when there are more, every other one is forgotten.
const MOST: usize = 4096;

/// Where reading can be taken up, for the entries that one question is about.
#[derive(Debug, Default)]
pub(super) struct Places {
    query: Query,
    known: Vec<Known>,
    apart: u64,
}

#[derive(Debug, Clone)]
struct Known {
    offset: u64,
    /// The time of the entry before.
    time: i64,
    resume: Resume,
    /// The earliest and the latest time of the entries from here to the next place.
    earliest: i64,
    latest: i64,
}

impl Known {
    fn at(offset: u64, time: i64, resume: Resume) -> Known {
        Known {
            offset,
            time,
            resume,
            earliest: i64::MAX,
            latest: i64::MIN,
        }
    }
}

/// The `lines` entries up to the cursor's, itself included, newest first.
pub(super) fn fetch(file: LogFile, query: Query) -> Fetched<Entry> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        let asked = match file.stream() {
            Some(stream) => ask(&file, stream, query, &sender),
            None => Ok(()),
        };
        if let Err(problem) = asked {
            let _ = sender.blocking_send(Err(problem.on(file.id().as_str())));
        }
    });
    receiver
}

fn ask(
    file: &LogFile,
    stream: &Stream,
    mut query: Query,
    sender: &mpsc::Sender<Result<Vec<Entry>, Problem>>,
) -> Result<(), Problem> {
    if let Place::Input(_) = stream.place {
        return Err(gone("standard input cannot be read a second time"));
    }
    let cursor = query.cursor.take().unwrap_or_default();
    let most = query.lines.take().unwrap_or(usize::MAX);
    query.reverse = false;
    let places = &file.0.places;
    let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
    if places.query != query || places.known.is_empty() {
        *places = Places {
            query,
            known: Vec::new(),
            apart: APART,
        };
    }
    let search = Search {
        file,
        stream,
        cursor: &cursor,
        most,
        sender,
    };
    let found = match search.near(&places)? {
        Some(found) => Some(found),
        None => search.everywhere(&mut places)?,
    };
    let Some(found) = found else {
        return Err(gone("the file no longer has these entries"));
    };
    let mut found = found.into_iter().rev();
    loop {
        let batch: Vec<Entry> = found.by_ref().take(BATCH).collect();
        if batch.is_empty() || sender.blocking_send(Ok(batch)).is_err() {
            return Ok(());
        }
    }
}

/// One question.
struct Search<'a> {
    file: &'a LogFile,
    stream: &'a Stream,
    cursor: &'a str,
    most: usize,
    sender: &'a mpsc::Sender<Result<Vec<Entry>, Problem>>,
}

type Found = VecDeque<Entry>;

impl Search<'_> {
    /// From the known places on between which the entry may lie.
    fn near(&self, places: &Places) -> Result<Option<Found>, Problem> {
        let time = time_of(self.cursor);
        let may = |known: &Known| time.is_none_or(|t| known.earliest <= t && t <= known.latest);
        for at in (0..places.known.len()).rev() {
            let Some(from) = places.known.get(at).filter(|known| may(known)) else {
                continue;
            };
            let end = places.known.get(at + 1).map(|next| next.offset);
            if let Some(mut found) = self.between(&places.query, from, end, true)? {
                self.complete(places, at, &mut found)?;
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// As many more entries from before this place as are still wanted.
    fn complete(&self, places: &Places, at: usize, found: &mut Found) -> Result<(), Problem> {
        let (mut start, mut step) = (at, 1);
        while found.len() < self.most && start > 0 {
            let end = places.known.get(start).map(|known| known.offset);
            start = start.saturating_sub(step);
            // What is packed is unpacked from its beginning each time.
            step *= 2;
            let Some(from) = places.known.get(start) else {
                return Ok(());
            };
            let before = self.between(&places.query, from, end, false)?;
            let mut before = before.unwrap_or_default();
            while found.len() < self.most
                && let Some(entry) = before.pop_back()
            {
                found.push_front(entry);
            }
        }
        Ok(())
    }

    /// The last wanted entries from one place up to the cursor's entry; to the next place when it
    /// is not looked for. `None` when it is looked for, and not there.
    fn between(
        &self,
        query: &Query,
        from: &Known,
        end: Option<u64>,
        sought: bool,
    ) -> Result<Option<Found>, Problem> {
        let mut reader = Reader::new(self.stream, query, Limits::LIST)?;
        reader.take_up(&from.resume);
        let mut kept = Kept::new(self.file, from.time, self.most);
        let cursor = sought.then_some(self.cursor);
        let found = self.read(
            &mut reader,
            &mut kept,
            from.offset,
            end,
            cursor,
            |_, _, _| {},
        )?;
        Ok((found || !sought).then_some(kept.entries))
    }

    /// From the beginning on, remembering places.
    fn everywhere(&self, places: &mut Places) -> Result<Option<Found>, Problem> {
        let mut reader = Reader::new(self.stream, &places.query, Limits::LIST)?;
        let mut kept = Kept::new(self.file, 0, self.most);
        places.apart = APART;
        places.known = vec![Known::at(0, 0, Resume::default())];
        let cursor = Some(self.cursor);
        let found = self.read(
            &mut reader,
            &mut kept,
            0,
            None,
            cursor,
            |reader, kept, done| {
                places.met(kept);
                if done {
                    return;
                }
                if let Some((offset, resume)) = reader.place() {
                    places.remember(offset, kept.decoder.time, resume);
                }
            },
        )?;
        Ok(found.then_some(kept.entries))
    }

    /// Reads up to the cursor's entry or the end; whether it was found. `after` is called after
    /// each piece, and told whether it was the last.
    fn read(
        &self,
        reader: &mut Reader,
        kept: &mut Kept,
        from: u64,
        end: Option<u64>,
        cursor: Option<&str>,
        mut after: impl FnMut(&mut Reader, &mut Kept, bool),
    ) -> Result<bool, Problem> {
        let failed = |error: std::io::Error| unreadable("it", &error);
        let mut feed = Feed::once_from(&self.stream.place, from).map_err(failed)?;
        let mut at = from;
        loop {
            if self.sender.is_closed() {
                return Ok(false);
            }
            let mut bytes = match feed.next().map_err(failed)? {
                Event::Bytes(bytes) => bytes,
                _ => Vec::new(),
            };
            // Just up to the next place, where an entry begins.
            let left = end.map(|end| usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX));
            if let Some(left) = left {
                bytes.truncate(left);
            }
            at += bytes.len() as u64;
            let last = bytes.is_empty() || end.is_some_and(|end| at >= end);
            let mut found = ControlFlow::Continue(());
            let mut take = |raw: RawEntry| {
                if found.is_continue() {
                    found = kept.take(&raw, cursor);
                }
            };
            reader.feed(&bytes, &mut take);
            if last {
                reader.finish(&mut take);
            }
            let done = last || found.is_break();
            after(reader, kept, done);
            if done {
                return Ok(found.is_break());
            }
        }
    }
}

/// The last entries that were met.
struct Kept {
    decoder: Decoder,
    entries: Found,
    most: usize,
    earliest: i64,
    latest: i64,
}

impl Kept {
    fn new(file: &LogFile, time: i64, most: usize) -> Kept {
        let mut decoder = Decoder::new(file);
        decoder.time = time;
        Kept {
            decoder,
            entries: VecDeque::new(),
            most,
            earliest: i64::MAX,
            latest: i64::MIN,
        }
    }

    /// Breaks with the entry that is looked for.
    fn take(&mut self, raw: &RawEntry, cursor: Option<&str>) -> ControlFlow<()> {
        let entry = self.decoder.decode(&raw.as_raw());
        self.earliest = self.earliest.min(entry.realtime);
        self.latest = self.latest.max(entry.realtime);
        let found = cursor.is_some_and(|cursor| *entry.cursor == *cursor);
        self.entries.push_back(entry);
        if self.entries.len() > self.most {
            self.entries.pop_front();
        }
        if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Places {
    /// These times are between the last place and the next.
    fn met(&mut self, kept: &mut Kept) {
        if let Some(last) = self.known.last_mut() {
            last.earliest = last.earliest.min(kept.earliest);
            last.latest = last.latest.max(kept.latest);
        }
        (kept.earliest, kept.latest) = (i64::MAX, i64::MIN);
    }

    /// A place later than all, unless the last one is near.
    fn remember(&mut self, offset: u64, time: i64, resume: Resume) {
        let last = self.known.last().map_or(0, |known| known.offset);
        if offset.saturating_sub(last) < self.apart {
            return;
        }
        self.known.push(Known::at(offset, time, resume));
        if self.known.len() > MOST {
            self.apart *= 2;
            let mut kept: Vec<Known> = Vec::with_capacity(MOST);
            for (at, known) in self.known.drain(..).enumerate() {
                match kept.last_mut() {
                    Some(before) if at % 2 == 1 => {
                        before.earliest = before.earliest.min(known.earliest);
                        before.latest = before.latest.max(known.latest);
                    }
                    _ => kept.push(known),
                }
            }
            self.known = kept;
        }
    }
}

/// The time in a cursor, microseconds since 1970.
fn time_of(cursor: &str) -> Option<i64> {
    let time = cursor.split(';').find_map(|part| part.strip_prefix("t="))?;
    i64::from_str_radix(time, 16).ok()
}
