//! A resource as it is drawn: its name and how it is, the tabs, the shown one.

use super::{Cache, State, Tab, graphs::Graphs, kinds, tab, tabs, thing};
use crate::{
    text,
    tui::{
        msg::Hit,
        panes::{
            Ctx,
            cloud::thing::{See, datum},
            paragraph,
        },
        theme::Role,
        view::Painter,
        widgets::{
            graph,
            table::{self, CellText, Column},
        },
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// Lines above the tab's content.
pub(super) const HEAD: u16 = 3;

/// The details: what it is about, what it is.
const COLUMNS: [Column; 2] = [
    Column::new("", 12, 20, 0, false),
    Column::new("", 20, u16::MAX, 0, false),
];

/// Head, tabs, content.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    head(state, ctx, area, painter);
    let y = area.y.saturating_add(HEAD - 1);
    let mut x = area.x.saturating_add(1);
    for (at, tab) in tabs(state.kind).iter().enumerate() {
        let role = if at == state.at {
            Role::Selected
        } else {
            Role::Muted
        };
        let style = painter.theme.style(role);
        let room = area.right().saturating_sub(x);
        let used = painter.text(x, y, room, &format!(" {} ", tab.name()), style);
        painter.hit(Rect::new(x, y, used, 1), Hit::Tab(at));
        x = x.saturating_add(used + 1);
    }
    let body = Rect::new(
        area.x,
        area.y.saturating_add(HEAD),
        area.width,
        area.height.saturating_sub(HEAD),
    );
    match tab(state) {
        Tab::Details => details(state, ctx, body, painter),
        Tab::Graphs => draw_graphs(&state.graphs, body, painter),
        Tab::Json => asked(&state.json, body, painter),
        Tab::Records => asked(&state.records, body, painter),
    }
}

/// What it is called, or its number while that is not known.
pub(super) fn name(state: &State, ctx: &Ctx) -> String {
    match thing(state, ctx) {
        Some(thing) => text::clean(&thing.called()).into_owned(),
        None => match state.details.first() {
            Some(detail) => detail.text.clone(),
            None => format!("#{}", state.number),
        },
    }
}

fn head(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let theme = painter.theme;
    let title = format!(" {} {}", kinds::spec(state.kind).noun, name(state, ctx));
    painter.cut(area.x, area.y, area.width, &title, theme.style(Role::Title));
    let y = area.y.saturating_add(1);
    let shelved = ctx.world.cloud.lists.of(state.kind);
    let Some(thing) = thing(state, ctx) else {
        let (role, text) = match (shelved.complete, state.details.is_empty()) {
            (true, false) => (Role::Warning, "it is gone: what follows was known last"),
            (true, true) => (Role::Warning, "the project has nothing of this number"),
            (false, _) => (Role::Muted, "asking Hetzner"),
        };
        painter.cut(
            area.x + 1,
            y,
            area.width.saturating_sub(1),
            text,
            theme.style(role),
        );
        return;
    };
    let see = See {
        world: ctx.world,
        now: ctx.now,
    };
    let mut x = area.x.saturating_add(1);
    for field in ["state", "address", "type", "location", "price"] {
        let mut cell = CellText::default();
        datum(thing, field, &see).draw(theme, ctx.now, &mut cell);
        if cell.text.is_empty() {
            continue;
        }
        if field == "price" {
            cell.text.push_str(" a month");
        }
        x += painter.cut(x, y, area.right().saturating_sub(x), &cell.text, cell.style);
        x = x.saturating_add(2);
    }
    if let Some(why) = shelved.problem {
        let mut note = "stale: ".to_owned();
        note.push_str(&text::clean(&why.message));
        let style = theme.style(Role::Warning);
        painter.cut(x, y, area.right().saturating_sub(x), &note, style);
    }
}

fn details(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    if state.details.is_empty() {
        return;
    }
    let theme = &ctx.preferences.theme;
    table::draw_rows(
        painter,
        area,
        &COLUMNS,
        &state.keys,
        &state.list,
        |row, column, cell| {
            let Some(detail) = state.details.get(row) else {
                return;
            };
            let heading = detail.label.is_empty();
            match column {
                0 => {
                    let first = detail.text.split(' ').next().unwrap_or_default();
                    cell.text
                        .push_str(if heading { first } else { &detail.label });
                    cell.style = theme.style(if heading { Role::Title } else { Role::Muted });
                }
                _ if heading => {
                    let rest = detail.text.split_once(' ').map_or("", |(_, rest)| rest);
                    cell.text.push_str(rest);
                    cell.style = theme.style(Role::Title);
                }
                _ => {
                    if let Some(status) = detail.status {
                        let (glyph, letter, style) = theme.status(status);
                        let _ = write!(cell.text, "{glyph} {letter} ");
                        cell.style = style;
                    }
                    cell.text.push_str(&detail.text);
                    if detail.link.is_some() {
                        let _ = write!(cell.text, " {}", theme.glyphs().step);
                        if detail.status.is_none() {
                            cell.style = theme.style(Role::Accent);
                        }
                    }
                }
            }
        },
    );
}

fn asked(asked: &super::Asked, area: Rect, painter: &mut Painter) {
    if !asked.lines.is_empty() {
        return asked.view.draw(painter, area, &asked.lines);
    }
    let (role, text) = match (&asked.problem, asked.request) {
        (Some(problem), _) => (Role::Bad, problem.as_str()),
        (None, Some(_)) => (Role::Muted, "Asking Hetzner."),
        (None, None) => (Role::Muted, "There is nothing."),
    };
    paragraph(painter, area, &text::clean(text), role);
}

fn draw_graphs(graphs: &Graphs, area: Rect, painter: &mut Painter) {
    let span = graphs.span.words();
    let (role, caption) = match (&graphs.problem, graphs.is_asking()) {
        (Some(problem), _) => (Role::Bad, text::clean(problem).into_owned()),
        (None, true) if graphs.all.is_empty() => (Role::Muted, format!("Asking for {span}.")),
        (None, false) if graphs.all.is_empty() => (Role::Muted, "There are no figures.".to_owned()),
        (None, _) => (Role::Muted, span.to_owned()),
    };
    if graphs.all.is_empty() {
        return paragraph(painter, area, &caption, role);
    }
    let style = painter.theme.style(role);
    painter.cut(
        area.x + 1,
        area.y,
        area.width.saturating_sub(1),
        &caption,
        style,
    );
    // Each has a line of words above as many lines of bars as there is room for.
    let room = area.height.saturating_sub(1);
    let count = u16::try_from(graphs.all.len()).unwrap_or(1).max(1);
    let each = (room / count).clamp(2, 8);
    let mut y = area.y.saturating_add(1);
    for one in &graphs.all {
        if y + 1 >= area.bottom() {
            return;
        }
        let title = painter.theme.style(Role::Title);
        let mut x = area.x + 1;
        x += painter.text(x, y, area.right().saturating_sub(x), one.title, title);
        let mut figures = String::from("  ");
        match one.values.last() {
            Some(last) => {
                one.unit.write(*last, &mut figures);
                figures.push_str(", at most ");
                one.unit.write(one.top(), &mut figures);
            }
            None => figures.push_str("no figures"),
        }
        let text = painter.theme.style(Role::Text);
        painter.cut(x, y, area.right().saturating_sub(x), &figures, text);
        let bars = Rect::new(
            area.x + 1,
            y + 1,
            area.width.saturating_sub(2),
            (each - 1).min(area.bottom().saturating_sub(y + 1)),
        );
        graph::bars(
            painter,
            bars,
            &one.values,
            one.top(),
            painter.theme.style(Role::Accent),
        );
        y = y.saturating_add(each);
    }
}
