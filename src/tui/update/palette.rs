//! Lists to choose from by typing: actions, environments, hosts, what a pane offers.

use super::{act, availability, contexts, screens, tell};
use crate::{
    ops::Intent,
    tui::{
        actions::{ACTIONS, Context},
        effect::{Effect, PickSpec},
        model::{Model, Overlay, Palette, PaletteItem},
        msg::{Hit, Level, Mouse},
        panes::{PaneMsg, ScreenId},
    },
};
use crossterm::event::{Event, KeyEvent};
use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use std::cmp::Reverse;
use tui_input::{Input, backend::crossterm::EventHandler};

fn open(model: &mut Model, title: &str, items: Vec<(PaletteItem, String, String)>) {
    model.dirty = true;
    let used = items
        .iter()
        .map(|(item, ..)| match item {
            PaletteItem::Action(id, Ok(())) => model.used.get(id).copied().unwrap_or(0),
            _ => 0,
        })
        .collect();
    let mut palette = Palette {
        title: title.to_owned(),
        used,
        input: Input::default(),
        items,
        matches: Vec::new(),
        selected: 0,
    };
    narrow(&mut palette);
    model.overlays.push(Overlay::Palette(palette));
}

/// Every action of this screen, also those that cannot be done now, with the reason.
pub(super) fn actions(model: &mut Model) {
    let here = contexts(model);
    let mut items = Vec::new();
    for action in ACTIONS {
        if !here.contains(&action.context) || action.context == Context::Prompt {
            continue;
        }
        let keys: Vec<String> = model
            .preferences
            .keymap
            .keys(action.id)
            .iter()
            .map(ToString::to_string)
            .collect();
        let state = availability(model, action);
        let second = match &state {
            Ok(()) => keys.join("  "),
            Err(why) => why.clone(),
        };
        let text = format!("{}: {}", action.id, action.help);
        items.push((PaletteItem::Action(action.id, state), text, second));
    }
    items.extend(elsewhere(&here));
    for env in model.worlds.keys().filter(|id| **id != model.current) {
        let text = format!("environment: {env}");
        items.push((PaletteItem::Environment(env.clone()), text, String::new()));
    }
    open(model, "Actions", items);
}

/// What other screens can do, with where: whoever looks for `restart` is to learn that there is
/// one. Of actions with the same name on several screens, the first.
fn elsewhere(here: &[Context]) -> Vec<(PaletteItem, String, String)> {
    let name = |id: &'static str| id.rsplit_once('.').map_or(id, |(_, name)| name);
    let mut names: Vec<&str> = ACTIONS
        .iter()
        .filter(|action| here.contains(&action.context))
        .map(|action| name(action.id))
        .collect();
    let mut items = Vec::new();
    for context in [Context::Units, Context::Logs, Context::Jobs] {
        for action in ACTIONS.iter().filter(|action| action.context == context) {
            if names.contains(&name(action.id)) {
                continue;
            }
            names.push(name(action.id));
            let why = format!("in {}", context.title());
            let text = format!("{}: {}", action.id, action.help);
            let item = PaletteItem::Action(action.id, Err(why.clone()));
            items.push((item, text, why));
        }
    }
    items
}

/// The environments.
pub(super) fn environments(model: &mut Model) {
    let items = model
        .worlds
        .values()
        .map(|world| {
            let mut second = match world.hosts.len() {
                1 => "1 host".to_owned(),
                hosts => format!("{hosts} hosts"),
            };
            if world.read_only {
                second.push_str(", read-only");
            }
            if world.id == model.current {
                second.push_str(", here");
            }
            let item = PaletteItem::Environment(world.id.clone());
            (item, world.id.to_string(), second)
        })
        .collect();
    open(model, "Environment", items);
}

/// The hosts, for a shell or a rebuild.
pub(super) fn hosts(model: &mut Model, title: &str, rebuild: bool) {
    let Some(world) = model.world() else { return };
    let items = world
        .hosts
        .keys()
        .map(|host| {
            let item = if rebuild {
                PaletteItem::Rebuild(host.clone())
            } else {
                PaletteItem::Shell(host.clone())
            };
            (item, host.to_string(), String::new())
        })
        .collect();
    open(model, title, items);
}

/// The themes.
pub(super) fn themes(model: &mut Model) {
    let items = model
        .themes
        .iter()
        .map(|name| {
            let here = if *name == model.preferences.theme.name() {
                "here"
            } else {
                ""
            };
            (
                PaletteItem::Theme(name.clone()),
                name.clone(),
                here.to_owned(),
            )
        })
        .collect();
    open(model, "Theme", items);
}

/// What a pane offers.
pub(super) fn values(model: &mut Model, id: ScreenId, spec: PickSpec) {
    let items = spec
        .items
        .into_iter()
        .map(|(value, text)| {
            (
                PaletteItem::Value(id, spec.kind, value),
                text,
                String::new(),
            )
        })
        .collect();
    open(model, &spec.title, items);
}

