//! The command line of `journalctl`: what a simulated host understands of it.

use super::{Filter, print::Format};
use crate::demo::model::journal::{Journal, Record};
use regex::bytes::{Regex, RegexBuilder};
use std::sync::Arc;

/// Where to begin.
#[derive(Debug, Clone)]
pub(super) enum Seek {
    At(String),
    After(String),
}

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(super) format: Format,
    pub(super) fields: Option<Vec<String>>,
    pub(super) lines: Option<usize>,
    pub(super) oldest: bool,
    pub(super) follow: bool,
    pub(super) no_tail: bool,
    pub(super) merge: bool,
    pub(super) reverse: bool,
    pub(super) quiet: bool,
    pub(super) kernel: bool,
    pub(super) show_cursor: bool,
    pub(super) list_boots: bool,
    /// Asked to begin a new journal file.
    pub(super) rotate: bool,
    /// Asked to drop the files before it.
    pub(super) vacuum: bool,
    /// Asked to have everything written.
    pub(super) sync: bool,
    pub(super) values_of: Option<String>,
    pub(super) units: Vec<String>,
    pub(super) identifiers: Vec<String>,
    pub(super) priority: Option<(u8, u8)>,
    pub(super) grep: Option<Regex>,
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) boot: Option<String>,
    pub(super) seek: Option<Seek>,
    pub(super) matches: Vec<Vec<(String, Vec<String>)>>,
}

/// Options with a value, by their short and long name.
const VALUED: &[(&str, &str)] = &[
    ("-o", "--output"),
    ("-n", "--lines"),
    ("-u", "--unit"),
    ("-t", "--identifier"),
    ("-p", "--priority"),
    ("-g", "--grep"),
    ("-S", "--since"),
    ("-U", "--until"),
    ("-c", "--cursor"),
    ("-F", "--field"),
    ("", "--after-cursor"),
    ("", "--output-fields"),
    ("", "--vacuum-size"),
    ("", "--vacuum-time"),
    ("", "--vacuum-files"),
];
/// Options whose value, if any, comes with `=` or attached.
const OPTIONAL: &[(&str, &str)] = &[("-b", "--boot"), ("", "--case-sensitive")];
const FLAGS: &[(&str, &str)] = &[
    ("-f", "--follow"),
    ("-r", "--reverse"),
    ("-q", "--quiet"),
    ("-m", "--merge"),
    ("-k", "--dmesg"),
    ("-a", "--all"),
    ("-e", "--pager-end"),
    ("-x", "--catalog"),
    ("", "--no-pager"),
    ("", "--no-tail"),
    ("", "--no-hostname"),
    ("", "--no-full"),
    ("-l", "--full"),
    ("", "--utc"),
    ("", "--show-cursor"),
    ("", "--list-boots"),
    ("", "--system"),
    ("", "--sync"),
    ("", "--rotate"),
];

