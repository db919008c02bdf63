//! Questions of connections to the user: each waits for its answer here.

use super::lock;
use crate::{
    remote::{Answer, Prompter, Question},
    tui::{
        model::EnvId,
        msg::{Msg, QuestionId},
    },
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{mpsc, oneshot};

type Waiting = Arc<Mutex<HashMap<QuestionId, oneshot::Sender<Option<Answer>>>>>;

/// The questions that wait.
pub(super) struct Questions {
    tx: mpsc::Sender<Msg>,
    waiting: Waiting,
    last: Arc<AtomicU64>,
}

impl Questions {
    pub(super) fn new(tx: mpsc::Sender<Msg>) -> Questions {
        Questions {
            tx,
            waiting: Waiting::default(),
            last: Arc::default(),
        }
    }

    /// Somebody to ask for the connections of an environment.
    pub(super) fn prompter(&self, env: EnvId) -> Dialogs {
        Dialogs {
            env,
            tx: self.tx.clone(),
            waiting: self.waiting.clone(),
            last: self.last.clone(),
        }
    }

    /// Hands an answer to whoever waits for it.
    pub(super) fn answer(&self, id: QuestionId, answer: Option<Answer>) {
        if let Some(reply) = lock(&self.waiting).remove(&id) {
            // Whoever asked may have given up meanwhile.
            let _ = reply.send(answer);
        }
    }
}

/// Asks by dialogs of the console.
pub(super) struct Dialogs {
    env: EnvId,
    tx: mpsc::Sender<Msg>,
    waiting: Waiting,
    last: Arc<AtomicU64>,
}

/// Takes the dialog away when whoever asked gives up.
struct Gone {
    id: QuestionId,
    tx: mpsc::Sender<Msg>,
    waiting: Waiting,
}

impl Drop for Gone {
    fn drop(&mut self) {
        if lock(&self.waiting).remove(&self.id).is_some() {
            let (tx, id) = (self.tx.clone(), self.id);
            tokio::spawn(async move {
                let _ = tx.send(Msg::AskOver(id)).await;
            });
        }
    }
}

#[async_trait::async_trait]
impl Prompter for Dialogs {
    async fn ask(&self, question: Question) -> Option<Answer> {
        let id = QuestionId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let (reply, answer) = oneshot::channel();
        lock(&self.waiting).insert(id, reply);
        let _gone = Gone {
            id,
            tx: self.tx.clone(),
            waiting: self.waiting.clone(),
        };
        let msg = Msg::Ask(id, self.env.clone(), question);
        self.tx.send(msg).await.ok()?;
        answer.await.ok()?
    }
}
