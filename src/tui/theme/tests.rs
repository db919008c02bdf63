use super::*;
use unicode_width::UnicodeWidthStr;

fn all() -> impl Iterator<Item = Definition> {
    BUILT_IN.iter().map(|(name, text)| {
        Definition::parse_complete(name, text).unwrap_or_else(|e| panic!("{e}"))
    })
}

fn ground(definition: &Definition, role: Role) -> Option<Rgb> {
    let look = definition.look(role);
    look.bg.and_then(colour::rgb_of).or(definition.background)
}

#[test]
fn every_theme_gives_every_role() {
    assert_eq!(all().count(), 8);
}

#[test]
fn every_text_can_be_read() {
    for theme in all().filter(|t| t.background.is_some()) {
        let floor = if theme.name == "high-contrast" {
            7.0
        } else {
            4.5
        };
        for role in Role::ALL {
            let least = match role {
                Role::Border => 1.6,
                _ => floor,
            };
            let fg = theme.look(role).fg.or(theme.look(Role::Text).fg);
            let fg = fg.and_then(colour::rgb_of).unwrap();
            let contrast = fg.contrast(ground(&theme, role).unwrap());
            assert!(contrast >= least, "{} {role:?}: {contrast:.2}", theme.name);
        }
        let cursor = ground(&theme, Role::Selected).unwrap();
        let contrast = cursor.contrast(theme.background.unwrap());
        assert!(
            contrast >= 1.25,
            "{}: the cursor's row: {contrast:.2}",
            theme.name
        );
        // Text keeps its colour on the row under the cursor.
        for role in [Role::Good, Role::Busy, Role::Warning, Role::Bad] {
            if theme
                .look(Role::Selected)
                .modifiers
                .contains(Modifier::BOLD)
            {
                continue;
            }
            let fg = theme.look(role).fg.and_then(colour::rgb_of).unwrap();
            let contrast = fg.contrast(cursor);
            assert!(
                contrast >= 2.8,
                "{} {role:?} when selected: {contrast:.2}",
                theme.name
            );
        }
    }
}

#[test]
fn down_converted_colours_can_still_be_read() {
    for definition in all().filter(|t| t.background.is_some()) {
        let theme = Theme::new(&definition, Depth::Indexed, &UNICODE);
        for role in Role::ALL.into_iter().filter(|r| *r != Role::Border) {
            let style = theme.style(role);
            let fg = colour::rgb_of(style.fg.unwrap()).unwrap();
            let bg = colour::rgb_of(style.bg.unwrap_or(theme.background)).unwrap();
            let contrast = fg.contrast(bg);
            assert!(
                contrast >= 3.0,
                "{} {role:?}: {contrast:.2}",
                definition.name
            );
        }
    }
}

/// What a colour looks like to the red-blind and the green-blind (Viénot, Brettel and Mollon).
fn simulate(Rgb(r, g, b): Rgb, green_blind: bool) -> [f64; 3] {
    let linear = |c: u8| (f64::from(c) / 255.0).powf(2.2);
    let (r, g, b) = (linear(r), linear(g), linear(b));
    let (l, m, s) = (
        17.8824 * r + 43.5161 * g + 4.11935 * b,
        3.45565 * r + 27.1554 * g + 3.86714 * b,
        0.0299566 * r + 0.184309 * g + 1.46709 * b,
    );
    let (l, m) = if green_blind {
        (l, 0.494207 * l + 1.24827 * s)
    } else {
        (2.02344 * m - 2.52581 * s, m)
    };
    [
        0.0809444479 * l - 0.130504409 * m + 0.116721066 * s,
        -0.0102485335 * l + 0.0540193266 * m - 0.113614708 * s,
        -0.000365296938 * l - 0.00412161469 * m + 0.693511405 * s,
    ]
    .map(|c| c.clamp(0.0, 1.0).powf(1.0 / 2.2))
}

#[test]
fn the_colour_blind_can_tell_states_apart() {
    let theme = built_in("colour-blind-safe").unwrap();
    let roles = [Role::Good, Role::Warning, Role::Bad];
    for green_blind in [false, true] {
        for (i, a) in roles.iter().enumerate() {
            for b in roles.iter().skip(i + 1) {
                let [x, y] = [a, b].map(|role| {
                    let fg = theme.look(*role).fg.and_then(colour::rgb_of).unwrap();
                    simulate(fg, green_blind)
                });
                let distance: f64 = x.iter().zip(y).map(|(p, q)| (p - q).powi(2)).sum();
                assert!(distance.sqrt() > 0.2, "{a:?} {b:?}: {:.2}", distance.sqrt());
            }
        }
    }
}

