//! Times as people write them: what journalctl takes, what logs and tools print, and
//! `yesterday 9am`.
//!
//! Read with our clock and time zone and sent to hosts as absolute times, so that one expression
//! means the same moment on every host.

mod span;
mod words;

#[cfg(test)]
mod tests;

use crate::problem::{Exit, Problem};
use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use words::{Said, Zone};

/// A time that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the time '{expression}'{why}")]
pub struct WhenError {
    expression: String,
    /// With its own punctuation, or empty.
    why: String,
}

impl From<WhenError> for Problem {
    fn from(error: WhenError) -> Problem {
        Problem::new("journal", "bad-time", Exit::Usage, error.to_string()).hint(
            "write e.g. '2026-11-23 14:05', '14:05', 'yesterday 9am', 'friday 17:30', '23 nov', \
             '-2h', '5 min ago' or '@1795427434'; a zone may follow: UTC, +02:00, Europe/Berlin",
        )
    }
}

/// Which of several moments is meant, where an expression could mean more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// As journalctl reads it: a time of day is today's.
    Plain,
    /// The last one: what is yet to come today was meant of the day before.
    Past,
    /// The end of a range: of an hour that comes twice, the second.
    End,
}

/// Reads a time: absolute (`2026-11-23 14:05:30`, RFC 3339, `23/Nov/2026:14:05:30 +0100`,
/// `Nov 23 14:05`, `@SECONDS`), by day (`today`, `yesterday 9am`, `monday 14:00`,
/// `2 days ago 9am`), by clock (`14:05`, `9pm`: today), or relative (`-2h`, `+1h30m`, `5 min ago`,
/// `now`). A trailing `UTC`, offset, zone name or abbreviation of our zone changes the zone. A
/// time that the clocks leave out is the one an hour later, one that comes twice is the first.
///
/// # Errors
/// [`WhenError`] says what in the expression is not understood.
pub fn parse(expression: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
    parse_as(expression, now, Sense::Plain)
}

/// [`parse`] for the beginning of a range in the past, or a place in it: a time of day, weekday or
/// day of the year that is yet to come means the last one.
///
/// # Errors
/// As [`parse`].
pub fn since(expression: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
    parse_as(expression, now, Sense::Past)
}

/// [`parse`] for the end of a range: of a time that comes twice as clocks go back, the second.
///
/// # Errors
/// As [`parse`].
pub fn until(expression: &str, now: &Zoned) -> Result<Timestamp, WhenError> {
    parse_as(expression, now, Sense::End)
}

/// Reads a span of time: `90s`, `1h30m`, `1.5 days`, with systemd's units.
pub fn span(text: &str) -> Option<jiff::SignedDuration> {
    span::parse(text)
}

fn parse_as(expression: &str, now: &Zoned, sense: Sense) -> Result<Timestamp, WhenError> {
    let text = expression.trim();
    let read = if text.is_empty() || text.len() > 100 {
        Err(String::new())
    } else {
        read(text, now, sense)
    };
    read.map_err(|why| WhenError {
        expression: crate::text::clean(expression).into_owned(),
        why: match why.as_str() {
            "" => String::new(),
            why => format!(": {}", crate::text::clean(why)),
        },
    })
}

