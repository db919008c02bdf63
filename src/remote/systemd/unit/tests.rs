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
