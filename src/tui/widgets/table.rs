//! A table: columns that give way on narrow screens, one line a row, only visible rows formatted.

use super::{list::ListState, text};
use crate::tui::{msg::Hit, theme::Role, view::Painter};
use ratatui::{layout::Rect, style::Style};
use std::ops::Range;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Fewer columns than this and it is left out.
    pub min: u16,
    /// More columns than this it does not need; `u16::MAX` takes all that is left.
    pub ideal: u16,
    /// Left out first when the screen is narrow: the column with the highest rank. 0 is never
    /// left out.
    pub rank: u8,
    /// Numbers are aligned to the right.
    pub right: bool,
}

impl Column {
    /// A column.
    pub const fn new(title: &'static str, min: u16, ideal: u16, rank: u8, right: bool) -> Column {
        Column {
            title,
            min,
            ideal,
            rank,
            right,
        }
    }
}

/// A cell's text and style, reused from cell to cell: append to `text`.
#[derive(Debug, Default)]
pub struct CellText {
    /// Clean text.
    pub text: String,
    /// Laid over the row's style.
    pub style: Style,
    /// Bytes of the text that a filter found.
    pub found: Vec<Range<usize>>,
}

impl CellText {
    fn clear(&mut self) {
        self.text.clear();
        self.style = Style::new();
        self.found.clear();
    }
}

/// Columns between columns.
const GAP: u16 = 1;
/// Columns before the first, for cursor and marks.
const MARGIN: u16 = 1;

/// The width of each column in an area of this width; 0 where it is left out.
pub fn widths(columns: &[Column], width: u16) -> Vec<u16> {
    let room = width.saturating_sub(MARGIN);
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let need = |shown: &[bool]| -> u32 {
        columns
            .iter()
            .zip(shown)
            .filter(|(_, shown)| **shown)
            .map(|(column, _)| u32::from(column.min) + u32::from(GAP))
            .sum::<u32>()
            .saturating_sub(u32::from(GAP))
    };
    while need(&shown) > u32::from(room) {
        let worst = columns
            .iter()
            .zip(&shown)
            .enumerate()
            .filter(|(_, (column, shown))| **shown && column.rank > 0)
            .max_by_key(|(at, (column, _))| (column.rank, *at))
            .map(|(at, _)| at);
        match worst.and_then(|at| shown.get_mut(at)) {
            Some(shown) => *shown = false,
            None => break,
        }
    }
    let mut spare = u32::from(room).saturating_sub(need(&shown));
    let mut room_left = room;
    let mut widths: Vec<u16> = columns
        .iter()
        .zip(&shown)
        .map(|(column, shown)| {
            let width = if *shown { column.min.min(room_left) } else { 0 };
            if width > 0 {
                room_left = room_left.saturating_sub(width + GAP);
            }
            width
        })
        .collect();
    // The most important grow first; those without a limit share what is left.
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|at| {
        columns
            .get(*at)
            .map_or((true, 0), |c| (c.ideal == u16::MAX, c.rank))
    });
    for at in order {
        if let (Some(column), Some(width)) = (columns.get(at), widths.get_mut(at))
            && *width > 0
        {
            let grow = spare.min(u32::from(column.ideal.saturating_sub(*width)));
            *width = width.saturating_add(u16::try_from(grow).unwrap_or(0));
            spare -= grow;
        }
    }
    widths
}

