use super::*;
use proptest::prelude::*;

fn now() -> Zoned {
    // A Monday.
    "2026-11-23T10:30:00+01:00[Europe/Berlin]".parse().unwrap()
}

fn at(expression: &str) -> String {
    match parse(expression, &now()) {
        Ok(timestamp) => timestamp.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_people_write() {
    for (expression, expected) in [
        ("now", "2026-11-23T09:30:00Z"),
        ("-2h", "2026-11-23T07:30:00Z"),
        ("-1h30m", "2026-11-23T08:00:00Z"),
        ("+90s", "2026-11-23T09:31:30Z"),
        ("5 min ago", "2026-11-23T09:25:00Z"),
        ("1 day 2 hours ago", "2026-11-22T07:30:00Z"),
        ("today", "2026-11-22T23:00:00Z"),
        ("yesterday", "2026-11-21T23:00:00Z"),
        ("yesterday 9am", "2026-11-22T08:00:00Z"),
        ("yesterday at 9:15 pm", "2026-11-22T20:15:00Z"),
        ("14:05", "2026-11-23T13:05:00Z"),
        ("9:05", "2026-11-23T08:05:00Z"),
        ("12am", "2026-11-22T23:00:00Z"),
        ("noon", "2026-11-23T11:00:00Z"),
        ("monday", "2026-11-22T23:00:00Z"),
        ("sunday 14:00", "2026-11-22T13:00:00Z"),
        ("2026-11-20", "2026-11-19T23:00:00Z"),
        ("2026-11-20 14:05:30", "2026-11-20T13:05:30Z"),
        ("2026-11-20 14:05:30.25", "2026-11-20T13:05:30.25Z"),
        ("2026-11-20T14:05", "2026-11-20T13:05:00Z"),
        ("2026-11-20T14:05:00Z", "2026-11-20T14:05:00Z"),
        ("2026-11-20 14:05 UTC", "2026-11-20T14:05:00Z"),
        ("2026-11-20 14:05 America/New_York", "2026-11-20T19:05:00Z"),
        ("Fri 2026-11-20 14:05:30 UTC", "2026-11-20T14:05:30Z"),
        ("@1795427434", "2026-11-23T09:50:34Z"),
        ("@1795427434.795173", "2026-11-23T09:50:34.795173Z"),
        ("1795427434", "2026-11-23T09:50:34Z"),
        ("1795427434795", "2026-11-23T09:50:34.795Z"),
        ("1795427434795173", "2026-11-23T09:50:34.795173Z"),
        ("-1.5h", "2026-11-23T08:00:00Z"),
        ("-1h 30min, 5s", "2026-11-23T07:59:55Z"),
        ("an hour ago", "2026-11-23T08:30:00Z"),
        ("-1M", "2026-10-23T23:00:00Z"),
        ("in 2 min", "2026-11-23T09:32:00Z"),
        ("2 days ago 9am", "2026-11-21T08:00:00Z"),
        ("2 days ago", "2026-11-21T09:30:00Z"),
        ("a week ago at noon", "2026-11-16T11:00:00Z"),
        ("9am yesterday", "2026-11-22T08:00:00Z"),
        ("last monday", "2026-11-15T23:00:00Z"),
        ("last friday 17:30", "2026-11-20T16:30:00Z"),
        ("nov 20 14:05:30", "2026-11-20T13:05:30Z"),
        ("20 November, 14:05", "2026-11-20T13:05:00Z"),
        ("Nov 3rd 2025", "2025-11-02T23:00:00Z"),
        ("29 feb", "2024-02-28T23:00:00Z"),
        ("2026/11/20 14:05:30", "2026-11-20T13:05:30Z"),
        ("23/Nov/2026:14:05:30 +0100", "2026-11-23T13:05:30Z"),
        ("[23/Nov/2026:14:05:30 -0500]", "2026-11-23T19:05:30Z"),
        ("2026-11-20 14:05:30,250", "2026-11-20T13:05:30.25Z"),
        ("2026-11-20T14:05:30+0100", "2026-11-20T13:05:30Z"),
        ("2026-11-20 14:05 +02:00", "2026-11-20T12:05:00Z"),
        ("Fri 2026-11-20 14:05:30 CET", "2026-11-20T13:05:30Z"),
        ("2026-07-20 14:05:30 CEST", "2026-07-20T12:05:30Z"),
    ] {
        assert_eq!(at(expression), expected, "{expression}");
    }
}

#[test]
fn the_last_one_is_meant_of_the_past() {
    let since = |text| super::since(text, &now()).unwrap().to_string();
    for (expression, expected) in [
        ("14:05", "2026-11-22T13:05:00Z"),
        ("10:29", "2026-11-23T09:29:00Z"),
        ("monday 14:00", "2026-11-16T13:00:00Z"),
        ("monday 9am", "2026-11-23T08:00:00Z"),
        ("24 nov", "2025-11-23T23:00:00Z"),
        // Who says the day means it.
        ("today 14:05", "2026-11-23T13:05:00Z"),
        ("2026-11-24", "2026-11-23T23:00:00Z"),
    ] {
        assert_eq!(since(expression), expected, "{expression}");
    }
}

#[test]
fn clocks_that_are_changed() {
    let at = |text: &str, day: &str| {
        let now: Zoned = format!("{day}[Europe/Berlin]").parse().unwrap();
        let all = [super::parse, super::since, super::until];
        all.map(|read| read(text, &now).unwrap().to_string())
    };
    // 02:30 comes twice.
    let day = "2026-10-25T12:00:00+01:00";
    let (first, second) = ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
    assert_eq!(at("2:30", day), [first, first, second]);
    assert_eq!(at("2:30 CEST", day), [first; 3]);
    assert_eq!(at("2:30 CET", day), [second; 3]);
    // The day has 25 hours.
    assert_eq!(at("yesterday", day)[0], "2026-10-23T22:00:00Z");
    assert_eq!(at("today", day)[0], "2026-10-24T22:00:00Z");
    assert_eq!(at("-1d", day)[0], "2026-10-24T11:00:00Z");
    // 02:30 is left out.
    let day = "2026-03-29T12:00:00+02:00";
    assert_eq!(at("2:30", day), ["2026-03-29T01:30:00Z"; 3]);
    assert_eq!(at("today", day)[0], "2026-03-28T23:00:00Z");
}

#[test]
fn what_nobody_can_mean() {
    for (expression, why) in [
        ("", ""),
        ("9", ""),
        ("25:00", ""),
        ("13pm", ""),
        ("Sat 2026-11-20", ": 2026-11-20 is a Friday"),
        ("2026-02-30", ": there is no day 2026-02-30"),
        ("31 nov", ": there is no 31 nov"),
        (
            "-",
            ": '' is no span of time, such as 90s, 5 min, 2h, 1h30m, 3 days or 2 weeks",
        ),
        (
            "-5 parsecs",
            ": '5 parsecs' is no span of time, such as 90s, 5 min, 2h, 1h30m, 3 days or 2 weeks",
        ),
        ("2 hours", ": write '-2 hours' or '2 hours ago'"),
        ("@", ": after @ come seconds since 1970, e.g. @1795427434"),
        (
            "@1.x",
            ": after @ come seconds since 1970, e.g. @1795427434",
        ),
        ("whenever", ": 'whenever' is not understood"),
        (
            "yesterdy 9am",
            ": 'yesterdy' is not understood; did you mean yesterday?",
        ),
        ("yesterday tomorrow", ""),
        (
            "-99999999999999h",
            ": '99999999999999h' is no span of time, such as 90s, 5 min, 2h, 1h30m, 3 days or 2 weeks",
        ),
        ("-99999y", ": that is too far away"),
        ("\u{1b}[31m", ""),
    ] {
        assert_eq!(
            at(expression),
            format!(
                "cannot read the time '{}'{why}",
                crate::text::clean(expression)
            ),
        );
    }
}

proptest! {
    #[test]
    fn never_panics(expression in "\\PC{0,40}", close in "[-+@0-9a-zA-Z: .]{0,24}") {
        let _ = parse(&expression, &now());
        let _ = super::since(&close, &now());
        let _ = super::until(&close, &now());
    }
}
