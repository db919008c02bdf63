//! Keys as text: `x`, `G`, `ctrl-x`, `alt-enter`, `shift-tab`, `f5`, and sequences like `g g`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::{fmt, str::FromStr};

/// One key with its modifiers, in one form whichever way the terminal reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Control, alt, super; shift only where the character does not tell it.
    pub modifiers: KeyModifiers,
}

/// Keys pressed one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence(Vec<Chord>);

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing there.
    #[error("a key is missing")]
    Empty,
    /// No key of this name.
    #[error("there is no key `{0}`")]
    Unknown(String),
    /// More keys than anybody would press.
    #[error("`{0}` has more than 4 keys")]
    TooLong(String),
}

const NAMES: &[(&str, KeyCode)] = &[
    // The first name of each is the one printed.
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("ret", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("bs", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("del", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("ins", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
];

const MODIFIERS: &[(&str, KeyModifiers)] = &[
    // In the order printed.
    ("ctrl", KeyModifiers::CONTROL),
    ("control", KeyModifiers::CONTROL),
    ("c", KeyModifiers::CONTROL),
    ("alt", KeyModifiers::ALT),
    ("meta", KeyModifiers::ALT),
    ("a", KeyModifiers::ALT),
    ("super", KeyModifiers::SUPER),
    ("cmd", KeyModifiers::SUPER),
    ("shift", KeyModifiers::SHIFT),
    ("s", KeyModifiers::SHIFT),
];

const KEPT: KeyModifiers = KeyModifiers::CONTROL
    .union(KeyModifiers::ALT)
    .union(KeyModifiers::SUPER)
    .union(KeyModifiers::SHIFT);

impl Chord {
    /// One form for each key: shift is in the character where there is one, letters under control
    /// are lower case, back-tab is shift and tab.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Chord {
        let mut modifiers = modifiers & KEPT;
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) && c.is_alphabetic() => {
                KeyCode::Char(lower(c))
            }
            KeyCode::Char(' ') => KeyCode::Char(' '),
            KeyCode::Char(c) => {
                let shift = modifiers.contains(KeyModifiers::SHIFT);
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(if shift { upper(c) } else { c })
            }
            code => code,
        };
        Chord { code, modifiers }
    }
}

fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Chord {
        Chord::new(event.code, event.modifiers)
    }
}

impl FromStr for Chord {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Chord, KeyError> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::empty();
        // A lone `-`, also after a modifier, is the key itself.
        while let Some((name, tail)) = rest.split_once('-').filter(|(_, tail)| !tail.is_empty()) {
            let lower = name.to_lowercase();
            let Some((_, modifier)) = MODIFIERS.iter().find(|(n, _)| *n == lower) else {
                break;
            };
            modifiers |= *modifier;
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (None, _) => return Err(KeyError::Empty),
            (Some(c), None) if !c.is_control() && !c.is_whitespace() => KeyCode::Char(c),
            _ => named(rest).ok_or_else(|| KeyError::Unknown(text.to_owned()))?,
        };
        Ok(Chord::new(code, modifiers))
    }
}

fn named(text: &str) -> Option<KeyCode> {
    let lower = text.to_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Some(*code);
    }
    let number = lower.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&number).then_some(KeyCode::F(number))
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in ["ctrl", "alt", "super", "shift"] {
            let modifier = MODIFIERS.iter().find(|(n, _)| *n == name);
            if modifier.is_some_and(|(_, m)| self.modifiers.contains(*m)) {
                write!(f, "{name}-")?;
            }
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other}"),
        }
    }
}

impl Sequence {
    /// Its keys, at least one.
    pub fn chords(&self) -> &[Chord] {
        &self.0
    }
}

impl FromStr for Sequence {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Sequence, KeyError> {
        let chords: Vec<Chord> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        match chords.len() {
            0 => Err(KeyError::Empty),
            1..=4 => Ok(Sequence(chords)),
            _ => Err(KeyError::TooLong(text.to_owned())),
        }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, chord) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            chord.fmt(f)?;
        }
        Ok(())
    }
}
