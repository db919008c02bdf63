//! Times at the start of lines, or within those of access logs and JSON, in the forms that
//! programs write. Made for millions of lines: no allocation, and the zone is asked once a quarter
//! of an hour of log.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// No zone changes its clocks within such a span of local time.
const QUARTER: i64 = 900 * SECOND;
/// Bytes of a line in which access logs and JSON tell the time.
const LOOKED_AT: usize = 1024;

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `2026-11-23T14:05:30.123+01:00`, with many variants.
    Iso,
    /// `Nov 23 14:05:30`.
    Syslog,
    /// `[23/Nov/2026:14:05:30 +0100]`.
    Access,
    /// `Mon Nov 23 14:05:30.123456 2026`.
    Ctime,
    /// `E1123 14:05:30.123456`.
    Klog,
    /// `1795427434.795`.
    Epoch,
    /// In a field of JSON or logfmt.
    Field,
}

/// A time that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Microseconds since 1970.
    pub(super) micros: i64,
    /// The first byte after it.
    pub(super) end: usize,
    pub(super) form: Form,
    /// It stands in front of the message, not within it.
    pub(super) in_front: bool,
    /// Told by the form itself.
    pub(super) priority: Option<u8>,
}

/// What is needed to read times: the zone of those that name none, and the year of those
/// without.
#[derive(Debug, Clone)]
pub(in crate::logs) struct Clock {
    zone: TimeZone,
    /// No line was written later, microseconds since 1970.
    latest: i64,
    /// The form that lines had so far.
    usual: Option<Form>,
    /// A quarter of an hour of local time, and its distance to UTC.
    offset: Option<(i64, i64)>,
}

/// A time of a line, before the zone is applied.
struct Civil {
    /// As if it were UTC.
    micros: i64,
    /// Ahead of UTC, microseconds.
    offset: Option<i64>,
    end: usize,
}

impl Clock {
    /// For a text that was last written to at this time.
    pub(in crate::logs) fn new(zone: TimeZone, written: Timestamp) -> Clock {
        Clock {
            zone,
            latest: written.as_microsecond().saturating_add(DAY),
            usual: None,
            offset: None,
        }
    }

    /// Whether a line that follows an entry begins another one: with a time.
    pub(in crate::logs) fn begins(&mut self, line: &[u8]) -> bool {
        // Continuation lines are mostly indented.
        !matches!(line.first(), None | Some(b' ' | b'\t')) && self.tells(line)
    }

    /// Whether a line that begins an entry tells a time.
    pub(in crate::logs) fn tells(&mut self, line: &[u8]) -> bool {
        let (_, at) = super::level::number(line);
        self.read(line, at).is_some()
    }

    /// The time of a line that begins there.
    pub(super) fn read(&mut self, line: &[u8], at: usize) -> Option<Stamp> {
        let at = at + opening(line.get(at..)?);
        if let Some(form) = self.usual
            && let Some(stamp) = self.read_as(form, line, at)
        {
            return Some(stamp);
        }
        let usual = self.usual;
        let found = [
            Form::Iso,
            Form::Syslog,
            Form::Access,
            Form::Ctime,
            Form::Klog,
            Form::Epoch,
            Form::Field,
        ]
        .into_iter()
        .filter(|form| Some(*form) != usual)
        .find_map(|form| self.read_as(form, line, at))?;
        self.usual = Some(found.form);
        Some(found)
    }

