//! Input of secrets: never shown, not even its length, and wiped from memory.

use crate::tui::{theme::Role, view::Painter};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use secrecy::SecretString;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Bytes that a secret may have. The buffer never grows, since growing would leave a copy behind.
const MAX: usize = 4096;

/// A hidden line being typed.
pub struct SecretInput {
    text: Zeroizing<String>,
    /// Something did not fit.
    overflow: bool,
}

impl Default for SecretInput {
    fn default() -> Self {
        SecretInput {
            text: Zeroizing::new(String::with_capacity(MAX)),
            overflow: false,
        }
    }
}

impl fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretInput")
    }
}

impl SecretInput {
    /// Takes a key; false when it is not one that edits.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let command = key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER);
        match key.code {
            KeyCode::Char('u' | 'w') if key.modifiers == KeyModifiers::CONTROL => self.clear(),
            KeyCode::Char('h') if key.modifiers == KeyModifiers::CONTROL => {
                self.text.pop();
            }
            KeyCode::Char(c) if !command => self.push(c),
            KeyCode::Backspace => {
                self.text.pop();
            }
            _ => return false,
        }
        true
    }

    /// Takes pasted text, without the line ends that copying left at its end. The caller's copy
    /// is wiped.
    pub fn paste(&mut self, mut text: String) {
        for c in text.trim_end_matches(['\r', '\n']).chars() {
            self.push(c);
        }
        text.zeroize();
    }

    fn push(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= MAX {
            self.text.push(c);
        } else {
            self.overflow = true;
        }
    }

    /// Wipes it.
    pub fn clear(&mut self) {
        self.text.zeroize();
        self.overflow = false;
        // Wiping keeps the capacity, so the buffer still never grows.
        debug_assert!(self.text.capacity() >= MAX);
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether more was typed than is kept; the secret is useless then.
    pub fn overflowed(&self) -> bool {
        self.overflow
    }

    /// The secret; what is left here is wiped.
    pub fn take(&mut self) -> SecretString {
        let secret = SecretString::from(self.text.as_str());
        self.clear();
        secret
    }

    /// Draws the same whatever was typed; only that something was can be seen.
    pub fn draw(&self, painter: &mut Painter, area: Rect) {
        let glyphs = painter.theme.glyphs();
        let style = painter.theme.style(Role::Text);
        let mut x = area.x;
        if !self.is_empty() {
            for _ in 0..3 {
                x += painter.text(
                    x,
                    area.y,
                    area.right().saturating_sub(x),
                    glyphs.hidden,
                    style,
                );
            }
        }
        if self.overflow {
            let bad = painter.theme.style(Role::Bad);
            let width = area.right().saturating_sub(x);
            painter.cut(x, area.y, width, " too long: Ctrl-u and again", bad);
        }
        painter.cursor = Some((x.min(area.right().saturating_sub(1)), area.y).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn press(input: &mut SecretInput, code: KeyCode, modifiers: KeyModifiers) -> bool {
        input.key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn it_is_typed_edited_and_pasted() {
        let mut input = SecretInput::default();
        for c in "pass".chars() {
            assert!(press(&mut input, KeyCode::Char(c), KeyModifiers::NONE));
        }
        press(&mut input, KeyCode::Backspace, KeyModifiers::NONE);
        input.paste("s word\r\n\n".to_owned());
        assert!(!press(&mut input, KeyCode::Enter, KeyModifiers::NONE));
        assert_eq!(format!("{input:?}"), "SecretInput");
        assert_eq!(input.take().expose_secret(), "pass word");
        assert!(input.is_empty());
    }

    #[test]
    fn the_buffer_never_grows() {
        let mut input = SecretInput::default();
        let before = input.text.as_ptr();
        input.paste("x".repeat(MAX + 10));
        assert!(input.overflowed());
        assert_eq!(input.text.len(), MAX);
        assert_eq!(before, input.text.as_ptr());
        press(&mut input, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert!(input.is_empty() && !input.overflowed());
        input.paste("y".repeat(MAX));
        assert_eq!(before, input.text.as_ptr());
    }
}
