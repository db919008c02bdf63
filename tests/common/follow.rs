//! The promise of the follower, as a test of anything that can be broken: what it gave out
//! equals what the host's own journal says, whatever happened to the link and the host.

use super::{ConfigDir, TestHost};
use quarterdeck::{
    config::Loaded,
    logs::{self, Gap, LogEvent, Query},
    remote::{NoPrompter, fleet::Fleet, ssh::Host},
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A server with a journal, and ways to break it and the way to it.
pub trait Breakable {
    /// The configuration directory that leads to it.
    fn config(&self) -> &Path;
    /// Its name there.
    fn name(&self) -> &str;
    /// Writes lines as fast as it sensibly can (unit `qd-writer.service`), also after a reboot.
    fn start_writing(&self);
    /// Stops that.
    fn stop_writing(&self);
    /// Writes one line (unit `qd-marker.service`).
    fn write(&self, line: &str);
    /// Cursor and message of every entry of its journal, oldest first; of these units only if
    /// there are any.
    fn truth(&self, units: &[&str]) -> Vec<(String, Vec<u8>)>;
    /// Breaks or heals something; panics when it cannot.
    fn fault(&self, what: &str);
}

/// A real host with the configuration that leads to it.
pub struct Real {
    pub host: TestHost,
    pub config: ConfigDir,
}

impl Real {
    /// Boots one.
    pub fn up(label: &str) -> Real {
        let host = TestHost::up(label);
        let config = ConfigDir::of(&[&host]);
        // Its journal must keep all that is written here.
        host.feed(
            &["sh", "-c", "cat >/etc/systemd/system/qd-writer.service"],
            b"[Service]\nLogRateLimitIntervalSec=0\n\
              ExecStart=/bin/sh -c 'i=0; while :; do j=$$((i+40)); seq -f \"writer line %%.0f\" $$i $$j; i=$$((j+1)); sleep 0.01; done'\n\
              [Install]\nWantedBy=multi-user.target\n",
        );
        Real { host, config }
    }
}

impl Breakable for Real {
    fn config(&self) -> &Path {
        self.config.path()
    }

    fn name(&self) -> &str {
        &self.host.label
    }

    fn start_writing(&self) {
        let unit = "qd-writer.service";
        self.host
            .run(&["systemctl", "enable", "--now", "--quiet", unit]);
    }

    fn stop_writing(&self) {
        let unit = "qd-writer.service";
        self.host
            .run(&["systemctl", "disable", "--now", "--quiet", unit]);
        self.host.run(&["journalctl", "--sync"]);
    }

    fn write(&self, line: &str) {
        let unit = "--unit=qd-marker";
        let run = [
            "systemd-run",
            "--quiet",
            "--wait",
            "--collect",
            unit,
            "echo",
            line,
        ];
        self.host.run(&run);
        self.host.run(&["journalctl", "--sync"]);
    }

    /// By journalctl's JSON, so that none of our parsing takes part.
    fn truth(&self, units: &[&str]) -> Vec<(String, Vec<u8>)> {
        let mut command = vec![
            "journalctl",
            "--output=json",
            "--all",
            "--no-pager",
            "--output-fields=MESSAGE",
        ];
        for unit in units {
            command.extend(["--unit", unit]);
        }
        entries(&self.host.run(&command))
    }

    fn fault(&self, what: &str) {
        match what {
            "rotate" => drop(self.host.run(&["journalctl", "--rotate"])),
            "vacuum" => {
                self.host.run(&["journalctl", "--rotate"]);
                self.host.run(&["journalctl", "--vacuum-files=1"]);
            }
            "journald-restart" => {
                self.host
                    .run(&["systemctl", "restart", "systemd-journald.service"]);
            }
            "new-users" => {
                // Each user's first entry makes a journal file.
                let script = "n=$(ls /var/log/journal/*/user-*.journal | wc -l); \
                              for i in $(seq 20); do setpriv --reuid $((3000+n+i)) --clear-groups \
                              logger -t newcomer first line of $i; done";
                self.host.run(&["sh", "-c", script]);
            }
            "journalctl-kill" => {
                self.host.try_run(&["pkill", "-KILL", "-x", "journalctl"]);
            }
            other => self.host.fault(other),
        }
    }
}

/// Cursor and message of every entry that `journalctl --output=json --all` printed.
pub fn entries(printed: &str) -> Vec<(String, Vec<u8>)> {
    let entries = printed.lines().map(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = match &entry["MESSAGE"] {
            serde_json::Value::String(text) => text.clone().into_bytes(),
            serde_json::Value::Array(bytes) => {
                bytes.iter().map(|b| b.as_u64().unwrap() as u8).collect()
            }
            other => panic!("what message is {other}?"),
        };
        (entry["__CURSOR"].as_str().unwrap().to_owned(), message)
    });
    entries.collect()
}

