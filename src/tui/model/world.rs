//! What is known of one environment. Known, not true: everything carries when it was fetched,
//! and what comes from a broken connection or the cache is stale.

use super::{Cloud, EnvId};
use crate::{
    config::Environment,
    problem::Problem,
    remote::{ConnState, HostId, metrics::Metrics, systemd::Unit},
    tui::panes::ScreenId,
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// One environment.
#[derive(Debug)]
pub struct World {
    /// Its name.
    pub id: EnvId,
    /// Its colour, as configured.
    pub colour: Option<String>,
    /// Nothing that changes the world is executed here.
    pub read_only: bool,
    /// Its hosts, by name.
    pub hosts: BTreeMap<HostId, HostState>,
    /// No hosts are configured: they are found among the servers of the project.
    pub finds_hosts: bool,
    /// Of those found only these; all when empty.
    pub only: Vec<String>,
    /// Its Hetzner project.
    pub cloud: Cloud,
    /// Its hosts are being connected and watched.
    pub open: bool,
    /// These are not hosts but files: there are only their entries to look at.
    pub files: bool,
    /// The screen that was shown last.
    pub last: Option<ScreenId>,
}

/// What is known of one host.
#[derive(Debug)]
pub struct HostState {
    /// Its connection.
    pub conn: ConnState,
    /// Since when it is so.
    pub conn_since: Timestamp,
    /// Since when it has not been up, and the last reason that was given; attempts come and go
    /// meanwhile.
    pub down: Option<(Timestamp, Option<Problem>)>,
    /// The user asked for an attempt; what comes of it is told.
    pub wanted: bool,
    /// The round-trip time as shown: follows the measured one only when it differs clearly twice
    /// in a row, so that a quiet connection draws nothing.
    pub rtt: Option<Duration>,
    /// The last one differed clearly.
    pub rtt_differed: bool,
    /// Its units, by name; `None` until they were fetched once.
    pub units: Option<BTreeMap<String, Arc<Unit>>>,
    /// When the units were last heard of.
    pub units_at: Timestamp,
    /// Why the units are not live, when they are not.
    pub units_down: Option<Problem>,
    /// The newest sample of load, memory and disks.
    pub metrics: Option<Metrics>,
    /// The same as it is shown: without the noise.
    pub gauges: Option<Metrics>,
    /// The processors' use, the newest last.
    pub cpu_history: VecDeque<f32>,
    /// Since when what is measured has been wrong, by the problem's key.
    pub since: BTreeMap<String, Timestamp>,
    /// The units are from the cache or from before the connection broke.
    pub stale: bool,
}

impl World {
    /// An environment of which nothing is known but its configuration.
    pub fn new(environment: &Environment, read_only: bool) -> World {
        World {
            id: EnvId::new(&environment.name),
            colour: environment.colour.clone(),
            read_only: read_only || environment.read_only,
            hosts: environment
                .hosts
                .iter()
                .map(|destination| (HostId::new(&destination.name), HostState::default()))
                .collect(),
            finds_hosts: environment.hosts.is_empty(),
            only: Vec::new(),
            cloud: Cloud::default(),
            open: false,
            files: false,
            last: None,
        }
    }

    /// Files in the place of an environment. They are there, and nobody changes them.
    pub fn of_files(names: impl IntoIterator<Item = HostId>) -> World {
        let there = || HostState {
            conn: ConnState::Up { rtt: None },
            ..HostState::default()
        };
        World {
            hosts: names.into_iter().map(|name| (name, there())).collect(),
            open: true,
            files: true,
            finds_hosts: false,
            ..World::new(&Environment::new("files"), true)
        }
    }

    /// All units of all hosts.
    pub fn units(&self) -> impl Iterator<Item = (&HostId, &Arc<Unit>)> {
        self.hosts.iter().flat_map(|(host, state)| {
            state
                .units
                .iter()
                .flat_map(move |units| units.values().map(move |unit| (host, unit)))
        })
    }

    /// One unit.
    pub fn unit(&self, host: &HostId, name: &str) -> Option<&Arc<Unit>> {
        self.hosts.get(host)?.units.as_ref()?.get(name)
    }
}

impl Default for HostState {
    fn default() -> Self {
        HostState {
            conn: ConnState::Idle,
            conn_since: Timestamp::UNIX_EPOCH,
            down: None,
            wanted: false,
            rtt: None,
            rtt_differed: false,
            units: None,
            units_at: Timestamp::UNIX_EPOCH,
            units_down: None,
            metrics: None,
            gauges: None,
            cpu_history: VecDeque::new(),
            since: BTreeMap::new(),
            stale: false,
        }
    }
}

impl HostState {
    /// Takes a measured round-trip time; whether the shown one changed.
    pub fn measure(&mut self, rtt: Option<Duration>) -> bool {
        let differs = match (self.rtt, rtt) {
            (Some(old), Some(new)) => {
                let (a, b) = (old.as_secs_f64(), new.as_secs_f64());
                // Under a quarter, or within five milliseconds, is noise.
                (a - b).abs() > 0.005 && (a - b).abs() > a.max(b) * 0.25
            }
            (None, None) => false,
            _ => {
                self.rtt = rtt;
                self.rtt_differed = false;
                return true;
            }
        };
        // A single one that differs was held up on its way.
        let shown = differs && self.rtt_differed;
        self.rtt_differed = differs && !shown;
        if shown {
            self.rtt = rtt;
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_held_up_once_is_not_shown() {
        let ms = |ms| Some(Duration::from_millis(ms));
        let mut host = HostState::default();
        assert!(host.measure(ms(20)));
        assert!(!host.measure(ms(300)));
        assert!(!host.measure(ms(21)));
        assert!(!host.measure(ms(300)));
        assert!(host.measure(ms(280)));
        assert_eq!(host.rtt, ms(280));
        assert!(host.measure(None));
        assert!(host.measure(ms(20)));
    }
}
