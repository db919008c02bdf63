//! A unit's properties in the order in which one asks for them: how it fares in words, then all
//! that systemd tells, by subject; what is not set comes last. Pure.

use crate::{
    text,
    tui::{format, theme::Role, widgets::text_view::Line},
};
use jiff::{Timestamp, tz::TimeZone};
use std::collections::{BTreeMap, HashMap};

/// The subjects in their order, and how the names of their properties begin.
const SUBJECTS: [(&str, &str); 8] = [
    (
        "What it runs",
        "Exec Type User Group Environment PassEnvironment WorkingDirectory RootDirectory \
         Standard PIDFile BusName RemainAfterExit MainPID ControlPID",
    ),
    (
        "When it starts and ends",
        "Restart NRestarts Timeout Watchdog Kill SendSIG Condition Assert StartLimit Success \
         Failure RuntimeMax Timers NextElapse LastTrigger OnClock OnTimezone Persistent \
         WakeSystem AccuracyUSec RandomizedDelay FixedRandomDelay",
    ),
    (
        "Where it listens",
        "Listen Accept NAccepted NConnections NRefused MaxConnections Backlog Socket \
         FileDescriptor NFileDescriptor",
    ),
    (
        "What it needs and what needs it",
        "Requires RequiredBy Requisite Wants WantedBy BindsTo BoundBy PartOf ConsistsOf \
         Conflict Before After OnFailure OnSuccess Triggers TriggeredBy PropagatesReload \
         PropagatesStop ReloadPropagated StopPropagated JoinsNamespace Upheld Upholds \
         SliceOf Slice Names Following Refs",
    ),
    (
        "What it uses and may use",
        "Memory CPU IO BlockIO IP Tasks Limit Effective Allowed Startup Default ManagedOOM \
         OOM Nice NUMA ControlGroup Delegate DisableControllers Coredump",
    ),
    (
        "What it may touch",
        "Protect Private Restrict NoNewPrivileges Capability AmbientCapabilities SystemCall \
         ReadOnly ReadWrite Inaccessible NoExecPaths ExecPaths Bind Device Secure Lock \
         DynamicUser UMask Keyring SELinux AppArmor Smack Mount Temporary Root Extension \
         Load SetCredential ImportCredential SupplementaryGroups ProcSubset RemoveIPC UID \
         GID",
    ),
    ("Times", ""),
    ("Everything else", ""),
];
const TIMES: usize = 6;
const ELSE: usize = 7;
/// Widest name of the words at the top.
const NAME: usize = 13;

/// The lines of the tab.
pub(super) fn lines(properties: &[(String, String)], now: Timestamp, zone: &TimeZone) -> Vec<Line> {
    let mut lines = Digest {
        all: properties
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
        now,
        zone,
        lines: Vec::new(),
    }
    .told();
    let mut by_subject: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut unset = Vec::new();
    for (name, value) in properties {
        let line = text::clean(&format!("{name}={value}")).into_owned();
        if is_set(value) {
            by_subject.entry(subject(name)).or_default().push(line);
        } else {
            unset.push(line);
        }
    }
    let groups = by_subject
        .into_iter()
        .filter_map(|(at, group)| Some((SUBJECTS.get(at)?.0, group, None)))
        .chain((!unset.is_empty()).then_some(("Not set", unset, Some(Role::Muted))));
    for (title, mut group, role) in groups {
        group.sort();
        lines.push(Line::default());
        lines.push(Line {
            role: Some(Role::Title),
            ..Line::plain(title)
        });
        lines.extend(group.into_iter().map(|text| Line {
            depth: 1,
            role,
            ..Line::plain(text)
        }));
    }
    lines
}

