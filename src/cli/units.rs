//! `qd units`: the units of all hosts, as a table or a document.

use super::{Global, Run, context::Session, output};
use crate::problem::{Exit, Problem};
use crate::remote::systemd::{Systemd, Unit, names};
use clap::Args;
use jiff::Timestamp;
use regex::Regex;
use serde::Serialize;

/// Units of all hosts: failed ones first
///
/// Lists the units that systemd has loaded. With a pattern, only those whose name matches it
/// (`*`, `?` and `[…]` as in a shell; `nginx` means `nginx.service`).
#[derive(Debug, Args)]
pub struct Units {
    /// Names or patterns
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Only failed units
    #[arg(long)]
    failed: bool,
    /// Only units of this type
    #[arg(long = "type", short = 't', value_name = "T", value_parser = names::KINDS)]
    kind: Option<String>,
    /// Also units that have a file and are not loaded; so it is where a pattern is given
    #[arg(long)]
    all: bool,
}

/// One unit in the document: the contract's fields in the contract's order.
#[derive(Debug, Serialize)]
struct Item<'a> {
    host: &'a str,
    name: &'a str,
    description: &'a str,
    load: &'a str,
    active: &'a str,
    sub: &'a str,
    since: Option<Timestamp>,
    result: Option<&'a str>,
    exit_status: Option<i32>,
    restarts: Option<u32>,
    main_pid: Option<u32>,
    memory_bytes: Option<u64>,
    cpu_nsec: Option<u64>,
    fragment_path: Option<&'a str>,
}

impl<'a> Item<'a> {
    fn of(host: &'a str, unit: &'a Unit) -> Item<'a> {
        Item {
            host,
            name: &unit.name,
            description: &unit.description,
            load: &unit.load,
            active: &unit.active,
            sub: &unit.sub,
            since: unit.since,
            result: unit.result.as_deref(),
            exit_status: unit.exit_status,
            restarts: unit.restarts,
            main_pid: unit.main_pid,
            memory_bytes: unit.memory_bytes,
            cpu_nsec: unit.cpu_nsec,
            fragment_path: unit.fragment_path.as_deref(),
        }
    }
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Units) -> Run {
    let patterns = command
        .patterns
        .iter()
        .map(|pattern| glob(pattern))
        .collect::<Result<Vec<_>, _>>()?;
    let session = Session::open(global)?;
    // Who names a unit means it, loaded or not.
    let all = command.all || !patterns.is_empty();
    let (lists, problems) = session
        .each_host(|host| async move {
            let systemd = Systemd::open(&host).await?;
            let units = if all {
                systemd.units().await?
            } else {
                systemd.loaded_units().await?
            };
            Ok((host.id().clone(), units))
        })
        .await;
    let mut rows: Vec<(&str, &Unit)> = lists
        .iter()
        .flat_map(|(host, units)| units.iter().map(|unit| (host.as_str(), unit)))
        .filter(|(_, unit)| !command.failed || unit.is_failed())
        .filter(|(_, unit)| {
            command
                .kind
                .as_deref()
                .is_none_or(|kind| unit.kind() == kind)
        })
        .filter(|(_, unit)| patterns.is_empty() || patterns.iter().any(|p| p.is_match(&unit.name)))
        .collect();
    rows.sort_by_key(|(host, unit)| (rank(unit), *host, unit.name.as_str()));
    if global.json {
        let items = rows
            .iter()
            .map(|(host, unit)| Item::of(host, unit))
            .collect();
        output::json(&output::Document::new(
            &session.environment.name,
            items,
            &problems,
        ))?;
    } else if rows.is_empty() && !lists.is_empty() {
        output::note(if command.failed {
            "no unit has failed"
        } else {
            "no unit is like that"
        });
    } else {
        output::print(&table(&rows, session.hosts().len() > 1, output::colour()))?;
    }
    output::settle(global.json, &problems, !lists.is_empty())
}

/// What somebody looks for comes first: failed, changing, running, the rest.
fn rank(unit: &Unit) -> u8 {
    match unit.active.as_str() {
        "failed" => 0,
        "activating" | "deactivating" | "reloading" | "refreshing" | "maintenance" => 1,
        // Devices are many, and nobody's work.
        "active" if unit.kind() != "device" => 2,
        "active" => 3,
        _ if unit.load != "not-found" => 4,
        _ => 5,
    }
}

/// A name as wide as a table's column may be; device names are hundreds of characters long.
fn short(name: &str) -> String {
    const WIDEST: usize = 48;
    let count = name.chars().count();
    if count <= WIDEST {
        return name.to_owned();
    }
    // The end tells the kind.
    let start: String = name.chars().take(WIDEST / 2 - 1).collect();
    let end: String = name.chars().skip(count - WIDEST / 2).collect();
    format!("{start}…{end}")
}

