//! A host's load, memory, disks and clock, by cheap reads over one long-lived channel.
//!
//! A small script on the host prints a sample every 15 seconds; it needs a POSIX shell, /proc
//! and df. What is done about the figures is decided elsewhere.

mod parse;

use super::{
    HostId,
    ssh::{Argv, ExitStatus, Host, Process, SshError, Transport},
};
use crate::problem::{Exit, Problem};
use jiff::{SignedDuration, Timestamp};
use parse::Parser;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::mpsc,
};

/// What runs on the host, as `sh -c SCRIPT`. A second sample follows the first after one second,
/// so that the share of busy processor time is known early; then one each 15 seconds.
pub const SCRIPT: &str = include_str!("sample.sh");

/// Longer lines are cut: the longest honest one is a mount point.
const MAX_LINE: usize = 4096;
/// Samples that nobody has taken yet.
const BACKLOG: usize = 4;
/// How long to wait before a script that ended is started again on the same connection.
const AGAIN: Duration = Duration::from_secs(30);

/// The command that starts the script.
pub fn command() -> Argv {
    Argv::new("sh").arg("-c").arg(SCRIPT)
}

/// One sample. Texts come from the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// When it came here, by our clock.
    pub at: Timestamp,
    /// Load average of the last minute.
    pub load1: f32,
    /// Load average of the last five minutes.
    pub load5: f32,
    /// Load average of the last fifteen minutes.
    pub load15: f32,
    /// Logical processors.
    pub cpus: Option<u32>,
    /// Share of all processors' time that was busy since the previous sample, 0 to 1.
    pub cpu_used: Option<f32>,
    /// Bytes.
    pub memory_total: u64,
    /// Bytes that programs could still get without swapping.
    pub memory_available: u64,
    /// Bytes; 0 without swap.
    pub swap_total: u64,
    /// Bytes.
    pub swap_free: u64,
    /// Local file systems that can fill up, in df's order; at most 64.
    pub disks: Vec<Disk>,
    /// Since the host's last boot.
    pub uptime: Duration,
    /// e.g. `Linux 6.12.5`.
    pub kernel: Option<String>,
    /// Changes with each boot.
    pub boot_id: Option<String>,
    /// The host's clock minus ours; positive: the host is ahead. `None` while the round-trip
    /// time is unknown.
    pub clock_skew: Option<SignedDuration>,
}

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Where it is mounted.
    pub mount: String,
    /// e.g. `/dev/sda1`.
    pub device: String,
    /// e.g. `ext4`, where df tells.
    pub kind: Option<String>,
    /// Bytes.
    pub total: u64,
    /// Bytes.
    pub used: u64,
    /// Bytes that ordinary users can still write: less than `total - used` where root has a
    /// reserve.
    pub available: u64,
    /// `None` where the file system makes inodes as needed.
    pub inodes_total: Option<u64>,
    /// As above.
    pub inodes_used: Option<u64>,
}

impl Disk {
    /// The share that is full for ordinary users, 0 to 1, as df's percentage.
    pub fn full(&self) -> f32 {
        let usable = self.used.saturating_add(self.available);
        if usable == 0 {
            return 0.0;
        }
        (self.used as f64 / usable as f64) as f32
    }
}

/// What a watch reports.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricsEvent {
    /// A new sample.
    Sample(Metrics),
    /// No samples come at the moment, and why. Watching goes on.
    Down(Problem),
}

/// Samples a host until the receiver is dropped; starts again on each new connection. Must be
/// called within a tokio runtime.
pub fn watch(host: Host) -> mpsc::Receiver<MetricsEvent> {
    let (to, events) = mpsc::channel(BACKLOG);
    tokio::spawn(async move {
        tokio::select! {
            () = to.closed() => {}
            () = keep_sampling(&host, &to) => {}
        }
    });
    events
}

