//! One running journalctl as a stream of entries, and what to make of each.

use super::{
    Entry,
    entry::{self, Interner, Mark},
    export::{Limits, Parser, Raw, RawEntry},
};
use crate::problem::Problem;
use crate::remote::{
    HostId,
    ssh::{Argv, ExitStatus, Host, Process, SshError},
};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Most entries handed over at once.
pub(super) const BATCH: usize = 512;
/// Most bytes of entries handed over at once, unless a single one has more.
pub(super) const BATCH_BYTES: usize = 512 << 10;
/// Longest time an entry waits for others.
pub(super) const BATCH_WAIT: Duration = Duration::from_millis(30);
/// Batches under way; whoever reads slower holds the host's journalctl back.
pub(super) const QUEUE: usize = 8;

/// Where commands run: a host, or in tests something that behaves like one.
#[async_trait::async_trait]
pub(super) trait Source: Send + Sync + 'static {
    fn id(&self) -> &HostId;
    /// Runs a command.
    async fn exec(&self, command: &Argv) -> Result<Process, SshError>;
    /// Waits until commands can be run; an error when only the user can help.
    async fn ready(&self) -> Result<(), Problem>;
    /// Waits until the state of the connection changes.
    async fn changed(&self);
    /// Why the connection is not there, if that is known.
    fn trouble(&self) -> Option<Problem>;
}

#[async_trait::async_trait]
impl Source for Host {
    fn id(&self) -> &HostId {
        Host::id(self)
    }

    async fn exec(&self, command: &Argv) -> Result<Process, SshError> {
        Host::exec(self, command).await
    }

    async fn ready(&self) -> Result<(), Problem> {
        self.connection(None).await?;
        Ok(())
    }

    async fn changed(&self) {
        let mut states = self.states();
        if states.changed().await.is_err() {
            // The host was closed for good.
            std::future::pending::<()>().await;
        }
    }

    fn trouble(&self) -> Option<Problem> {
        use crate::remote::ConnState;
        match &*self.states().borrow() {
            ConnState::Retrying { why, .. } => Some(why.clone()),
            ConnState::Failed(why) => Some(why.clone()),
            _ => None,
        }
    }
}

/// What is made of an entry's fields.
pub(super) trait Decode: Send + 'static {
    type Item: Send + Sync + 'static;
    fn limits(&self) -> Limits;
    /// `None` when the entry lacks what every entry has.
    fn decode(&mut self, raw: &Raw<'_>, host: &HostId) -> Option<Self::Item>;
    fn cursor(item: &Self::Item) -> &[u8];
    fn mark(item: &Self::Item) -> Option<Mark>;
    /// About how many bytes of memory it takes.
    fn weight(item: &Self::Item) -> usize;
}

/// Entries for lists.
#[derive(Default)]
pub(super) struct ForLists(Interner);

impl Decode for ForLists {
    type Item = Entry;

    fn limits(&self) -> Limits {
        Limits::LIST
    }

    fn decode(&mut self, raw: &Raw<'_>, host: &HostId) -> Option<Entry> {
        entry::decode(raw, host, &mut self.0)
    }

    fn cursor(item: &Entry) -> &[u8] {
        item.cursor.as_bytes()
    }

    fn weight(item: &Entry) -> usize {
        size_of::<Entry>() + item.message.len() + item.cursor.len()
    }

    fn mark(item: &Entry) -> Option<Mark> {
        Some(Mark {
            cursor: item.cursor.clone(),
            realtime: item.realtime,
            boot: item.boot,
        })
    }
}

/// Entries as they came, within these limits.
pub(super) struct AsTheyCame(pub(super) Limits);

impl Decode for AsTheyCame {
    type Item = RawEntry;

    fn limits(&self) -> Limits {
        self.0
    }

    fn decode(&mut self, raw: &Raw<'_>, _host: &HostId) -> Option<RawEntry> {
        Mark::of(raw).map(|_| raw.to_owned())
    }

    fn cursor(item: &RawEntry) -> &[u8] {
        item.as_raw().get("__CURSOR").unwrap_or_default()
    }

    fn weight(item: &RawEntry) -> usize {
        item.held()
    }

    fn mark(item: &RawEntry) -> Option<Mark> {
        Mark::of(&item.as_raw())
    }
}

/// A running journalctl.
pub(super) struct Stream {
    process: Process,
    pub(super) parser: Parser,
    buf: Box<[u8]>,
}

impl Stream {
    pub(super) fn new(process: Process, limits: Limits) -> Stream {
        Stream {
            process,
            parser: Parser::new(limits),
            buf: vec![0; 64 << 10].into_boxed_slice(),
        }
    }

    /// Feeds the parser with what comes next. False at the end, also of the link. May be
    /// cancelled: nothing read is lost.
    pub(super) async fn read(&mut self) -> bool {
        match self.process.stdout.read(&mut self.buf).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.parser.feed(self.buf.get(..count).unwrap_or_default());
                true
            }
        }
    }

    /// After the end: how the process ended, and what it said.
    pub(super) async fn end(self) -> (ExitStatus, Vec<u8>) {
        let Process {
            stdin,
            stdout,
            stderr,
            exit,
        } = self.process;
        drop((stdin, stdout));
        // A broken link may never tell.
        let wait = Duration::from_secs(5);
        let mut said = Vec::new();
        let mut stderr = stderr.take(4 << 10);
        let _ = tokio::time::timeout(wait, stderr.read_to_end(&mut said)).await;
        let exit = tokio::time::timeout(wait, exit).await;
        (exit.unwrap_or(ExitStatus::Lost), said)
    }
}
