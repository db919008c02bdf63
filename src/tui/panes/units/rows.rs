//! What stands in the columns of the list of units, how they compare, what a filter sees.

use crate::{
    filter::{Filter, Row, Value},
    remote::{HostId, systemd::Unit},
    text,
    tui::{
        format,
        panes::Ctx,
        theme::{Role, Status, Theme},
        widgets::table::{CellText, Column},
    },
};
use jiff::Timestamp;
use std::{cmp::Ordering, fmt::Write};

/// The fields that a filter on units may name.
pub(super) const FIELDS: &[&str] = &[
    "host",
    "name",
    "unit",
    "state",
    "sub",
    "load",
    "type",
    "description",
    "age",
    "restarts",
    "memory",
    "cpu",
    "exit",
    "result",
    "file",
    "pid",
    "job",
    "next",
];

/// Every column, in order.
pub(super) const COLUMNS: [Column; 9] = [
    Column::new("HOST", 5, 14, 2, false),
    Column::new("UNIT", 18, 44, 0, false),
    Column::new("STATE", 14, 22, 0, false),
    Column::new("SINCE", 9, 10, 4, false),
    Column::new("NEXT", 9, 10, 6, false),
    Column::new("RST", 3, 5, 3, true),
    Column::new("MEM", 6, 7, 5, true),
    Column::new("CPU", 6, 7, 7, true),
    Column::new("DESCRIPTION", 20, u16::MAX, 8, false),
];

/// The columns; a single host needs no name in every row.
pub(super) fn columns(ctx: &Ctx) -> Vec<Column> {
    let mut columns = COLUMNS.to_vec();
    // Names come before figures where there is room for either only.
    if let (Some(unit), true) = (columns.get_mut(1), ctx.area.width >= 70) {
        unit.min = 30;
    }
    if let Some(host) = columns.first_mut() {
        if ctx.world.hosts.len() < 2 {
            // One that no screen has room for.
            host.min = u16::MAX;
            host.rank = u8::MAX;
        } else {
            let longest = ctx.world.hosts.keys().map(|id| id.as_str().len()).max();
            let longest = u16::try_from(longest.unwrap_or(0)).unwrap_or(u16::MAX);
            host.min = longest.clamp(5, 10);
        }
    }
    columns
}

/// A unit as the list sorts and filters it.
pub(super) struct UnitRow<'a> {
    pub(super) host: &'a HostId,
    pub(super) unit: &'a Unit,
    pub(super) now: Timestamp,
}

impl Row for UnitRow<'_> {
    fn texts(&self, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        visit(self.unit.name.as_bytes())
            || visit(self.unit.description.as_bytes())
            || visit(self.host.as_str().as_bytes())
            || visit(self.unit.active.as_bytes())
            || visit(self.unit.sub.as_bytes())
    }

    fn field(&self, name: &str) -> Option<Value<'_>> {
        let unit = self.unit;
        let number = |value: f64| Some(Value::Number(value));
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        match name {
            "host" => Some(self.host.as_str().into()),
            "unit" | "name" => Some(unit.name.as_str().into()),
            "state" => Some(unit.active.as_str().into()),
            "sub" => Some(unit.sub.as_str().into()),
            "load" => Some(unit.load.as_str().into()),
            "type" => Some(unit.kind().into()),
            "description" => Some(unit.description.as_str().into()),
            "result" => Some(unit.result.as_deref()?.into()),
            "file" => Some(unit.file_state.as_deref()?.into()),
            "job" => Some(unit.job.as_deref()?.into()),
            "age" => number(seconds(unit.since?, self.now)),
            "next" => number(seconds(self.now, unit.next_elapse?)),
            "restarts" => number(f64::from(unit.restarts?)),
            "memory" => number(unit.memory_bytes? as f64),
            "cpu" => number(unit.cpu_nsec? as f64 / 1e9),
            "exit" => number(f64::from(unit.exit_status?)),
            "pid" => number(f64::from(unit.main_pid?)),
            _ => None,
        }
    }
}

/// How a unit fares.
pub(crate) fn status(unit: &Unit) -> Status {
    match unit.active.as_str() {
        "failed" => Status::Bad,
        "activating" if unit.sub == "auto-restart" => Status::Bad,
        "activating" | "deactivating" | "reloading" | "refreshing" | "maintenance" => Status::Busy,
        "active" => Status::Good,
        "inactive" if unit.load == "not-found" || unit.load == "error" => Status::Unknown,
        "inactive" => Status::Off,
        _ => Status::Unknown,
    }
}

fn rank(unit: &Unit) -> u8 {
    match status(unit) {
        Status::Bad => 0,
        Status::Warning => 1,
        Status::Busy => 2,
        Status::Good => 3,
        Status::Off => 4,
        Status::Unknown => 5,
    }
}

