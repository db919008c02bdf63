//! The calls of systemd's manager and units that we use, typed.

use super::{
    bridge::{Bridge, CallError},
    names,
    properties::{Clock, Properties},
    unit::{self, Unit},
};
use futures::{StreamExt, stream};
use std::{pin::Pin, sync::Arc};
use zbus::OwnedObjectPath;

pub(super) const PATH: &str = "/org/freedesktop/systemd1";
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const JOB: &str = "org.freedesktop.systemd1.Job";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Units that are taken from one host; far beyond what a manager can hold usefully.
const MOST: usize = 50_000;

/// Calls that are under way at once: enough to fill a long link, and below the 128 open calls
/// that dbus-daemon grants a connection.
const AT_ONCE: usize = 96;

/// A row of `ListUnits`.
type Row = (
    String,
    String,
    String,
    String,
    String,
    String,
    OwnedObjectPath,
    u32,
    String,
    OwnedObjectPath,
);

/// All loaded units with the columns that the list itself has.
pub(super) async fn list(bridge: &Bridge) -> Result<Vec<Unit>, CallError> {
    let rows: Vec<Row> = bridge.call(PATH, MANAGER, "ListUnits", &()).await?;
    Ok(rows
        .into_iter()
        .take(MOST)
        .map(
            |(name, description, load, active, sub, _, _, job, kind, _)| Unit {
                name,
                description,
                load,
                active,
                sub,
                job: (job != 0).then_some(kind),
                ..Unit::default()
            },
        )
        .collect())
}

/// All unit files as units that are not loaded; templates are left out.
pub(super) async fn files(bridge: &Bridge) -> Result<Vec<Unit>, CallError> {
    let rows: Vec<(String, String)> = bridge.call(PATH, MANAGER, "ListUnitFiles", &()).await?;
    Ok(rows
        .into_iter()
        .take(MOST)
        .filter_map(|(path, state)| Unit::from_file(&path, state))
        .filter(|unit| !names::is_template(&unit.name))
        .collect())
}

/// Asks systemd to send the manager's signals, only those of this name unless it is empty.
pub(super) async fn subscribe(bridge: &Bridge, member: &str) -> Result<(), CallError> {
    let mut rule = "type='signal',sender='org.freedesktop.systemd1'".to_owned();
    match member {
        "" => rule.push_str(",path_namespace='/org/freedesktop/systemd1'"),
        member => rule.push_str(&format!(",path='{PATH}',member='{member}'")),
    }
    let (matching, subscribed) = tokio::join!(
        bridge.call_bus("AddMatch", &rule),
        bridge.call::<_, ()>(PATH, MANAGER, "Subscribe", &())
    );
    matching?;
    match subscribed {
        // A second subscription on one connection is one too many, not a failure.
        Err(CallError::Answered { name, .. })
            if name == "org.freedesktop.systemd1.AlreadySubscribed" =>
        {
            Ok(())
        }
        other => other,
    }
}

/// The id of a unit's run.
pub(super) async fn invocation(bridge: &Bridge, path: &str) -> Option<String> {
    let value: zbus::OwnedVariant = bridge
        .call(path, PROPERTIES, "Get", &(UNIT, "InvocationID"))
        .await
        .ok()?;
    unit::invocation_id(&value)
}

/// When a unit's run began, microseconds since boot, if this still is its last one.
pub(super) async fn run_began(bridge: &Bridge, path: &str, run: &str) -> Option<u64> {
    let property = (UNIT, "InactiveExitTimestampMonotonic");
    let began = bridge.call(path, PROPERTIES, "Get", &property);
    let (began, now) = tokio::join!(began, invocation(bridge, path));
    let began: zbus::OwnedVariant = began.ok()?;
    (now.as_deref() == Some(run))
        .then(|| u64::try_from(began).ok())?
        .filter(|at| *at != 0)
}

/// Every property of one interface of an object.
pub(super) async fn all_of(
    bridge: &Bridge,
    path: &str,
    interface: &str,
) -> Result<Properties, CallError> {
    bridge
        .call(path, PROPERTIES, "GetAll", &interface)
        .await
        .map(Properties)
}

/// When the manager started.
pub(super) async fn started(bridge: &Bridge) -> Result<u64, CallError> {
    let value: zbus::OwnedVariant = bridge
        .call(PATH, PROPERTIES, "Get", &(MANAGER, "UserspaceTimestamp"))
        .await?;
    u64::try_from(value).map_err(|error| CallError::Malformed(error.to_string()))
}