#[test]
fn without_colour_there_is_none() {
    for definition in all() {
        let theme = Theme::new(&definition, Depth::None, &ASCII);
        for role in Role::ALL {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_eq!(theme.base().bg, Some(Color::Reset));
        assert_eq!(theme.badge(Some("red")).fg, None);
        assert!(
            theme
                .style(Role::Selected)
                .add_modifier
                .contains(Modifier::REVERSED)
        );
    }
}

#[test]
fn with_16_colours_only_those_are_used() {
    for definition in all() {
        let theme = Theme::new(&definition, Depth::Sixteen, &UNICODE);
        for role in Role::ALL {
            let style = theme.style(role);
            for colour in [style.fg, style.bg].into_iter().flatten() {
                let fine = !matches!(colour, Color::Rgb(..) | Color::Indexed(_));
                assert!(fine, "{} {role:?} {colour:?}", definition.name);
            }
        }
        let mut states = [Role::Good, Role::Busy, Role::Warning, Role::Bad]
            .map(|role| format!("{:?}", theme.style(role).fg))
            .to_vec();
        states.sort();
        states.dedup();
        assert_eq!(states.len(), 4, "{}: {states:?}", definition.name);
    }
}

#[test]
fn glyphs_are_one_column_wide_and_ascii_is_ascii() {
    for glyph in ASCII.all() {
        assert!(glyph.is_ascii(), "{glyph}");
    }
    for glyph in UNICODE.all().into_iter().chain(ASCII.all()) {
        assert_eq!(glyph.width(), 1, "{glyph}");
    }
    for status in [
        Status::Bad,
        Status::Warning,
        Status::Busy,
        Status::Good,
        Status::Off,
    ] {
        for glyphs in [&UNICODE, &ASCII] {
            let theme = Theme::new(&Definition::default(), Depth::True, glyphs);
            let others = [
                Status::Bad,
                Status::Warning,
                Status::Busy,
                Status::Good,
                Status::Off,
            ];
            let same = others
                .into_iter()
                .filter(|o| theme.status(*o).0 == theme.status(status).0)
                .count();
            assert_eq!(same, 1, "{status:?} has a shape of its own");
        }
    }
}

#[test]
fn a_users_theme_changes_what_it_says_and_inherits_the_rest() {
    let theme = Definition::parse(
        "mine",
        "mine.toml",
        "inherit = \"nord\"\nbackground = \"default\"\n[palette]\nhot = \"#ff0000\"\n[roles]\nbad = \"hot\"\n",
    )
    .unwrap();
    assert_eq!(theme.background, None);
    assert_eq!(theme.look(Role::Bad).fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(
        theme.look(Role::Good),
        built_in("nord").unwrap().look(Role::Good)
    );
}

#[test]
fn mistakes_are_placed_and_explained() {
    let cases = [
        (
            "[roles]\nbda = \"red\"",
            "t.toml:2:1: there is no role `bda`: did you mean `bad`?",
        ),
        (
            "[roles]\nbad = \"rde\"",
            "t.toml:2:7: `rde` is not a colour: write #rrggbb",
        ),
        (
            "[palette]\nhot = \"#12\"",
            "t.toml:2:7: `#12` is not a colour",
        ),
        (
            "inherit = \"nrod\"",
            "t.toml:1:11: there is no built-in theme `nrod`",
        ),
        ("colour = 1", "t.toml:1:1: unknown field `colour`"),
        (
            "[roles]\nbad = 3",
            "expected a colour or a table with fg, bg",
        ),
        ("[roles\n", "t.toml:1:7: "),
        (
            "background = \"#12345\"",
            "t.toml:1:14: `#12345` is not a colour",
        ),
    ];
    for (text, expected) in cases {
        let error = Definition::parse("t", "t.toml", text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}\nnot: {expected}");
    }
}

const SOLARIZED: &str = r##"
system: "base16"
name: "Solarized Light"
variant: "light"
palette:
  base00: "#fdf6e3"
  base01: "#eee8d5"
  base02: "#93a1a1"
  base03: "#839496"
  base04: "#657b83"
  base05: "#586e75"
  base06: "#073642"
  base07: "#002b36"
  base08: "#dc322f"
  base09: "#cb4b16"
  base0A: "#b58900"
  base0B: "#859900"
  base0C: "#2aa198"
  base0D: "#268bd2"
  base0E: "#6c71c4"
  base0F: "#d33682"
"##;

#[test]
fn base16_schemes_are_imported_and_made_legible() {
    let flat: String = SOLARIZED
        .lines()
        .filter(|l| !l.starts_with("palette"))
        .map(|l| format!("{}\n", l.trim_start().replace("\"#", "\"")))
        .collect();
    for text in [SOLARIZED, &flat] {
        let theme = base16::parse("solarized", "s.yaml", text).unwrap();
        assert_eq!(theme.appearance, Appearance::Light);
        for role in Role::ALL.into_iter().filter(|r| *r != Role::Border) {
            let fg = theme.look(role).fg.and_then(colour::rgb_of).unwrap();
            assert!(
                fg.contrast(ground(&theme, role).unwrap()) >= 4.5,
                "{role:?}"
            );
        }
    }
    let missing = SOLARIZED.replace("  base08: \"#dc322f\"\n", "");
    let error = base16::parse("s", "s.yaml", &missing)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`base08` of the base16 scheme is missing"),
        "{error}"
    );
    let wrong = SOLARIZED.replace("#dc322f", "red");
    let error = base16::parse("s", "s.yaml", &wrong)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "s.yaml:14:1: base08: `red` is not a colour: write \"rrggbb\""
    );
    assert!(base16::parse("s", "s.yaml", "a: [").is_err());
}

#[test]
fn themes_are_found_by_name() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("sol.yaml"), SOLARIZED).unwrap();
    std::fs::write(
        directory.path().join("nord.toml"),
        "background = \"#000000\"",
    )
    .unwrap();
    std::fs::write(directory.path().join("broken.toml"), "x").unwrap();
    let there = Some(directory.path());
    assert!(names(there).contains(&"sol".to_owned()));
    assert_eq!(load("nord", there).unwrap().background, Some(Rgb(0, 0, 0)));
    assert_eq!(
        load("sol", there).unwrap().background,
        Some(Rgb(0xfd, 0xf6, 0xe3))
    );
    assert!(matches!(
        load("broken", there),
        Err(ThemeError::Invalid { line: 1, .. })
    ));
    assert_eq!(
        load("gruvbx", there).unwrap_err().to_string(),
        "there is no theme `gruvbx`: did you mean `gruvbox`?"
    );
    assert!(load("../nord", there).is_err());
}
