//! What leaves the pane: the command line that shows the same, and what is copied.

use super::{State, jump, save};
use crate::tui::panes::Ctx;
use std::{fmt::Write, ops::Range};

/// The command line that shows the same.
pub fn cli(state: &State, ctx: &Ctx) -> Option<String> {
    Some(command(state, ctx, None))
}

/// The command line that shows what is shown, or of that only a range of times.
fn command(state: &State, ctx: &Ctx, range: Option<(i64, i64)>) -> String {
    let mut line = format!("qd -e {}", save::quoted(ctx.env().as_str()));
    if state.hosts.len() < ctx.world.hosts.len() {
        for host in &state.hosts {
            let _ = write!(line, " --host {}", save::quoted(host.as_str()));
        }
    }
    line.push_str(" logs");
    let query = &state.query;
    for unit in &query.units {
        let _ = write!(line, " {}", save::quoted(unit));
    }
    if let Some(priority) = query.priority {
        let _ = write!(line, " -p {priority}");
    }
    if let Some(grep) = &query.grep {
        let _ = write!(line, " -g {}", save::quoted(grep));
        if query.ignore_case {
            line.push_str(" -i");
        }
    }
    if let Some((first, last)) = range {
        let (first, last) = (jump::moment(first), jump::moment(last));
        let _ = write!(line, " --since {first} --until {last}");
    } else {
        for (option, time) in [("since", &query.since), ("until", &query.until)] {
            if let Some(time) = time {
                let _ = write!(line, " --{option} {}", save::quoted(time));
            }
        }
    }
    for clause in state.held.clauses().iter().filter(|clause| clause.on) {
        let option = if clause.out { "filter-out" } else { "filter" };
        let filter = save::quoted(clause.filter.as_str());
        let _ = write!(line, " --{option} {filter}");
    }
    if let Some(boot) = &query.boot {
        let _ = write!(line, " -b {}", save::quoted(boot));
    }
    if state.intake.live() && range.is_none() {
        line.push_str(" -f");
    }
    for wanted in &query.matches {
        let _ = write!(line, " {}", save::quoted(wanted));
    }
    line
}

/// The command line that shows these rows again.
pub(super) fn again(state: &State, range: Range<usize>, ctx: &Ctx) -> String {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for entry in state.entries(range) {
        first = first.min(entry.realtime);
        last = last.max(entry.realtime);
    }
    if first > last {
        return command(state, ctx, None);
    }
    command(state, ctx, Some((first, last)))
}

/// The selected entry's message, or all that is held of it as JSON; of a choice of rows the lines.
pub fn copy(state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    if let Some(detail) = &state.detail {
        return detail.copy(raw);
    }
    if let Some(range) = state.chosen() {
        let (form, word) = if raw {
            (save::Form::Json, "entries as JSON")
        } else {
            (save::Form::Lines, "lines")
        };
        let what = format!("{} {word}", state.rows(range.clone()).count());
        return Some((save::text(state, form, range, ctx), what));
    }
    let entry = state.entry()?;
    if raw {
        return Some((save::json(&entry), "the entry as JSON".into()));
    }
    let message = String::from_utf8_lossy(&entry.message).into_owned();
    Some((message, "the message".into()))
}
