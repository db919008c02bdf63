//! A list as it is drawn: the siblings, a line of counts and costs, the table, or why it is empty.

use super::{Cache, State, kinds, rows, see, shown, thing::datum};
use crate::{
    remote::ConnState,
    text,
    tui::{
        format,
        model::CloudKind,
        msg::Hit,
        panes::{Ctx, paragraph},
        theme::Role,
        view::Painter,
        widgets::table,
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// Lines above the table: the siblings, the counts.
const HEAD: u16 = 2;

/// What stands above, and the table.
pub(super) fn parts(area: Rect) -> (Rect, Rect) {
    let head = Rect::new(area.x, area.y, area.width, HEAD.min(area.height));
    let table = Rect::new(
        area.x,
        area.y.saturating_add(head.height),
        area.width,
        area.height.saturating_sub(head.height),
    );
    (head, table)
}

/// The visible rows.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let (head, rest) = parts(area);
    siblings(state, Rect { height: 1, ..head }, painter);
    let line = Rect::new(head.x, head.y.saturating_add(1), head.width, 1);
    let style = |role| painter.theme.style(role);
    let (muted, accent) = (style(Role::Muted), style(Role::Accent));
    let warning = style(Role::Warning);
    let Some(here) = shown(state) else { return };
    let filter = match here.filter.is_empty() {
        true => String::new(),
        false => format!("  /{}", here.filter.as_str()),
    };
    // Where there is no room for all, what it costs is what can be spared.
    let mut x = line.x;
    for (text, style) in [
        (counts(state, ctx), muted),
        (filter, accent),
        (note(state, ctx), warning),
        (cost(state, ctx), muted),
    ] {
        let left = line.right().saturating_sub(x);
        x += painter.cut(x, line.y, left, &text::clean(&text), style);
    }
    if here.rows.is_empty() {
        let why = empty(state, ctx);
        let area = Rect::new(rest.x, rest.y.saturating_add(1), rest.width, rest.height);
        return paragraph(painter, area, &text::clean(&why), Role::Muted);
    }
    let columns = rows::columns(state.kind);
    let see = see(ctx);
    let stale = ctx.world.cloud.lists.of(state.kind).problem.is_some();
    table::draw(
        painter,
        rest,
        &rows::table(&columns),
        &here.rows,
        &here.list,
        |row, column, cell| {
            let number = here.rows.get(row).copied().unwrap_or(0);
            let thing = kinds::thing(&ctx.world.cloud, state.kind, number);
            let (Some(thing), Some(col)) = (thing, columns.get(column)) else {
                return;
            };
            let theme = &ctx.preferences.theme;
            datum(thing, col.field, &see).draw(theme, ctx.now, cell);
            if col.column.right {
                // Figures are not searched.
            } else {
                cell.found = here.filter.highlights(&cell.text);
            }
            if stale {
                cell.style = theme.style(Role::Muted);
            }
        },
    );
}

/// The lists one can go to, this one marked.
fn siblings(state: &State, area: Rect, painter: &mut Painter) {
    let mut x = area.x.saturating_add(1);
    let width = |kind: &CloudKind| kinds::spec(*kind).command.len() + 3;
    let at = CloudKind::ALL
        .iter()
        .position(|kind| *kind == state.kind)
        .unwrap_or(0);
    // Where there is no room for all, what stands before this one gives way.
    let mut first = 0;
    let room = usize::from(area.width.saturating_sub(2));
    let needed = |first: usize| -> usize {
        let here = CloudKind::ALL.iter().take(at + 1).skip(first);
        here.map(width).sum()
    };
    while first < at && needed(first) > room {
        first += 1;
    }
    for (at, kind) in CloudKind::ALL.iter().enumerate().skip(first) {
        let shown = *kind == state.kind;
        let role = if shown { Role::Selected } else { Role::Muted };
        let left = area.right().saturating_sub(x);
        if usize::from(left) < width(kind) {
            break;
        }
        let label = format!(" {} ", kinds::spec(*kind).command);
        let style = painter.theme.style(role);
        let used = painter.text(x, area.y, left, &label, style);
        painter.hit(Rect::new(x, area.y, used, 1), Hit::Tab(at));
        x = x.saturating_add(used + 1);
    }
}

/// How many there are, and whose.
pub(super) fn counts(state: &State, ctx: &Ctx) -> String {
    let cloud = &ctx.world.cloud;
    let mut counts = String::new();
    let shelved = cloud.lists.of(state.kind);
    let Some(here) = shown(state).filter(|_| shelved.complete || shelved.count > 0) else {
        return counts;
    };
    let of = match state.everything || cloud.whole {
        true => here.all,
        false => here.own,
    };
    let noun = kinds::spec(state.kind).noun;
    let plural = if of == 1 { "" } else { "s" };
    let _ = write!(counts, " {of} {noun}{plural}");
    match (cloud.whole, state.everything) {
        (true, _) => counts.push_str(" in the project"),
        (false, true) => {
            let _ = write!(counts, " in the project, {} of {}", here.own, ctx.env());
        }
        (false, false) => {
            let _ = write!(counts, " of {}", ctx.env());
            if here.all > here.own {
                let _ = write!(counts, " ({} in the project)", here.all);
            }
        }
    }
    if here.rows.len() != of {
        let _ = write!(counts, ", {} shown", here.rows.len());
    }
    if !here.list.marks().is_empty() {
        let _ = write!(counts, ", {} marked", here.list.marks().len());
    }
    counts
}

/// What the rows cost, and the environment with all that it has.
pub(super) fn cost(state: &State, ctx: &Ctx) -> String {
    let Some(cost) = shown(state).and_then(|here| here.cost) else {
        return String::new();
    };
    let prices = ctx.world.cloud.prices.as_ref();
    let currency = prices.map_or("", |prices| prices.currency.as_str());
    let mut text = format!("  {}", format!("{currency} {cost:.2} a month").trim_start());
    if let Some(total) = state.total {
        let _ = write!(text, ", all kinds {total:.2}");
    }
    text
}

/// What is not as one would think: still being read, old, or not whole.
pub(super) fn note(state: &State, ctx: &Ctx) -> String {
    let shelved = ctx.world.cloud.lists.of(state.kind);
    match (shelved.problem, shelved.read_at, shelved.notes.first()) {
        (Some(why), Some(at), _) => {
            let at = format::moment(at, ctx.now, &ctx.preferences.zone);
            format!("  as of {at}: {}", why.message)
        }
        (Some(why), None, _) if shelved.count > 0 => format!("  {}", why.message),
        (None, _, Some(left_out)) => format!("  {}", left_out.message),
        _ => match (shelved.complete, shelved.total) {
            (false, Some(total)) if shelved.count > 0 => {
                format!("  reading: {} of {total}", shelved.count)
            }
            _ => String::new(),
        },
    }
}

/// Why nothing is there, and what to do.
pub(super) fn empty(state: &State, ctx: &Ctx) -> String {
    let cloud = &ctx.world.cloud;
    let shelved = cloud.lists.of(state.kind);
    let spec = kinds::spec(state.kind);
    let told = |problem: &crate::problem::Problem| match &problem.hint {
        Some(hint) => format!("{}. To do: {hint}.", problem.message),
        None => format!("{}.", problem.message),
    };
    if let Some(problem) = &cloud.no_access {
        return told(problem);
    }
    if let Some(problem) = shelved.problem {
        return told(problem);
    }
    if !shelved.complete {
        return match &cloud.conn {
            ConnState::Failed(problem) | ConnState::Retrying { why: problem, .. } => told(problem),
            _ => format!("Asking Hetzner for {}.", spec.command),
        };
    }
    let key = |id: &str| {
        let key = ctx.preferences.keymap.hint(id);
        key.map(ToString::to_string).unwrap_or_default()
    };
    if shown(state).is_some_and(|here| !here.filter.is_empty()) {
        return format!("No {} matches. {} shows all again.", spec.noun, key("back"));
    }
    match (shelved.count, state.everything || cloud.whole) {
        (0, _) | (_, true) => format!("The project has no {}s.", spec.noun),
        (count, false) => format!(
            "No {} has the label environment={}. {} shows all {count} of the project.",
            spec.noun,
            ctx.env(),
            key("cloud.all"),
        ),
    }
}
