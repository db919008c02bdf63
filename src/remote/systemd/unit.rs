//! What a unit is: the type that lists show, and how it is read from D-Bus properties. Pure.

use super::names;
use jiff::Timestamp;
use std::collections::HashMap;
use zbus::{OwnedVariant, Variant};

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

/// How far the host's time of day is ahead of its monotonic clock, from the latest pair of
/// timestamps seen (the clock may have been set since boot).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock {
    real: u64,
    monotonic: u64,
}

impl Clock {
    /// Learns from a pair of properties, `NAME` and `NAMEMonotonic`.
    fn learn(&mut self, properties: &Properties, name: &str) {
        let pair = properties
            .number(name)
            .zip(properties.number(&format!("{name}Monotonic")));
        if let Some((real, monotonic)) = pair
            && monotonic > self.monotonic
            && real != 0
        {
            *self = Clock { real, monotonic };
        }
    }

    /// Microseconds since 1970 of a reading of the monotonic clock.
    fn time_of_day(&self, monotonic: u64) -> Option<u64> {
        if self.monotonic == 0 {
            return None;
        }
        let ahead = self.real.checked_sub(self.monotonic)?;
        monotonic.checked_add(ahead)
    }
}

/// The answer of `GetAll`.
#[derive(Debug, Default)]
pub(super) struct Properties(pub(super) HashMap<String, OwnedVariant>);

