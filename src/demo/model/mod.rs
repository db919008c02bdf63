//! One simulated host: units, jobs, disks and journal, moved on by time alone.
//!
//! [`World::advance`] makes everything happen that is due, in order and without a clock, so that
//! one seed gives one story. What the units are and what they say is in `story`; who asks, in
//! `dbus` and `command`.

pub(crate) mod journal;
pub(crate) mod lifecycle;
pub(crate) mod unit;

use super::story;
use journal::{Journal, Record, Source};
use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
};
use unit::{Kind, Unit};

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;

/// What others are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Changed(String),
    JobNew(u32, String),
    JobRemoved(u32, String, &'static str),
    FilesChanged,
    Reloading(bool),
}

/// What is due at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Chatter(usize),
    /// The next line of a run's output.
    Output(String, String, usize),
    /// A run is up.
    Ready(String, String),
    /// A run's main process ends with this status.
    Exit(String, String, i32),
    AutoRestart(String, String),
    Stopped(String),
    Elapse(String),
    Disk,
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) unit: String,
    pub(crate) kind: &'static str,
}

/// A file system of the host.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) device: &'static str,
    pub(crate) place: &'static str,
    /// KiB.
    pub(crate) total: u64,
    /// KiB.
    pub(crate) used: u64,
}

/// One simulated host.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) journal: Journal,
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) jobs: BTreeMap<u32, Job>,
    pub(crate) disks: Vec<Disk>,
    pub(crate) boot: Arc<str>,
    pub(crate) booted: i64,
    /// When the demo started: what is older is history.
    pub(crate) begin: i64,
    pub(crate) now: i64,
    pub(crate) events: Vec<Event>,
    pub(crate) rng: fastrand::Rng,
    pub(crate) chatter: Vec<story::Chatter>,
    queue: BinaryHeap<Reverse<(i64, u64, Due)>>,
    order: u64,
    next_job: u32,
    next_pid: u32,
    systemd: Arc<Source>,
}

impl World {
    /// A host with its history of two boots, as of `now` (microseconds since 1970).
    pub(crate) fn new(name: &str, seed: u64, now: i64) -> World {
        let mut rng = fastrand::Rng::with_seed(seed);
        for byte in name.bytes() {
            rng = fastrand::Rng::with_seed(rng.u64(..) ^ u64::from(byte));
        }
        let machine = format!("{:032x}", rng.u128(..));
        let seq_id = format!("{:032x}", rng.u128(..));
        let mut world = World {
            name: name.to_owned(),
            journal: Journal::new(name, machine, seq_id),
            units: BTreeMap::new(),
            jobs: BTreeMap::new(),
            disks: Vec::new(),
            boot: Arc::from(""),
            booted: 0,
            begin: now,
            now: 0,
            events: Vec::new(),
            rng,
            chatter: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            next_job: 1,
            next_pid: 400,
            systemd: Arc::new(Source {
                unit: "init.scope".to_owned(),
                identifier: "systemd".to_owned(),
                exe: "/run/current-system/systemd/lib/systemd/systemd".to_owned(),
                transport: "journal",
                uid: 0,
                invocation: String::new(),
            }),
        };
        world.boot_at(now - 40 * 3600 * SECOND);
        world.advance(now - 26 * 3600 * SECOND);
        world.boot_at(now - 26 * 3600 * SECOND + 21 * SECOND);
        world.advance(now);
        world.events.clear();
        world
    }

    /// Boots (again): everything that was due is gone.
    pub(crate) fn boot_at(&mut self, at: i64) {
        self.queue.clear();
        self.jobs.clear();
        self.now = at;
        self.booted = at - 3 * SECOND;
        self.boot = Arc::from(format!("{:032x}", self.rng.u128(..)));
        self.next_pid = 400;
        self.next_job = 1;
        story::populate(self);
    }

