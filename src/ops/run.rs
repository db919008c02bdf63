//! The journal of one run of a unit: which entries are its own, and the last of them.
//!
//! journald names a line's run only while the unit has one: what a process wrote in its last
//! moments often has just the unit's name, and belongs to the run by its place and time.

use super::execute::News;
use crate::logs::{
    self,
    export::{Limits, Raw, RawEntry},
    query::Fields,
};
use crate::remote::{ssh::Host, systemd::Systemd};
use std::{collections::VecDeque, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// What [`OfRun`] reads of an entry.
pub(super) const FIELDS: Fields =
    Fields::Only("MESSAGE,MESSAGE_ID,JOB_ID,_PID,_SYSTEMD_INVOCATION_ID,INVOCATION_ID");

/// systemd's message that a unit is started, or that a oneshot is finished.
pub(super) const STARTED: &str = "39f53479d3a045ac8e11786248231fbf";
/// … that a unit was deactivated with success.
pub(super) const SUCCEEDED: &str = "7ad2d189f7e94e70a38c781354912448";
/// … that a start failed.
pub(super) const START_FAILED: &str = "be02cf6855d2428ba40df7e9d022f03d";
/// … that a unit failed, with its result.
pub(super) const FAILED: &str = "d9b373ed55a64feb8242e02dbe79a49c";

/// Whose words a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The unit's own processes.
    Unit,
    /// systemd, about the run.
    Systemd,
    /// systemd: it is started, or a oneshot is finished.
    Started,
    /// systemd: the run is over.
    Over,
}

/// A line of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) by: By,
    /// The job whose failure systemd tells.
    failed_job: Option<u32>,
}

/// Tells the entries of one run from those of others.
#[derive(Debug, Clone)]
pub(super) struct OfRun {
    unit: String,
    invocation: String,
    /// When it began, microseconds since boot.
    began: Option<u64>,
    /// Whether the last entry that names a run names this one.
    inside: bool,
    /// Lines that name no run, from before the first that does.
    early: VecDeque<RawEntry>,
}

impl OfRun {
    /// `began` in microseconds since boot, where it is known.
    pub(super) fn new(unit: &str, invocation: &str, began: Option<u64>) -> OfRun {
        OfRun {
            unit: unit.to_owned(),
            invocation: invocation.to_owned(),
            began,
            inside: false,
            early: VecDeque::new(),
        }
    }

    /// What names the run. Others than systemd may claim any `INVOCATION_ID`.
    pub(super) fn named(&self) -> Vec<String> {
        vec![
            format!("_SYSTEMD_INVOCATION_ID={}", self.invocation),
            "+".to_owned(),
            format!("INVOCATION_ID={}", self.invocation),
            "_PID=1".to_owned(),
        ]
    }

    /// What may belong to the run: all that its unit wrote, and what systemd says about the unit.
    pub(super) fn candidates(&self) -> Vec<String> {
        let mut matches = self.named();
        for more in [
            "+".to_owned(),
            format!("_SYSTEMD_UNIT={}", self.unit),
            "+".to_owned(),
            format!("UNIT={}", self.unit),
            "_PID=1".to_owned(),
        ] {
            matches.push(more);
        }
        matches
    }

