//! Journal streams of panes. The screen's bounded channel holds the followers back, and they
//! the hosts: nothing is dropped.

use crate::{
    logs::{Query, origin::Origin},
    tui::msg::{Msg, StreamId, StreamMsg},
};
use std::collections::HashMap;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

/// The streams that run.
pub(super) struct Streams {
    tx: mpsc::Sender<Msg>,
    running: HashMap<StreamId, Vec<AbortHandle>>,
}

impl Streams {
    pub(super) fn new(tx: mpsc::Sender<Msg>) -> Streams {
        Streams {
            tx,
            running: HashMap::new(),
        }
    }

    pub(super) fn follow(&mut self, stream: StreamId, origins: Vec<Origin>, query: &Query) {
        for origin in origins {
            let (tx, query) = (self.tx.clone(), query.clone());
            let task = tokio::spawn(async move {
                let mut events = origin.follow(query);
                while let Some(event) = events.recv().await {
                    let msg = Msg::Stream(stream, StreamMsg::Event(event));
                    if tx.send(msg).await.is_err() {
                        return;
                    }
                }
            });
            self.keep(stream, &task);
        }
    }

    pub(super) fn fetch(&mut self, stream: StreamId, origins: Vec<Origin>, query: &Query) {
        for origin in origins {
            let (tx, query) = (self.tx.clone(), query.clone());
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
                    if tx.send(Msg::Stream(stream, news)).await.is_err() {
                        return;
                    }
                }
                let _ = tx
                    .send(Msg::Stream(stream, StreamMsg::Ended(id, end)))
                    .await;
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