    /// Lets everything happen that is due until `to`.
    pub(crate) fn advance(&mut self, to: i64) {
        while let Some(Reverse((at, _, _))) = self.queue.peek() {
            if *at > to {
                break;
            }
            if let Some(Reverse((at, _, due))) = self.queue.pop() {
                self.now = self.now.max(at);
                self.happen(due);
            }
        }
        self.now = self.now.max(to);
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<i64> {
        self.queue.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Has something happen `after` microseconds from now.
    pub(crate) fn later(&mut self, after: i64, due: Due) {
        self.order += 1;
        self.queue
            .push(Reverse((self.now + after, self.order, due)));
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Chatter(which) => story::chatter(self, which),
            Due::Disk => story::disk(self),
            Due::Output(unit, invocation, step) => self.output(&unit, &invocation, step),
            Due::Ready(unit, invocation) => self.ready(&unit, &invocation),
            Due::Exit(unit, invocation, status) => self.exit(&unit, &invocation, status),
            Due::AutoRestart(unit, invocation) => self.auto_restart(&unit, &invocation),
            Due::Stopped(unit) => self.stopped(&unit),
            Due::Elapse(timer) => self.elapse(&timer),
        }
    }

    fn elapse(&mut self, timer: &str) {
        let now = self.now;
        let Some(unit) = self.units.get_mut(timer) else {
            return;
        };
        let active = unit.active == "active";
        let Kind::Timer {
            unit: target,
            period,
            next,
            last,
        } = &mut unit.kind
        else {
            return;
        };
        let (target, period) = (target.clone(), *period * SECOND);
        *next = now + period;
        if active {
            *last = now;
        }
        self.later(period, Due::Elapse(timer.to_owned()));
        if active {
            self.events.push(Event::Changed(timer.to_owned()));
            let _ = self.start(&target, false);
        }
    }

    /// Writes an entry of a unit's program.
    pub(crate) fn say(&mut self, unit: &str, priority: u8, message: impl AsRef<[u8]>) {
        let Some(found) = self.units.get(unit) else {
            return;
        };
        let Some(service) = found.service() else {
            return;
        };
        let source = Arc::new(Source {
            unit: unit.to_owned(),
            identifier: service.identifier.clone(),
            exe: service.exe.clone(),
            transport: "stdout",
            uid: service.uid,
            invocation: found.invocation.clone(),
        });
        let pid = match service.main_pid {
            0 => service.last_pid,
            pid => pid,
        };
        self.write(&source, pid, priority, message.as_ref(), Vec::new());
    }

    /// Writes lines of a program run as this unit, which need not exist.
    pub(crate) fn print(&mut self, unit: &str, lines: &[String]) {
        let source = Arc::new(Source {
            unit: unit.to_owned(),
            identifier: unit.split('.').next().unwrap_or(unit).to_owned(),
            exe: "/run/current-system/sw/bin/sh".to_owned(),
            transport: "stdout",
            uid: 0,
            invocation: String::new(),
        });
        let pid = self.pid();
        for line in lines {
            self.write(&source, pid, 6, line.as_bytes(), Vec::new());
        }
    }

    /// Writes an entry of systemd's own about a unit.
    pub(crate) fn systemd_says(
        &mut self,
        unit: &str,
        priority: u8,
        message_id: &'static str,
        message: &str,
        more: &[(&'static str, String)],
    ) {
        let invocation = self.units.get(unit).map(|unit| unit.invocation.clone());
        let mut extra: Vec<(Cow<'static, str>, Vec<u8>)> =
            vec![(Cow::Borrowed("UNIT"), unit.as_bytes().to_vec())];
        if let Some(invocation) = invocation.filter(|id| !id.is_empty()) {
            extra.push((Cow::Borrowed("INVOCATION_ID"), invocation.into_bytes()));
        }
        if !message_id.is_empty() {
            extra.push((Cow::Borrowed("MESSAGE_ID"), message_id.into()));
        }
        for (name, value) in more {
            extra.push((Cow::Borrowed(name), value.clone().into_bytes()));
        }
        let source = self.systemd.clone();
        self.write(&source, 1, priority, message.as_bytes(), extra);
    }

    /// Writes an entry.
    pub(crate) fn write(
        &mut self,
        source: &Arc<Source>,
        pid: u32,
        priority: u8,
        message: &[u8],
        extra: Vec<(Cow<'static, str>, Vec<u8>)>,
    ) {
        // Entries of one moment still have an order in time, as on a real host.
        self.now += 1 + self.rng.i64(0..40);
        let record = Record {
            seq: 0,
            realtime: self.now,
            monotonic: self.now - self.booted,
            boot: self.boot.clone(),
            source: source.clone(),
            pid,
            priority,
            message: message.into(),
            extra,
        };
        self.journal.append(record);
    }

    /// A process id that is not in use.
    pub(crate) fn pid(&mut self) -> u32 {
        self.next_pid += self.rng.u32(1..9);
        self.next_pid
    }

    pub(crate) fn changed(&mut self, unit: &str) {
        self.events.push(Event::Changed(unit.to_owned()));
    }
}
