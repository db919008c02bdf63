//! A [`Query`] answered here: what journalctl would do on a host.

use super::Format;
use crate::logs::{Query, export::Raw, seen::Seen, when};
use crate::problem::{Exit, Problem};
use jiff::Zoned;
use regex::bytes::{Regex, RegexBuilder};

/// Which entries are wanted.
#[derive(Debug)]
pub(super) struct Select {
    format: Format,
    units: Vec<Regex>,
    priority: Option<u8>,
    grep: Option<Regex>,
    since: Option<i64>,
    until: Option<i64>,
    boot: Option<u128>,
    matches: Vec<(String, String)>,
}

impl Select {
    /// `boots` gives the ids of all boots in their order, for those who ask by number.
    pub(super) fn new(
        query: &Query,
        format: Format,
        boots: impl FnOnce() -> Result<Vec<u128>, Problem>,
    ) -> Result<Select, Problem> {
        let now = Zoned::now();
        let wrong =
            |message: String| Problem::new("journal", "journal-query", Exit::Usage, message);
        let mut units = Vec::new();
        for unit in &query.units {
            units.push(
                glob(&named(unit, format))
                    .map_err(|_| wrong(format!("no unit can match '{unit}'")))?,
            );
        }
        let grep = match &query.grep {
            None => None,
            Some(source) => Some(
                RegexBuilder::new(source)
                    .case_insensitive(query.ignore_case)
                    .size_limit(1 << 20)
                    .build()
                    .map_err(|error| {
                        let text = error.to_string();
                        let why = text.lines().last().unwrap_or_default();
                        wrong(format!("'{source}' is no pattern that can be used: {why}"))
                    })?,
            ),
        };
        let since = query.since.as_deref().map(|text| when::since(text, &now));
        let until = query.until.as_deref().map(|text| when::until(text, &now));
        let boot = match query.boot.as_deref() {
            None | Some("all") => None,
            Some(_) if format == Format::Text => {
                return Err(wrong("lines of text do not tell boots".to_owned()));
            }
            Some(text) => Some(boot(text, boots)?),
        };
        let split = |text: &String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Ok(Select {
            format,
            units,
            priority: query.priority,
            grep,
            since: since.transpose()?.map(jiff::Timestamp::as_microsecond),
            until: until.transpose()?.map(jiff::Timestamp::as_microsecond),
            boot,
            matches: query.matches.iter().filter_map(split).collect(),
        })
    }

    /// Whether an entry is wanted; `raw` for matches on any field.
    pub(super) fn wants(&self, seen: &Seen<'_>, raw: Option<&Raw<'_>>) -> bool {
        let time = seen.realtime;
        let timed = self.since.is_some() || self.until.is_some();
        if (timed && time == 0)
            || self.since.is_some_and(|since| time < since)
            || self.until.is_some_and(|until| time > until)
            || self.priority.is_some_and(|most| seen.priority > most)
            || self.boot.is_some_and(|boot| boot != seen.boot)
        {
            return false;
        }
        let unit = match self.format {
            Format::Export => seen.unit,
            Format::Text => seen.identifier,
        };
        if !self.units.is_empty()
            && !unit.is_some_and(|unit| self.units.iter().any(|wanted| wanted.is_match(unit)))
        {
            return false;
        }
        let has = |(name, value): &(String, String)| {
            raw.is_some_and(|raw| {
                let mut of_name = raw.fields().filter(|field| field.name == name);
                of_name.any(|field| field.value == value.as_bytes())
            })
        };
        self.matches.iter().all(has)
            && self
                .grep
                .as_ref()
                .is_none_or(|grep| grep.is_match(seen.message))
    }
}

