//! What concerns one host: the way in, the journal, systemd, sudo, the clock, disks and units.

use super::Check;
use crate::cli::context;
use crate::problem::Problem;
use crate::remote::{
    metrics::{self, Metrics, MetricsEvent},
    ssh::{Argv, ExitStatus, Host, Output},
    systemd::{Systemd, Unit},
};
use jiff::SignedDuration;
use std::time::Duration;

/// Output of a check's command beyond this is of no interest.
const LIMIT: usize = 16 * 1024;
/// Clocks further apart than this make merged logs misleading.
const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// How long a host may take for its first sample of clock and disks.
const SAMPLE: Duration = Duration::from_secs(10);
/// From 0 to 1: a disk as full as this deserves a word, or is a failure.
const DISK_WARN: f32 = 0.90;
const DISK_FAIL: f32 = 0.97;

/// Every check of one host. What depends on a connection that does not come is skipped.
pub(super) async fn checks(host: &Host) -> Vec<Check> {
    let mut checks = match context::contact(host).await {
        Ok(rtt) => connected(rtt),
        Err(problem) => return not_connected(&problem),
    };
    let (journal, systemd, sudo, sample) =
        tokio::join!(journal(host), systemd(host), sudo(host), sample(host));
    checks.push(journal);
    checks.extend(systemd);
    checks.push(sudo);
    checks.extend(sample);
    checks
}

fn connected(rtt: Option<Duration>) -> Vec<Check> {
    let reach = match rtt {
        Some(rtt) => format!("answers in {:.1} ms", rtt.as_secs_f64() * 1000.0),
        None => "answers".to_owned(),
    };
    vec![
        Check::ok("reach", reach),
        Check::ok("host-key", "the one we know"),
        Check::ok("login", "accepted"),
    ]
}

/// Which of the steps to a connection failed: those before it succeeded.
fn not_connected(problem: &Problem) -> Vec<Check> {
    let host_key = problem.code.contains("host-key");
    let login = ["auth", "login", "password", "passphrase", "key-refused"]
        .iter()
        .any(|word| problem.code.contains(word));
    let why = "no connection";
    let mut checks = match (host_key, login) {
        (true, _) => vec![
            Check::ok("reach", "answers"),
            Check::problem("host-key", problem),
            Check::skipped("login", why),
        ],
        (false, true) => vec![
            Check::ok("reach", "answers"),
            Check::ok("host-key", "the one we know"),
            Check::problem("login", problem),
        ],
        (false, false) => vec![
            Check::problem("reach", problem),
            Check::skipped("host-key", why),
            Check::skipped("login", why),
        ],
    };
    for check in ["journal", "systemd", "units", "sudo", "clock", "disks"] {
        checks.push(Check::skipped(check, why));
    }
    checks
}