/// The way to a host, as every part of the program takes it. Within a runtime.
pub fn host(config: &Path, name: &str) -> Host {
    let loaded = Loaded::find(Some(config), config).unwrap();
    let environment = loaded.environment(None).unwrap();
    let fleet = Fleet::new(&environment, Arc::new(NoPrompter));
    fleet
        .hosts()
        .find(|host| host.id().as_str() == name)
        .unwrap()
        .clone()
}

/// What was given out.
#[derive(Debug, Default)]
pub struct Held {
    pub entries: Vec<(String, Vec<u8>)>,
    pub gaps: Vec<Gap>,
    pub live: usize,
    pub down: Vec<String>,
    pub ended: bool,
}

/// A follower under way, on a runtime of its own.
pub struct Following {
    pub held: Arc<Mutex<Held>>,
    runtime: tokio::runtime::Runtime,
}

impl Following {
    /// Follows from the last line on.
    pub fn start(server: &impl Breakable, query: Query) -> Following {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let held = Arc::new(Mutex::new(Held::default()));
        let (config, name) = (server.config().to_owned(), server.name().to_owned());
        let into = held.clone();
        runtime.spawn(async move {
            let mut events = logs::follow(host(&config, &name), query);
            while let Some(event) = events.recv().await {
                let mut held = into.lock().unwrap();
                match event {
                    LogEvent::Entries(entries) => held.entries.extend(
                        entries
                            .iter()
                            .map(|e| (e.cursor.to_string(), e.message.to_vec())),
                    ),
                    LogEvent::Gap(gap) => held.gaps.push(gap),
                    LogEvent::Live(_) => held.live += 1,
                    LogEvent::Down(_, problem) | LogEvent::Warning(_, problem) => {
                        held.down.push(problem.to_string());
                    }
                }
            }
            into.lock().unwrap().ended = true;
        });
        Following { held, runtime }
    }

