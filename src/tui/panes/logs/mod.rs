//! The journal of any mix of hosts and units, live: follow, freeze, search, filter, context, all
//! fields of an entry, older entries from the hosts.
//!
//! What is held is in `held`, where one reads in `position`, where the entries come from in
//! `intake` and `window`; what can be done in `offers`, what keys do in `act`, `jump`, `fold` and
//! `pick`, lines in `lines`, the filters in `clauses`, the list below in `panel`, the histogram above
//! in `strip`; one entry's fields in `detail`, two of something in `compare` and `boots`; files in
//! `save` and `hand_over`, drawing in `areas`, `status` and `view`.

mod act;
mod areas;
mod boots;
mod choice;
mod clauses;
mod columns;
mod compare;
mod detail;
mod fold;
mod hand_over;
mod held;
mod intake;
mod jump;
mod lines;
mod marks;
mod moments;
mod offers;
mod panel;
mod patterns;
mod pick;
mod position;
mod save;
mod status;
mod strip;
mod view;
mod window;

#[cfg(test)]
mod tests;

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    config::settings,
    filter::Filter,
    logs::{Entry, Query, question::Clause, seen, store::RowId},
    remote::HostId,
    text,
    tui::{
        effect::{Effect, Next},
        msg::{Hit, Mouse},
        widgets::log::{LogStyle, TimeFormat},
    },
};
use clauses::Draft;
use columns::Columns;
use compare::Compare;
use detail::Detail;
use held::Held;
use intake::Intake;
use jiff::{SignedDuration, Timestamp};
use marks::Marks;
use panel::Panel;
use patterns::Patterns;
use position::Position;
use std::fmt::Write;
use strip::Strip;

pub use hand_over::{cli, copy};
pub use offers::{actions, contexts};
pub use view::view;

/// Rows counted between two messages for the histogram: a few milliseconds.
const SLICE: usize = 8_192;

/// Rows counted between two messages.
const COUNTED: usize = 4_096;

/// What one sees and how.
#[derive(Debug)]
pub struct State {
    /// Whose journals; those of the environment when opened for all.
    hosts: Vec<HostId>,
    /// Pushed to the hosts.
    query: Query,
    held: Held,
    intake: Intake,
    here: Position,
    time: TimeFormat,
    wrap: bool,
    left: usize,
    detail: Option<Detail>,
    /// The hit that the search stands on is selected; its number is shown.
    on_hit: bool,
    /// The search before the line that is being typed.
    before: Option<Filter>,
    draft: Draft,
    panel: Option<Panel>,
    strip: Strip,
    marks: Marks,
    /// Where a choice of rows began.
    choice: Option<RowId>,
    columns: Columns,
    /// Counted while they are listed.
    patterns: Option<Patterns>,
    compare: Option<Compare>,
    /// What is to be compared with something, while that is asked.
    compared: Option<Entry>,
    /// The hosts are to be asked from this time on (microseconds since 1970).
    from: Option<i64>,
    /// This time is on its way from the hosts.
    seek: Option<i64>,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Starts following.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        hosts: Vec::new(),
        query: Query::default(),
        held: Held::new(ctx.preferences.log_budget),
        intake: Intake::default(),
        here: Position::default(),
        time: match ctx.preferences.time {
            settings::TimeFormat::Local => TimeFormat::Short,
            settings::TimeFormat::Utc => TimeFormat::Utc,
            settings::TimeFormat::Relative => TimeFormat::Relative,
        },
        wrap: false,
        left: 0,
        detail: None,
        on_hit: false,
        before: None,
        draft: Draft::default(),
        panel: None,
        strip: Strip::default(),
        marks: Marks::default(),
        choice: None,
        columns: Columns::default(),
        patterns: None,
        compare: None,
        compared: None,
        from: None,
        seek: None,
    };
    let next = reopen(&mut state, args, ctx);
    (state, next)
}

fn reopen(state: &mut State, args: &Args, ctx: &Ctx) -> Vec<Next> {
    let Args::Logs {
        hosts,
        query,
        filter,
    } = args
    else {
        return Vec::new();
    };
    state.hosts = if hosts.is_empty() {
        ctx.world.hosts.keys().cloned().collect()
    } else {
        hosts.clone()
    };
    state.query = query.clone();
    let mut next = Vec::new();
    match Filter::parse_for(filter, seen::FIELDS) {
        Ok(filter) => state.set_clauses(vec![Clause::within(filter)], ctx),
        Err(error) => next.push(Next::Say(
            crate::tui::msg::Level::Warning,
            format!("the filter is left out: {error}"),
        )),
    }
    next.extend(restart(state, ctx));
    next
}

