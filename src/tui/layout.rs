//! Where things are on a terminal of a given size. Pure: the same for update and view.

use ratatui::layout::Rect;

/// Below this many columns there is a status line only, with words below.
pub const MIN_COLUMNS: u16 = 40;
/// Below this many rows there is a status line only, with words below.
pub const MIN_ROWS: u16 = 12;

/// The parts of the screen. Empty rectangles are not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Program, environment, hosts' states.
    pub header: Rect,
    /// Tabs by number.
    pub tabs: Rect,
    /// The pane.
    pub body: Rect,
    /// Keys that work right now, or the line being typed.
    pub footer: Rect,
    /// Too small for anything but the status line, which is `header`, and words below it.
    pub tiny: bool,
}

impl Layout {
    /// The layout of a terminal with these columns and rows.
    pub fn of((columns, rows): (u16, u16)) -> Layout {
        let line = |y: u16| Rect::new(0, y, columns, 1.min(rows));
        if columns < MIN_COLUMNS || rows < MIN_ROWS {
            return Layout {
                header: line(0),
                tiny: true,
                ..Layout::default()
            };
        }
        Layout {
            header: line(0),
            tabs: line(1),
            body: Rect::new(0, 2, columns, rows.saturating_sub(3)),
            footer: line(rows.saturating_sub(1)),
            tiny: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_outside() {
        for columns in 0..130 {
            for rows in 0..70 {
                let whole = Rect::new(0, 0, columns, rows);
                let layout = Layout::of((columns, rows));
                for part in [layout.header, layout.tabs, layout.body, layout.footer] {
                    assert_eq!(whole.intersection(part).area(), part.area());
                }
            }
        }
    }
}
