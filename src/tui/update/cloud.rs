//! News of Hetzner projects, and which of their lists somebody needs.

use super::{note, say, tell, world};
use crate::{
    config::Destination,
    remote::{
        HostId,
        hetzner::{Attention, hosts, kinds::Server},
    },
    tui::{
        effect::Effect,
        model::{
            CloudKind, EnvId, HostState, Model,
            cloud::{BUDGET, Changed, CloudMsg},
        },
        msg::Level,
        panes::{PaneMsg, ScreenId, deck},
    },
};
use std::collections::{BTreeMap, btree_map::Entry};

/// The lists that the Deck looks for problems in.
const DECK: [CloudKind; 6] = [
    CloudKind::Servers,
    CloudKind::LoadBalancers,
    CloudKind::Volumes,
    CloudKind::Zones,
    CloudKind::Certificates,
    CloudKind::Actions,
];

pub(super) fn news(model: &mut Model, env: &EnvId, msg: CloudMsg, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(world) = model.worlds.get_mut(env) else {
        return;
    };
    let told = match &msg {
        CloudMsg::NoAccess(why) if why.code != "no-token" => Some(why.to_string()),
        _ => None,
    };
    let changed = world.cloud.take(msg, now);
    if changed == Changed::Nothing {
        return;
    }
    let faults = deck::cloud_faults(world, now);
    let since = &mut world.cloud.since;
    let low = world.cloud.tenths.is_some_and(|tenths| tenths < deck::LOW);
    since.retain(|key, _| (low && key == BUDGET) || faults.iter().any(|f| f.key == *key));
    if low {
        since.entry(BUDGET.to_owned()).or_insert(now);
    }
    for fault in &faults {
        since.entry(fault.key.clone()).or_insert(now);
    }
    world.cloud.faults = faults;
    if changed == Changed::List(CloudKind::Servers) {
        adopt(model, env, out);
    }
    // The header shows the source.
    model.dirty |= *env == model.current && changed == Changed::Source;
    if let Some(text) = told {
        note(model, env.clone(), Level::Error, text);
    }
    let ids: Vec<ScreenId> = model
        .screens
        .iter()
        .filter(|(_, screen)| screen.env == *env)
        .map(|(id, _)| *id)
        .collect();
    for id in ids {
        tell(model, id, PaneMsg::Cloud(changed), out);
    }
}

/// More servers than this are not all connected unasked.
const MOST: usize = 50;

/// Where no hosts are configured, the environment's servers are its hosts.
fn adopt(model: &mut Model, env: &EnvId, out: &mut Vec<Effect>) {
    let Some(world) = model.worlds.get_mut(env) else {
        return;
    };
    let cloud = &world.cloud;
    if !world.finds_hosts || !cloud.lists.of(CloudKind::Servers).complete {
        return;
    }
    let mine = |server: &&Server| cloud.owns(world.id.as_str(), &server.labels);
    let wanted = |found: &Destination| world.only.is_empty() || world.only.contains(&found.name);
    let found: Vec<Destination> = (cloud.lists.servers.items().iter())
        .filter(mine)
        .filter_map(hosts::destination)
        .filter(wanted)
        .collect();
    if found.len() > MOST {
        let text = format!(
            "{} servers are too many to connect to unasked: name those to watch in hosts_{env}, or \
             start with --host",
            found.len()
        );
        if !model.messages.iter().any(|message| message.text == text) {
            say(model, Level::Warning, text);
        }
        return;
    }
    let mut new = Vec::new();
    for host in found {
        let id = HostId::new(&host.name);
        if let Entry::Vacant(place) = world.hosts.entry(id) {
            place.insert(HostState::default());
            new.push(host);
        }
    }
    if new.is_empty() {
        return;
    }
    let ids: Vec<HostId> = new.iter().map(|host| HostId::new(&host.name)).collect();
    out.push(Effect::Adopt(env.clone(), new));
    for id in ids {
        world::tell_all(model, env, &id, out);
    }
}

/// Tells the runtime which lists are needed, where that is other than before.
pub(super) fn look(model: &mut Model, out: &mut Vec<Effect>) {
    for (env, world) in &model.worlds {
        if !world.open || world.files {
            continue;
        }
        let mut wanted = BTreeMap::new();
        if *env == model.current {
            let shown = model.screen().map(|screen| screen.pane.looks_at());
            let deck = DECK.iter().map(|kind| (*kind, Attention::Deck));
            for (kind, attention) in deck.chain(shown.unwrap_or_default()) {
                let known = wanted.entry(kind).or_insert(attention);
                *known = attention.max(*known);
            }
        }
        if model.looked_at.get(env) != Some(&wanted) {
            let all = wanted.iter().map(|(kind, attention)| (*kind, *attention));
            out.push(Effect::Look(env.clone(), all.collect()));
            model.looked_at.insert(env.clone(), wanted);
        }
    }
}
