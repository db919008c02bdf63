//! A backend that writes nothing when a frame is the one that is shown already: a frame without
//! changed cells costs no byte, and the cursor is sent only when it moved.

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use std::ops::Range;

/// What the terminal's cursor was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Cursor {
    /// Nothing that still holds.
    #[default]
    Unknown,
    Hidden,
    /// Shown, and where if it has not been moved by drawing since.
    Shown(Option<Position>),
}

/// The backend below, spared what changes nothing.
#[derive(Debug)]
pub struct Quiet<B> {
    below: B,
    cursor: Cursor,
    unsent: bool,
}

impl<B> Quiet<B> {
    /// Over this one.
    pub fn new(below: B) -> Quiet<B> {
        Quiet {
            below,
            cursor: Cursor::Unknown,
            unsent: false,
        }
    }
}

impl<B: Backend> Backend for Quiet<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), B::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        if let Cursor::Shown(_) = self.cursor {
            self.cursor = Cursor::Shown(None);
        }
        self.unsent = true;
        self.below.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), B::Error> {
        if self.cursor == Cursor::Hidden {
            return Ok(());
        }
        self.cursor = Cursor::Hidden;
        self.unsent = true;
        self.below.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), B::Error> {
        if let Cursor::Shown(_) = self.cursor {
            return Ok(());
        }
        self.cursor = Cursor::Shown(None);
        self.unsent = true;
        self.below.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, B::Error> {
        self.below.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), B::Error> {
        let position = position.into();
        match &mut self.cursor {
            Cursor::Shown(Some(known)) if *known == position => return Ok(()),
            Cursor::Shown(known) => *known = Some(position),
            Cursor::Unknown | Cursor::Hidden => {}
        }
        self.unsent = true;
        self.below.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), B::Error> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), B::Error> {
        // The screen may have been somebody else's meanwhile.
        self.cursor = Cursor::Unknown;
        self.unsent = true;
        self.below.clear_region(region)
    }

    fn append_lines(&mut self, lines: u16) -> Result<(), B::Error> {
        self.cursor = Cursor::Unknown;
        self.unsent = true;
        self.below.append_lines(lines)
    }

    fn size(&self) -> Result<Size, B::Error> {
        self.below.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, B::Error> {
        self.below.window_size()
    }

    fn scroll_region_up(&mut self, region: Range<u16>, lines: u16) -> Result<(), B::Error> {
        self.cursor = Cursor::Unknown;
        self.unsent = true;
        self.below.scroll_region_up(region, lines)
    }

    fn scroll_region_down(&mut self, region: Range<u16>, lines: u16) -> Result<(), B::Error> {
        self.cursor = Cursor::Unknown;
        self.unsent = true;
        self.below.scroll_region_down(region, lines)
    }

    fn flush(&mut self) -> Result<(), B::Error> {
        if std::mem::take(&mut self.unsent) {
            return self.below.flush();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Quiet;
    use ratatui::{Terminal, backend::CrosstermBackend};
    use std::{cell::Cell, io, rc::Rc};

    /// Counts what is written.
    struct Count(Rc<Cell<usize>>);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.set(self.0.get() + bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_that_is_shown_already_writes_nothing() {
        let written = Rc::new(Cell::new(0));
        let backend = Quiet::new(CrosstermBackend::new(Count(written.clone())));
        let options = ratatui::TerminalOptions {
            viewport: ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 10, 2)),
        };
        let mut terminal = Terminal::with_options(backend, options).unwrap();
        let mut draw = |word: &str, cursor: Option<(u16, u16)>| {
            let before = written.get();
            terminal
                .draw(|frame| {
                    frame
                        .buffer_mut()
                        .set_string(0, 0, word, ratatui::style::Style::new());
                    if let Some(at) = cursor {
                        frame.set_cursor_position(at);
                    }
                })
                .unwrap();
            written.get() - before
        };
        assert!(draw("one", None) > 0);
        assert_eq!(draw("one", None), 0);
        assert!(draw("two", None) > 0);
        assert!(draw("two", Some((1, 1))) > 0);
        assert_eq!(draw("two", Some((1, 1))), 0);
        assert!(draw("two", Some((2, 1))) > 0);
        // Cells that are drawn take the cursor along.
        let both = draw("six", Some((2, 1)));
        assert!(both > 0);
        assert!(draw("six", None) > 0);
        assert_eq!(draw("six", None), 0);
    }
}