/// Whether this job waits or runs.
pub(super) async fn has_job(bridge: &Bridge, job: u32) -> Result<bool, CallError> {
    let found: Result<OwnedObjectPath, _> = bridge.call(PATH, MANAGER, "GetJob", &job).await;
    match found {
        Ok(_) => Ok(true),
        Err(CallError::Answered { name, .. }) if name == "org.freedesktop.systemd1.NoSuchJob" => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What was read about one unit.
pub(super) struct Reading {
    common: Properties,
    own: Properties,
    job: Option<String>,
}

impl Reading {
    /// Puts it into the unit.
    pub(super) fn apply(&self, unit: &mut Unit, clock: &mut Clock) {
        unit.read(&self.common, &self.own, clock);
        unit.job.clone_from(&self.job);
    }

    /// The type of the unit's job.
    pub(super) fn job(&self) -> Option<&str> {
        self.job.as_deref()
    }

    /// The properties that every unit has.
    pub(super) fn common(&self) -> &Properties {
        &self.common
    }

    /// All properties, those of the unit's kind included.
    pub(super) fn into_all(self) -> Properties {
        let Reading {
            mut common, own, ..
        } = self;
        common.0.extend(own.0);
        common
    }
}

/// Reads everything about a unit, loaded if need be.
pub(super) async fn read(bridge: &Bridge, name: &str) -> Result<Reading, CallError> {
    let path = names::path_of(name);
    let (common, own) = tokio::join!(all_of(bridge, &path, UNIT), async {
        match names::interface_of(name) {
            Some(interface) => all_of(bridge, &path, interface).await,
            None => Ok(Properties::default()),
        }
    });
    let (common, own) = (common?, own?);
    let job = match common.job() {
        None => None,
        // A job that has ended meanwhile has no type any more.
        Some((_, path)) => all_of(bridge, &path, JOB)
            .await
            .ok()
            .and_then(|job| job.text("JobType")),
    };
    Ok(Reading { common, own, job })
}

/// Reads many units completely and hands each over as it comes. A unit that cannot be read is
/// left out; a broken link is an error.
pub(super) async fn read_many(
    bridge: &Bridge,
    names: Vec<String>,
    mut each: impl FnMut(&str, Reading),
) -> Result<(), CallError> {
    let mut answers = stream::iter(timers_last(names, |name| name.as_str()))
        .map(|name| async move {
            let reading = read(bridge, &name).await;
            (name, reading)
        })
        // Two calls a unit, a third for its job.
        .buffered(AT_ONCE / 3);
    while let Some((name, reading)) = answers.next().await {
        match reading {
            Ok(reading) => each(&name, reading),
            Err(error) if error.is_open() => return Err(error),
            Err(error) => tracing::debug!(unit = %name, %error, "not read"),
        }
    }
    Ok(())
}

/// A property of the unit at an index.
struct Asked {
    at: usize,
    path: Arc<str>,
    interface: &'static str,
    property: &'static str,
}

async fn one(bridge: Bridge, asked: Asked) -> (Asked, Result<zbus::OwnedVariant, CallError>) {
    let value = bridge
        .call(
            &asked.path,
            PROPERTIES,
            "Get",
            &(asked.interface, asked.property),
        )
        .await;
    (asked, value)
}

/// Adds details to units as [`list`] gives them, and hands each over as it comes. Asks for single
/// properties: systemd answers a dozen of them several times faster than all its three hundred,
/// with a tenth of the bytes.
pub(super) async fn add_details(
    bridge: &Bridge,
    units: Vec<Unit>,
    clock: &mut Clock,
    mut each: impl FnMut(Unit),
) -> Result<(), CallError> {
    let units = timers_last(units, |unit| unit.name.as_str());
    let mut calls: Vec<Asked> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        let path: Arc<str> = names::path_of(&unit.name).into();
        let wanted = unit::wanted(unit);
        for (interface, property) in wanted
            .common
            .into_iter()
            .map(|property| (UNIT, property))
            .chain(
                wanted
                    .own
                    .into_iter()
                    .filter_map(|property| Some((names::interface_of(&unit.name)?, property))),
            )
        {
            calls.push(Asked {
                at,
                path: path.clone(),
                interface,
                property,
            });
        }
    }
    let mut answers = stream::iter(calls)
        .map(|asked| one(bridge.clone(), asked))
        .buffered(AT_ONCE)
        .peekable();
    for (at, mut unit) in units.into_iter().enumerate() {
        let mut common = Properties::default();
        let mut own = Properties::default();
        while let Some((asked, value)) = Pin::new(&mut answers)
            .next_if(|(asked, _)| asked.at == at)
            .await
        {
            match value {
                Ok(value) => {
                    let properties = if asked.interface == UNIT {
                        &mut common
                    } else {
                        &mut own
                    };
                    properties.0.insert(asked.property.to_owned(), value);
                }
                Err(error) if error.is_open() => return Err(error),
                // Older systemd has not all of them.
                Err(error) => {
                    tracing::trace!(unit = %unit.name, asked.property, %error, "not read")
                }
            }
        }
        unit.read(&common, &own, clock);
        each(unit);
    }
    Ok(())
}

/// Timers come last, when the host's clock is known best.
fn timers_last<T>(items: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let (timers, mut all): (Vec<T>, Vec<T>) = items
        .into_iter()
        .partition(|item| names::kind(name(item)) == Some("timer"));
    all.extend(timers);
    all
}
