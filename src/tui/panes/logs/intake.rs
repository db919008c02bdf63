//! Where the entries come from: the stream that is followed, questions for older entries, and how
//! each host's journal fares.

use super::{
    LAG_SHOWN, State,
    held::Held,
    jump::moment,
    window::{self, Window},
};
use crate::{
    logs::{Entry, GONE, Gap, LogEvent, Query, when},
    problem::Problem,
    remote::HostId,
    text,
    tui::{
        effect::{Effect, Next},
        msg::{Level, StreamId, StreamMsg},
        panes::Ctx,
    },
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Entries shown at first, and asked for at once when reading back.
const FIRST: usize = 500;
const PAGE: usize = 1_000;

/// How one host's journal fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lane {
    /// On the way to the present.
    CatchingUp,
    /// At the present.
    Live,
    /// The link is broken.
    Down(Problem),
    /// A question about the past was answered.
    Ended,
}

/// A question for older entries.
#[derive(Debug)]
struct Back {
    host: HostId,
    /// The entry that has to come first.
    cursor: Option<String>,
    came: Vec<Entry>,
    wanted: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Followed; or `None` when the past is looked at.
    stream: Option<StreamId>,
    back: HashMap<StreamId, Back>,
    /// Nothing older is to be had of these, unless what was held is evicted again; and whether
    /// that is where the journal begins.
    exhausted: BTreeMap<HostId, bool>,
    /// No more older ones fit into memory.
    full: bool,
    lanes: BTreeMap<HostId, Lane>,
    /// What is not as it should be, said once.
    warned: BTreeSet<(HostId, &'static str)>,
    /// How far hosts' clocks are ahead of ours, in microseconds.
    skews: BTreeMap<HostId, i64>,
    /// Around the time that one went to, in place of the stream.
    window: Option<Window>,
    /// Before this time nothing is asked for (microseconds since 1970).
    begins: Option<i64>,
    /// The time of the last entry that came of each host.
    newest: HashMap<HostId, i64>,
    /// How far behind the last entries came, in microseconds, and until when that is shown.
    lag: Option<(i64, Timestamp)>,
}

impl Intake {
    /// Forgets what ran, and asks these hosts.
    /// Around a time (microseconds since 1970), when that is where one wants to go, instead of
    /// following.
    pub(super) fn start(
        &mut self,
        hosts: &[HostId],
        query: &Query,
        from: Option<i64>,
        ctx: &Ctx,
    ) -> Vec<Next> {
        let mut next = self.stop();
        let warned = std::mem::take(&mut self.warned);
        let skews = std::mem::take(&mut self.skews);
        *self = Intake {
            warned,
            skews,
            begins: query.since.as_deref().and_then(|since| {
                let now = ctx.now.to_zoned(ctx.preferences.zone.clone());
                Some(when::since(since, &now).ok()?.as_microsecond())
            }),
            ..Intake::default()
        };
        if let Some(time) = from {
            for host in hosts {
                let query = Query {
                    until: Some(moment(time.saturating_sub(1))),
                    lines: Some(PAGE),
                    reverse: true,
                    ..query.clone()
                };
                next.push(self.ask(host.clone(), query, PAGE, ctx));
                self.lanes.insert(host.clone(), Lane::CatchingUp);
            }
            let (window, asked) = Window::begin(hosts, query, time, ctx);
            self.window = Some(window);
            next.extend(asked);
            return next;
        }
        let past = query.until.is_some() || query.boot.as_deref().is_some_and(|b| b != "0");
        if past {
            for host in hosts {
                let query = Query {
                    lines: Some(PAGE),
                    reverse: true,
                    ..query.clone()
                };
                next.push(self.ask(host.clone(), query, PAGE, ctx));
                self.lanes.insert(host.clone(), Lane::CatchingUp);
            }
            return next;
        }
        let stream = ctx.ids.stream();
        self.stream = Some(stream);
        for host in hosts {
            self.lanes.insert(host.clone(), Lane::CatchingUp);
        }
        let mut query = query.clone();
        if query.since.is_none() {
            query.lines.get_or_insert(FIRST);
        }
        let env = ctx.env().clone();
        next.push(Next::Do(Effect::Follow(env, stream, hosts.to_vec(), query)));
        next
    }

    pub(super) fn stop(&mut self) -> Vec<Next> {
        let back = self.back.drain().map(|(stream, _)| stream);
        let window = self.window.take().into_iter().flat_map(Window::stop);
        self.stream
            .take()
            .into_iter()
            .chain(back)
            .chain(window)
            .map(|stream| Next::Do(Effect::Stop(stream)))
            .collect()
    }

    fn ask(&mut self, host: HostId, query: Query, wanted: usize, ctx: &Ctx) -> Next {
        let stream = ctx.ids.stream();
        let back = Back {
            host: host.clone(),
            cursor: query.cursor.clone(),
            came: Vec::new(),
            wanted,
        };
        self.back.insert(stream, back);
        let env = ctx.env().clone();
        Next::Do(Effect::Fetch(env, stream, vec![host], query))
    }