pub(super) fn key(model: &mut Model, key: KeyEvent) {
    if let Some(Overlay::Palette(palette)) = model.overlays.last_mut() {
        palette.input.handle_event(&Event::Key(key));
        narrow(palette);
    }
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, out: &mut Vec<Effect>) {
    let Some(Overlay::Palette(palette)) = model.overlays.last_mut() else {
        return;
    };
    match mouse {
        Mouse::Click(Hit::Offer(at)) | Mouse::DoubleClick(Hit::Offer(at)) => {
            palette.selected = at.min(palette.matches.len().saturating_sub(1));
            accept(model, out);
        }
        Mouse::Wheel(lines) => step(palette, lines),
        _ => {}
    }
}

pub(super) fn act(model: &mut Model, id: &str, out: &mut Vec<Effect>) {
    let Some(Overlay::Palette(palette)) = model.overlays.last_mut() else {
        return;
    };
    match id {
        "prompt.cancel" => {
            model.overlays.pop();
        }
        "prompt.accept" => accept(model, out),
        "prompt.older" | "prompt.complete-back" => step(palette, -1),
        "prompt.newer" | "prompt.complete" => step(palette, 1),
        _ => {}
    }
}

fn step(palette: &mut Palette, by: i32) {
    let by = isize::try_from(by).unwrap_or(0);
    palette.selected = palette
        .selected
        .saturating_add_signed(by)
        .min(palette.matches.len().saturating_sub(1));
}

/// How well an item fits what was typed; the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is its name.
    Exact,
    /// Its name begins so.
    Prefix,
    /// Each typed word begins a word of it.
    Words,
    /// It is in there as it was typed.
    Inside,
    /// Its letters are in there, in this order.
    Letters,
}

fn fit(text: &str, typed: &str) -> Fit {
    let text = text.to_lowercase();
    // `units.restart: Restarts the chosen units` is found by `units.restart` and by `restart`.
    let name = text
        .split_once(": ")
        .map_or(text.as_str(), |(name, _)| name);
    let last = name.rsplit_once('.').map_or(name, |(_, last)| last);
    if name == typed || last == typed {
        return Fit::Exact;
    }
    if name.starts_with(typed) || last.starts_with(typed) {
        return Fit::Prefix;
    }
    let begins = |word: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|own| own.starts_with(word))
    };
    if typed.split_whitespace().all(begins) {
        Fit::Words
    } else if text.contains(typed) {
        Fit::Inside
    } else {
        Fit::Letters
    }
}

/// Finds what matches, best first: by how well it fits, what can be done before what cannot,
/// what is used often before the rest.
pub(super) fn narrow(palette: &mut Palette) {
    let text = palette.input.value();
    palette.selected = 0;
    if text.trim().is_empty() {
        palette.matches = (0..palette.items.len()).collect();
        return;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let typed = text.trim().to_lowercase();
    let mut found: Vec<_> = palette
        .items
        .iter()
        .zip(&palette.used)
        .enumerate()
        .filter_map(|(at, ((item, text, _), used))| {
            let score = pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher)?;
            let cannot = matches!(item, PaletteItem::Action(_, Err(_)));
            let order = (
                fit(text, &typed),
                cannot,
                Reverse(*used),
                Reverse(score),
                at,
            );
            Some(order)
        })
        .collect();
    found.sort_unstable();
    // Scattered letters are a last resort.
    if found.first().is_some_and(|(fit, ..)| *fit < Fit::Letters) {
        found.retain(|(fit, ..)| *fit < Fit::Letters);
    }
    palette.matches = found.into_iter().map(|(.., at)| at).collect();
}

fn accept(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Palette(palette)) = model.overlays.last() else {
        return;
    };
    let item = palette
        .matches
        .get(palette.selected)
        .and_then(|at| palette.items.get(*at))
        .map(|(item, ..)| item.clone());
    // An action that cannot be done keeps the palette open: its reason is beside it.
    if let Some(PaletteItem::Action(id, Err(why))) = &item {
        let text = format!("{id}: {why}");
        return super::say(model, Level::Warning, text);
    }
    model.overlays.pop();
    match item {
        Some(PaletteItem::Action(id, _)) => act::act(model, id, out),
        Some(PaletteItem::Environment(env)) => screens::enter(model, env, out),
        Some(PaletteItem::Open(args)) => screens::open(model, &args, out),
        Some(PaletteItem::Shell(host)) => out.push(Effect::Shell(model.current.clone(), host)),
        Some(PaletteItem::Rebuild(host)) => {
            let env = model.current.clone();
            super::confirm::prepare(model, env, vec![Intent::Rebuild { host }], out);
        }
        Some(PaletteItem::Theme(name)) => out.push(Effect::Theme(name)),
        Some(PaletteItem::Value(id, kind, value)) => {
            tell(model, id, PaneMsg::Picked { kind, value }, out);
        }
        None => {}
    }
}
