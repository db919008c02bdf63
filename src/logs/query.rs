//! A [`Query`] as a journalctl command line: everything that narrows it is done by the host.

use super::{Query, when};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::{Argv, ExitStatus};
use jiff::{Timestamp, Zoned};

/// Which fields journalctl sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// These, by comma (cursor, times and boot id always come).
    Only(&'static str),
    /// Every one.
    All,
}

/// Where a question starts and whether it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start<'a> {
    /// At this cursor, which comes first when its entry matches; to the end.
    Cursor(&'a str),
    /// At this time (microseconds since 1970); to the end.
    Time(i64),
    /// At the oldest entry; to the end.
    Oldest,
}

impl Query {
    /// The command. Times are read with `now` and sent as absolute ones.
    pub fn command(&self, fields: Fields, now: &Zoned) -> Result<Argv, Problem> {
        let mut argv = self.filtered(fields);
        if let Some(cursor) = &self.cursor {
            argv = argv.arg(format!("--cursor={cursor}"));
        }
        if let Some(since) = &self.since {
            argv = argv.arg(format!("--since={}", epoch(when::since(since, now)?)));
        }
        if let Some(until) = &self.until {
            argv = argv.arg(format!("--until={}", epoch(when::until(until, now)?)));
        }
        if let Some(boot) = &self.boot {
            argv = argv.arg(format!("--boot={boot}"));
        }
        if let Some(lines) = self.lines {
            argv = argv.arg(format!("--lines={lines}"));
        }
        if self.reverse {
            argv = argv.arg("--reverse");
        }
        Ok(self.matched(argv))
    }

    /// The same filters from another start, oldest first, without the query's own time, boot and
    /// count; `follow` does not end.
    pub(super) fn resumed(&self, fields: Fields, start: &Start<'_>, follow: bool) -> Argv {
        let mut argv = self.filtered(fields);
        match start {
            Start::Oldest => {}
            Start::Cursor(cursor) => argv = argv.arg(format!("--cursor={cursor}")),
            Start::Time(realtime) => {
                let time = Timestamp::from_microsecond(*realtime).unwrap_or_default();
                argv = argv.arg(format!("--since={}", epoch(time)));
            }
        }
        if follow {
            // Without it a follower starts at the tenth entry from the end.
            argv = argv.arg("--follow").arg("--no-tail");
        }
        self.matched(argv)
    }

    /// Matches come last, where none of them can be taken for an option.
    fn matched(&self, argv: Argv) -> Argv {
        if self.matches.is_empty() {
            return argv;
        }
        argv.arg("--").args(self.matches.iter().cloned())
    }

    /// Whether no filter leaves anything out.
    pub(super) fn takes_all(&self) -> bool {
        self.units.is_empty()
            && self.priority.is_none()
            && self.grep.is_none()
            && self.matches.is_empty()
    }

    fn filtered(&self, fields: Fields) -> Argv {
        let mut argv = base(fields);
        for unit in &self.units {
            argv = argv.arg(format!("--unit={unit}"));
        }
        if let Some(priority) = self.priority {
            argv = argv.arg(format!("--priority={priority}"));
        }
        if let Some(grep) = &self.grep {
            // Said always: what journalctl assumes depends on the pattern's case.
            let sensitive = if self.ignore_case { "no" } else { "yes" };
            argv = argv
                .arg(format!("--grep={grep}"))
                .arg(format!("--case-sensitive={sensitive}"));
        }
        argv
    }
}

/// The command without any narrowing.
fn base(fields: Fields) -> Argv {
    let argv = Argv::new("journalctl").args(["--no-pager", "--output=export"]);
    match fields {
        Fields::Only(names) => argv.arg(format!("--output-fields={names}")),
        Fields::All => argv,
    }
}

/// The newest entry of the whole journal, no more than where it stands.
pub(super) fn newest() -> Argv {
    base(Fields::Only("_BOOT_ID")).arg("--lines=1")
}

/// The entry at (or, if it is gone, nearest after) this cursor.
pub(super) fn at_cursor(cursor: &str, fields: Fields) -> Argv {
    base(fields)
        .arg(format!("--cursor={cursor}"))
        .arg("--lines=1")
}

