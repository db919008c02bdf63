//! systemd over D-Bus: `systemd-stdio-bridge` on an exec channel, zbus, signals, no polling.
//!
//! [`watch()`] keeps a list of units live through broken links; [`Systemd`] is one connection for
//! questions and actions. Whether an action should happen is decided elsewhere (`ops`).

mod act;
mod bridge;
mod inbox;
mod manager;
pub mod names;
mod properties;
mod text;
mod unit;
mod watch;

pub use act::{JobResult, Progress, Verb};
pub use unit::Unit;
pub use watch::{UnitEvent, watch};

use super::{HostId, ssh::Host};
use crate::problem::Problem;
use bridge::{As, Bridge};
use properties::Clock;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::OnceCell;

/// A connection to one host's service manager. Cheap to clone; it does not come back by itself:
/// open another one when the link broke.
#[derive(Clone)]
pub struct Systemd {
    host: Host,
    user: Bridge,
    root: Arc<OnceCell<Bridge>>,
}

impl Systemd {
    /// Opens the bridge on the host's connection.
    ///
    /// # Errors
    /// [`SystemdError::Unreachable`] when the host does not answer, has no systemd or no bridge.
    pub async fn open(host: &Host) -> Result<Systemd, SystemdError> {
        Ok(Systemd {
            host: host.clone(),
            user: Bridge::open(host, As::User).await?,
            root: Arc::new(OnceCell::new()),
        })
    }

    /// Whose systemd this is.
    pub fn host(&self) -> &HostId {
        self.host.id()
    }

    /// All units: loaded ones with their properties, then those that have only a file (`load` is
    /// `unloaded`). Sorted by name.
    pub async fn units(&self) -> Result<Vec<Unit>, SystemdError> {
        self.list(true).await
    }

    /// All loaded units with their properties, sorted by name.
    pub async fn loaded_units(&self) -> Result<Vec<Unit>, SystemdError> {
        self.list(false).await
    }

    async fn list(&self, with_files: bool) -> Result<Vec<Unit>, SystemdError> {
        let refused = |error: bridge::CallError| error.on(self.host());
        let loaded = manager::list(&self.user).await.map_err(refused)?;
        let mut units = BTreeMap::new();
        let mut clock = Clock::default();
        let details = manager::add_details(&self.user, loaded, &mut clock, |unit| {
            units.insert(unit.name.clone(), unit);
        });
        let (files, details) = tokio::join!(
            async {
                match with_files {
                    true => manager::files(&self.user).await,
                    false => Ok(Vec::new()),
                }
            },
            details
        );
        details.map_err(refused)?;
        for file in files.map_err(refused)? {
            units.entry(file.name.clone()).or_insert(file);
        }
        Ok(units.into_values().collect())
    }

    /// Names, descriptions and states of all loaded units, by one request.
    pub async fn states(&self) -> Result<Vec<Unit>, SystemdError> {
        manager::list(&self.user)
            .await
            .map_err(|error| error.on(self.host()))
    }

    /// One unit, loaded if need be; its `load` is `not-found` where there is no such unit.
    pub async fn unit(&self, name: &str) -> Result<Unit, SystemdError> {
        let reading = manager::read(&self.user, name)
            .await
            .map_err(|error| error.on(self.host()))?;
        let mut unit = Unit {
            name: name.to_owned(),
            ..Unit::default()
        };
        reading.apply(&mut unit, &mut Clock::default());
        Ok(unit)
    }

    /// These units as they are now (memory and CPU change without a signal); units that are gone
    /// are left out. Costs two small requests a unit, all at once.
    pub async fn refresh(&self, names: &[String]) -> Result<Vec<Unit>, SystemdError> {
        let mut units = Vec::with_capacity(names.len());
        let mut clock = Clock::default();
        manager::read_many(&self.user, names.to_vec(), |name, reading| {
            let mut unit = Unit {
                name: name.to_owned(),
                ..Unit::default()
            };
            reading.apply(&mut unit, &mut clock);
            units.push(unit);
        })
        .await
        .map_err(|error| error.on(self.host()))?;
        units.retain(|unit| unit.load != "not-found");
        Ok(units)
    }

    /// One unit with its properties and relations, by one reading.
    pub async fn describe(&self, name: &str) -> Result<Description, SystemdError> {
        let reading = manager::read(&self.user, name)
            .await
            .map_err(|error| error.on(self.host()))?;
        let mut unit = Unit {
            name: name.to_owned(),
            ..Unit::default()
        };
        reading.apply(&mut unit, &mut Clock::default());
        let dependencies = text::relations(reading.common());
        Ok(Description {
            unit,
            properties: text::properties(&reading.into_all()),
            dependencies,
        })
    }

