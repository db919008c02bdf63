//! What lies over the screen.

use super::Painter;
use crate::tui::{
    layout::Layout,
    model::{Line, Model, Overlay},
};
use ratatui::style::Style;

pub(super) fn draw(model: &Model, layout: &Layout, painter: &mut Painter) {
    if let Some(Overlay::Line(line)) = model.overlays.last() {
        self::line(line, layout, painter);
    }
}

fn line(line: &Line, layout: &Layout, painter: &mut Painter) {
    let area = layout.footer;
    painter.clear(area);
    let mut x = area.x;
    x += painter.text(x, area.y, area.width, line.label, Style::new());
    painter.text(
        x,
        area.y,
        area.right().saturating_sub(x),
        line.input.value(),
        Style::new(),
    );
    let cursor = u16::try_from(line.input.visual_cursor()).unwrap_or(u16::MAX);
    painter.cursor = Some(
        (
            x.saturating_add(cursor).min(area.right().saturating_sub(1)),
            area.y,
        )
            .into(),
    );
}