fn read(text: &str, now: &Zoned, sense: Sense) -> Result<Timestamp, String> {
    let text = text.trim_start_matches('[').trim_end_matches(']');
    if let Some(seconds) = text.strip_prefix('@') {
        return words::epoch(seconds)
            .ok_or_else(|| "after @ come seconds since 1970, e.g. @1795427434".to_owned());
    }
    if text.eq_ignore_ascii_case("now") {
        return Ok(now.timestamp());
    }
    if let Some(span) = text.strip_prefix('-') {
        return moved(now, span, -1);
    }
    if let Some(span) = text.strip_prefix('+').or(text.strip_prefix("in ")) {
        return moved(now, span, 1);
    }
    if let Some(span) = text.strip_suffix(" ago") {
        return moved(now, span, -1);
    }
    if let Some(time) = words::stamp(text) {
        return Ok(time);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    if span::parse(text).is_some() && text.contains(|c: char| c.is_ascii_alphabetic()) {
        return Err(format!("write '-{text}' or '{text} ago'"));
    }
    let found = local(text, now, sense)?;
    found.ok_or_else(|| strange(text).unwrap_or_default())
}

/// So far from now.
fn moved(now: &Zoned, text: &str, sign: i32) -> Result<Timestamp, String> {
    let span = span::parse(text).ok_or_else(|| {
        let text = text.trim();
        format!("'{text}' is no span of time, such as 90s, 5 min, 2h, 1h30m, 3 days or 2 weeks")
    })?;
    let moved = now.timestamp().checked_add(span * sign);
    moved.map_err(|_| "that is too far away".to_owned())
}

/// `[DAY] [TIME] [ZONE]` or `TIME DAY [ZONE]`, at least one of day and time.
fn local(text: &str, now: &Zoned, sense: Sense) -> Result<Option<Timestamp>, String> {
    let (text, zone) = match text.rsplit_once(char::is_whitespace) {
        Some((rest, word)) => match words::zone(word, now) {
            Some(zone) => (rest, Some(zone)),
            None => (text, None),
        },
        None => (text, None),
    };
    let rules = match &zone {
        Some(Zone::Rules(rules)) => rules.clone(),
        Some(Zone::Fixed(offset)) => TimeZone::fixed(*offset),
        None => now.time_zone().clone(),
    };
    let now = now.with_time_zone(rules);
    let lower = spaced(&text.to_ascii_lowercase());
    let words: Vec<&str> = lower
        .split([' ', '\t'])
        .map(|word| word.trim_matches(','))
        .filter(|word| !matches!(*word, "" | "at" | "on" | "the"))
        .collect();
    let Some((date, said, time)) = day_and_time(&words, &now)? else {
        return Ok(None);
    };
    let when = |date: Date| resolve(date.to_datetime(time), now.time_zone(), sense);
    let mut found = when(date);
    if sense == Sense::Past && found.is_some_and(|found| found > now.timestamp()) {
        let back = match said {
            Said::Nothing => Some(1.day()),
            Said::Weekday => Some(7.days()),
            Said::WithoutYear => Some(1.year()),
            Said::Exactly => None,
        };
        if let Some(earlier) = back.and_then(|back| date.checked_sub(back).ok()) {
            found = when(earlier);
        }
    }
    found.map(Some).ok_or_else(String::new)
}

fn day_and_time(words: &[&str], now: &Zoned) -> Result<Option<(Date, Said, Time)>, String> {
    if let Some(at) = words.iter().position(|word| *word == "ago") {
        return Ok(days_ago(words, at, now));
    }
    if let Some((date, said, rest)) = words::day(words, now)? {
        return Ok(match words::clock(rest) {
            Some((time, [])) => Some((date, said, time)),
            None if rest.is_empty() => Some((date, said, Time::midnight())),
            _ => None,
        });
    }
    let Some((time, rest)) = words::clock(words) else {
        return Ok(None);
    };
    if rest.is_empty() {
        return Ok(Some((now.date(), Said::Nothing, time)));
    }
    Ok(match words::day(rest, now)? {
        Some((date, said, [])) => Some((date, said, time)),
        _ => None,
    })
}

/// `2 days ago 9am`: whole days back, then that time of day.
fn days_ago(words: &[&str], at: usize, now: &Zoned) -> Option<(Date, Said, Time)> {
    let span = span::parse(&words.get(..at)?.join(" "))?;
    let (time, rest) = words::clock(words.get(at + 1..)?)?;
    let days = span.as_hours() / 24;
    if !rest.is_empty() || days == 0 || span.as_secs() % 86_400 != 0 {
        return None;
    }
    let date = now
        .date()
        .checked_sub(jiff::Span::new().try_days(days).ok()?);
    Some((date.ok()?, Said::Exactly, time))
}

/// The moment of a civil time; see [`parse`] for those that do not exist or come twice.
fn resolve(time: DateTime, zone: &TimeZone, sense: Sense) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_zoned(time);
    let zoned = match sense {
        Sense::End => ambiguous.later(),
        Sense::Plain | Sense::Past => ambiguous.compatible(),
    };
    zoned.ok().map(|zoned| zoned.timestamp())
}

/// Date and time in one word become two: `2026-11-23t14:05`, `23/nov/2026:14:05:30`.
fn spaced(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    if let [day, month, rest] = first.splitn(3, '/').collect::<Vec<_>>()[..]
        && words::month(month).is_some()
    {
        let (year, time) = rest.split_once(':').unwrap_or((rest, ""));
        let tail = text.get(first.len()..).unwrap_or_default();
        return format!("{day} {month} {year} {time} {tail}");
    }
    match text.split_once('t') {
        Some((date, time)) if date.contains('-') && date.parse::<Date>().is_ok() => {
            format!("{date} {time}")
        }
        _ => text.to_owned(),
    }
}

/// The first word that means nothing by itself, with what was probably meant.
fn strange(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let word = lower.split([' ', '\t', ',']).find(|word| {
        !word.is_empty()
            && word.chars().all(char::is_alphabetic)
            && !words::KNOWN.iter().any(|known| known.starts_with(word))
            && !matches!(*word, "at" | "on" | "the" | "am" | "pm" | "may")
    })?;
    let near = words::KNOWN
        .iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .min()
        .filter(|(distance, known)| *distance * 3 <= known.len());
    Some(match near {
        Some((_, known)) => format!("'{word}' is not understood; did you mean {known}?"),
        None => format!("'{word}' is not understood"),
    })
}
