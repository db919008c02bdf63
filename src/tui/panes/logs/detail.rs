//! One entry with all its fields, asked of the host by its cursor; each field can narrow the list.

use super::{State, act, clauses, lines, restart, save};
use crate::{
    logs::{Entry, structured},
    problem::Problem,
    text,
    tui::{
        effect::Next,
        msg::{Hit, Level, Reply, RequestId},
        panes::Ctx,
        theme::Role,
        view::Painter,
        widgets::{list::ListState, log::TimeFormat, text as columns},
    },
};
use ratatui::{layout::Rect, style::Style};
use std::fmt::Write;

/// Bytes of a value that are shown; the rest is said to be there.
const SHOWN: usize = 256 * 1024;

/// See the module.
#[derive(Debug)]
pub(super) struct Detail {
    entry: Entry,
    request: RequestId,
    fields: Vec<(String, Vec<u8>)>,
    /// Lines for a width: which field, and the text.
    lines: Vec<(usize, String)>,
    width: u16,
    keys: Vec<usize>,
    list: ListState<usize>,
    why: Option<Problem>,
    whole: bool,
    /// A message that is data is shown as it came.
    raw: bool,
}

impl Detail {
    pub(super) fn new(entry: Entry, request: RequestId, ctx: &Ctx) -> Detail {
        let fields = save::fields(&entry);
        let mut detail = Detail {
            entry,
            request,
            fields,
            lines: Vec::new(),
            width: 0,
            keys: Vec::new(),
            list: ListState::default(),
            why: None,
            whole: false,
            raw: false,
        };
        detail.lay_out(ctx);
        detail
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Makes the lines for the present width.
    fn lay_out(&mut self, ctx: &Ctx) {
        self.width = ctx.area.width;
        self.lines.clear();
        let label = self.label();
        let room = self.width.saturating_sub(label + 3).max(1);
        for (at, (name, value)) in self.fields.iter().enumerate() {
            let pretty = match name.as_str() {
                "MESSAGE" if !self.raw => structured::pretty(value),
                _ => None,
            };
            let shown = pretty.as_deref().map_or(&**value, str::as_bytes);
            let shown = shown.get(..SHOWN).unwrap_or(shown);
            for line in shown.split(|b| *b == b'\n') {
                let line = text::clean_bytes(line);
                columns::wrap(&line, room, |range| {
                    self.lines
                        .push((at, line.get(range).unwrap_or("").to_owned()));
                    self.lines.len() < 100_000
                });
            }
            if value.len() > SHOWN {
                let note = format!("({} bytes in all)", value.len());
                self.lines.push((at, note));
            }
        }
        self.keys = (0..self.lines.len()).collect();
        self.list.settle(&self.keys, height(ctx));
    }

    fn label(&self) -> u16 {
        let widest = self.fields.iter().map(|(name, _)| name.len()).max();
        let most = usize::from(self.width / 3);
        u16::try_from(widest.unwrap_or(0).min(most)).unwrap_or(0)
    }

    fn field(&self) -> Option<&(String, Vec<u8>)> {
        let (field, _) = self.lines.get(self.list.at())?;
        self.fields.get(*field)
    }

    pub(super) fn click(&mut self, row: usize, ctx: &Ctx) {
        self.list.click(row, &self.keys, height(ctx));
    }

    /// The value of the selected field, or all of them as JSON.
    pub(super) fn copy(&self, raw: bool) -> Option<(String, String)> {
        if raw {
            return Some((save::json_of(&self.fields), "all fields as JSON".into()));
        }
        let (name, value) = self.field()?;
        Some((String::from_utf8_lossy(value).into_owned(), name.clone()))
    }

    pub(super) fn plain(&self, out: &mut String) {
        for (name, value) in &self.fields {
            let shown = value.get(..SHOWN).unwrap_or(value);
            let _ = writeln!(out, "{}: {}", text::clean(name), text::clean_bytes(shown));
        }
    }

    pub(super) fn draw(&self, painter: &mut Painter, area: Rect, ctx: &Ctx) {
        if area.is_empty() {
            return;
        }
        let mut head = String::from(" ");
        TimeFormat::Iso.write(
            &mut head,
            self.entry.realtime,
            ctx.now,
            &ctx.preferences.zone,
        );
        let _ = write!(head, " {} ", text::clean(self.entry.host.as_str()));
        let style = painter.theme.style(Role::Title);
        let used = painter.cut(area.x, area.y, area.width, &head, style);
        let (note, role) = match (&self.why, self.whole) {
            (Some(why), _) => (format!("not all fields: {why}"), Role::Warning),
            (None, false) => ("asking the host for the rest".to_owned(), Role::Busy),
            (None, true) => (format!("{} fields", self.fields.len()), Role::Muted),
        };
        let style = painter.theme.style(role);
        painter.cut(
            area.x + used,
            area.y,
            area.width - used,
            &text::clean(&note),
            style,
        );
        let label = self.label();
        let names = painter.theme.style(Role::Accent);
        let mut last = None;
        let lines = self.lines.iter().enumerate().skip(self.list.top());
        for ((at, (field, line)), y) in lines.zip(area.top() + 1..area.bottom()) {
            let row = Rect::new(area.x, y, area.width, 1);
            let mut style = Style::new();
            if self.list.at() == at {
                style = painter.theme.style(Role::Selected);
                painter.style(row, style);
                let cursor = painter.theme.glyphs().cursor;
                painter.text(area.x, y, 1, cursor, style);
            }
            if last != Some(*field)
                && let Some((name, _)) = self.fields.get(*field)
            {
                let style = names.patch(style);
                painter.cut(area.x + 1, y, label, &text::clean(name), style);
            }
            last = Some(*field);
            let x = area.x + label + 3;
            painter.text(x, y, area.right().saturating_sub(x), line, style);
            painter.hit(row, Hit::Row(at));
        }
        crate::tui::widgets::table::scroll_bar(painter, area, self.list.top(), self.lines.len());
    }
}

/// Opens an entry.
pub(super) fn open(state: &mut State, entry: Entry, ctx: &Ctx) -> Vec<Next> {
    // What is read must not move away meanwhile.
    act::stay(state, ctx);
    let (request, next) = super::ask_fields(&entry, ctx);
    state.detail = Some(Detail::new(entry, request, ctx));
    vec![next, Next::Dirty]
}

fn height(ctx: &Ctx) -> usize {
    usize::from(ctx.area.height.saturating_sub(1))
}

pub(super) fn reply(
    state: &mut State,
    id: RequestId,
    reply: Result<Reply, Problem>,
    ctx: &Ctx,
) -> Vec<Next> {
    let Some(detail) = state.detail.as_mut().filter(|d| d.request == id) else {
        return Vec::new();
    };
    match reply {
        Ok(Reply::Fields(fields)) => {
            detail.whole = true;
            detail.fields = fields;
            // The message first, what the journal itself adds last.
            detail.fields.sort_by_key(|(name, _)| match name.as_str() {
                "MESSAGE" => 0,
                "PRIORITY" | "SYSLOG_IDENTIFIER" | "_SYSTEMD_UNIT" | "UNIT" => 1,
                name if name.starts_with("__") => 4,
                name if name.starts_with('_') => 3,
                _ => 2,
            });
            detail.lay_out(ctx);
        }
        Ok(_) => return Vec::new(),
        Err(problem) => detail.why = Some(problem),
    }
    vec![Next::Dirty]
}

pub(super) fn wheel(state: &mut State, lines: i32, ctx: &Ctx) -> Vec<Next> {
    if let Some(detail) = &mut state.detail {
        let by = isize::try_from(lines).unwrap_or(0);
        detail.list.step(by, &detail.keys, height(ctx));
    }
    vec![Next::Dirty]
}

/// Draws for another width.
pub(super) fn resized(state: &mut State, ctx: &Ctx) {
    if let Some(detail) = &mut state.detail {
        if detail.width != ctx.area.width {
            detail.lay_out(ctx);
        }
        detail.list.settle(&detail.keys, height(ctx));
    }
}

pub(super) fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let Some(detail) = &mut state.detail else {
        return Vec::new();
    };
    match id {
        "back" => {
            state.detail = None;
            vec![Next::Taken, Next::Dirty]
        }
        "entry.pretty" => {
            detail.raw = !detail.raw;
            detail.lay_out(ctx);
            vec![Next::Dirty]
        }
        "open" | "entry.filter-in" | "entry.filter-out" => {
            let Some((name, value)) = detail.field().cloned() else {
                return Vec::new();
            };
            narrow(state, &name, &value, id == "entry.filter-out", ctx)
        }
        id if detail.list.act(id, &detail.keys, height(ctx)) => vec![Next::Dirty],
        _ => Vec::new(),
    }
}

