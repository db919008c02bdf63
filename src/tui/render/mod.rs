//! From a frame to bytes: what is drawn is compared with what the terminal shows, and the
//! difference sent in one write. Lines that only moved are moved by the terminal.
//!
//! What a frame looks like is decided in [`super::view`]; nothing here waits or asks the terminal.

mod diff;
pub mod measure;
mod pen;
mod scroll;

#[cfg(test)]
pub(super) mod tests;

use pen::Pen;
use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    style::Style,
};
use std::io::{self, Write};

/// Where the terminal's cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    /// Nobody knows.
    Unknown,
    Hidden,
    Shown(Position),
}

/// A terminal's screen: what it shows, and where bytes for it go.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    /// What the terminal shows, where `source` says so.
    shown: Buffer,
    next: Buffer,
    /// For each line, where in `shown` it is; `None` when nobody knows what the terminal shows.
    source: Vec<Option<u16>>,
    /// The terminal is wiped before the next frame.
    wipe: bool,
    cursor: Cursor,
    scrolls: bool,
    pen: Pen,
}

impl<W: Write> Screen<W> {
    /// Of so many columns and rows. What the terminal shows before the first frame is unknown.
    pub fn new(out: W, size: (u16, u16)) -> Screen<W> {
        let mut screen = Screen {
            out,
            shown: Buffer::default(),
            next: Buffer::default(),
            source: Vec::new(),
            wipe: true,
            cursor: Cursor::Unknown,
            scrolls: true,
            pen: Pen::default(),
        };
        screen.resize(size);
        screen
    }

    /// Whether lines that moved are moved by the terminal, or sent anew.
    pub fn set_scrolls(&mut self, scrolls: bool) {
        self.scrolls = scrolls;
    }

    /// Takes a changed size; the same size changes nothing.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        let area = Rect::new(0, 0, columns, rows);
        if self.next.area == area {
            return;
        }
        self.shown = Buffer::empty(area);
        self.next = Buffer::empty(area);
        self.forget();
    }

    /// Nobody knows any more what the terminal shows: the next frame sends all of it.
    pub fn forget(&mut self) {
        self.source.clear();
        self.source.resize(usize::from(self.next.area.height), None);
        self.wipe = true;
        self.cursor = Cursor::Unknown;
    }

    /// What the last frame drew.
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }

    /// Where bytes go.
    pub fn out(&self) -> &W {
        &self.out
    }

    /// Draws a frame on this ground: `paint` draws it and says where the cursor is shown. Nothing
    /// is written when the terminal shows it already.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(
        &mut self,
        ground: Style,
        paint: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> io::Result<()> {
        let mut blank = Cell::EMPTY;
        blank.set_style(ground);
        self.next.content.fill(blank);
        let cursor = paint(&mut self.next);
        self.encode(cursor);
        if let Some(bytes) = self.pen.frame() {
            let sent = self.out.write_all(bytes).and_then(|()| self.out.flush());
            if let Err(error) = sent {
                self.forget();
                return Err(error);
            }
        }
        std::mem::swap(&mut self.shown, &mut self.next);
        for (y, source) in (0..).zip(&mut self.source) {
            *source = Some(y);
        }
        Ok(())
    }

    /// What brings the terminal from what it shows to the next frame.
    fn encode(&mut self, cursor: Option<Position>) {
        let pen = &mut self.pen;
        pen.start();
        if std::mem::take(&mut self.wipe) {
            pen.wipe();
        }
        let mut same = diff::same_rows(&self.shown, &self.next, &self.source);
        if same.iter().any(|same| !same) {
            if matches!(self.cursor, Cursor::Shown(_)) {
                pen.hide_cursor();
                self.cursor = Cursor::Hidden;
            }
            if self.scrolls
                && let Some(scroll) = scroll::find(&self.shown, &self.next, &same, &self.source)
            {
                pen.scroll(&scroll);
                scroll.apply(&mut self.source);
                same = diff::same_rows(&self.shown, &self.next, &self.source);
            }
            diff::send(pen, &self.shown, &self.next, &self.source, &same);
        }
        let wanted = cursor
            .filter(|at| self.next.area.contains(*at))
            .map_or(Cursor::Hidden, Cursor::Shown);
        if wanted != self.cursor {
            match wanted {
                Cursor::Shown(at) => pen.show_cursor(at),
                _ => pen.hide_cursor(),
            }
            self.cursor = wanted;
        }
    }
}
