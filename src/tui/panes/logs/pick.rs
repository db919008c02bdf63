//! What can be chosen from a list: priority, unit, host, boot. All of them are asked of the hosts.

use super::{State, restart};
use crate::{
    text,
    tui::{
        effect::{Next, PickSpec},
        panes::Ctx,
    },
};
use std::collections::BTreeSet;

pub(super) fn priorities() -> Vec<Next> {
    let names = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ];
    let mut items: Vec<(String, String)> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let worse = if n == 0 { "" } else { " and worse" };
            (n.to_string(), format!("{n} {name}{worse}"))
        })
        .collect();
    items.push((String::new(), "all".into()));
    vec![Next::Pick(PickSpec {
        kind: "priority",
        title: "priority".into(),
        items,
    })]
}

pub(super) fn units(state: &State, ctx: &Ctx) -> Vec<Next> {
    let hosts = &state.hosts;
    let mut names: BTreeSet<&str> = ctx
        .world
        .units()
        .filter(|(host, _)| hosts.contains(host))
        .map(|(_, unit)| unit.name.as_str())
        .collect();
    // Who wrote what is held, the newest first.
    let blocks = state.held.store().blocks().iter().rev();
    let sources = blocks.flat_map(|block| block.sources()).take(20_000);
    names.extend(sources.filter_map(|used| used.what.unit.as_deref()));
    let mut items = vec![(String::new(), "all units".to_owned())];
    items.extend(
        names
            .into_iter()
            .map(|name| (name.to_owned(), text::clean(name).into_owned())),
    );
    vec![Next::Pick(PickSpec {
        kind: "unit",
        title: "only this unit".into(),
        items,
    })]
}

pub(super) fn hosts(state: &State, ctx: &Ctx) -> Vec<Next> {
    let mut items = vec![(String::new(), "all hosts".to_owned())];
    items.extend(ctx.world.hosts.keys().map(|host| {
        let here = if state.hosts.contains(host) {
            " (shown)"
        } else {
            ""
        };
        let name = text::clean(host.as_str());
        (host.to_string(), format!("{name}{here}"))
    }));
    vec![Next::Pick(PickSpec {
        kind: "host",
        title: "only this host".into(),
        items,
    })]
}

pub(super) fn boots(state: &State) -> Vec<Next> {
    let mut items: Vec<(String, String)> = [
        ("", "all boots, live"),
        ("0", "this boot, live"),
        ("-1", "the boot before"),
        ("-2", "the one before that"),
        ("-3", "three boots ago"),
    ]
    .map(|(value, word)| (value.to_owned(), word.to_owned()))
    .to_vec();
    let mut known = BTreeSet::new();
    for block in state.held.store().blocks().iter().rev() {
        for source in block.sources().iter().rev().map(|used| &used.what) {
            if !source.gap && known.len() < 20 && known.insert((&source.host, source.boot)) {
                let name = text::clean(source.host.as_str()).into_owned();
                let id = format!("{:032x}", source.boot);
                items.push((id.clone(), format!("{id} ({name})")));
            }
        }
    }
    vec![Next::Pick(PickSpec {
        kind: "boot",
        title: "boot".into(),
        items,
    })]
}

pub(super) fn picked(state: &mut State, kind: &str, value: &str, ctx: &Ctx) -> Vec<Next> {
    let some = (!value.is_empty()).then(|| value.to_owned());
    match kind {
        "priority" => state.query.priority = some.and_then(|v| v.parse().ok()),
        "unit" => state.query.units = some.into_iter().collect(),
        "boot" => state.query.boot = some,
        "host" => {
            let all = ctx.world.hosts.keys();
            state.hosts = all
                .filter(|host| value.is_empty() || host.as_str() == value)
                .cloned()
                .collect();
        }
        "new-since" => return super::moments::picked(state, value, ctx),
        "compare" => return super::compare::begin(state, value, ctx),
        "copy-as" => return super::choice::copy_as(state, value, ctx),
        _ => return Vec::new(),
    }
    restart(state, ctx)
}
