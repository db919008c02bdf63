//! Theme files: their TOML form, inheritance and what is wrong with them, with the place.

use super::{Role, colour, colour::Rgb, library};
use ratatui::style::{Color, Modifier};
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};
use toml::Spanned;

/// Whether a theme is dark text on light ground or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Appearance {
    /// Light text on a dark ground.
    #[default]
    Dark,
    /// Dark text on a light ground.
    Light,
}

/// The colours and modifiers of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Look {
    pub(super) fg: Option<Color>,
    pub(super) bg: Option<Color>,
    pub(super) modifiers: Modifier,
}

impl Look {
    pub(super) fn has_rgb(&self) -> bool {
        [self.fg, self.bg]
            .into_iter()
            .flatten()
            .any(|c| matches!(c, Color::Rgb(..) | Color::Indexed(_)))
    }

    /// The colour that carries the meaning when only one of 16 can be used: that of a painted
    /// ground if it is a hue, else that of the text.
    pub(super) fn sixteen_source(&self) -> Option<Color> {
        let hue = |c: &Color| {
            !matches!(
                colour::fit(*c, super::Depth::Sixteen),
                Color::Reset | Color::Black | Color::DarkGray
            )
        };
        match self.bg {
            Some(bg) => Some(bg).filter(hue),
            None => self.fg,
        }
    }
}

/// A theme as its file says, before it is fitted to a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name: that of the file.
    pub name: String,
    /// Dark or light.
    pub appearance: Appearance,
    /// What is painted behind everything; `None` leaves the terminal's own.
    pub background: Option<Rgb>,
    pub(super) looks: [Look; Role::ALL.len()],
}

impl Default for Definition {
    /// The theme called `dark`, or no colours at all should that one be broken (a test says it
    /// is not).
    fn default() -> Self {
        library::built_in(library::DEFAULT).unwrap_or(Definition {
            name: library::DEFAULT.to_owned(),
            appearance: Appearance::Dark,
            background: None,
            looks: Default::default(),
        })
    }
}

/// Why a theme cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// There is no theme of this name.
    #[error("there is no theme `{name}`{}", near.as_ref().map(|n| format!(": did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar one.
        near: Option<String>,
    },
    /// The file cannot be read.
    #[error("cannot read the theme {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The file is not a theme.
    #[error("{place}:{line}:{column}: {message}")]
    Invalid {
        /// The file, or the theme's name when it is built in.
        place: String,
        /// Counts from 1.
        line: usize,
        /// Counts from 1, in characters.
        column: usize,
        /// What is wrong and what to write instead.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherit: Option<Spanned<String>>,
    appearance: Option<Appearance>,
    background: Option<Spanned<String>>,
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<RoleEntry>>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a colour or a table with fg, bg, bold, dim, italic, underlined, reversed"
)]
enum RoleEntry {
    Colour(String),
    Look(LookEntry),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LookEntry {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underlined: bool,
    #[serde(default)]
    reversed: bool,
}

/// A colour by name (`red`, `light-blue`, `default`), number (`0` to `255`) or `#rrggbb`.
pub(super) fn parse_colour(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    if let Some(hex) = text.strip_prefix('#') {
        return Rgb::parse(hex).map(|Rgb(r, g, b)| Color::Rgb(r, g, b));
    }
    text.parse().ok()
}

impl Definition {
    pub(super) fn look(&self, role: Role) -> &Look {
        const NONE: &Look = &Look {
            fg: None,
            bg: None,
            modifiers: Modifier::empty(),
        };
        self.looks.get(role as usize).unwrap_or(NONE)
    }

    pub(super) fn set(&mut self, role: Role, look: Look) {
        if let Some(slot) = self.looks.get_mut(role as usize) {
            *slot = look;
        }
    }

    /// Reads a theme file's text; `place` names it in errors. Roles that it does not give are
    /// those of the theme it inherits, or of the default theme of its appearance.
    pub fn parse(name: &str, place: &str, text: &str) -> Result<Definition, ThemeError> {
        Reader { place, text }.read(name, true)
    }

