//! Small graphs: sparklines and gauges, in Unicode or ASCII as the theme's glyphs are.

use crate::tui::view::Painter;
use ratatui::style::Style;

/// Draws values from 0 to 1 as a line of bars, the newest at the right; returns the columns used.
pub fn spark(
    painter: &mut Painter,
    (x, y): (u16, u16),
    width: u16,
    values: &[f32],
    style: Style,
) -> u16 {
    let heights = painter.theme.glyphs().spark;
    let values = values
        .get(values.len().saturating_sub(usize::from(width))..)
        .unwrap_or_default();
    let mut column =
        x.saturating_add(width.saturating_sub(u16::try_from(values.len()).unwrap_or(width)));
    for value in values {
        let value = if value.is_finite() {
            value.clamp(0.0, 1.0)
        } else {
            0.0
        };
        // Something is never drawn as nothing.
        let step = (value * 8.0).round() as usize;
        let step = if value > 0.0 { step.max(1) } else { step };
        let glyph = heights.get(step).copied().unwrap_or(" ");
        painter.text(column, y, 1, glyph, style);
        column = column.saturating_add(1);
    }
    width
}

/// Draws a part of a whole (0 to 1) as a bar.
pub fn gauge(painter: &mut Painter, (x, y): (u16, u16), width: u16, part: f32, style: Style) {
    let part = if part.is_finite() {
        part.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let filled = (f32::from(width) * part).round() as u16;
    let filled = if part > 0.0 { filled.max(1) } else { filled };
    let glyphs = painter.theme.glyphs();
    for column in 0..width {
        let glyph = if column < filled {
            glyphs.full
        } else {
            glyphs.empty
        };
        painter.text(x.saturating_add(column), y, 1, glyph, style);
    }
}
