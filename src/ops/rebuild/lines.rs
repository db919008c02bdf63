//! The lines of exactly one run: what its processes wrote, and what systemd says about it.

use crate::logs::{self, LogEvent, Query};
use crate::ops::execute::News;
use crate::remote::ssh::Host;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the last lines may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The run's journal from its first line on.
pub(super) struct Lines {
    host: Host,
    query: Query,
    following: mpsc::Receiver<LogEvent>,
    /// Lines that were handed over.
    count: usize,
    over: bool,
}

/// The journal of one run.
pub(super) fn of_run(invocation: &str) -> Query {
    Query {
        matches: vec![
            format!("_SYSTEMD_INVOCATION_ID={invocation}"),
            "+".to_owned(),
            format!("INVOCATION_ID={invocation}"),
        ],
        ..Query::default()
    }
}

impl Lines {
    /// Starts following; broken links are the follower's business.
    pub(super) fn follow(host: &Host, invocation: &str) -> Lines {
        let query = of_run(invocation);
        Lines {
            host: host.clone(),
            following: logs::follow(host.clone(), query.clone()),
            query,
            count: 0,
            over: false,
        }
    }

    /// Hands the next lines over. Safe to drop while it waits.
    pub(super) async fn next(&mut self, news: &News) {
        if self.over {
            return std::future::pending().await;
        }
        match self.following.recv().await {
            None => self.over = true,
            Some(LogEvent::Entries(entries)) => {
                // Counted one by one: whoever drops us meanwhile gets the others from `rest`.
                for entry in entries {
                    self.count = self.count.saturating_add(1);
                    news.output(String::from_utf8_lossy(&entry.message)).await;
                }
            }
            Some(LogEvent::Gap(gap)) => {
                self.count = usize::MAX;
                news.output(format!("(lines are missing: {})", gap.why))
                    .await;
            }
            Some(LogEvent::Down(_, problem)) => {
                news.output(format!("(link broken: {})", problem.message))
                    .await;
            }
            Some(_) => {}
        }
    }

    /// The run is over: hands over what the follower has not yet.
    pub(super) async fn rest(&mut self, news: &News) {
        self.following.close();
        self.over = true;
        let mut all = logs::fetch(self.host.clone(), self.query.clone());
        let mut seen = 0usize;
        let showing = async {
            while let Some(Ok(entries)) = all.recv().await {
                for entry in entries {
                    seen += 1;
                    if seen > self.count {
                        self.count = seen;
                        news.output(String::from_utf8_lossy(&entry.message)).await;
                    }
                }
            }
        };
        if tokio::time::timeout(PATIENCE, showing).await.is_err() {
            news.output("(the last lines may be missing: the journal did not answer)")
                .await;
        }
    }
}
