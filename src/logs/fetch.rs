//! Questions with an end: a range of the journal, one entry's fields, whether all may be read.

use super::{
    Entry, GONE, Query,
    entry::LIST_FIELDS,
    export::{Limits, RawEntry},
    query::{self, Fields},
    stream::{AsTheyCame, BATCH, Decode, ForLists, QUEUE, Source, Stream},
};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::{Argv, ExitStatus, Host, SshError};
use jiff::Zoned;
use std::time::Duration;
use tokio::{io::AsyncReadExt, sync::mpsc};

/// Entries of a question with an end; the channel closes after the last, or after an error.
pub type Fetched<T> = mpsc::Receiver<Result<Vec<T>, Problem>>;

/// Asks once. Ends (channel closed) after the last entry; an error ends it too.
pub fn fetch(host: Host, query: Query) -> Fetched<Entry> {
    start(host, query, Fields::Only(LIST_FIELDS), ForLists::default())
}

/// [`fetch`], with these fields as they came, as far as the limits allow.
pub fn fetch_raw(host: Host, query: Query, fields: Fields, limits: Limits) -> Fetched<RawEntry> {
    start(host, query, fields, AsTheyCame(limits))
}

pub(super) fn start<S: Source, D: Decode>(
    source: S,
    query: Query,
    fields: Fields,
    decode: D,
) -> Fetched<D::Item> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let asked = async {
            let command = query.command(fields, &Zoned::now())?;
            ask(&source, &command, decode, &sender).await
        };
        tokio::select! {
            () = sender.closed() => {}
            result = asked => if let Err(problem) = result {
                let _ = sender.send(Err(problem.on(source.id().as_str()))).await;
            }
        }
    });
    receiver
}

async fn ask<S: Source, D: Decode>(
    source: &S,
    command: &Argv,
    mut decode: D,
    sender: &mpsc::Sender<Result<Vec<D::Item>, Problem>>,
) -> Result<(), Problem> {
    let process = source.exec(command).await?;
    let mut stream = Stream::new(process, decode.limits());
    let mut unreadable = None;
    while stream.read().await {
        let mut batch = Vec::new();
        while let Some(item) = stream.parser.next() {
            match item {
                Ok(raw) => match decode.decode(&raw, source.id()) {
                    Some(entry) => batch.push(entry),
                    None => unreadable = Some("an entry without cursor or time".to_owned()),
                },
                Err(error) => unreadable = Some(error.to_string()),
            }
            if batch.len() >= BATCH {
                let full = std::mem::take(&mut batch);
                let _ = sender.send(Ok(full)).await;
            }
        }
        if !batch.is_empty() {
            let _ = sender.send(Ok(batch)).await;
        }
    }
    let within = stream.parser.is_within_entry();
    let (exit, said) = stream.end().await;
    if let Some(problem) = query::failure(&exit, &said) {
        return Err(problem);
    }
    if within {
        unreadable = Some("the last entry is incomplete".to_owned());
    }
    match unreadable {
        None => Ok(()),
        Some(what) => Err(unreadable_entry(&what)),
    }
}

pub(super) fn unreadable_entry(what: &str) -> Problem {
    Problem::new(
        "journal",
        "journal-unreadable",
        Exit::Negative,
        format!("journalctl sent what is no entry: {what}"),
    )
    .hint(
        "`ssh HOST true` must print nothing (see the user's login shell and its startup files); \
         if so, check the journal on the host with journalctl --verify",
    )
}

/// Every field of the entry with this cursor, in the journal's order; values are raw bytes.
pub async fn all_fields(host: &Host, cursor: &str) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    fields_at(host, cursor).await
}

pub(super) async fn fields_at<S: Source>(
    host: &S,
    cursor: &str,
) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let command = query::at_cursor(cursor, Fields::All);
    // One entry is asked for, so one batch comes, for which the channel has room.
    let asked = ask(host, &command, AsTheyCame(Limits::WHOLE), &sender).await;
    asked.map_err(|problem| problem.on(host.id().as_str()))?;
    let entry = match receiver.try_recv() {
        Ok(Ok(entries)) => entries.into_iter().next(),
        _ => None,
    };
    let found = entry.filter(|e| AsTheyCame::cursor(e) == cursor.as_bytes());
    let Some(entry) = found else {
        return Err(Problem::new(
            "journal",
            GONE,
            Exit::Negative,
            "the journal no longer has this entry",
        )
        .hint("it was rotated away; SystemMaxUse= in journald.conf sets how much is kept")
        .on(host.id().as_str()));
    };
    let fields = entry.as_raw();
    Ok(fields
        .fields()
        .map(|field| (field.name.to_owned(), field.value.to_vec()))
        .collect())
}

/// Prints the system's journal files that the user may not read. Without them journalctl shows
/// the user's own entries only, and does not always say so.
pub const ACCESS_PROBE: &str = "for f in /run/log/journal/*/system.journal \
    /var/log/journal/*/system.journal; do [ ! -e \"$f\" ] || [ -r \"$f\" ] || echo \"$f\"; done";

/// How long the probe may take; it only looks at a few files.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// Whether the user may read the whole journal of the host; a problem with the cure if not.
pub async fn access(host: &Host) -> Result<(), Problem> {
    match may_read(host).await {
        Ok(None) => Ok(()),
        Ok(Some(problem)) => Err(problem.on(host.id().as_str())),
        Err(error) => Err(Problem::from(error).on(host.id().as_str())),
    }
}

pub(super) async fn may_read<S: Source>(source: &S) -> Result<Option<Problem>, SshError> {
    let command = Argv::new("sh").args(["-c", ACCESS_PROBE]);
    let process = source.exec(&command).await?;
    let answer = async {
        let mut printed = Vec::new();
        let read = process.stdout.take(4 << 10).read_to_end(&mut printed).await;
        let exit = process.exit.await;
        read.is_ok() && exit == ExitStatus::Code(0) && !printed.is_empty()
    };
    // Where the probe does not work, journalctl itself has to tell.
    let hidden = tokio::time::timeout(PROBE_TIME, answer).await;
    Ok(hidden.is_ok_and(|hidden| hidden).then(|| {
        query::permission("this user sees only its own entries, not the system's journal")
    }))
}
