//! What is read here, as the entries of lists. Those without a cursor get one in journald's form,
//! made of their place in the file, by which they are found again.

use super::{LogFile, OFFSET, read};
use crate::logs::{
    Entry, Fetched, GONE, LogEvent, Query,
    entry::Interner,
    export::{Limits, Raw, RawEntry},
    lifecycle::Lifecycle,
    seen::Seen,
    stream::QUEUE,
};
use crate::problem::{Exit, Problem};
use crate::remote::HostId;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Most bytes of a message in a list.
const MESSAGE: usize = 64 << 10;

pub(super) struct Decoder {
    host: HostId,
    interner: Interner,
    /// Lines that tell no time go behind the last one that does.
    pub(super) time: i64,
}

impl Decoder {
    pub(super) fn new(file: &LogFile) -> Decoder {
        Decoder {
            host: file.id().clone(),
            interner: Interner::default(),
            time: 0,
        }
    }

    pub(super) fn decode(&mut self, raw: &Raw<'_>) -> Entry {
        let seen = Seen::raw(raw, "", Timestamp::UNIX_EPOCH);
        if seen.realtime != 0 {
            self.time = seen.realtime;
        }
        let cursor = cursor(raw, self.time);
        let mut shared = |text: &[u8]| self.interner.get(&String::from_utf8_lossy(text));
        let monotonic = raw.get("__MONOTONIC_TIMESTAMP");
        let monotonic = monotonic.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let kept = seen.message.get(..MESSAGE).unwrap_or(seen.message);
        let cut = raw.fields().find(|field| field.name == "MESSAGE");
        let cut = cut.and_then(|field| field.cut_from);
        let long = (kept.len() < seen.message.len()).then_some(seen.message.len() as u64);
        let id = raw.get("MESSAGE_ID");
        Entry {
            host: self.host.clone(),
            cursor: Arc::from(cursor),
            realtime: self.time,
            monotonic: monotonic.unwrap_or(0),
            boot: seen.boot,
            priority: seen.priority,
            unit: seen.unit.map(&mut shared),
            identifier: seen.identifier.map(&mut shared),
            pid: seen.pid,
            message: Arc::from(kept),
            cut_from: cut.or(long),
            told: id.and_then(|id| Lifecycle::of_id(id, seen.identifier?, seen.priority)),
        }
    }
}

/// The entry's own cursor, or one of its place: lines count by bytes, entries one by one.
fn cursor(raw: &Raw<'_>, time: i64) -> String {
    let text = |name| {
        raw.get(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    };
    if let Some(cursor) = text("__CURSOR") {
        return cursor.to_owned();
    }
    let place: u64 = text(OFFSET)
        .and_then(|place| place.parse().ok())
        .unwrap_or(0);
    format!("s={:032x};i={place:x};b={:032x};m=0;t={time:x};x=0", 0, 0)
}

pub(super) fn fetched(file: &LogFile, mut raws: Fetched<RawEntry>) -> Fetched<Entry> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let mut decoder = Decoder::new(file);
    tokio::spawn(async move {
        while let Some(batch) = raws.recv().await {
            let batch = batch.map(|raws| {
                raws.iter()
                    .map(|raw| decoder.decode(&raw.as_raw()))
                    .collect()
            });
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    });
    receiver
}

pub(super) fn followed(
    file: &LogFile,
    mut raws: mpsc::Receiver<LogEvent<RawEntry>>,
) -> mpsc::Receiver<LogEvent> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let mut decoder = Decoder::new(file);
    tokio::spawn(async move {
        while let Some(event) = raws.recv().await {
            let event = match event {
                LogEvent::Entries(raws) => LogEvent::Entries(
                    raws.iter()
                        .map(|raw| decoder.decode(&raw.as_raw()))
                        .collect(),
                ),
                LogEvent::Gap(gap) => LogEvent::Gap(gap),
                LogEvent::Live(host) => LogEvent::Live(host),
                LogEvent::Down(host, problem) => LogEvent::Down(host, problem),
                LogEvent::Warning(host, problem) => LogEvent::Warning(host, problem),
            };
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// Looks for the entry with this cursor, from the beginning of the file on. Blocks.
pub(super) fn find(file: &LogFile, wanted: &str) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let mut raws = read::fetch(file.clone(), Query::default(), Limits::WHOLE);
    let mut decoder = Decoder::new(file);
    while let Some(batch) = raws.blocking_recv() {
        for raw in batch? {
            let raw = raw.as_raw();
            let time = crate::logs::seen::time_of(&raw);
            decoder.time = if time == 0 { decoder.time } else { time };
            if cursor(&raw, decoder.time) == wanted {
                let ours = |name: &str| name == OFFSET;
                let fields = raw.fields().filter(|field| !ours(field.name));
                return Ok(fields
                    .map(|f| (f.name.to_owned(), f.value.to_vec()))
                    .collect());
            }
        }
    }
    Err(gone("the file no longer has this entry"))
}

/// What was given out cannot be read again.
pub(super) fn gone(why: &str) -> Problem {
    Problem::new("journal", GONE, Exit::Negative, why)
}
