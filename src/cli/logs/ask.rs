//! Questions with an end: each host is asked once, the answers are merged by time.

use super::print::{Printer, say};
use crate::logs::{
    self, Fetched, Query,
    entry::Mark,
    export::{Limits, RawEntry},
    merge::Merger,
    query::Fields,
};
use crate::problem::Problem;
use crate::remote::{HostId, ssh::Host};
use futures::future::join_all;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// Prints what the hosts answer; returns what went wrong.
pub(super) async fn run(
    hosts: &[Host],
    query: &Query,
    fields: Fields,
    printer: &mut Printer,
) -> Result<Vec<Problem>, Problem> {
    let mut problems = Vec::new();
    let access = join_all(hosts.iter().map(logs::access));
    let answers = print(hosts, query, fields, printer, &mut problems);
    let (access, answered) = tokio::join!(access, answers);
    answered?;
    printer.flush().await?;
    for problem in access.into_iter().filter_map(Result::err) {
        // A host that cannot be reached has said so already.
        let told = problems.iter().any(|p| p.host == problem.host);
        if !told {
            problems.push(problem);
        }
    }
    if problems.is_empty() && printer.printed() == 0 {
        say("no entries");
    }
    Ok(problems)
}

async fn print(
    hosts: &[Host],
    query: &Query,
    fields: Fields,
    printer: &mut Printer,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let mut streams: HashMap<HostId, Fetched<RawEntry>> = HashMap::new();
    let mut merger = Merger::exact(query.reverse);
    for host in hosts {
        let stream = logs::fetch_raw(host.clone(), query.clone(), fields, Limits::WHOLE);
        streams.insert(host.id().clone(), stream);
        merger.open(host.id());
    }
    // Each host gives its last N; of all of them only the last N are wanted.
    let wanted = query.lines.filter(|_| hosts.len() > 1);
    let mut tail = VecDeque::new();
    loop {
        let next = merger.waits_for().next().cloned();
        if let Some(id) = next {
            let answer = match streams.get_mut(&id) {
                Some(stream) => stream.recv().await,
                None => None,
            };
            match answer {
                Some(Ok(entries)) => {
                    for entry in entries {
                        let time = Mark::of(&entry.as_raw()).map_or(0, |mark| mark.realtime);
                        merger.push(&id, time, Duration::ZERO, entry);
                    }
                }
                Some(Err(problem)) => {
                    problems.push(problem);
                    merger.close(&id);
                }
                None => merger.close(&id),
            }
            continue;
        }
        let Some(merged) = merger.pop(Duration::ZERO) else {
            break;
        };
        match wanted {
            None => printer.entry(merged.host.as_str(), &merged.item).await?,
            Some(wanted) if query.reverse => {
                if printer.printed() >= wanted as u64 {
                    break;
                }
                printer.entry(merged.host.as_str(), &merged.item).await?;
            }
            Some(wanted) => {
                tail.push_back(merged);
                if tail.len() > wanted {
                    tail.pop_front();
                }
            }
        }
    }
    for merged in tail {
        printer.entry(merged.host.as_str(), &merged.item).await?;
    }
    Ok(())
}
