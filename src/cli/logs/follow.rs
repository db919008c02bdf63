//! `--follow`: all hosts at once, merged by time as they come.

use super::{answer::Taker, print::say};
use crate::cli::output;
use crate::logs::{
    LogEvent, Query,
    export::{Limits, RawEntry},
    merge::Merger,
    origin::Origin,
    query::Fields,
    seen::time_of,
};
use crate::problem::{Exit, Problem};
use crate::remote::HostId;
use futures::future::join_all;
use std::{collections::HashMap, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// How long a first connection may take before the host is reported.
const FIRST: Duration = Duration::from_secs(15);

/// Prints until every host has ended, which only a wrong question does.
pub(super) async fn run(
    origins: &[Origin],
    query: &Query,
    fields: Fields,
    taker: &mut Taker,
) -> Result<Vec<Problem>, Problem> {
    // Nothing to go on with when no host was ever there.
    let first = join_all(origins.iter().map(|origin| origin.ready(FIRST)));
    let missing: Vec<Problem> = first.await.into_iter().filter_map(Result::err).collect();
    if missing.len() == origins.len() {
        return Ok(missing);
    }
    let (events, receiver) = mpsc::channel(8);
    for origin in origins {
        let mut followed = origin.follow_raw(query.clone(), fields, Limits::WHOLE);
        let (id, events) = (origin.id().clone(), events.clone());
        tokio::spawn(async move {
            while let Some(event) = followed.recv().await {
                if events.send((id.clone(), event)).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(events);
    let several = origins.len() > 1;
    Screen {
        taker,
        several,
        merger: Merger::live(),
        down: HashMap::new(),
    }
    .run(receiver)
    .await
}

struct Screen<'a> {
    taker: &'a mut Taker,
    several: bool,
    merger: Merger<RawEntry>,
    /// Why hosts are not followed at the moment.
    down: HashMap<HostId, Problem>,
}

impl Screen<'_> {
    async fn run(
        mut self,
        mut events: mpsc::Receiver<(HostId, LogEvent<RawEntry>)>,
    ) -> Result<Vec<Problem>, Problem> {
        let began = Instant::now();
        loop {
            let due = self.merger.due().unwrap_or(Duration::from_secs(3600));
            let event = tokio::select! {
                event = events.recv() => event,
                () = tokio::time::sleep_until(began + due) => {
                    self.release(began.elapsed()).await?;
                    continue;
                }
            };
            let Some((host, event)) = event else { break };
            self.event(host, event, began.elapsed()).await?;
            while let Ok((host, event)) = events.try_recv() {
                self.event(host, event, began.elapsed()).await?;
            }
            self.release(began.elapsed()).await?;
        }
        self.release(Duration::MAX).await?;
        Ok(self.down.into_values().collect())
    }

    async fn event(
        &mut self,
        host: HostId,
        event: LogEvent<RawEntry>,
        now: Duration,
    ) -> Result<(), Problem> {
        match event {
            LogEvent::Entries(entries) => {
                for entry in entries {
                    if self.several {
                        let time = time_of(&entry.as_raw());
                        self.merger.push(&host, time, now, entry);
                    } else {
                        self.take(&host, &entry).await?;
                    }
                }
            }
            LogEvent::Gap(gap) => {
                self.release(Duration::MAX).await?;
                if let Some(printer) = self.taker.prints() {
                    printer.gap(&gap);
                }
            }
            LogEvent::Live(_) => {
                self.merger.open(&host);
                if self.down.remove(&host).is_some() {
                    say(&format!("{host}: connected again, following on"));
                }
            }
            LogEvent::Down(_, problem) => {
                self.merger.close(&host);
                let told = self.down.insert(host, problem.clone());
                // A wrong question ends the command, which reports it then.
                let again = told.is_some_and(|before| before == problem);
                if !again && problem.exit != Exit::Usage {
                    output::warn(&problem);
                }
            }
            LogEvent::Warning(_, problem) => output::warn(&problem),
        }
        Ok(())
    }

    async fn release(&mut self, now: Duration) -> Result<(), Problem> {
        while let Some(merged) = self.merger.pop(now) {
            self.take(&merged.host, &merged.item).await?;
        }
        self.taker.flush().await
    }

    async fn take(&mut self, host: &HostId, entry: &RawEntry) -> Result<(), Problem> {
        if self.taker.passes(&entry.as_raw(), host.as_str()) {
            self.taker.take(host.as_str(), entry).await?;
        }
        Ok(())
    }
}
