//! The lines that the sampling script prints, made into [`Metrics`]. Knows no channel and no
//! clock; the text comes from the wire and is believed only within bounds.

use super::{Disk, Metrics};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// More file systems than this are not kept.
const MAX_DISKS: usize = 64;
/// Longer names are no mount points that anyone watches.
const MAX_NAME: usize = 256;

/// File systems that live in memory or are read-only by nature: they cannot fill up a disk.
const NO_DISKS: &[&str] = &[
    "tmpfs", "devtmpfs", "ramfs", "efivarfs", "squashfs", "iso9660", "overlay", "erofs", "nsfs",
];

/// Collects lines until a sample is complete.
#[derive(Debug, Default)]
pub(super) struct Parser {
    kernel: Option<String>,
    boot_id: Option<String>,
    cpus: Option<u32>,
    /// Busy and total ticks of the previous sample.
    ticks: Option<(u64, u64)>,
    next: Partial,
}

#[derive(Debug, Default)]
struct Partial {
    uptime: Option<Duration>,
    load: Option<[f32; 3]>,
    ticks: Option<(u64, u64)>,
    memory_total: Option<u64>,
    memory_available: Option<u64>,
    swap_total: Option<u64>,
    swap_free: Option<u64>,
    disks: Vec<Disk>,
    /// `df -T` has a column more.
    with_type: bool,
}

impl Parser {
    /// Takes one line, read at `now`, of which `delay` was spent on the way here. Gives the
    /// sample that the line completes.
    pub(super) fn line(
        &mut self,
        line: &str,
        now: Timestamp,
        delay: Option<Duration>,
    ) -> Option<Metrics> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let next = &mut self.next;
        match word {
            "kernel" => self.kernel = name(rest),
            "boot" => self.boot_id = name(rest),
            "cpus" => self.cpus = rest.trim().parse().ok().filter(|n| *n > 0),
            "uptime" => next.uptime = seconds(rest.split(' ').next().unwrap_or("")),
            "load" => next.load = load(rest),
            "cpu" => next.ticks = ticks(rest),
            "mem" => next.memory(rest),
            "disk" => next.disk(rest),
            "inodes" => next.inodes(rest),
            "time" => return self.complete(rest, now, delay),
            // Something that the login shell of the host prints: none of ours.
            _ => {}
        }
        None
    }

    fn complete(&mut self, time: &str, now: Timestamp, delay: Option<Duration>) -> Option<Metrics> {
        let next = std::mem::take(&mut self.next);
        let cpu_used = match (self.ticks, next.ticks) {
            (Some(before), Some(after)) => share(before, after),
            _ => None,
        };
        self.ticks = next.ticks;
        let [load1, load5, load15] = next.load?;
        Some(Metrics {
            at: now,
            load1,
            load5,
            load15,
            cpus: self.cpus,
            cpu_used,
            memory_total: next.memory_total?,
            memory_available: next.memory_available?.min(next.memory_total?),
            swap_total: next.swap_total.unwrap_or(0),
            swap_free: next.swap_free.unwrap_or(0),
            disks: next.disks,
            uptime: next.uptime?,
            kernel: self.kernel.clone(),
            boot_id: self.boot_id.clone(),
            clock_skew: delay.and_then(|delay| skew(time, now, delay)),
        })
    }
}

impl Partial {
    fn memory(&mut self, rest: &str) {
        let mut words = rest.split_whitespace();
        let (Some(name), Some(kib)) = (words.next(), words.next()) else {
            return;
        };
        let bytes = kib.parse::<u64>().ok().and_then(|n| n.checked_mul(1024));
        match name {
            "MemTotal" => self.memory_total = bytes.filter(|n| *n > 0),
            "MemAvailable" => self.memory_available = bytes,
            "SwapTotal" => self.swap_total = bytes,
            "SwapFree" => self.swap_free = bytes,
            _ => {}
        }
    }