    fn read_as(&mut self, form: Form, line: &[u8], at: usize) -> Option<Stamp> {
        let rest = line.get(at..)?;
        let mut priority = None;
        let mut in_front = true;
        let (civil, start) = match form {
            Form::Iso => (iso(rest)?, at),
            Form::Syslog => (self.with_year(syslog(rest)?)?, at),
            Form::Ctime => (ctime(rest)?, at),
            Form::Klog => {
                let (level, yearless) = klog(rest)?;
                priority = Some(level);
                (self.with_year(yearless)?, at)
            }
            Form::Epoch => {
                let (micros, end) = epoch(rest)?;
                let utc = Some(0);
                let civil = Civil {
                    micros,
                    offset: utc,
                    end,
                };
                (civil, at)
            }
            Form::Access => {
                in_front = false;
                let looked_at = rest.get(..LOOKED_AT).unwrap_or(rest);
                memchr::memchr_iter(b'[', looked_at)
                    .take(4)
                    .find_map(|open| {
                        let start = open + 1;
                        Some((access(looked_at.get(start..)?)?, at + start))
                    })
                    // The opening bracket was passed over.
                    .or_else(|| Some((access(rest)?, at)))?
            }
            Form::Field => {
                in_front = false;
                let looked_at = rest.get(..LOOKED_AT).unwrap_or(rest);
                let (civil, start) = field(looked_at)?;
                (civil, at + start)
            }
        };
        let micros = match civil.offset {
            Some(offset) => civil.micros.checked_sub(offset)?,
            None => self.local(civil.micros)?,
        };
        Some(Stamp {
            micros,
            end: start + civil.end,
            form,
            in_front,
            priority,
        })
    }

    /// From local time to UTC; of an hour that comes twice, the first.
    fn local(&mut self, micros: i64) -> Option<i64> {
        let quarter = micros.div_euclid(QUARTER);
        if let Some((known, offset)) = self.offset
            && known == quarter
        {
            return micros.checked_sub(offset);
        }
        let as_utc = Timestamp::from_microsecond(micros).ok()?;
        let civil: DateTime = TimeZone::UTC.to_datetime(as_utc);
        let zoned = self.zone.to_ambiguous_zoned(civil).compatible().ok()?;
        let offset = micros.checked_sub(zoned.timestamp().as_microsecond())?;
        self.offset = Some((quarter, offset));
        micros.checked_sub(offset)
    }

    /// The latest year in which the text can have been written.
    fn with_year(&self, yearless: Yearless) -> Option<Civil> {
        let latest = Timestamp::from_microsecond(self.latest).ok()?;
        let year = TimeZone::UTC.to_datetime(latest).year();
        (0..8)
            .filter_map(|back| {
                let days = days(i64::from(year) - back, yearless.month, yearless.day)?;
                Some(days * DAY + yearless.of_day)
            })
            .find(|micros| *micros <= self.latest)
            .map(|micros| Civil {
                micros,
                offset: yearless.offset,
                end: yearless.end,
            })
    }
}

