//! The note of an incident: marks, excerpts, remarks, and what was done meanwhile, as Markdown.
//! It lives as long as the console, unless it is saved.

use super::model::{EnvId, Job};
use crate::{ops::EndState, text};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write;

/// Things that one note takes.
const MOST: usize = 2_000;
/// Bytes of all its texts.
const BYTES: usize = 16 << 20;

/// Something to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// When it happened, in microseconds since 1970.
    pub at: i64,
    /// What it is.
    pub what: What,
}

/// See [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A marked journal entry.
    Mark {
        /// As one line.
        line: String,
        /// What was remarked on it.
        note: String,
    },
    /// A part of a journal.
    Excerpt {
        /// Whose it is and from when to when.
        title: String,
        /// The command line that shows it again.
        command: String,
        /// Its lines.
        body: String,
    },
    /// A remark.
    Note(String),
}

impl What {
    fn bytes(&self) -> usize {
        match self {
            What::Mark { line, note } => line.len() + note.len(),
            What::Excerpt {
                title,
                command,
                body,
            } => title.len() + command.len() + body.len(),
            What::Note(text) => text.len(),
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Incident {
    /// What it is called.
    pub title: String,
    /// Where it was started.
    pub env: EnvId,
    /// When.
    pub began: Timestamp,
    findings: Vec<Finding>,
}

impl Incident {
    /// An empty one.
    pub fn new(title: &str, env: EnvId, now: Timestamp) -> Incident {
        Incident {
            title: if title.is_empty() { "Incident" } else { title }.to_owned(),
            env,
            began: now,
            findings: Vec::new(),
        }
    }

    /// How many things are noted.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether nothing is noted yet.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Notes something; a mark that gets another note is noted once. False when it is full.
    pub fn add(&mut self, finding: Finding) -> bool {
        if let What::Mark { line, .. } = &finding.what {
            let same =
                |f: &Finding| matches!(&f.what, What::Mark { line: known, .. } if known == line);
            self.findings.retain(|known| !same(known));
        }
        let bytes: usize = self.findings.iter().map(|f| f.what.bytes()).sum();
        if self.findings.len() >= MOST || bytes + finding.what.bytes() > BYTES {
            return false;
        }
        self.findings.push(finding);
        true
    }

    /// The name of the file that it is saved to unless another is given.
    pub fn file(&self, zone: &TimeZone) -> String {
        let began = self.began.to_zoned(zone.clone());
        format!("incident-{}.md", began.strftime("%Y-%m-%d-%H%M"))
    }

    /// All of it, with the operations of this console that ran since it was started.
    pub fn markdown(&self, jobs: &[Job], now: Timestamp, zone: &TimeZone) -> String {
        let time = |at: Timestamp| {
            at.to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %Z")
                .to_string()
        };
        let clock = |micros: i64| match Timestamp::from_microsecond(micros) {
            Ok(at) => time(at),
            Err(_) => "?".to_owned(),
        };
        let mut out = String::new();
        let _ = writeln!(out, "# {}\n", inline(&self.title));
        let _ = writeln!(
            out,
            "Environment {}, noted from {} to {}.\n",
            inline(self.env.as_str()),
            time(self.began),
            time(now)
        );
        let jobs: Vec<&Job> = jobs
            .iter()
            .filter(|job| job.env == self.env && job.ended.is_none_or(|end| end >= self.began))
            .collect();
        let mut lines: Vec<(i64, String)> = Vec::new();
        for finding in &self.findings {
            match &finding.what {
                What::Mark { line, note } if note.is_empty() => {
                    lines.push((finding.at, code(line)));
                }
                What::Mark { line, note } => {
                    lines.push((finding.at, format!("{} {}", inline(note), code(line))));
                }
                What::Note(text) => lines.push((finding.at, inline(text))),
                What::Excerpt { title, .. } => {
                    lines.push((finding.at, format!("excerpt: {}", inline(title))));
                }
            }
        }
        for job in &jobs {
            let started = job.started.as_microsecond();
            lines.push((started, format!("**{}** started", inline(&job.title))));
            if let (Some(end), Some(outcome)) = (job.ended, &job.outcome) {
                let text = format!(
                    "**{}** {}: {}",
                    inline(&job.title),
                    ended(outcome.state),
                    inline(&outcome.summary)
                );
                lines.push((end.as_microsecond(), text));
            }
        }
        lines.sort();
        out.push_str("## What happened\n\n");
        if lines.is_empty() {
            out.push_str("Nothing was noted.\n");
        }
        for (at, text) in &lines {
            let _ = writeln!(out, "- {}: {text}", clock(*at));
        }
        if !jobs.is_empty() {
            out.push_str("\n## What was run\n\n");
            for job in jobs {
                for step in &job.steps {
                    let _ = writeln!(out, "- {}: {}", time(job.started), code(step));
                }
            }
        }
        let mut first = true;
        for finding in &self.findings {
            if let What::Excerpt {
                title,
                command,
                body,
            } = &finding.what
            {
                if std::mem::take(&mut first) {
                    out.push_str("\n## Excerpts\n");
                }
                let _ = writeln!(out, "\n### {}\n\n{}\n", inline(title), code(command));
                out.push_str(&fenced(body));
            }
        }
        out
    }
}

fn ended(state: EndState) -> &'static str {
    match state {
        EndState::Succeeded => "succeeded",
        EndState::Failed => "failed",
        EndState::RolledBack => "failed and was rolled back",
        EndState::Cancelled => "was cancelled",
        EndState::Unknown => "ended, nobody knows how",
    }
}

/// Text that Markdown takes as it is, on one line.
pub(crate) fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in text::clean(text).chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Text as code within a line, whatever it holds.
pub(crate) fn code(text: &str) -> String {
    let text = text::clean(text).replace(['\n', '\r'], " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{blank}{text}{blank}{ticks}")
}

/// Lines as a block of code, whatever they hold.
pub(crate) fn fenced(body: &str) -> String {
    let fence = "`".repeat(longest_run(body).max(2) + 1);
    let end = if body.ends_with('\n') { "" } else { "\n" };
    format!("{fence}\n{body}{end}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    #[test]
    fn everything_is_in_the_order_of_its_time() {
        let mut incident = Incident::new("Orders *fail*", EnvId::new("production"), at(0));
        let mark = |line: &str, note: &str| What::Mark {
            line: line.to_owned(),
            note: note.to_owned(),
        };
        let mut add = |seconds: i64, what: What| {
            let finding = Finding {
                at: at(seconds).as_microsecond(),
                what,
            };
            assert!(incident.add(finding));
        };
        add(-60, mark("web-1 nginx: upstream `timed` out", ""));
        add(30, What::Note("rolled back by hand".into()));
        add(
            -60,
            mark("web-1 nginx: upstream `timed` out", "the first one"),
        );
        add(
            -90,
            What::Excerpt {
                title: "nginx.service on web-1".into(),
                command: "qd -e production logs nginx.service".into(),
                body: "line\n```\nline\n".into(),
            },
        );
        assert_eq!(incident.len(), 3);
        let markdown = incident.markdown(&[], at(100), &TimeZone::UTC);
        insta::assert_snapshot!(markdown, @r"
        # Orders \*fail\*

        Environment production, noted from 2026-11-18 11:06:40 UTC to 2026-11-18 11:08:20 UTC.

        ## What happened

        - 2026-11-18 11:05:10 UTC: excerpt: nginx.service on web-1
        - 2026-11-18 11:05:40 UTC: the first one ``web-1 nginx: upstream `timed` out``
        - 2026-11-18 11:07:10 UTC: rolled back by hand

        ## Excerpts

        ### nginx.service on web-1

        `qd -e production logs nginx.service`

        ````
        line
        ```
        line
        ````
        ");
        assert_eq!(incident.file(&TimeZone::UTC), "incident-2026-11-18-1106.md");
    }

    #[test]
    fn it_is_bounded() {
        let mut incident = Incident::new("", EnvId::new("production"), at(0));
        let large = "x".repeat(BYTES / 2 - 10);
        let mut add = |n: i64| {
            incident.add(Finding {
                at: n,
                what: What::Note(large.clone()),
            })
        };
        assert_eq!([add(1), add(2), add(3)], [true, true, false]);
        assert_eq!(incident.title, "Incident");
    }
}
