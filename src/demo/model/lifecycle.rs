//! Starting, stopping and ending units: states, jobs and systemd's own words about them.

use super::{Due, Event, Job, SECOND, World, unit::Kind, unit::Program};
use crate::demo::story;

const STARTING: &str = "7d4958e842da4a758f6c1cdc7b36dcc5";
const STARTED: &str = "39f53479d3a045ac8e11786248231fbf";
const FAILED: &str = "be02cf6855d2428ba40df7e9d022f03d";
const STOPPING: &str = "de5b426a63be47a7b6ac3eaac82e2f6f";
const STOPPED: &str = "9d1aaa27d60140bd96365438aad20286";
const EXITED: &str = "98e322203f7a4ed290d09fe03c09fe15";
const RESULT: &str = "d9b373ed55a64feb8242e02dbe79a49c";
const DEACTIVATED: &str = "7ad2d189f7e94e70a38c781354912448";
const SCHEDULED: &str = "5eb03494b6584870a536b337290809b3";
const RELOADED: &str = "7b05ebc668384222baa8881179cfda54";

/// Why systemd takes no job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoSuchUnit,
    NotReloadable,
    Masked,
}

impl World {
    /// Takes a start job. `by_hand`: an operator asked.
    pub(crate) fn start(&mut self, name: &str, by_hand: bool) -> Result<u32, Refusal> {
        let job = self.job(name, "start")?;
        let up = self
            .units
            .get(name)
            .is_some_and(|unit| matches!(unit.active, "active" | "activating" | "reloading"));
        if up {
            self.done(job, "done");
        } else {
            self.launch(name, job, by_hand);
        }
        Ok(job)
    }

    /// Takes a stop job.
    pub(crate) fn stop(&mut self, name: &str) -> Result<u32, Refusal> {
        let job = self.job(name, "stop")?;
        self.halt(name, job);
        Ok(job)
    }

    /// Takes a restart job.
    pub(crate) fn restart(&mut self, name: &str) -> Result<u32, Refusal> {
        let job = self.job(name, "restart")?;
        let running = self
            .units
            .get(name)
            .is_some_and(|unit| matches!(unit.active, "active" | "activating"));
        if running {
            self.halt(name, job);
        } else {
            self.launch(name, job, true);
        }
        Ok(job)
    }

    /// Takes a reload job.
    pub(crate) fn reload(&mut self, name: &str) -> Result<u32, Refusal> {
        let unit = self.units.get(name).ok_or(Refusal::NoSuchUnit)?;
        if !unit.service().is_some_and(|service| service.reloadable) {
            return Err(Refusal::NotReloadable);
        }
        let label = unit.label();
        let active = unit.active == "active";
        let job = self.job(name, "reload")?;
        if active {
            self.systemd_says(name, 6, "", &format!("Reloading {label}..."), &[]);
            self.say(name, 6, "configuration read again");
            self.systemd_says(name, 6, RELOADED, &format!("Reloaded {label}."), &[]);
            self.done(job, "done");
        } else {
            self.done(job, "failed");
        }
        Ok(job)
    }

    /// Forgets that a unit failed.
    pub(crate) fn reset_failed(&mut self, name: &str) -> Result<(), Refusal> {
        let unit = self.units.get_mut(name).ok_or(Refusal::NoSuchUnit)?;
        if unit.active == "failed" {
            unit.active = "inactive";
            unit.sub = "dead";
        }
        if let Some(service) = unit.service_mut() {
            service.restarts = 0;
            service.result = "success";
            service.starts.clear();
        }
        self.changed(name);
        Ok(())
    }

