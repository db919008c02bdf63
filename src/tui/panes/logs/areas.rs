//! Where the parts of the pane are: the same for update and view.

use super::State;
use ratatui::layout::Rect;

/// The parts, from top to bottom; empty ones are not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) status: Rect,
    pub(super) strip: Rect,
    pub(super) body: Rect,
    pub(super) panel: Rect,
}

impl State {
    /// Where the parts are when the pane has this area.
    pub(super) fn areas(&self, area: Rect) -> Areas {
        let status = Rect::new(area.x, area.y, area.width, area.height.min(1));
        let mut rest = Rect::new(
            area.x,
            area.y + status.height,
            area.width,
            area.height - status.height,
        );
        let strip = self.strip.height(area.height).min(rest.height);
        let strip = Rect::new(area.x, rest.y, area.width, strip);
        rest.y += strip.height;
        rest.height -= strip.height;
        let panel = match &self.panel {
            // A third at most: the log is what one came for.
            Some(panel) => panel.wanted().min(rest.height / 3).max(2).min(rest.height),
            None => 0,
        };
        rest.height -= panel;
        Areas {
            status,
            strip,
            body: rest,
            panel: Rect::new(area.x, rest.bottom(), area.width, panel),
        }
    }
}
