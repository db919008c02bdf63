//! Files that are read here, as entries: asked once, or followed.

use super::{
    Format, Kind, LINE, LogFile, OFFSET, Place, Stream,
    feed::{self, Event, Feed},
    select::Select,
    text::{self, Clock},
    unreadable,
};
use crate::logs::{
    Fetched, LogEvent, Query,
    entry::boot_id,
    export::{self, Limits, Raw, RawEntry},
    seen::Seen,
    stream::{BATCH, QUEUE},
};
use crate::problem::{Exit, Problem};
use jiff::{Timestamp, tz::TimeZone};
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Bytes that are kept to show entries the other way round, or the last of them.
const MOST_KEPT: usize = 1 << 30;

/// Entries asked for once.
pub(super) fn fetch(file: LogFile, query: Query, limits: Limits) -> Fetched<RawEntry> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        let asked = with_stream(&file, |stream| ask(stream, &query, limits, &sender));
        if let Err(problem) = asked {
            let _ = sender.blocking_send(Err(problem.on(file.id().as_str())));
        }
    });
    receiver
}

/// Entries as they come.
pub(super) fn follow(
    file: LogFile,
    query: Query,
    limits: Limits,
) -> mpsc::Receiver<LogEvent<RawEntry>> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        let followed = with_stream(&file, |stream| run(&file, stream, &query, limits, &sender));
        if let Err(problem) = followed {
            let id = file.id().clone();
            let problem = problem.on(id.as_str());
            let _ = sender.blocking_send(LogEvent::Down(id, problem));
        }
    });
    receiver
}

fn with_stream(
    file: &LogFile,
    run: impl FnOnce(&Stream) -> Result<(), Problem>,
) -> Result<(), Problem> {
    match &file.0.kind {
        Kind::Stream(stream) => run(stream),
        // journalctl reads it.
        Kind::Journal(_) => Ok(()),
    }
}

fn ask(
    stream: &Stream,
    query: &Query,
    limits: Limits,
    sender: &mpsc::Sender<Result<Vec<RawEntry>, Problem>>,
) -> Result<(), Problem> {
    let mut reader = Reader::new(stream, query, limits)?;
    let mut feed = Feed::once(&stream.place).map_err(|error| failed(&error))?;
    let mut kept = Kept::new(query.lines);
    let whole = query.reverse || query.lines.is_some();
    let mut batch = Vec::new();
    loop {
        let event = feed.next().map_err(|error| failed(&error))?;
        let end = matches!(event, Event::End);
        match event {
            Event::Bytes(bytes) => reader.feed(&bytes, &mut |entry| batch.push(entry)),
            _ => reader.finish(&mut |entry| batch.push(entry)),
        }
        if whole {
            for entry in batch.drain(..) {
                kept.push(entry)?;
            }
        } else if !send(sender, std::mem::take(&mut batch)) {
            return Ok(());
        }
        if end {
            break;
        }
    }
    let mut kept: Vec<RawEntry> = kept.entries.into();
    if query.reverse {
        kept.reverse();
    }
    if !send(sender, kept) {
        return Ok(());
    }
    reader.complaint()
}

/// In pieces; false when nobody wants them any more.
fn send(sender: &mpsc::Sender<Result<Vec<RawEntry>, Problem>>, entries: Vec<RawEntry>) -> bool {
    let mut entries = entries.into_iter();
    loop {
        let batch: Vec<RawEntry> = entries.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return !sender.is_closed();
        }
        if sender.blocking_send(Ok(batch)).is_err() {
            return false;
        }
    }
}

