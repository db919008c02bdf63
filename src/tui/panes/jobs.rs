//! Operations: those of this session with phase and output, those before from the audit log.

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    ops::{EndState, audit::Record},
    remote::HostId,
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next},
        format,
        model::Job,
        msg::{Hit, Mouse, Reply, RequestId},
        theme::{Role, Status},
        view::Painter,
        widgets::{
            list::ListState,
            table::{self, CellText, Column},
            text_view::{Line, TextView},
        },
    },
};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;
use std::fmt::Write;

/// A row's identity: newest first by its number or time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Session(u64),
    Past(String),
}

/// The list, and the output below it.
#[derive(Debug)]
pub struct State {
    keys: Vec<Key>,
    list: ListState<Key>,
    past: Vec<Record>,
    request: Option<RequestId>,
    output: Vec<Line>,
    view: TextView,
    /// The output has the movement keys, not the list.
    on_output: bool,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens it and reads the audit log.
pub fn open(_args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        keys: Vec::new(),
        list: ListState::default(),
        past: Vec::new(),
        request: None,
        output: Vec::new(),
        view: TextView::default(),
        on_output: false,
    };
    arrange(&mut state, ctx);
    let next = read(&mut state, ctx);
    (state, next)
}

fn read(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let request = ctx.ids.request();
    state.request = Some(request);
    vec![Next::Do(Effect::History(request))]
}

fn arrange(state: &mut State, ctx: &Ctx) {
    let here = state.list.selected().cloned();
    let mut jobs: Vec<&Job> = ctx
        .jobs
        .iter()
        .filter(|job| job.env == *ctx.env())
        .collect();
    jobs.sort_by_key(|job| (job.outcome.is_some(), std::cmp::Reverse(job.id)));
    let first = ctx.jobs.iter().map(|job| job.started).min();
    state.keys = jobs.iter().map(|job| Key::Session(job.id.0)).collect();
    // What began in this session is above already.
    let past = state
        .past
        .iter()
        .rev()
        .filter(|record| record.environment == ctx.env().as_str())
        .filter(|record| first.is_none_or(|first| record.began < first))
        .map(|record| Key::Past(record.id.clone()));
    state.keys.extend(past);
    let (upper, lower) = parts(ctx.area);
    state.list.settle(&state.keys, table::height(upper));
    let moved = here.as_ref() != state.list.selected();
    let height = usize::from(lower.height.saturating_sub(1));
    let at_end = moved || state.view.top() + height >= state.output.len();
    state.output = output(state, ctx);
    let by = if at_end { isize::MAX } else { 0 };
    state.view.scroll(by, state.output.len(), height);
}

fn job<'a>(key: &Key, ctx: &Ctx<'a>) -> Option<&'a Job> {
    match key {
        Key::Session(id) => ctx.jobs.iter().find(|job| job.id.0 == *id),
        Key::Past(_) => None,
    }
}

fn record<'a>(key: &Key, state: &'a State) -> Option<&'a Record> {
    match key {
        Key::Past(id) => state.past.iter().find(|record| record.id == *id),
        Key::Session(_) => None,
    }
}

/// The output, broken to the width of the screen: what a compiler says at the end of a line
/// matters most.
fn output(state: &State, ctx: &Ctx) -> Vec<Line> {
    let width = ctx.area.width.saturating_sub(1).max(20);
    let mut wrapped = Vec::new();
    for line in whole_output(state, ctx) {
        crate::tui::widgets::text::wrap(&line.text, width, |range| {
            wrapped.push(Line {
                role: line.role,
                ..Line::plain(line.text.get(range).unwrap_or_default())
            });
            true
        });
    }
    wrapped
}

fn whole_output(state: &State, ctx: &Ctx) -> Vec<Line> {
    let Some(key) = state.list.selected() else {
        return Vec::new();
    };
    let muted = |text: String| Line {
        role: Some(Role::Muted),
        ..Line::plain(text::clean(&text).into_owned())
    };
    let mut lines = Vec::new();
    if let Some(job) = job(key, ctx) {
        lines.extend(job.steps.iter().map(|step| muted(format!("$ {step}"))));
        if job.dropped > 0 {
            lines.push(muted(format!(
                "-- {} older lines are not kept --",
                job.dropped
            )));
        }
        lines.extend(
            job.output
                .iter()
                .map(|line| Line::plain(text::clean(line).into_owned())),
        );
        match &job.outcome {
            Some(outcome) => {
                lines.push(Line {
                    role: Some(status(outcome.state).role()),
                    ..Line::plain(text::clean(&outcome.summary).into_owned())
                });
                if let Some(problem) = &outcome.problem {
                    lines.push(muted(problem.to_string()));
                }
            }
            None => lines.push(muted(format!("-- {} --", job.phase))),
        }
    } else if let Some(record) = record(key, state) {
        lines.extend(record.steps.iter().map(|step| muted(format!("$ {step}"))));
        lines.push(muted(format!("by {} from {}", record.user, record.client)));
        if let Some(summary) = &record.summary {
            lines.push(Line::plain(text::clean(summary).into_owned()));
        }
    }
    lines
}

