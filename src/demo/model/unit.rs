//! A unit of a simulated host: what systemd knows about it, and what its program does.

/// What a unit is, and what belongs only to that kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Service(Service),
    /// Starts `unit` every `period` seconds.
    Timer {
        unit: String,
        period: i64,
        next: i64,
        last: i64,
    },
    /// Starts `unit`; listens at this address.
    Socket {
        unit: String,
        listen: String,
    },
    Mount {
        what: String,
        place: String,
    },
    Target,
    Slice,
    Scope,
}

/// How a service's program behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// Runs until stopped.
    Steady,
    /// Runs this many milliseconds and ends well.
    Job(u32),
    /// As [`Program::Job`]; every third run ends with status 2.
    EveryThirdFails(u32),
    /// Ends with status 1 again and again, until an operator restarts it.
    CrashLoop,
    /// Frees the data disk.
    Cleanup,
    /// A system's rebuild; `true`: it ends well.
    Rebuild(bool),
    /// Ends well and stays active.
    RemainAfterExit,
}

/// What systemd knows about a service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service {
    pub(crate) program: Program,
    pub(crate) exe: String,
    pub(crate) identifier: String,
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) reloadable: bool,
    pub(crate) main_pid: u32,
    pub(crate) last_pid: u32,
    pub(crate) restarts: u32,
    pub(crate) runs: u32,
    pub(crate) result: &'static str,
    pub(crate) status: i32,
    pub(crate) started: i64,
    pub(crate) exited: i64,
    /// Typical memory use in MiB.
    pub(crate) memory: u64,
    pub(crate) cpu_nsec: u64,
    /// The last starts, for the start limit.
    pub(crate) starts: Vec<i64>,
    /// An operator's restart keeps a crash loop away until then.
    pub(crate) healthy_until: i64,
}

/// One unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: Kind,
    pub(crate) active: &'static str,
    pub(crate) sub: &'static str,
    pub(crate) file_state: &'static str,
    pub(crate) fragment: String,
    pub(crate) after: Vec<String>,
    pub(crate) wants: Vec<String>,
    pub(crate) invocation: String,
    pub(crate) job: Option<u32>,
    pub(crate) changed: i64,
    pub(crate) inactive_exit: i64,
    pub(crate) active_enter: i64,
    pub(crate) active_exit: i64,
    pub(crate) inactive_enter: i64,
}

impl Unit {
    /// A unit that was never started.
    pub(crate) fn new(name: &str, description: &str, kind: Kind) -> Unit {
        Unit {
            name: name.to_owned(),
            description: description.to_owned(),
            kind,
            active: "inactive",
            sub: "dead",
            file_state: "enabled",
            fragment: format!("/etc/systemd/system/{name}"),
            after: vec!["basic.target".to_owned(), "system.slice".to_owned()],
            wants: Vec::new(),
            invocation: String::new(),
            job: None,
            changed: 0,
            inactive_exit: 0,
            active_enter: 0,
            active_exit: 0,
            inactive_enter: 0,
        }
    }

    pub(crate) fn service(&self) -> Option<&Service> {
        match &self.kind {
            Kind::Service(service) => Some(service),
            _ => None,
        }
    }

    pub(crate) fn service_mut(&mut self) -> Option<&mut Service> {
        match &mut self.kind {
            Kind::Service(service) => Some(service),
            _ => None,
        }
    }

    /// `name - description`, as systemd's messages write it.
    pub(crate) fn label(&self) -> String {
        format!("{} - {}", self.name, self.description)
    }

    /// Whether it ends by itself, and starting means waiting for that.
    pub(crate) fn is_oneshot(&self) -> bool {
        self.service()
            .is_some_and(|service| !matches!(service.program, Program::Steady | Program::CrashLoop))
    }

    /// The unit that a timer or socket starts.
    pub(crate) fn triggers(&self) -> Option<&str> {
        match &self.kind {
            Kind::Timer { unit, .. } | Kind::Socket { unit, .. } => Some(unit),
            _ => None,
        }
    }

    /// What `systemctl cat` shows.
    pub(crate) fn file(&self) -> String {
        let mut text = format!("[Unit]\nDescription={}\n", self.description);
        if !self.after.is_empty() {
            text.push_str(&format!("After={}\n", self.after.join(" ")));
        }
        if !self.wants.is_empty() {
            text.push_str(&format!("Wants={}\n", self.wants.join(" ")));
        }
        match &self.kind {
            Kind::Service(service) => {
                if service.program == Program::CrashLoop {
                    text.push_str("StartLimitIntervalSec=30\nStartLimitBurst=4\n");
                }
                let kind = match service.program {
                    Program::Steady | Program::CrashLoop => "exec",
                    _ => "oneshot",
                };
                text.push_str(&format!(
                    "\n[Service]\nType={kind}\nExecStart={}\nUser={}\n",
                    service.exe, service.user
                ));
                match service.program {
                    Program::CrashLoop => text.push_str("Restart=on-failure\nRestartSec=5\n"),
                    Program::RemainAfterExit => text.push_str("RemainAfterExit=yes\n"),
                    _ => {}
                }
            }
            Kind::Timer { unit, period, .. } => text.push_str(&format!(
                "\n[Timer]\nUnit={unit}\nOnUnitActiveSec={period}\n"
            )),
            Kind::Socket { listen, .. } => {
                text.push_str(&format!("\n[Socket]\nListenStream={listen}\n"));
            }
            Kind::Mount { what, place } => {
                text.push_str(&format!(
                    "\n[Mount]\nWhat={what}\nWhere={place}\nType=ext4\n"
                ));
            }
            Kind::Target | Kind::Slice | Kind::Scope => {}
        }
        if self.file_state != "static" {
            text.push_str("\n[Install]\nWantedBy=multi-user.target\n");
        }
        text
    }
}
