//! The calls of systemd's manager, its units and its jobs.

use super::{PATH, Peer, Refused, properties};
use crate::demo::journalctl::glob;
use crate::demo::model::{Event, World, lifecycle::Refusal, unit::Unit};
use std::collections::HashMap;
use zbus::{Message, OwnedObjectPath, OwnedVariant, Variant};

type Row = (
    String,
    String,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    OwnedObjectPath,
    u32,
    &'static str,
    OwnedObjectPath,
);

fn path(text: impl Into<String>) -> zbus::Result<OwnedObjectPath> {
    OwnedObjectPath::try_from(text.into())
}

fn row(world: &World, unit: &Unit) -> Option<Row> {
    let job = unit.job.and_then(|id| Some((id, world.jobs.get(&id)?)));
    Some((
        unit.name.clone(),
        unit.description.clone(),
        "loaded",
        unit.active,
        unit.sub,
        "",
        path(properties::unit_path(&unit.name)).ok()?,
        job.map_or(0, |(id, _)| id),
        job.map_or("", |(_, job)| job.kind),
        job.map_or_else(|| path("/"), |(id, _)| properties::job_path(id))
            .ok()?,
    ))
}

fn no_unit(name: &str) -> Refused {
    Refused(
        "org.freedesktop.systemd1.NoSuchUnit",
        format!("Unit {name} not found."),
    )
}

impl Peer {
    pub(super) async fn manager(&self, call: &Message, at: &str, member: &str) -> zbus::Result<()> {
        match member {
            "Subscribe" | "Unsubscribe" => self.reply(call, &()).await,
            "ListUnits" => self.reply(call, &self.rows(|_| true)).await,
            "ListUnitsByPatterns" => {
                let (states, patterns): (Vec<String>, Vec<String>) = call.body().deserialize()?;
                let rows = self.rows(|unit| {
                    (states.is_empty() || states.iter().any(|s| s == unit.active || s == unit.sub))
                        && (patterns.is_empty() || patterns.iter().any(|p| glob(p, &unit.name)))
                });
                self.reply(call, &rows).await
            }
            "ListUnitsByNames" => {
                let names: Vec<String> = call.body().deserialize()?;
                self.reply(call, &self.rows(|unit| names.contains(&unit.name)))
                    .await
            }
            "ListUnitFiles" | "ListUnitFilesByPatterns" => {
                let files: Vec<(String, String)> = self.host.with(|world| {
                    let file = |unit: &Unit| (unit.fragment.clone(), unit.file_state.to_owned());
                    world.units.values().map(file).collect()
                });
                self.reply(call, &files).await
            }
            "ListJobs" => {
                let jobs: Vec<(u32, String, &str, &str, OwnedObjectPath, OwnedObjectPath)> =
                    self.host.with(|world| {
                        let job = |(id, job): (&u32, &crate::demo::model::Job)| {
                            let unit = path(properties::unit_path(&job.unit)).ok()?;
                            let own = properties::job_path(*id).ok()?;
                            Some((*id, job.unit.clone(), job.kind, "running", own, unit))
                        };
                        world.jobs.iter().filter_map(job).collect()
                    });
                self.reply(call, &jobs).await
            }
            "GetJob" => {
                let id: u32 = call.body().deserialize()?;
                if self.host.with(|world| world.jobs.contains_key(&id)) {
                    self.reply(call, &properties::job_path(id)?).await
                } else {
                    let text = format!("Job {id} does not exist.");
                    self.refuse(call, Refused("org.freedesktop.systemd1.NoSuchJob", text))
                        .await
                }
            }
            "GetUnit" | "LoadUnit" => {
                let name: String = call.body().deserialize()?;
                if member == "LoadUnit" || self.host.with(|world| world.units.contains_key(&name)) {
                    self.reply(call, &path(properties::unit_path(&name))?).await
                } else {
                    self.refuse(call, no_unit(&name)).await
                }
            }
            "GetUnitFileState" => {
                let name: String = call.body().deserialize()?;
                match self
                    .host
                    .with(|world| world.units.get(&name).map(|unit| unit.file_state))
                {
                    Some(state) => self.reply(call, &state).await,
                    None => self.refuse(call, no_unit(&name)).await,
                }
            }
            _ => self.change(call, at, member).await,
        }
    }

