//! Reasons why there is no connection, shown in full: by themselves where somebody may be in
//! between, on request otherwise.

use crate::tui::{
    effect::Effect,
    model::{EnvId, Model, Overlay, Stop},
};
use crate::{problem::Problem, remote::HostId};
use crossterm::event::{KeyCode, KeyEvent};

/// Shows it over the screen.
pub(super) fn show(model: &mut Model, env: EnvId, host: HostId, problem: Problem) {
    hide(model, &env, &host);
    let stop = Overlay::Stop(Stop {
        env,
        host,
        problem,
        on_retry: false,
        scroll: 0,
    });
    // Below what is being typed: nothing may take the keys away in the middle of it.
    let below = model
        .overlays
        .iter()
        .take_while(|overlay| matches!(overlay, Overlay::Stop(_)))
        .count();
    model.overlays.insert(below, stop);
    model.dirty = true;
}

/// Takes it away when it does not hold any more.
pub(super) fn hide(model: &mut Model, env: &EnvId, host: &HostId) {
    let before = model.overlays.len();
    model.overlays.retain(
        |overlay| !matches!(overlay, Overlay::Stop(stop) if stop.env == *env && stop.host == *host),
    );
    model.dirty |= model.overlays.len() != before;
}

pub(super) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    let tiny = model.layout().tiny;
    let Some(Overlay::Stop(stop)) = model.overlays.last_mut() else {
        return;
    };
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => press(model, false, out),
        // What cannot be seen can only be closed.
        _ if tiny => {}
        KeyCode::Char('r') => press(model, true, out),
        KeyCode::Enter => {
            let retry = stop.on_retry;
            press(model, retry, out);
        }
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => {
            stop.on_retry = !stop.on_retry;
        }
        KeyCode::Down | KeyCode::Char('j') => scroll(model, 1),
        KeyCode::Up | KeyCode::Char('k') => scroll(model, -1),
        _ => {}
    }
}

pub(super) fn scroll(model: &mut Model, lines: i32) {
    if let Some(Overlay::Stop(stop)) = model.overlays.last_mut() {
        let lines = isize::try_from(lines).unwrap_or(0);
        stop.scroll = stop.scroll.saturating_add_signed(lines).min(100);
    }
}

pub(super) fn press(model: &mut Model, retry: bool, out: &mut Vec<Effect>) {
    let Some(Overlay::Stop(stop)) = model.overlays.last() else {
        return;
    };
    if retry {
        out.push(Effect::Retry(stop.env.clone(), Some(stop.host.clone())));
    }
    model.overlays.pop();
}