impl Properties {
    fn get(&self, name: &str) -> Option<&Variant<'static>> {
        self.0.get(name).map(|value| &**value)
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Variant::Str(text) => Some(text.as_str().to_owned()),
            _ => None,
        }
    }

    /// An unsigned number; systemd's "unset" and "infinity" (all bits) are `None`.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match *self.get(name)? {
            Variant::U64(u64::MAX) => None,
            Variant::U64(n) => Some(n),
            Variant::U32(n) => Some(u64::from(n)),
            _ => None,
        }
    }

    fn signed(&self, name: &str) -> Option<i32> {
        match *self.get(name)? {
            Variant::I32(n) => Some(n),
            _ => None,
        }
    }

    /// A list of texts; empty when there is none.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Variant::Array(array)) => array
                .iter()
                .filter_map(|item| match item {
                    Variant::Str(text) => Some(text.as_str().to_owned()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn pairs(&self, name: &str) -> Vec<(String, String)> {
        let Some(Variant::Array(array)) = self.get(name) else {
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|item| match item {
                Variant::Structure(pair) => match pair.fields() {
                    [Variant::Str(a), Variant::Str(b)] => {
                        Some((a.as_str().to_owned(), b.as_str().to_owned()))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// The object path in a pair `(number, path)`, as the property `Job` has it.
    pub(super) fn job(&self) -> Option<(u32, String)> {
        match self.get("Job")? {
            Variant::Structure(pair) => match pair.fields() {
                [Variant::U32(0), _] => None,
                [Variant::U32(id), Variant::ObjectPath(path)] => {
                    Some((*id, path.as_str().to_owned()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn properties<const N: usize>(all: [(&str, Variant<'static>); N]) -> Properties {
        Properties(
            all.into_iter()
                .map(|(name, value)| {
                    (
                        name.to_owned(),
                        value.try_into_owned().expect("no descriptors"),
                    )
                })
                .collect(),
        )
    }

    fn read(name: &str, common: &Properties, own: &Properties) -> Unit {
        let mut unit = Unit {
            name: name.to_owned(),
            ..Unit::default()
        };
        unit.read(common, own, &mut Clock::default());
        unit
    }

    #[test]
    fn what_systemd_has_not_set_is_none() {
        let common = properties([
            ("ActiveState", "inactive".into()),
            ("InactiveEnterTimestamp", 0u64.into()),
            ("FragmentPath", "".into()),
            ("InvocationID", Vec::<u8>::new().into()),
        ]);
        let own = properties([
            ("MemoryCurrent", u64::MAX.into()),
            ("CPUUsageNSec", u64::MAX.into()),
            ("MainPID", 0u32.into()),
            ("ExecMainExitTimestamp", 0u64.into()),
            ("ExecMainStatus", 0i32.into()),
            ("Result", "success".into()),
        ]);
        let expected = Unit {
            name: "a.service".into(),
            active: "inactive".into(),
            result: Some("success".into()),
            ..Unit::default()
        };
        assert_eq!(read("a.service", &common, &own), expected);
    }

    #[test]
    fn since_follows_the_state() {
        for (active, second) in [
            ("active", 1),
            ("failed", 2),
            ("activating", 3),
            ("deactivating", 4),
            ("maintenance", 5),
        ] {
            let common = properties([
                ("ActiveState", active.into()),
                ("ActiveEnterTimestamp", 1_000_000u64.into()),
                ("InactiveEnterTimestamp", 2_000_000u64.into()),
                ("InactiveExitTimestamp", 3_000_000u64.into()),
                ("ActiveExitTimestamp", 4_000_000u64.into()),
                ("StateChangeTimestamp", 5_000_000u64.into()),
            ]);
            let unit = read("a.service", &common, &Properties::default());
            assert_eq!(unit.since, Timestamp::from_second(second).ok(), "{active}");
        }
    }

    #[test]
    fn a_timer_s_next_elapse_is_the_earlier_one_by_the_host_s_clock() {
        let common = properties([
            ("StateChangeTimestamp", 1_000_000_000u64.into()),
            ("StateChangeTimestampMonotonic", 400_000_000u64.into()),
        ]);
        let next = |real: u64, monotonic: u64| {
            let own = properties([
                ("NextElapseUSecRealtime", real.into()),
                ("NextElapseUSecMonotonic", monotonic.into()),
            ]);
            read("a.timer", &common, &own).next_elapse
        };
        let at = |second| Timestamp::from_second(second).ok();
        assert_eq!(next(0, 410_000_000), at(1010));
        assert_eq!(next(u64::MAX, 410_000_000), at(1010));
        assert_eq!(next(1_005_000_000, 410_000_000), at(1005));
        assert_eq!(next(1_005_000_000, 0), at(1005));
        assert_eq!(next(u64::MAX, u64::MAX), None);
        // The clock is not known: better no time than a wrong one.
        let own = properties([("NextElapseUSecMonotonic", 410_000_000u64.into())]);
        assert_eq!(
            read("a.timer", &Properties::default(), &own).next_elapse,
            None
        );
    }

    fn any_value() -> impl Strategy<Value = Variant<'static>> {
        prop_oneof![
            any::<u64>().prop_map(Variant::from),
            any::<u32>().prop_map(Variant::from),
            any::<i32>().prop_map(Variant::from),
            any::<bool>().prop_map(Variant::from),
            "\\PC{0,600}".prop_map(Variant::from),
            prop::collection::vec(any::<u8>(), 0..20).prop_map(Variant::from),
            prop::collection::vec("\\PC{0,5}", 0..4).prop_map(Variant::from),
            prop::collection::vec(("\\PC{0,5}", "\\PC{0,5}"), 0..3).prop_map(Variant::from),
        ]
    }

    const NAMES: [&str; 16] = [
        "ActiveState",
        "Description",
        "ActiveEnterTimestamp",
        "InactiveEnterTimestamp",
        "StateChangeTimestamp",
        "StateChangeTimestampMonotonic",
        "InvocationID",
        "Triggers",
        "Listen",
        "Job",
        "MainPID",
        "ExecMainStatus",
        "NextElapseUSecRealtime",
        "NextElapseUSecMonotonic",
        "MemoryCurrent",
        "Result",
    ];

    proptest! {
        #[test]
        fn any_types_and_values_are_survived(
            values in prop::collection::vec(any_value(), NAMES.len()),
            kind in prop::sample::select(&names::KINDS),
        ) {
            let pairs = || {
                Properties(
                    NAMES
                        .iter()
                        .zip(&values)
                        .map(|(name, value)| {
                            ((*name).to_owned(), value.try_to_owned().expect("no descriptors"))
                        })
                        .collect(),
                )
            };
            let unit = read(&format!("a.{kind}"), &pairs(), &pairs());
            prop_assert!(unit.description.len() <= 520);
            prop_assert_ne!(unit.memory_bytes, Some(u64::MAX));
            prop_assert_ne!(unit.main_pid, Some(0));
            if let Some(id) = unit.invocation_id {
                prop_assert_eq!(id.len(), 32);
            }
            let _ = pairs().job();
        }
    }
}
