//! Times of rows, in the format that one likes and that fits.

use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write;

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeFormat {
    /// `Nov 23 15:04:05`, as journalctl's short format, in the chosen zone.
    #[default]
    Short,
    /// `15:04:05.123`.
    Millis,
    /// `2026-11-23T15:04:05.123456+01:00`.
    Iso,
    /// `2026-11-23 15:04:05.123Z`.
    Utc,
    /// `5 min` ago.
    Relative,
    /// `15:04:05`: what is left of the others on narrow screens.
    Clock,
}

impl TimeFormat {
    /// The next one round.
    pub fn next(self) -> TimeFormat {
        match self {
            TimeFormat::Short => TimeFormat::Millis,
            TimeFormat::Millis => TimeFormat::Iso,
            TimeFormat::Iso => TimeFormat::Utc,
            TimeFormat::Utc => TimeFormat::Relative,
            TimeFormat::Relative | TimeFormat::Clock => TimeFormat::Short,
        }
    }

    /// Its name, for the settings and to say it.
    pub fn name(self) -> &'static str {
        match self {
            TimeFormat::Short => "short",
            TimeFormat::Millis => "milliseconds",
            TimeFormat::Iso => "iso",
            TimeFormat::Utc => "utc",
            TimeFormat::Relative => "relative",
            TimeFormat::Clock => "clock",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<TimeFormat> {
        let mut format = TimeFormat::Short;
        for _ in 0..5 {
            if format.name() == name {
                return Some(format);
            }
            format = format.next();
        }
        None
    }

    /// What fits on a narrow screen.
    pub(super) fn fitted(self, width: u16) -> TimeFormat {
        match self {
            TimeFormat::Relative => self,
            _ if width < 60 => TimeFormat::Clock,
            TimeFormat::Iso | TimeFormat::Utc if width < 80 => TimeFormat::Millis,
            _ => self,
        }
    }

    /// Columns it takes.
    pub(super) fn width(self) -> u16 {
        match self {
            TimeFormat::Short => 15,
            TimeFormat::Millis => 12,
            TimeFormat::Iso => 32,
            TimeFormat::Utc => 24,
            TimeFormat::Relative => 6,
            TimeFormat::Clock => 8,
        }
    }

    /// Writes a time given in microseconds since 1970.
    pub fn write(self, out: &mut String, micros: i64, now: Timestamp, zone: &TimeZone) {
        let Ok(at) = Timestamp::from_microsecond(micros) else {
            out.push('?');
            return;
        };
        // Writing to a string cannot fail.
        let _ = match self {
            TimeFormat::Short => {
                write!(
                    out,
                    "{}",
                    at.to_zoned(zone.clone()).strftime("%b %d %H:%M:%S")
                )
            }
            TimeFormat::Millis => {
                write!(
                    out,
                    "{}",
                    at.to_zoned(zone.clone()).strftime("%H:%M:%S.%3f")
                )
            }
            TimeFormat::Clock => {
                write!(out, "{}", at.to_zoned(zone.clone()).strftime("%H:%M:%S"))
            }
            TimeFormat::Iso => write!(
                out,
                "{}",
                at.to_zoned(zone.clone())
                    .strftime("%Y-%m-%dT%H:%M:%S.%6f%:z")
            ),
            TimeFormat::Utc => write!(
                out,
                "{}",
                at.to_zoned(TimeZone::UTC)
                    .strftime("%Y-%m-%d %H:%M:%S.%3fZ")
            ),
            TimeFormat::Relative => {
                let seconds = now.as_second().saturating_sub(at.as_second());
                match seconds {
                    i64::MIN..=59 => write!(out, "<1 min"),
                    60..=5_999 => write!(out, "{} min", seconds / 60),
                    6_000..=359_999 => write!(out, "{} h", seconds / 3_600),
                    _ => write!(out, "{} d", seconds / 86_400),
                }
            }
        };
    }
}