    fn job(&mut self, name: &str, kind: &'static str) -> Result<u32, Refusal> {
        let id = self.next_job;
        let unit = self.units.get_mut(name).ok_or(Refusal::NoSuchUnit)?;
        if unit.file_state == "masked" && kind != "stop" {
            return Err(Refusal::Masked);
        }
        let replaced = unit.job.replace(id);
        self.next_job += 1;
        if let Some(old) = replaced {
            self.jobs.remove(&old);
            self.events
                .push(Event::JobRemoved(old, name.to_owned(), "canceled"));
        }
        self.jobs.insert(
            id,
            Job {
                unit: name.to_owned(),
                kind,
            },
        );
        self.events.push(Event::JobNew(id, name.to_owned()));
        self.changed(name);
        Ok(id)
    }

    /// Ends a job with a result.
    fn done(&mut self, id: u32, result: &'static str) {
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        if let Some(unit) = self.units.get_mut(&job.unit)
            && unit.job == Some(id)
        {
            unit.job = None;
        }
        self.changed(&job.unit);
        self.events.push(Event::JobRemoved(id, job.unit, result));
    }

    fn finish_job(&mut self, name: &str, result: &'static str) {
        if let Some(id) = self.units.get(name).and_then(|unit| unit.job) {
            self.done(id, result);
        }
    }

    fn launch(&mut self, name: &str, job: u32, by_hand: bool) {
        let now = self.now;
        if self.too_quick(name) {
            self.give_up(name);
            return;
        }
        let invocation = format!("{:032x}", self.rng.u128(..));
        let pid = self.pid();
        let Some(unit) = self.units.get_mut(name) else {
            return;
        };
        unit.invocation.clone_from(&invocation);
        unit.inactive_exit = now;
        unit.changed = now;
        let label = unit.label();
        let oneshot = unit.is_oneshot();
        let Some(service) = unit.service_mut() else {
            unit.active = "active";
            unit.sub = match unit.kind {
                Kind::Timer { .. } => "waiting",
                Kind::Socket { .. } => "listening",
                Kind::Mount { .. } => "mounted",
                Kind::Scope => "running",
                _ => "active",
            };
            unit.active_enter = now;
            self.systemd_says(name, 6, STARTED, &format!("Started {label}."), &[]);
            self.done(job, "done");
            return;
        };
        service.main_pid = pid;
        service.last_pid = pid;
        service.result = "success";
        service.status = 0;
        service.started = now;
        service.exited = 0;
        service.runs += 1;
        service.starts.push(now);
        service.cpu_nsec = 20_000_000;
        if by_hand {
            service.restarts = 0;
            service.healthy_until = now + 240 * SECOND;
        }
        let (program, runs) = (service.program, service.runs);
        let healthy = service.healthy_until;
        unit.active = "activating";
        unit.sub = "start";
        self.changed(name);
        if oneshot {
            self.systemd_says(
                name,
                6,
                STARTING,
                &format!("Starting {label}..."),
                &[("JOB_ID", job.to_string()), ("JOB_TYPE", "start".into())],
            );
        } else {
            let delay = 60_000 + self.rng.i64(0..200_000);
            self.later(delay, Due::Ready(name.to_owned(), invocation.clone()));
        }
        let me = (name.to_owned(), invocation.clone());
        match program {
            Program::Steady | Program::RemainAfterExit => {}
            Program::Job(ms) | Program::EveryThirdFails(ms) => {
                let fails = matches!(program, Program::EveryThirdFails(_)) && runs % 3 == 0;
                let status = if fails { 2 } else { 0 };
                self.later(i64::from(ms) * 1000, Due::Exit(me.0, me.1, status));
            }
            Program::CrashLoop => {
                let life = story::worker_life(self, healthy);
                self.later(life, Due::Exit(me.0, me.1, 1));
            }
            Program::Cleanup => self.later(4 * SECOND, Due::Exit(me.0, me.1, 0)),
            Program::Rebuild(well) => {
                let status = if well { 0 } else { 1 };
                let last = story::rebuild_lines(well).last().map_or(0, |line| line.0);
                self.later(last + 300_000, Due::Exit(me.0, me.1, status));
            }
        }
        if program == Program::RemainAfterExit {
            self.exit(name, &invocation, 0);
        }
        self.later(30_000, Due::Output(name.to_owned(), invocation, 0));
    }

