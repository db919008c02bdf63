//! Two units or hosts side by side, in one order of time; two boots, each by the time since it
//! began.

use super::{State, act::say, clauses, detail};
use crate::{
    filter::quote,
    logs::{Entry, store::Row},
    remote::HostId,
    text,
    tui::{
        effect::{Next, PickSpec},
        msg::{Hit, Level},
        panes::Ctx,
        theme::Role,
        view::Painter,
        widgets::{
            list::ListState,
            log::{Emphasis, LogRow, LogStyle},
        },
    },
};
use ratatui::layout::Rect;
use std::{collections::BTreeSet, fmt::Write, sync::Arc};

/// Rows that are looked at for what there is to compare.
const LOOKED_AT: usize = 5_000;
/// Rows of each boot.
const OF_BOOT: usize = 20_000;

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    Unit(Arc<str>),
    Host(HostId),
    Boot(u128),
}

impl Side {
    fn has(&self, entry: &Entry) -> bool {
        match self {
            Side::Unit(unit) => entry.unit.as_deref() == Some(&**unit),
            Side::Host(host) => entry.host == *host,
            Side::Boot(boot) => entry.boot == *boot,
        }
    }

    fn name(&self) -> String {
        match self {
            Side::Unit(unit) => text::clean(unit).into_owned(),
            Side::Host(host) => text::clean(host.as_str()).into_owned(),
            Side::Boot(boot) => {
                let id = format!("{boot:032x}");
                format!("boot {}", id.get(..8).unwrap_or(&id))
            }
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Compare {
    left: Side,
    right: Side,
    /// For boots: their rows by the time since each began, and whether on the right.
    rows: Vec<(i64, bool, Entry)>,
    list: ListState<usize>,
    keys: Vec<usize>,
}

impl Compare {
    /// Whether a row belongs to the right half.
    pub(super) fn is_right(&self, row: &Row) -> bool {
        row.entry().is_some_and(|entry| self.right.has(entry))
    }

    /// Both names.
    pub(super) fn title(&self) -> String {
        format!("{} beside {}", self.left.name(), self.right.name())
    }

    /// Whether its rows are its own, not those of the log.
    pub(super) fn own_rows(&self) -> bool {
        matches!(self.left, Side::Boot(_))
    }

    /// The entry under the cursor.
    pub(super) fn entry(&self) -> Option<Entry> {
        let (.., entry) = self.rows.get(self.list.at())?;
        Some(entry.clone())
    }
}

/// The half of an area that a row is drawn in.
pub(super) fn half(area: Rect, right: bool) -> Rect {
    let left = area.width / 2;
    if right {
        Rect::new(
            area.x + left + 1,
            area.y,
            area.width - left - 1,
            area.height,
        )
    } else {
        Rect::new(area.x, area.y, left, area.height)
    }
}

/// Asks with what to compare the selected entry's unit, host or boot; or ends it.
pub(super) fn ask(state: &mut State) -> Vec<Next> {
    if state.compare.take().is_some() {
        return vec![Next::Dirty];
    }
    let Some(here) = state.entry() else {
        return say(Level::Info, "there is no entry to compare");
    };
    let (mut units, mut hosts, mut boots) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let end = state.held.len();
    for entry in state.heads(end.saturating_sub(LOOKED_AT)..end) {
        if !boots.contains(&(entry.boot, entry.host.clone())) && boots.len() < 20 {
            boots.push((entry.boot, entry.host.clone()));
        }
        hosts.insert(entry.host);
        units.extend(entry.unit);
    }
    let mut items = Vec::new();
    if let Some(own) = &here.unit {
        for unit in units.iter().filter(|unit| *unit != own) {
            let word = format!("{} beside {}", text::clean(own), text::clean(unit));
            items.push((format!("unit:{unit}"), word));
        }
    }
    for host in hosts.iter().filter(|host| **host != here.host) {
        let (own, other) = (text::clean(here.host.as_str()), text::clean(host.as_str()));
        items.push((format!("host:{host}"), format!("{own} beside {other}")));
    }
    for (boot, host) in boots.iter().filter(|(boot, _)| *boot != here.boot) {
        let (own, other) = (Side::Boot(here.boot).name(), Side::Boot(*boot).name());
        let host = text::clean(host.as_str());
        items.push((
            format!("boot:{boot:032x}"),
            format!("{own} beside {other} of {host}"),
        ));
    }
    if items.is_empty() {
        return say(
            Level::Info,
            "all near here is of one unit, host and boot: there is nothing to compare",
        );
    }
    vec![Next::Pick(PickSpec {
        kind: "compare",
        title: "compare".into(),
        items,
    })]
}

/// Begins.
pub(super) fn begin(state: &mut State, value: &str, ctx: &Ctx) -> Vec<Next> {
    let Some(here) = state.entry() else {
        return Vec::new();
    };
    let (left, right) = match value.split_once(':') {
        Some(("unit", name)) => match here.unit {
            Some(own) => (Side::Unit(own), Side::Unit(Arc::from(name))),
            None => return Vec::new(),
        },
        Some(("host", name)) => (Side::Host(here.host), Side::Host(HostId::new(name))),
        Some(("boot", id)) => match u128::from_str_radix(id, 16) {
            Ok(boot) => (Side::Boot(here.boot), Side::Boot(boot)),
            Err(_) => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let filter = match (&left, &right) {
        (Side::Unit(a), Side::Unit(b)) => format!("unit:={},{}", quote(a), quote(b)),
        (Side::Host(a), Side::Host(b)) => {
            format!("host:={},{}", quote(a.as_str()), quote(b.as_str()))
        }
        _ => String::new(),
    };
    let rows = match (&left, &right) {
        (Side::Boot(_), Side::Boot(_)) => boots(state, &left, &right),
        _ => Vec::new(),
    };
    state.compare = Some(Compare {
        left,
        right,
        keys: (0..rows.len()).collect(),
        rows,
        list: ListState::default(),
    });
    if filter.is_empty() {
        settle(state, ctx);
        return vec![Next::Dirty];
    }
    let mut next = clauses::add(state, &filter, false, ctx);
    next.push(Next::Dirty);
    next
}

/// The rows of both boots by the time since each began; of the first ones that are held.
fn boots(state: &State, left: &Side, right: &Side) -> Vec<(i64, bool, Entry)> {
    let mut rows = Vec::new();
    let mut counts = [0usize; 2];
    for mut entry in state.entries(0..state.held.len()) {
        let is_right = right.has(&entry);
        if !is_right && !left.has(&entry) {
            continue;
        }
        let Some(count) = counts.get_mut(usize::from(is_right)) else {
            continue;
        };
        if *count >= OF_BOOT {
            if counts.iter().all(|count| *count >= OF_BOOT) {
                break;
            }
            continue;
        }
        *count += 1;
        let since = entry.monotonic;
        let mut message = String::new();
        let _ = write!(message, "+{:.3} ", since as f64 / 1e6);
        let mut bytes = message.into_bytes();
        bytes.extend_from_slice(&entry.message);
        entry.message = Arc::from(bytes);
        rows.push((since, is_right, entry));
    }
    rows.sort_by_key(|(since, ..)| *since);
    rows
}

fn settle(state: &mut State, ctx: &Ctx) {
    let height = usize::from(state.areas(ctx.area).body.height);
    if let Some(compare) = &mut state.compare {
        compare.list.settle(&compare.keys, height);
    }
}

/// What a key does while boots are beside each other; `None` when it means the same as ever.
pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Option<Vec<Next>> {
    let height = usize::from(state.areas(ctx.area).body.height);
    let compare = state.compare.as_mut()?;
    if id == "back" {
        state.compare = None;
        return Some(vec![Next::Taken, Next::Dirty]);
    }
    if !compare.own_rows() {
        return None;
    }
    match id {
        "open" => {
            let entry = compare.entry()?;
            Some(detail::open(state, entry, ctx))
        }
        id if compare.list.act(id, &compare.keys, height) => Some(vec![Next::Dirty]),
        "logs.compare" => None,
        _ => Some(say(Level::Info, "Esc ends the comparison first")),
    }
}

pub(super) fn wheel(state: &mut State, lines: i32, ctx: &Ctx) -> bool {
    let height = usize::from(state.areas(ctx.area).body.height);
    match &mut state.compare {
        Some(compare) if compare.own_rows() => {
            let by = isize::try_from(lines).unwrap_or(0);
            compare.list.step(by, &compare.keys, height);
            true
        }
        _ => false,
    }
}

/// Draws two boots.
pub(super) fn draw(state: &State, style: &LogStyle, area: Rect, painter: &mut Painter) {
    let Some(compare) = &state.compare else {
        return;
    };
    let rows = compare.rows.iter().enumerate().skip(compare.list.top());
    for ((at, (_, right, entry)), y) in rows.zip(area.top()..area.bottom()) {
        let line = Rect::new(area.x, y, area.width, 1);
        let how = Emphasis {
            selected: at == compare.list.at(),
            ..Emphasis::default()
        };
        style.draw(painter, half(line, *right), LogRow::Entry(entry), 0, how);
        painter.hit(line, Hit::Row(at));
    }
    divide(area, painter);
}

/// The line between the halves.
pub(super) fn divide(area: Rect, painter: &mut Painter) {
    let bar = painter.theme.glyphs().bar;
    let style = painter.theme.style(Role::Border);
    for y in area.top()..area.bottom() {
        painter.text(area.x + area.width / 2, y, 1, bar, style);
    }
}

/// A click on a row of two boots.
pub(super) fn click(state: &mut State, row: usize, ctx: &Ctx) -> bool {
    let height = usize::from(state.areas(ctx.area).body.height);
    match &mut state.compare {
        Some(compare) if compare.own_rows() => {
            compare.list.click(row, &compare.keys, height);
            true
        }
        _ => false,
    }
}