    /// Waits until this holds; fails after a minute.
    #[track_caller]
    pub fn until(&self, what: &str, reached: impl Fn(&Held) -> bool) {
        let began = Instant::now();
        while !reached(&self.held.lock().unwrap()) {
            if began.elapsed() > Duration::from_secs(60) {
                let held = self.held.lock().unwrap();
                let last = held.entries.last().map(|(_, m)| String::from_utf8_lossy(m));
                panic!(
                    "no {what} within a minute: {} entries, the last {last:?}, {} times live, {:?}, {:?}",
                    held.entries.len(),
                    held.live,
                    held.gaps,
                    held.down
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops and gives what was held.
    pub fn end(self) -> Held {
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        std::mem::take(&mut *self.held.lock().unwrap())
    }
}

/// Follows a fast writer through faults, each given time to hurt; then compares everything.
/// Returns what was held, for more to be asked of it.
pub fn nothing_lost(server: &impl Breakable, query: Query, faults: &[&str]) -> Held {
    let following = Following::start(server, query.clone());
    following.until("live follower", |held| held.live > 0);
    server.start_writing();
    let count = || following.held.lock().unwrap().entries.len();
    following.until("first lines", |held| held.entries.len() > 500);
    for fault in faults {
        match fault.strip_prefix("wait ") {
            Some(ms) => std::thread::sleep(Duration::from_millis(ms.parse().unwrap())),
            None => server.fault(fault),
        }
    }
    let before = count();
    following.until("lines after the faults", |held| {
        held.entries.len() > before + 500
    });
    server.stop_writing();
    server.write("the end of this test");
    let is_end = |entry: &(String, Vec<u8>)| entry.1 == b"the end of this test";
    following.until("end", |held| held.entries.iter().any(is_end));
    let mut held = following.end();
    let end = held.entries.iter().position(is_end).unwrap();
    held.entries.truncate(end + 1);
    held
}

/// Whether what was held is the journal's own content, from its first entry to the end marker.
#[track_caller]
pub fn assert_equal(
    server: &impl Breakable,
    held: &Held,
    units: &[&str],
    wanted: impl Fn(&[u8]) -> bool,
) {
    let truth = server.truth(units);
    let first = &held.entries[0].0;
    let start = truth.iter().position(|(cursor, _)| cursor == first);
    let start = start.expect("the journal has the first entry held");
    let end = truth
        .iter()
        .rposition(|(_, m)| m == b"the end of this test")
        .unwrap();
    let truth: Vec<_> = truth[start..=end]
        .iter()
        .filter(|(_, m)| wanted(m))
        .collect();
    for (i, (ours, theirs)) in held.entries.iter().zip(&truth).enumerate() {
        assert_eq!(
            &ours,
            theirs,
            "entry {i} of {} held and {} in the journal: {:?} instead of {:?}; gaps {:?}; down {:?}",
            held.entries.len(),
            truth.len(),
            String::from_utf8_lossy(&ours.1),
            String::from_utf8_lossy(&theirs.1),
            held.gaps,
            held.down,
        );
    }
    assert_eq!(held.entries.len(), truth.len());
    assert_eq!(held.gaps, []);
}

fn all() -> Query {
    Query {
        lines: Some(5),
        ..Query::default()
    }
}

/// Follows everything through the faults and compares.
#[track_caller]
pub fn survives(server: &impl Breakable, faults: &[&str]) -> Held {
    let held = nothing_lost(server, all(), faults);
    assert_equal(server, &held, &[], |_| true);
    held
}

/// A filter that the host applies, through cuts, a reboot and rotation.
#[track_caller]
pub fn filter_survives(server: &impl Breakable) {
    let query = Query {
        grep: Some("(7|end of this test)$".into()),
        ..all()
    };
    let faults = [
        "reset", "wait 500", "reboot", "wait 500", "rotate", "refuse", "wait 500", "accept",
    ];
    let held = nothing_lost(server, query, &faults);
    assert_equal(server, &held, &[], |message| {
        message.ends_with(b"7") || message.ends_with(b"end of this test")
    });
}

/// The journal of two units alone, through the same.
#[track_caller]
pub fn unit_survives(server: &impl Breakable) {
    let units = ["qd-writer.service", "qd-marker.service"];
    let query = Query {
        units: units.map(str::to_owned).to_vec(),
        ..all()
    };
    let faults = [
        "reset",
        "wait 500",
        "rotate",
        "wait 300",
        "reset",
        "wait 700",
        "reboot",
        "wait 500",
        "sshd-kill",
    ];
    let held = nothing_lost(server, query, &faults);
    assert_equal(server, &held, &units, |_| true);
}

/// Lines that a filter lets through only now and then, the first ones written while nobody
/// could listen and on both sides of a reboot.
#[track_caller]
pub fn rare_lines_arrive(server: &impl Breakable) {
    let query = Query {
        grep: Some("^rare ".into()),
        ..all()
    };
    let following = Following::start(server, query);
    following.until("live follower", |held| held.live > 0);
    server.fault("refuse");
    server.write("rare one, written while nobody listened");
    server.fault("reboot");
    server.write("rare two, in another boot");
    server.fault("accept");
    following.until("both", |held| held.entries.len() == 2);
    server.write("rare three");
    following.until("all three", |held| held.entries.len() == 3);
    let held = following.end();
    let words = |i: usize| held.entries[i].1.split(|b| *b == b' ').nth(1).unwrap();
    assert_eq!(words(0), b"one,");
    assert_eq!(words(1), b"two,");
    assert_eq!(words(2), b"three");
    assert_eq!(held.gaps, []);
}

/// What the journal dropped before the follower came back is a gap, and all else is there.
#[track_caller]
pub fn gap_is_told(server: &impl Breakable) {
    let faults = ["refuse", "wait 500", "vacuum", "wait 500", "accept"];
    let held = nothing_lost(server, all(), &faults);
    assert_eq!(held.gaps.len(), 1, "{:?}", held.gaps);
    assert!(held.gaps[0].from < held.gaps[0].to);
    // All that the journal still has is held once and in order, and nothing twice.
    let truth = server.truth(&[]);
    let end = truth
        .iter()
        .rposition(|(_, m)| m == b"the end of this test")
        .unwrap();
    let kept = held.entries.len() - (end + 1);
    assert_eq!(held.entries[kept..], truth[..=end]);
    let mut cursors: Vec<&String> = held.entries.iter().map(|(c, _)| c).collect();
    cursors.sort_unstable();
    cursors.dedup();
    assert_eq!(cursors.len(), held.entries.len());
}
