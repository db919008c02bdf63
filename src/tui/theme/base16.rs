//! Base16 and base24 schemes (YAML), in the old flat form and the one of tinted-theming.

use super::{Appearance, Definition, Role, ThemeError, colour::Rgb, definition::Look};
use ratatui::style::{Color, Modifier};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Scheme {
    #[serde(default)]
    palette: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// Reads a scheme's text; `place` names it in errors. Colours that could not be read on the
/// scheme's own background are moved until they can.
pub(super) fn parse(name: &str, place: &str, text: &str) -> Result<Definition, ThemeError> {
    let invalid = |line, column, message: String| ThemeError::Invalid {
        place: place.to_owned(),
        line,
        column,
        message,
    };
    let scheme: Scheme = serde_saphyr::from_str(text).map_err(|e| {
        let (line, column) = e
            .location()
            .map_or((1, 1), |at| (at.line() as usize, at.column() as usize));
        let message = e.to_string();
        invalid(
            line,
            column,
            message.lines().next().unwrap_or("").to_owned(),
        )
    })?;
    let colour = |key: &str| -> Result<Rgb, ThemeError> {
        let value = scheme.palette.get(key).map(String::as_str);
        let value = value.or_else(|| scheme.rest.get(key).and_then(|v| v.as_str()));
        let line = text
            .lines()
            .position(|l| l.trim_start().starts_with(key))
            .map_or(1, |n| n + 1);
        let Some(value) = value else {
            let message =
                format!("the colour `{key}` of the base16 scheme is missing or not quoted");
            return Err(invalid(line, 1, message));
        };
        Rgb::parse(value).ok_or_else(|| {
            invalid(
                line,
                1,
                format!("{key}: `{value}` is not a colour: write \"rrggbb\""),
            )
        })
    };
    let background = colour("base00")?;
    let foreground = colour("base05")?.legible_on(background, 7.0);
    let raised = colour("base01")?;
    let selected = colour("base02")?;
    let on = |rgb: Rgb, ground: Rgb, contrast: f64| {
        let Rgb(r, g, b) = rgb.legible_on(ground, contrast);
        Some(Color::Rgb(r, g, b))
    };
    let paint = |rgb: Rgb| Some(Color::Rgb(rgb.0, rgb.1, rgb.2));
    let text_in = |key: &str| -> Result<Look, ThemeError> {
        Ok(Look {
            fg: on(colour(key)?, background, 4.5),
            ..Look::default()
        })
    };
    let bold = |look: Look| Look {
        modifiers: Modifier::BOLD,
        ..look
    };
    let block = |ground: Rgb, text: Rgb| Look {
        fg: on(text, ground, 4.5),
        bg: paint(ground),
        modifiers: Modifier::empty(),
    };
    let red = colour("base08")?;
    let yellow = colour("base0A")?;
    let mut definition = Definition {
        name: name.to_owned(),
        appearance: if background.luminance() < 0.18 {
            Appearance::Dark
        } else {
            Appearance::Light
        },
        background: Some(background),
        looks: Default::default(),
    };
    let plain = Look {
        fg: paint(foreground),
        ..Look::default()
    };
    let looks = [
        (Role::Text, plain),
        (Role::Muted, text_in("base04")?),
        (
            Role::Border,
            Look {
                fg: on(colour("base03")?, background, 2.0),
                ..Look::default()
            },
        ),
        (Role::Title, bold(text_in("base0D")?)),
        (Role::Accent, text_in("base0C")?),
        (Role::Key, bold(text_in("base0E")?)),
        (Role::Header, block(raised, foreground)),
        (Role::Selected, block(selected, foreground)),
        (Role::Marked, bold(text_in("base0A")?)),
        (Role::Found, block(yellow, background)),
        (Role::Focus, bold(block(colour("base09")?, background))),
        (Role::Good, text_in("base0B")?),
        (Role::Busy, text_in("base0D")?),
        (Role::Warning, text_in("base0A")?),
        (Role::Bad, bold(text_in("base08")?)),
        (Role::Critical, bold(block(red, background))),
    ];
    for (role, look) in looks {
        definition.set(role, look);
    }
    Ok(definition)
}
