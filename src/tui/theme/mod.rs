//! Colours and glyphs by meaning: what is drawn names a [`Role`] or a [`Status`], never a colour.
//!
//! Themes are TOML files (or base16 YAML), compiled in from `themes/` or the user's own; here they
//! are read, checked and fitted to what the terminal can show. Nothing here draws.

mod base16;
mod colour;
mod definition;
mod detect;
mod glyphs;
mod library;

pub use colour::{Depth, Rgb};
pub use definition::{Appearance, Definition, ThemeError};
pub use detect::{Ask, TerminalSays, default_theme, depth};
pub use glyphs::{ASCII, Glyphs, PLAIN, UNICODE};
pub use library::{BUILT_IN, DEFAULT, built_in, load, names};

use definition::Look;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Of less weight: times, hints, what is off.
    Muted,
    /// Lines between parts.
    Border,
    /// Headings and column heads.
    Title,
    /// What should be noticed but is neither good nor bad.
    Accent,
    /// Keys in footer and help.
    Key,
    /// The header and the tabs.
    Header,
    /// The row under the cursor.
    Selected,
    /// Rows with a mark.
    Marked,
    /// Text found by search or filter.
    Found,
    /// The hit that a search stands on.
    Focus,
    /// As it should be.
    Good,
    /// Changing.
    Busy,
    /// Not good, or stale.
    Warning,
    /// Failed.
    Bad,
    /// Failed, and worse.
    Critical,
}

impl Role {
    /// All of them, in the order of theme files.
    pub const ALL: [Role; 16] = [
        Role::Text,
        Role::Muted,
        Role::Border,
        Role::Title,
        Role::Accent,
        Role::Key,
        Role::Header,
        Role::Selected,
        Role::Marked,
        Role::Found,
        Role::Focus,
        Role::Good,
        Role::Busy,
        Role::Warning,
        Role::Bad,
        Role::Critical,
    ];

    /// Its name in theme files.
    pub fn name(self) -> &'static str {
        match self {
            Role::Text => "text",
            Role::Muted => "muted",
            Role::Border => "border",
            Role::Title => "title",
            Role::Accent => "accent",
            Role::Key => "key",
            Role::Header => "header",
            Role::Selected => "selected",
            Role::Marked => "marked",
            Role::Found => "found",
            Role::Focus => "focus",
            Role::Good => "good",
            Role::Busy => "busy",
            Role::Warning => "warning",
            Role::Bad => "bad",
            Role::Critical => "critical",
        }
    }

    /// How it looks where there is no colour at all.
    fn modifiers(self) -> Modifier {
        match self {
            Role::Text | Role::Border | Role::Good | Role::Accent => Modifier::empty(),
            Role::Muted => Modifier::DIM,
            Role::Title | Role::Key | Role::Busy | Role::Warning | Role::Bad => Modifier::BOLD,
            Role::Header | Role::Selected => Modifier::REVERSED,
            Role::Marked => Modifier::BOLD.union(Modifier::UNDERLINED),
            Role::Found => Modifier::UNDERLINED,
            Role::Focus | Role::Critical => Modifier::REVERSED.union(Modifier::BOLD),
        }
    }
}

/// How something fares: drawn as shape, letter and colour together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Failed.
    Bad,
    /// Works, but should be looked at.
    Warning,
    /// Changing.
    Busy,
    /// As it should be.
    Good,
    /// Off, and meant to be.
    Off,
    /// Not known, or not known any more.
    Unknown,
}

impl Status {
    /// Tells states apart without shape and colour.
    pub fn letter(self) -> char {
        match self {
            Status::Bad => 'F',
            Status::Warning => 'W',
            Status::Busy => 'B',
            Status::Good => 'A',
            Status::Off => '-',
            Status::Unknown => '?',
        }
    }

    /// The role of its colour.
    pub fn role(self) -> Role {
        match self {
            Status::Bad => Role::Bad,
            Status::Warning => Role::Warning,
            Status::Busy => Role::Busy,
            Status::Good => Role::Good,
            Status::Off | Status::Unknown => Role::Muted,
        }
    }
}

/// A theme fitted to the terminal: what everything is drawn with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    depth: Depth,
    background: Color,
    looks: [Style; Role::ALL.len()],
    glyphs: &'static Glyphs,
}

