//! Lists kept up to date: read again every so often while somebody looks, seldom for the Deck,
//! and not at all when nobody needs them.

use super::{
    Hetzner, Query,
    budget::Priority,
    kinds::Kind,
    list::{PER_PAGE, Progress},
};
use crate::problem::Problem;
use jiff::Timestamp;
use std::{future::pending, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::{Instant, sleep_until},
};

/// How often a list is read again that somebody looks at; the budget may stretch it.
const LOOKED_AT: Duration = Duration::from_secs(30);
/// The longest wait after failures.
const LONGEST: Duration = Duration::from_secs(300);

/// Who needs the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attention {
    /// Nobody: no requests.
    Nobody,
    /// The Deck looks for problems in it.
    Deck,
    /// It is on the screen.
    Looking,
}

/// A list as it is known now.
#[derive(Debug, Clone)]
pub struct Snapshot<K> {
    /// In the order asked for, none of them twice. The same allocation as before where nothing
    /// changed.
    pub items: Arc<Vec<K>>,
    /// Whether all pages of the first reading are there.
    pub complete: bool,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// When it was read; `None` before the first whole list.
    pub fetched_at: Option<Timestamp>,
    /// Why it is not newer.
    pub problem: Option<Problem>,
    /// What was left out of it.
    pub notes: Vec<Problem>,
}

impl<K> Default for Snapshot<K> {
    fn default() -> Snapshot<K> {
        Snapshot {
            items: Arc::new(Vec::new()),
            complete: false,
            total: None,
            fetched_at: None,
            problem: None,
            notes: Vec::new(),
        }
    }
}

/// A list that is kept up to date as long as this lives.
pub struct Watch<K> {
    /// What is known now.
    pub snapshots: watch::Receiver<Snapshot<K>>,
    attention: watch::Sender<Attention>,
    again: Arc<Notify>,
    task: AbortHandle,
}

impl<K> Watch<K> {
    /// Says who needs it. Somebody who begins to look gets a new reading if the last one is not
    /// of just now.
    pub fn attend(&self, attention: Attention) {
        self.attention.send_if_modified(|now| {
            let new = *now != attention;
            *now = attention;
            new
        });
    }

    /// Reads it again now, whoever looks.
    pub fn refresh(&self) {
        self.again.notify_one();
    }
}

impl<K> Drop for Watch<K> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watches a list. Must be called within a tokio runtime.
pub fn watch<K: Kind>(hetzner: &Hetzner, query: Query, attention: Attention) -> Watch<K> {
    let (snapshots, receiver) = watch::channel(Snapshot::default());
    let (attention, attended) = watch::channel(attention);
    let again = Arc::new(Notify::new());
    let keeper = Keeper {
        hetzner: hetzner.clone(),
        query,
        snapshots,
        attention: attended,
        again: again.clone(),
        read_at: None,
        failures: 0,
    };
    let task = tokio::spawn(keeper.keep()).abort_handle();
    Watch {
        snapshots: receiver,
        attention,
        again,
        task,
    }
}

struct Keeper<K> {
    hetzner: Hetzner,
    query: Query,
    snapshots: watch::Sender<Snapshot<K>>,
    attention: watch::Receiver<Attention>,
    again: Arc<Notify>,
    /// When the last reading ended.
    read_at: Option<Instant>,
    failures: u32,
}

/// Why the list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Somebody waits for it.
    Wanted,
    /// It is time.
    Due,
}

impl<K: Kind> Keeper<K> {
    async fn keep(mut self) {
        loop {
            let why = self.next().await;
            if why == Why::Due && !self.share().await {
                continue;
            }
            self.read().await;
        }
    }

    /// Waits until it is to be read.
    async fn next(&mut self) -> Why {
        let mut before = *self.attention.borrow_and_update();
        loop {
            let due = self.due(before);
            // The first one that somebody needs is not kept waiting.
            let Some(read_at) = self.read_at else {
                if before > Attention::Nobody {
                    return Why::Wanted;
                }
                tokio::select! {
                    () = self.again.notified() => return Why::Wanted,
                    changed = self.attention.changed() => {
                        if changed.is_err() { pending::<()>().await; }
                    }
                }
                before = *self.attention.borrow_and_update();
                continue;
            };
            tokio::select! {
                () = self.again.notified() => return Why::Wanted,
                () = at(due) => return Why::Due,
                changed = self.attention.changed() => {
                    if changed.is_err() { pending::<()>().await; }
                }
            }
            let now = *self.attention.borrow_and_update();
            if now == Attention::Looking
                && before < now
                && self.failures == 0
                && read_at.elapsed() >= LOOKED_AT
            {
                return Why::Wanted;
            }
            before = now;
        }
    }

    fn due(&self, attention: Attention) -> Option<Instant> {
        let every = match attention {
            Attention::Nobody => return None,
            Attention::Deck => K::PACE,
            Attention::Looking => LOOKED_AT.min(K::PACE),
        };
        let wait = match self.failures {
            0 => every,
            failures => LOOKED_AT
                .saturating_mul(2u32.saturating_pow(failures - 1))
                .min(LONGEST)
                .min(every.max(LOOKED_AT)),
        };
        self.read_at.and_then(|at| at.checked_add(wait))
    }

    /// Takes the requests from the background's share; false when it is not needed any more.
    async fn share(&mut self) -> bool {
        let pages = self
            .snapshots
            .borrow()
            .items
            .len()
            .div_ceil(PER_PAGE)
            .max(1);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        tokio::select! {
            () = self.hetzner.http().governor.background(pages) => true,
            () = self.again.notified() => true,
            changed = self.attention.changed() => {
                if changed.is_err() { pending::<()>().await; }
                // Asked anew with who looks now.
                false
            }
        }
    }

    async fn read(&mut self) {
        let first = !self.snapshots.borrow().complete;
        let snapshots = &self.snapshots;
        let mut shown = 0;
        let tell = |progress: Progress<'_, K>| {
            let new = progress.items.len();
            // The first page at once; then often enough to see it grow.
            if first && (shown == 0 || new >= 2 * shown) {
                shown = new.max(1);
                let items = Arc::new(progress.items.to_vec());
                snapshots.send_modify(|snapshot| {
                    snapshot.items = items;
                    snapshot.total = progress.total;
                });
            }
        };
        let read = self
            .hetzner
            .list_and_tell::<K>(&self.query, Priority::Looking, tell);
        match read.await {
            Ok(listing) => {
                self.failures = 0;
                self.snapshots.send_modify(|snapshot| {
                    if !snapshot.complete || *snapshot.items != listing.items {
                        snapshot.total = Some(listing.items.len() as u64);
                        snapshot.items = Arc::new(listing.items);
                    }
                    snapshot.complete = true;
                    snapshot.fetched_at = Some(listing.fetched_at);
                    snapshot.problem = None;
                    snapshot.notes = listing.problems;
                });
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                let problem = Problem::from(error);
                // The same again is no news.
                self.snapshots.send_if_modified(|snapshot| {
                    let new = snapshot.problem.as_ref() != Some(&problem);
                    snapshot.problem = Some(problem);
                    new
                });
            }
        }
        self.read_at = Some(Instant::now());
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
