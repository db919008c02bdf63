//! Doing an action, and whether it can be done now.

use super::{hosts, line, palette, say, screens, tell_shown};
use crate::{
    ops::Intent,
    tui::{
        actions::{self, Action, ActionRisk, Context, Offer},
        effect::Effect,
        model::{Model, Overlay},
        msg::Level,
        panes::{self, Args, PaneMsg},
        view,
    },
};
use crossterm::event::{KeyCode, KeyEvent};

/// Whether an action can be done now, or why not.
///
/// # Errors
/// The reason, for the user.
pub fn availability(model: &Model, action: &Action) -> Result<(), String> {
    let world = model.world().ok_or("no environment is open")?;
    if action.risk == ActionRisk::Changes && world.read_only {
        return Err(format!("{} is read-only", world.id));
    }
    match action.id {
        // On the first screen there may still be something smaller to go back from.
        "back" if !model.history.can_go_back() && !is_offered(model, "back") => {
            return Err("this is the first screen".into());
        }
        "forward" if !model.history.can_go_forward() => {
            return Err("there is nothing to go forward to".into());
        }
        "environment" | "environment.next" if model.worlds.len() < 2 => {
            return Err("the configuration has only one environment".into());
        }
        "shell" | "rebuild" if world.hosts.is_empty() => {
            return Err(format!("{} has no hosts", world.id));
        }
        "shell" if world.finds_hosts => return Err(hosts::FOUND.into()),
        _ => {}
    }
    let here = model.history.here().and_then(|id| view::ctx(model, id));
    let (Some(screen), Some(ctx)) = (model.screen(), here) else {
        return Ok(());
    };
    match action.id {
        "copy" | "raw"
            if screen.pane.copy(&ctx, action.id == "raw").is_none()
                && !is_offered(model, action.id) =>
        {
            return Err("nothing is selected".into());
        }
        "cli" if screen.pane.cli(&ctx).is_none() => {
            return Err("the command line has nothing like this screen".into());
        }
        _ => {}
    }
    screen
        .pane
        .actions(&ctx)
        .into_iter()
        .find(|offer| offer.action.id == action.id)
        .map_or(Ok(()), |offer| offer.state)
}

/// Whether the shown pane itself has this action now.
fn is_offered(model: &Model, id: &str) -> bool {
    let here = model.history.here().and_then(|id| view::ctx(model, id));
    let (Some(screen), Some(ctx)) = (model.screen(), here) else {
        return false;
    };
    let mut offers = screen.pane.actions(&ctx).into_iter();
    offers.any(|offer| offer.action.id == id && offer.state.is_ok())
}

/// What the footer offers: the pane's own actions that can be done, then the general ones.
pub fn hints(model: &Model) -> Vec<Offer> {
    let mut offers = model
        .history
        .here()
        .and_then(|id| view::ctx(model, id))
        .and_then(|ctx| Some(model.screen()?.pane.actions(&ctx)))
        .unwrap_or_default();
    for id in ["back", "help", "command", "palette", "environment", "quit"] {
        if !offers.iter().any(|offer| offer.action.id == id) {
            offers.extend(Offer::yes(id));
        }
    }
    offers.retain(|offer| availability(model, offer.action).is_ok());
    offers
}