/// How many rows fit below the head.
pub fn height(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// Draws the head and the visible rows. `cell` is asked for each visible cell of `keys`, by row
/// and column.
pub fn draw<K: Ord + Clone>(
    painter: &mut Painter,
    area: Rect,
    columns: &[Column],
    keys: &[K],
    list: &ListState<K>,
    cell: impl FnMut(usize, usize, &mut CellText),
) {
    let area = area.intersection(painter.buffer.area);
    if area.is_empty() {
        return;
    }
    let places = places(&all_widths(columns, area, list), area, list.left());
    head(painter, area, columns, &places, list.sort);
    rows(
        painter,
        (area, area.top() + 1),
        columns,
        &places,
        (keys, list),
        cell,
    );
    scroll_bar(painter, area, list.top(), keys.len());
}

/// [`draw`] without a head.
pub fn draw_rows<K: Ord + Clone>(
    painter: &mut Painter,
    area: Rect,
    columns: &[Column],
    keys: &[K],
    list: &ListState<K>,
    cell: impl FnMut(usize, usize, &mut CellText),
) {
    let area = area.intersection(painter.buffer.area);
    if area.is_empty() {
        return;
    }
    let places = places(&all_widths(columns, area, list), area, list.left());
    rows(
        painter,
        (area, area.top()),
        columns,
        &places,
        (keys, list),
        cell,
    );
}

/// The width of each column; scrolled sideways every column is there, as wide as it likes to be.
fn all_widths<K: Ord + Clone>(columns: &[Column], area: Rect, list: &ListState<K>) -> Vec<u16> {
    if list.left() == 0 {
        return widths(columns, area.width);
    }
    let likes = |c: &Column| if c.ideal == u16::MAX { 200 } else { c.ideal };
    columns.iter().map(likes).collect()
}

/// Draws the visible rows from a line of the area on.
fn rows<K: Ord + Clone>(
    painter: &mut Painter,
    (area, first): (Rect, u16),
    columns: &[Column],
    places: &[Option<Place>],
    (keys, list): (&[K], &ListState<K>),
    mut cell: impl FnMut(usize, usize, &mut CellText),
) {
    let mut buffer = CellText::default();
    let rows = list.top()..keys.len();
    for (row, y) in rows.zip(first..area.bottom()) {
        let Some(key) = keys.get(row) else { break };
        let selected = list.selected() == Some(key);
        let marked = list.marks().contains(key);
        let line = Rect::new(area.x, y, area.width, 1);
        let mut style = Style::new();
        if marked {
            style = style.patch(painter.theme.style(Role::Marked));
        }
        if selected {
            style = style.patch(painter.theme.style(Role::Selected));
        }
        painter.style(line, style);
        let glyphs = painter.theme.glyphs();
        let margin = match (marked, selected) {
            (true, _) => glyphs.mark,
            (_, true) => glyphs.cursor,
            _ => " ",
        };
        painter.text(area.x, y, MARGIN, margin, style);
        for (at, place) in places.iter().enumerate() {
            let Some(place) = place else { continue };
            buffer.clear();
            cell(row, at, &mut buffer);
            let right = columns.get(at).is_some_and(|c| c.right);
            // The cursor's ground and the mark's weight stay under the cell's own colour.
            let style = style.patch(buffer.style);
            draw_cell(painter, y, place, &buffer, style, right);
        }
        painter.hit(line, Hit::Row(row));
    }
}

/// Where a column is: its visible columns on the screen, and how many of its own are cut off at
/// the left.
#[derive(Debug)]
struct Place {
    x: u16,
    width: u16,
    skip: usize,
    whole: u16,
}

fn places(widths: &[u16], area: Rect, left: usize) -> Vec<Option<Place>> {
    let mut at = 0usize;
    let room = usize::from(area.width.saturating_sub(MARGIN));
    widths
        .iter()
        .map(|width| {
            if *width == 0 {
                return None;
            }
            let (from, to) = (at, at + usize::from(*width));
            at = to + usize::from(GAP);
            let (seen_from, seen_to) = (from.max(left), to.min(left + room));
            if seen_from >= seen_to {
                return None;
            }
            Some(Place {
                x: area.x + MARGIN + u16::try_from(seen_from - left).unwrap_or(0),
                width: u16::try_from(seen_to - seen_from).unwrap_or(0),
                skip: seen_from - from,
                whole: *width,
            })
        })
        .collect()
}

fn head(
    painter: &mut Painter,
    area: Rect,
    columns: &[Column],
    places: &[Option<Place>],
    sort: Option<(usize, bool)>,
) {
    let style = painter.theme.style(Role::Title);
    let glyphs = painter.theme.glyphs();
    for (at, (column, place)) in columns.iter().zip(places).enumerate() {
        let Some(place) = place else { continue };
        let arrow = match sort {
            Some((by, descending)) if by == at => {
                if descending {
                    glyphs.descending
                } else {
                    glyphs.ascending
                }
            }
            _ => "",
        };
        let used = if place.skip == 0 {
            let room = place.width.saturating_sub(u16::from(!arrow.is_empty()));
            let title = text::window(column.title, 0, room);
            let offset = if column.right { room - title.width } else { 0 };
            let shown = column.title.get(title.range).unwrap_or("");
            offset + painter.text(place.x + offset, area.y, room, shown, style)
        } else {
            0
        };
        painter.text(
            place.x + used,
            area.y,
            place.width.saturating_sub(used),
            arrow,
            style,
        );
        painter.hit(Rect::new(place.x, area.y, place.width, 1), Hit::Column(at));
    }
}

fn draw_cell(
    painter: &mut Painter,
    y: u16,
    place: &Place,
    cell: &CellText,
    style: Style,
    right: bool,
) {
    let window = text::window(&cell.text, place.skip, place.width);
    // Only what the column itself cuts is marked as cut, not what is scrolled out of sight.
    let cut = window.more && place.skip + usize::from(place.width) >= usize::from(place.whole);
    let window = if cut {
        text::window(&cell.text, place.skip, place.width.saturating_sub(1))
    } else {
        window
    };
    let offset = if right && place.skip == 0 && !cut {
        place.width.saturating_sub(window.width)
    } else {
        window.pad
    };
    let found = painter.theme.style(Role::Found);
    let marks: Vec<_> = cell.found.iter().map(|r| (r.clone(), found)).collect();
    let used = text::draw(
        painter,
        (place.x + offset, y),
        &cell.text,
        window.range,
        style,
        &marks,
    );
    if cut {
        let glyph = painter.theme.glyphs().more_right;
        painter.text(place.x + offset + used, y, 1, glyph, style);
    }
}

/// A mark at the right edge for where in the whole the visible rows are.
pub fn scroll_bar(painter: &mut Painter, area: Rect, top: usize, rows: usize) {
    let seen = height(area);
    if seen == 0 || rows <= seen || area.width < 2 {
        return;
    }
    let size = (seen * seen / rows).max(1);
    let at = (top * (seen - size)).div_ceil((rows - seen).max(1));
    let style = painter.theme.style(Role::Border);
    let thumb = painter.theme.glyphs().thumb;
    for y in (at..at + size).filter_map(|y| u16::try_from(y).ok()) {
        painter.text(area.right() - 1, area.y + 1 + y, 1, thumb, style);
    }
}
