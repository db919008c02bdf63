//! The Deck as it is drawn: problems, the whole text of the selected one, a line a host.

use super::{
    Cache, State,
    problems::{self, Cure, Trouble, What},
    selected,
};
use crate::{
    remote::HostId,
    text,
    tui::{
        format,
        model::{HostState, gauges},
        msg::Hit,
        panes::{Ctx, paragraph, waiting},
        theme::Role,
        view::{Painter, hosts as conn},
        widgets::{
            graph,
            list::ListState,
            table::{self, CellText, Column},
        },
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// Lines of the selected problem's whole text; more where there is room.
const DETAIL: u16 = 3;

/// Problems above, hosts below with as much room as they need, up to half.
pub(super) fn parts(state: &State, area: Rect) -> (Rect, Rect) {
    let (upper, _, lower) = places(state, area);
    (upper, lower)
}

fn places(state: &State, area: Rect) -> (Rect, Rect, Rect) {
    let hosts = u16::try_from(state.host_keys.len())
        .unwrap_or(u16::MAX)
        .saturating_add(1)
        .min(area.height / 2);
    let detail = if area.height >= 16 && !state.troubles.is_empty() {
        DETAIL.max(area.height / 8)
    } else {
        0
    };
    let height = area.height - hosts - detail;
    let upper = Rect::new(area.x, area.y, area.width, height);
    let middle = Rect::new(area.x, area.y + height, area.width, detail);
    let lower = Rect::new(area.x, area.y + height + detail, area.width, hosts);
    (upper, middle, lower)
}

/// The text of a problem is what counts; on a narrow screen host and time still do.
fn trouble_columns(width: u16) -> [Column; 4] {
    let text = if width < 60 { 24 } else { 44 };
    [
        Column::new("PROBLEM", text, u16::MAX, 0, false),
        Column::new("HOST", 6, 9, 1, false),
        Column::new("SINCE", 8, 10, 2, false),
        Column::new("KEY", 10, 10, 3, false),
    ]
}

const HOSTS: [Column; 9] = [
    Column::new("HOST", 8, 16, 0, false),
    Column::new("STATE", 18, 30, 0, false),
    Column::new("FAILED", 6, 6, 1, true),
    Column::new("LOAD", 4, 6, 3, true),
    Column::new("CPU", 4, 5, 4, true),
    Column::new("MEM", 4, 5, 2, true),
    // Room for `88% /mnt/data`: a mount point cut short tells nothing.
    Column::new("DISK", 14, 24, 5, false),
    Column::new("", 8, 30, 7, false),
    Column::new("UP", 3, 5, 6, true),
];

const SPARK: usize = 7;

/// Problems, then hosts.
pub fn view(state: &State, _cache: &mut Cache, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let (upper, middle, lower) = places(state, area);
    if let Some(trouble) = selected(state) {
        let whole = match &trouble.hint {
            Some(hint) => format!("{}. To do: {hint}", trouble.line()),
            None => trouble.line(),
        };
        paragraph(painter, middle, &text::clean(&whole), Role::Accent);
    }
    if state.troubles.is_empty() {
        calm(ctx, upper, painter);
    } else {
        let none = ListState::default();
        let list = if state.on_hosts { &none } else { &state.list };
        let columns = trouble_columns(upper.width);
        table::draw(
            painter,
            upper,
            &columns,
            &state.keys,
            list,
            |row, column, cell| {
                if let Some(trouble) = state.troubles.get(row) {
                    trouble_cell(trouble, column, ctx, cell);
                }
            },
        );
    }
    hosts(state, ctx, lower, painter);
}

fn calm(ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let unknown = ctx
        .world
        .hosts
        .values()
        .any(|host| host.units.is_none() || host.stale);
    let (role, text) = if ctx.world.hosts.is_empty() {
        (Role::Warning, waiting(ctx))
    } else if unknown {
        (Role::Muted, waiting(ctx))
    } else {
        (Role::Good, "Nothing is wrong.".to_owned())
    };
    let area = Rect::new(
        area.x,
        area.y.saturating_add(1),
        area.width,
        area.height.saturating_sub(1),
    );
    paragraph(painter, area, &text, role);
}

fn trouble_cell(trouble: &Trouble, column: usize, ctx: &Ctx, cell: &mut CellText) {
    let theme = &ctx.preferences.theme;
    match column {
        0 => {
            let (glyph, letter, style) = theme.status(trouble.status);
            let _ = write!(cell.text, "{glyph} {letter} {}", text::clean(&trouble.text));
            cell.style = style;
        }
        1 => match (&trouble.host, trouble.what) {
            (Some(host), _) => cell.text.push_str(&text::clean(host.as_str())),
            (None, What::Cloud) => cell.text.push_str("hetzner"),
            (None, _) => {}
        },
        2 => {
            if let Some(at) = trouble.since {
                cell.text
                    .push_str(&format::since(at, ctx.now, &ctx.preferences.zone));
            }
            cell.style = theme.style(Role::Muted);
        }
        _ => {
            // Connecting again does not help against a key that is not the one we know.
            let alarm = trouble.problem.as_ref().is_some_and(|why| why.is_alarm());
            let action = match trouble.cure {
                Cure::Connect if alarm => "open",
                Cure::Connect => "refresh",
                Cure::Shell => "shell",
                Cure::Unit | Cure::Jobs | Cure::Cloud(..) | Cure::None => "open",
            };
            if let Some(key) = ctx.preferences.keymap.hint(action)
                && trouble.cure != Cure::None
            {
                let word = match (&trouble.what, &trouble.cure) {
                    (_, Cure::Connect) if alarm => "why",
                    (_, Cure::Connect) => "connect",
                    (_, Cure::Shell) => "shell",
                    (What::Job, _) => "output",
                    _ => "look",
                };
                let _ = write!(cell.text, "{key} {word}");
            }
            cell.style = theme.style(Role::Key);
        }
    }
}

fn hosts(state: &State, ctx: &Ctx, area: Rect, painter: &mut Painter) {
    let none = ListState::default();
    let list = if state.on_hosts { &state.hosts } else { &none };
    let first = painter.hits.len();
    table::draw(
        painter,
        area,
        &HOSTS,
        &state.host_keys,
        list,
        |row, column, cell| {
            if let Some(id) = state.host_keys.get(row)
                && let Some(host) = ctx.world.hosts.get(id)
            {
                host_cell(id, host, column, ctx, cell);
            }
        },
    );
    // The rows are counted after the problems'.
    for (_, hit) in painter.hits.iter_mut().skip(first) {
        if let Hit::Row(row) = hit {
            *row += state.keys.len();
        }
    }
    let widths = table::widths(&HOSTS, area.width);
    let before: u16 = widths
        .iter()
        .take(SPARK)
        .filter(|width| **width > 0)
        .map(|width| width + 1)
        .sum();
    let Some(width) = widths.get(SPARK).copied().filter(|width| *width > 0) else {
        return;
    };
    let style = painter.theme.style(Role::Muted);
    let x = area.x.saturating_add(1 + before);
    let rows = state.host_keys.iter().skip(list.top());
    for (id, y) in rows.zip(area.top() + 1..area.bottom()) {
        if let Some(host) = ctx.world.hosts.get(id) {
            let values: Vec<f32> = host.cpu_history.iter().copied().collect();
            graph::spark(painter, (x, y), width, &values, style);
        }
    }
}

fn host_cell(id: &HostId, host: &HostState, column: usize, ctx: &Ctx, cell: &mut CellText) {
    let theme = &ctx.preferences.theme;
    let metrics = host.gauges.as_ref();
    let level = |part: f32, warn: f32, bad: f32| {
        if part >= bad {
            theme.style(Role::Bad)
        } else if part >= warn {
            theme.style(Role::Warning)
        } else {
            theme.style(Role::Text)
        }
    };
    match column {
        0 => cell.text.push_str(&text::clean(id.as_str())),
        1 => {
            let (status, words) = conn::describe(host, ctx.now);
            let (glyph, _, style) = theme.status(status);
            // In words here, so that no letter is needed beside the shape.
            let up = if host.conn.is_up() { "up " } else { "" };
            let _ = write!(cell.text, "{glyph} {up}{}", text::clean(&words));
            cell.style = style;
        }
        2 => {
            if let Some(units) = &host.units {
                let failed = units.values().filter(|unit| unit.is_failed()).count();
                let _ = write!(cell.text, "{failed}");
                if failed > 0 {
                    cell.style = theme.style(Role::Bad);
                }
            }
        }
        3 => {
            if let Some(metrics) = metrics {
                let _ = write!(cell.text, "{:.1}", metrics.load1);
            }
        }
        4 => {
            if let Some(used) = metrics.and_then(|metrics| metrics.cpu_used) {
                let _ = write!(cell.text, "{:.0}%", used * 100.0);
                cell.style = level(used, 0.85, 0.97);
            }
        }
        5 => {
            if let Some(used) = metrics.and_then(problems::memory_used) {
                let _ = write!(cell.text, "{:.0}%", used * 100.0);
                cell.style = level(used, 0.9, 0.95);
            }
        }
        6 => {
            if let Some(disk) = metrics.and_then(problems::fullest) {
                let full = disk.full();
                let _ = write!(
                    cell.text,
                    "{:.0}% {}",
                    full * 100.0,
                    text::clean(&disk.mount)
                );
                cell.style = level(full, problems::DISK_WARN, problems::DISK_BAD);
            }
        }
        8 => {
            if let Some(metrics) = metrics {
                match gauges::up_step(metrics.uptime) {
                    0 => cell.text.push_str("<5m"),
                    seconds => format::span(&mut cell.text, seconds),
                }
            }
        }
        _ => {}
    }
    if host.stale && column > 1 {
        cell.style = theme.style(Role::Muted);
    }
}
