//! Journals and logs that lie in files: journal export files, journal files and directories
//! (through journalctl), plain text, and what comes in on standard input.
//!
//! They answer the same questions as a host's journal. What a file is, its first bytes tell.

mod back;
mod cut;
mod entries;
mod feed;
mod fold;
mod journal;
mod load;
mod read;
mod select;
mod text;

#[cfg(test)]
mod tests;

use super::{
    Entry, Fetched, LogEvent, Query,
    entry::LIST_FIELDS,
    export::{Limits, RawEntry},
    fetch, follow,
    query::Fields,
    store::{Batch, Builder},
    stream::{AsTheyCame, ForLists},
};
use crate::problem::{Exit, Problem};
use crate::remote::HostId;
pub use fold::{Fold, Found};

use feed::Input;
use journal::Local;
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::sync::mpsc;

/// Bytes that are looked at to tell what a file is.
const PEEK: usize = 64 << 10;

/// The field that holds a line of a text file as it is; printed in its place, nowhere else.
pub const LINE: &str = "_QD_LINE";
/// The field that holds where the line begins, in bytes, or which entry of the file it is; never
/// printed.
pub const OFFSET: &str = "_QD_OFFSET";

/// A file with entries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: HostId,
    kind: Kind,
    /// Where reading back can begin.
    places: Mutex<back::Places>,
}

#[derive(Debug)]
enum Kind {
    /// journalctl reads it.
    Journal(Local),
    /// We do.
    Stream(Stream),
}

/// What we read ourselves.
#[derive(Debug)]
struct Stream {
    format: Format,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Path(PathBuf, Option<&'static [&'static str]>),
    /// Can be read once.
    Input(Mutex<Option<Input>>),
}

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The journal export format.
    Export,
    /// Lines.
    Text,
}

impl LogFile {
    /// Opens a file, a directory of journal files, or standard input (`-`). Blocks until the first
    /// bytes are there.
    ///
    /// # Errors
    /// It cannot be read, or it is of a kind that cannot be read here.
    pub fn open(path: &Path) -> Result<LogFile, Problem> {
        if path == Path::new("-") {
            let input = Input::stdin().map_err(|error| unreadable("standard input", &error))?;
            let magic = Magic::of(input.peeked());
            if let Magic::Packed(program) = magic {
                let program = program.join(" ");
                return Err(
                    problem("journal-packed", "standard input is compressed".to_owned()).hint(
                        format!("unpack it before: … | {program} | qd logs --file -"),
                    ),
                );
            }
            if magic == Magic::Journal {
                return Err(problem(
                    "journal-not-seekable",
                    "a journal file cannot be read from standard input".to_owned(),
                )
                .hint("name the file, or pipe what `journalctl -o export` prints"));
            }
            let stream = Stream {
                format: magic.format(),
                place: Place::Input(Mutex::new(Some(input))),
            };
            return Ok(LogFile::new(HostId::new("stdin"), Kind::Stream(stream)));
        }
        let shown = path.display().to_string();
        let id = path
            .file_name()
            .map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
        let failed = |error: std::io::Error| unreadable(&shown, &error);
        if std::fs::metadata(path).map_err(failed)?.is_dir() {
            let id = HostId::new(id);
            let local = Local::directory(id.clone(), path);
            return Ok(LogFile::new(id, Kind::Journal(local)));
        }
        let peeked = feed::peek(path).map_err(failed)?;
        let (magic, program) = match Magic::of(&peeked) {
            Magic::Packed(program) => {
                let inner = feed::peek_packed(path, program).map_err(|error| {
                    problem("journal-packed", format!("cannot unpack {shown}: {error}")).hint(
                        format!("needs the program {}", program.first().unwrap_or(&"")),
                    )
                })?;
                (Magic::of(&inner), Some(program))
            }
            magic => (magic, None),
        };
        match magic {
            Magic::Journal if program.is_none() => {
                let id = HostId::new(id);
                let local = Local::file(id.clone(), path);
                Ok(LogFile::new(id, Kind::Journal(local)))
            }
            Magic::Journal | Magic::Packed(_) => Err(problem(
                "journal-packed",
                format!("{shown} is a compressed journal or archive"),
            )
            .hint("unpack it first")),
            magic => {
                let stream = Stream {
                    format: magic.format(),
                    place: Place::Path(path.to_owned(), program),
                };
                Ok(LogFile::new(HostId::new(id), Kind::Stream(stream)))
            }
        }
    }

    fn new(id: HostId, kind: Kind) -> LogFile {
        LogFile(Arc::new(Inner {
            id,
            kind,
            places: Mutex::default(),
        }))
    }

    /// Its name, in the place of a host's.
    pub fn id(&self) -> &HostId {
        &self.0.id
    }

    /// The same under another name, where two files have the same.
    #[must_use]
    pub fn named(self, name: &str) -> LogFile {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => LogFile::new(HostId::new(name), inner.kind),
            // Somebody reads it already under the name it has.
            Err(shared) => LogFile(shared),
        }
    }

    /// What we read ourselves.
    fn stream(&self) -> Option<&Stream> {
        match &self.0.kind {
            Kind::Journal(_) => None,
            Kind::Stream(stream) => Some(stream),
        }
    }

    /// Whether it comes in on standard input: it can be asked once, and does not end before the
    /// program that writes it.
    pub fn is_input(&self) -> bool {
        matches!(
            &self.0.kind,
            Kind::Stream(Stream {
                place: Place::Input(_),
                ..
            })
        )
    }

    /// How it is written, unless journalctl reads it.
    pub fn format(&self) -> Option<Format> {
        match &self.0.kind {
            Kind::Journal(_) => None,
            Kind::Stream(stream) => Some(stream.format),
        }
    }

    /// Asks once, as [`super::fetch_raw`] asks a host.
    pub fn fetch_raw(&self, query: Query, fields: Fields, limits: Limits) -> Fetched<RawEntry> {
        match &self.0.kind {
            Kind::Journal(local) => fetch::start(local.clone(), query, fields, AsTheyCame(limits)),
            Kind::Stream(_) => read::fetch(self.clone(), query, limits),
        }
    }

    /// Follows it as it grows, as [`super::follow_raw`] follows a host.
    pub fn follow_raw(
        &self,
        query: Query,
        fields: Fields,
        limits: Limits,
    ) -> mpsc::Receiver<LogEvent<RawEntry>> {
        match &self.0.kind {
            Kind::Journal(local) => follow::start(local.clone(), query, fields, AsTheyCame(limits)),
            Kind::Stream(_) => read::follow(self.clone(), query, limits),
        }
    }
}

