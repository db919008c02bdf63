//! Writes cells, styles and movements as the bytes that terminals understand: those of the VT220,
//! colours, and synchronised output, which others pass over.

use super::{measure, scroll::Scroll};
use ratatui::{
    buffer::Cell,
    layout::Position,
    style::{Color, Modifier},
};

/// The terminal shows what follows at once, when it ends.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// How text looks. The colour of underlines is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    pub(super) fn of(cell: &Cell) -> Look {
        Look {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }
}

/// Whether the cell is what erasing leaves on every terminal: a blank in the terminal's own
/// colours. (What erasing does with another ground differs between terminals.)
pub(super) fn is_erased(cell: &Cell) -> bool {
    const SEEN: Modifier = Modifier::REVERSED
        .union(Modifier::UNDERLINED)
        .union(Modifier::SLOW_BLINK)
        .union(Modifier::RAPID_BLINK)
        .union(Modifier::CROSSED_OUT);
    cell.bg == Color::Reset && !cell.modifier.intersects(SEEN) && cell.symbol() == " "
}

/// Gathers the bytes of a frame.
#[derive(Debug, Default)]
pub(super) struct Pen {
    bytes: Vec<u8>,
    /// Where the terminal's cursor is, if that is certain.
    at: Option<(u16, u16)>,
    look: Option<Look>,
}

impl Pen {
    pub(super) fn start(&mut self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN);
        self.at = None;
        self.look = None;
    }

    /// The whole frame; `None` when there is nothing to send.
    pub(super) fn frame(&mut self) -> Option<&[u8]> {
        if self.bytes.len() == BEGIN.len() {
            return None;
        }
        if self.look.is_some() {
            // Whatever is written by others looks as it should.
            self.bytes.extend_from_slice(b"\x1b[0m");
        }
        self.bytes.extend_from_slice(END);
        Some(&self.bytes)
    }

    /// Empties the screen, whatever was done to it.
    pub(super) fn wipe(&mut self) {
        self.bytes.extend_from_slice(b"\x1b[r\x1b[0m\x1b[2J");
        self.at = None;
        self.look = None;
    }

    pub(super) fn hide_cursor(&mut self) {
        self.bytes.extend_from_slice(b"\x1b[?25l");
    }

    pub(super) fn show_cursor(&mut self, at: Position) {
        self.go(at.x, at.y);
        self.bytes.extend_from_slice(b"\x1b[?25h");
    }

    /// Moves lines within a region of lines. Deleting and inserting lines is what every terminal
    /// with regions knows; scrolling commands are not.
    pub(super) fn scroll(&mut self, scroll: &Scroll) {
        self.bytes.extend_from_slice(b"\x1b[0m");
        self.look = None;
        self.command(&[scroll.top + 1, scroll.bottom], b'r');
        self.command(&[scroll.top + 1, 1], b'H');
        let last = if scroll.up { b'M' } else { b'L' };
        self.command(&[scroll.lines], last);
        self.bytes.extend_from_slice(b"\x1b[r");
        self.at = None;
    }

    pub(super) fn go(&mut self, x: u16, y: u16) {
        match self.at {
            Some(at) if at == (x, y) => return,
            Some((_, row)) if row == y => self.command(&[x + 1], b'G'),
            _ => self.command(&[y + 1, x + 1], b'H'),
        }
        self.at = Some((x, y));
    }

    /// Where the cursor is is no longer certain; the line is.
    pub(super) fn lose(&mut self) {
        if let Some((x, _)) = &mut self.at {
            *x = u16::MAX;
        }
    }

    /// Whether a cell of this look needs no change of look.
    pub(super) fn looks(&self, look: Look) -> bool {
        self.look == Some(look)
    }

    /// Writes a cell of this width where the cursor is.
    pub(super) fn put(&mut self, cell: &Cell, width: u16) {
        self.look(Look::of(cell));
        match cell.symbol() {
            symbol if measure::is_plain(symbol) => {
                self.bytes.extend_from_slice(symbol.as_bytes());
            }
            // Views draw clean text only; a mistake there must not reach the terminal.
            symbol if symbol.chars().any(char::is_control) => self.bytes.push(b'?'),
            symbol => self.bytes.extend_from_slice(symbol.as_bytes()),
        }
        if let Some((x, _)) = &mut self.at {
            *x = x.saturating_add(width);
        }
    }

    /// Blanks in this cell's look where the cursor is.
    pub(super) fn blanks(&mut self, cell: &Cell, count: u16) {
        self.look(Look::of(cell));
        let more = usize::from(count);
        self.bytes.extend(std::iter::repeat_n(b' ', more));
        if let Some((x, _)) = &mut self.at {
            *x = x.saturating_add(count);
        }
    }

    /// Erases the rest of the line with the terminal's own colours.
    pub(super) fn erase(&mut self, cell: &Cell) {
        self.look(Look::of(cell));
        self.bytes.extend_from_slice(b"\x1b[K");
    }

    fn look(&mut self, look: Look) {
        if self.look == Some(look) {
            return;
        }
        let mut codes = Codes::default();
        let (mut fg, mut bg, mut modifier) = (Color::Reset, Color::Reset, Modifier::empty());
        // Where only one of bold and dim can hold, the later one does: always the same one.
        let dim = |old: Look| {
            old.modifier.contains(Modifier::DIM) && !old.modifier.contains(Modifier::BOLD)
        };
        match self.look {
            Some(old)
                if look.modifier.contains(old.modifier)
                    && !(dim(old) && look.modifier.contains(Modifier::BOLD)) =>
            {
                (fg, bg, modifier) = (old.fg, old.bg, old.modifier);
            }
            _ => codes.push(0),
        }
        for (flag, code) in [
            (Modifier::BOLD, 1),
            (Modifier::DIM, 2),
            (Modifier::ITALIC, 3),
            (Modifier::UNDERLINED, 4),
            (Modifier::SLOW_BLINK, 5),
            (Modifier::RAPID_BLINK, 6),
            (Modifier::REVERSED, 7),
            (Modifier::HIDDEN, 8),
            (Modifier::CROSSED_OUT, 9),
        ] {
            if look.modifier.difference(modifier).contains(flag) {
                codes.push(code);
            }
        }
        if look.fg != fg {
            codes.colour(look.fg, 30);
        }
        if look.bg != bg {
            codes.colour(look.bg, 40);
        }
        if let Some(codes) = codes.get() {
            self.command(codes, b'm');
        }
        self.look = Some(look);
    }

    fn command(&mut self, numbers: &[u16], last: u8) {
        self.bytes.extend_from_slice(b"\x1b[");
        for (n, number) in numbers.iter().enumerate() {
            if n > 0 {
                self.bytes.push(b';');
            }
            self.number(*number);
        }
        self.bytes.push(last);
    }

    fn number(&mut self, number: u16) {
        let mut started = false;
        for unit in [10_000, 1_000, 100, 10, 1] {
            let digit = u8::try_from(number / unit % 10).unwrap_or(0);
            started |= digit > 0 || unit == 1;
            if started {
                self.bytes.push(b'0' + digit);
            }
        }
    }
}