    fn rows(&self, wanted: impl Fn(&Unit) -> bool) -> Vec<Row> {
        self.host.with(|world| {
            let units = world.units.values().filter(|unit| wanted(unit));
            units.filter_map(|unit| row(world, unit)).collect()
        })
    }

    /// Calls that change something: polkit lets root only.
    async fn change(&self, call: &Message, at: &str, member: &str) -> zbus::Result<()> {
        const CHANGES: &[&str] = &[
            "StartUnit",
            "StopUnit",
            "RestartUnit",
            "TryRestartUnit",
            "ReloadUnit",
            "ReloadOrRestartUnit",
            "ResetFailedUnit",
            "ResetFailed",
            "EnableUnitFiles",
            "DisableUnitFiles",
            "Reload",
            "Reboot",
        ];
        if at != PATH || !CHANGES.contains(&member) {
            return self.unknown(call, member).await;
        }
        if !self.root {
            let name = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";
            let text = "Interactive authentication required.".to_owned();
            return self.refuse(call, Refused(name, text)).await;
        }
        match member {
            "Reload" => {
                self.host.with(|world| {
                    world.events.push(Event::Reloading(true));
                    world.events.push(Event::Reloading(false));
                });
                self.reply(call, &()).await
            }
            "Reboot" => {
                self.host.fault(crate::demo::ssh::Fault::Reboot);
                self.reply(call, &()).await
            }
            "ResetFailed" => {
                self.host.with(|world| {
                    let names: Vec<String> = world.units.keys().cloned().collect();
                    for name in names {
                        // Every name is a unit's.
                        let _ = world.reset_failed(&name);
                    }
                });
                self.reply(call, &()).await
            }
            "ResetFailedUnit" => {
                let name: String = call.body().deserialize()?;
                match self.host.with(|world| world.reset_failed(&name)) {
                    Ok(()) => self.reply(call, &()).await,
                    Err(_) => self.refuse(call, not_loaded(&name)).await,
                }
            }
            "EnableUnitFiles" => {
                let (names, _, _): (Vec<String>, bool, bool) = call.body().deserialize()?;
                self.files(call, &names, "enabled").await
            }
            "DisableUnitFiles" => {
                let (names, _): (Vec<String>, bool) = call.body().deserialize()?;
                self.files(call, &names, "disabled").await
            }
            _ => {
                let (name, _mode): (String, String) = call.body().deserialize()?;
                let job = self.host.with(|world| match member {
                    "StartUnit" => world.start(&name, true),
                    "StopUnit" => world.stop(&name),
                    "ReloadUnit" => world.reload(&name),
                    _ => world.restart(&name),
                });
                match job {
                    Ok(job) => self.reply(call, &properties::job_path(job)?).await,
                    Err(refusal) => self.refuse(call, refused(refusal, &name)).await,
                }
            }
        }
    }

    async fn files(
        &self,
        call: &Message,
        names: &[String],
        state: &'static str,
    ) -> zbus::Result<()> {
        let changed = self.host.with(|world| {
            let mut changes: Vec<(&str, String, String)> = Vec::new();
            let mut install = true;
            for name in names {
                let Some(unit) = world.units.get_mut(name) else {
                    return Err(name.clone());
                };
                if unit.file_state == "static" {
                    install = false;
                } else if unit.file_state != state {
                    unit.file_state = state;
                    let link = format!("/etc/systemd/system/multi-user.target.wants/{name}");
                    let kind = if state == "enabled" {
                        "symlink"
                    } else {
                        "unlink"
                    };
                    changes.push((kind, link, unit.fragment.clone()));
                    world.events.push(Event::FilesChanged);
                }
            }
            Ok((install, changes))
        });
        match changed {
            Ok(changed) if state == "enabled" => self.reply(call, &changed).await,
            Ok((_, changes)) => self.reply(call, &changes).await,
            Err(name) => {
                let text = format!("Unit {name} does not exist.");
                self.refuse(call, Refused("org.freedesktop.systemd1.NoSuchUnit", text))
                    .await
            }
        }
    }