/// A shell pattern as a regular expression over the whole name.
fn glob(pattern: &str) -> Result<Regex, Problem> {
    let wrong = || {
        Problem::new(
            "cli",
            "bad-pattern",
            Exit::Usage,
            format!("{pattern:?} is not a unit's name or pattern"),
        )
    };
    if !pattern.contains(['*', '?', '[']) {
        let name = names::full_name(pattern).ok_or_else(wrong)?;
        return Regex::new(&format!("^{}$", regex::escape(&name))).map_err(|_| wrong());
    }
    let mut expression = String::from("^");
    let mut in_set = false;
    for c in pattern.chars() {
        match c {
            ']' if in_set => {
                in_set = false;
                expression.push(']');
            }
            '!' if in_set && expression.ends_with('[') => expression.push('^'),
            '-' if in_set => expression.push('-'),
            '[' if !in_set => {
                in_set = true;
                expression.push('[');
            }
            '*' if !in_set => expression.push_str(".*"),
            '?' if !in_set => expression.push('.'),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push('$');
    Regex::new(&expression).map_err(|_| wrong())
}

/// The table for people.
fn table(rows: &[(&str, &Unit)], several: bool, colour: bool) -> String {
    let now = Timestamp::now();
    let mut headings = vec![
        "",
        "UNIT",
        "STATE",
        "SINCE",
        "RESULT",
        "MEMORY",
        "DESCRIPTION",
    ];
    if several {
        headings.insert(1, "HOST");
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|(host, unit)| {
            let mut row = vec![
                mark(unit).to_owned(),
                short(&unit.name),
                format!("{} ({})", unit.active, unit.sub),
                unit.since.map(|since| age(since, now)).unwrap_or_default(),
                result(unit),
                unit.memory_bytes.map(bytes).unwrap_or_default(),
                unit.description.clone(),
            ];
            if several {
                row.insert(1, (*host).to_owned());
            }
            row
        })
        .collect();
    let text = output::table(&headings, &cells);
    if !colour {
        return text;
    }
    let mut lines = text.lines();
    let mut coloured = lines
        .next()
        .map(|line| format!("{line}\n"))
        .unwrap_or_default();
    for (line, (_, unit)) in lines.zip(rows) {
        let line = match unit.active.as_str() {
            "failed" => format!("\x1b[31m{line}\x1b[0m\n"),
            "activating" | "deactivating" | "reloading" => format!("\x1b[33m{line}\x1b[0m\n"),
            _ => format!("{line}\n"),
        };
        coloured.push_str(&line);
    }
    coloured
}

/// Shape and letter of a unit's state: never by colour alone.
pub(super) fn mark(unit: &Unit) -> &'static str {
    match unit.active.as_str() {
        "failed" => "✖ F",
        "active" => "● A",
        "activating" | "deactivating" | "reloading" | "refreshing" | "maintenance" => "◐ C",
        _ if unit.load == "not-found" || unit.load == "masked" => "∅ N",
        _ => "○ I",
    }
}

/// Why a unit is not well: result, status, restarts.
fn result(unit: &Unit) -> String {
    let mut parts = Vec::new();
    if let Some(result) = unit.result.as_deref().filter(|result| *result != "success") {
        match unit.exit_status {
            Some(status) if status != 0 => parts.push(format!("{result} {status}")),
            _ => parts.push(result.to_owned()),
        }
    }
    if let Some(restarts) = unit.restarts.filter(|restarts| *restarts > 0) {
        parts.push(format!("{restarts} restarts"));
    }
    if let Some(job) = &unit.job {
        parts.push(format!("job: {job}"));
    }
    parts.join(", ")
}

/// How long ago, in the two largest units: `3d 4h`, `12s`.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// Bytes in the largest binary unit, one decimal.
pub(super) fn bytes(bytes: u64) -> String {
    // Exact up to 2^53, far beyond what is shown.
    #[allow(clippy::cast_precision_loss)]
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return match unit {
                "B" => format!("{bytes} B"),
                _ => format!("{value:.1} {unit}"),
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_a_shell() {
        let matches = |pattern: &str, name: &str| glob(pattern).unwrap().is_match(name);
        assert!(matches("nginx", "nginx.service"));
        assert!(!matches("nginx", "nginx-proxy.service"));
        assert!(matches("podman-*", "podman-web.service"));
        assert!(matches("*.timer", "a.timer"));
        assert!(!matches("*.timer", "axtimer.service"));
        assert!(matches("getty@tty[1-3].service", "getty@tty2.service"));
        assert!(!matches("getty@tty[!1-3].service", "getty@tty2.service"));
        assert!(matches("a?c.*", "abc.mount"));
        assert_eq!(glob("a b").unwrap_err().exit, Exit::Usage);
        assert_eq!(glob("a[").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(short("nginx.service"), "nginx.service");
        let device = format!("dev-disk-{}.device", "x".repeat(300));
        let short = short(&device);
        assert_eq!(short.chars().count(), 48);
        assert!(short.starts_with("dev-disk-") && short.ends_with(".device"));
    }

    #[test]
    fn ages_and_sizes() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(age(at(0), at(59)), "59s");
        assert_eq!(age(at(0), at(3725)), "1h 2m");
        assert_eq!(age(at(0), at(86400 * 3 + 3600 * 4)), "3d 4h");
        assert_eq!(age(at(10), at(0)), "0s");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
    }

    #[test]
    fn failed_rows_say_why_and_nothing_unsafe_is_printed() {
        let failed = Unit {
            name: "api.service".into(),
            description: "evil \x1b[2J".into(),
            active: "failed".into(),
            sub: "failed".into(),
            result: Some("exit-code".into()),
            exit_status: Some(3),
            restarts: Some(2),
            ..Unit::default()
        };
        let text = table(&[("web-1", &failed)], true, false);
        assert!(
            text.contains("✖ F  web-1  api.service  failed (failed)"),
            "{text}"
        );
        assert!(text.contains("exit-code 3, 2 restarts"), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
    }
}