    fn disk(&mut self, rest: &str) {
        if rest.starts_with("Filesystem") {
            self.with_type = rest.split_whitespace().nth(1) == Some("Type");
            return;
        }
        let Some((fields, mount)) = columns(rest, 5 + usize::from(self.with_type)) else {
            return;
        };
        let (device, kind) = match fields.as_slice() {
            [device, kind, ..] if self.with_type => (*device, Some(*kind)),
            [device, ..] => (*device, None),
            [] => return,
        };
        let kib = |at: usize| {
            let text = fields.get(at + usize::from(self.with_type))?;
            text.parse::<u64>().ok()?.checked_mul(1024)
        };
        let (Some(total), Some(used), Some(available)) = (kib(1), kib(2), kib(3)) else {
            return;
        };
        if total == 0 || (mount != "/" && is_no_disk(device, kind, mount)) {
            return;
        }
        // Subvolumes and bind mounts share one file system: it is counted once, by the shortest
        // of its names.
        let same =
            |d: &&mut Disk| d.mount == mount || (device.starts_with("/dev/") && d.device == device);
        if let Some(known) = self.disks.iter_mut().find(same) {
            if mount.len() < known.mount.len() {
                known.mount = mount.to_string();
            }
            return;
        }
        if self.disks.len() >= MAX_DISKS {
            return;
        }
        let (Some(device), Some(mount)) = (name(device), name(mount)) else {
            return;
        };
        self.disks.push(Disk {
            mount,
            device,
            kind: kind.and_then(name),
            total,
            used,
            available,
            inodes_total: None,
            inodes_used: None,
        });
    }

    fn inodes(&mut self, rest: &str) {
        let Some((fields, mount)) = columns(rest, 5) else {
            return;
        };
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let (Some(total), Some(used)) = (number(1), number(2)) else {
            return;
        };
        // btrfs and vfat have no fixed number of inodes and say 0.
        if total > 0
            && let Some(disk) = self.disks.iter_mut().find(|d| d.mount == mount)
        {
            disk.inodes_total = Some(total);
            disk.inodes_used = Some(used.min(total));
        }
    }
}

/// Whether a file system cannot fill up, or is none that anyone looks after.
fn is_no_disk(device: &str, kind: Option<&str>, mount: &str) -> bool {
    let in_memory = NO_DISKS.iter().any(|k| kind == Some(*k) || device == *k);
    let by_system = ["/run/", "/dev/", "/proc/", "/sys/"]
        .iter()
        .any(|start| mount.starts_with(start) && !mount.starts_with("/run/media/"));
    in_memory || by_system
}

/// The first `count` columns, and the rest of the line: a mount point may hold spaces.
fn columns(line: &str, count: usize) -> Option<(Vec<&str>, &str)> {
    let mut rest = line.trim_start();
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        fields.push(field);
        rest = after.trim_start();
    }
    let mount = rest.trim_end();
    (!mount.is_empty()).then_some((fields, mount))
}

fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= MAX_NAME).then(|| text.to_string())
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

fn load(text: &str) -> Option<[f32; 3]> {
    let mut words = text.split_whitespace();
    let mut next = || {
        let n: f32 = words.next()?.parse().ok()?;
        (n.is_finite() && n >= 0.0).then_some(n)
    };
    Some([next()?, next()?, next()?])
}

/// Busy and total ticks of /proc/stat's first line: user nice system idle iowait irq softirq
/// steal; guest time is part of user already.
fn ticks(text: &str) -> Option<(u64, u64)> {
    let mut busy = 0u64;
    let mut total = 0u64;
    let mut count = 0;
    for (at, word) in text.split_whitespace().take(8).enumerate() {
        let n: u64 = word.parse().ok()?;
        total = total.checked_add(n)?;
        if !matches!(at, 3 | 4) {
            busy = busy.checked_add(n)?;
        }
        count += 1;
    }
    (count >= 4).then_some((busy, total))
}

fn share(before: (u64, u64), after: (u64, u64)) -> Option<f32> {
    let total = after.1.checked_sub(before.1).filter(|n| *n > 0)?;
    // The kernel's counters may step back by a tick.
    let busy = after.0.saturating_sub(before.0);
    Some((busy as f64 / total as f64).clamp(0.0, 1.0) as f32)
}

