//! A host of the demo in this process, to be broken like a real one.

use super::{
    follow::{Breakable, entries},
    managed::Managed,
};
use quarterdeck::demo::{Demo, Fault};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);

/// The demo with one of its hosts in mind.
pub struct Simulated {
    demo: Arc<Demo>,
    name: &'static str,
    writing: Arc<AtomicBool>,
    writer: Mutex<Option<JoinHandle<()>>>,
    // Serves the demo as long as it lives.
    _runtime: tokio::runtime::Runtime,
}

impl Simulated {
    /// Starts the demo.
    pub fn up(name: &'static str) -> Simulated {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Simulated {
            demo: Arc::new(runtime.block_on(Demo::start(1)).unwrap()),
            name,
            writing: Arc::default(),
            writer: Mutex::default(),
            _runtime: runtime,
        }
    }

    /// Runs a line on the host by the system's ssh.
    pub fn ssh(&self, line: &str) -> Output {
        Command::new("ssh")
            .arg("-F")
            .arg(self.demo.directory().join("ssh_config_demo"))
            .args([self.name, line])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn break_with(&self, fault: Fault) {
        self.demo.fault(self.name, fault);
    }
}

impl Breakable for Simulated {
    fn config(&self) -> &Path {
        self.demo.directory()
    }

    fn name(&self) -> &str {
        self.name
    }

    /// A thousand lines a second: the simulated journal keeps the last 60,000.
    fn start_writing(&self) {
        self.writing.store(true, Ordering::SeqCst);
        let (demo, name, writing) = (self.demo.clone(), self.name, self.writing.clone());
        let write = move || {
            let mut line = 0;
            while writing.load(Ordering::SeqCst) {
                let lines: Vec<_> = (line..line + 40)
                    .map(|line| format!("writer line {line}"))
                    .collect();
                line += 40;
                demo.write(name, "qd-writer.service", &lines);
                std::thread::sleep(Duration::from_millis(40));
            }
        };
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(std::thread::spawn(write));
    }

    fn stop_writing(&self) {
        self.writing.store(false, Ordering::SeqCst);
        let writer = self.writer.lock().unwrap().take();
        writer.unwrap().join().unwrap();
    }

    fn write(&self, line: &str) {
        self.demo
            .write(self.name, "qd-marker.service", &[line.to_owned()]);
    }

    fn truth(&self, units: &[&str]) -> Vec<(String, Vec<u8>)> {
        let mut line =
            "journalctl --output=json --all --no-pager --output-fields=MESSAGE".to_owned();
        for unit in units {
            line.push_str(" --unit ");
            line.push_str(unit);
        }
        let output = self.ssh(&line);
        assert!(output.status.success(), "{line}: {output:?}");
        entries(&String::from_utf8(output.stdout).unwrap())
    }

    fn fault(&self, what: &str) {
        match what {
            "cut" => self.break_with(Fault::Stall(FOREVER)),
            "mend" => self.break_with(Fault::Stall(Duration::ZERO)),
            "refuse" => self.break_with(Fault::Refuse(FOREVER)),
            "accept" => self.break_with(Fault::Refuse(Duration::ZERO)),
            "reset" | "sshd-restart" | "sshd-kill" => self.break_with(Fault::Restart),
            "reboot" => self.break_with(Fault::Reboot),
            "rotate" => self.break_with(Fault::Rotate),
            "vacuum" => self.break_with(Fault::Vacuum),
            "journalctl-kill" => self.break_with(Fault::KillJournalctl),
            other => match other.strip_prefix("cut-after ") {
                Some(bytes) => self.break_with(Fault::CutAfter(bytes.parse().unwrap())),
                None => panic!("a simulated host cannot {other}"),
            },
        }
    }
}

/// With web-2 in mind, whose rebuild fails.
impl Managed for Simulated {
    fn root(&self, words: &[&str]) {
        let line = format!("sudo -n {}", words.join(" "));
        // What is to fail fails here, too.
        self.ssh(&line);
    }

    fn steady(&self) -> &'static str {
        "nginx.service"
    }

    fn failing(&self) -> (&'static str, i32) {
        ("nixos-rebuild.service", 1)
    }

    fn slow(&self) -> &'static str {
        "nixos-rebuild.service"
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // The thread must not outlive a test that failed.
        self.writing.store(false, Ordering::SeqCst);
    }
}
