//! The program against its peers, on real hosts: `make bench`.
//!
//! Not a microbenchmark: each figure is what a user waits for or pays, measured from outside
//! where that is possible. Needs root on Debian (see docs/testing.md) and a release build.
//! Arguments choose what to measure; without any, all of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::type_complexity,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "../tests/common/mod.rs"]
mod common;
mod measure;
#[path = "console/reading.rs"]
mod reading;

use common::{Qd, Terminal, TestHost};
use measure::{Process, Samples, report, timed};
use quarterdeck::remote::{
    HostId, NoPrompter,
    ssh::{Argv, Host, Options},
};
use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

fn main() {
    // The binary beside this one is built with the same profile.
    if let Err(why) = common::hosts() {
        println!("skipped: {why}");
        return;
    }
    // `cargo bench` adds options of its own.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let all: [(&str, fn(&TestHost)); 7] = [
        ("frame", first_frame),
        ("list", first_list),
        ("exec", exec),
        ("idle", idle),
        ("follow", follow),
        ("reading", reading::small),
        ("reading-wide", reading::large),
    ];
    for (name, measure) in all {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            let host = TestHost::up("bench");
            measure(&host);
        }
    }
}

/// From the start of the process to the first frame on the terminal.
fn first_frame(host: &TestHost) {
    let config = host.config();
    let qd = Qd::with(&config);
    let (mut first, mut with_units) = (Samples::new(), Samples::new());
    for _ in 0..20 {
        let start = Instant::now();
        let terminal = Terminal::start(&qd, &[], (120, 40));
        terminal.wait_until("a frame", |screen| {
            screen.alternate_screen() && !screen.contents().trim().is_empty()
        });
        first.push(start.elapsed());
        terminal.wait_for("bench");
        with_units.push(start.elapsed());
    }
    report("first frame", &first, None, Some("<= 50 ms"));
    report("first frame that names the host", &with_units, None, None);
}