    /// `org.freedesktop.DBus.Properties`.
    pub(super) async fn properties(
        &self,
        call: &Message,
        at: &str,
        member: &str,
    ) -> zbus::Result<()> {
        let body = call.body();
        match member {
            "GetAll" => {
                let interface: String = body.deserialize()?;
                self.reply(call, &self.all(at, &interface)).await
            }
            "Get" => {
                let (interface, name): (String, String) = body.deserialize()?;
                let value = self.all(at, &interface).remove(name.as_str());
                match value {
                    Some(value) => self.reply(call, &value).await,
                    None => {
                        let error = "org.freedesktop.DBus.Error.UnknownProperty";
                        let text = format!("Unknown property {name}");
                        self.refuse(call, Refused(error, text)).await
                    }
                }
            }
            _ => self.unknown(call, member).await,
        }
    }

    fn all(&self, at: &str, interface: &str) -> HashMap<&'static str, OwnedVariant> {
        let mut map = HashMap::new();
        let mut put = |name: &'static str, value: Variant<'_>| {
            // Only file descriptors cannot be owned; there are none.
            if let Ok(value) = value.try_into_owned() {
                map.insert(name, value);
            }
        };
        if at == PATH {
            self.host.with(|world| {
                let booted = u64::try_from(world.booted).unwrap_or(0);
                let failed = world
                    .units
                    .values()
                    .filter(|unit| unit.active == "failed")
                    .count();
                put("Version", "258.2".into());
                put("Architecture", "x86-64".into());
                put("Virtualization", "kvm".into());
                put(
                    "SystemState",
                    if failed > 0 { "degraded" } else { "running" }.into(),
                );
                put("NFailedUnits", u32::try_from(failed).unwrap_or(0).into());
                put("NJobs", u32::try_from(world.jobs.len()).unwrap_or(0).into());
                put("KernelTimestamp", booted.into());
                put("UserspaceTimestamp", (booted + 1_400_000).into());
                put("UserspaceTimestampMonotonic", 1_400_000u64.into());
                put("FinishTimestamp", (booted + 9_000_000).into());
            });
            return map;
        }
        if let Some(id) = at.strip_prefix("/org/freedesktop/systemd1/job/") {
            self.host.with(|world| {
                let id = id.parse::<u32>().unwrap_or(0);
                if let Some(job) = world.jobs.get(&id) {
                    put("Id", id.into());
                    put("JobType", job.kind.into());
                    put("State", "running".into());
                    if let Ok(path) = path(properties::unit_path(&job.unit)) {
                        put("Unit", (job.unit.as_str(), path.into_inner()).into());
                    }
                }
            });
            return map;
        }
        self.host.with(|world| {
            let unit = world
                .units
                .values()
                .find(|unit| properties::unit_path(&unit.name) == at);
            match unit {
                Some(unit) if interface == "org.freedesktop.systemd1.Unit" => {
                    properties::common(unit, world)
                }
                Some(unit) if interface == properties::interface(&unit.name) => {
                    properties::own(unit, world)
                }
                Some(unit) if interface.is_empty() => {
                    let mut all = properties::common(unit, world);
                    all.extend(properties::own(unit, world));
                    all
                }
                Some(_) => HashMap::new(),
                None => properties::missing(at),
            }
        })
    }
}

fn not_loaded(name: &str) -> Refused {
    Refused(
        "org.freedesktop.systemd1.NoSuchUnit",
        format!("Unit {name} not loaded."),
    )
}

fn refused(refusal: Refusal, name: &str) -> Refused {
    match refusal {
        Refusal::NoSuchUnit => no_unit(name),
        Refusal::NotReloadable => Refused(
            "org.freedesktop.systemd1.JobTypeNotApplicable",
            format!("Job type reload is not applicable for unit {name}."),
        ),
        Refusal::Masked => Refused(
            "org.freedesktop.systemd1.UnitMasked",
            format!("Unit {name} is masked."),
        ),
    }
}