async fn keep_sampling(host: &Host, to: &mpsc::Sender<MetricsEvent>) {
    loop {
        let (number, transport) = match host.connection(None).await {
            Ok(connection) => connection,
            Err(error) => {
                down(to, error.into()).await;
                until_up(host).await;
                continue;
            }
        };
        let problem = match host.exec(&command()).await {
            Ok(process) => sample(host.id(), transport, process, to).await,
            Err(SshError::Link(problem)) => problem,
            Err(error) => error.into(),
        };
        down(to, problem).await;
        until_next(host, number).await;
    }
}

async fn down(to: &mpsc::Sender<MetricsEvent>, problem: Problem) {
    // A receiver that is gone ends the watch elsewhere.
    let _ = to.send(MetricsEvent::Down(problem)).await;
}

/// Waits until the host is connected, whoever brought that about.
async fn until_up(host: &Host) {
    let mut states = host.states();
    if states.wait_for(|state| state.is_up()).await.is_err() {
        // The host was closed for good.
        std::future::pending::<()>().await;
    }
}

/// Waits for a connection other than `number`, or a while on the same one.
async fn until_next(host: &Host, number: u64) {
    let changed = async {
        let mut states = host.states();
        loop {
            if states.wait_for(|state| state.is_up()).await.is_err() {
                std::future::pending::<()>().await;
            }
            match host.connection(None).await {
                Ok((now, _)) if now != number => return,
                _ => {}
            }
            if states.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let _ = tokio::time::timeout(AGAIN, changed).await;
}

/// Reads samples until the script or its channel ends; says why it ended.
async fn sample(
    host: &HostId,
    transport: Arc<dyn Transport>,
    process: Process,
    to: &mpsc::Sender<MetricsEvent>,
) -> Problem {
    let Process {
        stdin,
        mut stdout,
        stderr,
        exit,
    } = process;
    drop(stdin);
    let mut parser = Parser::default();
    let mut lines = Lines::default();
    let mut complaint = Vec::new();
    let mut rtt = None;
    loop {
        let line = match lines.next(&mut stdout).await {
            Some(line) => line,
            None => break,
        };
        let now = Timestamp::now();
        if line.starts_with("time ") {
            rtt = match transport.ping().await {
                Ok(measured) => Some(measured),
                Err(_) => rtt,
            };
        }
        let delay = rtt.map(|rtt| rtt / 2);
        if let Some(metrics) = parser.line(&line, now, delay) {
            let _ = to.send(MetricsEvent::Sample(metrics)).await;
        }
    }
    let mut first_words = stderr.take(1024);
    let reading = first_words.read_to_end(&mut complaint);
    let _ = tokio::time::timeout(Duration::from_secs(1), reading).await;
    let exit = tokio::time::timeout(Duration::from_secs(1), exit).await;
    ended(host, exit.unwrap_or(ExitStatus::Lost), &complaint)
}

fn ended(host: &HostId, exit: ExitStatus, complaint: &[u8]) -> Problem {
    let complaint = String::from_utf8_lossy(complaint);
    let how = match exit {
        ExitStatus::Lost => "the channel that samples load and disks was closed".to_string(),
        ExitStatus::Code(code) => format!("sampling load and disks ended with exit status {code}"),
        ExitStatus::Signal(signal) => format!("sampling load and disks was ended by SIG{signal}"),
    };
    let message = match complaint.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{how}: {}", line.trim()),
        None => how,
    };
    Problem::new("metrics", "metrics-ended", Exit::Unreachable, message)
        .on(host.as_str())
        .hint("the host needs a POSIX shell, /proc and df; it is tried again")
}

/// Lines of bounded length out of a byte stream.
#[derive(Default)]
struct Lines {
    pending: Vec<u8>,
    ready: std::collections::VecDeque<String>,
    /// The rest of a line that was too long is skipped.
    skipping: bool,
}

impl Lines {
    /// `None` at the end of the stream; an unfinished last line is no line.
    async fn next(&mut self, from: &mut (impl AsyncRead + Unpin)) -> Option<String> {
        let mut chunk = [0u8; 4096];
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let count = match from.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => count,
            };
            self.push(chunk.get(..count).unwrap_or_default());
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    if !std::mem::take(&mut self.skipping) {
                        let line = String::from_utf8_lossy(&self.pending).into_owned();
                        self.ready.push_back(line);
                    }
                    self.pending.clear();
                }
                _ if self.pending.len() >= MAX_LINE => self.skipping = true,
                byte => self.pending.push(*byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::ssh::{Place, Stream};

    #[test]
    fn lines_are_bounded() {
        let mut lines = Lines::default();
        lines.push(b"a\nb");
        lines.push(b"c\n");
        lines.push(&vec![b'x'; 3 * MAX_LINE]);
        assert!(lines.pending.len() <= MAX_LINE);
        lines.push(b"\nd\xff\n");
        assert_eq!(lines.ready, ["a", "bc", "d\u{fffd}"]);
    }

    /// A transport of which only the round-trip time is asked.
    struct Near;

    #[async_trait::async_trait]
    impl Transport for Near {
        async fn exec(&self, _: &Argv, _: Option<Place>) -> Result<Process, SshError> {
            panic!("not asked for")
        }
        async fn open_tcp(&self, _: &str, _: u16) -> Result<Box<dyn Stream>, SshError> {
            panic!("not asked for")
        }
        async fn open_unix(&self, _: &str) -> Result<Box<dyn Stream>, SshError> {
            panic!("not asked for")
        }
        async fn ping(&self) -> Result<Duration, SshError> {
            Ok(Duration::from_micros(100))
        }
        async fn closed(&self) -> SshError {
            panic!("not asked for")
        }
    }

    /// A process of the machine that runs the tests, as one of a host.
    fn local(command: &Argv) -> Process {
        let [program, args @ ..] = command.words() else {
            panic!("no program")
        };
        let mut child = tokio::process::Command::new(program)
            .args(args)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        Process {
            stdin: Box::new(child.stdin.take().unwrap()),
            stdout: Box::new(child.stdout.take().unwrap()),
            stderr: Box::new(child.stderr.take().unwrap()),
            exit: Box::pin(async move {
                let status = child.wait().await.unwrap();
                match status.code() {
                    Some(code) => ExitStatus::Code(code.unsigned_abs()),
                    None => ExitStatus::Lost,
                }
            }),
        }
    }

    /// The script itself, on the machine that runs the tests.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_script_gives_samples() {
        let (to, mut events) = mpsc::channel(BACKLOG);
        let process = local(&command());
        let here = HostId::new("here");
        let sampling = sample(&here, Arc::new(Near), process, &to);
        let received = async {
            let mut samples = Vec::new();
            while samples.len() < 2 {
                if let Some(MetricsEvent::Sample(metrics)) = events.recv().await {
                    samples.push(metrics);
                }
            }
            samples
        };
        let samples = tokio::select! {
            problem = sampling => panic!("{problem}"),
            samples = received => samples,
        };
        assert_eq!(samples[0].cpu_used, None);
        let last = &samples[1];
        assert!(
            last.memory_total > 0 && last.uptime > Duration::ZERO,
            "{last:?}"
        );
        assert!(last.cpu_used.is_some() && last.cpus.is_some(), "{last:?}");
        assert!(last.kernel.as_deref().unwrap().starts_with("Linux"));
        let skew = last.clock_skew.unwrap();
        assert!(skew.abs() < SignedDuration::from_secs(2), "{skew:?}");
    }

    #[tokio::test]
    async fn why_it_ended() {
        let (to, _events) = mpsc::channel(BACKLOG);
        let failing = Argv::new("sh").args(["-c", "echo; echo 'no /proc here' >&2; exit 3"]);
        let process = local(&failing);
        let problem = sample(&HostId::new("here"), Arc::new(Near), process, &to).await;
        assert_eq!(
            problem.message,
            "sampling load and disks ended with exit status 3: no /proc here"
        );
        assert_eq!(problem.host.as_deref(), Some("here"));
    }

    #[test]
    fn full_is_what_df_says() {
        let disk = Disk {
            mount: "/".into(),
            device: "/dev/sda1".into(),
            kind: None,
            total: 100,
            used: 45,
            available: 45,
            inodes_total: None,
            inodes_used: None,
        };
        assert_eq!(disk.full(), 0.5);
    }
}