/// A new connection up to the complete list of units, against `ssh HOST true`.
fn first_list(host: &TestHost) {
    let config = host.config();
    let qd = Qd::with(&config);
    let (mut ours, mut theirs) = (Samples::new(), Samples::new());
    for _ in 0..15 {
        theirs.push(timed(|| {
            assert!(ssh(host, &[]).status().unwrap().success())
        }));
        ours.push(timed(|| {
            let output = qd.run(&["units", "--json"]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }));
    }
    report(
        "new connection to the list of units (qd units)",
        &ours,
        Some(("ssh HOST true", &theirs)),
        Some("<= 1.5"),
    );
}

/// A command on the open connection, against `ssh` through a ControlMaster. Both at the host's own
/// sshd: the proxy at its loopback port holds small packets back, which would hide what either does.
fn exec(host: &TestHost) {
    let control = tempfile::tempdir().unwrap();
    let socket = format!("ControlPath={}/socket", control.path().display());
    let mut master = direct(host, &["-o", &socket, "-o", "ControlMaster=yes", "-N"])
        .spawn()
        .unwrap();
    while !control.path().join("socket").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ssh_config = control.path().join("ssh_config");
    let text = format!(
        "Host bench\n  HostName {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n",
        host.address,
        host.key.display(),
        host.known_hosts.display()
    );
    std::fs::write(&ssh_config, text).unwrap();
    let destination = "bench".parse().unwrap();
    let (mut ours, mut theirs) = (Samples::new(), Samples::new());
    runtime.block_on(async {
        let options = Options {
            ssh_config: Some(ssh_config),
            default_user: Some("operator".to_owned()),
            ..Options::default()
        };
        let host_handle = Host::new(
            HostId::new("bench"),
            destination,
            options,
            Arc::new(NoPrompter),
        );
        let nothing = Argv::new("true");
        host_handle.output(&nothing, 16).await.unwrap();
        for _ in 0..50 {
            let start = Instant::now();
            host_handle.output(&nothing, 16).await.unwrap();
            ours.push(start.elapsed());
            theirs.push(timed(|| {
                assert!(direct(host, &["-o", &socket]).status().unwrap().success());
            }));
        }
        host_handle.close();
    });
    master.kill().unwrap();
    master.wait().unwrap();
    report(
        "command on the open connection",
        &ours,
        Some(("ssh with ControlMaster", &theirs)),
        Some("<= 0.25"),
    );
}

/// Connected, nothing happens: frames, processor, memory.
fn idle(host: &TestHost) {
    // The host's own heartbeat would be news.
    host.run(&["systemctl", "stop", "fixture-job.timer"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let terminal = Terminal::start(&qd, &[], (120, 40));
    terminal.wait_for("bench");
    terminal.wait_quiet(Duration::from_secs(5));
    let process = Process::of(terminal.pid());
    let (bytes, cpu) = (terminal.written(), process.cpu());
    std::thread::sleep(Duration::from_secs(30));
    println!(
        "idle for 30 s: {} bytes written, {:.0} ms processor time (<= 10 ms, one tick), \
         {:.1} MiB resident (<= 40)",
        terminal.written() - bytes,
        (process.cpu() - cpu).as_secs_f64() * 1000.0,
        process.resident_mib()
    );
}

const RATE: u32 = 10_000;
const SECONDS: u32 = 60;

/// Lets the host's journal keep all that is written to it.
fn unlimited(host: &TestHost) {
    // The journal's own limit would drop entries before anybody could read them.
    host.feed(
        &["sh", "-c", "mkdir -p /etc/systemd/journald.conf.d && cat >/etc/systemd/journald.conf.d/bench.conf"],
        b"[Journal]\nRateLimitBurst=0\nRateLimitIntervalSec=0\nSystemMaxUse=4G\nSystemKeepFree=1M\n",
    );
    host.run(&["systemctl", "restart", "systemd-journald"]);
}

/// 10,000 entries a second for a minute: nothing lost, keys answered, processor.
fn follow(host: &TestHost) {
    unlimited(host);
    let config = host.config();
    let qd = Qd::with(&config);
    let terminal = Terminal::start(&qd, &[], (200, 60));
    terminal.wait_for("bench");
    terminal.keys("4");
    std::thread::sleep(Duration::from_secs(2));
    let process = Process::of(terminal.pid());
    let cpu = process.cpu();
    let start = Instant::now();
    let load = Load::start(host);
    let mut paint = Samples::new();
    while start.elapsed() < Duration::from_secs(u64::from(SECONDS)) {
        let pressed = Instant::now();
        terminal.keys(":");
        terminal.wait_until("the command line", prompt);
        paint.push(pressed.elapsed());
        terminal.keys("\x1b");
        terminal.wait_until("no command line", |screen| !prompt(screen));
        std::thread::sleep(Duration::from_millis(100));
    }
    let (cpu, wall) = (process.cpu() - cpu, start.elapsed());
    let written = load.end();
    let last = format!("load {written}");
    terminal.wait_for(&last);
    report(
        "key to paint while following",
        &paint,
        None,
        Some("p99 <= 16 ms"),
    );
    println!(
        "following {RATE} entries/s for {:.0} s: {written} written, the last one shown, \
         {:.1} % of a core in the console (<= 25)",
        wall.as_secs_f64(),
        100.0 * cpu.as_secs_f64() / wall.as_secs_f64()
    );
    drop(terminal);

    // Whether every entry arrived is told by the same follower without a screen.
    let mut follower = Command::new(Qd::binary());
    follower
        .env_clear()
        .envs(qd.environment())
        .args(["logs", "-f", "-n", "0", "-o", "cat"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut follower = follower.spawn().unwrap();
    let lines = measure::Lines::of(follower.stdout.take().unwrap(), "load ");
    std::thread::sleep(Duration::from_secs(2));
    let load = Load::start(host);
    std::thread::sleep(Duration::from_secs(u64::from(SECONDS)));
    let written = load.end();
    let numbers = lines.up_to(written);
    follower.kill().unwrap();
    follower.wait().unwrap();
    let expected: Vec<u32> = (1..=written).collect();
    println!(
        "following {RATE} entries/s: {written} written, {} received, {}",
        numbers.len(),
        if numbers == expected {
            "none lost, none twice, in order"
        } else {
            "NOT the same"
        }
    );
}

/// Whether the console's command line is open: its prompt is on one of the last rows.
fn prompt(screen: &vt100::Screen) -> bool {
    let (_, columns) = screen.size();
    screen
        .rows(0, columns.get())
        .collect::<Vec<_>>()
        .iter()
        .rev()
        .take(3)
        .any(|row| row.trim_start().starts_with(':'))
}

/// A process inside the host that logs numbered lines at the rate.
struct Load(std::process::Child);

impl Load {
    fn start(host: &TestHost) -> Load {
        let script = format!(
            // A minimal perl knows whole seconds only; the kernel's uptime has hundredths.
            "$| = 1; sub now {{ open my $f, '<', '/proc/uptime'; (split ' ', <$f>)[0] }} \
             my $start = now(); my $n = 0; \
             for my $tick (1 .. {ticks}) {{ my $text = ''; \
             for (1 .. {batch}) {{ $n++; $text .= \"load $n\\n\"; }} print $text; \
             my $wait = $start + $tick / 100 - now(); select(undef, undef, undef, $wait) if $wait > 0; }}",
            ticks = SECONDS * 100,
            batch = RATE / 100
        );
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testhost");
        let child = Command::new(format!("{dir}/in"))
            .args([
                &host.name,
                "systemd-cat",
                "-t",
                "load",
                "perl",
                "-e",
                &script,
            ])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Load(child)
    }

    /// Waits for its end; how many lines it wrote.
    fn end(mut self) -> u32 {
        assert!(self.0.wait().unwrap().success());
        RATE * SECONDS
    }
}

/// `ssh HOST true` through the host's loopback port, as the console reaches it.
fn ssh(host: &TestHost, options: &[&str]) -> Command {
    ssh_to(host, "127.0.0.1", host.port, options)
}

/// The same at its own address.
fn direct(host: &TestHost, options: &[&str]) -> Command {
    ssh_to(host, &host.address, 22, options)
}

fn ssh_to(host: &TestHost, address: &str, port: u16, options: &[&str]) -> Command {
    let mut command = Command::new("ssh");
    command
        .args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o"])
        .arg(format!("UserKnownHostsFile={}", host.known_hosts.display()))
        .arg("-i")
        .arg(&host.key)
        .args(["-p", &port.to_string()])
        .args(options)
        .arg(format!("operator@{address}"));
    if !options.contains(&"-N") {
        command.arg("true");
    }
    command.stdin(Stdio::null());
    command
}