    /// Asks for older entries of the hosts whose held ones begin at or after the time that is
    /// seen first: there the picture is not whole.
    pub(super) fn back_to(
        &mut self,
        held: &mut Held,
        hosts: &[HostId],
        query: &Query,
        seen: i64,
        ctx: &Ctx,
    ) -> Vec<Next> {
        let mut next = Vec::new();
        if self.full {
            return next;
        }
        for host in hosts {
            let asked = self.back.values().any(|back| back.host == *host);
            if asked || self.exhausted(held, host) {
                continue;
            }
            let begins = held.oldest_of(host).map(|id| id.time);
            if begins.is_some_and(|time| time < seen) {
                continue;
            }
            // journalctl takes either a cursor or a time to begin at.
            let plain = Query {
                since: None,
                ..query.clone()
            };
            if let Some(query) = held.back_from(host, &plain, PAGE) {
                next.push(self.ask(host.clone(), query, PAGE, ctx));
            }
        }
        next
    }

    /// The part of the past that one went to.
    pub(super) fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    pub(super) fn window_mut(&mut self) -> Option<&mut Window> {
        self.window.as_mut()
    }

    /// A host has answered about the past; the lane is this one once all of it has come.
    pub(super) fn answered(&mut self, host: &HostId, lane: Lane) {
        let asked = self.back.values().any(|back| back.host == *host)
            || self.window.as_ref().is_some_and(|window| window.asks(host));
        if !asked && !self.live() {
            self.lanes.insert(host.clone(), lane);
        }
    }

    /// What is held of a host goes on to this time by its clock.
    pub(super) fn reads_to(&mut self, host: &HostId, time: i64) {
        self.newest.insert(host.clone(), time);
    }

    /// Whether nothing older of a host is to be had.
    fn exhausted(&self, held: &Held, host: &HostId) -> bool {
        self.exhausted.contains_key(host) && !held.store().misses(host)
    }

    /// What was read back may be evicted again.
    pub(super) fn let_go(&mut self) {
        self.full = false;
    }

    /// Whether older entries are to be had, but do not fit into memory.
    pub(super) fn full(&self) -> bool {
        self.full
    }

    /// Whether what is held of every host goes back to this time, and on to it (microseconds since 1970).
    pub(super) fn reaches(&self, held: &mut Held, hosts: &[HostId], time: i64) -> bool {
        let window = self.window.as_ref();
        if window.is_some_and(|w| !hosts.iter().all(|host| w.covers(host, time))) {
            return false;
        }
        hosts.iter().all(|host| {
            self.exhausted(held, host)
                || held.oldest_of(host).is_some_and(|id| id.time <= time)
                || matches!(self.lanes.get(host), Some(Lane::Down(_)))
        })
    }

    /// Whether every host that answers has sent entries later than this time, or all it has.
    pub(super) fn all_beyond(&self, time: i64) -> bool {
        self.lanes.iter().all(|(host, lane)| {
            !matches!(lane, Lane::CatchingUp)
                || self.newest.get(host).is_some_and(|newest| *newest > time)
        })
    }

    pub(super) fn skew(&mut self, host: &HostId, ahead: i64) {
        self.skews.insert(host.clone(), ahead);
    }

    /// How far a host's clock is ahead of ours, in microseconds, as far as it is reckoned with.
    pub(super) fn ahead(&self, host: &HostId) -> i64 {
        self.skews.get(host).copied().unwrap_or(0)
    }

    /// Clocks that are clearly wrong, and by how much (microseconds ahead).
    pub(super) fn skewed(&self) -> impl Iterator<Item = (&HostId, i64)> {
        let wrong = self.skews.iter().filter(|(_, ahead)| **ahead != 0);
        wrong.map(|(host, ahead)| (host, *ahead))
    }

