//! Journal streams of panes. What waits for the screen is bounded in bytes, so that no key waits for
//! long; it holds the followers back, and they the hosts: nothing is dropped.

use crate::{
    logs::{Entry, LogEvent, Query, origin::Origin},
    tui::msg::{Msg, StreamId, StreamMsg},
};
use std::{collections::HashMap, sync::Arc};
use tokio::{
    sync::{Semaphore, mpsc},
    task::{AbortHandle, JoinHandle},
};

/// Entries that may wait for the screen, in KiB: a few milliseconds of its time.
const WAITING: u32 = 1024;

/// What an entry takes beside its message, in bytes.
const ENTRY: usize = 256;

/// The streams that run.
pub(super) struct Streams {
    to: Screen,
    running: HashMap<StreamId, Vec<AbortHandle>>,
}

impl Streams {
    pub(super) fn new(tx: mpsc::Sender<Msg>) -> Streams {
        Streams {
            to: Screen {
                tx,
                room: Arc::new(Semaphore::new(WAITING as usize)),
            },
            running: HashMap::new(),
        }
    }

    pub(super) fn follow(&mut self, stream: StreamId, origins: Vec<Origin>, query: &Query) {
        for origin in origins {
            let (to, query) = (self.to.clone(), query.clone());
            let task = tokio::spawn(async move {
                let mut events = origin.follow(query);
                while let Some(event) = events.recv().await {
                    if !to.send(stream, StreamMsg::Event(event)).await {
                        return;
                    }
                }
            });
            self.keep(stream, &task);
        }
    }

    pub(super) fn fetch(&mut self, stream: StreamId, origins: Vec<Origin>, query: &Query) {
        for origin in origins {
            let (to, query) = (self.to.clone(), query.clone());
            let task = tokio::spawn(async move {
                let id = origin.id().clone();
                let mut batches = origin.fetch(query);
                let mut end = Ok(());
                while let Some(batch) = batches.recv().await {
                    let news = match batch {
                        Ok(entries) => StreamMsg::Fetched(id.clone(), entries),
                        Err(problem) => {
                            end = Err(problem);
                            break;
                        }
                    };
                    if !to.send(stream, news).await {
                        return;
                    }
                }
                to.send(stream, StreamMsg::Ended(id, end)).await;
            });
            self.keep(stream, &task);
        }
    }

    pub(super) fn stop(&mut self, stream: StreamId) {
        for task in self.running.remove(&stream).into_iter().flatten() {
            task.abort();
        }
    }

    fn keep(&mut self, stream: StreamId, task: &JoinHandle<()>) {
        let tasks = self.running.entry(stream).or_default();
        tasks.retain(|task| !task.is_finished());
        tasks.push(task.abort_handle());
    }
}

/// The way to the screen.
#[derive(Clone)]
struct Screen {
    tx: mpsc::Sender<Msg>,
    room: Arc<Semaphore>,
}

impl Screen {
    /// Waits for room; false when the screen is gone.
    async fn send(&self, stream: StreamId, news: StreamMsg) -> bool {
        let entries: &[Entry] = match &news {
            StreamMsg::Event(LogEvent::Entries(entries)) => entries,
            StreamMsg::Fetched(_, entries) => entries,
            _ => &[],
        };
        let bytes: usize = entries.iter().map(|e| e.message.len() + ENTRY).sum();
        let room = u32::try_from(bytes >> 10).unwrap_or(WAITING).min(WAITING);
        let msg = Msg::Stream(stream, news);
        let Ok(room) = self.room.clone().acquire_many_owned(room).await else {
            return false;
        };
        self.tx
            .send(Msg::Weighed(Box::new(msg), room))
            .await
            .is_ok()
    }
}
