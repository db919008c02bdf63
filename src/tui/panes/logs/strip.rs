//! The histogram above the log: what is shown, counted by time and priority, with a range to be
//! chosen and gone into. Counted in slices beside everything else.

use super::{State, act::say, clauses, jump};
use crate::{
    logs::{
        histogram::{Bucket, Counts, Histogram},
        store::RowId,
    },
    text,
    tui::{
        effect::Next,
        msg::Level,
        panes::Ctx,
        theme::Role,
        view::{Painter, columns},
        widgets::{histogram, log::TimeFormat},
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// From this height on of the pane it is there unasked.
const ROOMY: u16 = 30;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Strip {
    /// Wanted, not wanted, or as the room is.
    wanted: Option<bool>,
    counts: Option<Histogram>,
    /// The oldest and newest rows counted, and how many there are.
    counted: Option<(RowId, RowId)>,
    rows: usize,
    /// The bucket under the cursor and where a choice began, as times: buckets come and go.
    cursor: Option<i64>,
    anchor: Option<i64>,
    /// The keys are for the histogram.
    pub(super) focus: bool,
}

impl Strip {
    /// Lines it takes in a pane of this height.
    pub(super) fn height(&self, pane: u16) -> u16 {
        if pane < 8 || !self.wanted.unwrap_or(pane >= ROOMY) {
            0
        } else if pane < ROOMY {
            3
        } else {
            5
        }
    }

    /// Other rows are shown from now on.
    pub(super) fn recount(&mut self) {
        (self.counts, self.counted, self.rows) = (None, None, 0);
    }
}

/// Whether rows wait to be counted.
pub(super) fn waiting(state: &State, ctx: &Ctx) -> bool {
    let wanted = state.strip.height(ctx.area.height) > 0 || state.patterns.is_some();
    if !wanted || state.held.busy() || state.held.is_empty() {
        return false;
    }
    let last = state.held.whole_len() - 1;
    match state.strip.counted {
        None => true,
        Some((oldest, newest)) => {
            let begins = state.held.whole_place(oldest).unwrap_or_else(|at| at);
            begins > 0 || state.held.whole_place(newest).is_ok_and(|at| at < last)
        }
    }
}

/// Counts up to so many more rows.
pub(super) fn slice(state: &mut State, rows: usize, ctx: &Ctx) {
    if !waiting(state, ctx) {
        return;
    }
    let State {
        strip,
        held,
        patterns,
        ..
    } = state;
    let counts = strip
        .counts
        .get_or_insert_with(|| Histogram::new(&ctx.preferences.zone, ctx.now));
    let mut count = |counts: &mut Histogram, at: usize| -> Option<RowId> {
        let row = held.whole_row(at)?;
        let id = row.id;
        if let Some(entry) = row.entry() {
            counts.add(id.time, entry.priority);
            if let Some(patterns) = patterns.as_mut() {
                patterns.add(id.time, entry);
            }
        }
        Some(id)
    };
    let mut left = rows;
    let (mut oldest, mut newest) = match strip.counted {
        Some(range) => range,
        None => {
            let Some(id) = count(counts, held.whole_len() - 1) else {
                return;
            };
            strip.rows = 1;
            (id, id)
        }
    };
    // What went in between since, or was evicted, is not counted again for a few rows.
    let first = held.whole_place(oldest);
    let last = held.whole_place(newest);
    let expected = last
        .unwrap_or_else(|at| at)
        .saturating_sub(first.unwrap_or_else(|at| at))
        + 1;
    if expected.abs_diff(strip.rows) > 16 + strip.rows / 50 {
        super::recount(state);
        return;
    }
    let mut at = last.map_or_else(|at| at, |at| at + 1);
    while at < held.whole_len() && left > 0 {
        if let Some(id) = count(counts, at) {
            newest = id;
        }
        (at, left, strip.rows) = (at + 1, left - 1, strip.rows + 1);
    }
    let mut at = first.unwrap_or_else(|at| at);
    while at > 0 && left > 0 {
        at -= 1;
        if let Some(id) = count(counts, at) {
            oldest = id;
        }
        (left, strip.rows) = (left - 1, strip.rows + 1);
    }
    strip.counted = Some((oldest, newest));
}

/// The buckets as they are drawn.
fn buckets(state: &State, area: Rect) -> Vec<Bucket> {
    let Some(counts) = &state.strip.counts else {
        return Vec::new();
    };
    let most = usize::from(area.width.max(1));
    let width = counts.nice_width(most);
    counts.buckets(width, most).unwrap_or_default()
}

/// The bucket that a time is in.
fn bucket_of(buckets: &[Bucket], time: i64) -> usize {
    buckets
        .partition_point(|bucket| bucket.to <= time)
        .min(buckets.len().saturating_sub(1))
}

/// The chosen buckets, first and last.
fn chosen(state: &State, buckets: &[Bucket]) -> Option<(usize, usize)> {
    let cursor = bucket_of(buckets, state.strip.cursor?);
    let anchor = state
        .strip
        .anchor
        .map_or(cursor, |time| bucket_of(buckets, time));
    Some((cursor.min(anchor), cursor.max(anchor)))
}

/// Shows the histogram, or no longer.
pub(super) fn toggle(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let shown = state.strip.height(ctx.area.height) > 0;
    state.strip.wanted = Some(!shown);
    state.strip.focus = false;
    if !shown && state.strip.height(ctx.area.height) == 0 {
        return say(Level::Info, "there is no room for the histogram");
    }
    vec![Next::Dirty]
}

/// Gives it the keys.
pub(super) fn focus(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    state.strip.wanted = Some(true);
    slice(state, super::SLICE, ctx);
    let all = buckets(state, state.areas(ctx.area).strip);
    let Some(last) = all.last() else {
        return say(Level::Info, "there is nothing to count yet");
    };
    let at = state.here.at(&state.held);
    let here = state
        .held
        .shown(at)
        .map_or(last.from, |shown| shown.id.time);
    state.strip.cursor = Some(here.min(last.from));
    state.strip.anchor = None;
    state.strip.focus = true;
    vec![Next::Dirty]
}

/// What a key does while it has them.
pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let all = buckets(state, state.areas(ctx.area).strip);
    let Some((_, last)) = chosen(state, &all) else {
        state.strip.focus = false;
        return vec![Next::Taken, Next::Dirty];
    };
    let cursor = state
        .strip
        .cursor
        .map_or(last, |time| bucket_of(&all, time));
    let to = match id {
        "histogram.right" => cursor + 1,
        "histogram.left" => cursor.saturating_sub(1),
        "histogram.first" => 0,
        "histogram.last" => usize::MAX,
        "histogram.select" => {
            state.strip.anchor = match state.strip.anchor {
                None => state.strip.cursor,
                Some(_) => None,
            };
            return vec![Next::Dirty];
        }
        "open" => return zoom(state, &all, ctx),
        "back" => {
            if state.strip.anchor.take().is_none() {
                state.strip.focus = false;
                state.strip.cursor = None;
            }
            return vec![Next::Taken, Next::Dirty];
        }
        _ => return Vec::new(),
    };
    go(state, &all, to, ctx)
}

/// Moves the cursor to a bucket, and the log to its first entry.
fn go(state: &mut State, all: &[Bucket], to: usize, ctx: &Ctx) -> Vec<Next> {
    let Some(bucket) = all.get(to.min(all.len().saturating_sub(1))) else {
        return Vec::new();
    };
    state.strip.cursor = Some(bucket.from);
    let mut next = jump::to_held(state, bucket.from, ctx);
    next.push(Next::Dirty);
    next
}

/// Only what is chosen from now on: one more filter.
fn zoom(state: &mut State, all: &[Bucket], ctx: &Ctx) -> Vec<Next> {
    let Some((first, last)) = chosen(state, all) else {
        return Vec::new();
    };
    let (Some(first), Some(last)) = (all.get(first), all.get(last)) else {
        return Vec::new();
    };
    state.strip.focus = false;
    (state.strip.cursor, state.strip.anchor) = (None, None);
    clauses::range(state, first.from, last.to, ctx)
}

/// The mouse on a bucket: a click goes there, dragging chooses, a double click zooms into what is
/// chosen.
pub(super) fn click(state: &mut State, at: usize, twice: bool, ctx: &Ctx) -> Vec<Next> {
    let all = buckets(state, state.areas(ctx.area).strip);
    let Some(bucket) = all.get(at) else {
        return Vec::new();
    };
    let within = chosen(state, &all).is_some_and(|(from, to)| (from..=to).contains(&at));
    if twice {
        state.strip.cursor.get_or_insert(bucket.from);
        return zoom(state, &all, ctx);
    }
    state.strip.focus = true;
    if within && state.strip.anchor.is_some() {
        return vec![Next::Dirty];
    }
    state.strip.anchor = None;
    go(state, &all, at, ctx)
}

/// Dragging chooses from where it began.
pub(super) fn drag(state: &mut State, at: usize, ctx: &Ctx) -> Vec<Next> {
    let all = buckets(state, state.areas(ctx.area).strip);
    let Some(bucket) = all.get(at) else {
        return Vec::new();
    };
    state.strip.focus = true;
    if state.strip.anchor.is_none() {
        state.strip.anchor = state.strip.cursor.or(Some(bucket.from));
    }
    state.strip.cursor = Some(bucket.from);
    vec![Next::Dirty]
}

pub(super) fn draw(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    if area.height < 2 {
        return;
    }
    let all = buckets(state, area);
    let counts: Vec<Counts> = all.iter().map(|bucket| bucket.counts).collect();
    let chosen = chosen(state, &all);
    let bars = Rect::new(area.x, area.y, area.width, area.height - 1);
    histogram::draw(painter, bars, &counts, chosen);
    let y = area.bottom() - 1;
    let muted = painter.theme.style(Role::Muted);
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        painter.text(
            area.x + 1,
            y,
            area.width.saturating_sub(1),
            "counting",
            muted,
        );
        return;
    };
    // Under the bars: where they begin and end, between them what they are.
    let zone = &ctx.preferences.zone;
    let short = |micros: i64| {
        let mut out = String::new();
        let far = last.to - first.from > 86_400_000_000;
        let format = if far {
            TimeFormat::Short
        } else {
            TimeFormat::Clock
        };
        format.write(&mut out, micros, ctx.now, zone);
        out
    };
    let (from, to) = (short(first.from), short(last.to));
    painter.text(area.x, y, area.width, &from, muted);
    let used =
        histogram::width(bars, all.len()).saturating_mul(u16::try_from(all.len()).unwrap_or(1));
    let end = u16::try_from(columns(&to)).unwrap_or(0);
    let right = area.x + used.min(area.width).saturating_sub(end);
    let left = area.x + u16::try_from(columns(&from)).unwrap_or(0) + 2;
    let note = note(state, &all, chosen, &short);
    let room = (area.right()).saturating_sub(left + 1);
    let fits_before = right > left + u16::try_from(columns(&note)).unwrap_or(u16::MAX) + 1;
    let style = if state.strip.focus {
        painter.theme.style(Role::Accent)
    } else {
        muted
    };
    if fits_before {
        painter.text(right, y, end, &to, muted);
    }
    painter.cut(left, y, room, &text::clean(&note), style);
}

