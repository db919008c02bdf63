//! Rows of a journal: time, host, priority, identifier, message; gaps; wrapped or scrolled
//! sideways. Formats only what is drawn of a message, however long it is.

mod message;
#[cfg(test)]
mod tests;
mod time;

use super::text as columns;
use crate::{
    filter::Filter,
    logs::{Entry, Gap},
    text::{self, Pictures},
    tui::{render::measure, theme::Role, view::Painter},
};
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{layout::Rect, style::Style};
use std::{borrow::Cow, fmt::Write};

pub use time::TimeFormat;

/// Lines that one wrapped entry may take on the screen; the rest is for the entry's own screen.
const MAX_LINES: u16 = 50;

/// One row.
#[derive(Debug, Clone, Copy)]
pub enum LogRow<'a> {
    /// A journal entry.
    Entry(&'a Entry),
    /// An entry that stands for others as well, and what is said of them.
    Fold(&'a Entry, &'a str),
    /// A hole that could not be closed.
    Gap(&'a Gap),
}

impl<'a> LogRow<'a> {
    /// The entry and what stands before its message.
    fn entry(self) -> Option<(&'a Entry, &'a str)> {
        match self {
            LogRow::Entry(entry) => Some((entry, "")),
            LogRow::Fold(entry, note) => Some((entry, note)),
            LogRow::Gap(_) => None,
        }
    }
}

/// How rows are drawn.
#[derive(Debug)]
pub struct LogStyle<'a> {
    /// Times.
    pub time: TimeFormat,
    /// Whether times are shown at all.
    pub times: bool,
    /// The zone of times.
    pub zone: &'a TimeZone,
    /// What time it is, for relative ones.
    pub now: Timestamp,
    /// Columns for the host's name; 0 leaves it out.
    pub host: u16,
    /// Wrap long messages.
    pub wrap: bool,
    /// Columns of the message scrolled to the left, when not wrapped.
    pub left: usize,
    /// What is highlighted, and as what; later ones lie over earlier ones.
    pub found: &'a [(&'a Filter, Role)],
}

/// How a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Emphasis {
    /// Under the cursor.
    pub selected: bool,
    /// The hit that a search stands on.
    pub focus: bool,
    /// Only there for context.
    pub context: bool,
    /// It has a mark.
    pub mark: bool,
    /// Drawn like this, because of what it tells.
    pub role: Option<Role>,
}

