//! From intents to approved plans: prepared, shown, confirmed by their risk, executed.
//!
//! Focus starts on cancel; Enter alone never confirms.

use super::{say, tell_everyone};
use crate::{
    ops::{self, Intent, JobEvent, JobId, Plan, Risk, pending::Pending},
    problem::Problem,
    remote::HostId,
    tui::{
        effect::Effect,
        model::{Confirm, EnvId, JOB_OUTPUT_LINES, Job, Model, Overlay},
        msg::{Level, RequestId},
        panes::PaneMsg,
    },
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use std::collections::VecDeque;
use tui_input::{Input, backend::crossterm::EventHandler};

/// Has plans made; the dialog opens at once and fills.
pub(super) fn prepare(model: &mut Model, env: EnvId, intents: Vec<Intent>, out: &mut Vec<Effect>) {
    let read_only = model.worlds.get(&env).is_none_or(|world| world.read_only);
    if read_only {
        return say(model, Level::Warning, format!("{env} is read-only"));
    }
    if intents.is_empty() {
        return;
    }
    let mut waiting = Vec::new();
    for intent in intents {
        let id = model.ids.request();
        waiting.push(id);
        out.push(Effect::Prepare(env.clone(), id, intent));
    }
    model.dirty = true;
    model.overlays.push(Overlay::Confirm(Confirm {
        env,
        waiting,
        plans: Vec::new(),
        refused: Vec::new(),
        on_go: false,
        typed: Input::default(),
        not_before: None,
        scroll: 0,
        note: None,
    }));
}

/// A plan came, or could not be made.
pub(super) fn planned(
    model: &mut Model,
    env: &EnvId,
    id: RequestId,
    plan: Result<Plan, Problem>,
    out: &mut Vec<Effect>,
) {
    let found = model.overlays.iter_mut().rev().find_map(|o| match o {
        Overlay::Confirm(confirm) if confirm.waiting.contains(&id) => Some(confirm),
        _ => None,
    });
    // The dialog was cancelled meanwhile.
    let Some(confirm) = found else { return };
    confirm.waiting.retain(|waiting| *waiting != id);
    model.dirty = true;
    match plan {
        Ok(plan) if confirm.env == *env && plan.environment == env.as_str() => {
            if let Risk::TypeNameAndWait(_, wait) = &plan.risk {
                let until = model.now.checked_add(*wait).ok();
                confirm.not_before = confirm.not_before.max(until);
            }
            confirm.plans.push(plan);
        }
        Ok(plan) => confirm
            .refused
            .push(format!("{}: made for {}", plan.title, plan.environment)),
        Err(problem) => confirm.refused.push(problem.to_string()),
    }
    if !confirm.waiting.is_empty() {
        return;
    }
    if confirm.plans.is_empty() {
        let refused = std::mem::take(&mut confirm.refused);
        model.overlays.retain(
            |o| !matches!(o, Overlay::Confirm(c) if c.plans.is_empty() && c.waiting.is_empty()),
        );
        for text in refused {
            say(model, Level::Error, text);
        }
    } else if confirm.refused.is_empty() && confirm.note.is_none() && confirm.risk() == Risk::None {
        press(model, true, out);
    }
}

pub(super) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Effect>) {
    let tiny = model.layout().tiny;
    let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() else {
        return;
    };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let names = matches!(
        confirm.risk(),
        Risk::TypeName(_) | Risk::TypeNameAndWait(..)
    );
    match key.code {
        KeyCode::Esc => press(model, false, out),
        KeyCode::Char('c') if control => press(model, false, out),
        // Where it cannot be seen it can only be cancelled.
        _ if tiny => {}
        KeyCode::Tab | KeyCode::BackTab => confirm.on_go = !confirm.on_go,
        KeyCode::PageDown => scroll(model, 10),
        KeyCode::PageUp => scroll(model, -10),
        KeyCode::Down => scroll(model, 1),
        KeyCode::Up => scroll(model, -1),
        KeyCode::Enter => {
            // With a name typed in full, Enter is not alone.
            let go = confirm.on_go || (names && !confirm.typed.value().is_empty());
            press(model, go, out);
        }
        _ if names => {
            confirm.typed.handle_event(&Event::Key(key));
        }
        KeyCode::Left | KeyCode::Right => confirm.on_go = !confirm.on_go,
        KeyCode::Char('y') => press(model, true, out),
        KeyCode::Char('n' | 'q') => press(model, false, out),
        _ => {}
    }
}

pub(super) fn scroll(model: &mut Model, by: i32) {
    if let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() {
        let by = isize::try_from(by).unwrap_or(0);
        confirm.scroll = confirm.scroll.saturating_add_signed(by).min(500);
    }
}

