//! `--follow`: all hosts at once, merged by time as they come.

use super::print::{Printer, say};
use crate::cli::output;
use crate::logs::{
    self, LogEvent, Query,
    entry::Mark,
    export::{Limits, RawEntry},
    merge::Merger,
    query::Fields,
};
use crate::problem::{Exit, Problem};
use crate::remote::{HostId, ssh::Host};
use futures::future::join_all;
use std::{collections::HashMap, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// How long a first connection may take before the host is reported.
const FIRST: Duration = Duration::from_secs(15);

/// Prints until every host has ended, which only a wrong question does.
pub(super) async fn run(
    hosts: &[Host],
    query: &Query,
    fields: Fields,
    printer: &mut Printer,
) -> Result<Vec<Problem>, Problem> {
    // Nothing to go on with when no host was ever there.
    let first = join_all(hosts.iter().map(|host| async move {
        let connected = host.connection(Some(FIRST)).await;
        connected.map_err(|error| Problem::from(error).on(host.id().as_str()))
    }));
    let missing: Vec<Problem> = first.await.into_iter().filter_map(Result::err).collect();
    if missing.len() == hosts.len() {
        return Ok(missing);
    }
    let (events, receiver) = mpsc::channel(8);
    for host in hosts {
        let mut followed = logs::follow_raw(host.clone(), query.clone(), fields, Limits::WHOLE);
        let (id, events) = (host.id().clone(), events.clone());
        tokio::spawn(async move {
            while let Some(event) = followed.recv().await {
                if events.send((id.clone(), event)).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(events);
    let several = hosts.len() > 1;
    Screen {
        printer,
        several,
        merger: Merger::live(),
        down: HashMap::new(),
    }
    .run(receiver)
    .await
}

struct Screen<'a> {
    printer: &'a mut Printer,
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
                        let time = Mark::of(&entry.as_raw()).map_or(0, |mark| mark.realtime);
                        self.merger.push(&host, time, now, entry);
                    } else {
                        self.printer.entry(host.as_str(), &entry).await?;
                    }
                }
            }
            LogEvent::Gap(gap) => {
                self.release(Duration::MAX).await?;
                self.printer.gap(&gap);
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
            self.printer
                .entry(merged.host.as_str(), &merged.item)
                .await?;
        }
        self.printer.flush().await
    }
}
