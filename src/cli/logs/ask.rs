//! Questions with an end: each host is asked once, the answers are merged by time.

use super::{answer::Taker, print::say};
use crate::logs::{
    Fetched, Query,
    export::{Limits, RawEntry},
    merge::{Merged, Merger},
    origin::Origin,
    query::Fields,
    seen::time_of,
};
use crate::problem::Problem;
use crate::remote::HostId;
use futures::future::join_all;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// Takes what the hosts answer; returns what went wrong.
pub(super) async fn run(
    origins: &[Origin],
    query: &Query,
    fields: Fields,
    taker: &mut Taker,
) -> Result<Vec<Problem>, Problem> {
    let mut problems = Vec::new();
    let access = join_all(origins.iter().map(Origin::access));
    let answers = take(origins, query, fields, taker, &mut problems);
    let (access, answered) = tokio::join!(access, answers);
    answered?;
    taker.flush().await?;
    for problem in access.into_iter().filter_map(Result::err) {
        // A host that cannot be reached has said so already.
        let told = problems.iter().any(|p| p.host == problem.host);
        if !told {
            problems.push(problem);
        }
    }
    if problems.is_empty() && taker.taken() == 0 && taker.prints().is_some() {
        say("no entries");
    }
    Ok(problems)
}

async fn take(
    origins: &[Origin],
    query: &Query,
    fields: Fields,
    taker: &mut Taker,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let mut query = query.clone();
    let mut limit = Limit::new(&mut query, origins, taker.takes_all());
    let mut streams: HashMap<HostId, Fetched<RawEntry>> = HashMap::new();
    let mut merger = Merger::exact(query.reverse);
    for origin in origins {
        let stream = origin.fetch_raw(query.clone(), fields, Limits::WHOLE);
        streams.insert(origin.id().clone(), stream);
        merger.open(origin.id());
    }
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
                        let time = time_of(&entry.as_raw());
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
        if !taker.passes(&merged.item.as_raw(), merged.host.as_str()) {
            continue;
        }
        match limit.meet(merged) {
            Met::Take(merged) => taker.take(merged.host.as_str(), &merged.item).await?,
            Met::Kept => {}
            Met::Last(Some(merged)) => {
                taker.take(merged.host.as_str(), &merged.item).await?;
                break;
            }
            Met::Last(None) => break,
        }
    }
    for merged in limit.kept() {
        taker.take(merged.host.as_str(), &merged.item).await?;
    }
    Ok(())
}

/// Which of the entries `-n` lets through.
enum Limit {
    /// The hosts see to it, or there is none.
    None,
    /// The first so many that come, newest first.
    First(usize),
    /// The first so many that come, newest first, but shown the other way round.
    Newest(usize, Vec<Merged<RawEntry>>),
    /// The last so many: each host gives its own last ones.
    Last(usize, VecDeque<Merged<RawEntry>>),
}

/// What becomes of an entry.
enum Met {
    Take(Merged<RawEntry>),
    Kept,
    /// No more are wanted after this one.
    Last(Option<Merged<RawEntry>>),
}

impl Limit {
    /// Changes the question where hosts cannot tell which entries will be wanted.
    fn new(query: &mut Query, origins: &[Origin], takes_all: bool) -> Limit {
        let Some(lines) = query.lines else {
            return Limit::None;
        };
        if takes_all {
            return match (origins.len(), query.reverse) {
                (1, _) => Limit::None,
                (_, true) => Limit::First(lines),
                (_, false) => Limit::Last(lines, VecDeque::new()),
            };
        }
        query.lines = None;
        if query.reverse {
            return Limit::First(lines);
        }
        // What we read ourselves would have to be kept whole to be turned round.
        let read =
            |origin: &Origin| matches!(origin, Origin::File(file) if file.format().is_some());
        if origins.iter().any(read) {
            return Limit::Last(lines, VecDeque::new());
        }
        query.reverse = true;
        Limit::Newest(lines, Vec::new())
    }

    fn meet(&mut self, entry: Merged<RawEntry>) -> Met {
        match self {
            Limit::None => Met::Take(entry),
            Limit::First(0) | Limit::Newest(0, _) => Met::Last(None),
            Limit::First(left) => {
                *left -= 1;
                if *left == 0 {
                    Met::Last(Some(entry))
                } else {
                    Met::Take(entry)
                }
            }
            Limit::Newest(left, kept) => {
                *left -= 1;
                kept.push(entry);
                if *left == 0 {
                    Met::Last(None)
                } else {
                    Met::Kept
                }
            }
            Limit::Last(lines, kept) => {
                kept.push_back(entry);
                if kept.len() > *lines {
                    kept.pop_front();
                }
                Met::Kept
            }
        }
    }

    /// What was kept, in the order it is shown in.
    fn kept(self) -> Vec<Merged<RawEntry>> {
        match self {
            Limit::None | Limit::First(_) => Vec::new(),
            Limit::Newest(_, mut kept) => {
                kept.reverse();
                kept
            }
            Limit::Last(_, kept) => kept.into(),
        }
    }
}
