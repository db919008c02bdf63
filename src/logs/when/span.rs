//! Spans of time: `2h`, `1h30m`, `1.5 days`, `an hour`.

use jiff::SignedDuration;

/// Reads a span with systemd's units (`m` is minutes, `M` months; a day is 24 hours).
pub(super) fn parse(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    for article in ["an ", "a "] {
        if let Some(unit) = text.strip_prefix(article) {
            let micros = i64::try_from(unit_micros(unit.trim())?).ok()?;
            return Some(SignedDuration::from_micros(micros));
        }
    }
    let mut total: i128 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = leading(rest, |c| c.is_ascii_digit() || c == '.')?;
        let (unit, tail) = leading(tail.trim_start(), char::is_alphabetic)?;
        total = total.checked_add(times(number, unit_micros(unit)?)?)?;
        rest = tail.trim_start().trim_start_matches(',').trim_start();
    }
    let micros = i64::try_from(total).ok()?;
    (!text.is_empty()).then(|| SignedDuration::from_micros(micros))
}

/// Splits where the characters end that `of` takes.
fn leading(text: &str, of: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|c| !of(c)).unwrap_or(text.len());
    text.split_at_checked(end)
}

/// `1.5` times a unit, to the microsecond.
fn times(number: &str, unit: i128) -> Option<i128> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() > 12 || part.len() > 9 || whole.len() + part.len() == 0 {
        return None;
    }
    let digits = |text: &str| match text {
        "" => Some(0),
        text => text.parse::<i128>().ok(),
    };
    let scale = 10i128.pow(u32::try_from(part.len()).ok()?);
    Some(digits(whole)? * unit + digits(part)? * unit / scale)
}

fn unit_micros(unit: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000;
    Some(match unit {
        "us" | "usec" | "µs" | "μs" => 1,
        "ms" | "msec" => 1_000,
        "" | "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * SECOND,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600 * SECOND,
        "d" | "day" | "days" => 86_400 * SECOND,
        "w" | "week" | "weeks" => 7 * 86_400 * SECOND,
        "M" | "month" | "months" => 2_629_800 * SECOND,
        "y" | "year" | "years" => 31_557_600 * SECOND,
        _ => return None,
    })
}
