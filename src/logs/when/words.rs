//! The words of a time: days, dates, times of day, zones.

use jiff::{
    Timestamp, Zoned,
    civil::{Date, Time, Weekday},
    tz::{Offset, TimeZone},
};

/// Words that stand for something by themselves, for suggestions.
pub(super) const KNOWN: &[&str] = &[
    "now",
    "today",
    "yesterday",
    "tomorrow",
    "noon",
    "midnight",
    "ago",
    "last",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "utc",
    "minutes",
    "hours",
    "days",
    "weeks",
    "months",
];

/// How exactly a day was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Not at all.
    Nothing,
    /// By its name in the week.
    Weekday,
    /// By month and day.
    WithoutYear,
    /// As a date, or relative to today.
    Exactly,
}

/// A day, how it was said, and the words after it.
pub(super) type Day<'w> = (Date, Said, &'w [&'w str]);

/// Takes a day off the front of the words. `Err` says what is wrong with it.
pub(super) fn day<'w>(words: &'w [&'w str], now: &Zoned) -> Result<Option<Day<'w>>, String> {
    let Some((first, rest)) = words.split_first() else {
        return Ok(None);
    };
    let today = now.date();
    let exact = match *first {
        "today" => Some(today),
        "yesterday" => today.yesterday().ok(),
        "tomorrow" => today.tomorrow().ok(),
        _ => iso_date(first)?,
    };
    if let Some(date) = exact {
        return Ok(Some((date, Said::Exactly, rest)));
    }
    if *first == "last" {
        let Some((day, rest)) = rest.split_first().and_then(|(w, r)| Some((weekday(w)?, r))) else {
            return Ok(None);
        };
        let yesterday = today.yesterday().map_err(|_| String::new())?;
        return Ok(Some((back_to(day, yesterday)?, Said::Exactly, rest)));
    }
    if let Some(day) = weekday(first) {
        // `Mon 2026-11-23`, as systemd prints it: the date counts, the day must fit.
        if let Some((date, said, rest)) = dated(rest, today)? {
            if date.weekday() != day {
                return Err(format!("{date} is a {:?}", date.weekday()));
            }
            return Ok(Some((date, said, rest)));
        }
        return Ok(Some((back_to(day, today)?, Said::Weekday, rest)));
    }
    dated(words, today)
}

/// The last such day, today included.
fn back_to(day: Weekday, from: Date) -> Result<Date, String> {
    let back = i64::from(from.weekday().since(day));
    from.checked_sub(jiff::Span::new().days(back))
        .map_err(|_| String::new())
}

/// `2026-11-23`, `23 nov [2026]` or `nov 23[rd] [2026]` at the front.
fn dated<'w>(words: &'w [&'w str], today: Date) -> Result<Option<Day<'w>>, String> {
    if let Some((first, rest)) = words.split_first()
        && let Some(date) = iso_date(first)?
    {
        return Ok(Some((date, Said::Exactly, rest)));
    }
    let [a, b, rest @ ..] = words else {
        return Ok(None);
    };
    let (month, day) = match (month(a), month(b)) {
        (Some(month), None) => (month, ordinal(b)),
        (None, Some(month)) => (month, ordinal(a)),
        _ => return Ok(None),
    };
    let Some(day) = day else { return Ok(None) };
    let year = rest.first().filter(|y| y.len() == 4);
    if let Some(year) = year.and_then(|y| y.parse::<i16>().ok()) {
        let date = Date::new(year, month, day).map_err(|_| no_such_day(a, b))?;
        let rest = rest.get(1..).unwrap_or_default();
        return Ok(Some((date, Said::Exactly, rest)));
    }
    // The 29th of February is looked for in the years that have one.
    let date = (0..8)
        .filter_map(|back| Date::new(today.year() - back, month, day).ok())
        .next()
        .ok_or_else(|| no_such_day(a, b))?;
    Ok(Some((date, Said::WithoutYear, rest)))
}

fn no_such_day(a: &str, b: &str) -> String {
    format!("there is no {a} {b}")
}

/// `2026-11-23` or `2026/11/23`; `None` when the word is no date at all.
fn iso_date(word: &str) -> Result<Option<Date>, String> {
    let mut parts = word.split(['-', '/']);
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4 || ![year, month, day].into_iter().all(digits) {
        return Ok(None);
    }
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    date()
        .map(Some)
        .ok_or_else(|| format!("there is no day {word}"))
}

fn ordinal(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = word.get(digits.len()..)?;
    let known = matches!(suffix, "" | "st" | "nd" | "rd" | "th");
    digits
        .parse()
        .ok()
        .filter(|d| known && (1..=31).contains(d))
}

pub(super) fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.trim_end_matches('.');
    let at = MONTHS
        .iter()
        .position(|m| word.len() >= 3 && m.starts_with(word))?;
    i8::try_from(at + 1).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tues" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thur" | "thurs" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// A time of day off the front: `14:05`, `14:05:30.5`, `9am`, `9:30 pm`, `noon`.
pub(super) fn clock<'w>(words: &'w [&'w str]) -> Option<(Time, &'w [&'w str])> {
    match words {
        [word, half @ ("am" | "pm"), rest @ ..] => Some((of_day(&format!("{word}{half}"))?, rest)),
        [word, rest @ ..] => Some((of_day(word)?, rest)),
        [] => None,
    }
}

fn of_day(word: &str) -> Option<Time> {
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
        // A bare number is no time of day. Some programs write milliseconds after a comma.
        let word = word.replace(',', ".");
        return word.contains(':').then(|| padded(&word)?.parse().ok())?;
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

/// What a last word says of the zone.
pub(super) enum Zone {
    /// Its rules.
    Rules(TimeZone),
    /// Only the offset that holds there at the time that is meant (`CEST`).
    Fixed(Offset),
}

/// `UTC`, `Europe/Berlin`, `+02:00`, or an abbreviation of our own zone.
pub(super) fn zone(word: &str, now: &Zoned) -> Option<Zone> {
    if word.eq_ignore_ascii_case("utc") || word.eq_ignore_ascii_case("gmt") || word == "Z" {
        return Some(Zone::Rules(TimeZone::UTC));
    }
    // Only names like Europe/Berlin; short words could be a mistyped am or pm.
    if word.contains('/') {
        return TimeZone::get(word).ok().map(Zone::Rules);
    }
    if word.starts_with(['+', '-']) {
        return offset(word).map(Zone::Fixed);
    }
    // Winter and summer time of this year.
    [0, 3, 6, 9].into_iter().find_map(|months| {
        let then = now.checked_sub(jiff::Span::new().months(months)).ok()?;
        let info = now.time_zone().to_offset_info(then.timestamp());
        info.abbreviation()
            .eq_ignore_ascii_case(word)
            .then(|| Zone::Fixed(info.offset()))
    })
}

/// `+0200`, `+02:00`, `-05`.
pub(super) fn offset(word: &str) -> Option<Offset> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = match digits.len() {
        2 => (number, 0),
        _ => (number / 100, number % 100),
    };
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Seconds since 1970 with up to nine decimals.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || fraction.len() > 9 || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().ok()?;
    Timestamp::new(seconds.parse().ok()?, nanoseconds).ok()
}

/// A bare number as programs print it: seconds, milliseconds, microseconds or nanoseconds since
/// 1970, told apart by how long it is.
pub(super) fn stamp(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    match (text.find('.').unwrap_or(text.len()), text.contains('.')) {
        (10, _) => epoch(text),
        (13, false) => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        (16, false) => Timestamp::from_microsecond(text.parse().ok()?).ok(),
        (19, false) => Timestamp::from_nanosecond(text.parse().ok()?).ok(),
        _ => None,
    }
}
