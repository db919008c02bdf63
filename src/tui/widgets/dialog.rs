//! A box over the screen: heading, text, a line to type in, buttons. What it asks and what the
//! answers mean is decided by whoever opens it.

use super::{secret::SecretInput, text};
use crate::tui::{
    layout::{MIN_COLUMNS, MIN_ROWS},
    msg::Hit,
    theme::Role,
    view::{Painter, columns},
};
use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};
use tui_input::Input;

/// The line to type in.
#[derive(Debug)]
pub enum Field<'a> {
    /// Shown while it is typed.
    Plain(&'a str, &'a Input),
    /// Never shown.
    Hidden(&'a str, &'a SecretInput),
}

/// What is drawn.
#[derive(Debug)]
pub struct Dialog<'a> {
    /// Heading.
    pub title: &'a str,
    /// The heading's colour: how serious it is.
    pub role: Role,
    /// Lines of text and their colours; wrapped.
    pub lines: &'a [(Role, String)],
    /// First visible line of the text.
    pub scroll: usize,
    /// A line to type in.
    pub field: Option<Field<'a>>,
    /// Buttons and whether they can be pressed.
    pub buttons: &'a [(&'a str, bool)],
    /// The button with the focus.
    pub focus: usize,
}

impl Dialog<'_> {
    /// Draws it in the middle of an area, as large as its text needs; returns how many lines of
    /// text are out of sight, for scrolling.
    pub fn draw(&self, painter: &mut Painter, area: Rect) -> usize {
        let area = area.intersection(painter.buffer.area);
        if area.width < 4 || area.height < 3 {
            return 0;
        }
        let widest = self.lines.iter().map(|(_, line)| columns(line)).max();
        let buttons: usize = self.buttons.iter().map(|(b, _)| columns(b) + 7).sum();
        let wanted = widest
            .unwrap_or(0)
            .max(columns(self.title) + 4)
            .max(buttons);
        let width = u16::try_from(wanted + 4)
            .unwrap_or(u16::MAX)
            .clamp(30, 100)
            .min(area.width);
        let inner = width.saturating_sub(4).max(1);
        let mut rows: Vec<(Role, &str)> = Vec::new();
        for (role, line) in self.lines {
            text::wrap(line, inner, |range| {
                rows.push((*role, line.get(range).unwrap_or("")));
                rows.len() < 1_000
            });
        }
        let below = u16::from(self.field.is_some()) * 2 + u16::from(!self.buttons.is_empty()) * 2;
        let text_height = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        let height = text_height.saturating_add(below + 2).min(area.height);
        let frame = Rect::new(
            area.x + (area.width - width) / 2,
            area.y + (area.height - height) / 2,
            width,
            height,
        );
        painter.clear(frame);
        border(painter, frame, self.title, self.role);
        let inside = Rect::new(frame.x + 2, frame.y + 1, inner, frame.height - 2);
        let seen = inside.height.saturating_sub(below);
        let hidden = rows.len().saturating_sub(usize::from(seen));
        let top = self.scroll.min(hidden);
        for ((role, line), y) in rows.iter().skip(top).zip(inside.y..inside.y + seen) {
            let style = painter.theme.style(*role);
            painter.text(inside.x, y, inside.width, line, style);
        }
        if hidden > top && seen > 0 {
            let style = painter.theme.style(Role::Muted);
            painter.text(
                frame.right() - 1,
                inside.y + seen - 1,
                1,
                painter.theme.glyphs().descending,
                style,
            );
        }
        let mut y = inside.y + seen;
        if let Some(field) = &self.field {
            y += 1;
            if y < inside.bottom() {
                draw_field(painter, field, Rect::new(inside.x, y, inside.width, 1));
            }
            y += 1;
        }
        self.draw_buttons(
            painter,
            Rect::new(inside.x, y + 1, inside.width, 1),
            inside.bottom(),
        );
        hidden
    }

    /// Draws it where there is no room for it to be answered: what it is about, and how to decline,
    /// which the first button does.
    pub fn small(&self, painter: &mut Painter, area: Rect) {
        let area = area.intersection(painter.buffer.area);
        if area.is_empty() {
            return;
        }
        painter.clear(area);
        let decline = self.buttons.first().map_or("Esc", |(label, _)| *label);
        let answer = format!("{decline}. Enlarge to {MIN_COLUMNS}x{MIN_ROWS} to answer.");
        let below = rows(&answer, area.width, area.height / 2);
        let bottom = area.bottom() - below;
        let title = painter.theme.style(self.role).add_modifier(Modifier::BOLD);
        let mut y = area.y;
        let lines = self
            .lines
            .iter()
            .map(|(role, line)| (Some(*role), line.trim()));
        for (role, line) in std::iter::once((None, self.title)).chain(lines) {
            let style = role.map_or(title, |role| painter.theme.style(role));
            let room = Rect::new(area.x, y, area.width, bottom.saturating_sub(y));
            y += wrapped(painter, room, line, style);
        }
        let room = Rect::new(area.x, area.bottom() - below, area.width, below);
        let key = painter.theme.style(Role::Key);
        wrapped(painter, room, &answer, key);
    }

    fn draw_buttons(&self, painter: &mut Painter, area: Rect, bottom: u16) {
        if area.y >= bottom {
            return;
        }
        let mut x = area.x;
        for (at, (label, enabled)) in self.buttons.iter().enumerate() {
            let focused = at == self.focus;
            let role = match (focused, enabled) {
                (true, _) => Role::Selected,
                (_, false) => Role::Muted,
                _ => Role::Text,
            };
            let mut style = painter.theme.style(role);
            if focused {
                style = style.add_modifier(Modifier::BOLD);
            }
            let start = x;
            // The focus is a shape too: `> label <`.
            let (open, close) = if focused {
                ("[> ", " <]")
            } else {
                ("[  ", "  ]")
            };
            for part in [open, label, close] {
                x += painter.text(x, area.y, area.right().saturating_sub(x), part, style);
            }
            painter.hit(Rect::new(start, area.y, x - start, 1), Hit::Button(at));
            x = x.saturating_add(1);
        }
    }
}