/// `@SECONDS.MICROSECONDS`.
fn epoch(time: Timestamp) -> String {
    let micros = time.as_microsecond().max(0);
    format!("@{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// What an ended journalctl means. `None`: all is well (also when nothing was found).
pub(super) fn failure(exit: &ExitStatus, stderr: &[u8]) -> Option<Problem> {
    let said = String::from_utf8_lossy(stderr);
    let said = said.trim();
    let problem = |code, exit, message: String| Problem::new("journal", code, exit, message);
    match exit {
        ExitStatus::Code(0) => None,
        // A pattern that matches nothing is no failure.
        ExitStatus::Code(1) if said.is_empty() => None,
        ExitStatus::Code(127) | ExitStatus::Code(126) => Some(
            problem(
                "journal-missing",
                Exit::Negative,
                format!("journalctl cannot be run: {said}"),
            )
            .hint(
                "the host needs systemd, with journalctl in the PATH of a login without terminal",
            ),
        ),
        ExitStatus::Code(_) if said.contains("insufficient permissions") => {
            Some(permission("this user may not read the journal"))
        }
        ExitStatus::Code(_) if said.contains("No journal files were found") => Some(
            problem(
                "journal-empty",
                Exit::Negative,
                "the host keeps no journal".to_owned(),
            )
            .hint("look at Storage= in journald.conf and at systemd-journald.service"),
        ),
        ExitStatus::Code(_) if is_our_question(said) => Some(
            problem(
                "journal-query",
                Exit::Usage,
                format!("journalctl refused the question: {said}"),
            )
            .hint("correct the pattern, unit, boot or match"),
        ),
        ExitStatus::Code(code) => Some(problem(
            "journal-failed",
            Exit::Negative,
            format!("journalctl failed with exit code {code}: {said}"),
        )),
        ExitStatus::Signal(signal) => Some(problem(
            "journal-killed",
            Exit::Negative,
            format!("journalctl was ended by signal {signal}"),
        )),
        ExitStatus::Lost => Some(problem(
            "link-lost",
            Exit::Unreachable,
            "the connection broke while the journal was read".to_owned(),
        )),
    }
}

/// The user sees nothing, or only a part, of the journal.
pub(super) fn permission(what: &str) -> Problem {
    Problem::new("journal", "journal-permission", Exit::Negative, what)
        .hint("add the user to the group systemd-journal on the host and log in anew")
}

/// Whether asking again the same way cannot help.
fn is_our_question(said: &str) -> bool {
    [
        "Bad pattern",
        "Failed to add match",
        "Failed to compile pattern",
        "No journal boot entry found",
        "Failed to seek to cursor",
        "Failed to parse",
        "Unknown log level",
        "unrecognized option",
        "No such boot ID",
        "Compiled without pattern matching",
    ]
    .iter()
    .any(|known| said.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-23T10:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn everything_is_pushed_to_the_host() {
        let query = Query {
            units: vec!["nginx.service".into(), "podman-*".into()],
            priority: Some(4),
            grep: Some("it's (late|slow)".into()),
            ignore_case: true,
            since: Some("-2h".into()),
            until: Some("10:15".into()),
            boot: Some("-1".into()),
            lines: Some(50),
            reverse: true,
            matches: vec!["_UID=0".into()],
            cursor: None,
        };
        let argv = query.command(Fields::Only("MESSAGE"), &now()).unwrap();
        insta::assert_snapshot!(argv.words().join("\n"), @r"
        journalctl
        --no-pager
        --output=export
        --output-fields=MESSAGE
        --unit=nginx.service
        --unit=podman-*
        --priority=4
        --grep=it's (late|slow)
        --case-sensitive=no
        --since=@1795419000.000000
        --until=@1795425300.000000
        --boot=-1
        --lines=50
        --reverse
        --
        _UID=0
        ");
        let resumed = query.resumed(Fields::All, &Start::Cursor("s=1;i=2"), true);
        insta::assert_snapshot!(resumed.to_string(), @r"journalctl --no-pager --output=export --unit=nginx.service '--unit=podman-*' --priority=4 '--grep=it'\''s (late|slow)' --case-sensitive=no '--cursor=s=1;i=2' --follow --no-tail -- _UID=0");
    }

    #[test]
    fn failures_say_what_to_do() {
        let code = |code, said: &str| {
            failure(&ExitStatus::Code(code), said.as_bytes()).map(|p| (p.code, p.exit))
        };
        assert_eq!(code(0, ""), None);
        assert_eq!(code(1, ""), None);
        assert_eq!(
            code(
                1,
                "No journal files were opened due to insufficient permissions."
            ),
            Some(("journal-permission", Exit::Negative))
        );
        assert_eq!(
            code(1, "Bad pattern \"(\": missing closing parenthesis"),
            Some(("journal-query", Exit::Usage))
        );
        assert_eq!(
            code(127, "sh: 1: journalctl: not found"),
            Some(("journal-missing", Exit::Negative))
        );
        assert_eq!(
            failure(&ExitStatus::Lost, b"").map(|p| p.exit),
            Some(Exit::Unreachable)
        );
    }
}
