//! Small graphs: sparklines, bars and gauges, in Unicode or ASCII as the theme's glyphs are.

use crate::tui::view::Painter;
use ratatui::{layout::Rect, style::Style};

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

/// Draws values as bars over the whole area, the newest at the right, as high as `top` is; of
/// values that share a column the largest.
pub fn bars(painter: &mut Painter, area: Rect, values: &[f64], top: f64, style: Style) {
    let width = usize::from(area.width);
    if values.is_empty() || area.is_empty() {
        return;
    }
    let heights = painter.theme.glyphs().spark;
    let eighths = f64::from(area.height) * 8.0;
    for (at, x) in (area.left()..area.right()).enumerate() {
        let range = at * values.len() / width..((at + 1) * values.len()).div_ceil(width);
        let shared = values.get(range).unwrap_or_default().iter().copied();
        let value = shared.filter(|value| value.is_finite()).fold(0.0, f64::max);
        let part = if top > 0.0 {
            (value / top).clamp(0.0, 1.0)
        } else {
            0.0
        };
        // Something is never drawn as nothing.
        let mut left = (part * eighths).round() as usize;
        left = if part > 0.0 { left.max(1) } else { left };
        for y in (area.top()..area.bottom()).rev() {
            let glyph = heights.get(left.min(8)).copied().unwrap_or(" ");
            painter.text(x, y, 1, glyph, style);
            left = left.saturating_sub(8);
        }
    }
}