fn subject(name: &str) -> usize {
    if name.contains("Timestamp") {
        return TIMES;
    }
    // The longest beginning decides: `ExecPaths` is not what runs.
    SUBJECTS
        .iter()
        .enumerate()
        .flat_map(|(at, (_, starts))| starts.split_whitespace().map(move |start| (at, start)))
        .filter(|(_, start)| name.starts_with(start))
        .max_by_key(|(_, start)| start.len())
        .map_or(ELSE, |(at, _)| at)
}

fn is_set(value: &str) -> bool {
    !matches!(
        value.trim(),
        "" | "[not set]" | "never" | "{   }" | "{ 0 / }"
    )
}

/// How the unit fares, in words.
struct Digest<'a> {
    all: HashMap<&'a str, &'a str>,
    now: Timestamp,
    zone: &'a TimeZone,
    lines: Vec<Line>,
}

impl<'a> Digest<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.all.get(name).copied().filter(|value| is_set(value))
    }

    /// A moment in the user's zone; as it came where it is none.
    fn moment(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        Some(value.parse().map_or_else(
            |_| value.to_owned(),
            |at| format::moment(at, self.now, self.zone),
        ))
    }

    fn bytes(&self, name: &str) -> Option<String> {
        let mut out = String::new();
        format::bytes(&mut out, self.get(name)?.parse().ok()?);
        Some(out)
    }

    fn line(&mut self, name: &str, value: impl AsRef<str>, role: Option<Role>) {
        let text = format!("{name:NAME$} {}", text::clean(value.as_ref()));
        self.lines.push(Line {
            role,
            ..Line::plain(text.trim_end().to_owned())
        });
    }

    fn told(mut self) -> Vec<Line> {
        self.state();
        self.process();
        self.usage();
        for (name, property) in [
            ("next run", "NextElapseUSecRealtime"),
            ("last run", "LastTriggerUSec"),
        ] {
            if let Some(at) = self.moment(property) {
                self.line(name, at, None);
            }
        }
        for (name, property) in [
            ("starts", "Triggers"),
            ("listens on", "Listen"),
            ("enabled", "UnitFileState"),
            ("file", "FragmentPath"),
            ("drop-ins", "DropInPaths"),
            ("cannot load", "LoadError"),
            ("manual", "Documentation"),
            ("run", "InvocationID"),
        ] {
            if let Some(value) = self.get(property) {
                self.line(name, value, None);
            }
        }
        if self.get("NeedDaemonReload") == Some("yes") {
            let text = "its file changed on disk: systemctl daemon-reload takes it over";
            self.line("", text, Some(Role::Warning));
        }
        self.lines
    }

    fn state(&mut self) {
        let Some(active) = self.get("ActiveState") else {
            return;
        };
        let mut text = active.to_owned();
        if let Some(sub) = self.get("SubState").filter(|sub| *sub != active) {
            text.push_str(&format!(" ({sub})"));
        }
        let since = match active {
            "active" | "reloading" => "ActiveEnterTimestamp",
            "inactive" | "failed" => "InactiveEnterTimestamp",
            _ => "StateChangeTimestamp",
        };
        if let Some(at) = self.moment(since) {
            text.push_str(&format!(" since {at}"));
        }
        let bad = (active == "failed").then_some(Role::Bad);
        self.line("state", text, bad);
        if let Some(says) = self.get("StatusText") {
            self.line("says", says, None);
        }
        if let Some(result) = self.get("Result") {
            let bad = (result != "success").then_some(Role::Bad);
            self.line("result", result, bad);
        }
        if self.get("ConditionResult") == Some("no") && self.get("ConditionTimestamp").is_some() {
            let text = "not met: it was not started";
            self.line("condition", text, Some(Role::Warning));
        }
    }

    fn process(&mut self) {
        if let (Some(at), Some(status)) = (
            self.moment("ExecMainExitTimestamp"),
            self.get("ExecMainStatus"),
        ) {
            // What waitid(2) calls them.
            let how = match self.get("ExecMainCode") {
                Some("2") => "killed by signal",
                Some("3") => "dumped core on signal",
                _ => "exit status",
            };
            let bad = (status != "0").then_some(Role::Bad);
            self.line("last end", format!("{how} {status} at {at}"), bad);
        }
        if let Some(pid) = self.get("MainPID").filter(|pid| *pid != "0") {
            self.line("main process", pid, None);
        }
        if let Some(restarts) = self.get("NRestarts") {
            let role = (restarts != "0").then_some(Role::Warning);
            self.line("restarts", restarts, role);
        }
    }

    fn usage(&mut self) {
        let parts = [
            (self.bytes("MemoryCurrent"), ""),
            (self.bytes("MemoryPeak"), "peak "),
            (self.bytes("MemoryMax"), "at most "),
        ];
        let memory: Vec<String> = parts
            .into_iter()
            .filter_map(|(value, word)| Some(format!("{word}{}", value?)))
            .collect();
        if !memory.is_empty() {
            self.line("memory", memory.join(", "), None);
        }
        if let Some(used) = self.get("CPUUsageNSec").and_then(|n| n.parse().ok()) {
            let mut out = String::new();
            format::cpu(&mut out, used);
            self.line("processor", out, None);
        }
        if let Some(tasks) = self.get("TasksCurrent") {
            let most = self.get("TasksMax").filter(|most| *most != "infinity");
            let most = most.map_or(String::new(), |most| format!(" of {most}"));
            self.line("tasks", format!("{tasks}{most}"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(properties: &[(&str, &str)]) -> Vec<String> {
        let properties: Vec<(String, String)> = properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        lines(&properties, now, &TimeZone::UTC)
            .into_iter()
            .map(|line| line.text)
            .collect()
    }

    #[test]
    fn what_matters_comes_first_and_nothing_is_lost() {
        let told = told(&[
            ("AccessSELinuxContext", ""),
            ("ActiveState", "failed"),
            ("CPUUsageNSec", "6382000"),
            (
                "DropInPaths",
                "/etc/systemd/system/web.service.d/limit.conf",
            ),
            ("ExecMainCode", "1"),
            ("ExecMainExitTimestamp", "2026-11-23T11:00:00Z"),
            ("ExecMainStatus", "2"),
            ("FragmentPath", "/etc/systemd/system/web.service"),
            ("InactiveEnterTimestamp", "2026-11-22T11:00:01Z"),
            ("MainPID", "0"),
            ("MemoryCurrent", "[not set]"),
            ("MemoryMax", "67108864"),
            ("NRestarts", "5"),
            ("Result", "exit-code"),
            ("SubState", "failed"),
            ("ExecPaths", "/usr\u{1b}[31m"),
        ]);
        assert_eq!(
            told,
            [
                "state         failed since 2026-11-22 11:00:01",
                "result        exit-code",
                "last end      exit status 2 at 11:00:00",
                "restarts      5",
                "memory        at most 64.0M",
                "processor     0.0s",
                "file          /etc/systemd/system/web.service",
                "drop-ins      /etc/systemd/system/web.service.d/limit.conf",
                "",
                "What it runs",
                "ExecMainCode=1",
                "ExecMainStatus=2",
                "MainPID=0",
                "",
                "When it starts and ends",
                "NRestarts=5",
                "",
                "What it uses and may use",
                "CPUUsageNSec=6382000",
                "MemoryMax=67108864",
                "",
                "What it may touch",
                "ExecPaths=/usr␛[31m",
                "",
                "Times",
                "ExecMainExitTimestamp=2026-11-23T11:00:00Z",
                "InactiveEnterTimestamp=2026-11-22T11:00:01Z",
                "",
                "Everything else",
                "ActiveState=failed",
                "DropInPaths=/etc/systemd/system/web.service.d/limit.conf",
                "FragmentPath=/etc/systemd/system/web.service",
                "Result=exit-code",
                "SubState=failed",
                "",
                "Not set",
                "AccessSELinuxContext=",
                "MemoryCurrent=[not set]",
            ]
        );
    }
}
