//! What keys, lines and the mouse do in the logs.

use super::{
    State, choice, clauses, compare, detail, fold, jump, marks,
    panel::{self, Kind},
    pick,
    position::{Position, Seen},
    restart, strip,
    window::{self, Window},
};
use crate::{
    filter::Filter,
    tui::{
        effect::{Next, PromptSpec},
        msg::Level,
        panes::Ctx,
    },
};

/// Columns of one step sideways.
const SIDEWAYS: usize = 16;
/// Rows of context, one after the other.
const CONTEXT: [usize; 4] = [0, 3, 10, 30];

pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    if state.detail.is_some() {
        return detail::act(state, id, ctx);
    }
    if state.panel.is_some() {
        return panel::act(state, id, ctx);
    }
    if let Some(next) = compare::act(state, id, ctx) {
        return next;
    }
    if state.strip.focus {
        return strip::act(state, id, ctx);
    }
    state.seek = None;
    if let Some(next) = movement(state, id, ctx) {
        return next;
    }
    match id {
        "open" => open(state, ctx),
        "back" if state.choice.is_some() => {
            state.choice = None;
            vec![Next::Taken, Next::Dirty]
        }
        "back" if !state.held.searched().is_empty() => {
            state.held.set_search(Filter::default(), ctx.now);
            state.on_hit = false;
            vec![Next::Taken, Next::Dirty]
        }
        "logs.follow" => {
            if state.here.following() {
                let seen = seen(state, ctx);
                state.here.stop(&state.held, seen);
            } else {
                return to_end(state, ctx);
            }
            vec![Next::Dirty]
        }
        "logs.freeze" => {
            if state.here.frozen() {
                return to_end(state, ctx);
            }
            let seen = seen(state, ctx);
            state.here.freeze(&state.held, seen);
            vec![Next::Dirty]
        }
        "logs.search" => {
            state.before = Some(state.held.searched().clone());
            prompt("search", "/", String::new())
        }
        "logs.next" => hit(state, false, ctx),
        "logs.previous" => hit(state, true, ctx),
        "logs.filter-in" => {
            state.draft(None);
            prompt("filter", "&", String::new())
        }
        "logs.filter-out" => {
            state.draft(None);
            prompt("exclude", "!", String::new())
        }
        "logs.filters" => panel::toggle(state, Kind::Filters, ctx),
        "logs.filters-off" => clauses::switch_all(state, ctx),
        "logs.mark" => marks::toggle(state, ctx),
        "logs.note" => marks::ask_note(state),
        "logs.marks" => panel::toggle(state, Kind::Marks, ctx),
        "logs.next-mark" => marks::step(state, false, ctx),
        "logs.previous-mark" => marks::step(state, true, ctx),
        "logs.choose" => choice::toggle(state, ctx),
        "logs.copy-as" => choice::ask_form(),
        "logs.excerpt" => choice::excerpt(state, ctx),
        "logs.fold" => fold::cycle(state, ctx),
        "logs.unfold" => fold::turn(state, ctx),
        "logs.patterns" => panel::toggle(state, Kind::Patterns, ctx),
        "logs.compare" => compare::ask(state),
        "logs.columns" => panel::toggle(state, Kind::Columns, ctx),
        "logs.histogram" => strip::toggle(state, ctx),
        "logs.zoom" => strip::focus(state, ctx),
        "logs.at" => prompt("at", "at: ", String::new()),
        "logs.next-hour" => jump::hour(state, false, ctx),
        "logs.previous-hour" => jump::hour(state, true, ctx),
        "logs.next-error" => jump::error(state, false, ctx),
        "logs.previous-error" => jump::error(state, true, ctx),
        "logs.next-boot" => jump::boot(state, false, ctx),
        "logs.previous-boot" => jump::boot(state, true, ctx),
        "logs.clear" => clear(state, ctx),
        "logs.priority" => pick::priorities(),
        "logs.unit" => pick::units(state, ctx),
        "logs.host" => pick::hosts(state, ctx),
        "logs.boot" => pick::boots(state),
        "logs.this-unit" => this_unit(state, ctx),
        "logs.since" => prompt(
            "since",
            "since: ",
            state.query.since.clone().unwrap_or_default(),
        ),
        "logs.context" => {
            let now = CONTEXT.iter().position(|n| *n == state.held.context());
            let rows = now.and_then(|at| CONTEXT.get(at + 1)).unwrap_or(&0);
            let clauses = state.held.clauses().to_vec();
            state.held.set_clauses(clauses, *rows, ctx.now);
            super::recount(state);
            let word = match (rows, state.filtered()) {
                (0, _) => "no rows around those that pass the filters".to_owned(),
                (n, false) => format!("{n} rows around those that pass, once there is a filter"),
                (n, true) => format!("{n} rows around those that pass the filters"),
            };
            say(Level::Info, word)
        }
        "logs.wrap" => {
            state.wrap = !state.wrap;
            state.left = 0;
            vec![Next::Dirty]
        }
        "logs.time" => {
            state.time = state.time.next();
            vec![Next::Dirty]
        }
        "logs.save" => prompt("save", "save as (.log, .json, .md): ", String::new()),
        "list.left" => {
            state.left = state.left.saturating_sub(SIDEWAYS);
            vec![Next::Dirty]
        }
        "list.right" if !state.wrap => {
            state.left = (state.left + SIDEWAYS).min(64 * 1024);
            vec![Next::Dirty]
        }
        _ => Vec::new(),
    }
}