impl Options {
    pub(super) fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = args
            .iter()
            .cloned()
            .collect::<std::collections::VecDeque<_>>();
        let (mut grep, mut case) = (None, None);
        let mut group: Vec<(String, Vec<String>)> = Vec::new();
        let mut only_matches = false;
        while let Some(word) = words.pop_front() {
            if only_matches || !word.starts_with('-') {
                options.add_match(&mut group, &word)?;
                continue;
            }
            if word == "--" {
                only_matches = true;
                continue;
            }
            let (name, attached) = split(&word, &mut words)?;
            let value = match attached {
                None if VALUED.iter().any(|(_, long)| *long == name) => {
                    let value = words.pop_front();
                    Some(value.ok_or_else(|| {
                        format!("journalctl: option '{name}' requires an argument")
                    })?)
                }
                None if name == "--boot" && words.front().is_some_and(|w| is_boot(w)) => {
                    words.pop_front()
                }
                value => value,
            };
            match name {
                "--grep" => grep = value,
                "--case-sensitive" => {
                    case = Some(!matches!(value.as_deref(), Some("no" | "false" | "0")));
                }
                name => options.set(name, value.unwrap_or_default())?,
            }
        }
        if !group.is_empty() {
            options.matches.push(group);
        }
        if let Some(pattern) = grep {
            let sensitive = case.unwrap_or_else(|| pattern.chars().any(char::is_uppercase));
            let regex = RegexBuilder::new(&pattern)
                .case_insensitive(!sensitive)
                .build()
                .map_err(|_| {
                    format!("Bad pattern \"{pattern}\": the regular expression is invalid")
                })?;
            options.grep = Some(regex);
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--output" => {
                self.format = Format::named(&value)
                    .ok_or_else(|| format!("Unknown output format '{value}'."))?;
            }
            "--lines" => {
                self.oldest = value.starts_with('+');
                let number = value.trim_start_matches('+');
                self.lines = match number {
                    "all" => None,
                    number => Some(
                        number
                            .parse()
                            .map_err(|_| format!("Failed to parse lines '{value}'"))?,
                    ),
                };
            }
            "--unit" if value.contains('.') || value.contains('*') => self.units.push(value),
            "--unit" => self.units.push(format!("{value}.service")),
            "--identifier" => self.identifiers.push(value),
            "--priority" => self.priority = Some(priorities(&value)?),
            "--since" => self.since = Some(time(&value)?),
            "--until" => self.until = Some(time(&value)?),
            "--cursor" => self.seek = Some(Seek::At(value)),
            "--after-cursor" => self.seek = Some(Seek::After(value)),
            "--field" => self.values_of = Some(value),
            "--output-fields" => {
                self.fields = Some(value.split(',').map(str::to_owned).collect());
            }
            "--boot" if value == "all" => self.boot = None,
            "--boot" if value.is_empty() => self.boot = Some("0".to_owned()),
            "--boot" => self.boot = Some(value),
            "--follow" => self.follow = true,
            "--no-tail" => self.no_tail = true,
            "--merge" => self.merge = true,
            "--reverse" => self.reverse = true,
            "--quiet" => self.quiet = true,
            "--show-cursor" => self.show_cursor = true,
            "--sync" => self.sync = true,
            "--rotate" => self.rotate = true,
            "--vacuum-size" | "--vacuum-time" | "--vacuum-files" => self.vacuum = true,
            "--list-boots" => self.list_boots = true,
            "--pager-end" => self.lines = Some(self.lines.unwrap_or(1000)),
            "--dmesg" => {
                self.kernel = true;
                self.boot.get_or_insert_with(|| "0".to_owned());
            }
            // The rest says how a terminal shows it.
            _ => {}
        }
        Ok(())
    }

    fn add_match(
        &mut self,
        group: &mut Vec<(String, Vec<String>)>,
        word: &str,
    ) -> Result<(), String> {
        if word == "+" {
            self.matches.push(std::mem::take(group));
            return Ok(());
        }
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| {
                name.bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            })
            .ok_or_else(|| format!("Failed to add match '{word}': Invalid argument"))?;
        match group.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.to_owned()),
            None => group.push((name.to_owned(), vec![value.to_owned()])),
        }
        Ok(())
    }

    /// The units asked for, patterns resolved to what the journal knows.
    pub(super) fn known_units(&self, journal: &Journal) -> Vec<String> {
        let mut units = Vec::new();
        for wanted in &self.units {
            if !wanted.contains(['*', '?', '[']) {
                units.push(wanted.clone());
                continue;
            }
            let mut names = std::collections::BTreeSet::new();
            for record in &journal.entries {
                if let Some(unit) = Journal::unit_of(record) {
                    names.insert(unit);
                }
            }
            units.extend(
                names
                    .into_iter()
                    .filter(|name| glob(wanted, name))
                    .map(str::to_owned),
            );
        }
        units
    }

    /// Whether units were asked for by pattern and none is known.
    pub(super) fn units_unknown(&self, filter: &Filter) -> bool {
        !self.units.is_empty() && filter.units.is_empty()
    }
}

/// The long name of an option and its attached value; further letters go back to the words.
fn split(
    word: &str,
    words: &mut std::collections::VecDeque<String>,
) -> Result<(&'static str, Option<String>), String> {
    let all = || VALUED.iter().chain(OPTIONAL).chain(FLAGS);
    if word.starts_with("--") {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        return all()
            .find(|(_, long)| *long == name)
            .map(|(_, long)| (*long, value))
            .ok_or_else(|| format!("journalctl: unrecognized option '{word}'"));
    }
    let letter: String = word.chars().take(2).collect();
    let rest: String = word.chars().skip(2).collect();
    let (_, long) = all().find(|(short, _)| *short == letter).ok_or_else(|| {
        format!(
            "journalctl: invalid option -- '{}'",
            letter.trim_start_matches('-')
        )
    })?;
    if rest.is_empty() {
        return Ok((long, None));
    }
    if FLAGS.iter().any(|(_, flag)| flag == long) {
        words.push_front(format!("-{rest}"));
        return Ok((long, None));
    }
    Ok((long, Some(rest)))
}

