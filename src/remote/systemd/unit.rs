//! What a unit is: the type that lists show, and how it is read from D-Bus properties. Pure.

use super::{
    names,
    properties::{Clock, Properties},
};
use jiff::Timestamp;
use zbus::Variant;

/// A unit as systemd describes it. `None` where systemd has no value (not measured, never set).
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Unit {
    /// e.g. `nginx.service`.
    pub name: String,
    /// `Description=`.
    pub description: String,
    /// `loaded`, `not-found`, `masked`, …; `unloaded` for a unit file that systemd does not hold
    /// in memory.
    pub load: String,
    /// `active`, `failed`, `activating`, …
    pub active: String,
    /// e.g. `running`, `exited`, `auto-restart`.
    pub sub: String,
    /// When the active state was entered.
    pub since: Option<jiff::Timestamp>,
    /// `success`, `exit-code`, `oom-kill`, … (services, sockets, timers, …).
    pub result: Option<String>,
    /// Main process's exit status or signal number.
    pub exit_status: Option<i32>,
    /// `NRestarts`.
    pub restarts: Option<u32>,
    /// Main process.
    pub main_pid: Option<u32>,
    /// `MemoryCurrent`, bytes.
    pub memory_bytes: Option<u64>,
    /// `CPUUsageNSec`, nanoseconds.
    pub cpu_nsec: Option<u64>,
    /// The unit file.
    pub fragment_path: Option<String>,
    /// `enabled`, `disabled`, `static`, …
    pub file_state: Option<String>,
    /// The id of its current run (32 hex digits).
    pub invocation_id: Option<String>,
    /// Timers: when it elapses next.
    pub next_elapse: Option<jiff::Timestamp>,
    /// Timers and sockets: what they start.
    pub triggers: Vec<String>,
    /// Sockets: where they listen, e.g. `127.0.0.1:4444 (Stream)`.
    pub listen: Vec<String>,
    /// A running job: `start`, `stop`, `restart`, …
    pub job: Option<String>,
}

impl Unit {
    /// Whether it is failed, or runs only after having crashed into a restart loop.
    pub fn is_failed(&self) -> bool {
        self.active == "failed"
    }

    /// `service`, `timer`, … from its name.
    pub fn kind(&self) -> &str {
        names::kind(&self.name).unwrap_or_default()
    }

    /// A unit file that systemd does not hold in memory.
    pub(super) fn from_file(path: &str, state: String) -> Option<Unit> {
        let (_, name) = path.rsplit_once('/')?;
        names::kind(name)?;
        Some(Unit {
            name: name.to_owned(),
            load: "unloaded".to_owned(),
            active: "inactive".to_owned(),
            sub: "dead".to_owned(),
            fragment_path: Some(path.to_owned()),
            file_state: Some(state),
            ..Unit::default()
        })
    }

    /// Takes over what the lists cannot know from an earlier reading.
    pub(super) fn keep_details_of(&mut self, earlier: &Unit) {
        let base = std::mem::replace(self, earlier.clone());
        self.description = base.description;
        self.load = base.load;
        self.active = base.active;
        self.sub = base.sub;
        self.job = base.job;
    }

    /// Fills everything that comes from properties. `clock` turns the host's monotonic clock
    /// into time of day.
    pub(super) fn read(&mut self, unit: &Properties, own: &Properties, clock: &mut Clock) {
        let text = |name: &str| unit.text(name);
        if let Some(description) = text("Description") {
            self.description = cut(description);
        }
        for (field, name) in [
            (&mut self.load, "LoadState"),
            (&mut self.active, "ActiveState"),
            (&mut self.sub, "SubState"),
        ] {
            if let Some(value) = unit.text(name) {
                *field = value;
            }
        }
        clock.learn(unit, "StateChangeTimestamp");
        clock.learn(own, "LastTriggerUSec");
        self.since = entered(&self.active).and_then(|name| time(unit.number(name)?));
        self.fragment_path = text("FragmentPath").filter(|path| !path.is_empty());
        self.file_state = text("UnitFileState").filter(|state| !state.is_empty());
        self.invocation_id = unit.get("InvocationID").and_then(invocation_id);
        self.triggers = unit.texts("Triggers");
        self.result = own.text("Result").filter(|result| !result.is_empty());
        self.restarts = own.number("NRestarts").and_then(|n| u32::try_from(n).ok());
        self.main_pid = own
            .number("MainPID")
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid != 0);
        self.exit_status = match own.number("ExecMainExitTimestamp") {
            // Never ended, or runs again: the status is not that of any end.
            None | Some(0) => None,
            Some(_) => own.signed("ExecMainStatus"),
        };
        self.memory_bytes = own.number("MemoryCurrent");
        self.cpu_nsec = own.number("CPUUsageNSec");
        self.next_elapse = next_elapse(own, clock);
        self.listen = own
            .pairs("Listen")
            .into_iter()
            .map(|(kind, address)| format!("{address} ({kind})"))
            .collect();
    }
}

