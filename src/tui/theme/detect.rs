//! Which colours the terminal shows, from what it says of itself.

use super::Depth;

/// What the user wants, from flags and settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ask {
    /// Whatever the terminal shows.
    #[default]
    Auto,
    /// This many, whatever the terminal says.
    Exactly(Depth),
}

/// The environment variables that speak of colour.
#[derive(Debug, Clone, Default)]
pub struct TerminalSays {
    /// `NO_COLOR`: any value that is not empty means no colour.
    pub no_color: Option<String>,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `TERM`.
    pub term: Option<String>,
    /// `TERM_PROGRAM`.
    pub term_program: Option<String>,
    /// `COLORFGBG`: some terminals tell the numbers of their own two colours.
    pub colorfgbg: Option<String>,
}

impl TerminalSays {
    /// Reads them from this process's environment.
    pub fn from_environment() -> TerminalSays {
        let var = |name| std::env::var(name).ok();
        TerminalSays {
            no_color: var("NO_COLOR"),
            colorterm: var("COLORTERM"),
            term: var("TERM"),
            term_program: var("TERM_PROGRAM"),
            colorfgbg: var("COLORFGBG"),
        }
    }
}

/// The theme to use when none is chosen: light where the terminal says that its ground is.
pub fn default_theme(says: &TerminalSays) -> &'static str {
    let ground = says
        .colorfgbg
        .as_deref()
        .and_then(|both| both.rsplit(';').next())
        .and_then(|ground| ground.parse::<u8>().ok());
    match ground {
        Some(7 | 9..=15) => "light",
        _ => super::DEFAULT,
    }
}

/// The depth to draw with.
pub fn depth(ask: Ask, says: &TerminalSays) -> Depth {
    if let Ask::Exactly(depth) = ask {
        return depth;
    }
    if says.no_color.as_ref().is_some_and(|v| !v.is_empty()) {
        return Depth::None;
    }
    let term = says.term.as_deref().unwrap_or("");
    if term == "dumb" {
        return Depth::None;
    }
    let colorterm = says.colorterm.as_deref().unwrap_or("");
    let direct = term.ends_with("-direct") || term.contains("truecolor");
    let modern = ["alacritty", "foot", "ghostty", "kitty", "wezterm"]
        .iter()
        .any(|name| term.contains(name));
    if matches!(colorterm, "truecolor" | "24bit") || direct || modern {
        return Depth::True;
    }
    // macOS's Terminal only learnt 24 bits in 2025, and cannot be told apart from its elders.
    let terminal_app = says.term_program.as_deref() == Some("Apple_Terminal");
    if term.contains("256color") || terminal_app {
        return Depth::Indexed;
    }
    Depth::Sixteen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_terminal_gets_a_light_theme() {
        for (both, expected) in [
            ("0;15", "light"),
            ("0;default;7", "light"),
            ("15;0", "dark"),
            ("7;8", "dark"),
            ("", "dark"),
        ] {
            let says = TerminalSays {
                colorfgbg: Some(both.to_owned()),
                ..TerminalSays::default()
            };
            assert_eq!(default_theme(&says), expected, "{both}");
        }
    }

    #[test]
    fn terminals_get_what_they_can_show() {
        let cases = [
            ("", "truecolor", "xterm-256color", Depth::True),
            ("", "", "xterm-256color", Depth::Indexed),
            ("", "", "xterm-kitty", Depth::True),
            ("", "", "xterm-direct", Depth::True),
            ("", "", "linux", Depth::Sixteen),
            ("", "", "", Depth::Sixteen),
            ("", "truecolor", "dumb", Depth::None),
            ("1", "truecolor", "xterm-256color", Depth::None),
        ];
        for (no_color, colorterm, term, expected) in cases {
            let says = TerminalSays {
                no_color: Some(no_color.to_owned()),
                colorterm: Some(colorterm.to_owned()),
                term: Some(term.to_owned()),
                ..TerminalSays::default()
            };
            assert_eq!(depth(Ask::Auto, &says), expected, "{term} {colorterm}");
            assert_eq!(depth(Ask::Exactly(Depth::True), &says), Depth::True);
        }
    }
}