/// Goes ahead with every plan that is confirmed by what was typed, or cancels.
pub(super) fn press(model: &mut Model, go: bool, out: &mut Vec<Effect>) {
    let tiny = model.layout().tiny;
    let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() else {
        return;
    };
    if !go {
        model.overlays.pop();
        return;
    }
    // Nobody can confirm what nobody can see.
    if !confirm.waiting.is_empty() || tiny {
        return;
    }
    let now = model.now;
    if confirm.plans.iter().any(|plan| ops::is_stale(plan, now)) {
        return anew(model, out);
    }
    let strictest = confirm.risk();
    if confirm.consent(&strictest, now).is_none() {
        let text = match &strictest {
            Risk::TypeNameAndWait(name, _) if confirm.typed.value() == name => {
                "wait a moment: this one is accepted only after a pause".to_owned()
            }
            Risk::TypeName(name) | Risk::TypeNameAndWait(name, _) => {
                format!("type {name} to go ahead")
            }
            _ => return,
        };
        confirm.note = Some(text);
        return;
    }
    confirm.note = None;
    let mut approved = Vec::new();
    let mut rest = Vec::new();
    for plan in std::mem::take(&mut confirm.plans) {
        match confirm.consent(&plan.risk, now) {
            Some(consent) => approved.push((plan, consent)),
            None => rest.push(plan),
        }
    }
    // Others that ask for a name of their own stay.
    let env = confirm.env.clone();
    confirm.plans = rest;
    confirm.typed = Input::default();
    confirm.on_go = false;
    if confirm.plans.is_empty() {
        model.overlays.pop();
    }
    for (plan, consent) in approved {
        match ops::confirm(plan.clone(), consent, env.as_str(), now) {
            Ok(approved) => {
                let id = JobId(model.ids.next());
                out.push(Effect::Execute(env.clone(), id, approved));
                model.jobs.push(Job {
                    id,
                    env: env.clone(),
                    title: plan.title,
                    intent: plan.intent,
                    steps: plan.steps,
                    started: now,
                    ended: None,
                    phase: "starting".into(),
                    output: VecDeque::new(),
                    dropped: 0,
                    outcome: None,
                });
            }
            Err(problem) => say(model, Level::Error, problem.to_string()),
        }
    }
    tell_everyone(model, |_| PaneMsg::Jobs, out);
}

/// Has the plans made again: they lay there too long to be acted upon.
fn anew(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() else {
        return;
    };
    confirm.note = Some("That was made over a minute ago. It is made anew: look again.".into());
    confirm.typed = Input::default();
    confirm.on_go = false;
    confirm.not_before = None;
    for plan in std::mem::take(&mut confirm.plans) {
        let id = model.ids.request();
        confirm.waiting.push(id);
        out.push(Effect::Prepare(confirm.env.clone(), id, plan.intent));
    }
}

/// Operations of an earlier console are watched to their end, as if this one had begun them.
pub(super) fn reattach(
    model: &mut Model,
    env: &EnvId,
    pending: Vec<Pending>,
    out: &mut Vec<Effect>,
) {
    for pending in pending {
        let id = JobId(model.ids.next());
        let host = HostId::new(&pending.host);
        let title = format!("{} on {host}", pending.unit);
        say(model, Level::Info, format!("watching again: {title}"));
        model.jobs.push(Job {
            id,
            env: env.clone(),
            title,
            intent: Intent::Rebuild { host },
            steps: Vec::new(),
            started: pending.began,
            ended: None,
            phase: "attaching".into(),
            output: VecDeque::new(),
            dropped: 0,
            outcome: None,
        });
        out.push(Effect::Reattach(env.clone(), id, pending));
    }
    tell_everyone(model, |_| PaneMsg::Jobs, out);
}

/// News of a running operation.
pub(super) fn job(model: &mut Model, id: JobId, event: JobEvent, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(job) = model.jobs.iter_mut().find(|job| job.id == id) else {
        return;
    };
    let mut said = None;
    match event {
        JobEvent::Phase(phase) => job.phase = phase,
        JobEvent::Output(line) => {
            if job.output.len() >= JOB_OUTPUT_LINES {
                job.output.pop_front();
                job.dropped += 1;
            }
            job.output.push_back(line);
        }
        JobEvent::Ended(outcome) => {
            job.ended = Some(now);
            let level = match outcome.state {
                ops::EndState::Succeeded => Level::Info,
                ops::EndState::Cancelled => Level::Warning,
                _ => Level::Error,
            };
            let mut text = format!("{}: {}", job.intent.host(), outcome.summary);
            if let Some(hint) = outcome.problem.as_ref().and_then(|p| p.hint.as_ref()) {
                text.push_str(&format!(" ({hint})"));
            }
            said = Some((level, text));
            job.outcome = Some(outcome);
        }
    }
    if let Some((level, text)) = said {
        say(model, level, text);
    }
    tell_everyone(model, |_| PaneMsg::Jobs, out);
}
