//! The settings' TOML, key by key, each mistake with its place.

use super::{Places, Preset, Settings, TimeFormat};
use crate::config::{Diagnostic, Position, Severity, SshTransport, diagnostic::closest};
use std::{ops::Range, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

const KEYS: &[&str] = &[
    "theme",
    "preset",
    "keys",
    "time",
    "mouse",
    "ascii",
    "scroll_regions",
    "log_budget_mib",
    "ssh_transport",
    "age_identity",
];

/// Far more than there are actions.
const MAX_ACTIONS: usize = 1000;
/// Nobody reads more at once.
const MAX_FINDINGS: usize = 200;

/// Reads as much as can be read.
pub(super) fn parse(path: &Path, text: &str) -> (Settings, Vec<Diagnostic>) {
    let mut reader = Reader {
        path,
        text,
        diagnostics: Vec::new(),
    };
    let mut settings = Settings {
        places: Places {
            file: path.into(),
            ..Places::default()
        },
        ..Settings::default()
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let first_line = error.message().lines().next().unwrap_or("").to_string();
        let span = error.span().unwrap_or(0..0);
        let hint = first_line
            .starts_with("invalid ")
            .then(|| "text needs quotes".to_string());
        reader.report(&span, "invalid-toml", first_line, hint);
    }
    for (key, value) in table.get_ref() {
        reader.key(key, value, &mut settings);
    }
    reader.diagnostics.sort_by_key(|d| d.at);
    // What the parser made of a broken value is not worth a second remark.
    reader
        .diagnostics
        .dedup_by(|later, first| first.code == "invalid-toml" && later.at == first.at);
    (settings, reader.diagnostics)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;
type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn at(&self, span: &Range<usize>) -> Position {
        Position::of(self.text, span.start)
    }

    fn report(
        &mut self,
        span: &Range<usize>,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) {
        if self.diagnostics.len() >= MAX_FINDINGS {
            return;
        }
        let mut diagnostic =
            Diagnostic::new(Severity::Error, self.path, code, message).at(self.at(span));
        diagnostic.hint = hint;
        self.diagnostics.push(diagnostic);
    }

    fn key(&mut self, key: &Key<'_>, value: &Value<'_>, settings: &mut Settings) {
        let name = key.get_ref().as_ref();
        match name {
            "theme" => {
                if let Some(theme) = self.string(name, value) {
                    settings.theme = Some(theme.to_string());
                    settings.places.theme = Some(self.at(&value.span()));
                }
            }
            "preset" => {
                let choices = [Preset::Default, Preset::Vim, Preset::Emacs];
                let choices = choices.map(|p| (p.name(), p));
                self.choice(name, value, &choices, &mut settings.preset);
            }
            "keys" => self.keys(value, settings),
            "time" => {
                let choices = [
                    ("local", TimeFormat::Local),
                    ("utc", TimeFormat::Utc),
                    ("relative", TimeFormat::Relative),
                ];
                self.choice(name, value, &choices, &mut settings.time);
            }
            "mouse" => self.boolean(name, value, &mut settings.mouse),
            "ascii" => self.boolean(name, value, &mut settings.ascii),
            "scroll_regions" => self.boolean(name, value, &mut settings.scroll_regions),
            "log_budget_mib" => self.budget(name, value, &mut settings.log_budget_mib),
            "ssh_transport" => {
                let choices = [
                    ("russh", SshTransport::Russh),
                    ("openssh", SshTransport::Openssh),
                ];
                self.choice(name, value, &choices, &mut settings.ssh_transport);
            }
            "age_identity" => {
                if let Some(text) = self.string(name, value) {
                    settings.age_identity = Some(crate::config::expand_home(text));
                }
            }
            _ => {
                let hint = closest(name, KEYS.iter().copied())
                    .map(|meant| format!("did you mean '{meant}'?"))
                    .unwrap_or_else(|| format!("the settings are {}", KEYS.join(", ")));
                let message = format!("unknown setting '{name}'");
                self.report(&key.span(), "unknown-key", message, Some(hint));
            }
        }
    }

    fn keys(&mut self, value: &Value<'_>, settings: &mut Settings) {
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type("keys", value, "a table of actions and their keys");
        };
        self.actions("", table, settings);
    }

    /// `units.restart = […]` without quotes is a table `units` in TOML: both are understood.
    fn actions(&mut self, prefix: &str, table: &DeTable<'_>, settings: &mut Settings) {
        for (key, value) in table {
            let id = format!("{prefix}{}", key.get_ref());
            if let Some(inner) = value.get_ref().as_table() {
                self.actions(&format!("{id}."), inner, settings);
                continue;
            }
            if settings.keys.len() >= MAX_ACTIONS {
                return;
            }
            if let Some(keys) = self.key_list(&id, value) {
                let at = self.at(&key.span());
                settings.places.actions.insert(id.clone(), at);
                settings.keys.insert(id, keys);
            }
        }
    }

    fn key_list(&mut self, id: &str, value: &Value<'_>) -> Option<Vec<String>> {
        if let Some(one) = value.get_ref().as_str() {
            return Some(vec![one.to_string()]);
        }
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(id, value, "a list of keys");
            return None;
        };
        let mut keys = Vec::new();
        for element in array {
            match element.get_ref().as_str() {
                Some(key) => keys.push(key.to_string()),
                None => self.wrong_type(id, element, "a list of strings"),
            }
        }
        Some(keys)
    }

    fn string<'v>(&mut self, name: &str, value: &'v Value<'_>) -> Option<&'v str> {
        match value.get_ref().as_str() {
            Some("") => {
                let hint = "write a value or remove the line".to_string();
                self.report(
                    &value.span(),
                    "bad-value",
                    format!("{name} is empty"),
                    Some(hint),
                );
                None
            }
            Some(text) => Some(text),
            None => {
                self.wrong_type(name, value, "a string");
                None
            }
        }
    }

    fn boolean(&mut self, name: &str, value: &Value<'_>, to: &mut bool) {
        match value.get_ref().as_bool() {
            Some(b) => *to = b,
            None => self.wrong_type(name, value, "true or false"),
        }
    }

    fn budget(&mut self, name: &str, value: &Value<'_>, to: &mut u32) {
        let Some(integer) = value.get_ref().as_integer() else {
            return self.wrong_type(name, value, "a number of MiB");
        };
        match u32::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(n) if (8..=65_536).contains(&n) => *to = n,
            _ => self.report(
                &value.span(),
                "bad-value",
                format!("{name} is out of range"),
                Some("it is a number of MiB from 8 to 65536".into()),
            ),
        }
    }

    fn choice<T: Copy>(
        &mut self,
        name: &str,
        value: &Value<'_>,
        choices: &[(&'static str, T)],
        to: &mut T,
    ) {
        let Some(text) = self.string(name, value) else {
            return;
        };
        if let Some((_, chosen)) = choices.iter().find(|(choice, _)| *choice == text) {
            *to = *chosen;
            return;
        }
        let names: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
        let hint = match closest(text, names.iter().copied()) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("it is one of {}", names.join(", ")),
        };
        self.report(
            &value.span(),
            "bad-value",
            format!("{name} cannot be '{text}'"),
            Some(hint),
        );
    }

    fn wrong_type(&mut self, name: &str, value: &Value<'_>, expected: &str) {
        let kind = value.get_ref().type_str();
        self.report(
            &value.span(),
            "wrong-type",
            format!("{name} must be {expected}, not {} {kind}", article(kind)),
            None,
        );
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn lines(text: &str) -> (Settings, Vec<String>) {
        let (settings, diagnostics) = parse(Path::new("s"), text);
        (
            settings,
            diagnostics.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn all_keys() {
        let (settings, problems) = lines(
            "theme = 'nord'\npreset = 'vim'\ntime = 'utc'\nmouse = false\nascii = true\n\
             scroll_regions = false\nlog_budget_mib = 0x40\nssh_transport = 'openssh'\nage_identity = '/k'\n\
             [keys]\n'units.restart' = ['ctrl-r', 'R']\nunits.stop = []\nquit = 'x'\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(settings.theme.as_deref(), Some("nord"));
        assert_eq!(settings.preset, Preset::Vim);
        assert_eq!(settings.time, TimeFormat::Utc);
        assert!(!settings.mouse && settings.ascii && !settings.scroll_regions);
        assert_eq!(settings.log_budget_mib, 64);
        assert_eq!(settings.ssh_transport, SshTransport::Openssh);
        assert_eq!(settings.age_identity, Some(PathBuf::from("/k")));
        assert_eq!(settings.keys["units.restart"], ["ctrl-r", "R"]);
        assert_eq!(settings.keys["units.stop"], [""; 0]);
        assert_eq!(settings.keys["quit"], ["x"]);
        assert_eq!(settings.place("units.stop"), "s:12:7");
        assert_eq!(
            settings.theme_position(),
            Some(Position { line: 1, column: 9 })
        );
    }

    #[test]
    fn mistakes_leave_the_defaults() {
        let (settings, problems) = lines(
            "themes = 'nord'\npreset = 'vmi'\nmouse = 'yes'\nlog_budget_mib = 1\n\
             time = 'mars'\ntheme = ''\nascii = tru\n[keys]\nquit = 3\n",
        );
        assert_eq!(settings.preset, Preset::Default);
        assert!(settings.mouse);
        insta::assert_snapshot!(problems.join("\n"), @r"
        s:1:1: error: unknown setting 'themes' (did you mean 'theme'?)
        s:2:10: error: preset cannot be 'vmi' (did you mean 'vim'?)
        s:3:9: error: mouse must be true or false, not a string
        s:4:18: error: log_budget_mib is out of range (it is a number of MiB from 8 to 65536)
        s:5:8: error: time cannot be 'mars' (it is one of local, utc, relative)
        s:6:9: error: theme is empty (write a value or remove the line)
        s:7:9: error: invalid boolean, expected `true` (text needs quotes)
        s:9:8: error: quit must be a list of keys, not an integer
        ");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "([a-z_]{1,8}|\\[keys\\]\n|=|'|\"|\\{|\\[|\\]|\n|é|1|true|\\.|#)*") {
            lines(&text);
        }
    }
}