    /// As [`Definition::parse`] for a theme that must give every role itself.
    pub(super) fn parse_complete(name: &str, text: &str) -> Result<Definition, ThemeError> {
        Reader { place: name, text }.read(name, false)
    }
}

struct Reader<'a> {
    place: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn error(&self, at: usize, message: impl Into<String>) -> ThemeError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        ThemeError::Invalid {
            place: self.place.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            message: message.into(),
        }
    }

    fn read(&self, name: &str, may_inherit: bool) -> Result<Definition, ThemeError> {
        let file: File = toml::from_str(self.text).map_err(|e| {
            let at = e.span().map_or(0, |s| s.start);
            self.error(at, e.message().trim())
        })?;
        let mut palette = BTreeMap::new();
        for (key, value) in &file.palette {
            let colour = parse_colour(value.get_ref())
                .ok_or_else(|| self.not_a_colour(value.span().start, value.get_ref(), &palette))?;
            palette.insert(key.as_str(), colour);
        }
        let mut definition = match &file.inherit {
            Some(parent) => library::built_in(parent.get_ref()).ok_or_else(|| {
                self.error(
                    parent.span().start,
                    format!(
                        "there is no built-in theme `{}` to inherit: {}",
                        parent.get_ref(),
                        library::BUILT_IN.map(|(name, _)| name).join(", ")
                    ),
                )
            })?,
            None if may_inherit => {
                let parent = match file.appearance {
                    Some(Appearance::Light) => "light",
                    _ => library::DEFAULT,
                };
                library::built_in(parent).unwrap_or_default()
            }
            None => Definition {
                name: String::new(),
                appearance: Appearance::Dark,
                background: None,
                looks: Default::default(),
            },
        };
        definition.name = name.to_owned();
        if let Some(appearance) = file.appearance {
            definition.appearance = appearance;
        }
        if let Some(background) = &file.background {
            let colour = self.colour(background.get_ref(), background.span().start, &palette)?;
            definition.background = match colour {
                Color::Reset => None,
                colour => Some(colour::rgb_of(colour).ok_or_else(|| {
                    self.error(
                        background.span().start,
                        "the background must be `default` or `#rrggbb`",
                    )
                })?),
            };
        }
        for (key, entry) in &file.roles {
            let role = self.role(key)?;
            let look = self.look(entry, &palette)?;
            definition.set(role, look);
        }
        if !may_inherit && file.inherit.is_none() {
            let given: Vec<&str> = file.roles.keys().map(|k| k.get_ref().as_str()).collect();
            if let Some(role) = Role::ALL.iter().find(|r| !given.contains(&r.name())) {
                return Err(self.error(0, format!("the role `{}` is missing", role.name())));
            }
        }
        Ok(definition)
    }

    fn role(&self, key: &Spanned<String>) -> Result<Role, ThemeError> {
        let typed = key.get_ref();
        if let Some(role) = Role::ALL.into_iter().find(|r| r.name() == typed) {
            return Ok(role);
        }
        let near = nearest(typed, Role::ALL.into_iter().map(Role::name));
        let help = near.map_or_else(
            || format!("roles are {}", Role::ALL.map(Role::name).join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Err(self.error(
            key.span().start,
            format!("there is no role `{typed}`: {help}"),
        ))
    }

    fn look(
        &self,
        entry: &Spanned<RoleEntry>,
        palette: &BTreeMap<&str, Color>,
    ) -> Result<Look, ThemeError> {
        let at = entry.span().start;
        let entry = match entry.get_ref() {
            RoleEntry::Colour(fg) => {
                let fg = Some(self.colour(fg, at, palette)?);
                return Ok(Look {
                    fg,
                    ..Look::default()
                });
            }
            RoleEntry::Look(look) => look,
        };
        let colour = |text: &Option<String>| {
            text.as_ref()
                .map(|text| self.colour(text, at, palette))
                .transpose()
        };
        let mut modifiers = Modifier::empty();
        let flags = [
            (entry.bold, Modifier::BOLD),
            (entry.dim, Modifier::DIM),
            (entry.italic, Modifier::ITALIC),
            (entry.underlined, Modifier::UNDERLINED),
            (entry.reversed, Modifier::REVERSED),
        ];
        for (on, modifier) in flags {
            modifiers.set(modifier, on);
        }
        Ok(Look {
            fg: colour(&entry.fg)?,
            bg: colour(&entry.bg)?,
            modifiers,
        })
    }

    fn colour(
        &self,
        text: &str,
        at: usize,
        palette: &BTreeMap<&str, Color>,
    ) -> Result<Color, ThemeError> {
        palette
            .get(text)
            .copied()
            .or_else(|| parse_colour(text))
            .ok_or_else(|| self.not_a_colour(at, text, palette))
    }

    fn not_a_colour(&self, at: usize, text: &str, palette: &BTreeMap<&str, Color>) -> ThemeError {
        let help = nearest(text, palette.keys().copied()).map_or_else(
            || "write #rrggbb, a number from 0 to 255, a name such as light-blue, or a name of [palette]".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.error(at, format!("`{text}` is not a colour: {help}"))
    }
}

/// The most similar of some names, if it is similar at all.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::damerau_levenshtein(name, typed), name))
        .min()
        .filter(|(distance, name)| *distance <= 2 && *distance < name.len())
        .map(|(_, name)| name)
}
