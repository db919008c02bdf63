//! Watching the hosts of an environment: connection and units.

use crate::{
    ops,
    remote::{fleet::Fleet, metrics, ssh::Host, systemd},
    tui::{
        cache::Cache,
        model::EnvId,
        msg::{EnvMsg, Msg},
    },
};
use tokio::sync::mpsc;

/// Connects every host and tells what happens to it until the console ends.
pub(super) fn watch(env: &EnvId, fleet: &Fleet, tx: &mpsc::Sender<Msg>) {
    for host in fleet.hosts() {
        host.wake();
        connection(env.clone(), host.clone(), tx.clone());
        units(env.clone(), host.clone(), tx.clone());
        metrics(env.clone(), host.clone(), tx.clone());
    }
}

fn connection(env: EnvId, host: Host, tx: mpsc::Sender<Msg>) {
    tokio::spawn(async move {
        let mut states = host.states();
        loop {
            let state = states.borrow_and_update().clone();
            let news = EnvMsg::Conn(host.id().clone(), state);
            if tx.send(Msg::Env(env.clone(), news)).await.is_err() {
                return;
            }
            if states.changed().await.is_err() {
                return;
            }
        }
    });
}

fn metrics(env: EnvId, host: Host, tx: mpsc::Sender<Msg>) {
    tokio::spawn(async move {
        let id = host.id().clone();
        let mut events = metrics::watch(host);
        while let Some(event) = events.recv().await {
            let news = EnvMsg::Metrics(id.clone(), event);
            if tx.send(Msg::Env(env.clone(), news)).await.is_err() {
                return;
            }
        }
    });
}

/// Tells what was known of an environment when a console was last there.
pub(super) fn cached(cache: Cache, env: EnvId, tx: mpsc::Sender<Msg>) {
    tokio::spawn(async move {
        let name = env.clone();
        let loaded = tokio::task::spawn_blocking(move || cache.load(&name)).await;
        if let Ok(Some(snapshot)) = loaded {
            let _ = tx.send(Msg::Env(env, EnvMsg::Cached(snapshot))).await;
        }
    });
}

/// Tells of operations that an earlier console did not see the end of.
pub(super) fn pending(env: EnvId, tx: mpsc::Sender<Msg>) {
    tokio::spawn(async move {
        let name = env.to_string();
        let listed = tokio::task::spawn_blocking(move || ops::pending::list(&name)).await;
        if let Ok(Ok(pending)) = listed
            && !pending.is_empty()
        {
            let _ = tx.send(Msg::Env(env, EnvMsg::Pending(pending))).await;
        }
    });
}

fn units(env: EnvId, host: Host, tx: mpsc::Sender<Msg>) {
    tokio::spawn(async move {
        let id = host.id().clone();
        let mut events = systemd::watch(host);
        while let Some(event) = events.recv().await {
            let news = EnvMsg::Units(id.clone(), event);
            if tx.send(Msg::Env(env.clone(), news)).await.is_err() {
                return;
            }
        }
    });
}