    /// Whether it goes on by itself.
    pub(super) fn live(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether older entries are on their way.
    pub(super) fn reading_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Whether no host has older entries, nor had any that are gone.
    pub(super) fn at_the_beginning(&self, held: &Held) -> bool {
        let whole = |host| self.exhausted.get(host) == Some(&true) && self.exhausted(held, host);
        !self.lanes.is_empty() && self.lanes.keys().all(whole)
    }

    pub(super) fn lanes(&self) -> &BTreeMap<HostId, Lane> {
        &self.lanes
    }

    /// How far behind we are, in microseconds, while that is worth saying.
    pub(super) fn lag(&self, now: Timestamp) -> Option<i64> {
        let (lag, until) = self.lag?;
        (until > now && lag >= 1_000_000).then_some(lag)
    }

    pub(super) fn lag_until(&self) -> Option<Timestamp> {
        self.lag
            .filter(|(lag, _)| *lag >= 1_000_000)
            .map(|(_, until)| until)
    }

    fn came(&mut self, entries: &[Entry], now: Timestamp) {
        let Some(last) = entries.last() else { return };
        self.newest.insert(last.host.clone(), last.realtime);
        if self.lanes.get(&last.host) == Some(&Lane::Live) {
            let ahead = self.skews.get(&last.host).copied().unwrap_or(0);
            let lag = now
                .as_microsecond()
                .saturating_sub(last.realtime)
                .saturating_add(ahead);
            self.lag = now.checked_add(LAG_SHOWN).ok().map(|until| (lag, until));
        }
    }
}

/// News of a stream.
pub(super) fn news(state: &mut State, id: StreamId, news: StreamMsg, ctx: &Ctx) -> Vec<Next> {
    if state.intake.stream == Some(id) {
        return followed(state, news, ctx);
    }
    let intake = &mut state.intake;
    if intake.window().is_some_and(|window| window.waits_for(id)) {
        return window::news(state, id, news);
    }
    match news {
        StreamMsg::Fetched(_, entries) => {
            if let Some(back) = intake.back.get_mut(&id) {
                // The host was asked for so many; more is not taken from it.
                let room = (back.wanted + 1).saturating_sub(back.came.len());
                back.came.extend(entries.into_iter().take(room));
            }
            Vec::new()
        }
        StreamMsg::Ended(_, end) => match intake.back.remove(&id) {
            Some(back) => {
                let mut next = vec![Next::Do(Effect::Stop(id)), Next::Dirty];
                next.extend(came_back(state, back, end));
                next
            }
            None => Vec::new(),
        },
        StreamMsg::Event(_) => Vec::new(),
    }
}

/// A question for older entries was answered.
fn came_back(state: &mut State, back: Back, end: Result<(), Problem>) -> Vec<Next> {
    let Back {
        host,
        cursor,
        came: mut entries,
        wanted,
    } = back;
    state.intake.answered(&host, Lane::Ended);
    // What was held there may have been evicted meanwhile: this answer is about what lies further back.
    let now = state.held.back_from(&host, &Query::default(), wanted);
    if cursor.is_some() && now.and_then(|query| query.cursor) != cursor {
        return Vec::new();
    }
    // The entry that was asked from comes first, or is not there any more, nor what was before it.
    let gone = match end {
        Err(problem) if problem.code == GONE => Some(problem.message),
        Err(problem) => return vec![Next::Say(Level::Warning, problem.to_string())],
        Ok(()) => cursor
            .as_deref()
            .is_some_and(|cursor| entries.first().is_none_or(|first| *first.cursor != *cursor))
            .then(|| "the journal no longer has it (rotated or vacuumed away)".to_owned()),
    };
    let came = entries.len();
    let mut next = Vec::new();
    let whole = gone.is_none();
    if let Some(why) = gone {
        let note = format!("{host}: older entries cannot be had: {why}");
        next.push(Next::Say(Level::Info, text::clean(&note).into_owned()));
        let oldest = state.held.oldest_of(&host).map_or(0, |id| id.time);
        state.held.prepend_gap(&Gap {
            from: entries.first().map_or(0, |entry| entry.realtime),
            to: oldest.saturating_add(state.intake.ahead(&host)),
            host: host.clone(),
            why,
        });
    } else if !state.held.store().misses(&host) && cursor.is_some() && !entries.is_empty() {
        // It is held.
        entries.remove(0);
    }
    entries.reverse();
    let fetched = entries.len();
    if let Some(begins) = state.intake.begins {
        entries.retain(|entry| entry.realtime >= begins);
    }
    let (new, added) = (entries.len(), state.held.prepend(&host, entries));
    if came < wanted || new < fetched || new == 0 {
        state.intake.exhausted.insert(host, whole);
    }
    if added < new {
        state.intake.full = true;
        let note = "no more fits into the memory for logs: go further back with :at or :since, or \
                    raise log_budget_mib";
        next.push(Next::Say(Level::Info, note.to_owned()));
    }
    next
}

fn followed(state: &mut State, news: StreamMsg, ctx: &Ctx) -> Vec<Next> {
    let StreamMsg::Event(event) = news else {
        return Vec::new();
    };
    match event {
        LogEvent::Entries(entries) => {
            state.intake.came(&entries, ctx.now);
            for entry in &entries {
                state.held.push(entry);
            }
        }
        LogEvent::Gap(gap) => state.held.push_gap(&gap),
        LogEvent::Live(host) => {
            state.intake.lanes.insert(host, Lane::Live);
        }
        LogEvent::Down(host, problem) => {
            state.intake.lanes.insert(host, Lane::Down(problem));
        }
        LogEvent::Warning(host, problem) => {
            if state.intake.warned.insert((host, problem.code)) {
                return vec![Next::Say(Level::Warning, problem.to_string()), Next::Dirty];
            }
        }
    }
    if ctx.visible {
        vec![Next::Dirty]
    } else {
        Vec::new()
    }
}