pub(super) fn say(level: Level, text: impl Into<String>) -> Vec<Next> {
    vec![Next::Say(level, text.into()), Next::Dirty]
}

fn prompt(kind: &'static str, label: &'static str, text: String) -> Vec<Next> {
    vec![Next::Prompt(PromptSpec { kind, label, text })]
}

/// Lines of the log itself.
fn room(state: &State, ctx: &Ctx) -> u16 {
    state.areas(ctx.area).body.height
}

fn seen(state: &State, ctx: &Ctx) -> Seen {
    let style = state.style(ctx, &[]);
    let height = |at| state.height(at, &style, ctx);
    state.here.seen(&state.held, height, room(state, ctx))
}

fn to_end(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    // What lies between the past that one went to and the present may be a lot: not read then.
    if state.intake.window().is_some() {
        return restart(state, ctx);
    }
    state.here.follow();
    state.on_hit = false;
    state.choice = None;
    state.held.let_go();
    state.intake.let_go();
    vec![Next::Dirty]
}

/// What is read stays where it is from now on.
pub(super) fn stay(state: &mut State, ctx: &Ctx) {
    let seen = seen(state, ctx);
    state.here.stop(&state.held, seen);
}

/// Selects a row by its index.
pub(super) fn go(state: &mut State, to: usize, ctx: &Ctx) -> Vec<Next> {
    moved(state, ctx, |here, state, height, room| {
        here.go(to, &state.held, height, room);
    })
}

/// Selects a row and shows it first, with what follows below it.
pub(super) fn top(state: &mut State, to: usize, ctx: &Ctx) -> Vec<Next> {
    moved(state, ctx, |here, state, height, room| {
        here.top(to, &state.held, height, room);
    })
}

fn moved(
    state: &mut State,
    ctx: &Ctx,
    to: impl FnOnce(&mut Position, &State, &dyn Fn(usize) -> u16, u16),
) -> Vec<Next> {
    let mut here = state.here.clone();
    {
        let style = state.style(ctx, &[]);
        let height = |at| state.height(at, &style, ctx);
        to(&mut here, state, &height, room(state, ctx));
    }
    state.here = here;
    state.on_hit = false;
    let mut next = older(state, ctx);
    next.push(Next::Dirty);
    next
}

pub(super) fn wheel(state: &mut State, lines: i32, ctx: &Ctx) -> Vec<Next> {
    if state.detail.is_some() {
        return detail::wheel(state, lines, ctx);
    }
    if compare::wheel(state, lines, ctx) {
        return vec![Next::Dirty];
    }
    state.seek = None;
    let by = isize::try_from(lines).unwrap_or(0);
    let mut here = state.here.clone();
    {
        let style = state.style(ctx, &[]);
        let height = |at| state.height(at, &style, ctx);
        here.scroll(by, &state.held, height, room(state, ctx));
    }
    state.here = here;
    let mut next = older(state, ctx);
    next.push(Next::Dirty);
    next
}

pub(super) fn click(state: &mut State, row: usize, ctx: &Ctx) -> Vec<Next> {
    state.seek = None;
    match &mut state.detail {
        Some(detail) => {
            detail.click(row, ctx);
            vec![Next::Dirty]
        }
        None => {
            if compare::click(state, row, ctx) {
                return vec![Next::Dirty];
            }
            state.choice = None;
            go(state, row, ctx)
        }
    }
}

