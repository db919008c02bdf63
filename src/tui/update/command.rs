//! Doing what a `:` line says.

use super::{act, confirm, palette, screens, tell_shown};
use crate::{
    ops::Intent,
    remote::HostId,
    tui::{
        actions,
        command::{Command, CommandError, parse},
        effect::Effect,
        incident::{Finding, Incident, What},
        model::{EnvId, Model, Overlay},
        msg::Level,
        panes::{self, Args, PaneMsg},
    },
};

/// The way out of a panic is tested with this; release builds do not have it.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "asked for by the command of that name")]
fn mistake() {
    panic!("asked for by the command panic!");
}

/// Parses and does it.
///
/// # Errors
/// It is not a command, or names something that is not there.
pub(super) fn run(
    model: &mut Model,
    line: &str,
    out: &mut Vec<Effect>,
) -> Result<(), CommandError> {
    let wrong = |message: String| CommandError {
        span: 0..line.len(),
        message,
    };
    #[cfg(debug_assertions)]
    if line.trim() == "panic!" {
        mistake();
    }
    match parse(line)? {
        Command::Action(id) => {
            if let Some(action) = actions::by_id(id) {
                act::availability(model, action).map_err(wrong)?;
            }
            act::act(model, id, out);
        }
        Command::Units(filter) if filter.is_empty() => act::act(model, "pane.units", out),
        Command::Units(filter) => {
            if let Err(error) = crate::filter::Filter::parse(&filter) {
                let start = line.len().saturating_sub(filter.len());
                return Err(CommandError {
                    span: start + error.span.start..start + error.span.end,
                    message: error.message,
                });
            }
            let args = Args::Units {
                filter,
                select: None,
            };
            // The list itself is there once; only what it shows is new.
            act::act(model, "pane.units", out);
            tell_shown(model, PaneMsg::Args(args), out);
        }
        Command::Cloud(kind, filter) => {
            if let Err(error) = panes::cloud::parse(kind, &filter) {
                let start = line.len().saturating_sub(filter.len());
                return Err(CommandError {
                    span: start + error.span.start..start + error.span.end,
                    message: error.message,
                });
            }
            let filter = Some(filter).filter(|filter| !filter.is_empty());
            act::act(model, "pane.servers", out);
            tell_shown(model, PaneMsg::Args(Args::Cloud { kind, filter }), out);
        }
        Command::Unit(name) => {
            let name = full_name(&name);
            match on_hosts(model, &name, &[]).map_err(wrong)?.first() {
                Some(host) => {
                    let args = Args::Unit {
                        host: host.clone(),
                        unit: name,
                    };
                    screens::open(model, &args, out);
                }
                None => return Err(wrong(format!("there is no unit {name}"))),
            }
        }
        Command::Logs {
            hosts,
            query,
            filter,
        } => {
            let hosts = known_hosts(model, &hosts).map_err(wrong)?;
            let args = Args::Logs {
                hosts,
                query,
                filter,
            };
            let root = panes::tabs()
                .iter()
                .any(|(id, plain)| *id == "pane.logs" && *plain == args);
            if root {
                act::act(model, "pane.logs", out);
            } else {
                screens::open(model, &args, out);
            }
        }
        Command::Help(search) => {
            let contexts = model
                .screen()
                .map(|screen| screen.pane.contexts().to_vec())
                .unwrap_or_default();
            screens::open(model, &Args::Help { contexts, search }, out);
        }
        Command::Env(None) => palette::environments(model),
        Command::Env(Some(name)) => {
            let env = EnvId::new(&name);
            if !model.worlds.contains_key(&env) {
                let all: Vec<&str> = model.worlds.keys().map(EnvId::as_str).collect();
                return Err(wrong(format!(
                    "there is no environment {name}; there are {}",
                    all.join(", ")
                )));
            }
            screens::enter(model, env, out);
        }
        Command::Shell(None) => act::act(model, "shell", out),
        Command::Shell(Some(name)) => {
            for host in known_hosts(model, &[name]).map_err(wrong)? {
                out.push(Effect::Shell(model.current.clone(), host));
            }
        }
        Command::Rebuild(None) => act::act(model, "rebuild", out),
        Command::Rebuild(Some(name)) => {
            let intents = known_hosts(model, &[name])
                .map_err(wrong)?
                .into_iter()
                .map(|host| Intent::Rebuild { host })
                .collect();
            let env = model.current.clone();
            confirm::prepare(model, env, intents, out);
        }
        Command::Verb { verb, units, hosts } => {
            let mut intents = Vec::new();
            for unit in units {
                for host in on_hosts(model, &unit, &hosts).map_err(wrong)? {
                    intents.push(Intent::Unit {
                        host,
                        unit: unit.clone(),
                        verb,
                    });
                }
            }
            let env = model.current.clone();
            confirm::prepare(model, env, intents, out);
        }
        Command::Theme(Some(name)) => out.push(Effect::Theme(name)),
        Command::Theme(None) => palette::themes(model),
        Command::Logged(kind, text, at) => {
            if !matches!(model.screen().map(|s| &s.pane), Some(panes::Pane::Logs(_))) {
                act::act(model, "pane.logs", out);
            }
            let msg = PaneMsg::Line {
                kind,
                text: Some(text),
                done: true,
            };
            tell_shown(model, msg, out);
            // What the pane found wrong, it found in its part of the line.
            if let Some(Overlay::Line(typed)) = model.overlays.last_mut()
                && let Some((span, message)) = typed.error.take()
            {
                let span = (span.start + at).min(line.len())..(span.end + at).min(line.len());
                return Err(CommandError { span, message });
            }
        }
        Command::Incident(title) => incident(model, &title),
        Command::IncidentSave(file) => {
            let Some(incident) = &model.incident else {
                return Err(wrong(NO_INCIDENT.into()));
            };
            let zone = &model.preferences.zone;
            let text = incident.markdown(&model.jobs, model.now, zone);
            let file = file.unwrap_or_else(|| incident.file(zone));
            out.push(Effect::Save(file.into(), text.into_bytes()));
        }
        Command::IncidentDrop => {
            let Some(incident) = model.incident.take() else {
                return Err(wrong(NO_INCIDENT.into()));
            };
            let text = format!("{} is noted no longer", incident.title);
            super::say(model, Level::Info, text);
        }
        Command::Note(text) => {
            if model.incident.is_none() {
                return Err(wrong(NO_INCIDENT.into()));
            }
            let at = model.now.as_microsecond();
            let what = What::Note(text);
            found(model, Finding { at, what });
        }
        Command::Save(file) => {
            let msg = PaneMsg::Line {
                kind: "save",
                text: Some(file),
                done: true,
            };
            tell_shown(model, msg, out);
        }
        Command::GoTo(row) => tell_shown(model, PaneMsg::GoTo(row), out),
    }
    Ok(())
}

