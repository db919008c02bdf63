//! Two boots side by side, each by the time since it began: both asked of their host, with what
//! narrows the log, as far as is read of each.

use super::{State, compare::half};
use crate::{
    logs::{Entry, Query},
    remote::HostId,
    text,
    tui::{
        effect::{Effect, Next},
        msg::{Hit, Level, StreamId, StreamMsg},
        panes::Ctx,
        view::Painter,
        widgets::{
            list::ListState,
            log::{Emphasis, LogRow, LogStyle},
        },
    },
};
use ratatui::layout::Rect;
use std::fmt::Write;

/// Entries of each: what happens in the beginning is what differs.
const MOST: usize = 10_000;

/// One of the two.
#[derive(Debug)]
struct Boot {
    host: HostId,
    /// As journalctl takes it.
    wanted: String,
    /// While it is read.
    stream: Option<StreamId>,
    came: usize,
    id: Option<u128>,
}

impl Boot {
    fn name(&self) -> String {
        match self.id {
            Some(id) => {
                let id = format!("{id:032x}");
                format!("boot {}", id.get(..8).unwrap_or(&id))
            }
            None => "another boot".to_owned(),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Boots {
    sides: [Boot; 2],
    /// By the time since each began, and whether on the right.
    rows: Vec<(i64, bool, Entry)>,
    list: ListState<usize>,
    keys: Vec<usize>,
}

impl Boots {
    /// Asks the hosts for both.
    pub(super) fn ask(
        sides: [(HostId, String); 2],
        query: &Query,
        ctx: &Ctx,
    ) -> (Boots, Vec<Next>) {
        let mut next = vec![Next::Dirty];
        let sides = sides.map(|(host, wanted)| {
            let stream = ctx.ids.stream();
            let query = Query {
                boot: Some(wanted.clone()),
                since: None,
                until: None,
                lines: None,
                ..query.clone()
            };
            let env = ctx.env().clone();
            let fetch = Effect::Fetch(env, stream, vec![host.clone()], query);
            next.push(Next::Do(fetch));
            Boot {
                host,
                wanted,
                stream: Some(stream),
                came: 0,
                id: None,
            }
        });
        let boots = Boots {
            sides,
            rows: Vec::new(),
            list: ListState::default(),
            keys: Vec::new(),
        };
        (boots, next)
    }

    /// Both names.
    pub(super) fn title(&self) -> String {
        let [left, right] = &self.sides;
        let mut out = format!("{} beside {}", left.name(), right.name());
        if left.host != right.host {
            let _ = write!(out, " of {}", text::clean(right.host.as_str()));
        }
        if self.sides.iter().any(|side| side.stream.is_some()) {
            out.push_str(", reading");
        }
        out
    }

    /// The entry under the cursor, as it came.
    pub(super) fn entry(&self) -> Option<Entry> {
        let (.., entry) = self.rows.get(self.list.at())?;
        Some(entry.clone())
    }

    /// Ends its questions.
    pub(super) fn stop(&mut self) -> Vec<Next> {
        let streams = self.sides.iter_mut().filter_map(|side| side.stream.take());
        streams
            .map(|stream| Next::Do(Effect::Stop(stream)))
            .collect()
    }

    pub(super) fn settle(&mut self, height: usize) {
        self.list.settle(&self.keys, height);
    }

    /// What a list does; whether it does.
    pub(super) fn act(&mut self, id: &str, height: usize) -> bool {
        self.list.act(id, &self.keys, height)
    }

    pub(super) fn step(&mut self, by: isize, height: usize) {
        self.list.step(by, &self.keys, height);
    }

    pub(super) fn click(&mut self, row: usize, height: usize) {
        self.list.click(row, &self.keys, height);
    }

    fn side(&mut self, id: StreamId) -> Option<(bool, &mut Boot)> {
        let sides = self.sides.iter_mut().enumerate();
        let mut found = sides.filter(|(_, side)| side.stream == Some(id));
        found.next().map(|(at, side)| (at == 1, side))
    }

    pub(super) fn draw(&self, style: &LogStyle, area: Rect, painter: &mut Painter) {
        let rows = self.rows.iter().enumerate().skip(self.list.top());
        for ((at, (since, right, entry)), y) in rows.zip(area.top()..area.bottom()) {
            let line = Rect::new(area.x, y, area.width, 1);
            let how = Emphasis {
                selected: at == self.list.at(),
                ..Emphasis::default()
            };
            let note = format!("+{:.3}", *since as f64 / 1e6);
            let row = LogRow::Fold(entry, &note);
            style.draw(painter, half(line, *right), row, 0, how);
            painter.hit(line, Hit::Row(at));
        }
    }
}

/// What comes of its questions; `None` when the answer is to another one.
pub(super) fn news(state: &mut State, id: StreamId, news: &StreamMsg) -> Option<Vec<Next>> {
    let compare = state.compare.as_mut()?;
    let boots = compare.boots_mut()?;
    let (right, side) = boots.side(id)?;
    let mut next = vec![Next::Dirty];
    match news {
        StreamMsg::Fetched(_, entries) => {
            let room = MOST.saturating_sub(side.came);
            let taken = entries.get(..room).unwrap_or(entries);
            side.came += taken.len();
            side.id = side.id.or(taken.first().map(|entry| entry.boot));
            if side.came >= MOST {
                next.extend(side.stream.take().map(|id| Next::Do(Effect::Stop(id))));
            }
            let passing = taken.iter().filter(|entry| state.held.passes(entry));
            let rows = passing.map(|entry| (entry.monotonic, right, entry.clone()));
            boots.rows.extend(rows);
            boots.rows.sort_by_key(|(since, ..)| *since);
            boots.keys = (0..boots.rows.len()).collect();
        }
        StreamMsg::Ended(_, end) => {
            next.extend(side.stream.take().map(|id| Next::Do(Effect::Stop(id))));
            if let Err(problem) = end {
                next.push(Next::Say(Level::Warning, problem.to_string()));
            } else if side.came == 0 {
                let host = text::clean(side.host.as_str()).into_owned();
                let why = format!("{host} has nothing of boot {} that matches", side.wanted);
                next.push(Next::Say(Level::Info, why));
            }
        }
        StreamMsg::Event(_) => {}
    }
    Some(next)
}