    /// The next line that a run prints.
    pub(super) fn output(&mut self, name: &str, invocation: &str, step: usize) {
        if !self.is_run(name, invocation) {
            return;
        }
        let lines = story::run_lines(self, name);
        let Some((at, priority, text)) = lines.get(step).cloned() else {
            return;
        };
        self.say(name, priority, text);
        if let Some((next, _, _)) = lines.get(step + 1) {
            self.later(
                (next - at).max(1000),
                Due::Output(name.to_owned(), invocation.to_owned(), step + 1),
            );
        }
    }

    fn is_run(&self, name: &str, invocation: &str) -> bool {
        self.units.get(name).is_some_and(|unit| {
            unit.invocation == invocation
                && unit.service().is_some_and(|service| service.main_pid != 0)
        })
    }

    pub(super) fn ready(&mut self, name: &str, invocation: &str) {
        if !self.is_run(name, invocation) {
            return;
        }
        let now = self.now;
        let Some(unit) = self.units.get_mut(name) else {
            return;
        };
        unit.active = "active";
        unit.sub = "running";
        unit.active_enter = now;
        unit.changed = now;
        let label = unit.label();
        self.changed(name);
        self.systemd_says(
            name,
            6,
            STARTED,
            &format!("Started {label}."),
            &[("JOB_RESULT", "done".into())],
        );
        self.finish_job(name, "done");
    }

    pub(super) fn exit(&mut self, name: &str, invocation: &str, status: i32) {
        if !self.is_run(name, invocation) {
            return;
        }
        for (priority, text) in story::last_words(self, name, status) {
            self.say(name, priority, text);
        }
        let now = self.now;
        let Some(unit) = self.units.get_mut(name) else {
            return;
        };
        let label = unit.label();
        let oneshot = unit.is_oneshot();
        let Some(service) = unit.service_mut() else {
            return;
        };
        let program = service.program;
        service.main_pid = 0;
        service.status = status;
        service.exited = now;
        service.result = if status == 0 { "success" } else { "exit-code" };
        let (restarts, again) = (service.restarts + 1, program == Program::CrashLoop);
        unit.changed = now;
        if status == 0 && program == Program::RemainAfterExit {
            unit.active = "active";
            unit.sub = "exited";
            unit.active_enter = now;
        } else {
            if unit.active == "active" {
                unit.active_exit = now;
            }
            unit.inactive_enter = now;
            (unit.active, unit.sub) = match (status, again) {
                (0, _) => ("inactive", "dead"),
                (_, true) => ("activating", "auto-restart"),
                (_, false) => ("failed", "failed"),
            };
        }
        if status == 0 {
            if unit.active == "inactive" {
                let text = format!("{name}: Deactivated successfully.");
                self.systemd_says(name, 6, DEACTIVATED, &text, &[]);
            }
            if program == Program::Cleanup {
                story::cleaned(self);
            }
            let text = format!("Finished {label}.");
            self.systemd_says(name, 6, STARTED, &text, &[("JOB_RESULT", "done".into())]);
            self.changed(name);
            self.finish_job(name, "done");
            return;
        }
        let word = match status {
            1 => "FAILURE",
            2 => "INVALIDARGUMENT",
            _ => "n/a",
        };
        let text = format!("{name}: Main process exited, code=exited, status={status}/{word}");
        let more = [
            ("EXIT_CODE", "exited".to_owned()),
            ("EXIT_STATUS", status.to_string()),
        ];
        self.systemd_says(name, 5, EXITED, &text, &more);
        let text = format!("{name}: Failed with result 'exit-code'.");
        self.systemd_says(
            name,
            4,
            RESULT,
            &text,
            &[("UNIT_RESULT", "exit-code".into())],
        );
        self.changed(name);
        if oneshot {
            let text = format!("Failed to start {label}.");
            self.systemd_says(name, 3, FAILED, &text, &[("JOB_RESULT", "failed".into())]);
            self.finish_job(name, "failed");
        } else if again {
            self.finish_job(name, "failed");
            let due = Due::AutoRestart(name.to_owned(), invocation.to_owned());
            self.later(5 * SECOND, due);
            if let Some(service) = self.units.get_mut(name).and_then(|u| u.service_mut()) {
                service.restarts = restarts;
            }
        }
    }