fn run(
    file: &LogFile,
    stream: &Stream,
    query: &Query,
    limits: Limits,
    sender: &mpsc::Sender<LogEvent<RawEntry>>,
) -> Result<(), Problem> {
    let from = match (&stream.place, query.lines) {
        (Place::Path(path, None), Some(lines)) if query.since.is_none() && query.boot.is_none() => {
            // Entries have several lines; those before the last ones are let go again.
            let lines = lines.saturating_mul(40).saturating_add(100);
            feed::tail(path, lines).map_err(|error| failed(&error))?
        }
        _ => 0,
    };
    let mut reader = Reader::new(stream, query, limits)?;
    reader.begin_at(from);
    let mut feed = Feed::growing(&stream.place, from).map_err(|error| failed(&error))?;
    let mut kept = query.lines.map(|lines| Kept::new(Some(lines)));
    let mut batch = Vec::new();
    let mut live = false;
    loop {
        let event = feed.next().map_err(|error| failed(&error))?;
        let (end, idle) = (matches!(event, Event::End), matches!(event, Event::Idle));
        let mut take = |entry| batch.push(entry);
        match event {
            Event::Bytes(bytes) => reader.feed(&bytes, &mut take),
            Event::Idle => reader.pause(&mut take),
            Event::Anew | Event::End => reader.finish(&mut take),
        }
        if let Some(kept) = &mut kept {
            for entry in batch.drain(..) {
                kept.push(entry)?;
            }
        }
        let caught_up = !live && (idle || end);
        if caught_up && let Some(kept) = kept.take() {
            batch.extend(kept.entries);
        }
        while !batch.is_empty() {
            let rest = batch.split_off(batch.len().min(BATCH));
            let piece = LogEvent::Entries(std::mem::replace(&mut batch, rest));
            if sender.blocking_send(piece).is_err() {
                return Ok(());
            }
        }
        if caught_up {
            live = true;
            let _ = sender.blocking_send(LogEvent::Live(file.id().clone()));
        }
        if end || sender.is_closed() {
            return Ok(());
        }
    }
}

pub(super) fn failed(error: &std::io::Error) -> Problem {
    unreadable("it", error)
}

/// The last entries, or all of them, as far as memory allows.
struct Kept {
    entries: VecDeque<RawEntry>,
    most: Option<usize>,
    bytes: usize,
}

impl Kept {
    fn new(most: Option<usize>) -> Kept {
        Kept {
            entries: VecDeque::new(),
            most,
            bytes: 0,
        }
    }

    fn push(&mut self, entry: RawEntry) -> Result<(), Problem> {
        self.bytes += entry.held();
        self.entries.push_back(entry);
        while self.most.is_some_and(|most| self.entries.len() > most) {
            let gone = self.entries.pop_front();
            self.bytes -= gone.map_or(0, |gone| gone.held());
        }
        if self.bytes > MOST_KEPT {
            return Err(Problem::new(
                "journal",
                "too-much",
                Exit::Negative,
                "so many entries do not fit into memory",
            )
            .hint("ask for fewer with -n, or narrow the time with --since and --until"));
        }
        Ok(())
    }
}

/// What to take reading up with, where it was left.
#[derive(Debug, Clone, Default)]
pub(super) struct Resume {
    number: u64,
    text: Option<Box<text::Parser>>,
}

/// Turns bytes into the entries that are wanted.
pub(super) struct Reader {
    parser: Parser,
    select: Select,
    /// The name that entries are seen under.
    host: String,
    now: Timestamp,
    /// Begun in the midst of an entry, which is left out.
    amidst: bool,
    /// Entries of the export format so far, wanted or not.
    number: u64,
    unreadable: Option<String>,
}

enum Parser {
    Export(Box<export::Parser>, Limits),
    Text(Box<text::Parser>, Clock),
}

impl Reader {
    pub(super) fn new(stream: &Stream, query: &Query, limits: Limits) -> Result<Reader, Problem> {
        let select = Select::new(query, stream.format, || boots(stream))?;
        let parser = match stream.format {
            Format::Export => Parser::Export(Box::new(export::Parser::new(limits)), limits),
            Format::Text => {
                let clock = clock(stream);
                Parser::Text(Box::new(text::Parser::new(clock.clone())), clock)
            }
        };
        Ok(Reader {
            parser,
            select,
            host: String::new(),
            now: Timestamp::now(),
            amidst: false,
            number: 0,
            unreadable: None,
        })
    }