/// `nginx` is `nginx.service`; to a program that only has a name, the other way round.
fn named(unit: &str, format: Format) -> String {
    const TYPES: [&str; 11] = [
        "service",
        "socket",
        "device",
        "mount",
        "automount",
        "swap",
        "target",
        "path",
        "timer",
        "slice",
        "scope",
    ];
    let kind = unit
        .rsplit_once('.')
        .filter(|(_, kind)| TYPES.contains(kind));
    match (format, kind) {
        (Format::Export, None) => format!("{unit}.service"),
        (Format::Text, Some((name, _))) => name.to_owned(),
        _ => unit.to_owned(),
    }
}

/// `*`, `?` and `[…]` as in names of files.
fn glob(pattern: &str) -> Result<Regex, regex::Error> {
    let mut source = String::from("(?s-u)^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => source.push_str(".*"),
            '?' => source.push('.'),
            '[' if chars.clone().any(|c| c == ']') => {
                source.push('[');
                if chars.next_if(|c| matches!(c, '!' | '^')).is_some() {
                    source.push('^');
                }
                for c in chars.by_ref() {
                    if c == ']' {
                        break;
                    }
                    // A range is the only thing that is special.
                    match c {
                        '-' => source.push('-'),
                        c => source.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
                    }
                }
                source.push(']');
            }
            c => source.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    source.push('$');
    // Names of units are ASCII; others are compared as they are.
    RegexBuilder::new(&source.replace("(?s-u)", "(?s)")).build()
}

/// `[ID][±OFFSET]` as journalctl takes it.
fn boot(text: &str, boots: impl FnOnce() -> Result<Vec<u128>, Problem>) -> Result<u128, Problem> {
    let missing = || {
        let message = format!("the file has no boot '{text}'");
        Problem::new("journal", "journal-query", Exit::Usage, message)
            .hint("0 is the last one in it, -1 the one before, 1 the first")
    };
    let (id, offset) = match text.split_at_checked(32) {
        Some((id, offset)) => (u128::from_str_radix(id, 16).ok(), offset),
        None => (None, text),
    };
    if let (Some(id), "") = (id, offset) {
        return Ok(id);
    }
    let offset: i64 = offset
        .strip_prefix('+')
        .unwrap_or(offset)
        .parse()
        .map_err(|_| missing())?;
    let boots = boots()?;
    let count = i64::try_from(boots.len()).unwrap_or(i64::MAX);
    let at = match id {
        Some(id) => {
            let at = boots
                .iter()
                .position(|boot| *boot == id)
                .ok_or_else(missing)?;
            i64::try_from(at).unwrap_or(i64::MAX).saturating_add(offset)
        }
        None if offset > 0 => offset - 1,
        None => count - 1 + offset,
    };
    usize::try_from(at)
        .ok()
        .and_then(|at| boots.get(at).copied())
        .ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_as_people_type_them() {
        let is = |pattern: &str, unit: &str| {
            glob(&named(pattern, Format::Export))
                .unwrap()
                .is_match(unit.as_bytes())
        };
        assert!(is("nginx", "nginx.service"));
        assert!(!is("nginx", "nginx.socket"));
        assert!(is("podman-*", "podman-web.service"));
        assert!(is("app0[1-3]", "app02.service"));
        assert!(!is("app0[!1-3]", "app02.service"));
        assert!(is("worker@?.service", "worker@1.service"));
        assert!(!is("a.b", "axb.service"));
        assert!(glob("[").unwrap().is_match(b"["));
        assert_eq!(named("nginx.service", Format::Text), "nginx");
    }

    #[test]
    fn boots_by_number() {
        let all = [7, 8, 9];
        let of = |text: &str| boot(text, || Ok(all.to_vec())).ok();
        let id = |n: u128| format!("{n:032x}");
        assert_eq!(of("0"), Some(9));
        assert_eq!(of("-1"), Some(8));
        assert_eq!(of("1"), Some(7));
        assert_eq!(of("+2"), Some(8));
        assert_eq!(of("-3"), None);
        assert_eq!(of(&id(5)), Some(5));
        assert_eq!(of(&format!("{}-1", id(8))), Some(7));
        assert_eq!(of(&format!("{}+1", id(5))), None);
    }
}