/// Does an action.
pub(super) fn act(model: &mut Model, id: &'static str, out: &mut Vec<Effect>) {
    let Some(action) = actions::by_id(id) else {
        return;
    };
    if action.context == Context::Prompt {
        return match model.overlays.last() {
            Some(Overlay::Palette(_)) => palette::act(model, id, out),
            _ => line::act(model, id, out),
        };
    }
    if let Err(why) = availability(model, action) {
        say(model, Level::Warning, format!("{}: {why}", action.title));
        return;
    }
    let used = model.used.entry(action.id).or_default();
    *used = used.saturating_add(1);
    match id {
        "quit" => quit(model, out),
        "back" => {
            // A pane may have something smaller to go back from: a filter, marks.
            let here = model.history.here();
            tell_shown(model, PaneMsg::Action("back"), out);
            if model.history.here() == here && !std::mem::take(&mut model.taken) {
                screens::back(model, out);
            }
        }
        "forward" => screens::forward(model, out),
        "command" => line::command(model, String::new()),
        "palette" => palette::actions(model),
        "help" => screens::open(
            model,
            &Args::Help {
                contexts: super::contexts(model),
                search: String::new(),
            },
            out,
        ),
        "environment" => palette::environments(model),
        "environment.next" => {
            let here = model.worlds.keys().position(|id| *id == model.current);
            let next = here.map_or(0, |at| (at + 1) % model.worlds.len().max(1));
            if let Some(env) = model.worlds.keys().nth(next).cloned() {
                screens::enter(model, env, out);
            }
        }
        "mouse" => {
            model.preferences.mouse = !model.preferences.mouse;
            out.push(Effect::Mouse(model.preferences.mouse));
            let text = if model.preferences.mouse {
                "the console takes the mouse"
            } else {
                "the mouse is the terminal's: select text with it"
            };
            say(model, Level::Info, text);
        }
        "redraw" => out.push(Effect::Redraw),
        "suspend" => out.push(Effect::Suspend),
        "refresh" => {
            out.push(Effect::Retry(model.current.clone(), None));
            tell_shown(model, PaneMsg::Action(id), out);
        }
        "shell" => hosts::shell(model, out),
        "rebuild" => match hosts::subject(model) {
            Some(host) => {
                let env = model.current.clone();
                super::confirm::prepare(model, env, vec![Intent::Rebuild { host }], out);
            }
            None => palette::hosts(model, "Rebuild which host?", true),
        },
        "copy" | "raw" => {
            let text = model
                .history
                .here()
                .and_then(|id| view::ctx(model, id))
                .and_then(|ctx| model.screen()?.pane.copy(&ctx, id == "raw"));
            match text {
                Some((text, what)) => out.push(Effect::Copy(text, what)),
                // The pane has to ask for it.
                None => tell_shown(model, PaneMsg::Action(id), out),
            }
        }
        "cli" => {
            let text = model
                .history
                .here()
                .and_then(|id| view::ctx(model, id))
                .and_then(|ctx| model.screen()?.pane.cli(&ctx));
            if let Some(text) = text {
                out.push(Effect::Copy(text.clone(), text));
            }
        }
        "pane.next" | "pane.previous" => {
            let tabs = panes::tabs_of(model.world());
            let here = model.screen().map(|screen| screen.pane.tab());
            let at = tabs
                .iter()
                .position(|(tab, _)| Some(*tab) == here)
                .unwrap_or(0);
            let step = if id == "pane.next" {
                1
            } else {
                tabs.len().saturating_sub(1)
            };
            let to = (at + step) % tabs.len().max(1);
            if let Some((tab, args)) = tabs.get(to) {
                screens::tab(model, tab, args, out);
            }
        }
        id if id.starts_with("pane.") => {
            if let Some((tab, args)) = panes::tabs_of(model.world())
                .iter()
                .find(|(tab, _)| *tab == id)
            {
                screens::tab(model, tab, args, out);
            }
        }
        id => tell_shown(model, PaneMsg::Action(id), out),
    }
}

/// Leaves, or asks first when operations are running.
pub(super) fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    if model.running().next().is_some() {
        model.overlays.push(Overlay::Leave(false));
    } else {
        leave(model, true, out);
    }
}

pub(super) fn leave(model: &mut Model, yes: bool, out: &mut Vec<Effect>) {
    model.overlays.retain(|o| !matches!(o, Overlay::Leave(_)));
    if yes {
        model.quitting = true;
        out.push(Effect::Quit(0));
    }
}

pub(super) fn leave_key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    let tiny = model.layout().tiny;
    let Some(Overlay::Leave(on_go)) = model.overlays.last_mut() else {
        return;
    };
    match key.code {
        KeyCode::Char('n') | KeyCode::Esc => leave(model, false, out),
        // What cannot be seen can only be declined.
        _ if tiny => {}
        KeyCode::Char('y') => leave(model, true, out),
        KeyCode::Enter => {
            let yes = *on_go;
            leave(model, yes, out);
        }
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => *on_go = !*on_go,
        _ => {}
    }
}
