//! How long a server may take. What the user takes, to answer a question or to touch a key, is
//! not counted.

use crate::remote::{Answer, Prompter, Question};
use russh::{Signer, keys::HashAlg, keys::agent::AgentIdentity};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// The time that each answer of a server may take.
pub(super) struct Patience {
    limit: Duration,
    /// How many things wait for the user.
    user: watch::Sender<usize>,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Arc<Patience> {
        Arc::new(Patience {
            limit,
            user: watch::channel(0).0,
        })
    }

    /// What one answer may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits; `None` when it took longer.
    pub(super) async fn wait<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut user = self.user.subscribe();
        let mut left = self.limit;
        loop {
            let waits_for_user = *user.borrow_and_update() > 0;
            let began = Instant::now();
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                _ = user.changed() => if !waits_for_user {
                    left = left.saturating_sub(began.elapsed());
                },
                () = sleep(left), if !waits_for_user => return None,
            }
        }
    }

    /// The clock stands still until this is dropped.
    fn user(self: &Arc<Self>) -> User {
        self.user.send_modify(|count| *count += 1);
        User(self.clone())
    }
}

struct User(Arc<Patience>);

impl Drop for User {
    fn drop(&mut self) {
        self.0
            .user
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Asks the user while the clock stands still.
pub(super) struct Asking {
    pub(super) prompter: Arc<dyn Prompter>,
    pub(super) patience: Arc<Patience>,
}

#[async_trait::async_trait]
impl Prompter for Asking {
    async fn ask(&self, question: Question) -> Option<Answer> {
        let _user = self.patience.user();
        self.prompter.ask(question).await
    }
}

/// Signs while the clock stands still: an agent may want a touch, or ask whether it may.
pub(super) struct Signing<'a, S> {
    pub(super) signer: &'a mut S,
    pub(super) patience: Arc<Patience>,
}

impl<S: Signer + Send> Signer for Signing<'_, S> {
    type Error = S::Error;

    async fn auth_sign(
        &mut self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, S::Error> {
        let _user = self.patience.user();
        self.signer.auth_sign(key, hash, data).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn the_user_s_time_is_not_the_server_s() {
        let patience = Patience::new(Duration::from_secs(1));
        assert!(patience.wait(pending::<()>()).await.is_none());
        // The user takes longer than the server may.
        let work = async {
            sleep(Duration::from_millis(10)).await;
            let user = patience.user();
            let another = patience.user();
            sleep(Duration::from_millis(1500)).await;
            drop((user, another));
            sleep(Duration::from_millis(10)).await;
        };
        assert!(patience.wait(work).await.is_some());
        // What is left of the server's time goes on from where it was.
        let user = Duration::from_millis(1200);
        let work = async {
            sleep(Duration::from_millis(600)).await;
            drop(patience.user());
            let asking = patience.user();
            sleep(user).await;
            drop(asking);
            pending::<()>().await;
        };
        let start = Instant::now();
        assert!(patience.wait(work).await.is_none());
        assert!(start.elapsed() >= user + patience.limit());
    }
}
