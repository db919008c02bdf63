//! `journalctl` on a simulated host: the options, what they select, and following.
//!
//! How an entry is printed is in `print`, the command line in `options`.

mod options;
mod print;

use super::command::Io;
use super::host::Host;
use super::model::journal::{Journal, Record};
pub(crate) use options::glob;
use options::{Options, Seek};
use std::sync::Arc;

/// Entries taken under one lock, so that a long answer keeps nobody waiting.
const AT_ONCE: usize = 2000;

/// Runs it; the exit code.
pub(crate) async fn run(host: &Arc<Host>, root: bool, args: &[String], io: &mut Io) -> u32 {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(message) => {
            io.err(&format!("{message}\n")).await;
            return 1;
        }
    };
    if options.rotate || options.vacuum || options.sync {
        if !root {
            io.err("Failed to manage the journal: Permission denied\n")
                .await;
            return 1;
        }
        host.with(|world| {
            if options.rotate {
                world.journal.rotate();
            }
            if options.vacuum {
                world.journal.vacuum();
            }
        });
        return 0;
    }
    if options.list_boots {
        let text = host.with(|world| print::boots(&world.journal.boots(), options.format));
        return io.out(text.as_bytes()).await;
    }
    if let Some(name) = &options.values_of {
        let text = host.with(|world| values(&world.journal, name));
        return io.out(text.as_bytes()).await;
    }
    let mut news = host.appended();
    let mut kills = host.kills();
    let selected = host.with(|world| select(&world.journal, &options));
    let (records, mut seen, filter) = match selected {
        Ok(selected) => selected,
        Err(message) => {
            io.err(&format!("{message}\n")).await;
            return 1;
        }
    };
    if options.units_unknown(&filter) {
        io.err("Failed to add filter for units: No data available\n")
            .await;
        return 1;
    }
    let mut printer = print::Printer::new(&options);
    for chunk in records.chunks(AT_ONCE) {
        let bytes = host.with(|world| printer.print(&world.journal, chunk));
        if io.out(&bytes).await != 0 {
            return 0;
        }
    }
    if !options.follow {
        if records.is_empty() && !options.quiet && options.format.is_text() {
            io.out(b"-- No entries --\n").await;
        }
        if options.show_cursor
            && let Some(last) = records.last()
        {
            let cursor = host.with(|world| world.journal.cursor(last));
            io.out(format!("-- cursor: {cursor}\n").as_bytes()).await;
        }
        return u32::from(records.is_empty() && options.grep.is_some());
    }
    drop(records);
    loop {
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return 0; },
            () = io.ended() => return 130,
            _ = kills.changed() => return 137,
        }
        let bytes = host.with(|world| {
            let fresh: Vec<Arc<Record>> = world
                .journal
                .after(seen)
                .filter(|record| filter.takes(record))
                .cloned()
                .collect();
            seen = world.journal.last();
            printer.print(&world.journal, &fresh)
        });
        if !bytes.is_empty() && io.out(&bytes).await != 0 {
            return 0;
        }
    }
}

/// What entries must be like.
pub(crate) struct Filter {
    options: Options,
    /// The boot asked for.
    boot: Option<Arc<str>>,
    units: Vec<String>,
    journal: (String, String),
}

impl Filter {
    fn takes(&self, record: &Record) -> bool {
        let options = &self.options;
        if let Some((from, to)) = options.priority
            && !(from..=to).contains(&record.priority)
        {
            return false;
        }
        if let Some(boot) = &self.boot
            && record.boot != *boot
        {
            return false;
        }
        if options.since.is_some_and(|since| record.realtime < since)
            || options.until.is_some_and(|until| record.realtime > until)
        {
            return false;
        }
        if options.kernel && record.source.transport != "kernel" {
            return false;
        }
        if !options.units.is_empty() && !self.of_unit(record) {
            return false;
        }
        if !options.identifiers.is_empty()
            && !options.identifiers.contains(&record.source.identifier)
        {
            return false;
        }
        if let Some(grep) = &options.grep
            && !grep.is_match(&record.message)
        {
            return false;
        }
        options.matches.is_empty() || self.matches(record)
    }

    fn of_unit(&self, record: &Record) -> bool {
        let is = |name: &[u8]| self.units.iter().any(|unit| unit.as_bytes() == name);
        Journal::unit_of(record).is_some_and(|unit| is(unit.as_bytes()))
            || (record.pid == 1 && Journal::about(record).is_some_and(is))
    }

    /// Values of one field are alternatives, different fields are conditions; `+` separates
    /// alternatives of the whole.
    fn matches(&self, record: &Record) -> bool {
        let (host, machine) = &self.journal;
        let names = Journal::new(host, machine.clone(), String::new());
        let fields = names.fields(record);
        self.options.matches.iter().any(|group| {
            group.iter().all(|(name, values)| {
                fields.iter().any(|(field, value)| {
                    field == name && values.iter().any(|wanted| wanted.as_bytes() == value)
                })
            })
        })
    }
}

type Selected = (Vec<Arc<Record>>, u64, Filter);

fn select(journal: &Journal, options: &Options) -> Result<Selected, String> {
    let boots = journal.boots();
    let boot = match &options.boot {
        Some(boot) => options::find_boot(boot, &boots)?,
        // A follower stays on the boot that it started in.
        None if options.follow && !options.merge => boots.last().map(|(boot, _, _)| boot.clone()),
        None => None,
    };
    let filter = Filter {
        units: options.known_units(journal),
        options: options.clone(),
        boot,
        journal: (journal.host.clone(), journal.machine.clone()),
    };
    let (mut skip, mut end) = (0, journal.entries.len());
    if let Some(seek) = &options.seek {
        let (cursor, after) = match seek {
            Seek::At(cursor) => (cursor, false),
            Seek::After(cursor) => (cursor, true),
        };
        skip = options::place(journal, cursor)?;
        let exact = journal
            .entries
            .get(skip)
            .is_some_and(|record| journal.cursor(record) == *cursor);
        // Backwards from there, or onwards.
        if options.reverse {
            end = skip + usize::from(exact && !after);
            skip = 0;
        } else if after && exact {
            skip += 1;
        }
    }
    let wanted = match options.lines {
        Some(lines) => lines,
        None if options.follow
            && !options.no_tail
            && options.seek.is_none()
            && options.since.is_none() =>
        {
            10
        }
        None => usize::MAX,
    };
    let from = journal.entries.range(skip.min(end)..end);
    let taken = |record: &&Arc<Record>| filter.takes(record);
    let at_start = (options.seek.is_some() || options.since.is_some()) && options.lines.is_some();
    let mut records: Vec<Arc<Record>> = match (at_start && !options.reverse, options.oldest) {
        (true, _) | (_, true) => from.filter(taken).take(wanted).cloned().collect(),
        _ => {
            let mut records: Vec<_> = from.rev().filter(taken).take(wanted).cloned().collect();
            records.reverse();
            records
        }
    };
    if options.reverse {
        records.reverse();
    }
    Ok((records, journal.last(), filter))
}

/// Every value of a field, each once.
fn values(journal: &Journal, name: &str) -> String {
    let mut values = std::collections::BTreeSet::new();
    for record in &journal.entries {
        for (field, value) in journal.fields(record) {
            if field == name {
                values.insert(String::from_utf8_lossy(&value).into_owned());
            }
        }
    }
    values.into_iter().map(|value| value + "\n").collect()
}
