//! What the settings mean for the screen: keys, theme, clock; and keeping up with them as they
//! are edited.

use super::Options;
use crate::{
    config::settings::{self, Settings, TimeFormat},
    problem::{Exit, Problem},
    tui::{
        keymap::{Keymap, Override, Preset},
        model::Preferences,
        msg::{Level, Msg},
        runtime::reload,
        theme::{self, Ask, Definition, TerminalSays, Theme},
    },
};
use jiff::tz::TimeZone;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// The theme chosen by command, which holds over the one in the settings.
pub(super) type Chosen = Arc<Mutex<Option<String>>>;

/// The user's themes.
pub(super) fn themes_directory() -> Option<PathBuf> {
    settings::directory().map(|directory| directory.join("themes"))
}

/// The settings with what the command line says otherwise, and what is wrong with them.
pub(super) fn load(log_budget_mib: Option<u32>) -> (Settings, Vec<Problem>) {
    let (mut settings, said) = Settings::load();
    settings.log_budget_mib = log_budget_mib.unwrap_or(settings.log_budget_mib);
    (settings, said)
}

/// What the settings mean for the screen, and what is wrong with them.
pub(super) fn preferences(settings: &Settings, ascii: bool) -> (Preferences, Vec<Problem>) {
    let mut wrong = Vec::new();
    let preset = match settings.preset {
        settings::Preset::Default => Preset::Default,
        settings::Preset::Vim => Preset::Vim,
        settings::Preset::Emacs => Preset::Emacs,
    };
    let overrides: Vec<Override> = settings
        .keys
        .iter()
        .map(|(action, keys)| Override {
            action: action.clone(),
            keys: keys.clone(),
            place: settings.place(action),
        })
        .collect();
    let (keymap, conflicts) = Keymap::with_overrides(preset, &overrides);
    wrong.extend(conflicts);
    let ascii = ascii || settings.ascii;
    let usual = theme::default_theme(&TerminalSays::from_environment());
    let name = settings.theme.as_deref().unwrap_or(usual);
    let theme = match load_theme(name, ascii) {
        Ok(theme) => theme,
        Err(problem) => {
            wrong.push(problem);
            Theme::new(&Definition::default(), depth(), glyphs(ascii))
        }
    };
    let zone = match settings.time {
        TimeFormat::Utc => TimeZone::UTC,
        TimeFormat::Local | TimeFormat::Relative => TimeZone::system(),
    };
    let preferences = Preferences {
        theme,
        keymap,
        mouse: settings.mouse,
        scroll_regions: settings.scroll_regions,
        zone,
        time: settings.time,
        log_budget: usize::try_from(settings.log_budget_mib)
            .unwrap_or(256)
            .saturating_mul(1 << 20),
    };
    (preferences, wrong)
}

fn depth() -> theme::Depth {
    theme::depth(Ask::Auto, &TerminalSays::from_environment())
}

fn glyphs(ascii: bool) -> &'static theme::Glyphs {
    if ascii {
        &theme::ASCII
    } else {
        &theme::UNICODE
    }
}

pub(super) fn load_theme(name: &str, ascii: bool) -> Result<Theme, Problem> {
    let definition = theme::load(name, themes_directory().as_deref()).map_err(|error| {
        Problem::new("settings", "theme", Exit::Usage, error.to_string())
            .hint("the command :theme lists them")
    })?;
    Ok(Theme::new(&definition, depth(), glyphs(ascii)))
}

/// Takes settings and themes as they are edited; a mistake leaves what holds and is told.
pub(super) fn keep_up(
    options: &Options,
    chosen: &Chosen,
    tx: &mpsc::Sender<Msg>,
) -> Option<notify::RecommendedWatcher> {
    let directories: Vec<PathBuf> = settings::directory()
        .into_iter()
        .chain(themes_directory())
        .collect();
    let (ascii, budget) = (options.ascii, options.log_budget_mib);
    let (chosen, told) = (chosen.clone(), tx.clone());
    let watching = reload::watch(&directories, move || {
        let (settings, said) = load(budget);
        let (mut preferences, mut wrong) = preferences(&settings, ascii);
        let chosen = chosen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(name) = chosen {
            match load_theme(&name, ascii || settings.ascii) {
                Ok(theme) => preferences.theme = theme,
                Err(problem) => wrong.push(problem),
            }
        }
        let told = told.clone();
        tokio::spawn(async move {
            let mistakes = said.into_iter().chain(wrong).map(Msg::Problem);
            for msg in std::iter::once(Msg::Settings(Box::new(preferences))).chain(mistakes) {
                if told.send(msg).await.is_err() {
                    return;
                }
            }
        });
    });
    match watching {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            let text = format!("changed settings hold from the next start on: {error}");
            // The queue is empty at the start.
            let _ = tx.try_send(Msg::Say(Level::Warning, text));
            None
        }
    }
}
