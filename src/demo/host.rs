//! A simulated host as its services share it: the world behind a lock, the clock that moves it on.

use super::model::{Event, World};
use super::ssh::{Fault, Faults};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, broadcast, watch};

/// News that may wait for a slow D-Bus client; one that falls further behind is disconnected.
const BACKLOG: usize = 4096;

/// One host.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) faults: Arc<Faults>,
    world: Mutex<World>,
    appended: watch::Sender<u64>,
    events: broadcast::Sender<Event>,
    hurry: Notify,
    kills: watch::Sender<u64>,
}

/// Microseconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

impl Host {
    /// A host with its history; its clock runs with [`Host::live`].
    pub(crate) fn new(name: &str, seed: u64, at: i64) -> Host {
        let world = World::new(name, seed, at);
        Host {
            name: name.to_owned(),
            faults: Arc::default(),
            appended: watch::Sender::new(world.journal.last()),
            world: Mutex::new(world),
            events: broadcast::Sender::new(BACKLOG),
            hurry: Notify::new(),
            kills: watch::Sender::new(0),
        }
    }

    /// Looks at the world, or changes it; whoever waits for news is told.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        world.advance(now());
        let value = f(&mut world);
        let events = std::mem::take(&mut world.events);
        let last = world.journal.last();
        drop(world);
        for event in events {
            // Nobody may be listening.
            let _ = self.events.send(event);
        }
        let moved = self.appended.send_if_modified(|seen| {
            let moved = *seen != last;
            *seen = last;
            moved
        });
        if moved {
            self.hurry.notify_one();
        }
        value
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told the newest entry's number whenever entries came.
    pub(crate) fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// Told what happens to units and jobs.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Told when every running `journalctl` is to die.
    pub(crate) fn kills(&self) -> watch::Receiver<u64> {
        self.kills.subscribe()
    }

    /// Has the host or its link misbehave.
    pub(crate) fn fault(&self, fault: Fault) {
        self.faults.set(fault);
        match fault {
            Fault::Reboot => self.with(|world| world.boot_at(now())),
            Fault::KillJournalctl => self.kills.send_modify(|count| *count += 1),
            Fault::Rotate => self.with(|world| world.journal.rotate()),
            Fault::Vacuum => self.with(|world| {
                world.journal.rotate();
                world.journal.vacuum();
            }),
            Fault::CutAfter(_) | Fault::Stall(_) | Fault::Refuse(_) | Fault::Restart => {}
        }
    }

    /// Lets time pass until dropped.
    pub(crate) async fn live(self: Arc<Self>) {
        loop {
            let next = self.with(|world| world.next());
            let wait = next.map_or(1_000_000, |next| (next - now()).clamp(1000, 1_000_000));
            let wait = Duration::from_micros(wait.unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.hurry.notified() => {}
            }
        }
    }
}