fn note(
    state: &State,
    all: &[Bucket],
    chosen: Option<(usize, usize)>,
    short: &dyn Fn(i64) -> String,
) -> String {
    let (first, last) = chosen.unwrap_or((0, all.len().saturating_sub(1)));
    let mut sums = Counts::default();
    for bucket in all.get(first..=last).unwrap_or_default() {
        for (sum, count) in sums.iter_mut().zip(bucket.counts) {
            *sum += count;
        }
    }
    let errors: u64 = sums.get(..4).unwrap_or_default().iter().sum();
    let warnings = sums.get(4).copied().unwrap_or(0);
    let whole: u64 = sums.iter().sum();
    let mut out = String::new();
    if let (Some(_), Some(from), Some(to)) = (chosen, all.get(first), all.get(last)) {
        let _ = write!(out, "{} to {}: ", short(from.from), short(to.to));
    }
    let _ = write!(out, "{errors} errors, {warnings} warnings of {whole}");
    let each = all.first().map_or(0, |bucket| bucket.to - bucket.from);
    if chosen.is_none() {
        let _ = write!(out, ", a bar is {}", span(each));
    } else if state.strip.focus {
        out.push_str(", Enter zooms, Space chooses");
    }
    out
}

/// A width as people say it.
fn span(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        0 => format!("{} ms", micros / 1_000),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