    /// Takes the next candidate in the journal's order; the lines that are now known to be the
    /// run's.
    pub(super) fn sort(&mut self, entry: RawEntry) -> Vec<Line> {
        const MOST_EARLY: usize = 64;
        let raw = entry.as_raw();
        let by_systemd = raw.get("_PID") == Some(b"1");
        let name = match by_systemd {
            true => "INVOCATION_ID",
            false => "_SYSTEMD_INVOCATION_ID",
        };
        match raw.get(name) {
            Some(run) if run == self.invocation.as_bytes() => {
                let mut lines = Vec::new();
                let boot = raw.get("_BOOT_ID");
                for early in self.early.drain(..) {
                    if early.as_raw().get("_BOOT_ID") == boot {
                        lines.push(line(&early.as_raw()));
                    }
                }
                lines.push(line(&raw));
                self.inside = true;
                lines
            }
            Some(_) => {
                self.inside = false;
                Vec::new()
            }
            None if by_systemd => Vec::new(),
            None if self.inside => vec![line(&raw)],
            None => {
                let at = raw.get("__MONOTONIC_TIMESTAMP").and_then(number);
                if self.began.is_some_and(|began| at >= Some(began)) {
                    if self.early.len() >= MOST_EARLY {
                        self.early.pop_front();
                    }
                    self.early.push_back(entry);
                }
                Vec::new()
            }
        }
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn line(raw: &Raw<'_>) -> Line {
    let id = raw
        .get("MESSAGE_ID")
        .filter(|_| raw.get("_PID") == Some(b"1"))
        .and_then(|id| std::str::from_utf8(id).ok());
    let by = match id {
        _ if raw.get("_PID") != Some(b"1") => By::Unit,
        Some(STARTED) => By::Started,
        Some(SUCCEEDED | START_FAILED | FAILED) => By::Over,
        _ => By::Systemd,
    };
    Line {
        text: String::from_utf8_lossy(raw.get("MESSAGE").unwrap_or_default()).into_owned(),
        by,
        failed_job: (id == Some(START_FAILED))
            .then(|| raw.get("JOB_ID").and_then(number))
            .flatten()
            .and_then(|job| u32::try_from(job).ok()),
    }
}

/// Which lines tell why something failed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    /// The last of this run.
    Run(&'a str),
    /// What systemd says about a job that began no run; the unit's last run is named.
    Job(u32, &'a str),
}

/// How many lines are shown.
const SHOWN: usize = 10;
/// How long the journal may take to have all of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take to have the first of them.
const FIRST: Duration = Duration::from_secs(2);

/// Shows the last lines, for whoever has to know why it failed. Asks again until systemd's word
/// on the end is there: a job's end may overtake the lines on their way into the journal.
pub(super) async fn show_last_lines(
    host: &Host,
    systemd: &Systemd,
    unit: &str,
    of: Of<'_>,
    news: &News,
) {
    let (Of::Run(invocation) | Of::Job(_, invocation)) = of;
    let began = timeout(FIRST, systemd.run_began(unit, invocation))
        .await
        .unwrap_or_default();
    let run = OfRun::new(unit, invocation, began);
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(100);
    let (mut lines, mut last_look) = (Vec::new(), false);
    while let Ok(Ok(found)) = tokio::time::timeout_at(until, last(host, run.clone())).await {
        lines = found;
        let over = match of {
            Of::Run(_) => lines.iter().any(|line| line.by == By::Over),
            Of::Job(job, _) => lines.iter().any(|line| line.failed_job == Some(job)),
        };
        // journald takes systemd's words and those of processes from different sockets.
        if over && (last_look || lines.iter().any(|line| line.by == By::Unit)) {
            break;
        }
        last_look = over;
        // Who may not read the journal waits for nothing.
        let wait = if lines.is_empty() {
            PATIENCE - FIRST
        } else {
            Duration::ZERO
        };
        if Instant::now() + pause + wait >= until {
            break;
        }
        sleep(pause).await;
        pause *= 2;
    }
    if let Of::Job(job, _) = of {
        lines = about_job(lines, job);
    }
    let skipped = lines.len().saturating_sub(SHOWN);
    for line in lines.into_iter().skip(skipped) {
        news.output(line.text).await;
    }
}

/// systemd's lines from after the failure of the job before up to the failure of this one.
fn about_job(mut lines: Vec<Line>, job: u32) -> Vec<Line> {
    let Some(end) = lines.iter().rposition(|l| l.failed_job == Some(job)) else {
        return Vec::new();
    };
    lines.truncate(end + 1);
    let start = lines
        .iter()
        .rposition(|l| l.by == By::Unit || l.failed_job.is_some_and(|other| other != job))
        .map_or(0, |before| before + 1);
    lines.split_off(start)
}

/// The run's entries among the newest of its unit.
async fn last(host: &Host, mut run: OfRun) -> Result<Vec<Line>, crate::problem::Problem> {
    let query = logs::Query {
        lines: Some(4 * SHOWN),
        matches: run.candidates(),
        ..logs::Query::default()
    };
    let mut entries = logs::fetch_raw(host.clone(), query, FIELDS, Limits::LIST);
    let mut lines = Vec::new();
    while let Some(entries) = entries.recv().await {
        for entry in entries? {
            lines.append(&mut run.sort(entry));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::export::Parser;

    const RUN: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    /// `m` microseconds since boot, run, words; a run with `*` is systemd's about it.
    fn lines(run: &mut OfRun, entries: &[(u64, &str, &str)]) -> Vec<String> {
        let mut stream = String::new();
        for (at, named, text) in entries {
            let names = match named.strip_prefix('*') {
                Some(id) => format!("INVOCATION_ID={id}\n_PID=1\nMESSAGE_ID={FAILED}\n"),
                None if named.is_empty() => "_PID=7\n".to_owned(),
                None => format!("_SYSTEMD_INVOCATION_ID={named}\n_PID=7\n"),
            };
            stream.push_str(&format!(
                "__CURSOR=c\n__REALTIME_TIMESTAMP=1\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID={RUN}\n\
                 {names}MESSAGE={text}\n\n"
            ));
        }
        let mut parser = Parser::new(Limits::LIST);
        parser.feed(stream.as_bytes());
        let mut found = Vec::new();
        while let Some(entry) = parser.next() {
            found.extend(run.sort(entry.unwrap().to_owned()));
        }
        found.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_without_a_run_belong_to_the_run_around_them() {
        let systemd = format!("*{RUN}");
        let other = format!("*{OTHER}");
        let entries = [
            (5, OTHER, "of another"),
            (6, "", "of another without a name"),
            (10, "", "at once"),
            (11, &systemd, "Started"),
            (12, RUN, "working"),
            (13, "", "last words"),
            (14, &systemd, "Failed"),
            (15, "", "late words"),
            (20, &other, "Starting"),
            (21, "", "of the next"),
        ];
        let mut run = OfRun::new("a.service", RUN, Some(9));
        let ours = [
            "at once",
            "Started",
            "working",
            "last words",
            "Failed",
            "late words",
        ];
        assert_eq!(lines(&mut run, &entries), ours);
        // Without the time of its begin only what follows is known to be its own.
        let mut run = OfRun::new("a.service", RUN, None);
        assert_eq!(lines(&mut run, &entries), &ours[1..]);
        // Nothing at all names it.
        let mut run = OfRun::new("a.service", RUN, Some(0));
        let nameless = [(1, "", "whose?"), (2, OTHER, "not ours")];
        assert!(lines(&mut run, &nameless).is_empty());
    }

    #[test]
    fn a_run_is_claimed_by_systemd_alone() {
        let mut run = OfRun::new("a.service", RUN, None);
        let mut parser = Parser::new(Limits::LIST);
        parser.feed(
            format!(
                "__CURSOR=c\n__REALTIME_TIMESTAMP=1\n_BOOT_ID={RUN}\nINVOCATION_ID={RUN}\n_PID=7\n\
                 MESSAGE=mine\n\n"
            )
            .as_bytes(),
        );
        let entry = parser.next().unwrap().unwrap().to_owned();
        assert!(run.sort(entry).is_empty());
    }

    #[test]
    fn a_job_that_began_no_run_has_its_own_lines() {
        let line = |text: &str, by, failed_job| Line {
            text: text.into(),
            by,
            failed_job,
        };
        let all = vec![
            line("dying", By::Unit, None),
            line("Failed to start", By::Over, Some(3)),
            line("repeated too quickly", By::Systemd, None),
            line("Failed to start", By::Over, Some(4)),
        ];
        assert_eq!(about_job(all.clone(), 4), all[2..]);
        assert!(about_job(all, 5).is_empty());
    }
}
