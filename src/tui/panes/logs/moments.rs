//! Times since when something is another: deployments, restarts, starts, boots, as far as the
//! console knows of them. What is new since then is asked by name.

use super::{State, panel};
use crate::{
    logs::lifecycle,
    text,
    tui::{
        effect::{Next, PickSpec, PromptSpec},
        panes::Ctx,
        widgets::log::TimeFormat,
    },
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Lines of deployments that are looked at.
const LOOKED_AT: usize = 200;
/// Times that are offered.
const OFFERED: usize = 30;
/// What starts so soon after a boot started with it.
const WITH_BOOT: i64 = 180 * SECOND;
/// In microseconds.
const SECOND: i64 = 1_000_000;

/// The value that stands for a time that is typed.
const TYPED: &str = "typed";

/// The times, the newest first; microseconds since 1970, and what happened.
fn known(state: &State, ctx: &Ctx) -> Vec<(i64, String)> {
    let mut all: BTreeSet<(i64, String)> = BTreeSet::new();
    let several = state.hosts.len() > 1;
    let on = |host: &str| match several {
        true => format!(" on {}", text::clean(host)),
        false => String::new(),
    };
    for job in ctx.jobs.iter().filter(|job| job.env == *ctx.env()) {
        let host = job.intent.host();
        if state.hosts.contains(host) {
            let what = match job.intent.operation() {
                "rebuild" => "deploy".to_owned(),
                verb => format!("{verb} of {}", text::clean(job.intent.unit())),
            };
            let word = format!("{what}{}, by this console", on(host.as_str()));
            all.insert((job.started.as_microsecond(), word));
        }
    }
    let mut at = state.held.len();
    for _ in 0..LOOKED_AT {
        let deploys = |source: &crate::logs::store::Source| {
            lifecycle::may_deploy(source.unit.as_deref(), source.identifier.as_deref())
        };
        let Some(before) = state.held.next(at, true, deploys) else {
            break;
        };
        at = before;
        if let Some(row) = state.held.row(at)
            && let Some(entry) = row.entry()
            && lifecycle::deployed(entry)
        {
            all.insert((row.id.time, format!("deploy{}", on(entry.host.as_str()))));
        }
    }
    for (host, known) in ctx
        .world
        .hosts
        .iter()
        .filter(|(host, _)| state.hosts.contains(host))
    {
        let uptime = known.metrics.as_ref().map(|metrics| metrics.uptime);
        // Uptimes are a little old: a boot is rather taken for earlier than for later.
        let boot = uptime.and_then(|uptime| ctx.now.checked_sub(uptime).ok());
        let boot = boot.map(|boot| (boot.as_second() - 30) * SECOND);
        if let Some(boot) = boot {
            all.insert((boot, format!("boot{}", on(host.as_str()))));
        }
        for unit in known.units.iter().flat_map(|units| units.values()) {
            let asked = state.query.units.is_empty() || state.query.units.contains(&unit.name);
            let since = unit.since.filter(|_| asked && unit.active == "active");
            let Some(since) = since.map(Timestamp::as_microsecond) else {
                continue;
            };
            let with_boot = boot.is_some_and(|boot| since < boot + WITH_BOOT);
            if unit.name.ends_with(".service") && (!with_boot || !state.query.units.is_empty()) {
                let name = text::clean(&unit.name);
                all.insert((since, format!("{name} started{}", on(host.as_str()))));
            }
        }
    }
    let now = ctx.now.as_microsecond();
    all.into_iter()
        .rev()
        .filter(|(time, _)| *time <= now)
        .take(OFFERED)
        .collect()
}

/// Asks since when patterns have to be new.
pub(super) fn ask(state: &State, ctx: &Ctx) -> Vec<Next> {
    let zone = &ctx.preferences.zone;
    let mut items: Vec<(String, String)> = known(state, ctx)
        .into_iter()
        .map(|(time, word)| {
            let mut text = String::new();
            TimeFormat::Short.write(&mut text, time, ctx.now, zone);
            (time.to_string(), format!("{text}  {word}"))
        })
        .collect();
    items.push((TYPED.to_owned(), "another time".to_owned()));
    items.push((String::new(), "all patterns".to_owned()));
    vec![Next::Pick(PickSpec {
        kind: "new-since",
        title: "new since".into(),
        items,
    })]
}

/// One of them was chosen.
pub(super) fn picked(state: &mut State, value: &str, ctx: &Ctx) -> Vec<Next> {
    if value == TYPED {
        let at = state.here.at(&state.held);
        let mut text = String::new();
        if let Some(shown) = state.held.shown(at) {
            let zone = &ctx.preferences.zone;
            TimeFormat::Iso.write(&mut text, shown.id.time, ctx.now, zone);
        }
        return vec![Next::Prompt(PromptSpec {
            kind: "new-since",
            label: "new since: ",
            text,
        })];
    }
    panel::patterns(state, value.parse().ok(), ctx)
}