fn is_boot(word: &str) -> bool {
    word.parse::<i32>().is_ok()
        || word == "all"
        || (word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn priorities(value: &str) -> Result<(u8, u8), String> {
    const NAMES: [&str; 8] = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ];
    let one = |word: &str| {
        let number = word.parse::<u8>().ok().filter(|n| *n < 8);
        let named = NAMES.iter().position(|name| *name == word);
        number
            .or(named.and_then(|at| u8::try_from(at).ok()))
            .ok_or_else(|| format!("Unknown log level {value}"))
    };
    match value.split_once("..") {
        Some((from, to)) => Ok((one(from)?, one(to)?)),
        None => Ok((0, one(value)?)),
    }
}

/// `@SECONDS`, an ISO time, a date, `now`, or so long ago (`-1h`).
fn time(value: &str) -> Result<i64, String> {
    use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
    let failed = || format!("Failed to parse timestamp: {value}");
    let micros = |time: Timestamp| time.as_microsecond();
    if let Some(epoch) = value.strip_prefix('@') {
        let (seconds, fraction) = epoch.split_once('.').unwrap_or((epoch, ""));
        let digits: String = format!("{fraction:0<6}").chars().take(6).collect();
        let whole: i64 = seconds.parse().map_err(|_| failed())?;
        return Ok(whole * 1_000_000 + digits.parse::<i64>().map_err(|_| failed())?);
    }
    let now = Timestamp::now();
    let midnight = now.as_microsecond() / 86_400_000_000 * 86_400_000_000;
    match value {
        "now" => return Ok(micros(now)),
        "today" => return Ok(midnight),
        "yesterday" => return Ok(midnight - 86_400_000_000),
        _ => {}
    }
    let ago = value
        .strip_prefix('-')
        .or_else(|| value.strip_suffix(" ago"));
    if let Some(span) = ago.and_then(|ago| ago.trim().parse::<jiff::SignedDuration>().ok()) {
        return Ok(micros(now) - i64::try_from(span.as_micros()).map_err(|_| failed())?);
    }
    if let Ok(time) = value.parse::<Timestamp>() {
        return Ok(micros(time));
    }
    let civil: DateTime = value
        .trim_end_matches(" UTC")
        .parse()
        .map_err(|_| failed())?;
    let zoned = civil.to_zoned(TimeZone::UTC).map_err(|_| failed())?;
    Ok(micros(zoned.timestamp()))
}

/// The boot with this id, so many boots before or after it (`ID-1`), or so many from the newest
/// (0, -1) or the oldest (1).
pub(super) fn find_boot(
    wanted: &str,
    boots: &[(Arc<str>, i64, i64)],
) -> Result<Option<Arc<str>>, String> {
    let (id, offset) = wanted.split_at_checked(32).unwrap_or((wanted, ""));
    let found = match wanted.parse::<i64>() {
        Ok(number) if wanted.len() < 32 => {
            let count = i64::try_from(boots.len()).unwrap_or(i64::MAX);
            let index = if number > 0 {
                number - 1
            } else {
                count - 1 + number
            };
            usize::try_from(index)
                .ok()
                .and_then(|index| boots.get(index))
        }
        _ => {
            let at = boots.iter().position(|(boot, _, _)| **boot == *id);
            let offset = match offset {
                "" => Some(0),
                offset => offset.parse::<isize>().ok(),
            };
            at.zip(offset)
                .and_then(|(at, offset)| boots.get(at.checked_add_signed(offset)?))
        }
    };
    match found {
        Some((boot, _, _)) => Ok(Some(boot.clone())),
        None => Err(format!(
            "No journal boot entry found for the specified boot ({wanted})."
        )),
    }
}

/// Where in the journal a cursor is, or the nearest entry in time if it is gone.
pub(super) fn place(journal: &Journal, cursor: &str) -> Result<usize, String> {
    let part = |name: &str| {
        cursor
            .split(';')
            .filter_map(|part| part.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let hex = |name: &str| part(name).and_then(|value| u64::from_str_radix(value, 16).ok());
    let bad = || "Failed to seek to cursor: Invalid argument".to_owned();
    let (seq, time) = (hex("i").ok_or_else(bad)?, hex("t").ok_or_else(bad)?);
    if part("s") == Some(&journal.seq_id) {
        Ok(journal.entries.partition_point(|record| record.seq < seq))
    } else {
        let time = i64::try_from(time).map_err(|_| bad())?;
        let before = |record: &Arc<Record>| record.realtime < time;
        Ok(journal.entries.partition_point(before))
    }
}

/// Shell patterns: `*` and `?`.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let escaped = regex::escape(pattern)
        .replace(r"\*", ".*")
        .replace(r"\?", ".");
    regex::Regex::new(&format!("^(?:{escaped})$")).is_ok_and(|regex| regex.is_match(text))
}