/// The user's own messages are no proof: only the system's journal needs the group.
async fn journal(host: &Host) -> Check {
    let command = Argv::new("journalctl").args(["--system", "-n", "1", "-o", "cat", "--no-pager"]);
    let output = match run("journal", host, &command).await {
        Ok(output) => output,
        Err(check) => return check,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let nothing = output.exit == ExitStatus::Code(0) && output.stdout.is_empty();
    if nothing || said.contains("permission") || said.contains("not seeing messages") {
        return Check::fail(
            "journal",
            "this user may not read the system journal",
            "add it to the group systemd-journal (NixOS: \
             users.users.NAME.extraGroups = [ \"systemd-journal\" ]) and log in anew",
        );
    }
    match output.exit {
        ExitStatus::Code(0) => Check::ok("journal", "the system journal is readable"),
        ExitStatus::Code(127) => Check::fail(
            "journal",
            "there is no journalctl",
            "qd needs a host with systemd",
        ),
        _ => Check::fail(
            "journal",
            format!("journalctl failed: {}", first_line(&output)),
            "try `journalctl -n 1` on the host",
        ),
    }
}

async fn systemd(host: &Host) -> Vec<Check> {
    let units = async { Systemd::open(host).await?.units().await }.await;
    match units {
        Err(error) => vec![
            Check::problem("systemd", &Problem::from(error)),
            Check::skipped("units", "systemd does not answer"),
        ],
        Ok(units) => {
            let found = format!("answers over D-Bus: {} units", units.len());
            vec![Check::ok("systemd", found), failed_units(&units)]
        }
    }
}

fn failed_units(units: &[Unit]) -> Check {
    let failed: Vec<&str> = units
        .iter()
        .filter(|unit| unit.active == "failed")
        .map(|unit| unit.name.as_str())
        .collect();
    let Some(first) = failed.first() else {
        return Check::ok("units", "none failed");
    };
    let some = failed.get(..5).unwrap_or(&failed);
    let more = match failed.len() - some.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Check::fail(
        "units",
        format!("{} failed: {}{more}", failed.len(), some.join(", ")),
        format!("see why with `qd logs {first} -b`"),
    )
}

/// Changes go through sudo where polkit refuses them; looking needs neither.
async fn sudo(host: &Host) -> Check {
    let command = Argv::new("sudo").args(["-n", "true"]);
    match run("sudo", host, &command).await {
        Err(check) => check,
        Ok(output) if output.exit == ExitStatus::Code(0) => {
            Check::ok("sudo", "works without a password")
        }
        Ok(output) => Check::warn(
            "sudo",
            format!(
                "not possible without a password ({}): units can be watched, not changed",
                first_line(&output)
            ),
            "allow it with NOPASSWD in sudoers (NixOS: security.sudo.extraRules), \
             or allow org.freedesktop.systemd1.manage-units by a polkit rule",
        ),
    }
}

/// One sample of the host's clock and disks, taken the way the console takes them.
async fn sample(host: &Host) -> Vec<Check> {
    let mut news = metrics::watch(host.clone());
    match tokio::time::timeout(SAMPLE, news.recv()).await {
        Ok(Some(MetricsEvent::Sample(metrics))) => vec![clock(&metrics), disks(&metrics)],
        Ok(Some(MetricsEvent::Down(problem))) => vec![
            Check::warn(
                "clock",
                format!("load, clock and disks cannot be read: {}", problem.message),
                problem.hint.unwrap_or_else(|| "see -v".to_owned()),
            ),
            Check::skipped("disks", "no sample"),
        ],
        Ok(None) | Err(_) => vec![
            Check::skipped("clock", "the host sent no sample in time"),
            Check::skipped("disks", "no sample"),
        ],
    }
}

fn clock(metrics: &Metrics) -> Check {
    let Some(skew) = metrics.clock_skew else {
        return Check::skipped("clock", "the host's clock could not be compared");
    };
    let seconds = skew.as_secs_f64();
    if skew.abs() > SKEW {
        let way = if seconds > 0.0 { "ahead of" } else { "behind" };
        Check::warn(
            "clock",
            format!("{:.1} s {way} this machine's", seconds.abs()),
            "see `timedatectl` on both; merged logs are sorted by each host's own clock",
        )
    } else {
        Check::ok("clock", format!("{:.1} s apart", seconds.abs()))
    }
}

fn disks(metrics: &Metrics) -> Check {
    let fullest = metrics
        .disks
        .iter()
        .max_by(|a, b| a.full().total_cmp(&b.full()));
    let Some(disk) = fullest else {
        return Check::skipped("disks", "none listed");
    };
    let found = format!("{} is {:.0} % full", disk.mount, disk.full() * 100.0);
    let hint = "see `nix-collect-garbage`, `podman system df` and `journalctl --disk-usage`";
    if disk.full() >= DISK_FAIL {
        Check::fail("disks", found, hint)
    } else if disk.full() >= DISK_WARN {
        Check::warn("disks", found, hint)
    } else {
        Check::ok("disks", found)
    }
}

/// Runs a check's command; what keeps it from running at all is a failed check.
async fn run(check: &'static str, host: &Host, command: &Argv) -> Result<Output, Check> {
    host.output(command, LIMIT)
        .await
        .map_err(|error| Check::problem(check, &Problem::from(error)))
}

/// What a command complained about, in one line.
fn first_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => line.trim().to_owned(),
        None => format!("{:?}", output.exit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Status;
    use crate::problem::Exit;

    fn statuses(code: &'static str) -> Vec<(&'static str, Status)> {
        let problem = Problem::new("ssh", code, Exit::Unreachable, "no");
        let checks = not_connected(&problem);
        checks.iter().take(3).map(|c| (c.check, c.status)).collect()
    }

    #[test]
    fn the_step_that_failed_is_told_from_those_before_it() {
        use Status::{Fail, Ok, Skipped};
        assert_eq!(
            statuses("connection-refused"),
            [("reach", Fail), ("host-key", Skipped), ("login", Skipped)]
        );
        assert_eq!(
            statuses("host-key-changed"),
            [("reach", Ok), ("host-key", Fail), ("login", Skipped)]
        );
        assert_eq!(
            statuses("auth-failed"),
            [("reach", Ok), ("host-key", Ok), ("login", Fail)]
        );
    }
}