/// Only entries with this value from now on, or only those without it.
fn narrow(state: &mut State, name: &str, value: &[u8], not: bool, ctx: &Ctx) -> Vec<Next> {
    let Ok(value) = std::str::from_utf8(value) else {
        let why = format!("the value of {name} is not text: it cannot be filtered by");
        return vec![Next::Say(Level::Warning, why)];
    };
    // What systemd says about a unit is listed under that unit, though another one wrote it: the
    // host can tell them apart, the list cannot.
    let entry = state.detail.as_ref().map(Detail::entry);
    let listed = match name {
        "_SYSTEMD_UNIT" | "UNIT" => entry.is_some_and(|e| e.unit.as_deref() == Some(value)),
        "SYSLOG_IDENTIFIER" | "_COMM" => {
            entry.is_some_and(|e| e.identifier.as_deref() == Some(value))
        }
        "_PID" | "SYSLOG_PID" => {
            entry.is_some_and(|e| e.pid.map(|pid| pid.to_string()).as_deref() == Some(value))
        }
        _ => true,
    };
    if let Some(term) = lines::term(name, value).filter(|_| listed) {
        state.detail = None;
        return clauses::add(state, &term, not, ctx);
    }
    if not {
        let why = format!("the host cannot leave out entries by {}", text::clean(name));
        return vec![Next::Say(Level::Warning, why)];
    }
    if name.starts_with("__") || value.len() > 4_096 {
        let why = format!("{} cannot be filtered by", text::clean(name));
        return vec![Next::Say(Level::Warning, why)];
    }
    let wanted = format!("{name}={value}");
    if !state.query.matches.contains(&wanted) {
        state.query.matches.push(wanted);
    }
    restart(state, ctx)
}