/// Asks the hosts anew, with the present query.
fn restart(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let mut next = compare::end(state);
    state.held.clear();
    recount(state);
    state.choice = None;
    state.here = Position::default();
    state.detail = None;
    state.on_hit = false;
    for host in state.hosts.clone() {
        set_skew(state, &host, ctx);
    }
    state.seek = None;
    let from = state.from.take();
    next.extend(state.intake.start(&state.hosts, &state.query, from, ctx));
    next.push(Next::Dirty);
    next
}

/// Sorts a host's entries by our clock, where its own is clearly wrong: small differences are
/// within what measuring them is off by.
fn set_skew(state: &mut State, host: &HostId, ctx: &Ctx) {
    let metrics = ctx.world.hosts.get(host).and_then(|h| h.metrics.as_ref());
    let ahead = metrics.and_then(|m| m.clock_skew).map_or(0, |skew| {
        i64::try_from(skew.as_micros()).unwrap_or_default()
    });
    let ahead = if ahead.abs() < 1_000_000 { 0 } else { ahead };
    state.held.skew(host, ahead);
    state.intake.skew(host, ahead);
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    // Once a batch of messages, and after each key: never once an entry.
    let slice = !matches!(msg, PaneMsg::Stream(..) | PaneMsg::Reply(..));
    let mut next = match msg {
        PaneMsg::Stream(id, news) => {
            if let Some(next) = boots::news(state, id, &news) {
                compare::settle(state, ctx);
                return next;
            }
            let mut next = intake::news(state, id, news, ctx);
            next.extend(jump::seek(state, ctx));
            next
        }
        PaneMsg::Reply(id, reply) => detail::reply(state, id, reply, ctx),
        PaneMsg::Action(id) => act::act(state, id, ctx),
        PaneMsg::Line { kind, text, done } => lines::line(state, kind, text, done, ctx),
        PaneMsg::Picked { kind, value } => pick::picked(state, kind, &value, ctx),
        PaneMsg::Mouse(Mouse::Wheel(lines)) => act::wheel(state, lines, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => act::click(state, row, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Offer(row))) => panel::click(state, row, false, ctx),
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Offer(row))) => panel::click(state, row, true, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Tab(at))) => {
            let next = clauses::switch(state, at, ctx);
            panel::settle(state, ctx);
            next
        }
        PaneMsg::Mouse(Mouse::Click(Hit::Column(at))) => strip::click(state, at, false, ctx),
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Column(at))) => strip::click(state, at, true, ctx),
        PaneMsg::Mouse(Mouse::Drag(Hit::Row(row))) => choice::drag(state, row, ctx),
        PaneMsg::Mouse(Mouse::Drag(Hit::Column(at))) => strip::drag(state, at, ctx),
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Row(row))) => {
            let mut next = act::click(state, row, ctx);
            next.extend(act::act(state, "open", ctx));
            next
        }
        PaneMsg::Clock => vec![Next::Dirty],
        PaneMsg::Shown => {
            detail::resized(state, ctx);
            compare::settle(state, ctx);
            panel::settle(state, ctx);
            vec![Next::Dirty]
        }
        PaneMsg::Host(host) => {
            set_skew(state, &host, ctx);
            return Vec::new();
        }
        PaneMsg::Args(args) => reopen(state, &args, ctx),
        PaneMsg::Closing => {
            let mut next = compare::end(state);
            next.extend(state.intake.stop());
            return next;
        }
        _ => return Vec::new(),
    };
    if slice && state.held.busy() {
        state.evaluate();
        next.push(Next::Dirty);
    } else if slice && strip::waiting(state, ctx) {
        strip::slice(state, COUNTED, ctx);
        panel::settle(state, ctx);
        next.push(Next::Dirty);
    }
    if state.held.folds() || state.here.left_at() != state.held.folds_until() {
        state.fold();
    }
    next
}

/// Whether the hosts are asked for less than everything.
fn narrowed(query: &Query) -> bool {
    !query.units.is_empty()
        || query.priority.is_some()
        || query.grep.is_some()
        || query.since.is_some()
        || query.boot.is_some()
        || !query.matches.is_empty()
}