/// Colours, brackets and the name of the day, which stand before some times.
fn opening(line: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match line.get(at..) {
            Some([0x1b, b'[', rest @ ..]) => {
                let length = rest
                    .iter()
                    .take(16)
                    .take_while(|b| b.is_ascii_digit() || **b == b';')
                    .count();
                if rest.get(length) != Some(&b'm') {
                    return at;
                }
                at += 2 + length + 1;
            }
            Some([b'[' | b'(', ..]) => at += 1,
            // `Mon 2026-11-23 …`, as systemd prints it.
            Some([b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', b'0'..=b'9', ..])
                if weekday(line.get(at..)) =>
            {
                return at + 4;
            }
            _ => return at,
        }
    }
}

fn weekday(line: Option<&[u8]>) -> bool {
    const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let name = line.and_then(|line| line.get(..3));
    name.is_some_and(|name| DAYS.iter().any(|day| day.as_slice() == name))
}

/// A time without its year.
struct Yearless {
    month: i64,
    day: i64,
    of_day: i64,
    offset: Option<i64>,
    end: usize,
}

/// Reads from the front.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let mut number: i64 = 0;
        for byte in self.bytes.get(self.at..self.at + digits)? {
            if !byte.is_ascii_digit() {
                return None;
            }
            let digit = i64::from(byte - b'0');
            number = number.checked_mul(10)?.checked_add(digit)?;
        }
        self.at += digits;
        Some(number)
    }

    /// `14:05:30[.123456]` (seconds may be left out): microseconds of the day.
    fn of_day(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        self.byte(b":")?;
        let minute = self.number(2)?;
        let mut seconds = 0;
        let mut micros = 0;
        if self.peek() == Some(b':') {
            self.at += 1;
            seconds = self.number(2)?;
            let after = self.bytes.get(self.at + 1);
            if matches!(self.peek(), Some(b'.' | b',')) && after.is_some_and(u8::is_ascii_digit) {
                self.at += 1;
                micros = self.fraction();
            }
        }
        // A leap second is the next one.
        let valid = hour < 24 && minute < 60 && seconds < 61;
        valid.then_some(((hour * 60 + minute) * 60 + seconds) * SECOND + micros)
    }

    fn fraction(&mut self) -> i64 {
        let (mut micros, mut scale) = (0, SECOND / 10);
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            micros += i64::from(byte - b'0') * scale;
            scale /= 10;
            self.at += 1;
        }
        micros
    }

    /// `Z`, ` UTC`, `+01:00`, ` +0100`: microseconds ahead of UTC. Without one, nothing is taken.
    fn offset(&mut self) -> Option<i64> {
        let rest = self.bytes.get(self.at..)?;
        let (space, zone) = match rest {
            [b' ', zone @ ..] => (1, zone),
            zone => (0, zone),
        };
        match zone {
            [b'Z', ..] if !zone.get(1).is_some_and(u8::is_ascii_alphanumeric) => {
                self.at += space + 1;
                Some(0)
            }
            [b'U', b'T', b'C', ..] | [b'G', b'M', b'T', ..]
                if !zone.get(3).is_some_and(u8::is_ascii_alphanumeric) =>
            {
                self.at += space + 3;
                Some(0)
            }
            [sign @ (b'+' | b'-'), digits @ ..] => {
                let mut cursor = Cursor::new(digits);
                let hours = cursor.number(2)?;
                let colon = cursor.byte(b":").is_some();
                let minutes = match cursor.number(2) {
                    Some(minutes) => minutes,
                    None if colon => return None,
                    None => 0,
                };
                let more = cursor.peek().is_some_and(|b| b.is_ascii_digit());
                if hours > 15 || minutes > 59 || more {
                    return None;
                }
                self.at += space + 1 + cursor.at;
                let ahead = (hours * 60 + minutes) * 60 * SECOND;
                Some(if *sign == b'-' { -ahead } else { ahead })
            }
            _ => None,
        }
    }

    fn month(&mut self) -> Option<i64> {
        const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        let name = self.bytes.get(self.at..self.at + 3)?;
        let at = MONTHS.chunks_exact(3).position(|month| month == name)?;
        self.at += 3;
        i64::try_from(at + 1).ok()
    }
}

/// `2026-11-23` or `2026/11/23`, `T`, `_` or spaces, the time, and perhaps the zone.
fn iso(line: &[u8]) -> Option<Civil> {
    let mut cursor = Cursor::new(line);
    let year = cursor.number(4)?;
    let separator = cursor.byte(b"-/")?;
    let month = cursor.number(2)?;
    cursor.byte(&[separator])?;
    let day = cursor.number(2)?;
    cursor.byte(b"T _t")?;
    let of_day = cursor.of_day()?;
    let offset = cursor.offset();
    Some(Civil {
        micros: days(year, month, day)? * DAY + of_day,
        offset,
        end: cursor.at,
    })
}

/// `Nov 23 14:05:30`, `Nov  3 14:05:30.123`.
fn syslog(line: &[u8]) -> Option<Yearless> {
    let mut cursor = Cursor::new(line);
    let month = cursor.month()?;
    cursor.byte(b" ")?;
    let day = match cursor.byte(b" ") {
        Some(_) => cursor.number(1)?,
        None => cursor.number(2).or_else(|| cursor.number(1))?,
    };
    cursor.byte(b" ")?;
    let of_day = cursor.of_day()?;
    Some(Yearless {
        month,
        day,
        of_day,
        offset: None,
        end: cursor.at,
    })
}

/// `Mon Nov 23 14:05:30.123456 2026`, as apache's error log and `ctime` write it.
fn ctime(line: &[u8]) -> Option<Civil> {
    if !weekday(Some(line)) {
        return None;
    }
    let Yearless {
        month,
        day,
        of_day,
        end,
        ..
    } = syslog(line.get(4..)?)?;
    let mut cursor = Cursor {
        bytes: line,
        at: end + 4,
    };
    cursor.byte(b" ")?;
    let year = cursor.number(4)?;
    Some(Civil {
        micros: days(year, month, day)? * DAY + of_day,
        offset: None,
        end: cursor.at,
    })
}