/// The numbers of one change of look: a reset, nine modifiers and two colours at most.
#[derive(Default)]
struct Codes {
    codes: [u16; 20],
    len: usize,
}

impl Codes {
    fn push(&mut self, code: u16) {
        if let Some(place) = self.codes.get_mut(self.len) {
            *place = code;
            self.len += 1;
        }
    }

    fn get(&self) -> Option<&[u16]> {
        self.codes.get(..self.len).filter(|codes| !codes.is_empty())
    }

    /// `base` is 30 for text, 40 for the ground.
    fn colour(&mut self, colour: Color, base: u16) {
        let dark = match colour {
            Color::Reset => 9,
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 60,
            Color::LightRed => 61,
            Color::LightGreen => 62,
            Color::LightYellow => 63,
            Color::LightBlue => 64,
            Color::LightMagenta => 65,
            Color::LightCyan => 66,
            Color::White => 67,
            Color::Indexed(index) => {
                for code in [base + 8, 5, u16::from(index)] {
                    self.push(code);
                }
                return;
            }
            Color::Rgb(r, g, b) => {
                for code in [base + 8, 2, u16::from(r), u16::from(g), u16::from(b)] {
                    self.push(code);
                }
                return;
            }
        };
        self.push(base + dark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn sent(draw: impl FnOnce(&mut Pen)) -> String {
        let mut pen = Pen::default();
        pen.start();
        draw(&mut pen);
        let bytes = pen.frame().unwrap_or_default().to_vec();
        let text = String::from_utf8(bytes).unwrap();
        text.replace("\x1b[", "^")
    }

    fn cell(symbol: &str, style: Style) -> Cell {
        let mut cell = Cell::EMPTY;
        cell.set_symbol(symbol).set_style(style);
        cell
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(sent(|_| {}), "");
    }

    #[test]
    fn looks_change_as_little_as_can_be() {
        let bold = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        let ground = Style::new()
            .bg(Color::Rgb(1, 20, 255))
            .fg(Color::Indexed(208));
        let out = sent(|pen| {
            pen.go(0, 0);
            pen.put(&cell("a", Style::new()), 1);
            pen.put(&cell("b", bold), 1);
            pen.put(&cell("c", bold.fg(Color::White)), 1);
            pen.put(&cell("d", ground), 1);
            pen.put(&cell("e", ground), 1);
        });
        assert_eq!(
            out,
            "^?2026h^1;1H^0ma^1;31mb^97mc^0;38;5;208;48;2;1;20;255mde^0m^?2026l"
        );
    }

    #[test]
    fn a_control_character_is_never_sent() {
        let out = sent(|pen| {
            pen.go(9, 1_233);
            pen.put(&cell("\u{1b}", Style::new()), 1);
            pen.put(&cell("\u{9b}", Style::new()), 1);
        });
        assert_eq!(out, "^?2026h^1234;10H^0m??^0m^?2026l");
    }
}