    /// Every property of a unit, formatted, sorted by name.
    pub async fn properties(&self, name: &str) -> Result<Vec<(String, String)>, SystemdError> {
        let reading = manager::read(&self.user, name)
            .await
            .map_err(|error| error.on(self.host()))?;
        Ok(text::properties(&reading.into_all()))
    }

    /// The unit's file and drop-ins, like `systemctl cat`.
    ///
    /// # Errors
    /// [`SystemdError::Refused`] when the unit has no file or the user may not read it.
    pub async fn file_text(&self, name: &str) -> Result<String, SystemdError> {
        let reading = manager::read(&self.user, name)
            .await
            .map_err(|error| error.on(self.host()))?;
        text::files(&self.host, name, reading.common()).await
    }

    /// What it requires, wants, is ordered against, and the reverse: (relation, units), empty
    /// relations left out.
    pub async fn dependencies(
        &self,
        name: &str,
    ) -> Result<Vec<(String, Vec<String>)>, SystemdError> {
        let reading = manager::read(&self.user, name)
            .await
            .map_err(|error| error.on(self.host()))?;
        Ok(text::relations(reading.common()))
    }

    /// Does something to a unit and waits for the job's result. When the link breaks after the
    /// request was sent the answer is [`SystemdError::Unknown`].
    pub async fn act(&self, verb: Verb, name: &str) -> Result<JobResult, SystemdError> {
        act::act(self, verb, name, None).await
    }

    /// [`Systemd::act`] that tells how it goes. Nobody has to read the news.
    pub async fn act_and_tell(
        &self,
        verb: Verb,
        name: &str,
        news: tokio::sync::mpsc::Sender<Progress>,
    ) -> Result<JobResult, SystemdError> {
        act::act(self, verb, name, Some(news)).await
    }

    /// A job of the unit that has not ended: its number and type.
    pub async fn job_of(&self, name: &str) -> Result<Option<(u32, String)>, SystemdError> {
        let reading = manager::read(&self.user, name)
            .await
            .map_err(|error| error.on(self.host()))?;
        Ok(reading
            .common()
            .job()
            .map(|(id, _)| id)
            .zip(reading.job().map(str::to_owned)))
    }

    /// Waits for the end of a job that was started over another connection. `None` when it had
    /// ended before: its result is not known any more.
    ///
    /// # Errors
    /// [`SystemdError::Unreachable`] when the connection ends meanwhile.
    pub async fn attach(&self, job: u32) -> Result<Option<String>, SystemdError> {
        act::attach(&self.user, job)
            .await
            .map_err(|error| error.on(self.host()))
    }

    /// When this boot's service manager started, microseconds since 1970 by the host's clock:
    /// another value means that the host has been restarted.
    pub async fn started(&self) -> Result<u64, SystemdError> {
        manager::started(&self.user)
            .await
            .map_err(|error| error.on(self.host()))
    }

    /// When this run of a unit began, microseconds since boot. `None` when that is not known, as
    /// when the unit has had another run since.
    pub async fn run_began(&self, name: &str, invocation: &str) -> Option<u64> {
        manager::run_began(&self.user, &names::path_of(name), invocation).await
    }

    /// Resolves when the connection to systemd has ended.
    pub async fn closed(&self) {
        self.user.closed().await;
    }

    /// The user's bridge.
    fn user(&self) -> &Bridge {
        &self.user
    }

    /// root's bridge, opened when first needed.
    async fn root(&self) -> Result<&Bridge, SystemdError> {
        self.root
            .get_or_try_init(|| Bridge::open(&self.host, As::Root))
            .await
    }
}

/// All that systemd tells about a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// What lists show.
    pub unit: Unit,
    /// Every property, formatted, sorted by name.
    pub properties: Vec<(String, String)>,
    /// (relation, units), as [`Systemd::dependencies`] gives them.
    pub dependencies: Vec<(String, Vec<String>)>,
}

impl Description {
    /// A property's text.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The units in a relation (`required by`, …).
    pub fn related(&self, relation: &str) -> &[String] {
        self.dependencies
            .iter()
            .find(|(r, _)| r == relation)
            .map_or(&[], |(_, units)| units)
    }
}

/// What can go wrong between us and a host's service manager.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SystemdError {
    /// Not connected, or the host has no systemd or no bridge.
    #[error("{0}")]
    Unreachable(Problem),
    /// systemd or polkit said no (also: no such unit).
    #[error("{0}")]
    Refused(Problem),
    /// The request was sent and the answer never came.
    #[error("{0}")]
    Unknown(Problem),
}

impl From<SystemdError> for Problem {
    fn from(error: SystemdError) -> Problem {
        match error {
            SystemdError::Unreachable(p) | SystemdError::Refused(p) | SystemdError::Unknown(p) => p,
        }
    }
}