impl LogStyle<'_> {
    /// Columns before the identifier.
    fn gutter(&self, width: u16) -> u16 {
        let time = if self.times && width >= 40 {
            self.time.fitted(width).width() + 1
        } else {
            0
        };
        let host = if self.host > 0 && width >= 60 {
            self.host + 1
        } else {
            0
        };
        (1 + time + host + 2).min(width / 5 * 3)
    }

    /// How many lines a row takes at this width.
    pub fn height(&self, row: LogRow, width: u16) -> u16 {
        let Some((entry, note)) = row.entry() else {
            return 1;
        };
        if !self.wrap {
            return 1;
        }
        let room = width.saturating_sub(self.gutter(width)).max(1);
        let head = head(entry, note, Pictures::Unicode);
        // Most need no closer look.
        if head.len() + entry.message.len() <= usize::from(room)
            && measure::is_plain_bytes(&entry.message)
        {
            return 1;
        }
        let shown = self.message(entry, room, Pictures::Unicode);
        let mut lines = 0u16;
        for (n, line) in shown.split('\n').enumerate() {
            let left = usize::from(MAX_LINES.saturating_sub(lines));
            let height = if n == 0 {
                columns::wrapped_height(&format!("{head}{line}"), room, left)
            } else {
                columns::wrapped_height(line, room, left)
            };
            lines = lines.saturating_add(u16::try_from(height).unwrap_or(MAX_LINES));
            if lines >= MAX_LINES {
                return MAX_LINES;
            }
        }
        lines.max(1)
    }

    /// The part of a message that can be seen, clean; with wrapping, its lines are kept apart.
    fn message<'e>(&self, entry: &'e Entry, room: u16, pictures: Pictures) -> Cow<'e, str> {
        let room = usize::from(room);
        let most = if self.wrap {
            room * usize::from(MAX_LINES)
        } else {
            self.left + room + 1
        };
        message::clean(&entry.message, self.wrap, most, pictures)
    }

    /// Draws a row into an area as high as it is, less the first `skip` lines.
    pub fn draw(&self, painter: &mut Painter, area: Rect, row: LogRow, skip: u16, how: Emphasis) {
        let area = area.intersection(painter.buffer.area);
        if area.is_empty() {
            return;
        }
        if how.selected {
            let style = painter.theme.style(Role::Selected);
            painter.style(area, style);
            let glyph = painter.theme.glyphs().cursor;
            painter.text(area.x, area.y, 1, glyph, style);
        }
        if how.mark && skip == 0 {
            let style = painter.theme.style(Role::Marked);
            let glyph = painter.theme.glyphs().mark;
            painter.text(area.x, area.y, 1, glyph, style);
        }
        match row {
            LogRow::Entry(entry) => self.entry(painter, area, (entry, ""), skip, how),
            LogRow::Fold(entry, note) => self.entry(painter, area, (entry, note), skip, how),
            LogRow::Gap(gap) => self.gap(painter, area, gap),
        }
    }

    fn entry(
        &self,
        painter: &mut Painter,
        area: Rect,
        (entry, note): (&Entry, &str),
        skip: u16,
        how: Emphasis,
    ) {
        let gutter = self.gutter(area.width);
        let (letter, mut style) = painter.theme.priority(entry.priority);
        let mut muted = painter.theme.style(Role::Muted);
        let mut accent = painter.theme.style(Role::Accent);
        if how.context {
            style = muted;
            accent = muted;
        } else if let Some(role) = how.role {
            style = painter.theme.style(role);
        }
        if how.selected {
            // On the cursor's ground only the letter keeps its colour, so that all can be read.
            let selected = painter.theme.style(Role::Selected);
            (muted, accent) = (selected, selected);
        }
        if skip == 0 {
            self.gutter_text(painter, area, gutter, entry, muted);
            let mut buffer = [0u8; 4];
            let letter = letter.encode_utf8(&mut buffer);
            let x = area.x + gutter.saturating_sub(2);
            painter.text(x, area.y, 1.min(gutter), letter, style);
        }
        let mut body = style;
        if how.selected {
            body = painter.theme.style(Role::Selected);
        }
        let inner = Rect::new(area.x + gutter, area.y, area.width - gutter, area.height);
        let pictures = painter.theme.glyphs().pictures;
        let head = head(entry, note, pictures);
        let message = self.message(entry, inner.width, pictures);
        if self.wrap {
            self.wrapped(painter, inner, (&head, &message), skip, (accent, body), how);
        } else {
            let used = painter.text(inner.x, inner.y, inner.width, &head, accent);
            let rest = Rect::new(inner.x + used, inner.y, inner.width - used, 1);
            self.one_line(painter, rest, &message, body, how);
        }
        if let Some(whole) = entry.cut_from
            && area.height == 1
            && area.width > 40
        {
            let note = format!(" {whole} bytes ");
            let width = u16::try_from(note.len()).unwrap_or(0);
            let style = painter.theme.style(Role::Warning);
            painter.text(area.right() - width, area.y, width, &note, style);
        }
    }

    fn gutter_text(
        &self,
        painter: &mut Painter,
        area: Rect,
        gutter: u16,
        entry: &Entry,
        style: Style,
    ) {
        let room = gutter.saturating_sub(3);
        let mut out = String::with_capacity(usize::from(gutter) + 8);
        if self.times && area.width >= 40 {
            let format = self.time.fitted(area.width);
            let mut time = String::with_capacity(32);
            format.write(&mut time, entry.realtime, self.now, self.zone);
            let right = format == TimeFormat::Relative;
            columns::pad(&mut out, &time, format.width(), right);
            out.push(' ');
        }
        if self.host > 0 && area.width >= 60 {
            columns::pad(
                &mut out,
                &text::clean_as(entry.host.as_str(), painter.theme.glyphs().pictures),
                self.host,
                false,
            );
        }
        // A name that is cut still ends before the letter.
        painter.text(area.x + 1, area.y, room.saturating_sub(1), &out, style);
    }

    /// The highlighted parts of a text, sorted and apart.
    fn marks(
        &self,
        painter: &Painter,
        shown: &str,
        how: Emphasis,
    ) -> Vec<(std::ops::Range<usize>, Style)> {
        let mut marks: Vec<(std::ops::Range<usize>, Style)> = Vec::new();
        for (filter, role) in self.found.iter().rev() {
            let role = if how.focus && *role == Role::Found {
                Role::Focus
            } else {
                *role
            };
            let style = painter.theme.style(role);
            for range in filter.highlights(shown) {
                let free = marks
                    .iter()
                    .all(|(m, _)| range.end <= m.start || range.start >= m.end);
                if free {
                    marks.push((range, style));
                }
            }
        }
        marks.sort_by_key(|(range, _)| range.start);
        marks
    }

    fn one_line(
        &self,
        painter: &mut Painter,
        area: Rect,
        message: &str,
        style: Style,
        how: Emphasis,
    ) {
        if area.is_empty() {
            return;
        }
        let mut window = columns::window(message, self.left, area.width);
        let more = window.more;
        if more {
            window = columns::window(message, self.left, area.width - 1);
        }
        let marks = self.marks(painter, message, how);
        let x = area.x + window.pad;
        columns::draw(painter, (x, area.y), message, window.range, style, &marks);
        if more {
            let muted = painter.theme.style(Role::Muted);
            let glyph = painter.theme.glyphs().more_right;
            painter.text(area.right() - 1, area.y, 1, glyph, muted);
        }
    }

    fn wrapped(
        &self,
        painter: &mut Painter,
        area: Rect,
        (head, message): (&str, &str),
        skip: u16,
        (accent, style): (Style, Style),
        how: Emphasis,
    ) {
        let mut at = 0u16;
        for (n, line) in message.split('\n').enumerate() {
            let whole: Cow<str> = if n == 0 {
                Cow::Owned(format!("{head}{line}"))
            } else {
                Cow::Borrowed(line)
            };
            let own = if n == 0 { head.len() } else { 0 };
            let mut marks = self.marks(painter, &whole, how);
            marks.retain(|(range, _)| range.start >= own);
            if own > 0 {
                marks.insert(0, (0..own, accent));
            }
            columns::wrap(&whole, area.width, |range| {
                if at >= skip
                    && let Some(y) = area.y.checked_add(at - skip)
                    && y < area.bottom()
                {
                    columns::draw(painter, (area.x, y), &whole, range, style, &marks);
                }
                at = at.saturating_add(1);
                at < MAX_LINES && at - skip.min(at) < area.height
            });
            if at >= MAX_LINES {
                return;
            }
        }
    }

    fn gap(&self, painter: &mut Painter, area: Rect, gap: &Gap) {
        let style = painter.theme.style(Role::Warning);
        let glyph = painter.theme.glyphs().gap;
        let mut note = format!(
            " {}: ",
            text::clean_as(gap.host.as_str(), painter.theme.glyphs().pictures)
        );
        let format = match self.time.fitted(area.width) {
            TimeFormat::Relative => TimeFormat::Short,
            format => format,
        };
        if gap.from == 0 {
            note.push_str("all before ");
        } else {
            format.write(&mut note, gap.from, self.now, self.zone);
            note.push_str(" to ");
        }
        format.write(&mut note, gap.to, self.now, self.zone);
        let _ = write!(
            note,
            " is missing: {} ",
            text::clean_as(&gap.why, painter.theme.glyphs().pictures)
        );
        let width = u16::try_from(crate::tui::view::columns(&note)).unwrap_or(u16::MAX);
        let lead = 3.min(area.width);
        for x in 1..lead {
            painter.text(area.x + x, area.y, 1, glyph, style);
        }
        let used = lead + painter.cut(area.x + lead, area.y, area.width - lead, &note, style);
        if width < area.width {
            for x in used..area.width {
                painter.text(area.x + x, area.y, 1, glyph, style);
            }
        }
    }
}

/// What stands before a message: who says it, and the note.
fn head(entry: &Entry, note: &str, pictures: Pictures) -> String {
    let mut out = identifier(entry, pictures);
    if !note.is_empty() {
        out.push_str(note);
        out.push(' ');
    }
    out
}

/// `nginx[123]: `, clean.
fn identifier(entry: &Entry, pictures: Pictures) -> String {
    let name = entry
        .identifier
        .as_deref()
        .or(entry.unit.as_deref())
        .unwrap_or("");
    let mut out = String::with_capacity(name.len() + 12);
    out.push_str(&text::clean_as(name, pictures));
    if let Some(pid) = entry.pid {
        let _ = write!(out, "[{pid}]");
    }
    if !out.is_empty() {
        out.push_str(": ");
    }
    out
}
