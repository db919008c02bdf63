//! The journal of any mix of hosts and units, live: follow, freeze, search, filter, context, all
//! fields of an entry, older entries from the hosts.
//!
//! What is held is in `held`, where one reads in `position`, where the entries come from in
//! `intake`; what keys do in `act`, `jump` and `pick`, lines in `lines`, the filters in `clauses`,
//! the list below in `panel`, the histogram above in `strip`; one entry's fields in `detail`, files in `save`, drawing in
//! `areas`, `status` and `view`.

mod act;
mod areas;
mod choice;
mod clauses;
mod columns;
mod compare;
mod detail;
mod fold;
mod held;
mod intake;
mod jump;
mod lines;
mod marks;
mod panel;
mod patterns;
mod pick;
mod position;
mod save;
mod status;
mod strip;
mod view;

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
        actions::{Context, Offer},
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
    state.held.clear();
    recount(state);
    state.compare = None;
    state.choice = None;
    state.here = Position::default();
    state.detail = None;
    state.on_hit = false;
    for host in state.hosts.clone() {
        set_skew(state, &host, ctx);
    }
    state.seek = None;
    let from = state.from.take();
    let mut next = state.intake.start(&state.hosts, &state.query, from, ctx);
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
            panel::settle(state, ctx);
            vec![Next::Dirty]
        }
        PaneMsg::Host(host) => {
            set_skew(state, &host, ctx);
            return Vec::new();
        }
        PaneMsg::Args(args) => reopen(state, &args, ctx),
        PaneMsg::Closing => return state.intake.stop(),
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

/// The journal's keys, or those of the entry that is open.
pub fn contexts(state: &State) -> &'static [Context] {
    if state.detail.is_some() {
        &[Context::Entry, Context::List]
    } else if state.panel.is_some() {
        &[Context::Panel, Context::List]
    } else if state.strip.focus {
        &[Context::Histogram, Context::List]
    } else {
        &[Context::Logs, Context::List]
    }
}

/// What can be done now.
pub fn actions(state: &State, _ctx: &Ctx) -> Vec<Offer> {
    if state.detail.is_some() {
        return [
            "entry.filter-in",
            "entry.filter-out",
            "entry.pretty",
            "back",
        ]
        .into_iter()
        .filter_map(Offer::yes)
        .collect();
    }
    if state.panel.is_some() {
        return panel::actions(state)
            .iter()
            .filter_map(|id| Offer::yes(id))
            .collect();
    }
    if state.strip.focus {
        return [
            "open",
            "histogram.select",
            "histogram.left",
            "histogram.right",
            "back",
        ]
        .into_iter()
        .filter_map(Offer::yes)
        .collect();
    }
    let some = |what: &str| {
        if state.held.is_empty() {
            Err(format!("there is no entry {what}"))
        } else {
            Ok(())
        }
    };
    let hits = if state.held.searched().is_empty() {
        Err("nothing is searched for".to_owned())
    } else {
        Ok(())
    };
    let filtered = if state.held.clauses().is_empty() && !narrowed(&state.query) {
        Err("nothing is filtered".to_owned())
    } else {
        Ok(())
    };
    [
        Offer::yes("logs.search"),
        Offer::when("logs.next", hits.clone()),
        Offer::when("logs.previous", hits),
        Offer::yes("logs.filter-in"),
        Offer::yes("logs.filter-out"),
        Offer::yes("logs.priority"),
        Offer::when("open", some("to look at")),
        Offer::yes("logs.freeze"),
        Offer::yes("logs.follow"),
        Offer::when("logs.filters", filtered.clone()),
        Offer::when("logs.clear", filtered),
        Offer::yes("logs.at"),
        Offer::yes("logs.histogram"),
        Offer::when("logs.zoom", some("to count")),
        Offer::yes("logs.unit"),
        Offer::yes("logs.boot"),
        Offer::yes("logs.since"),
        Offer::yes("logs.time"),
        Offer::yes("logs.wrap"),
        Offer::when("logs.save", some("to save")),
        Offer::when("logs.fold", some("to fold")),
        Offer::when("logs.patterns", some("to count")),
        Offer::when("logs.mark", some("to mark")),
        Offer::when("logs.choose", some("to choose")),
        Offer::when("logs.copy-as", some("to copy")),
        // Esc ends a choice, then the search first.
        Offer::yes("back").filter(|_| {
            state.choice.is_some() || state.compare.is_some() || !state.held.searched().is_empty()
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
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
        if let Some(compare) = self.compare.as_ref().filter(|c| c.own_rows()) {
            return compare.entry();
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

/// The command line that shows the same.
pub fn cli(state: &State, ctx: &Ctx) -> Option<String> {
    Some(command(state, ctx, None))
}

/// The command line that shows what is shown, or of that only a range of times.
fn command(state: &State, ctx: &Ctx, range: Option<(i64, i64)>) -> String {
    let mut line = format!("qd -e {}", save::quoted(ctx.env().as_str()));
    if state.hosts.len() < ctx.world.hosts.len() {
        for host in &state.hosts {
            let _ = write!(line, " --host {}", save::quoted(host.as_str()));
        }
    }
    line.push_str(" logs");
    let query = &state.query;
    for unit in &query.units {
        let _ = write!(line, " {}", save::quoted(unit));
    }
    if let Some(priority) = query.priority {
        let _ = write!(line, " -p {priority}");
    }
    if let Some(grep) = &query.grep {
        let _ = write!(line, " -g {}", save::quoted(grep));
        if query.ignore_case {
            line.push_str(" -i");
        }
    }
    let moment = |micros: i64| format!("@{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    if let Some((first, last)) = range {
        let _ = write!(line, " --since {} --until {}", moment(first), moment(last));
    } else if let Some(since) = &query.since {
        let _ = write!(line, " --since {}", save::quoted(since));
    }
    for clause in state.held.clauses().iter().filter(|clause| clause.on) {
        let option = if clause.out { "filter-out" } else { "filter" };
        let filter = save::quoted(clause.filter.as_str());
        let _ = write!(line, " --{option} {filter}");
    }
    if let Some(boot) = &query.boot {
        let _ = write!(line, " -b {}", save::quoted(boot));
    }
    if state.intake.live() && range.is_none() {
        line.push_str(" -f");
    }
    line
}

/// The command line that shows these rows again.
fn again(state: &State, range: std::ops::Range<usize>, ctx: &Ctx) -> String {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for entry in state.entries(range) {
        first = first.min(entry.realtime);
        last = last.max(entry.realtime);
    }
    if first > last {
        return command(state, ctx, None);
    }
    command(state, ctx, Some((first, last)))
}

/// The selected entry's message, or all that is held of it as JSON; of a choice of rows the lines.
pub fn copy(state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    if let Some(detail) = &state.detail {
        return detail.copy(raw);
    }
    if let Some(range) = state.chosen() {
        let (form, word) = if raw {
            (save::Form::Json, "entries as JSON")
        } else {
            (save::Form::Lines, "lines")
        };
        let what = format!("{} {word}", state.rows(range.clone()).count());
        return Some((save::text(state, form, range, ctx), what));
    }
    let entry = state.entry()?;
    if raw {
        return Some((save::json(&entry), "the entry as JSON".into()));
    }
    let message = String::from_utf8_lossy(&entry.message).into_owned();
    Some((message, "the message".into()))
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