impl Default for Theme {
    fn default() -> Self {
        Theme::new(&Definition::default(), Depth::True, &UNICODE)
    }
}

impl Theme {
    /// Fits a definition to what the terminal can show.
    pub fn new(definition: &Definition, depth: Depth, glyphs: &'static Glyphs) -> Theme {
        let fit = |look: &Look, role: Role| -> Style {
            if depth == Depth::None {
                return Style::new().add_modifier(role.modifiers());
            }
            let mut style = Style::new().add_modifier(look.modifiers);
            if depth == Depth::Sixteen && look.has_rgb() {
                // A painted area cannot be matched with 16 colours of unknown value: swap them.
                if look.bg.is_some() {
                    style = style.add_modifier(Modifier::REVERSED);
                }
                if let Some(fg) = look.sixteen_source() {
                    style = style.fg(colour::fit(fg, depth));
                }
                return style;
            }
            if let Some(fg) = look.fg {
                style = style.fg(colour::fit(fg, depth));
            }
            if let Some(bg) = look.bg {
                style = style.bg(colour::fit(bg, depth));
            }
            style
        };
        let background = match definition.background {
            Some(rgb) if depth > Depth::Sixteen => {
                colour::fit(Color::Rgb(rgb.0, rgb.1, rgb.2), depth)
            }
            _ => Color::Reset,
        };
        Theme {
            name: definition.name.clone(),
            depth,
            background,
            looks: Role::ALL.map(|role| fit(definition.look(role), role)),
            glyphs,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The colours it uses.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// The style of a role, to be laid over [`Theme::base`].
    pub fn style(&self, role: Role) -> Style {
        self.looks.get(role as usize).copied().unwrap_or_default()
    }

    /// The style of the whole screen before anything is drawn on it.
    pub fn base(&self) -> Style {
        self.style(Role::Text).bg(self.background)
    }

    /// The glyphs to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.glyphs
    }

    /// Whether nothing but ASCII is to be drawn.
    pub fn is_ascii(&self) -> bool {
        *self.glyphs == ASCII
    }

    /// Shape, letter and style of a status.
    pub fn status(&self, status: Status) -> (&'static str, char, Style) {
        let glyph = match status {
            Status::Bad => self.glyphs.bad,
            Status::Warning => self.glyphs.warning,
            Status::Busy => self.glyphs.busy,
            Status::Good => self.glyphs.good,
            Status::Off => self.glyphs.off,
            Status::Unknown => self.glyphs.unknown,
        };
        (glyph, status.letter(), self.style(status.role()))
    }

    /// Letter and style of a syslog priority (0 to 7).
    pub fn priority(&self, priority: u8) -> (char, Style) {
        let (letter, role) = match priority {
            0 => ('!', Role::Critical),
            1 => ('A', Role::Critical),
            2 => ('C', Role::Critical),
            3 => ('E', Role::Bad),
            4 => ('W', Role::Warning),
            5 => ('N', Role::Accent),
            6 => ('I', Role::Text),
            _ => ('D', Role::Muted),
        };
        (letter, self.style(role))
    }

    /// The style of a badge in a colour that the user chose (a name or `#rrggbb`), with text that
    /// can be read on it; the header's style where there is none.
    pub fn badge(&self, colour: Option<&str>) -> Style {
        let plain = self.style(Role::Header).add_modifier(Modifier::BOLD);
        let Some(chosen) = colour.and_then(definition::parse_colour) else {
            return plain;
        };
        match (self.depth, chosen) {
            (Depth::None, _) => plain,
            (Depth::Sixteen, _) | (_, Color::Reset) => Style::new()
                .fg(colour::fit(chosen, self.depth))
                .add_modifier(Modifier::REVERSED | Modifier::BOLD),
            _ => {
                let rgb = colour::rgb_of(chosen).unwrap_or(Rgb(128, 128, 128));
                let (black, white) = (Rgb(0, 0, 0), Rgb(255, 255, 255));
                let text = if rgb.contrast(black) >= rgb.contrast(white) {
                    black
                } else {
                    white
                };
                Style::new()
                    .bg(colour::fit(chosen, self.depth))
                    .fg(colour::fit(Color::Rgb(text.0, text.1, text.2), self.depth))
                    .add_modifier(Modifier::BOLD)
            }
        }
    }
}

#[cfg(test)]
mod tests;
