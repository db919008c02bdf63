//! Two units or hosts side by side, in one order of time; or two boots ([`super::boots`]).

use super::{State, act::say, boots::Boots, clauses, detail};
use crate::{
    filter::quote,
    logs::{Entry, store::Row},
    remote::HostId,
    text,
    tui::{
        effect::{Next, PickSpec},
        msg::Level,
        panes::Ctx,
        theme::Role,
        view::Painter,
    },
};
use ratatui::layout::Rect;
use std::{collections::BTreeSet, sync::Arc};

/// Rows that are looked at for what there is to compare.
const LOOKED_AT: usize = 5_000;

/// One of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    Unit(Arc<str>),
    Host(HostId),
}

impl Side {
    fn has(&self, entry: &Entry) -> bool {
        match self {
            Side::Unit(unit) => entry.unit.as_deref() == Some(&**unit),
            Side::Host(host) => entry.host == *host,
        }
    }

    fn name(&self) -> String {
        match self {
            Side::Unit(unit) => text::clean(unit).into_owned(),
            Side::Host(host) => text::clean(host.as_str()).into_owned(),
        }
    }
}

/// What is side by side.
#[derive(Debug)]
pub(super) enum Compare {
    /// Rows of the log, those of one of the two on the left, of the other on the right.
    Rows(Side, Side),
    /// Rows of their own.
    Boots(Box<Boots>),
}

impl Compare {
    /// Whether a row belongs to the right half.
    pub(super) fn is_right(&self, row: &Row) -> bool {
        match self {
            Compare::Rows(_, right) => row.entry().is_some_and(|entry| right.has(entry)),
            Compare::Boots(_) => false,
        }
    }

    /// Both names.
    pub(super) fn title(&self) -> String {
        match self {
            Compare::Rows(left, right) => format!("{} beside {}", left.name(), right.name()),
            Compare::Boots(boots) => boots.title(),
        }
    }

    /// Boots, which have rows of their own.
    pub(super) fn boots(&self) -> Option<&Boots> {
        match self {
            Compare::Rows(..) => None,
            Compare::Boots(boots) => Some(boots),
        }
    }

    pub(super) fn boots_mut(&mut self) -> Option<&mut Boots> {
        match self {
            Compare::Rows(..) => None,
            Compare::Boots(boots) => Some(boots),
        }
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

/// Ends it.
pub(super) fn end(state: &mut State) -> Vec<Next> {
    match state.compare.take() {
        Some(Compare::Boots(mut boots)) => boots.stop(),
        _ => Vec::new(),
    }
}

/// Asks with what to compare the selected entry's unit, host or boot; or ends it.
pub(super) fn ask(state: &mut State) -> Vec<Next> {
    if state.compare.is_some() {
        let mut next = end(state);
        next.push(Next::Dirty);
        return next;
    }
    let Some(here) = state.entry() else {
        return say(Level::Info, "there is no entry to compare");
    };
    // What is chosen is about this entry, also when others come meanwhile.
    state.compared = Some(here.clone());
    let (mut units, mut hosts, mut boots) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let end = state.held.len();
    for entry in state.heads(end.saturating_sub(LOOKED_AT)..end) {
        if !boots.contains(&(entry.boot, entry.host.clone())) && boots.len() < 20 {
            boots.push((entry.boot, entry.host.clone()));
        }
        hosts.insert(entry.host);
        units.extend(entry.unit);
    }
    let own_boot = format!("{:032x}", here.boot);
    let short = |id: &str| id.get(..8).unwrap_or(id).to_owned();
    let host = text::clean(here.host.as_str());
    let mut items = Vec::new();
    if here.boot != 0 {
        let item = |offset: &str, word: &str| {
            let value = format!("boot:{} {own_boot}{offset}", here.host);
            (
                value,
                format!("boot {} of {host} beside {word}", short(&own_boot)),
            )
        };
        items.push(item("-1", "the boot before"));
        items.push(item("-2", "the one before that"));
    }
    for (boot, host) in boots
        .iter()
        .filter(|(boot, _)| *boot != here.boot && *boot != 0)
    {
        let id = format!("{boot:032x}");
        let word = format!("boot {} beside {}", short(&own_boot), short(&id));
        let word = format!("{word} of {}", text::clean(host.as_str()));
        items.push((format!("boot:{host} {id}"), word));
    }
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
    let Some(here) = state.compared.take().or_else(|| state.entry()) else {
        return Vec::new();
    };
    let mut next = end(state);
    let (left, right, filter) = match value.split_once(':') {
        Some(("unit", name)) => match here.unit {
            Some(own) => {
                let filter = format!("unit:={},{}", quote(&own), quote(name));
                (Side::Unit(own), Side::Unit(Arc::from(name)), filter)
            }
            None => return next,
        },
        Some(("host", name)) => {
            let filter = format!("host:={},{}", quote(here.host.as_str()), quote(name));
            (Side::Host(here.host), Side::Host(HostId::new(name)), filter)
        }
        Some(("boot", value)) => {
            let Some((host, boot)) = value.rsplit_once(' ') else {
                return next;
            };
            let own = (here.host, format!("{:032x}", here.boot));
            let other = (HostId::new(host), boot.to_owned());
            let (boots, asked) = Boots::ask([own, other], &state.query, ctx);
            next.extend(asked);
            super::act::stay(state, ctx);
            state.compare = Some(Compare::Boots(Box::new(boots)));
            return next;
        }
        _ => return next,
    };
    state.compare = Some(Compare::Rows(left, right));
    next.extend(clauses::add(state, &filter, false, ctx));
    next.push(Next::Dirty);
    next
}

/// What a key does while something is side by side; `None` when it means the same as ever.
pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Option<Vec<Next>> {
    let height = height(state, ctx);
    let compare = state.compare.as_mut()?;
    if id == "back" {
        let mut next = end(state);
        next.extend([Next::Taken, Next::Dirty]);
        return Some(next);
    }
    let boots = compare.boots_mut()?;
    match id {
        "open" => {
            let entry = boots.entry()?;
            Some(detail::open(state, entry, ctx))
        }
        id if boots.act(id, height) => Some(vec![Next::Dirty]),
        "logs.compare" => None,
        _ => Some(say(Level::Info, "Esc ends the comparison first")),
    }
}

fn height(state: &State, ctx: &Ctx) -> usize {
    usize::from(state.areas(ctx.area).body.height)
}

/// What is side by side fits the screen again.
pub(super) fn settle(state: &mut State, ctx: &Ctx) {
    let height = height(state, ctx);
    if let Some(boots) = state.compare.as_mut().and_then(Compare::boots_mut) {
        boots.settle(height);
    }
}

pub(super) fn wheel(state: &mut State, lines: i32, ctx: &Ctx) -> bool {
    let height = height(state, ctx);
    match state.compare.as_mut().and_then(Compare::boots_mut) {
        Some(boots) => {
            boots.step(isize::try_from(lines).unwrap_or(0), height);
            true
        }
        None => false,
    }
}

/// A click on a row of two boots.
pub(super) fn click(state: &mut State, row: usize, ctx: &Ctx) -> bool {
    let height = height(state, ctx);
    match state.compare.as_mut().and_then(Compare::boots_mut) {
        Some(boots) => {
            boots.click(row, height);
            true
        }
        None => false,
    }
}

/// The line between the halves.
pub(super) fn divide(area: Rect, painter: &mut Painter) {
    let bar = painter.theme.glyphs().bar;
    let style = painter.theme.style(Role::Border);
    for y in area.top()..area.bottom() {
        painter.text(area.x + area.width / 2, y, 1, bar, style);
    }
}
