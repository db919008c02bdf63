//! The live list of a host's units: one full reading, then what the signals say, again from the
//! start after every broken link.

use super::{
    SystemdError,
    bridge::{As, Bridge, CallError, problem},
    inbox::{Dirt, Inbox},
    manager,
    properties::Clock,
    unit::Unit,
};
use crate::{
    problem::{Exit, Problem},
    remote::{
        ConnState,
        ssh::{Host, SshError},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// News from a host's systemd.
#[derive(Debug, Clone)]
pub enum UnitEvent {
    /// All units; replaces what was known. The first one after a connection has the columns of
    /// the list itself (name, description, states, job); the rest follows as `Changed`.
    All(Vec<Unit>),
    /// These changed or are new.
    Changed(Vec<Unit>),
    /// These are gone.
    Removed(Vec<String>),
    /// Not connected (any more); what is known is stale from now on.
    Down(Problem),
}

/// How long signals are gathered before they are acted upon.
const GATHER: Duration = Duration::from_millis(50);

/// Details that are sent together while a full reading is under way.
const BATCH: usize = 128;

/// Events that may wait for a slow receiver.
const QUEUE: usize = 16;

/// Waits between attempts on a connection that is up while systemd is not to be had.
const PATIENCE: [u64; 6] = [1, 2, 5, 10, 30, 60];

/// Watches the units of a host through reconnections, until the receiver is dropped.
pub fn watch(host: Host) -> mpsc::Receiver<UnitEvent> {
    let (events, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let closed = events.clone();
        tokio::select! {
            () = closed.closed() => {}
            () = keep_watching(&host, &events) => {}
        }
    });
    receiver
}

/// Never returns but when nobody listens.
async fn keep_watching(host: &Host, events: &mpsc::Sender<UnitEvent>) {
    let mut known = BTreeMap::new();
    let mut failures = 0usize;
    loop {
        let number = match host.connection(None).await {
            Ok((number, _)) => number,
            // Without a deadline this means that the host was closed for good.
            Err(SshError::Link(problem)) => {
                down(events, problem).await;
                return;
            }
            Err(error) => {
                if down(events, error.into()).await.is_none() {
                    return;
                }
                // Given up: only somebody's retry changes that.
                let mut states = host.states();
                let _ = states
                    .wait_for(|state| !matches!(state, ConnState::Failed(_)))
                    .await;
                continue;
            }
        };
        let began = Instant::now();
        let why = match Bridge::open(host, As::User).await {
            Ok(bridge) => {
                Session {
                    bridge,
                    events,
                    known: &mut known,
                    files: HashMap::new(),
                    clock: Clock::default(),
                }
                .run()
                .await
            }
            Err(error) => End::Failed(error),
        };
        let problem = match why {
            End::Unheard => return,
            End::Failed(error) => error.into(),
        };
        if down(events, problem).await.is_none() {
            return;
        }
        if began.elapsed() > Duration::from_secs(60) {
            failures = 0;
        }
        let wait = PATIENCE
            .get(failures)
            .or(PATIENCE.last())
            .copied()
            .unwrap_or(60);
        failures += 1;
        // Whatever comes first: the wait is over, or there is another connection.
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(wait)) => {}
            () = another(host, number) => failures = 0,
        }
    }
}

async fn down(events: &mpsc::Sender<UnitEvent>, problem: Problem) -> Option<()> {
    events.send(UnitEvent::Down(problem)).await.ok()
}

/// Waits until the connection's state is another one than now.
async fn changed(host: &Host) {
    let mut states = host.states();
    states.mark_unchanged();
    if states.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits for a connection with another number.
async fn another(host: &Host, number: u64) {
    loop {
        match host.connection(None).await {
            Ok((now, _)) if now != number => return,
            Err(SshError::Link(_)) => return,
            Ok(_) | Err(_) => changed(host).await,
        }
    }
}

/// Why a session ended.
enum End {
    /// The receiver was dropped.
    Unheard,
    /// The connection or systemd failed.
    Failed(SystemdError),
}

/// What a reading covers.
enum What {
    /// Units as the list has them, whose details are wanted.
    Details(Vec<Unit>),
    /// Units of which everything may be new.
    Names(Vec<String>),
}

/// One connection's worth of watching.
struct Session<'a> {
    bridge: Bridge,
    events: &'a mpsc::Sender<UnitEvent>,
    /// What the receiver knows.
    known: &'a mut BTreeMap<String, Unit>,
    /// Units that have a file, by name: what is left of them when they are unloaded.
    files: HashMap<String, Unit>,
    clock: Clock,
}