/// `E1123 14:05:30.123456`: glog and Kubernetes.
fn klog(line: &[u8]) -> Option<(u8, Yearless)> {
    let mut cursor = Cursor::new(line);
    let priority = match cursor.byte(b"IWEF")? {
        b'I' => 6,
        b'W' => 4,
        b'E' => 3,
        _ => 2,
    };
    let month = cursor.number(2)?;
    let day = cursor.number(2)?;
    cursor.byte(b" ")?;
    let of_day = cursor.of_day()?;
    let end = cursor.at;
    let offset = None;
    Some((
        priority,
        Yearless {
            month,
            day,
            of_day,
            offset,
            end,
        },
    ))
}

/// Seconds with a fraction, milliseconds, microseconds or nanoseconds since 1970, by length.
fn epoch(line: &[u8]) -> Option<(i64, usize)> {
    let digits = line
        .iter()
        .take(20)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let mut cursor = Cursor::new(line);
    let number = match digits {
        10 | 13 | 16 | 19 => cursor.number(digits)?,
        _ => return None,
    };
    let micros = match digits {
        10 => {
            let fraction = match cursor.peek() {
                Some(b'.') if line.get(11).is_some_and(u8::is_ascii_digit) => {
                    cursor.at += 1;
                    cursor.fraction()
                }
                _ => 0,
            };
            number.checked_mul(SECOND)?.checked_add(fraction)?
        }
        13 => number.checked_mul(1000)?,
        16 => number,
        _ => number / 1000,
    };
    // Other long numbers are from another century.
    let plausible = (631_152_000 * SECOND..4_102_444_800 * SECOND).contains(&micros);
    let ends = !cursor.peek().is_some_and(|b| b.is_ascii_alphanumeric());
    (plausible && ends).then_some((micros, cursor.at))
}

/// `23/Nov/2026:14:05:30 +0100`.
fn access(line: &[u8]) -> Option<Civil> {
    let mut cursor = Cursor::new(line);
    let day = cursor.number(2)?;
    cursor.byte(b"/")?;
    let month = cursor.month()?;
    cursor.byte(b"/")?;
    let year = cursor.number(4)?;
    cursor.byte(b":")?;
    let of_day = cursor.of_day()?;
    let offset = cursor.offset();
    Some(Civil {
        micros: days(year, month, day)? * DAY + of_day,
        offset,
        end: cursor.at,
    })
}

/// `{"time":"2026-…"`, `{"ts":1795427434.7`, `time="…"`, `ts=…`: where the value begins as well.
fn field(line: &[u8]) -> Option<(Civil, usize)> {
    const NAMES: [&[u8]; 6] = [b"time", b"timestamp", b"ts", b"t", b"date", b"datetime"];
    let json = line.first() == Some(&b'{');
    // logfmt begins with it.
    let places = memchr::memchr2_iter(b':', b'=', line).take(if json { 64 } else { 1 });
    for separator in places {
        let key = line.get(..separator)?;
        let (key, quoted) = match key.strip_suffix(b"\"") {
            Some(key) => (key, true),
            None => (key, false),
        };
        let from = key
            .iter()
            .rposition(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
            .map_or(0, |at| at + 1);
        let name = key.get(from..)?;
        if json != quoted || !NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        let value = line.get(separator + 1..)?;
        let skipped = value
            .iter()
            .take(3)
            .take_while(|b| matches!(b, b' ' | b'"'))
            .count();
        let value = value.get(skipped..)?;
        let civil = iso(value).or_else(|| {
            let (micros, end) = epoch(value)?;
            let offset = Some(0);
            Some(Civil {
                micros,
                offset,
                end,
            })
        });
        if let Some(civil) = civil {
            return Some((civil, separator + 1 + skipped));
        }
    }
    None
}

/// Days from 1970-01-01, in the calendar of today; `None` for a day that does not exist.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !(1..=9998).contains(&year) {
        return None;
    }
    // Years that begin in March have the leap day at their end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
            - 719_468,
    )
}
