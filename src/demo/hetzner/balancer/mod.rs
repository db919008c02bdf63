//! Load balancers that work: their services listen on loopback, terminate TLS, check their
//! targets and forward to them.
//!
//! Nothing here ever connects to anything that is not on this machine.

mod check;
mod forward;
mod listen;
mod service;
mod tls;

use super::Shared;
use service::{Key, Service};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, PoisonError},
};
use tokio::{sync::watch, task::JoinSet};

/// What a target was found like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Healthy,
    /// Why not, as the API says it, and the status that came instead of a wanted one.
    Unhealthy {
        detail: &'static str,
        code: Option<u16>,
    },
}

/// Where services really listen, which is elsewhere when their port cannot be had.
pub(super) type Places = BTreeMap<Key, SocketAddr>;

/// A service at work. Ends when dropped.
struct Running {
    now: watch::Sender<Arc<Service>>,
    _tasks: JoinSet<()>,
}

/// Keeps services at work as the project has them.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut running: HashMap<Key, Running> = HashMap::new();
    let mut seen = None;
    loop {
        let (version, wanted) = shared.with(|world| {
            let version = service::version(world);
            let changed = seen != Some(version);
            (version, changed.then(|| service::all(world)))
        });
        seen = Some(version);
        if let Some(wanted) = wanted {
            running.retain(|key, _| wanted.contains_key(key));
            shared
                .places
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|key, _| wanted.contains_key(key));
            for (key, service) in wanted {
                let service = Arc::new(service);
                match running.get(&key) {
                    Some(running) => drop(running.now.send_replace(service)),
                    None => drop(running.insert(key, start(&shared, key, service))),
                }
            }
            shared.with(|world| {
                world
                    .health
                    .retain(|(id, port, _), _| running.contains_key(&(*id, *port)));
            });
            shared.settled.send_replace(version);
        }
        shared.changed.notified().await;
    }
}

fn start(shared: &Arc<Shared>, key: Key, service: Arc<Service>) -> Running {
    let now = watch::Sender::new(service);
    let mut tasks = JoinSet::new();
    tasks.spawn(listen::run(shared.clone(), key, now.subscribe()));
    tasks.spawn(check::run(shared.clone(), now.subscribe()));
    Running { now, _tasks: tasks }
}
