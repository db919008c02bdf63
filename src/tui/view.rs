//! Drawing. Takes the model and never changes it; formats only what is on the screen.

mod footer;
mod header;
pub(crate) mod hosts;
mod overlay;
mod painter;
mod stop;

pub use painter::Painter;
pub(crate) use painter::columns;

use super::{
    model::Model,
    msg::Hit,
    panes::{Caches, Ctx, ScreenId},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

/// What views remember between frames, and where things are that can be clicked.
#[derive(Debug, Default)]
pub struct ViewCache {
    /// For each kind of pane.
    pub panes: Caches,
    /// What was drawn where in the last frame, the topmost last.
    pub hits: Vec<(Rect, Hit)>,
}

impl ViewCache {
    /// What is at this place.
    pub fn hit(&self, column: u16, row: u16) -> Option<Hit> {
        self.hits
            .iter()
            .rev()
            .find(|(area, _)| area.contains((column, row).into()))
            .map(|(_, hit)| *hit)
    }
}

/// Draws everything on a buffer that is empty, in the theme's ground; says where the cursor is
/// shown.
pub fn view(model: &Model, cache: &mut ViewCache, buffer: &mut Buffer) -> Option<Position> {
    let ViewCache { panes, hits } = cache;
    hits.clear();
    let layout = super::layout::Layout::of((buffer.area.width, buffer.area.height));
    let whole = buffer.area;
    let mut painter = Painter::new(buffer, hits, &model.preferences.theme);
    header::draw(model, &layout, &mut painter);
    if layout.tiny {
        let rest = Rect::new(0, 1, whole.width, whole.height.saturating_sub(1));
        header::reasons(model, rest, &mut painter);
    } else {
        header::tabs(model, layout.tabs, &mut painter);
        if let (Some(id), Some(screen)) = (model.history.here(), model.screen())
            && let Some(ctx) = ctx(model, id)
        {
            screen.pane.view(panes, &ctx, layout.body, &mut painter);
        }
        footer::draw(model, layout.footer, &mut painter);
    }
    overlay::draw(model, &layout, &mut painter);
    let cursor = painter.cursor;
    if model.preferences.theme.is_ascii() {
        stand_in(buffer);
    }
    cursor
}

/// Stand-ins for control characters are drawn in ASCII too where all else is.
fn stand_in(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        match cell.symbol().chars().next() {
            // Pictures of control characters, as `^[` would be written in one column.
            Some('\u{2400}'..='\u{2426}') => cell.set_char('^'),
            Some('\u{fffd}') => cell.set_char('?'),
            _ => continue,
        };
    }
}

/// What lies over the screen as lines of text, without frames; empty when nothing does.
pub fn overlay_text(model: &Model) -> String {
    let area = Rect::new(0, 0, 120, 60);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    let mut hits = Vec::new();
    let theme = super::theme::Theme::new(
        &super::theme::Definition::default(),
        super::theme::Depth::None,
        &super::theme::PLAIN,
    );
    let layout = super::layout::Layout::of((area.width, area.height));
    let mut painter = Painter::new(&mut buffer, &mut hits, &theme);
    overlay::asking(model, &layout, &mut painter);
    let mut out = String::new();
    for y in area.top()..area.bottom() {
        let mut line = String::new();
        let mut x = area.left();
        while x < area.right() {
            let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
            line.push_str(symbol);
            // The cell behind a wide character is not its own.
            x += u16::try_from(columns(symbol)).unwrap_or(1).max(1);
        }
        let line = line.trim();
        if !line.is_empty() {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// What the pane of this screen can see.
pub fn ctx(model: &Model, id: ScreenId) -> Option<Ctx<'_>> {
    let screen = model.screens.get(&id)?;
    Some(Ctx {
        now: model.now,
        world: model.worlds.get(&screen.env)?,
        preferences: &model.preferences,
        jobs: &model.jobs,
        messages: &model.messages,
        incident: model.incident.as_ref(),
        area: super::panes::area(model.size),
        visible: model.history.here() == Some(id),
        ids: &model.ids,
        screen: id,
    })
}