fn skew(time: &str, now: Timestamp, delay: Duration) -> Option<SignedDuration> {
    let (whole, fraction) = time.trim().split_once('.').unwrap_or((time.trim(), ""));
    let nanoseconds = match fraction.len() {
        9 => fraction.parse::<i32>().ok().filter(|n| *n >= 0),
        _ => None,
    };
    // A `date` without %N gives whole seconds: half a second late on average.
    let theirs = Timestamp::new(whole.parse().ok()?, nanoseconds.unwrap_or(500_000_000)).ok()?;
    let ours = now
        .checked_sub(SignedDuration::try_from(delay).ok()?)
        .ok()?;
    Some(theirs.duration_since(ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = include_str!("sample.txt");

    fn now() -> Timestamp {
        "2026-11-23T01:02:03Z".parse().unwrap()
    }

    fn feed(parser: &mut Parser, text: &str, delay: Option<Duration>) -> Vec<Metrics> {
        text.lines()
            .filter_map(|line| parser.line(line, now(), delay))
            .collect()
    }

    #[test]
    fn two_samples() {
        let delay = Some(Duration::from_millis(20));
        let metrics = feed(&mut Parser::default(), SAMPLE, delay);
        assert_eq!(metrics.len(), 2);
        assert_eq!(metrics[0].cpu_used, None);
        insta::assert_debug_snapshot!(metrics[1]);
    }

    #[test]
    fn an_incomplete_sample_is_none() {
        let mut parser = Parser::default();
        assert_eq!(feed(&mut parser, "time 1\nload 1 2 3\ntime 2", None), []);
    }

    #[test]
    fn clocks() {
        let at = |time| skew(time, now(), Duration::from_millis(100));
        let ms = SignedDuration::from_millis;
        assert_eq!(at("1795395723.000000000"), Some(ms(100)));
        assert_eq!(at("1795395720.900000000"), Some(ms(-2000)));
        assert_eq!(at("1795395722.%N"), Some(ms(-400)));
        assert_eq!(at("yesterday"), None);
        assert_eq!(at("99999999999999999"), None);
    }

    #[test]
    fn without_types_of_file_systems() {
        let mut parser = Parser::default();
        let text = "disk Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    disk tmpfs 100 0 100 0% /run\n\
                    disk /dev/sda1 1000 400 600 40% /mnt/my data\n";
        feed(&mut parser, text, None);
        let disks = &parser.next.disks;
        assert_eq!(disks.len(), 1);
        assert_eq!(disks[0].mount, "/mnt/my data");
        assert_eq!((disks[0].total, disks[0].used), (1_024_000, 409_600));
    }

    #[test]
    fn one_file_system_counts_once() {
        let mut parser = Parser::default();
        let text = "disk Filesystem Type 1024-blocks Used Available Capacity Mounted on\n\
                    disk /dev/sda2 btrfs 1000 400 600 40% /home\n\
                    disk /dev/sda2 btrfs 1000 400 600 40% /\n\
                    disk /dev/sda2 btrfs 1000 400 600 40% /nix\n\
                    disk rpool/data zfs 1000 400 600 40% /data\n\
                    disk rpool/logs zfs 1000 400 600 40% /logs\n\
                    disk /dev/vda ext4 1000 400 600 40% /run/host/os-release\n";
        feed(&mut parser, text, None);
        let mounts: Vec<_> = parser.next.disks.iter().map(|d| d.mount.as_str()).collect();
        assert_eq!(mounts, ["/", "/data", "/logs"]);
    }

    proptest! {
        #[test]
        fn hostile_lines(lines in proptest::collection::vec(
            "(disk|inodes|mem|cpu|load|time|uptime|boot|cpus)? (Filesystem Type|[0-9.-]{1,22}|[a-zA-Z/ %]{0,12}|\u{1b}|é| )*", 0..400)) {
            let mut parser = Parser::default();
            for line in lines {
                if let Some(m) = parser.line(&line, now(), Some(Duration::from_secs(1))) {
                    prop_assert!(m.disks.len() <= MAX_DISKS);
                    prop_assert!(m.cpu_used.is_none_or(|c| (0.0..=1.0).contains(&c)));
                    prop_assert!(m.memory_available <= m.memory_total);
                }
                prop_assert!(parser.next.disks.len() <= MAX_DISKS);
            }
        }

        #[test]
        fn a_corrupted_sample(at in 0usize..SAMPLE.len(), byte: u8) {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = byte;
            let text = String::from_utf8_lossy(&bytes);
            prop_assert!(feed(&mut Parser::default(), &text, None).len() <= 2);
        }
    }
}
