//! A part of the past that one went to: a page before a time and one after it, and more where one
//! scrolls to. What lies between it and the present is not asked for.

use super::{State, intake::Lane, jump::moment};
use crate::{
    logs::{Entry, Gap, Query},
    problem::Problem,
    remote::HostId,
    tui::{
        effect::{Effect, Next},
        msg::{Level, StreamId, StreamMsg},
        panes::Ctx,
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Entries asked for at once.
const PAGE: usize = 1_000;

/// A question for newer entries than are held of a host.
#[derive(Debug)]
struct Ahead {
    host: HostId,
    /// The entry that has to come first.
    cursor: Option<Arc<str>>,
    came: Vec<Entry>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Window {
    asked: HashMap<StreamId, Ahead>,
    /// The newest entry that is held of each host, and its time by our clock.
    ends: HashMap<HostId, (Arc<str>, i64)>,
    /// These have nothing newer.
    reached: BTreeSet<HostId>,
}

impl Window {
    /// Asks these hosts for what they have from this time on.
    pub(super) fn begin(
        hosts: &[HostId],
        query: &Query,
        time: i64,
        ctx: &Ctx,
    ) -> (Window, Vec<Next>) {
        let mut window = Window::default();
        let query = Query {
            since: Some(moment(time)),
            lines: None,
            ..query.clone()
        };
        let ask = |host: &HostId| window.ask(host.clone(), query.clone(), ctx);
        let next = hosts.iter().map(ask).collect();
        (window, next)
    }

    fn ask(&mut self, host: HostId, query: Query, ctx: &Ctx) -> Next {
        let stream = ctx.ids.stream();
        let ahead = Ahead {
            host: host.clone(),
            cursor: query.cursor.as_deref().map(Arc::from),
            came: Vec::new(),
        };
        self.asked.insert(stream, ahead);
        Next::Do(Effect::Fetch(ctx.env().clone(), stream, vec![host], query))
    }

    /// Ends its questions.
    pub(super) fn stop(self) -> impl Iterator<Item = StreamId> {
        self.asked.into_keys()
    }

    /// Whether it waits for this answer.
    pub(super) fn waits_for(&self, id: StreamId) -> bool {
        self.asked.contains_key(&id)
    }

    /// Whether a host is being asked.
    pub(super) fn asks(&self, host: &HostId) -> bool {
        self.asked.values().any(|ahead| ahead.host == *host)
    }

    /// Whether hosts are being asked.
    pub(super) fn reading(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether what is held of a host goes on to this time, or to its end.
    pub(super) fn covers(&self, host: &HostId, time: i64) -> bool {
        self.reached.contains(host) || self.ends.get(host).is_some_and(|(_, end)| *end >= time)
    }

    /// Whether nobody has anything newer.
    pub(super) fn whole(&self) -> bool {
        self.asked.is_empty() && self.ends.keys().all(|host| self.reached.contains(host))
    }

    /// Asks those hosts for more of which nothing later than this time is held.
    fn on(&mut self, time: i64, query: &Query, ctx: &Ctx) -> Vec<Next> {
        let wanted = self.ends.iter().filter(|(host, (_, end))| {
            *end <= time && !self.reached.contains(*host) && !self.asks(host)
        });
        let wanted: Vec<(HostId, Query)> = wanted
            .map(|(host, (cursor, _))| {
                let query = Query {
                    since: None,
                    lines: None,
                    cursor: Some(cursor.to_string()),
                    ..query.clone()
                };
                (host.clone(), query)
            })
            .collect();
        let ask = |(host, query)| self.ask(host, query, ctx);
        wanted.into_iter().map(ask).collect()
    }
}

/// Asks for newer entries where what is seen reaches the last held ones.
pub(super) fn newer(state: &mut State, bottom: usize, ctx: &Ctx) -> Vec<Next> {
    let time = state
        .held
        .shown(bottom)
        .map_or(i64::MAX, |shown| shown.id.time);
    let query = state.query.clone();
    match state.intake.window_mut() {
        Some(window) => window.on(time, &query, ctx),
        None => Vec::new(),
    }
}

/// What comes of its questions.
pub(super) fn news(state: &mut State, id: StreamId, news: StreamMsg) -> Vec<Next> {
    let Some(window) = state.intake.window_mut() else {
        return Vec::new();
    };
    let end = match news {
        StreamMsg::Fetched(_, entries) => {
            let Some(ahead) = window.asked.get_mut(&id) else {
                return Vec::new();
            };
            // The host goes on to the present unless it is stopped.
            let room = (PAGE + 1).saturating_sub(ahead.came.len());
            ahead.came.extend(entries.into_iter().take(room));
            if ahead.came.len() <= PAGE {
                return Vec::new();
            }
            Ok(false)
        }
        StreamMsg::Ended(_, end) => end.map(|()| true),
        StreamMsg::Event(_) => return Vec::new(),
    };
    let Some(ahead) = window.asked.remove(&id) else {
        return Vec::new();
    };
    let mut next = vec![Next::Do(Effect::Stop(id)), Next::Dirty];
    next.extend(came(state, ahead, end));
    next
}

/// A page has come; whether there is nothing after it.
fn came(state: &mut State, ahead: Ahead, end: Result<bool, Problem>) -> Vec<Next> {
    let Ahead {
        host,
        cursor,
        came: mut entries,
    } = ahead;
    let skew = state.intake.ahead(&host);
    state.intake.answered(&host, Lane::Ended);
    let last = match end {
        Ok(last) => last,
        Err(problem) => return vec![Next::Say(Level::Warning, problem.to_string())],
    };
    if let Some(cursor) = &cursor {
        match entries.first() {
            // It is held.
            Some(first) if first.cursor == *cursor => {
                entries.remove(0);
            }
            first => {
                let window = state.intake.window_mut();
                let from = window.and_then(|window| window.ends.get(&host).map(|(_, end)| *end));
                let from = from.unwrap_or(0).saturating_add(skew);
                state.held.push_gap(&Gap {
                    host: host.clone(),
                    from,
                    to: first.map_or(from, |first| first.realtime),
                    why: "the journal no longer has it (rotated or vacuumed away)".into(),
                });
            }
        }
    }
    if let Some(window) = state.intake.window_mut() {
        if last {
            window.reached.insert(host.clone());
        }
        if let Some(newest) = entries.last() {
            let time = newest.realtime.saturating_sub(skew);
            window
                .ends
                .insert(host.clone(), (newest.cursor.clone(), time));
        }
    }
    if let Some(newest) = entries.last() {
        state.intake.reads_to(&host, newest.realtime);
    }
    state.held.with_store(|store| {
        let mut builder = store.builder(&host);
        for entry in &entries {
            builder.push(&entry.fields());
        }
        store.append(builder.take());
    });
    state.here.expect(&state.held);
    Vec::new()
}