impl LogFile {
    /// Asks once, as [`super::fetch()`] asks a host. Of what we read ourselves a cursor is one that
    /// was given out, and asks for what lies before it.
    pub fn fetch(&self, query: Query) -> Fetched<Entry> {
        match &self.0.kind {
            Kind::Journal(local) => {
                let fields = Fields::Only(LIST_FIELDS);
                fetch::start(local.clone(), query, fields, ForLists::default())
            }
            Kind::Stream(_) if query.cursor.is_some() => back::fetch(self.clone(), query),
            Kind::Stream(_) => {
                entries::fetched(self, read::fetch(self.clone(), query, Limits::LIST))
            }
        }
    }

    /// Follows it as it grows, as [`super::follow()`] follows a host; what we read ourselves from
    /// its beginning.
    pub fn follow(&self, query: Query) -> mpsc::Receiver<LogEvent> {
        match &self.0.kind {
            Kind::Journal(local) => {
                let fields = Fields::Only(LIST_FIELDS);
                follow::start(local.clone(), query, fields, ForLists::default())
            }
            Kind::Stream(_) => {
                let whole = Query {
                    lines: None,
                    ..query
                };
                entries::followed(self, read::follow(self.clone(), whole, Limits::LIST))
            }
        }
    }

    /// Gives all wanted entries of what we read ourselves to `fold`, on all processors, and its
    /// parts to `take` in the file's order. Blocks; `take` may end it.
    ///
    /// # Errors
    /// The question cannot be answered, or the file not be read to its end.
    pub fn fold<F: Fold>(
        &self,
        query: &Query,
        limits: Limits,
        fold: &F,
        take: impl FnMut(F::Part) -> ControlFlow<()>,
    ) -> Result<(), Problem> {
        fold::fold(self, query, limits, fold, take)
            .map_err(|problem| problem.on(self.id().as_str()))
    }

    /// All wanted entries of what we read ourselves as blocks for a store, in the file's order;
    /// `like` is the builder that the store gave for this file. Blocks; `take` may end it.
    ///
    /// # Errors
    /// As [`LogFile::fold`].
    pub fn load(
        &self,
        query: &Query,
        like: &Builder,
        mut take: impl FnMut(Batch) -> ControlFlow<()>,
    ) -> Result<(), Problem> {
        let fold = load::ForStore::new(like);
        self.fold(query, Limits::LIST, &fold, |part| take(part.batch()))
    }

    /// Every field of an entry that [`LogFile::follow`] or [`LogFile::fetch`] gave out.
    ///
    /// # Errors
    /// The file does not have it any more, or cannot be read again.
    pub async fn all_fields(&self, cursor: &str) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        match &self.0.kind {
            Kind::Journal(local) => fetch::fields_at(local, cursor).await,
            Kind::Stream(_) => {
                let (file, cursor) = (self.clone(), cursor.to_owned());
                let found = tokio::task::spawn_blocking(move || entries::find(&file, &cursor));
                let found = found
                    .await
                    .map_err(|error| problem("journal-file", error.to_string()))?;
                found.map_err(|problem| problem.on(self.id().as_str()))
            }
        }
    }
}

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Magic {
    Journal,
    /// With the command that unpacks standard input to standard output.
    Packed(&'static [&'static str]),
    Export,
    Text,
}

impl Magic {
    fn of(bytes: &[u8]) -> Magic {
        match bytes {
            [b'L', b'P', b'K', b'S', b'H', b'H', b'R', b'H', ..] => Magic::Journal,
            [0x1f, 0x8b, ..] => Magic::Packed(&["gzip", "-dc"]),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Magic::Packed(&["zstd", "-dcq"]),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Magic::Packed(&["xz", "-dc"]),
            [b'B', b'Z', b'h', ..] => Magic::Packed(&["bzip2", "-dc"]),
            [0x04, 0x22, 0x4d, 0x18, ..] => Magic::Packed(&["lz4", "-dcq"]),
            _ if is_export(bytes) => Magic::Export,
            _ => Magic::Text,
        }
    }

    fn format(self) -> Format {
        match self {
            Magic::Export => Format::Export,
            _ => Format::Text,
        }
    }
}

/// Fields from the first line on, among them the one that every entry has.
fn is_export(bytes: &[u8]) -> bool {
    let time = memchr::memmem::find(bytes, b"__REALTIME_TIMESTAMP=");
    let at_line = time.is_some_and(|at| at == 0 || bytes.get(at - 1) == Some(&b'\n'));
    let name = bytes
        .iter()
        .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'_');
    let name = name.count();
    at_line && name > 0 && matches!(bytes.get(name), Some(b'=' | b'\n'))
}

fn problem(code: &'static str, message: String) -> Problem {
    Problem::new("journal", code, Exit::Usage, message)
}

fn unreadable(what: &str, error: &std::io::Error) -> Problem {
    problem("journal-file", format!("cannot read {what}: {error}"))
}
