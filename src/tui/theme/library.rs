//! The themes there are: those compiled in and those of the user.

use super::{Definition, ThemeError, base16, definition::nearest};
use std::{fs, path::Path};

/// The theme used when none is chosen.
pub const DEFAULT: &str = "dark";

/// A theme file larger than this is not one.
const MAX_FILE: u64 = 256 * 1024;

/// The compiled-in themes by name, with their text.
pub const BUILT_IN: [(&str, &str); 8] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.toml"),
    ),
    (
        "colour-blind-safe",
        include_str!("../../../themes/colour-blind-safe.toml"),
    ),
    ("sixteen", include_str!("../../../themes/sixteen.toml")),
    ("gruvbox", include_str!("../../../themes/gruvbox.toml")),
    (
        "catppuccin-mocha",
        include_str!("../../../themes/catppuccin-mocha.toml"),
    ),
    ("nord", include_str!("../../../themes/nord.toml")),
];

/// A compiled-in theme.
pub fn built_in(name: &str) -> Option<Definition> {
    BUILT_IN
        .iter()
        .find(|(n, _)| *n == name)
        .and_then(|(name, text)| Definition::parse_complete(name, text).ok())
}

/// The names of all themes: the user's in `directory` (a file there hides the compiled-in theme
/// of its name) and the compiled-in ones.
pub fn names(directory: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let entries = directory.and_then(|d| fs::read_dir(d).ok());
    for entry in entries.into_iter().flatten().flatten().take(1_000) {
        let path = entry.path();
        let known = path
            .extension()
            .is_some_and(|e| e == "toml" || e == "yaml" || e == "yml");
        if let (true, Some(stem)) = (known, path.file_stem().and_then(|s| s.to_str())) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Loads a theme by name: from `directory` (`NAME.toml`, or a base16 or base24 scheme as
/// `NAME.yaml`) or the compiled-in one.
///
/// # Errors
/// There is no such theme, or its file cannot be read or is not a theme.
pub fn load(name: &str, directory: Option<&Path>) -> Result<Definition, ThemeError> {
    let plain_name = !name.contains(['/', '\\']) && !name.starts_with('.');
    if let (Some(directory), true) = (directory, plain_name) {
        for extension in ["toml", "yaml", "yml"] {
            let path = directory.join(format!("{name}.{extension}"));
            if !path.is_file() {
                continue;
            }
            let text = read(&path)?;
            let place = path.display().to_string();
            return if extension == "toml" {
                Definition::parse(name, &place, &text)
            } else {
                base16::parse(name, &place, &text)
            };
        }
    }
    built_in(name).ok_or_else(|| {
        let all = names(directory);
        ThemeError::Unknown {
            name: name.to_owned(),
            near: nearest(name, all.iter().map(String::as_str)).map(str::to_owned),
        }
    })
}

fn read(path: &Path) -> Result<String, ThemeError> {
    let unreadable = |why: String| ThemeError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let size = fs::metadata(path)
        .map_err(|e| unreadable(e.to_string()))?
        .len();
    if size > MAX_FILE {
        return Err(unreadable(format!("it is larger than {MAX_FILE} bytes")));
    }
    fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))
}
