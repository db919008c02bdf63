//! The calls of systemd's manager and units that we use, typed.

use super::{
    bridge::{Bridge, CallError},
    names,
    unit::{self, Clock, Properties, Unit},
};
use futures::{StreamExt, stream};
use zbus::OwnedObjectPath;

pub(super) const PATH: &str = "/org/freedesktop/systemd1";
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const JOB: &str = "org.freedesktop.systemd1.Job";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Units that are taken from one host; far beyond what a manager can hold usefully.
const MOST: usize = 50_000;

/// Calls that are under way at once: enough to fill a long link, few enough not to make
/// systemd's queue of answers long.
pub(super) const AT_ONCE: usize = 64;

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

/// Reads many units, [`AT_ONCE`] at a time, and hands each over as it comes. Timers come last,
/// when the clock is known best. A unit that cannot be read is left out; a broken link is an
/// error.
pub(super) async fn read_many(
    bridge: &Bridge,
    names: Vec<String>,
    mut each: impl FnMut(&str, Reading),
) -> Result<(), CallError> {
    let (timers, others): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| names::kind(name) == Some("timer"));
    let mut answers = stream::iter(others.into_iter().chain(timers))
        .map(|name| async move {
            let reading = read(bridge, &name).await;
            (name, reading)
        })
        .buffered(AT_ONCE);
    while let Some((name, reading)) = answers.next().await {
        match reading {
            Ok(reading) => each(&name, reading),
            Err(error) if error.is_open() => return Err(error),
            Err(error) => tracing::debug!(unit = %name, %error, "not read"),
        }
    }
    Ok(())
}
