//! All of a file at once, for questions about it and for a store. Text is taken apart into pieces,
//! one for each processor, and what they give is put together in the file's order. The export
//! format, whose entries only a parser can tell apart, is read in one go.

use super::{
    Format, LogFile, Stream,
    cut::{Cutter, Piece},
    feed::{Event, Feed},
    read::{Reader, clock, failed, seen_of},
    select::Select,
    text,
};
use crate::logs::{
    Query,
    export::{Limits, Raw},
    seen::Seen,
};
use crate::problem::Problem;
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    num::NonZero,
    ops::ControlFlow,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

/// More threads than this wait for the disk, or for each other.
const MOST: usize = 8;
/// Entries of the export format that are handed over at once.
const ENTRIES: usize = 50_000;

/// An entry that is wanted.
pub struct Found<'a> {
    /// As filters see it.
    pub seen: Seen<'a>,
    pub(super) of: Of<'a>,
}

/// What an entry was made of.
pub(super) enum Of<'a> {
    /// Where the line begins.
    Line(u64),
    /// The entry, and its number in the file.
    Entry(&'a Raw<'a>, u64),
}

/// What is done with the entries of a file: gathered part by part, the parts taken in order.
pub trait Fold: Sync {
    /// What entries are gathered in.
    type Part: Send;
    /// An empty one.
    fn begin(&self) -> Self::Part;
    /// Gathers the next entry of a part.
    fn add(&self, part: &mut Self::Part, found: &Found<'_>);
}

/// Gives all wanted entries to the fold, and its parts to `take` in the file's order. Blocks.
pub(super) fn fold<F: Fold>(
    file: &LogFile,
    query: &Query,
    limits: Limits,
    fold: &F,
    take: impl FnMut(F::Part) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let Some(stream) = file.stream() else {
        // journalctl reads it.
        return Ok(());
    };
    match stream.format {
        Format::Export => entries(file, stream, query, limits, fold, take),
        Format::Text => lines(file, stream, query, fold, take),
    }
}

fn entries<F: Fold>(
    file: &LogFile,
    stream: &Stream,
    query: &Query,
    limits: Limits,
    fold: &F,
    mut take: impl FnMut(F::Part) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let mut reader = Reader::new(stream, query, limits)?;
    let mut feed = Feed::once(&stream.place).map_err(|error| failed(&error))?;
    let host = file.id().as_str();
    let (mut part, mut count) = (fold.begin(), 0);
    loop {
        let event = feed.next().map_err(|error| failed(&error))?;
        let end = matches!(event, Event::End);
        let mut each = |raw: &Raw<'_>, seen: Seen<'_>, number| {
            count += 1;
            let seen = Seen { host, ..seen };
            let of = Of::Entry(raw, number);
            fold.add(&mut part, &Found { seen, of });
        };
        match event {
            Event::Bytes(bytes) => reader.feed_entries(&bytes, &mut each),
            _ => reader.finish_entries(&mut each),
        }
        if end || count >= ENTRIES {
            count = 0;
            let full = std::mem::replace(&mut part, fold.begin());
            if take(full).is_break() {
                return Ok(());
            }
        }
        if end {
            return reader.complaint();
        }
    }
}

fn lines<F: Fold>(
    file: &LogFile,
    stream: &Stream,
    query: &Query,
    fold: &F,
    mut take: impl FnMut(F::Part) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let select = Select::new(query, stream.format, || Ok(Vec::new()))?;
    let feed = Feed::once(&stream.place).map_err(|error| failed(&error))?;
    let (host, now) = (file.id().as_str(), Timestamp::now());
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(MOST);
    let (pieces, waiting) = mpsc::sync_channel::<Piece>(threads);
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        let (done, parts) = mpsc::channel();
        // A piece that takes long does not let the others run far ahead of it.
        let (permit, permits) = mpsc::channel();
        for _ in 0..2 * threads {
            let _ = permit.send(());
        }
        for _ in 0..threads {
            let (done, waiting, select) = (done.clone(), &waiting, &select);
            scope.spawn(move || {
                loop {
                    let next = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok(piece) = next else { return };
                    let mut part = fold.begin();
                    each_line(piece.parser, &piece.bytes, |line| {
                        let seen = seen_of(line, host, now);
                        if select.wants(&seen, None) {
                            let of = Of::Line(line.offset);
                            fold.add(&mut part, &Found { seen, of });
                        }
                    });
                    if done.send((piece.number, part)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let reader = scope.spawn(move || cut(feed, stream, &pieces, &permits));
        let mut permit = Some(permit);
        let (mut ahead, mut next) = (BTreeMap::new(), 0);
        for (number, part) in parts {
            ahead.insert(number, part);
            while let Some(part) = ahead.remove(&next) {
                next += 1;
                if permit.is_some() && take(part).is_break() {
                    // Without permits the reader ends, and with it the others.
                    permit = None;
                }
                if let Some(permit) = &permit {
                    let _ = permit.send(());
                }
            }
        }
        let read = reader.join();
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn each_line(mut parser: text::Parser, bytes: &[u8], mut each: impl FnMut(&text::Line<'_>)) {
    parser.feed(bytes);
    while let Some(line) = parser.next() {
        each(&line);
    }
    while let Some(line) = parser.finish() {
        each(&line);
    }
}

/// Reads the file and cuts it into pieces, until nobody takes them.
fn cut(
    mut feed: Feed,
    stream: &Stream,
    pieces: &mpsc::SyncSender<Piece>,
    permits: &mpsc::Receiver<()>,
) -> Result<(), Problem> {
    let mut cutter = Cutter::new(clock(stream));
    loop {
        let piece = match feed.next().map_err(|error| failed(&error))? {
            Event::Bytes(bytes) => cutter.add(&bytes),
            _ => {
                if let Some(piece) = cutter.rest()
                    && permits.recv().is_ok()
                {
                    let _ = pieces.send(piece);
                }
                return Ok(());
            }
        };
        if let Some(piece) = piece
            && (permits.recv().is_err() || pieces.send(piece).is_err())
        {
            return Ok(());
        }
    }
}