impl Session<'_> {
    async fn run(mut self) -> End {
        match self.watch().await {
            Ok(()) => End::Unheard,
            Err(error) => End::Failed(error),
        }
    }

    /// `Ok` when nobody listens any more.
    async fn watch(&mut self) -> Result<(), SystemdError> {
        let host = self.bridge.host().clone();
        let refused = |error: CallError| error.on(&host);
        let inbox = Inbox::listen(&self.bridge);
        // Both are sent before either is answered: no state between them can be missed.
        let bridge = self.bridge.clone();
        let (subscribed, listed) =
            tokio::join!(manager::subscribe(&bridge, ""), manager::list(&bridge));
        subscribed.map_err(refused)?;
        if self
            .full(listed.map_err(refused)?)
            .await
            .map_err(refused)?
            .is_none()
        {
            return Ok(());
        }
        loop {
            inbox.wait().await;
            tokio::time::sleep(GATHER).await;
            let dirt = inbox.take();
            if dirt.closed {
                return Err(SystemdError::Unreachable(problem(
                    &host,
                    "systemd-link",
                    Exit::Unreachable,
                    format!("the connection to systemd ended: {}", bridge.closed().await),
                )));
            }
            let heard = if dirt.everything {
                let listed = manager::list(&bridge).await.map_err(refused)?;
                self.full(listed).await
            } else {
                self.partial(dirt).await
            };
            if heard.map_err(refused)?.is_none() {
                return Ok(());
            }
        }
    }

    /// Everything from the list on: list first, details as they come, files last. `None` when
    /// nobody listens.
    async fn full(&mut self, listed: Vec<Unit>) -> Result<Option<()>, CallError> {
        let earlier = std::mem::take(self.known);
        let mut bare = listed.clone();
        for mut unit in listed {
            if let Some(before) = earlier.get(&unit.name) {
                unit.keep_details_of(before);
            }
            self.known.insert(unit.name.clone(), unit);
        }
        for (name, unit) in &self.files {
            if !self.known.contains_key(name) {
                self.known.insert(name.clone(), unit.clone());
            }
        }
        let all = self.known.values().cloned().collect();
        if self.events.send(UnitEvent::All(all)).await.is_err() {
            return Ok(None);
        }
        // Failed units are what somebody waits for.
        bare.sort_by_key(|unit| !unit.is_failed());
        if self.read(What::Details(bare)).await?.is_none() {
            return Ok(None);
        }
        self.read_files().await
    }

    /// What some signals were about.
    async fn partial(&mut self, dirt: Dirt) -> Result<Option<()>, CallError> {
        let mut changed = Vec::new();
        let mut removed = Vec::new();
        for name in dirt.gone {
            match self.files.get(&name) {
                Some(file) => {
                    if self.known.get(&name) != Some(file) {
                        self.known.insert(name, file.clone());
                        changed.push(file.clone());
                    }
                }
                None => {
                    if self.known.remove(&name).is_some() {
                        removed.push(name);
                    }
                }
            }
        }
        if !removed.is_empty() && self.events.send(UnitEvent::Removed(removed)).await.is_err() {
            return Ok(None);
        }
        if !changed.is_empty() && self.events.send(UnitEvent::Changed(changed)).await.is_err() {
            return Ok(None);
        }
        let units = What::Names(dirt.units.into_iter().collect());
        if self.read(units).await?.is_none() {
            return Ok(None);
        }
        if dirt.files {
            return self.read_files().await;
        }
        Ok(Some(()))
    }

    /// Reads these units and sends those that differ from what is known.
    async fn read(&mut self, what: What) -> Result<Option<()>, CallError> {
        let (found, mut finds) = mpsc::unbounded_channel();
        let bridge = self.bridge.clone();
        let known = &mut *self.known;
        let clock = &mut self.clock;
        let reading = async move {
            let note = |known: &mut BTreeMap<String, Unit>, unit: Unit| {
                if known.get(&unit.name) != Some(&unit) {
                    known.insert(unit.name.clone(), unit.clone());
                    // The other half outlives this one.
                    let _ = found.send(unit);
                }
            };
            match what {
                What::Details(units) => {
                    manager::add_details(&bridge, units, clock, |unit| note(known, unit)).await
                }
                What::Names(names) => {
                    manager::read_many(&bridge, names, |name, reading| {
                        let mut unit = Unit {
                            name: name.to_owned(),
                            ..Unit::default()
                        };
                        reading.apply(&mut unit, clock);
                        note(known, unit);
                    })
                    .await
                }
            }
        };
        let sending = async {
            let mut batch = Vec::new();
            loop {
                let count = finds.recv_many(&mut batch, BATCH).await;
                if count == 0 {
                    return Some(());
                }
                // What comes in the next moment goes along.
                tokio::time::sleep(Duration::from_millis(10)).await;
                while batch.len() < BATCH
                    && let Ok(unit) = finds.try_recv()
                {
                    batch.push(unit);
                }
                self.events
                    .send(UnitEvent::Changed(std::mem::take(&mut batch)))
                    .await
                    .ok()?;
            }
        };
        let (read, heard) = tokio::join!(reading, sending);
        read?;
        Ok(heard)
    }

    /// Reads the list of unit files and sends the units that have only that.
    async fn read_files(&mut self) -> Result<Option<()>, CallError> {
        let files = manager::files(&self.bridge).await?;
        self.files = files
            .into_iter()
            .map(|unit| (unit.name.clone(), unit))
            .collect();
        let mut changed = Vec::new();
        for (name, file) in &self.files {
            match self.known.get_mut(name) {
                // Enabling changes a loaded unit's file state without another signal.
                Some(unit) if unit.load != "unloaded" => {
                    if unit.file_state != file.file_state {
                        unit.file_state.clone_from(&file.file_state);
                        changed.push(unit.clone());
                    }
                }
                Some(unit) if unit == file => {}
                _ => {
                    self.known.insert(name.clone(), file.clone());
                    changed.push(file.clone());
                }
            }
        }
        let removed: Vec<String> = self
            .known
            .values()
            .filter(|unit| unit.load == "unloaded" && !self.files.contains_key(&unit.name))
            .map(|unit| unit.name.clone())
            .collect();
        for name in &removed {
            self.known.remove(name);
        }
        if !changed.is_empty() && self.events.send(UnitEvent::Changed(changed)).await.is_err() {
            return Ok(None);
        }
        if !removed.is_empty() && self.events.send(UnitEvent::Removed(removed)).await.is_err() {
            return Ok(None);
        }
        Ok(Some(()))
    }
}
