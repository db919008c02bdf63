//! Units' properties as systemd gives them.

use crate::demo::model::{
    World,
    unit::{Kind, Program, Unit},
};
use std::collections::HashMap;
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

pub(super) type Map = HashMap<&'static str, OwnedVariant>;

/// Properties that never change while a unit is loaded, or not by signal.
const CONSTANT: &[&str] = &[
    "Id",
    "Names",
    "Description",
    "LoadState",
    "FragmentPath",
    "UnitFileState",
    "After",
    "Wants",
    "Triggers",
    "TriggeredBy",
    "CanStart",
    "CanStop",
    "CanReload",
    "DropInPaths",
    "MemoryCurrent",
    "CPUUsageNSec",
    "TasksCurrent",
    "Type",
    "Listen",
    "Unit",
    "What",
    "Where",
    "LoadError",
    "Conflicts",
    "Before",
    "Requires",
    "User",
    "TimersMonotonic",
    "UnitFilePreset",
    "Documentation",
];

/// Only what signals tell.
pub(super) fn changing(mut map: Map) -> Map {
    map.retain(|name, _| !CONSTANT.contains(name));
    map
}

fn put<'a>(map: &mut Map, name: &'static str, value: impl Into<Variant<'a>>) {
    // Only file descriptors cannot be owned; there are none.
    if let Ok(value) = value.into().try_into_owned() {
        map.insert(name, value);
    }
}

pub(super) fn job_path(id: u32) -> zbus::Result<OwnedObjectPath> {
    OwnedObjectPath::try_from(format!("/org/freedesktop/systemd1/job/{id}"))
}

/// A unit's object path.
pub(super) fn unit_path(name: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (at, byte) in name.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit()) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("_{byte:02x}"));
        }
    }
    path
}

/// The interface of a unit's kind.
pub(super) fn interface(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("service") => "org.freedesktop.systemd1.Service",
        Some("timer") => "org.freedesktop.systemd1.Timer",
        Some("socket") => "org.freedesktop.systemd1.Socket",
        Some("mount") => "org.freedesktop.systemd1.Mount",
        Some("target") => "org.freedesktop.systemd1.Target",
        Some("slice") => "org.freedesktop.systemd1.Slice",
        _ => "org.freedesktop.systemd1.Scope",
    }
}

fn micros(at: i64) -> u64 {
    u64::try_from(at).unwrap_or(0)
}

/// A time of the realtime clock, and the same of the monotonic one.
fn time(map: &mut Map, world: &World, real: &'static str, mono: &'static str, at: i64) {
    put(map, real, micros(at));
    put(
        map,
        mono,
        if at == 0 {
            0
        } else {
            micros(at - world.booted)
        },
    );
}

