//! The fields that filters may name: their kinds, aliases and how their values are written.

use super::FilterError;
use std::ops::Range;

/// What a field's values are and how they are written in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A plain number: `3`, `-1`, `0.5`.
    Count,
    /// Bytes: `512K`, `1G`, `1.5GiB` (powers of 1024).
    Bytes,
    /// A span of time in seconds: `90s`, `2h`, `1h30m`, `3d`, `2w`; a bare number is seconds.
    Seconds,
    /// A syslog priority, 0 to 7: `3` or `err`; a smaller number is worse.
    Priority,
    /// A moment, in seconds since 1970: `@1795427434.5`, or `2026-11-23T14:05:00Z`.
    Moment,
}

/// A field that filters may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name, which [`super::Row::field`] is asked for.
    pub name: &'static str,
    /// Other names people type for it.
    pub aliases: &'static [&'static str],
    /// How its values are written and compared.
    pub kind: Kind,
    /// What it holds, for help and completion.
    pub help: &'static str,
}

const fn field(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    help: &'static str,
) -> FieldSpec {
    FieldSpec {
        name,
        aliases,
        kind,
        help,
    }
}

/// Every field of every list.
pub const FIELDS: &[FieldSpec] = &[
    field("age", &[], Kind::Seconds, "time since it began or happened"),
    field(
        "address",
        &["ip", "range"],
        Kind::Text,
        "IP address or network",
    ),
    field("algorithm", &[], Kind::Text, "how targets are chosen"),
    field("architecture", &["arch"], Kind::Text, "x86 or arm"),
    field(
        "balancers",
        &["lbs"],
        Kind::Count,
        "how many load balancers",
    ),
    field("boot", &[], Kind::Text, "boot id"),
    field("cpu", &[], Kind::Seconds, "processor time used"),
    field("description", &["desc"], Kind::Text, "description"),
    field("domain", &["for"], Kind::Text, "names it is for"),
    field("environment", &["env"], Kind::Text, "environment"),
    field("exit", &["status"], Kind::Count, "exit status or signal"),
    field("expires", &[], Kind::Seconds, "time until it expires"),
    field(
        "file",
        &["enabled"],
        Kind::Text,
        "enabled, disabled, static, …",
    ),
    field("fingerprint", &[], Kind::Text, "fingerprint"),
    field("format", &[], Kind::Text, "file system"),
    field("host", &[], Kind::Text, "host"),
    field(
        "id",
        &["identifier", "ident", "tag"],
        Kind::Text,
        "syslog identifier",
    ),
    field("image", &[], Kind::Text, "what it was made from"),
    field("job", &[], Kind::Text, "running job"),
    field("key", &[], Kind::Text, "keys bound to it"),
    field("label", &["labels"], Kind::Text, "labels, as key=value"),
    field("load", &[], Kind::Text, "load state, or load average"),
    field("location", &["loc"], Kind::Text, "fsn1, nbg1, hel1, …"),
    field("memory", &["mem"], Kind::Bytes, "memory used"),
    field("message", &["msg"], Kind::Text, "text of the message"),
    field("name", &[], Kind::Text, "its name"),
    field("next", &[], Kind::Seconds, "time until it elapses next"),
    field("number", &["nr"], Kind::Count, "its number"),
    field("pid", &[], Kind::Count, "process id"),
    field("ports", &[], Kind::Text, "ports that are open to all"),
    field("price", &["cost"], Kind::Count, "what a month costs"),
    field(
        "prio",
        &["priority", "level"],
        Kind::Priority,
        "priority, 0 (emerg) to 7 (debug)",
    ),
    field("private", &[], Kind::Text, "private address"),
    field("progress", &[], Kind::Count, "percent"),
    field("protected", &[], Kind::Text, "yes where it is"),
    field("records", &[], Kind::Count, "how many records"),
    field("registrar", &[], Kind::Text, "registrar"),
    field("resource", &["on"], Kind::Text, "what it was done to"),
    field("restarts", &["restart"], Kind::Count, "times restarted"),
    field("result", &[], Kind::Text, "success, exit-code, oom-kill, …"),
    field("routes", &[], Kind::Count, "how many routes"),
    field("rules", &[], Kind::Count, "how many rules"),
    field("server", &[], Kind::Text, "server it belongs to"),
    field("servers", &[], Kind::Count, "how many servers"),
    field("services", &[], Kind::Text, "protocols and ports"),
    field("size", &[], Kind::Count, "gigabytes"),
    field("source", &["from"], Kind::Text, "which part reports it"),
    field(
        "state",
        &["active"],
        Kind::Text,
        "active, failed, running, …",
    ),
    field("subnets", &[], Kind::Text, "parts of the network"),
    field("sub", &[], Kind::Text, "running, exited, auto-restart, …"),
    field("time", &[], Kind::Moment, "when it was written"),
    field("type", &[], Kind::Text, "service, timer, socket, …"),
    field("unit", &[], Kind::Text, "unit"),
    field("user", &["who"], Kind::Text, "who did it"),
];

/// The names of the syslog priorities, worst first: the index is the number.
pub(crate) const PRIORITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