    /// The next bytes are from this place of the file on.
    fn begin_at(&mut self, offset: u64) {
        self.amidst = offset > 0 && matches!(self.parser, Parser::Export(..));
        self.number = 0;
        match &mut self.parser {
            Parser::Export(parser, limits) => **parser = export::Parser::new(*limits),
            Parser::Text(parser, clock) => {
                **parser = text::Parser::starting_at(clock.clone(), offset);
            }
        }
    }

    /// How to take the reading up again where the entry under way begins, if that is known.
    pub(super) fn place(&mut self) -> Option<(u64, Resume)> {
        let number = self.number;
        match &mut self.parser {
            Parser::Export(parser, _) => Some((parser.begun()?, Resume { number, text: None })),
            Parser::Text(parser, _) => {
                let (offset, parser) = parser.again();
                let text = Some(Box::new(parser));
                Some((offset, Resume { number, text }))
            }
        }
    }

    /// What is fed next is from that place on.
    pub(super) fn take_up(&mut self, place: &Resume) {
        match (&mut self.parser, &place.text) {
            (Parser::Export(parser, limits), _) => **parser = export::Parser::new(*limits),
            (Parser::Text(parser, _), Some(text)) => parser.clone_from(text),
            (Parser::Text(..), None) => self.begin_at(0),
        }
        self.amidst = false;
        self.number = place.number;
    }

    /// What was wrong with what was read, if anything was.
    pub(super) fn complaint(self) -> Result<(), Problem> {
        match self.unreadable {
            None => Ok(()),
            Some(what) => Err(Problem::new(
                "journal",
                "journal-unreadable",
                Exit::Negative,
                format!("not all of it is journal entries: {what}"),
            )
            .hint(
                "what comes before and after was read; was the file cut, or changed by an editor?",
            )),
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(RawEntry)) {
        self.feed_entries(bytes, &mut |raw, _, number| take(placed(raw, number)));
        if let Parser::Text(parser, _) = &mut self.parser {
            parser.feed(bytes);
            while let Some(line) = parser.next() {
                offer(&line, &self.host, self.now, &self.select, take);
            }
        }
    }

    /// The same for the export format alone, with each entry as filters see it, and its number in
    /// the file.
    pub(super) fn feed_entries(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(&Raw<'_>, Seen<'_>, u64),
    ) {
        let Parser::Export(parser, _) = &mut self.parser else {
            return;
        };
        parser.feed(bytes);
        while let Some(item) = parser.next() {
            let first = std::mem::take(&mut self.amidst);
            self.number += u64::from(item.is_ok());
            match item {
                Ok(raw) if !first => {
                    let seen = Seen::raw(&raw, &self.host, self.now);
                    if self.select.wants(&seen, Some(&raw)) {
                        each(&raw, seen, self.number);
                    }
                }
                Err(error) if !first => self.unreadable = Some(error.to_string()),
                _ => {}
            }
        }
    }

    /// Nothing came for a while: what is there is whole, unless its last line is not.
    fn pause(&mut self, take: &mut impl FnMut(RawEntry)) {
        if let Parser::Text(parser, _) = &mut self.parser
            && parser.at_line_end()
        {
            while let Some(line) = parser.finish() {
                offer(&line, &self.host, self.now, &self.select, take);
            }
        }
    }

    /// At the end of the file; what comes next is the beginning of another.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(RawEntry)) {
        self.finish_entries(&mut |raw, _, number| take(placed(raw, number)));
        if let Parser::Text(parser, _) = &mut self.parser {
            while let Some(line) = parser.finish() {
                offer(&line, &self.host, self.now, &self.select, take);
            }
        }
        self.begin_at(0);
    }

