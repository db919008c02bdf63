//! Which host is meant, and what is done on a host.

use super::{palette, say};
use crate::{
    remote::HostId,
    tui::{effect::Effect, model::Model, msg::Level, view},
};

/// The host of the selection, or the only one there is.
pub(super) fn subject(model: &Model) -> Option<HostId> {
    let selected = model
        .history
        .here()
        .and_then(|id| view::ctx(model, id))
        .and_then(|ctx| model.screen()?.pane.subject(&ctx))
        .map(|subject| subject.host);
    selected.or_else(|| {
        let hosts = &model.world()?.hosts;
        (hosts.len() == 1).then(|| hosts.keys().next().cloned())?
    })
}

/// A shell on the selected host; asks which where none is.
pub(super) fn shell(model: &mut Model, out: &mut Vec<Effect>) {
    match subject(model) {
        Some(host) => out.push(Effect::Shell(model.current.clone(), host)),
        None => palette::hosts(model, "A shell on which host?", false),
    }
}

/// Why there is no shell on hosts that no configuration names.
pub(super) const FOUND: &str =
    "a shell needs a host that hosts_<env> names; this one was found among the servers";

/// A shell is this program again, which knows the configured hosts only.
pub(super) fn no_shell_on_found(model: &mut Model, effects: &mut Vec<Effect>) {
    let found = |effect: &Effect| match effect {
        Effect::Shell(env, _) => model.worlds.get(env).is_some_and(|world| world.finds_hosts),
        _ => false,
    };
    let refused = effects.iter().any(found);
    effects.retain(|effect| !found(effect));
    if refused {
        say(model, Level::Warning, FOUND);
    }
}
