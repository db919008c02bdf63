//! The lines of exactly one run, live: what its processes wrote, and what systemd says about it.

use super::UNIT;
use crate::logs::{self, LogEvent, Query, export::Limits};
use crate::ops::{
    execute::News,
    run::{By, FIELDS, Line, OfRun},
};
use crate::problem::Problem;
use crate::remote::ssh::Host;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};

/// How long the last lines may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing must come after systemd's word on the end: journald takes the words of
/// processes from other sockets.
const QUIET: Duration = Duration::from_millis(300);
/// How long a run may take to have its first entry in the journal.
const FIRST: Duration = Duration::from_secs(5);

/// The run's journal from its first line on.
pub(super) struct Lines {
    following: mpsc::Receiver<Told>,
    /// What was taken and not handed over yet.
    taken: Option<String>,
    /// systemd's last word on the run's begin or end.
    last: Option<By>,
    /// The journal may not be read, or not all of it: its end will not come.
    blind: bool,
    over: bool,
}

/// What the follower tells.
enum Told {
    Line(Line),
    Remark(String),
    MayNotRead(String),
}

impl Lines {
    /// Starts following; broken links are the follower's business.
    pub(super) fn follow(host: &Host, invocation: &str) -> Lines {
        let (sender, following) = mpsc::channel(64);
        let run = OfRun::new(UNIT, invocation, None);
        let host = host.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = follow(host, run, &sender) => {}
            }
        });
        Lines {
            following,
            taken: None,
            last: None,
            blind: false,
            over: false,
        }
    }

    /// Hands the next lines over. Safe to drop while it waits.
    pub(super) async fn next(&mut self, news: &News) {
        self.hand_over(news).await;
        if self.over {
            return std::future::pending().await;
        }
        match self.following.recv().await {
            None => self.over = true,
            Some(told) => {
                self.taken = Some(match told {
                    Told::Remark(text) => text,
                    Told::MayNotRead(text) => {
                        self.blind = true;
                        text
                    }
                    Told::Line(line) => {
                        if matches!(line.by, By::Started | By::Over) {
                            self.last = Some(line.by);
                        }
                        line.text
                    }
                });
                self.hand_over(news).await;
            }
        }
    }

    async fn hand_over(&mut self, news: &News) {
        if let Some(text) = &self.taken {
            news.output(text.clone()).await;
            self.taken = None;
        }
    }

    /// The run is over: hands over what is still to come. `stopped` where systemd must have said
    /// that it stopped; otherwise it may also be done by having started.
    pub(super) async fn rest(&mut self, stopped: bool, news: &News) {
        let patience = Instant::now() + PATIENCE;
        while !self.over {
            let ended = match self.last {
                Some(By::Over) => true,
                Some(_) => !stopped,
                None => self.blind,
            };
            let until = match ended {
                true => patience.min(Instant::now() + QUIET),
                false => patience,
            };
            if timeout_at(until, self.next(news)).await.is_err() {
                if !ended {
                    news.output(
                        "(the last lines may be missing: the journal has no end of this run)",
                    )
                    .await;
                }
                self.over = true;
            }
        }
        self.following.close();
    }
}

/// Follows the run and tells its lines, for as long as somebody listens.
async fn follow(host: Host, mut run: OfRun, to: &mpsc::Sender<Told>) {
    let first = first_entry(&host, &run).await;
    let query = Query {
        // Without a place to begin at, all earlier runs would come as well.
        matches: match first {
            Some(_) => run.candidates(),
            None => run.named(),
        },
        cursor: first,
        ..Query::default()
    };
    let mut events = logs::follow_raw(host, query, FIELDS, Limits::LIST);
    while let Some(event) = events.recv().await {
        let news = match event {
            LogEvent::Entries(entries) => {
                for entry in entries {
                    for line in run.sort(entry) {
                        let _ = to.send(Told::Line(line)).await;
                    }
                }
                continue;
            }
            LogEvent::Gap(gap) => format!("(lines are missing: {})", gap.why),
            LogEvent::Down(_, problem) => format!("(link broken: {})", problem.message),
            LogEvent::Warning(_, problem) => {
                let text = format!("({})", problem.message);
                let _ = to.send(Told::MayNotRead(text)).await;
                continue;
            }
            LogEvent::Live(_) => continue,
        };
        let _ = to.send(Told::Remark(news)).await;
    }
}

/// Where the run begins in the journal. Waits for a host that is away; `None` where the journal
/// has nothing of the run.
async fn first_entry(host: &Host, run: &OfRun) -> Option<String> {
    let mut pause = Duration::from_millis(50);
    let mut since = Instant::now();
    loop {
        match named_first(host, run).await {
            Ok(Some(cursor)) => return Some(cursor),
            Ok(None) if since.elapsed() > FIRST => return None,
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(host = %host.id(), %error, "the run's first entry is not known yet");
                since = Instant::now();
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

async fn named_first(host: &Host, run: &OfRun) -> Result<Option<String>, Problem> {
    let query = Query {
        matches: run.named(),
        ..Query::default()
    };
    let mut entries = logs::fetch_raw(host.clone(), query, FIELDS, Limits::LIST);
    let Some(first) = entries.recv().await else {
        return Ok(None);
    };
    let first = first?.into_iter().next();
    Ok(first.and_then(|entry| {
        let cursor = entry.as_raw().get("__CURSOR")?;
        String::from_utf8(cursor.to_vec()).ok()
    }))
}
