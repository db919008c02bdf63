//! Which host is meant, and what is done on a host.

use super::palette;
use crate::{
    remote::HostId,
    tui::{effect::Effect, model::Model, view},
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
