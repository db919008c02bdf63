//! Colour names of `colour_<env>`: the sixteen that every terminal has, or `#rrggbb`.

use super::diagnostic::closest;

/// The names, as they are kept. `grey` and `bright` spellings are understood too.
pub const NAMES: &[&str] = &[
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "darkgray",
    "lightred",
    "lightgreen",
    "lightyellow",
    "lightblue",
    "lightmagenta",
    "lightcyan",
    "white",
];

/// The kept form of a colour: one of [`NAMES`] or `#rrggbb` in lower case.
pub(crate) fn parse(text: &str) -> Result<String, Option<&'static str>> {
    let lower = text.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix('#') {
        let valid = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return if valid { Ok(lower) } else { Err(None) };
    }
    let name = lower
        .replace([' ', '-', '_'], "")
        .replace("grey", "gray")
        .replace("bright", "light");
    match NAMES.iter().find(|known| **known == name) {
        Some(known) => Ok(known.to_string()),
        None => Err(closest(&name, NAMES.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours() {
        assert_eq!(parse("Red"), Ok("red".into()));
        assert_eq!(parse("bright-blue"), Ok("lightblue".into()));
        assert_eq!(parse("Dark Grey"), Ok("darkgray".into()));
        assert_eq!(parse("#FF8800"), Ok("#ff8800".into()));
        assert_eq!(parse("#ff88"), Err(None));
        assert_eq!(parse("#é8800a"), Err(None));
        assert_eq!(parse("yelow"), Err(Some("yellow")));
        assert_eq!(parse(""), Err(None));
    }
}