/// The properties that [`Unit::read`] needs beyond what the list itself has.
pub(super) struct Wanted {
    /// Of the interface that every unit has.
    pub(super) common: Vec<&'static str>,
    /// Of the interface of the unit's kind.
    pub(super) own: Vec<&'static str>,
}

/// What to ask about a unit whose states are known.
pub(super) fn wanted(unit: &Unit) -> Wanted {
    if unit.load != "loaded" {
        return Wanted {
            common: vec!["FragmentPath", "UnitFileState"],
            own: Vec::new(),
        };
    }
    let mut common: Vec<_> = entered(&unit.active).into_iter().collect();
    if unit.kind() != "device" {
        common.extend(["FragmentPath", "UnitFileState", "InvocationID"]);
    }
    let usage = ["MemoryCurrent", "CPUUsageNSec"];
    let own = match unit.kind() {
        "service" => {
            let mut own = vec![
                "Result",
                "NRestarts",
                "MainPID",
                "ExecMainExitTimestamp",
                "ExecMainStatus",
            ];
            if unit.active != "inactive" {
                own.extend(usage);
            }
            own
        }
        "timer" => {
            common.extend([
                "Triggers",
                "StateChangeTimestamp",
                "StateChangeTimestampMonotonic",
            ]);
            vec![
                "Result",
                "NextElapseUSecRealtime",
                "NextElapseUSecMonotonic",
                "LastTriggerUSec",
                "LastTriggerUSecMonotonic",
            ]
        }
        "socket" => {
            common.push("Triggers");
            vec!["Result", "Listen", "MemoryCurrent", "CPUUsageNSec"]
        }
        "path" | "automount" => {
            common.push("Triggers");
            vec!["Result"]
        }
        "mount" | "swap" | "scope" => {
            let mut own = vec!["Result"];
            own.extend(usage);
            own
        }
        "slice" => usage.to_vec(),
        _ => Vec::new(),
    };
    Wanted { common, own }
}

/// The timestamp that says since when a unit is in this active state.
fn entered(active: &str) -> Option<&'static str> {
    Some(match active {
        "active" | "reloading" | "refreshing" => "ActiveEnterTimestamp",
        "inactive" | "failed" => "InactiveEnterTimestamp",
        "activating" => "InactiveExitTimestamp",
        "deactivating" => "ActiveExitTimestamp",
        _ => "StateChangeTimestamp",
    })
}

/// The earlier of a timer's two next elapses.
fn next_elapse(own: &Properties, clock: &Clock) -> Option<Timestamp> {
    let real = own.number("NextElapseUSecRealtime").filter(|t| *t != 0);
    let monotonic = own
        .number("NextElapseUSecMonotonic")
        .filter(|t| *t != 0)
        .and_then(|t| clock.time_of_day(t));
    match (real, monotonic) {
        (Some(a), Some(b)) => time(a.min(b)),
        (one, other) => time(one.or(other)?),
    }
}

/// Microseconds since 1970 as systemd counts; 0 is never.
fn time(microseconds: u64) -> Option<Timestamp> {
    if microseconds == 0 {
        return None;
    }
    Timestamp::from_microsecond(i64::try_from(microseconds).ok()?).ok()
}

/// Descriptions are the unit author's; a hostile one may be as long as a message.
fn cut(mut text: String) -> String {
    const LONGEST: usize = 512;
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The property `InvocationID` as hex digits; empty (never started) is `None`.
pub(super) fn invocation_id(value: &Variant<'_>) -> Option<String> {
    use std::fmt::Write;
    let Variant::Array(bytes) = value else {
        return None;
    };
    if bytes.len() != 16 {
        return None;
    }
    let mut hex = String::with_capacity(32);
    for byte in bytes.iter() {
        let Variant::U8(byte) = *byte else {
            return None;
        };
        let _ = write!(hex, "{byte:02x}");
    }
    // All zeros is systemd's null.
    hex.bytes().any(|digit| digit != b'0').then_some(hex)
}

#[cfg(test)]
mod tests;