/// Other rows are shown from now on: what is counted of them is counted anew.
fn recount(state: &mut State) {
    state.strip.recount();
    if let Some(patterns) = &mut state.patterns {
        patterns.recount();
    }
}

impl State {
    /// How rows are drawn; also says how high they are.
    fn style<'a>(
        &self,
        ctx: &'a Ctx,
        found: &'a [(&'a Filter, crate::tui::theme::Role)],
    ) -> LogStyle<'a> {
        let host = if self.hosts.len() > 1 {
            let widest = self.hosts.iter().map(|h| h.as_str().len()).max();
            u16::try_from(widest.unwrap_or(0)).unwrap_or(16).min(16)
        } else {
            0
        };
        LogStyle {
            time: self.time,
            times: true,
            zone: &ctx.preferences.zone,
            now: ctx.now,
            host,
            wrap: self.wrap,
            left: self.left,
            found,
        }
    }

    /// Columns that a row has.
    fn row_width(&self, ctx: &Ctx) -> u16 {
        match &self.compare {
            Some(_) => ctx.area.width / 2,
            None => ctx.area.width,
        }
    }

    /// How high a row is.
    fn height(&self, at: usize, style: &LogStyle, ctx: &Ctx) -> u16 {
        if !self.wrap {
            return 1;
        }
        let line = self.line(at, ctx);
        line.map_or(1, |line| style.height(line.drawn(), self.row_width(ctx)))
    }

    /// A slice of what waits for filters and search, from where one reads outwards.
    fn evaluate(&mut self) {
        self.held.look_at(self.here.reading());
        self.held.slice(held::WORK);
    }

    /// The selected row's entry, unless it is a gap.
    fn entry(&self) -> Option<Entry> {
        if let Some(boots) = self.compare.as_ref().and_then(Compare::boots) {
            return boots.entry();
        }
        let shown = self.held.shown(self.here.at(&self.held))?;
        self.held.by_id(shown.id)?.into_entry()
    }
}

/// The same as lines: how it stands, and the last rows up to the selected one.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    if let Some(detail) = &state.detail {
        detail.plain(out);
        return;
    }
    let _ = writeln!(out, "{}", status::status_text(state, ctx));
    let end = state.here.at(&state.held);
    let start = (end + 1).saturating_sub(usize::from(ctx.area.height.saturating_sub(1)).max(10));
    for at in start..=end {
        if let Some(line) = state.line(at, ctx) {
            save::plain_line(line.drawn(), state.time, ctx, out);
        }
    }
    panel::plain(state, ctx, out);
}

/// For tab line and history.
pub fn title(state: &State) -> String {
    match state.query.units.as_slice() {
        [] => "logs".into(),
        [unit] => format!("logs of {}", text::clean(unit)),
        units => format!("logs of {} units", units.len()),
    }
}

/// The host and unit of the selected entry.
pub fn subject(state: &State, _ctx: &Ctx) -> Option<Subject> {
    let entry = match &state.detail {
        Some(detail) => detail.entry().clone(),
        None => state.entry()?,
    };
    Some(Subject {
        host: entry.host,
        unit: entry.unit.as_deref().map(str::to_owned),
    })
}

/// At once while rows wait for a changed filter; each minute while relative times are shown.
pub fn wake(state: &State, ctx: &Ctx) -> Option<Timestamp> {
    if state.held.busy() || state.held.folds() || strip::waiting(state, ctx) {
        return Some(ctx.now);
    }
    let ageing = state.time == TimeFormat::Relative && !state.held.is_empty();
    let minute = ctx.now.as_second().div_euclid(60) * 60 + 60;
    ageing
        .then(|| Timestamp::from_second(minute).ok())
        .flatten()
        .or_else(|| {
            // The note of how far behind we are goes away once nothing comes any more.
            let until = state.intake.lag_until()?;
            (until > ctx.now).then_some(until)
        })
}

/// An entry's fields are asked of its host by its cursor.
fn ask_fields(entry: &Entry, ctx: &Ctx) -> (crate::tui::msg::RequestId, Next) {
    let id = ctx.ids.request();
    let effect = Effect::Fields(
        ctx.env().clone(),
        id,
        entry.host.clone(),
        entry.cursor.to_string(),
    );
    (id, Next::Do(effect))
}

/// For how long being behind is shown after it was last seen.
const LAG_SHOWN: SignedDuration = SignedDuration::from_secs(2);