fn status(state: EndState) -> Status {
    match state {
        EndState::Succeeded => Status::Good,
        EndState::Failed | EndState::RolledBack => Status::Bad,
        EndState::Cancelled => Status::Off,
        EndState::Unknown => Status::Unknown,
    }
}

fn word(state: EndState) -> &'static str {
    match state {
        EndState::Succeeded => "succeeded",
        EndState::Failed => "failed",
        EndState::RolledBack => "rolled back",
        EndState::Cancelled => "cancelled",
        EndState::Unknown => "unknown",
    }
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let (upper, lower) = parts(ctx.area);
    let height = usize::from(lower.height.saturating_sub(1));
    match msg {
        PaneMsg::Jobs | PaneMsg::Clock => arrange(state, ctx),
        PaneMsg::Shown => {
            arrange(state, ctx);
            let mut next = read(state, ctx);
            next.push(Next::Dirty);
            return next;
        }
        PaneMsg::Reply(id, reply) if Some(id) == state.request => {
            state.request = None;
            match reply {
                Ok(Reply::History(records)) => state.past = records,
                Ok(_) => return Vec::new(),
                Err(problem) => {
                    return vec![Next::Say(
                        crate::tui::msg::Level::Warning,
                        problem.to_string(),
                    )];
                }
            }
            arrange(state, ctx);
        }
        PaneMsg::Action("refresh") => return read(state, ctx),
        PaneMsg::Action("open" | "jobs.output") => state.on_output = !state.output.is_empty(),
        PaneMsg::Action("back") if state.on_output => {
            state.on_output = false;
            return vec![Next::Taken, Next::Dirty];
        }
        PaneMsg::Action(id) if state.on_output => {
            let id = text_action(id);
            if !state.view.act(id, &state.output, height) {
                return Vec::new();
            }
        }
        PaneMsg::Action(id) => {
            if !state.list.act(id, &state.keys, table::height(upper)) {
                return Vec::new();
            }
            state.view = TextView::default();
            arrange(state, ctx);
        }
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => {
            state.on_output = false;
            state.list.click(row, &state.keys, table::height(upper));
            arrange(state, ctx);
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            let by = isize::try_from(lines).unwrap_or(0);
            state.view.scroll(by, state.output.len(), height);
        }
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

/// The output moves by the list's keys while it has them.
fn text_action(id: &'static str) -> &'static str {
    match id {
        "list.down" => "text.down",
        "list.up" => "text.up",
        "list.page-down" => "text.page-down",
        "list.page-up" => "text.page-up",
        "list.half-down" => "text.half-down",
        "list.half-up" => "text.half-up",
        "list.top" => "text.top",
        "list.bottom" => "text.bottom",
        "list.left" => "text.left",
        "list.right" => "text.right",
        id => id,
    }
}

/// The jobs' keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Jobs, Context::List]
}

/// What can be done now.
pub fn actions(state: &State, _ctx: &Ctx) -> Vec<Offer> {
    let any = match state.list.selected() {
        Some(_) => Ok(()),
        None => Err("there is no operation yet".to_owned()),
    };
    Offer::when("jobs.output", any).into_iter().collect()
}

/// List above, output below.
fn parts(area: Rect) -> (Rect, Rect) {
    let upper = area.height.div_ceil(2);
    (
        Rect::new(area.x, area.y, area.width, upper),
        Rect::new(area.x, area.y + upper, area.width, area.height - upper),
    )
}

const COLUMNS: [Column; 5] = [
    Column::new("OPERATION", 20, u16::MAX, 0, false),
    Column::new("STATE", 12, 28, 0, false),
    Column::new("BEGAN", 8, 19, 2, false),
    Column::new("TOOK", 5, 7, 3, false),
    Column::new("WHO", 6, 14, 4, false),
];

/// List and output.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    if state.keys.is_empty() {
        let text = "No operation yet. What you start, restart or rebuild is listed here.";
        return super::paragraph(painter, area, text, Role::Muted);
    }
    let (upper, lower) = parts(area);
    table::draw(
        painter,
        upper,
        &COLUMNS,
        &state.keys,
        &state.list,
        |row, column, cell| {
            if let Some(key) = state.keys.get(row) {
                self::cell(key, state, ctx, column, cell);
            }
        },
    );
    let role = if state.on_output {
        Role::Accent
    } else {
        Role::Border
    };
    let style = painter.theme.style(role);
    let glyph = painter.theme.glyphs().line;
    for x in lower.left()..lower.right() {
        painter.text(x, lower.y, 1, glyph, style);
    }
    painter.text(lower.x + 1, lower.y, lower.width, " output ", style);
    let body = Rect::new(
        lower.x,
        lower.y.saturating_add(1),
        lower.width,
        lower.height.saturating_sub(1),
    );
    state.view.draw(painter, body, &state.output);
}

