//! A small `systemctl`, for people who type it into the shell.

use super::Io;
use crate::demo::host::Host;
use crate::demo::model::{Event, unit::Unit};
use std::sync::Arc;

/// Runs it.
pub(super) async fn run(host: &Arc<Host>, root: bool, args: &[String], io: &mut Io) -> u32 {
    let words: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let failed_only = args.iter().any(|arg| arg == "--failed");
    let names: Vec<String> = words
        .iter()
        .skip(1)
        .map(|name| {
            if name.contains('.') {
                (*name).to_owned()
            } else {
                format!("{name}.service")
            }
        })
        .collect();
    match (words.first().copied(), names.first()) {
        (None | Some("list-units"), _) => {
            let text = host.with(|world| {
                let rows: Vec<String> = world
                    .units
                    .values()
                    .filter(|unit| {
                        unit.active == "failed" || (!failed_only && unit.active != "inactive")
                    })
                    .map(row)
                    .collect();
                format!(
                    "  UNIT LOAD ACTIVE SUB DESCRIPTION\n{}\n\n{} loaded units listed.",
                    rows.join("\n"),
                    rows.len()
                )
            });
            io.line(&text).await
        }
        (Some("is-active"), Some(name)) => {
            let state =
                host.with(|world| world.units.get(name).map_or("inactive", |unit| unit.active));
            io.line(state).await;
            if state == "active" { 0 } else { 3 }
        }
        (Some("is-system-running"), _) => {
            let failed =
                host.with(|world| world.units.values().any(|unit| unit.active == "failed"));
            io.line(if failed { "degraded" } else { "running" }).await;
            u32::from(failed)
        }
        (Some("cat"), Some(name)) => {
            match host.with(|world| {
                world
                    .units
                    .get(name)
                    .map(|unit| (unit.fragment.clone(), unit.file()))
            }) {
                Some((path, text)) => io.out(format!("# {path}\n{text}").as_bytes()).await,
                None => missing(name, io).await,
            }
        }
        (Some("status"), Some(name)) => match host.with(|world| world.units.get(name).cloned()) {
            Some(unit) => {
                let text = format!(
                    "{} {}\n     Loaded: loaded ({}; {})\n     Active: {} ({})\n",
                    mark(&unit),
                    unit.label(),
                    unit.fragment,
                    unit.file_state,
                    unit.active,
                    unit.sub
                );
                io.out(text.as_bytes()).await;
                if unit.active == "active" { 0 } else { 3 }
            }
            None => missing(name, io).await,
        },
        (Some("daemon-reload"), _) if root => 0,
        (Some(verb @ ("start" | "stop" | "restart" | "reload" | "reset-failed")), Some(name)) => {
            if !root {
                io.err(&format!(
                    "Failed to {verb} {name}: Interactive authentication required.\n"
                ))
                .await;
                return 1;
            }
            change(host, verb, name, io).await
        }
        (Some(verb), _) => {
            io.err(&format!(
                "Unknown command verb '{verb}', or no unit given.\n"
            ))
            .await;
            1
        }
    }
}

async fn missing(name: &str, io: &mut Io) -> u32 {
    io.err(&format!("Unit {name} could not be found.\n")).await;
    4
}

async fn change(host: &Arc<Host>, verb: &str, name: &str, io: &mut Io) -> u32 {
    let mut events = host.events();
    let taken = host.with(|world| match verb {
        "start" => world.start(name, true).map(Some),
        "stop" => world.stop(name).map(Some),
        "restart" => world.restart(name).map(Some),
        "reload" => world.reload(name).map(Some),
        _ => world.reset_failed(name).map(|()| None),
    });
    let job = match taken {
        Ok(None) => return 0,
        Ok(Some(job)) => job,
        Err(_) => {
            io.err(&format!(
                "Failed to {verb} {name}: Unit {name} not found or not able to.\n"
            ))
            .await;
            return 5;
        }
    };
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = io.ended() => return 130,
        };
        match event {
            Ok(Event::JobRemoved(id, _, "done")) if id == job => return 0,
            Ok(Event::JobRemoved(id, _, result)) if id == job => {
                let text = format!(
                    "Job for {name} failed ({result}).\nSee \"systemctl status {name}\" and \"journalctl -xeu {name}\" for details.\n"
                );
                io.err(&text).await;
                return 1;
            }
            Ok(_) => {}
            Err(_) => return 1,
        }
    }
}

fn mark(unit: &Unit) -> &'static str {
    match unit.active {
        "failed" => "×",
        "active" => "●",
        _ => "○",
    }
}

fn row(unit: &Unit) -> String {
    format!(
        "{} {} loaded {} {} {}",
        mark(unit),
        unit.name,
        unit.active,
        unit.sub,
        unit.description
    )
}