fn movement(state: &mut State, id: &str, ctx: &Ctx) -> Option<Vec<Next>> {
    let at = state.here.at(&state.held);
    let page = usize::from(room(state, ctx).saturating_sub(1).max(1));
    let half = (page / 2).max(1);
    let to = match id {
        // At the end there is nowhere further down: following goes on.
        "list.down" | "list.page-down" | "list.half-down" if state.here.following() => {
            return Some(Vec::new());
        }
        // Beyond the last row of the past the present goes on.
        "list.down" | "list.page-down" | "list.half-down"
            if at + 1 >= state.here.visible(&state.held)
                && !state.here.frozen()
                && state.intake.window().is_some_and(Window::whole) =>
        {
            return Some(to_end(state, ctx));
        }
        "list.down" => at + 1,
        "list.up" => at.saturating_sub(1),
        "list.page-down" => at + page,
        "list.page-up" => at.saturating_sub(page),
        "list.half-down" => at + half,
        "list.half-up" => at.saturating_sub(half),
        "list.top" => 0,
        "list.bottom" if state.here.frozen() => usize::MAX,
        "list.bottom" => {
            return Some(to_end(state, ctx));
        }
        _ => return None,
    };
    Some(go(state, to, ctx))
}

/// Asks the hosts for more where what is seen reaches the first or the last held entries.
fn older(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let seen = seen(state, ctx);
    // A screenful ahead, so that there is something to read on.
    let room = usize::from(room(state, ctx));
    let top = seen.top.saturating_sub(room);
    let Some(first) = state.held.shown(top) else {
        return Vec::new();
    };
    let time = if top == 0 { i64::MIN } else { first.id.time };
    let mut next = ask_back(state, time, ctx);
    next.extend(window::newer(state, seen.top + 2 * room, ctx));
    next
}

/// Asks the hosts for older entries than are held.
pub(super) fn read_back(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    ask_back(state, i64::MIN, ctx)
}

fn ask_back(state: &mut State, time: i64, ctx: &Ctx) -> Vec<Next> {
    let query = state.query.clone();
    state
        .intake
        .back_to(&mut state.held, &state.hosts, &query, time, ctx)
}

fn open(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    if fold::open(state, ctx) {
        return vec![Next::Dirty];
    }
    let Some(entry) = state.entry() else {
        return say(Level::Info, "this row has no fields");
    };
    detail::open(state, entry, ctx)
}

/// The next hit from the selected row on; around the end.
fn hit(state: &mut State, back: bool, ctx: &Ctx) -> Vec<Next> {
    if state.held.searched().is_empty() {
        return say(Level::Info, "nothing is searched for: / searches");
    }
    let at = state.here.at(&state.held);
    let here = state.held.shown(at).map(|shown| shown.id);
    let hits = state.held.hits();
    let Some(here) = here.filter(|_| hits > 0) else {
        let more = if state.held.busy() { ", so far" } else { "" };
        return say(Level::Info, format!("no hit{more}"));
    };
    // A line that stands for hits is one itself: those before it come next.
    let at_first = fold::first(state, at).filter(|_| back).unwrap_or(here);
    let number = state.held.hit_number(at_first);
    let (found, around) = if back {
        match number.unwrap_or_else(|older| older).checked_sub(1) {
            Some(number) => (number, false),
            None => (hits - 1, true),
        }
    } else {
        match number.map_or_else(|older| older, |number| number + 1) {
            number if number < hits => (number, false),
            _ => (0, true),
        }
    };
    let found = state.held.hit(found);
    let Some(to) = found.and_then(|id| fold::to_hit(state, id)) else {
        return Vec::new();
    };
    let mut next = go(state, to, ctx);
    state.on_hit = true;
    if around {
        let word = if back { "the first" } else { "the last" };
        let other = if back { "last" } else { "first" };
        next.push(Next::Say(
            Level::Info,
            format!("that was {word} hit: on from the {other}"),
        ));
    }
    next
}

fn clear(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let pushed = super::narrowed(&state.query);
    state.held.set_clauses(Vec::new(), 0, ctx.now);
    super::recount(state);
    state.evaluate();
    state.panel = None;
    if !pushed {
        return vec![Next::Dirty];
    }
    state.query = crate::logs::Query {
        lines: state.query.lines,
        ..Default::default()
    };
    restart(state, ctx)
}

fn this_unit(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let unit = state.entry().and_then(|entry| entry.unit);
    match unit {
        Some(unit) => {
            state.query.units = vec![unit.to_string()];
            restart(state, ctx)
        }
        None => say(Level::Info, "this entry has no unit"),
    }
}
