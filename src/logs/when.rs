//! Times as people write them: what journalctl takes, and `yesterday 9am`.
//!
//! Read with our clock and time zone and sent to hosts as absolute times, so that one expression
//! means the same moment on every host.

use crate::problem::{Exit, Problem};
use jiff::{
    Span, Timestamp, ToSpan, Zoned,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// A time that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the time '{expression}'")]
pub struct WhenError {
    expression: String,
}

impl From<WhenError> for Problem {
    fn from(error: WhenError) -> Problem {
        Problem::new("journal", "bad-time", Exit::Usage, error.to_string()).hint(
            "write e.g. '2026-11-23 14:05', '14:05', 'yesterday 9am', '-2h', '5 min ago' or '@1795427434'",
        )
    }
}

/// Reads a time: absolute (`2026-11-23 14:05:30`, RFC 3339, `@SECONDS`), by day (`today`,
/// `yesterday 9am`, `monday 14:00`), by clock (`14:05`, `9pm`: today), or relative (`-2h`,
/// `+1h30m`, `5 min ago`, `now`). A trailing `UTC` or zone name changes the zone.
pub fn parse(expression: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
    let error = || WhenError {
        expression: crate::text::clean(expression).into_owned(),
    };
    let text = expression.trim();
    if text.is_empty() || text.len() > 100 {
        return Err(error());
    }
    read(text, now).ok_or_else(error)
}

fn read(text: &str, now: &Zoned) -> Option<Timestamp> {
    if let Some(seconds) = text.strip_prefix('@') {
        return epoch(seconds);
    }
    if text.eq_ignore_ascii_case("now") {
        return Some(now.timestamp());
    }
    if let Some(span) = text.strip_prefix('-') {
        return now.checked_sub(duration(span)?).ok().map(|z| z.timestamp());
    }
    if let Some(span) = text.strip_prefix('+').or(text.strip_prefix("in ")) {
        return now.checked_add(duration(span)?).ok().map(|z| z.timestamp());
    }
    if let Some(span) = text.strip_suffix(" ago") {
        return now.checked_sub(duration(span)?).ok().map(|z| z.timestamp());
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    local(text, now)
}

/// Seconds since 1970 with up to six decimals.
fn epoch(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || fraction.len() > 9 || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().ok()?;
    Timestamp::new(seconds.parse().ok()?, nanoseconds).ok()
}

/// `[DAY] [TIME] [ZONE]`, at least one of day and time.
fn local(text: &str, now: &Zoned) -> Option<Timestamp> {
    let lower = text.to_ascii_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty() && *word != "at")
        .collect();
    // An ISO date and time in one word.
    let iso = words.first().and_then(|w| w.split_once('t'));
    if let Some((date, time)) = iso.filter(|(d, _)| d.parse::<Date>().is_ok()) {
        words.splice(0..1, [date, time]);
    }
    let mut zone = now.time_zone().clone();
    if words.len() > 1
        && let Some(last) = text.split_whitespace().last()
        && let Some(named) = time_zone(last)
    {
        zone = named;
        words.pop();
    }
    let now = now.with_time_zone(zone);
    let mut words = words.as_slice();
    let mut date = None;
    if let Some((first, rest)) = words.split_first()
        && let Some(day) = day(first, &now)
    {
        date = Some(day);
        words = rest;
        // `Mon 2026-11-23`, as journalctl prints it: the date counts, the day must fit.
        if let Some((second, rest)) = words.split_first()
            && weekday(first).is_some()
            && let Ok(exact) = second.parse::<Date>()
        {
            (weekday(first)? == exact.weekday()).then_some(())?;
            date = Some(exact);
            words = rest;
        }
    }
    let time = match words {
        [] => date.map(|_| Time::midnight())?,
        [word] => clock(word)?,
        [word, half @ ("am" | "pm")] => clock(&format!("{word}{half}"))?,
        _ => return None,
    };
    let date = date.unwrap_or(now.date());
    let zoned = date.to_datetime(time).to_zoned(now.time_zone().clone());
    zoned.ok().map(|z| z.timestamp())
}

fn time_zone(word: &str) -> Option<TimeZone> {
    if word.eq_ignore_ascii_case("utc") || word == "Z" {
        return Some(TimeZone::UTC);
    }
    // Only names like Europe/Berlin; short words could be a mistyped am or pm.
    word.contains('/').then(|| TimeZone::get(word).ok())?
}

fn day(word: &str, now: &Zoned) -> Option<Date> {
    let today = now.date();
    match word {
        "today" => Some(today),
        "yesterday" => today.yesterday().ok(),
        "tomorrow" => today.tomorrow().ok(),
        _ => match weekday(word) {
            // The last one; today when it is today.
            Some(day) => {
                let back = today.weekday().since(day);
                today.checked_sub(i64::from(back).days()).ok()
            }
            None => word.parse().ok(),
        },
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// `14:05`, `14:05:30.5`, `9am`, `9:30pm`, `noon`, `midnight`.
fn clock(word: &str) -> Option<Time> {
    match word {
        "noon" => return Some(Time::constant(12, 0, 0, 0)),
        "midnight" => return Some(Time::midnight()),
        _ => {}
    }
    let half = word
        .strip_suffix("am")
        .map(|w| (w, 0))
        .or(word.strip_suffix("pm").map(|w| (w, 12)));
    let Some((digits, add)) = half else {
        // A bare number is no time of day.
        return word.contains(':').then(|| padded(word)?.parse().ok())?;
    };
    let (hour, rest) = digits.split_once(':').unwrap_or((digits, "00"));
    let hour: i8 = hour.parse().ok().filter(|h| (1..=12).contains(h))?;
    padded(&format!("{}:{rest}", hour % 12 + add))?.parse().ok()
}

/// Two digits for the hour, as the parser wants.
fn padded(time: &str) -> Option<String> {
    let (hour, rest) = time.split_once(':')?;
    Some(format!("{hour:0>2}:{rest}"))
}

/// `2h`, `1h30m`, `5 min`, `1 day 2 hours`, with systemd's units (`m` is minutes, `M` months).
fn duration(text: &str) -> Option<Span> {
    let mut span = Span::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: i64 = number.parse().ok().filter(|n| *n < 1_000_000_000)?;
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, tail) = tail.split_at_checked(letters.unwrap_or(tail.len()))?;
        // Days are 24 hours here, as for journalctl.
        let (hours, seconds, millis) = match unit {
            "ms" | "msec" => (0, 0, number),
            "" | "s" | "sec" | "second" | "seconds" => (0, number, 0),
            "m" | "min" | "mins" | "minute" | "minutes" => (0, number * 60, 0),
            "h" | "hr" | "hour" | "hours" => (number, 0, 0),
            "d" | "day" | "days" => (number * 24, 0, 0),
            "w" | "week" | "weeks" => (number * 24 * 7, 0, 0),
            "M" | "month" | "months" => (number * 730, number * 1575, 0),
            "y" | "year" | "years" => (number * 8766, 0, 0),
            _ => return None,
        };
        span = span
            .try_hours(i64::from(span.get_hours()).checked_add(hours)?)
            .ok()?
            .try_seconds(span.get_seconds().checked_add(seconds)?)
            .ok()?
            .try_milliseconds(span.get_milliseconds().checked_add(millis)?)
            .ok()?;
        rest = tail.trim_start();
    }
    Some(span)
}

#[cfg(test)]
mod tests {
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
        ] {
            assert_eq!(at(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_nobody_can_mean() {
        for expression in [
            "",
            "9",
            "25:00",
            "13pm",
            "Sat 2026-11-20",
            "2026-02-30",
            "-",
            "-5 parsecs",
            "@",
            "@1.x",
            "soon",
            "yesterday tomorrow",
            "-99999999999999h",
            "\u{1b}[31m",
        ] {
            assert_eq!(
                at(expression),
                format!("cannot read the time '{}'", crate::text::clean(expression)),
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(expression in "\\PC{0,40}", close in "[-+@0-9a-zA-Z: .]{0,24}") {
            let _ = parse(&expression, &now());
            let _ = parse(&close, &now());
        }
    }
}