/// Services before the rest where states are the same: they are what people look for.
fn weight(unit: &Unit) -> u8 {
    match unit.kind() {
        "service" => 0,
        "timer" => 1,
        "socket" => 2,
        _ => 3,
    }
}

/// The list's own order: failed first.
pub(super) fn by_default(a: &UnitRow, b: &UnitRow) -> Ordering {
    let key = |row: &UnitRow| (rank(row.unit), weight(row.unit));
    key(a)
        .cmp(&key(b))
        .then_with(|| a.unit.name.cmp(&b.unit.name))
        .then_with(|| a.host.cmp(b.host))
}

/// By one column; what has no value comes last.
pub(super) fn compare(a: &UnitRow, b: &UnitRow, column: usize) -> Ordering {
    fn some_first<T: Ord>(a: Option<T>, b: Option<T>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
    let (x, y) = (a.unit, b.unit);
    match column {
        0 => a.host.cmp(b.host),
        1 => x.name.cmp(&y.name),
        2 => rank(x).cmp(&rank(y)).then_with(|| x.sub.cmp(&y.sub)),
        // The newest change first, the largest consumer first.
        3 => some_first(
            x.since.map(std::cmp::Reverse),
            y.since.map(std::cmp::Reverse),
        ),
        4 => some_first(x.next_elapse, y.next_elapse),
        5 => some_first(
            x.restarts.map(std::cmp::Reverse),
            y.restarts.map(std::cmp::Reverse),
        ),
        6 => some_first(
            x.memory_bytes.map(std::cmp::Reverse),
            y.memory_bytes.map(std::cmp::Reverse),
        ),
        7 => some_first(
            x.cpu_nsec.map(std::cmp::Reverse),
            y.cpu_nsec.map(std::cmp::Reverse),
        ),
        8 => x.description.cmp(&y.description),
        _ => Ordering::Equal,
    }
}

/// Writes a unit's state: shape, letter, words.
pub(crate) fn state_cell(theme: &Theme, unit: &Unit, cell: &mut CellText) {
    let (glyph, letter, style) = theme.status(status(unit));
    cell.style = style;
    let _ = write!(cell.text, "{glyph} {letter} ");
    if let Some(job) = &unit.job {
        let _ = write!(
            cell.text,
            "{}{}",
            text::clean(job),
            theme.glyphs().more_right
        );
    } else if unit.active == "failed" {
        let _ = match (unit.result.as_deref(), unit.exit_status) {
            (Some("exit-code"), Some(code)) => write!(cell.text, "exit {code}"),
            (Some("signal"), Some(signal)) => write!(cell.text, "signal {signal}"),
            (Some(result), _) => write!(cell.text, "{}", text::clean(result)),
            (None, _) => write!(cell.text, "failed"),
        };
    } else {
        cell.text.push_str(&text::clean(&unit.sub));
    }
}

/// Writes a cell.
pub(super) fn cell(
    ctx: &Ctx,
    host: &HostId,
    unit: &Unit,
    column: usize,
    filter: &Filter,
    cell: &mut CellText,
) {
    let theme = &ctx.preferences.theme;
    let stale = ctx.world.hosts.get(host).is_some_and(|state| state.stale);
    let muted = theme.style(Role::Muted);
    match column {
        0 => cell.text.push_str(&text::clean(host.as_str())),
        1 => {
            cell.text.push_str(&text::clean(&unit.name));
            cell.found = filter.highlights(&cell.text);
        }
        2 => state_cell(theme, unit, cell),
        3 => {
            if let Some(at) = unit.since {
                let since = format::since(at, ctx.now, &ctx.preferences.zone);
                cell.text.push_str(&since);
            }
            cell.style = muted;
        }
        4 => {
            if let Some(at) = unit.next_elapse {
                let next = format::since(at, ctx.now, &ctx.preferences.zone);
                cell.text.push_str(&next);
            }
        }
        5 => {
            if let Some(restarts) = unit.restarts.filter(|count| *count > 0) {
                let _ = write!(cell.text, "{restarts}");
                cell.style = theme.style(Role::Warning);
            }
        }
        6 => {
            if let Some(memory) = unit.memory_bytes {
                format::bytes(&mut cell.text, memory);
            }
        }
        7 => {
            if let Some(cpu) = unit.cpu_nsec {
                format::cpu(&mut cell.text, cpu);
            }
        }
        _ => {
            cell.text.push_str(&text::clean(&unit.description));
            cell.found = filter.highlights(&cell.text);
            cell.style = muted;
        }
    }
    if stale {
        cell.style = muted;
    }
}