fn cell(key: &Key, state: &State, ctx: &Ctx, column: usize, cell: &mut CellText) {
    let theme = &ctx.preferences.theme;
    let took = |out: &mut String, span: SignedDuration| {
        format::span(out, u64::try_from(span.as_secs()).unwrap_or(0));
    };
    if let Some(job) = job(key, ctx) {
        match column {
            0 => cell.text.push_str(&text::clean(&job.title)),
            1 => {
                let (status, words) = match &job.outcome {
                    Some(outcome) => (status(outcome.state), word(outcome.state)),
                    None => (Status::Busy, job.phase.as_str()),
                };
                let (glyph, letter, style) = theme.status(status);
                let _ = write!(cell.text, "{glyph} {letter} {}", text::clean(words));
                cell.style = style;
            }
            2 => cell
                .text
                .push_str(&format::moment(job.started, ctx.now, &ctx.preferences.zone)),
            3 => {
                let end = job.ended.unwrap_or(ctx.now);
                took(&mut cell.text, end.duration_since(job.started));
            }
            _ => cell.text.push_str("you"),
        }
    } else if let Some(record) = record(key, state) {
        match column {
            0 => {
                let title = format!("{} {} on {}", record.operation, record.unit, record.host);
                cell.text.push_str(&text::clean(&title));
            }
            1 => match record.result {
                Some(result) => {
                    let (glyph, letter, style) = theme.status(status(result));
                    let _ = write!(cell.text, "{glyph} {letter} {}", word(result));
                    cell.style = style;
                }
                None => {
                    cell.text.push_str("its end was not seen");
                    cell.style = theme.style(Role::Warning);
                }
            },
            2 => cell.text.push_str(&format::moment(
                record.began,
                ctx.now,
                &ctx.preferences.zone,
            )),
            3 => {
                if let Some(duration) = record.duration() {
                    took(&mut cell.text, duration);
                }
            }
            _ => cell.text.push_str(&text::clean(&record.user)),
        }
    }
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    if state.keys.is_empty() {
        out.push_str("No operation yet.\n");
    }
    for key in &state.keys {
        let mut line = String::new();
        for column in 0..COLUMNS.len() {
            let mut text = CellText::default();
            cell(key, state, ctx, column, &mut text);
            let _ = write!(line, "{}{}", if column > 0 { ", " } else { "" }, text.text);
        }
        let _ = writeln!(out, "{line}");
    }
    for line in &state.output {
        let _ = writeln!(out, "  {}", line.text);
    }
}

/// For tab line and history.
pub fn title(_state: &State) -> String {
    "jobs".into()
}

/// The command line that shows the same.
pub fn cli(_state: &State, ctx: &Ctx) -> Option<String> {
    Some(format!("qd -e {} history", ctx.env()))
}

/// The output.
pub fn copy(state: &State, _ctx: &Ctx, _raw: bool) -> Option<(String, String)> {
    if state.output.is_empty() {
        return None;
    }
    let lines: Vec<&str> = state.output.iter().map(|line| line.text.as_str()).collect();
    Some((lines.join("\n"), "the output".into()))
}

/// The selected operation's host.
pub fn subject(state: &State, ctx: &Ctx) -> Option<Subject> {
    let key = state.list.selected()?;
    let (host, unit) = match (job(key, ctx), record(key, state)) {
        (Some(job), _) => (job.intent.host().clone(), job.intent.unit().to_owned()),
        (_, Some(record)) => (HostId::new(&record.host), record.unit.clone()),
        _ => return None,
    };
    Some(Subject {
        host,
        unit: Some(unit),
    })
}

/// While an operation runs, its time is counted.
pub fn wake(_state: &State, ctx: &Ctx) -> Option<Timestamp> {
    let running = ctx.jobs.iter().any(|job| job.outcome.is_none());
    running.then(|| super::next_second(ctx.now))
}
