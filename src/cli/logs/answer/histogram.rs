//! `--histogram`: when entries were written, by priority, as bars.

use super::stamp;
use crate::cli::output;
use crate::logs::{
    histogram::{Bucket, Histogram},
    seen::Seen,
    when,
};
use crate::problem::{Exit, Problem};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::fmt::Write;

/// Buckets when nobody chooses a width: about a screen.
const USUAL: usize = 30;
/// More lines than this are a mistake.
const MOST: usize = 10_000;

/// Counts by time.
pub(super) struct Bars {
    histogram: Histogram,
    /// As asked for, microseconds.
    width: Option<i64>,
    zone: TimeZone,
}

/// A bucket of the document.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    count: u64,
    priorities: Priorities,
}

#[derive(Debug, Serialize)]
struct Priorities {
    emerg: u64,
    alert: u64,
    crit: u64,
    err: u64,
    warning: u64,
    notice: u64,
    info: u64,
    debug: u64,
}

/// Reads a `--bucket`: microseconds.
pub(crate) fn bucket(text: &str) -> Result<i64, String> {
    let wrong = || "a width is a span of time: 10s, 5m, 1h, 1d".to_owned();
    let span = when::span(text).ok_or_else(wrong)?;
    let micros = i64::try_from(span.as_micros()).map_err(|_| wrong())?;
    if micros < 10_000 {
        return Err("the narrowest is 10ms".to_owned());
    }
    Ok(micros)
}

impl Bars {
    pub(super) fn new(width: Option<i64>, zone: TimeZone, now: Timestamp) -> Bars {
        Bars {
            histogram: Histogram::new(&zone, now),
            width,
            zone,
        }
    }

    pub(super) fn add(&mut self, seen: &Seen<'_>) {
        self.add_at(seen.realtime, seen.priority);
    }

    /// The same by time and priority.
    pub(super) fn add_at(&mut self, time: i64, priority: u8) {
        if time != 0 {
            self.histogram.add(time, priority);
        }
    }

    fn buckets(&self) -> Result<Vec<Bucket>, Problem> {
        let width = self
            .width
            .unwrap_or_else(|| self.histogram.nice_width(USUAL));
        self.histogram.buckets(width, MOST).ok_or_else(|| {
            let message = format!("so narrow a --bucket makes more than {MOST} of them");
            Problem::new("cli", "too-many-buckets", Exit::Usage, message)
                .hint("choose a wider one, or a shorter range with --since and --until")
        })
    }

    pub(super) fn items(&self) -> Result<Vec<Item>, Problem> {
        let item = |bucket: &Bucket| {
            let [emerg, alert, crit, err, warning, notice, info, debug] = bucket.counts;
            Item {
                from: stamp(bucket.from),
                to: stamp(bucket.to),
                count: bucket.counts.iter().sum(),
                priorities: Priorities {
                    emerg,
                    alert,
                    crit,
                    err,
                    warning,
                    notice,
                    info,
                    debug,
                },
            }
        };
        Ok(self.buckets()?.iter().map(item).collect())
    }

    pub(super) fn text(&self) -> Result<String, Problem> {
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| columns);
        let columns = if output::is_terminal() { columns } else { 80 };
        let colour = output::colour();
        Ok(draw(&self.buckets()?, &self.zone, columns.into(), colour))
    }
}

