//! Personal settings: `$XDG_CONFIG_HOME/quarterdeck/settings.toml`.
//!
//! A mistake never keeps the program from starting: the default is used and the mistake shown.

mod read;

use super::{Diagnostic, Position, SshTransport, find};
use crate::problem::Problem;
use etcetera::BaseStrategy;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Which default keys hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Arrows, letters, and vim's movements where they are free.
    #[default]
    Default,
    /// As in vim.
    Vim,
    /// As in Emacs.
    Emacs,
}

impl Preset {
    /// Its name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Default => "default",
            Preset::Vim => "vim",
            Preset::Emacs => "emacs",
        }
    }
}

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeFormat {
    /// This machine's time zone.
    #[default]
    Local,
    /// UTC.
    Utc,
    /// How long ago.
    Relative,
}

/// Personal settings of Quarterdeck (settings.toml)
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct Settings {
    /// The theme's name; absent: dark or light as the terminal is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// Which default keys hold.
    pub preset: Preset,
    /// Own keys: the id of an action and its keys, e.g. `"units.restart" = ["f5"]`. An empty
    /// list takes the action's keys away.
    pub keys: BTreeMap<String, Vec<String>>,
    /// How times are shown.
    pub time: TimeFormat,
    /// Whether the console reacts to the mouse. Without, the terminal selects text itself.
    pub mouse: bool,
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// Let the terminal move lines that only moved, which sends less. Turn it off for a terminal
    /// that leaves lines behind.
    pub scroll_regions: bool,
    /// Memory for journal entries of all log views together, in MiB.
    #[schemars(range(min = 8, max = 65536))]
    pub log_budget_mib: u32,
    /// What carries SSH where config.json has no `ssh_transport_<env>`.
    pub ssh_transport: SshTransport,
    /// The identity file that opens secrets.json.age; absent: where sops looks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_identity: Option<PathBuf>,
    #[serde(skip)]
    places: Places,
}

/// Where actions stand in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places {
    file: PathBuf,
    theme: Option<Position>,
    actions: BTreeMap<String, Position>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            theme: None,
            preset: Preset::default(),
            keys: BTreeMap::new(),
            time: TimeFormat::default(),
            mouse: true,
            ascii: false,
            scroll_regions: true,
            log_budget_mib: 256,
            ssh_transport: SshTransport::default(),
            age_identity: None,
            places: Places::default(),
        }
    }
}

/// `$XDG_CONFIG_HOME/quarterdeck`, also on macOS; `None` without a home directory.
pub fn directory() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("quarterdeck"))
}

impl Settings {
    /// The file, which need not exist.
    pub fn path() -> Option<PathBuf> {
        directory().map(|d| d.join("settings.toml"))
    }

    /// Reads the user's file; the defaults when there is none.
    pub fn load() -> (Settings, Vec<Problem>) {
        let (settings, diagnostics) = Settings::load_checked();
        (settings, diagnostics.iter().map(Problem::from).collect())
    }

    /// As [`Settings::load`], with the findings as they are.
    pub fn load_checked() -> (Settings, Vec<Diagnostic>) {
        match Settings::path() {
            Some(path) => Settings::read(&path),
            None => (Settings::default(), Vec::new()),
        }
    }

    /// Reads a file; the defaults when there is none.
    pub fn read(path: &Path) -> (Settings, Vec<Diagnostic>) {
        if !path.exists() {
            return (Settings::default(), Vec::new());
        }
        match find::read_text(path) {
            Ok(text) => read::parse(path, &text),
            Err(diagnostic) => (Settings::default(), vec![*diagnostic]),
        }
    }

    /// Where the keys of an action are set: `file:line:column`. What actions there are, and
    /// whether their keys clash, is known above this module.
    pub fn place(&self, action: &str) -> String {
        let file = self.places.file.display();
        match self.position(action) {
            Some(at) => format!("{file}:{}:{}", at.line, at.column),
            None => file.to_string(),
        }
    }

    /// As [`Settings::place`], without the file.
    pub fn position(&self, action: &str) -> Option<Position> {
        self.places.actions.get(action).copied()
    }

    /// Where the theme is named.
    pub fn theme_position(&self) -> Option<Position> {
        self.places.theme
    }
}