/// How many rows a text takes, at most.
fn rows(line: &str, width: u16, most: u16) -> u16 {
    let mut count = 0;
    text::wrap(line, width, |_| {
        count += 1;
        count < most
    });
    count.min(most)
}

/// Draws a text over as many rows as it takes and there are; returns how many.
fn wrapped(painter: &mut Painter, area: Rect, line: &str, style: Style) -> u16 {
    let mut used = 0;
    text::wrap(line, area.width, |range| {
        if used >= area.height {
            return false;
        }
        let part = line.get(range).unwrap_or("");
        painter.text(area.x, area.y + used, area.width, part, style);
        used += 1;
        true
    });
    used
}

fn draw_field(painter: &mut Painter, field: &Field, area: Rect) {
    let (label, input) = match field {
        Field::Plain(label, input) => (label, Some(input)),
        Field::Hidden(label, _) => (label, None),
    };
    let style = painter.theme.style(Role::Key);
    let label_room = area.width.saturating_sub(8);
    let used = painter.cut(area.x, area.y, label_room, label, style) + 1;
    let rest = Rect::new(area.x + used, area.y, area.width.saturating_sub(used), 1);
    if rest.is_empty() {
        return;
    }
    if let Field::Hidden(_, secret) = field {
        secret.draw(painter, rest);
    }
    if let Some(input) = input {
        let skip = (input.visual_cursor() + 1).saturating_sub(usize::from(rest.width));
        let window = text::window(input.value(), skip, rest.width);
        let shown = input.value().get(window.range).unwrap_or("");
        let style = painter.theme.style(Role::Text);
        painter.text(rest.x + window.pad, rest.y, rest.width, shown, style);
        let x = rest.x + u16::try_from(input.visual_cursor() - skip).unwrap_or(0);
        painter.cursor = Some((x.min(rest.right() - 1), rest.y).into());
    }
}

/// Draws a frame around an area, with a heading in it.
pub fn border(painter: &mut Painter, area: Rect, title: &str, role: Role) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let set = painter.theme.glyphs().border;
    // A stop is red all around.
    let style = painter.theme.style(match role {
        Role::Bad => Role::Bad,
        _ => Role::Border,
    });
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for x in area.x + 1..right {
        painter.text(x, area.y, 1, set.horizontal_top, style);
        painter.text(x, bottom, 1, set.horizontal_bottom, style);
    }
    for y in area.y + 1..bottom {
        painter.text(area.x, y, 1, set.vertical_left, style);
        painter.text(right, y, 1, set.vertical_right, style);
    }
    for (x, y, corner) in [
        (area.x, area.y, set.top_left),
        (right, area.y, set.top_right),
        (area.x, bottom, set.bottom_left),
        (right, bottom, set.bottom_right),
    ] {
        painter.text(x, y, 1, corner, style);
    }
    if !title.is_empty() && area.width > 6 {
        let heading = painter.theme.style(role).add_modifier(Modifier::BOLD);
        painter.text(area.x + 1, area.y, 1, " ", style);
        let used = painter.cut(area.x + 2, area.y, area.width - 5, title, heading);
        painter.text(area.x + 2 + used, area.y, 1, " ", style);
    }
}
