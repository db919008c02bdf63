//! `qd config`: what is wrong with config.json, secrets and settings, where they are, and what
//! may stand in them.

use super::{Global, Run, context, output};
use crate::config::{
    Diagnostic, Inspection, Severity,
    schema::{self, Described},
    secrets::{Asking, Secrets},
    settings::{self, Settings},
};
use crate::text;
use crate::tui::{keymap, theme};
use clap::Subcommand;
use serde::Serialize;
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// config.json, secrets.json and settings
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Report every problem in them, with its place
    ///
    /// Encrypted secrets are decrypted into memory to look at their keys. Exits with 2 when there
    /// is an error, with 0 when there are only warnings.
    Check,
    /// Print the JSON Schema of a file, for editors
    Schema {
        /// Which file
        #[arg(value_enum, default_value = "config")]
        file: Described,
    },
    /// Tell which files are read
    Path,
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Config) -> Run {
    match command {
        Config::Check => check(global).await,
        Config::Schema { file } => {
            output::print(&schema::text(file))?;
            Ok(0)
        }
        Config::Path => path(global),
    }
}

/// A finding as `--json` shows it.
#[derive(Debug, Serialize)]
struct Finding {
    severity: Severity,
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
    code: &'static str,
    message: String,
    hint: Option<String>,
    environment: Option<String>,
}

impl From<&Diagnostic> for Finding {
    fn from(d: &Diagnostic) -> Self {
        Finding {
            severity: d.severity,
            file: d.file.clone(),
            line: d.at.map(|at| at.line),
            column: d.at.map(|at| at.column),
            code: d.code,
            message: d.message.clone(),
            hint: d.hint.clone(),
            environment: d.environment.clone(),
        }
    }
}

async fn check(global: &Global) -> Run {
    let cwd = context::directory()?;
    let inspection = Inspection::of(global.config.as_deref(), &cwd)?;
    let (settings, mut of_settings) = Settings::load_checked();
    of_settings.extend(keys(&settings));
    of_settings.extend(theme_of(&settings));
    of_settings.sort_by_key(|d| d.at);
    let asking = if std::io::stdin().is_terminal() && !global.json {
        Asking::Terminal
    } else {
        Asking::Never
    };
    let secrets = Secrets::beside(&inspection.path, &settings, asking);
    let mut found = inspection.diagnostics;
    found.extend(secrets.check(&inspection.environments).await);
    found.extend(of_settings);

    let errors = found.iter().filter(|d| d.is_error()).count();
    if global.json {
        let items: Vec<Finding> = found.iter().map(Finding::from).collect();
        let environment = inspection.default.as_deref().unwrap_or_default();
        output::json(&output::Document::new(environment, items, &[]))?;
    } else {
        let mut lines = String::new();
        for mut diagnostic in found.iter().cloned() {
            diagnostic.file = shown(&diagnostic.file, &cwd);
            lines += &text::clean(&diagnostic.to_string());
            lines.push('\n');
        }
        let environments = count(inspection.environments.len(), "environment");
        lines += &format!(
            "{}: {environments}; {}, {}\n",
            text::clean(&shown(&inspection.path, &cwd).display().to_string()),
            count(errors, "error"),
            count(found.len() - errors, "warning"),
        );
        output::print(&lines)?;
    }
    Ok(if errors > 0 { 2 } else { 0 })
}

/// Relative to the working directory where it lies below.
fn shown(path: &Path, cwd: &Path) -> PathBuf {
    path.strip_prefix(cwd).unwrap_or(path).to_path_buf()
}

fn count(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// What is wrong with the keys: unknown actions, unreadable keys, conflicts.
fn keys(settings: &Settings) -> Vec<Diagnostic> {
    let preset = keymap::Preset::named(settings.preset.name()).unwrap_or_default();
    let overrides: Vec<_> = settings
        .keys
        .iter()
        .map(|(action, keys)| keymap::Override {
            action: action.clone(),
            keys: keys.clone(),
            place: settings.place(action),
        })
        .collect();
    let (_, problems) = keymap::Keymap::with_overrides(preset, &overrides);
    let file = Settings::path().unwrap_or_default();
    problems
        .iter()
        .map(|problem| {
            let change = overrides
                .iter()
                .find(|change| problem.message.starts_with(&format!("{}: ", change.place)));
            let at = change.and_then(|change| settings.position(&change.action));
            let start = change.map_or(0, |change| change.place.len() + 2);
            let message = problem.message.get(start..).unwrap_or(&problem.message);
            finding(&file, problem.code, message, at, problem.hint.clone())
        })
        .collect()
}

fn theme_of(settings: &Settings) -> Option<Diagnostic> {
    let name = settings.theme.as_deref()?;
    let directory = settings::directory().map(|d| d.join("themes"));
    let error = theme::load(name, directory.as_deref()).err()?;
    let file = Settings::path().unwrap_or_default();
    let names = theme::names(directory.as_deref()).join(", ");
    let hint = Some(format!("the themes are {names}"));
    let at = settings.theme_position();
    Some(finding(&file, "bad-theme", &error.to_string(), at, hint))
}

fn finding(
    file: &Path,
    code: &'static str,
    message: &str,
    at: Option<crate::config::Position>,
    hint: Option<String>,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Severity::Error, file, code, message);
    diagnostic.at = at;
    diagnostic.hint = hint;
    diagnostic
}

/// A file that is read when it exists.
#[derive(Debug, Serialize)]
struct Place {
    name: &'static str,
    path: PathBuf,
    exists: bool,
}

fn path(global: &Global) -> Run {
    let cwd = context::directory()?;
    let (settings, _) = Settings::load_checked();
    let mut places = Vec::new();
    let mut add = |name, path: PathBuf| {
        let exists = path.exists();
        places.push(Place { name, path, exists });
    };
    let inspection = Inspection::of(global.config.as_deref(), &cwd)?;
    add("config", inspection.path.clone());
    let beside = inspection.path.parent().unwrap_or(Path::new(""));
    add("secrets", beside.join("secrets.json"));
    let secrets = Secrets::beside(&inspection.path, &settings, Asking::Never);
    if let Some(source) = secrets.encrypted_source() {
        add("encrypted secrets", source.path().to_path_buf());
    }
    if let Some(path) = Settings::path() {
        add("settings", path);
    }
    if let Some(directory) = settings::directory() {
        add("themes", directory.join("themes"));
    }
    if global.json {
        let environment = inspection.default.as_deref().unwrap_or_default();
        output::json(&output::Document::new(environment, places, &[]))?;
        return Ok(0);
    }
    let rows: Vec<Vec<String>> = places
        .iter()
        .map(|place| {
            let exists = if place.exists { "yes" } else { "no" };
            vec![
                place.name.into(),
                exists.into(),
                place.path.display().to_string(),
            ]
        })
        .collect();
    output::print(&output::table(&["FILE", "EXISTS", "PATH"], &rows))?;
    Ok(0)
}