const NO_INCIDENT: &str = "no incident is being noted: :incident TITLE starts one";

/// Starts to note an incident, or says how the note stands.
fn incident(model: &mut Model, title: &str) {
    let text = match &mut model.incident {
        Some(incident) if title.is_empty() => {
            let count = incident.len();
            format!(
                "{}: {count} things noted; :incident save writes them",
                incident.title
            )
        }
        Some(incident) => {
            title.clone_into(&mut incident.title);
            format!("the incident is called {title} now")
        }
        none => {
            *none = Some(Incident::new(title, model.current.clone(), model.now));
            "noted from now on: marks (m), excerpts (E), :note, and what is run".to_owned()
        }
    };
    super::say(model, Level::Info, text);
}

/// Puts something into the note of the incident, if there is one.
pub(super) fn found(model: &mut Model, finding: Finding) {
    let excerpt = matches!(finding.what, What::Excerpt { .. });
    let text = match &mut model.incident {
        // A mark is one without an incident too.
        None if !excerpt => return,
        None => "no incident is being noted: :incident starts one".to_owned(),
        Some(incident) => {
            if incident.add(finding) {
                let count = incident.len();
                format!("noted: {count} in {}", incident.title)
            } else {
                "the note of the incident is full: save it, and start another".to_owned()
            }
        }
    };
    super::say(model, Level::Info, text);
}

fn full_name(typed: &str) -> String {
    crate::remote::systemd::names::full_name(typed).unwrap_or_else(|| typed.to_owned())
}

/// These hosts, which must be in the environment.
fn known_hosts(model: &Model, names: &[String]) -> Result<Vec<HostId>, String> {
    let Some(world) = model.world() else {
        return Err("no environment is open".into());
    };
    names
        .iter()
        .map(|name| {
            let id = HostId::new(name);
            if world.hosts.contains_key(&id) {
                return Ok(id);
            }
            let all: Vec<&str> = world.hosts.keys().map(HostId::as_str).collect();
            Err(format!(
                "{} has no host {name}; it has {}",
                world.id,
                all.join(", ")
            ))
        })
        .collect()
}

/// The hosts a unit is meant on: those named, or the one that has it.
fn on_hosts(model: &Model, unit: &str, names: &[String]) -> Result<Vec<HostId>, String> {
    if !names.is_empty() {
        return known_hosts(model, names);
    }
    let Some(world) = model.world() else {
        return Err("no environment is open".into());
    };
    let having: Vec<HostId> = world
        .hosts
        .keys()
        .filter(|host| world.unit(host, unit).is_some())
        .cloned()
        .collect();
    match having.as_slice() {
        [] if world.hosts.len() == 1 => Ok(world.hosts.keys().cloned().collect()),
        [] => Err(format!(
            "no host is known to have {unit}; name one with --host"
        )),
        [_] => Ok(having),
        several => {
            let all: Vec<&str> = several.iter().map(HostId::as_str).collect();
            Err(format!(
                "{unit} is on {}; say which with --host",
                all.join(" and ")
            ))
        }
    }
}