    pub(super) fn auto_restart(&mut self, name: &str, invocation: &str) {
        let waiting = self
            .units
            .get(name)
            .filter(|unit| unit.invocation == invocation && unit.sub == "auto-restart");
        let Some(restarts) = waiting.and_then(|unit| unit.service()).map(|s| s.restarts) else {
            return;
        };
        let text = format!("{name}: Scheduled restart job, restart counter is at {restarts}.");
        let more = [("N_RESTARTS", restarts.to_string())];
        self.systemd_says(name, 6, SCHEDULED, &text, &more);
        if let Ok(job) = self.job(name, "start") {
            self.launch(name, job, false);
        }
    }

    /// Whether the start limit (4 in 30 s) is reached.
    fn too_quick(&mut self, name: &str) -> bool {
        let now = self.now;
        let Some(service) = self.units.get_mut(name).and_then(|u| u.service_mut()) else {
            return false;
        };
        service.starts.retain(|at| now - at < 30 * SECOND);
        service.program == Program::CrashLoop && service.starts.len() >= 4
    }

    fn give_up(&mut self, name: &str) {
        let now = self.now;
        let Some(unit) = self.units.get_mut(name) else {
            return;
        };
        let label = unit.label();
        unit.active = "failed";
        unit.sub = "failed";
        unit.changed = now;
        unit.inactive_enter = now;
        let text = format!("{name}: Start request repeated too quickly.");
        self.systemd_says(name, 4, "", &text, &[]);
        let text = format!("{name}: Failed with result 'exit-code'.");
        self.systemd_says(name, 4, RESULT, &text, &[]);
        let text = format!("Failed to start {label}.");
        self.systemd_says(name, 3, FAILED, &text, &[("JOB_RESULT", "failed".into())]);
        self.changed(name);
        self.finish_job(name, "failed");
    }

    fn halt(&mut self, name: &str, job: u32) {
        let now = self.now;
        let Some(unit) = self.units.get_mut(name) else {
            return;
        };
        if matches!(unit.active, "inactive" | "failed") {
            self.done(job, "done");
            return;
        }
        let label = unit.label();
        unit.active_exit = now;
        unit.changed = now;
        unit.active = "deactivating";
        unit.sub = "stop-sigterm";
        let service = unit.service().is_some();
        self.changed(name);
        self.systemd_says(name, 6, STOPPING, &format!("Stopping {label}..."), &[]);
        if service {
            self.say(name, 6, "received SIGTERM, shutting down");
            let delay = 150_000 + self.rng.i64(0..400_000);
            self.later(delay, Due::Stopped(name.to_owned()));
        } else {
            self.stopped(name);
        }
    }

    pub(super) fn stopped(&mut self, name: &str) {
        let now = self.now;
        let Some(unit) = self.units.get_mut(name) else {
            return;
        };
        if unit.active != "deactivating" {
            return;
        }
        let label = unit.label();
        unit.active = "inactive";
        unit.sub = "dead";
        unit.inactive_enter = now;
        unit.changed = now;
        let job = unit.job;
        if let Some(service) = unit.service_mut() {
            service.main_pid = 0;
            service.exited = now;
        }
        let text = format!("{name}: Deactivated successfully.");
        self.systemd_says(name, 6, DEACTIVATED, &text, &[]);
        self.systemd_says(name, 6, STOPPED, &format!("Stopped {label}."), &[]);
        self.changed(name);
        let Some(id) = job else { return };
        match self.jobs.get_mut(&id) {
            Some(job) if job.kind == "restart" => {
                job.kind = "start";
                self.launch(name, id, true);
            }
            _ => self.done(id, "done"),
        }
    }
}
