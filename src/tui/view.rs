//! Drawing. Takes the model and never changes it; formats only what is on the screen.

mod footer;
mod header;
pub(crate) mod hosts;
mod overlay;
mod painter;

pub use painter::Painter;
pub(crate) use painter::columns;

use super::{
    model::Model,
    msg::Hit,
    panes::{Caches, Ctx, ScreenId},
};
use ratatui::{Frame, layout::Rect};

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

/// Draws everything.
pub fn view(model: &Model, cache: &mut ViewCache, frame: &mut Frame) {
    let ViewCache { panes, hits } = cache;
    hits.clear();
    let cursor = {
        let buffer = frame.buffer_mut();
        let layout = super::layout::Layout::of((buffer.area.width, buffer.area.height));
        buffer.set_style(buffer.area, model.preferences.theme.base());
        let mut painter = Painter::new(buffer, hits, &model.preferences.theme);
        header::draw(model, &layout, &mut painter);
        if !layout.tiny {
            header::tabs(model, layout.tabs, &mut painter);
            if let (Some(id), Some(screen)) = (model.history.here(), model.screen())
                && let Some(ctx) = ctx(model, id)
            {
                screen.pane.view(panes, &ctx, layout.body, &mut painter);
            }
            footer::draw(model, layout.footer, &mut painter);
            overlay::draw(model, &layout, &mut painter);
        }
        painter.cursor
    };
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
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
        area: super::panes::area(model.size),
        visible: model.history.here() == Some(id),
        ids: &model.ids,
        screen: id,
    })
}