/// Finds a field by name or alias among those allowed.
pub(crate) fn find(
    typed: &str,
    span: Range<usize>,
    allowed: Option<&[&str]>,
) -> Result<&'static FieldSpec, FilterError> {
    let here = |spec: &&FieldSpec| allowed.is_none_or(|names| names.contains(&spec.name));
    let wanted = typed.to_lowercase();
    let named = |spec: &&FieldSpec| spec.name == wanted || spec.aliases.contains(&wanted.as_str());
    if let Some(spec) = FIELDS.iter().filter(here).find(named) {
        return Ok(spec);
    }
    let elsewhere = FIELDS.iter().any(|spec| named(&spec));
    let near = FIELDS
        .iter()
        .filter(here)
        .flat_map(|spec| std::iter::once(&spec.name).chain(spec.aliases))
        .map(|name| (strsim::damerau_levenshtein(name, &wanted), *name))
        .min()
        .filter(|(distance, name)| *distance <= 2 && *distance < name.len());
    let message = match near {
        Some((_, name)) if !elsewhere => {
            format!("there is no field `{typed}`: did you mean `{name}`?")
        }
        _ if elsewhere => format!("rows of this list have no field `{typed}`"),
        _ => format!("there is no field `{typed}`: put the word in quotes to search for it"),
    };
    Err(FilterError { span, message })
}

/// Reads a number of this kind.
pub(crate) fn number(kind: Kind, text: &str, span: Range<usize>) -> Result<f64, FilterError> {
    let parsed = match kind {
        Kind::Text => None,
        Kind::Count => plain(text),
        Kind::Bytes => bytes(text),
        Kind::Seconds => seconds(text),
        Kind::Priority => priority(text),
        Kind::Moment => moment(text),
    };
    parsed.ok_or_else(|| {
        let want = match kind {
            Kind::Text => "cannot be compared: it is text",
            Kind::Count => "is not a number, e.g. 3",
            Kind::Bytes => "is not a size, e.g. 512K, 20M or 1.5G",
            Kind::Seconds => "is not a time span, e.g. 90s, 5m, 2h, 3d or 1h30m",
            Kind::Moment => "is not a moment, e.g. @1795427434 or 2026-11-23T14:05:00Z",
            Kind::Priority => "is not a priority: 0 to 7, or emerg, alert, crit, err, warning, notice, info, debug",
        };
        let message = if text.is_empty() {
            "a value is missing here".to_owned()
        } else {
            format!("`{text}` {want}")
        };
        FilterError { span, message }
    })
}

fn plain(text: &str) -> Option<f64> {
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    if !numeric {
        return None;
    }
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// Splits `12.5abc` into its number and the rest.
fn leading(text: &str) -> Option<(f64, &str)> {
    let end = text
        .bytes()
        .position(|b| !(b.is_ascii_digit() || b == b'.'))
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((plain(digits)?, rest))
}

fn bytes(text: &str) -> Option<f64> {
    let (number, unit) = leading(text)?;
    let unit = unit.to_ascii_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" if unit.is_empty() || unit == "b" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    Some(number * 1024f64.powi(power))
}

fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let (number, tail) = leading(rest)?;
        let end = tail
            .bytes()
            .position(|b| !b.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let scale = match unit {
            "" if tail.is_empty() => 1.0,
            "ms" => 0.001,
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" | "hr" => 3_600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            "mo" => 2_592_000.0,
            "y" => 31_536_000.0,
            _ => return None,
        };
        total += number * scale;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

fn moment(text: &str) -> Option<f64> {
    match text.strip_prefix('@') {
        Some(seconds) => plain(seconds),
        None => {
            let time: jiff::Timestamp = text.parse().ok()?;
            Some(time.as_microsecond() as f64 / 1e6)
        }
    }
}

fn priority(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let name = match lower.as_str() {
        "error" => "err",
        "warn" => "warning",
        "critical" => "crit",
        "panic" | "emergency" => "emerg",
        other => other,
    };
    if let Some(index) = PRIORITIES.iter().position(|p| *p == name) {
        return Some(index as f64);
    }
    name.parse::<u8>().ok().filter(|p| *p <= 7).map(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        let cases = [
            (Kind::Bytes, "512K", Some(524_288.0)),
            (Kind::Bytes, "1.5GiB", Some(1_610_612_736.0)),
            (Kind::Bytes, "10b", Some(10.0)),
            (Kind::Bytes, "i", None),
            (Kind::Bytes, "1x", None),
            (Kind::Seconds, "1h30m", Some(5_400.0)),
            (Kind::Seconds, "90", Some(90.0)),
            (Kind::Seconds, "2d", Some(172_800.0)),
            (Kind::Seconds, "h", None),
            (Kind::Seconds, "", None),
            (Kind::Priority, "err", Some(3.0)),
            (Kind::Priority, "WARN", Some(4.0)),
            (Kind::Priority, "8", None),
            (Kind::Moment, "@1795427434.5", Some(1_795_427_434.5)),
            (Kind::Moment, "2026-11-23T14:05:00Z", Some(1_795_442_700.0)),
            (Kind::Moment, "14:05", None),
            (Kind::Count, "-1", Some(-1.0)),
            (Kind::Count, "inf", None),
            (Kind::Count, "1e3", None),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(number(kind, text, 0..0).ok(), expected, "{text}");
        }
    }

    #[test]
    fn names_and_aliases_are_unique() {
        let mut names: Vec<_> = FIELDS
            .iter()
            .flat_map(|f| std::iter::once(f.name).chain(f.aliases.iter().copied()))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