    /// The same for the export format alone, as [`Reader::feed_entries`].
    pub(super) fn finish_entries(&mut self, each: &mut impl FnMut(&Raw<'_>, Seen<'_>, u64)) {
        let Parser::Export(parser, _) = &mut self.parser else {
            return;
        };
        // The last entry may lack the empty line after it.
        parser.feed(b"\n");
        while let Some(item) = parser.next() {
            if let Ok(raw) = item {
                self.number += 1;
                let seen = Seen::raw(&raw, &self.host, self.now);
                if seen.realtime != 0 && self.select.wants(&seen, Some(&raw)) {
                    each(&raw, seen, self.number);
                }
            }
        }
        if parser.is_within_entry() {
            self.unreadable = Some("the last entry is incomplete".to_owned());
        }
    }
}

/// An entry that says itself which it is, or with its number in the file.
fn placed(raw: &Raw<'_>, number: u64) -> RawEntry {
    match raw.get("__CURSOR") {
        Some(_) => raw.to_owned(),
        None => raw.to_owned().with(OFFSET, number.to_string().as_bytes()),
    }
}

fn offer(
    line: &text::Line<'_>,
    host: &str,
    now: Timestamp,
    select: &Select,
    take: &mut impl FnMut(RawEntry),
) {
    if select.wants(&seen_of(line, host, now), None) {
        take(raw(line));
    }
}

/// A line as filters see it.
pub(super) fn seen_of<'a>(line: &text::Line<'a>, host: &'a str, now: Timestamp) -> Seen<'a> {
    Seen {
        host,
        realtime: line.time.unwrap_or(0),
        boot: 0,
        priority: line.priority.unwrap_or(6),
        unit: None,
        identifier: line.identifier,
        pid: line.pid,
        message: line.message,
        now,
    }
}

/// A line in the form of an entry, with what it tells.
fn raw(line: &text::Line<'_>) -> RawEntry {
    let time = line.time.map(|time| time.to_string());
    let priority = line.priority.map(|priority| priority.to_string());
    let pid = line.pid.map(|pid| pid.to_string());
    let offset = line.offset.to_string();
    let fields = [
        ("__REALTIME_TIMESTAMP", time.as_deref().map(str::as_bytes)),
        ("PRIORITY", priority.as_deref().map(str::as_bytes)),
        ("_HOSTNAME", line.host),
        ("SYSLOG_IDENTIFIER", line.identifier),
        ("SYSLOG_PID", pid.as_deref().map(str::as_bytes)),
        ("MESSAGE", Some(line.message)),
        (LINE, Some(line.whole)),
        (OFFSET, Some(offset.as_bytes())),
    ];
    let told = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let fields: Vec<(&str, &[u8])> = told.collect();
    RawEntry::of(&fields)
}

/// For times without zone or year: when the file was last written.
pub(super) fn clock(stream: &Stream) -> Clock {
    let written = match &stream.place {
        Place::Path(path, _) => std::fs::metadata(path).and_then(|m| m.modified()).ok(),
        Place::Input(_) => None,
    };
    let written = written.and_then(|time| Timestamp::try_from(time).ok());
    Clock::new(TimeZone::system(), written.unwrap_or_else(Timestamp::now))
}

/// The boots of a file in the order in which they begin in it.
fn boots(stream: &Stream) -> Result<Vec<u128>, Problem> {
    if matches!(stream.place, Place::Input(_)) {
        return Err(Problem::new(
            "journal",
            "journal-query",
            Exit::Usage,
            "boots of standard input cannot be counted before they are read",
        )
        .hint("give the boot's id, or save the input in a file first"));
    }
    let mut feed = Feed::once(&stream.place).map_err(|error| failed(&error))?;
    let mut parser = export::Parser::new(Limits {
        message: 0,
        ..Limits::LIST
    });
    let mut boots: Vec<u128> = Vec::new();
    while let Event::Bytes(bytes) = feed.next().map_err(|error| failed(&error))? {
        parser.feed(&bytes);
        while let Some(item) = parser.next() {
            let id = |raw: Raw<'_>| raw.get("_BOOT_ID").and_then(boot_id);
            if let Some(id) = item.ok().and_then(id)
                && boots.last() != Some(&id)
                && !boots.contains(&id)
            {
                boots.push(id);
            }
        }
    }
    Ok(boots)
}
