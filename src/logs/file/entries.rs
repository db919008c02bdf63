//! What is read here, as the entries of lists. Those without a cursor get one in journald's form,
//! made of their place in the file, by which they are found again.

use super::{LogFile, OFFSET, read};
use crate::logs::{
    Entry, Fetched, GONE, LogEvent, Query, digits,
    entry::{Fields, Interner, entry_of},
    export::{Known, Limits, Raw, RawEntry},
    lifecycle::Lifecycle,
    seen::Seen,
    stream::QUEUE,
};
use crate::problem::{Exit, Problem};
use crate::remote::HostId;
use jiff::Timestamp;
use tokio::sync::mpsc;

/// Most bytes of a message in a list.
const MESSAGE: usize = 64 << 10;

pub(super) struct Decoder {
    host: HostId,
    interner: Interner,
    cursor: String,
    /// Lines that tell no time go behind the last one that does.
    pub(super) time: i64,
}

impl Decoder {
    pub(super) fn new(file: &LogFile) -> Decoder {
        Decoder {
            host: file.id().clone(),
            interner: Interner::default(),
            cursor: String::new(),
            time: 0,
        }
    }

    pub(super) fn decode(&mut self, raw: &Raw<'_>) -> Entry {
        let seen = Seen::raw(raw, "", Timestamp::UNIX_EPOCH);
        if seen.realtime != 0 {
            self.time = seen.realtime;
        }
        let fields = fields_of(&seen, Some(raw), place(raw), self.time, &mut self.cursor);
        entry_of(fields, &self.host, &mut self.interner)
    }
}

/// What a list shows of an entry at this time: its own cursor, or one of its place, for which there
/// is a buffer.
pub(super) fn fields_of<'a>(
    seen: &Seen<'a>,
    raw: Option<&Raw<'a>>,
    place: u64,
    time: i64,
    cursor: &'a mut String,
) -> Fields<'a> {
    let message = seen.message.get(..MESSAGE).unwrap_or(seen.message);
    let long = message.len() < seen.message.len();
    let mut fields = Fields {
        cursor: "",
        realtime: time,
        monotonic: 0,
        boot: seen.boot,
        priority: seen.priority,
        unit: seen.unit.map(String::from_utf8_lossy),
        identifier: seen.identifier.map(String::from_utf8_lossy),
        pid: seen.pid,
        message,
        cut_from: long.then_some(seen.message.len() as u64),
        told: None,
    };
    for (known, value, cut) in raw.into_iter().flat_map(Raw::known) {
        let text = || std::str::from_utf8(value).ok();
        match known {
            Known::Cursor => fields.cursor = text().unwrap_or_default(),
            Known::Monotonic => {
                fields.monotonic = text().and_then(|text| text.parse().ok()).unwrap_or(0);
            }
            Known::Message if cut.is_some() => fields.cut_from = cut,
            Known::Catalogue => {
                let says = seen.identifier.unwrap_or_default();
                fields.told = Lifecycle::of_id(value, says, seen.priority);
            }
            _ => {}
        }
    }
    if fields.cursor.is_empty() {
        write_cursor(place, time, cursor);
        fields.cursor = cursor;
    }
    fields
}

/// The entry's own cursor, or one of its place: lines count by bytes, entries one by one.
fn cursor(raw: &Raw<'_>, time: i64) -> String {
    let own = raw.get("__CURSOR");
    let own = own.and_then(|text| std::str::from_utf8(text).ok());
    own.map_or_else(
        || {
            let mut cursor = String::new();
            write_cursor(place(raw), time, &mut cursor);
            cursor
        },
        str::to_owned,
    )
}

fn place(raw: &Raw<'_>) -> u64 {
    digits::decimal(raw.get(OFFSET).unwrap_or_default()).unwrap_or(0)
}

/// In journald's form. Written for every line of a text, so without the format machinery.
fn write_cursor(place: u64, time: i64, out: &mut String) {
    const NONE: &str = "00000000000000000000000000000000";
    out.clear();
    for part in ["s=", NONE, ";i="] {
        out.push_str(part);
    }
    digits::write_hexadecimal(place, out);
    for part in [";b=", NONE, ";m=0;t="] {
        out.push_str(part);
    }
    digits::write_hexadecimal(time.cast_unsigned(), out);
    out.push_str(";x=0");
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