/// Rows of `TIME ALL ERR WARN BAR`; in a bar `!` stands for errors and worse, `+` for warnings.
fn draw(buckets: &[Bucket], zone: &TimeZone, columns: usize, colour: bool) -> String {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return String::new();
    };
    let form = form(first, last, zone);
    let sums: Vec<[u64; 3]> = buckets
        .iter()
        .map(|bucket| {
            let sum = |range: std::ops::Range<usize>| {
                bucket.counts.get(range).unwrap_or_default().iter().sum()
            };
            [sum(0..4), sum(4..5), sum(5..8)]
        })
        .collect();
    let most = |of: fn(&[u64; 3]) -> u64| sums.iter().map(of).max().unwrap_or(0);
    let all: fn(&[u64; 3]) -> u64 = |sums| sums.iter().sum();
    let digits = |n: u64, heading: &str| n.to_string().len().max(heading.len());
    let (w_all, w_err, w_warn) = (
        digits(most(all), "ALL"),
        digits(most(|s| s[0]), "ERR"),
        digits(most(|s| s[1]), "WARN"),
    );
    let label = |bucket: &Bucket| {
        let time = stamp(bucket.from).unwrap_or_default();
        time.to_zoned(zone.clone()).strftime(form).to_string()
    };
    let w_time = buckets.iter().map(|b| label(b).len()).max().unwrap_or(0);
    let w_bar = columns.saturating_sub(w_time + w_all + w_err + w_warn + 8);
    let mut out = format!(
        "{:w_time$}  {:>w_all$}  {:>w_err$}  {:>w_warn$}\n",
        "TIME", "ALL", "ERR", "WARN"
    );
    for (bucket, sums) in buckets.iter().zip(&sums) {
        let [errors, warnings, _] = sums;
        let line = format!(
            "{:w_time$}  {:>w_all$}  {errors:>w_err$}  {warnings:>w_warn$}  {}",
            label(bucket),
            all(sums),
            bar(sums, most(all), w_bar.max(10), colour)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// Seconds, and days, only where they differ.
fn form(first: &Bucket, last: &Bucket, zone: &TimeZone) -> &'static str {
    let width = first.to.saturating_sub(first.from);
    let day = |micros| stamp(micros).map(|time| time.to_zoned(zone.clone()).date());
    let one_day = day(first.from) == day(last.to.saturating_sub(1));
    match (width, one_day) {
        (..1_000_000, true) => "%H:%M:%S.%2f",
        (..1_000_000, false) => "%Y-%m-%d %H:%M:%S.%2f",
        (..60_000_000, true) => "%H:%M:%S",
        (..60_000_000, false) => "%Y-%m-%d %H:%M:%S",
        (..86_400_000_000, true) => "%H:%M",
        (..86_400_000_000, false) => "%Y-%m-%d %H:%M",
        (_, _) => "%Y-%m-%d",
    }
}

/// As long as its share of `most`; what there is of errors and warnings can always be seen.
fn bar(sums: &[u64; 3], most: u64, width: usize, colour: bool) -> String {
    let all: u64 = sums.iter().sum();
    let width = u64::try_from(width).unwrap_or(0);
    let share = |n: u64| {
        let exact = u128::from(n) * u128::from(width) / u128::from(most.max(1));
        u64::try_from(exact).unwrap_or(width).max(u64::from(n > 0))
    };
    let length = share(all);
    let errors = share(sums[0]).min(length);
    let warnings = share(sums[1]).min(length - errors);
    let rest = length - errors - warnings;
    let mut out = String::new();
    let parts = [
        (errors, '!', "\x1b[31;1m"),
        (warnings, '+', "\x1b[33;1m"),
        (rest, '=', ""),
    ];
    for (count, glyph, start) in parts {
        let painted = colour && count > 0 && !start.is_empty();
        out.push_str(if painted { start } else { "" });
        out.extend((0..count).map(|_| glyph));
        out.push_str(if painted { "\x1b[0m" } else { "" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(times: &[(&str, u8, u64)]) -> Bars {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let mut bars = Bars::new(None, zone, "2026-11-23T12:00:00Z".parse().unwrap());
        for (time, priority, count) in times {
            let time: Timestamp = time.parse().unwrap();
            bars.histogram
                .add_many(time.as_microsecond(), *priority, *count);
        }
        bars
    }

    #[test]
    fn errors_stand_out() {
        let bars = bars(&[
            ("2026-11-23T08:00:00Z", 6, 1000),
            ("2026-11-23T08:00:01Z", 4, 20),
            ("2026-11-23T08:10:00Z", 6, 400),
            ("2026-11-23T08:10:00Z", 3, 1),
            ("2026-11-23T08:20:00Z", 2, 300),
            ("2026-11-23T08:40:00Z", 7, 1),
        ]);
        let buckets = bars.histogram.buckets(600_000_000, 10).unwrap();
        insta::assert_snapshot!(draw(&buckets, &bars.zone, 60, false));
    }

    #[test]
    fn nothing_is_an_empty_answer() {
        let bars = bars(&[]);
        assert_eq!(bars.text().unwrap(), "");
        assert!(bars.items().unwrap().is_empty());
    }

    #[test]
    fn widths() {
        assert_eq!(bucket("5m"), Ok(300_000_000));
        assert_eq!(bucket("90"), Ok(90_000_000));
        for wrong in ["", "x", "-5m", "1ms", "99999999y"] {
            assert!(bucket(wrong).is_err(), "{wrong}");
        }
    }
}
