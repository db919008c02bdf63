//! Doing an action, and whether it can be done now.

use super::{line, say, screens, tell_shown};
use crate::tui::{
    actions::{self, Action, ActionRisk, Context, Offer},
    effect::Effect,
    model::Model,
    msg::Level,
    panes::{self, PaneMsg},
    view,
};

/// Whether an action can be done now, or why not.
pub fn availability(model: &Model, action: &Action) -> Result<(), String> {
    let world = model.world().ok_or("no environment is open")?;
    if action.risk == ActionRisk::Changes && world.read_only {
        return Err(format!("{} is read-only", world.id));
    }
    match action.id {
        "back" if !model.history.can_go_back() => return Err("this is the first screen".into()),
        "forward" if !model.history.can_go_forward() => {
            return Err("there is nothing to go forward to".into());
        }
        "environment" | "environment.next" if model.worlds.len() < 2 => {
            return Err("the configuration has only one environment".into());
        }
        _ => {}
    }
    let offered = model
        .history
        .here()
        .and_then(|id| view::ctx(model, id))
        .and_then(|ctx| {
            let offers = model.screen()?.pane.actions(&ctx);
            offers
                .into_iter()
                .find(|offer| offer.action.id == action.id)
        });
    offered.map_or(Ok(()), |offer| offer.state)
}

/// What the footer offers: the pane's own actions that can be done, then the general ones.
pub fn hints(model: &Model) -> Vec<Offer> {
    let mut offers = model
        .history
        .here()
        .and_then(|id| view::ctx(model, id))
        .and_then(|ctx| Some(model.screen()?.pane.actions(&ctx)))
        .unwrap_or_default();
    for id in ["list.filter", "command", "palette", "help", "quit"] {
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
    if let Err(why) = availability(model, action) {
        say(model, Level::Warning, format!("{}: {why}", action.title));
        return;
    }
    match id {
        "quit" => {
            model.quitting = true;
            out.push(Effect::Quit(0));
        }
        "back" => screens::back(model, out),
        "forward" => screens::forward(model, out),
        "command" => line::command(model),
        "redraw" => out.push(Effect::Redraw),
        "suspend" => out.push(Effect::Suspend),
        "refresh" => {
            out.push(Effect::Retry(model.current.clone(), None));
            tell_shown(model, PaneMsg::Action(id), out);
        }
        "pane.next" | "pane.previous" => {
            let tabs = panes::tabs();
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
            if let Some((tab, args)) = panes::tabs().iter().find(|(tab, _)| *tab == id) {
                screens::tab(model, tab, args, out);
            }
        }
        id if action.context == Context::Prompt => line::act(model, id, out),
        id => tell_shown(model, PaneMsg::Action(id), out),
    }
}
