//! A line as it is typed: bytes of the terminal in, edits out. Knows no terminal.

use secrecy::SecretString;
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

/// No answer is longer; what is typed beyond is ignored. The buffer never grows, so that no copy
/// of a secret stays behind.
const MOST: usize = 4096;

/// What a byte did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Nothing to show.
    Nothing,
    /// This character was added.
    Added(char),
    /// This many columns were taken away.
    Erased(usize),
    /// The line is complete.
    Enter,
    /// Ctrl-D on an empty line.
    End,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-\.
    Quit,
    /// Ctrl-Z.
    Suspend,
}

/// The line so far. Wiped when dropped.
pub(super) struct Line {
    text: Zeroizing<String>,
    /// The beginning of a character of several bytes.
    part: Zeroizing<Vec<u8>>,
}

impl Line {
    pub(super) fn new() -> Line {
        Line {
            text: Zeroizing::new(String::with_capacity(MOST)),
            part: Zeroizing::new(Vec::with_capacity(4)),
        }
    }

    pub(super) fn byte(&mut self, byte: u8) -> Typed {
        match byte {
            b'\r' | b'\n' => Typed::Enter,
            0x03 => Typed::Interrupt,
            0x04 if self.text.is_empty() => Typed::End,
            0x08 | 0x7f => {
                self.part.clear();
                Typed::Erased(self.text.pop().map_or(0, columns))
            }
            // Ctrl-U, Ctrl-W: the whole line.
            0x15 | 0x17 => {
                self.part.clear();
                let mut count = 0;
                while let Some(c) = self.text.pop() {
                    count += columns(c);
                }
                Typed::Erased(count)
            }
            0x1a => Typed::Suspend,
            0x1c => Typed::Quit,
            0..=0x1f => Typed::Nothing,
            _ => self.add(byte),
        }
    }

    fn add(&mut self, byte: u8) -> Typed {
        if self.part.len() == self.part.capacity() {
            self.part.clear();
        }
        self.part.push(byte);
        match std::str::from_utf8(&self.part) {
            Ok(text) => {
                let added = text.chars().next().filter(|_| self.text.len() + 4 <= MOST);
                self.part.clear();
                let Some(c) = added else {
                    return Typed::Nothing;
                };
                self.text.push(c);
                Typed::Added(c)
            }
            // More bytes may complete it.
            Err(error) if error.error_len().is_none() => Typed::Nothing,
            Err(_) => {
                self.part.clear();
                Typed::Nothing
            }
        }
    }

    /// What is shown of it while it is typed.
    pub(super) fn shown(&self) -> &str {
        &self.text
    }

    /// The line, in memory of exactly its size: a larger one would be copied and not wiped.
    pub(super) fn take(self) -> SecretString {
        SecretString::from(Box::<str>::from(self.text.as_str()))
    }
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    fn typed(bytes: &[u8]) -> (String, Typed) {
        let mut line = Line::new();
        let mut last = Typed::Nothing;
        for byte in bytes {
            last = line.byte(*byte);
        }
        (line.take().expose_secret().to_owned(), last)
    }

    #[test]
    fn keys_edit_the_line() {
        for (bytes, text, last) in [
            (b"abc\r" as &[u8], "abc", Typed::Enter),
            (b"abc\n", "abc", Typed::Enter),
            ("aä\u{4e16}\x7f".as_bytes(), "aä", Typed::Erased(2)),
            ("ä\x08\x08".as_bytes(), "", Typed::Erased(0)),
            ("old ä\x15".as_bytes(), "", Typed::Erased(5)),
            (b"\x04", "", Typed::End),
            // Not at the end of a line that has text.
            (b"a\x04", "a", Typed::Nothing),
            (b"a\x03", "a", Typed::Interrupt),
            (b"a\x1a", "a", Typed::Suspend),
            (b"a\x1c", "a", Typed::Quit),
            // An arrow key's sequence has no escape left, so nothing acts on it.
            (b"\x1b[A", "[A", Typed::Added('A')),
            (b"a\xffb", "ab", Typed::Added('b')),
            (b"a\xc3b\xc3\xa4", "aä", Typed::Added('ä')),
        ] {
            assert_eq!(typed(bytes), (text.to_owned(), last), "{bytes:?}");
        }
        assert_eq!(typed(&[b'a'; MOST * 2]).0.len(), MOST - 3);
    }

    proptest! {
        #[test]
        fn any_bytes_leave_plain_text_in_memory_that_never_moves(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
            let mut line = Line::new();
            let at = line.text.as_ptr();
            for byte in bytes {
                line.byte(byte);
            }
            prop_assert_eq!(at, line.text.as_ptr());
            prop_assert!(!line.shown().chars().any(|c| c.is_ascii_control()));
        }

        #[test]
        fn what_is_typed_is_what_comes(text in "[^\\p{Cc}]{0,60}") {
            prop_assert_eq!(typed(text.as_bytes()).0, text);
        }
    }
}