/// The properties that every unit has.
pub(super) fn common(unit: &Unit, world: &World) -> Map {
    let mut map = Map::new();
    let none = Vec::<String>::new;
    put(&mut map, "Id", unit.name.as_str());
    put(&mut map, "Names", vec![unit.name.clone()]);
    put(&mut map, "Description", unit.description.as_str());
    put(&mut map, "LoadState", "loaded");
    put(&mut map, "LoadError", ("", ""));
    put(&mut map, "ActiveState", unit.active);
    put(&mut map, "SubState", unit.sub);
    put(&mut map, "FreezerState", "running");
    put(&mut map, "FragmentPath", unit.fragment.as_str());
    put(&mut map, "DropInPaths", none());
    put(&mut map, "Documentation", none());
    put(&mut map, "UnitFileState", unit.file_state);
    put(&mut map, "UnitFilePreset", "enabled");
    put(&mut map, "After", unit.after.clone());
    put(&mut map, "Before", vec!["shutdown.target".to_owned()]);
    put(&mut map, "Conflicts", vec!["shutdown.target".to_owned()]);
    put(&mut map, "Requires", vec!["system.slice".to_owned()]);
    put(&mut map, "Wants", unit.wants.clone());
    let triggers: Vec<String> = unit.triggers().map(str::to_owned).into_iter().collect();
    put(&mut map, "Triggers", triggers);
    let by: Vec<String> = world
        .units
        .values()
        .filter(|other| other.triggers() == Some(&unit.name))
        .map(|other| other.name.clone())
        .collect();
    put(&mut map, "TriggeredBy", by);
    put(&mut map, "CanStart", true);
    put(&mut map, "CanStop", true);
    put(
        &mut map,
        "CanReload",
        unit.service().is_some_and(|service| service.reloadable),
    );
    put(&mut map, "NeedDaemonReload", false);
    put(&mut map, "ConditionResult", true);
    put(&mut map, "AssertResult", true);
    let bytes: Vec<u8> = (0..unit.invocation.len() / 2)
        .filter_map(|at| {
            let pair = unit.invocation.get(at * 2..at * 2 + 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect();
    put(&mut map, "InvocationID", bytes);
    let job = unit.job.and_then(|id| Some((id, job_path(id).ok()?)));
    let root = OwnedObjectPath::try_from("/").ok().map(|root| (0u32, root));
    if let Some((id, path)) = job.or(root) {
        put(&mut map, "Job", (id, path.into_inner()));
    }
    time(
        &mut map,
        world,
        "StateChangeTimestamp",
        "StateChangeTimestampMonotonic",
        unit.changed,
    );
    time(
        &mut map,
        world,
        "InactiveExitTimestamp",
        "InactiveExitTimestampMonotonic",
        unit.inactive_exit,
    );
    time(
        &mut map,
        world,
        "ActiveEnterTimestamp",
        "ActiveEnterTimestampMonotonic",
        unit.active_enter,
    );
    time(
        &mut map,
        world,
        "ActiveExitTimestamp",
        "ActiveExitTimestampMonotonic",
        unit.active_exit,
    );
    time(
        &mut map,
        world,
        "InactiveEnterTimestamp",
        "InactiveEnterTimestampMonotonic",
        unit.inactive_enter,
    );
    map
}

/// The properties of the unit's kind.
pub(super) fn own(unit: &Unit, world: &World) -> Map {
    let mut map = Map::new();
    match &unit.kind {
        Kind::Service(service) => {
            let kind = match service.program {
                Program::Steady | Program::CrashLoop => "exec",
                _ => "oneshot",
            };
            put(&mut map, "Type", kind);
            put(&mut map, "User", service.user.as_str());
            put(&mut map, "Result", service.result);
            put(&mut map, "MainPID", service.main_pid);
            put(&mut map, "ControlPID", 0u32);
            put(&mut map, "NRestarts", service.restarts);
            put(&mut map, "StatusText", "");
            put(&mut map, "ExecMainPID", service.last_pid);
            put(&mut map, "ExecMainStatus", service.status);
            put(&mut map, "ExecMainCode", i32::from(service.exited != 0));
            time(
                &mut map,
                world,
                "ExecMainStartTimestamp",
                "ExecMainStartTimestampMonotonic",
                service.started,
            );
            time(
                &mut map,
                world,
                "ExecMainExitTimestamp",
                "ExecMainExitTimestampMonotonic",
                service.exited,
            );
            let running = service.main_pid != 0;
            // Around its typical use, differently at each look.
            let wobble = micros(world.now / 1_000_000 * 7919) % (service.memory * 52_429 + 1);
            let memory = if running {
                service.memory * 1_048_576 + wobble
            } else {
                u64::MAX
            };
            put(&mut map, "MemoryCurrent", memory);
            let cpu = if running { service.cpu_nsec } else { u64::MAX };
            put(&mut map, "CPUUsageNSec", cpu);
        }
        Kind::Timer {
            unit, next, last, ..
        } => {
            put(&mut map, "Unit", unit.as_str());
            put(&mut map, "Result", "success");
            put(&mut map, "NextElapseUSecRealtime", u64::MAX);
            put(
                &mut map,
                "NextElapseUSecMonotonic",
                micros(next - world.booted),
            );
            time(
                &mut map,
                world,
                "LastTriggerUSec",
                "LastTriggerUSecMonotonic",
                *last,
            );
        }
        Kind::Socket { listen, .. } => {
            put(&mut map, "Result", "success");
            put(&mut map, "Listen", vec![("Stream", listen.as_str())]);
            put(&mut map, "NConnections", 0u32);
            put(&mut map, "NAccepted", 0u32);
        }
        Kind::Mount { what, place } => {
            put(&mut map, "Result", "success");
            put(&mut map, "What", what.as_str());
            put(&mut map, "Where", place.as_str());
            put(&mut map, "Type", "ext4");
        }
        Kind::Scope => put(&mut map, "Result", "success"),
        Kind::Target | Kind::Slice => {}
    }
    map
}

/// What systemd tells of a unit that does not exist.
pub(super) fn missing(path: &str) -> Map {
    let mut name = Vec::new();
    let escaped = path.rsplit('/').next().unwrap_or_default();
    let mut bytes = escaped.bytes();
    while let Some(byte) = bytes.next() {
        let digits: String = match byte {
            b'_' => bytes.by_ref().take(2).map(char::from).collect(),
            _ => String::new(),
        };
        name.push(u8::from_str_radix(&digits, 16).unwrap_or(byte));
    }
    let name = String::from_utf8_lossy(&name).into_owned();
    let mut map = Map::new();
    put(&mut map, "Id", name.as_str());
    put(&mut map, "Description", name.as_str());
    put(&mut map, "LoadState", "not-found");
    put(&mut map, "ActiveState", "inactive");
    put(&mut map, "SubState", "dead");
    put(&mut map, "FragmentPath", "");
    put(&mut map, "UnitFileState", "");
    put(
        &mut map,
        "LoadError",
        (
            "org.freedesktop.systemd1.NoSuchUnit",
            format!("Unit {name} not found."),
        ),
    );
    map
}
