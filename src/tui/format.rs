//! Times, sizes and spans as the screen writes them: absolute or coarse, so that nothing shown
//! changes while nothing happens.

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use std::fmt::Write;

/// When something happened: the time today, the day before that.
pub fn since(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let same_day = |a: &Zoned, b: &Zoned| a.date() == b.date();
    if same_day(&at, &now) {
        return at.strftime("%H:%M:%S").to_string();
    }
    if (now.timestamp().duration_since(at.timestamp())).abs() < SignedDuration::from_hours(24 * 7) {
        return at.strftime("%a %H:%M").to_string();
    }
    at.strftime("%Y-%m-%d").to_string()
}

/// A clock time with the day where it is not today's.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if at.date() == now.date() {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    at.strftime(format).to_string()
}

/// `950K`, `1.4G`: bytes in powers of 1024, appended to `out`.
pub fn bytes(out: &mut String, bytes: u64) {
    const UNITS: [&str; 6] = ["B", "K", "M", "G", "T", "P"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let _ = if unit == 0 || value >= 100.0 {
        write!(out, "{value:.0}{name}")
    } else {
        write!(out, "{value:.1}{name}")
    };
}

/// `90s`, `12m`, `3h`, `5d`: a span in its largest fitting unit, appended to `out`.
pub fn span(out: &mut String, seconds: u64) {
    let _ = match seconds {
        0..=119 => write!(out, "{seconds}s"),
        120..=7_199 => write!(out, "{}m", seconds / 60),
        7_200..=172_799 => write!(out, "{}h", seconds / 3_600),
        _ => write!(out, "{}d", seconds / 86_400),
    };
}

/// Processor time: `0.4s`, `12.3s`, `3m`, `5h`, appended to `out`.
pub fn cpu(out: &mut String, nanoseconds: u64) {
    let seconds = nanoseconds as f64 / 1e9;
    if seconds < 120.0 {
        let _ = write!(out, "{seconds:.1}s");
    } else {
        span(out, seconds as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans() {
        let of = |f: fn(&mut String, u64), value| {
            let mut out = String::new();
            f(&mut out, value);
            out
        };
        assert_eq!(of(bytes, 0), "0B");
        assert_eq!(of(bytes, 999), "999B");
        assert_eq!(of(bytes, 1_500), "1.5K");
        assert_eq!(of(bytes, 3 << 30), "3.0G");
        assert_eq!(of(bytes, u64::MAX), "16384P");
        assert_eq!(of(span, 59), "59s");
        assert_eq!(of(span, 3_600), "60m");
        assert_eq!(of(span, 86_400 * 3), "3d");
        assert_eq!(of(cpu, 1_230_000_000), "1.2s");
    }

    #[test]
    fn days_are_told_apart() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let of = |text: &str| since(text.parse().unwrap(), now, &TimeZone::UTC);
        assert_eq!(of("2026-11-23T01:02:03Z"), "01:02:03");
        assert_eq!(of("2026-11-22T23:02:03Z"), "Sun 23:02");
        assert_eq!(of("2026-10-22T23:02:03Z"), "2026-10-22");
    }
}
