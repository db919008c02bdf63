//! Load, memory and disks as the screen shows them: a figure moves only when the measured one
//! has clearly left it, so that noise draws nothing.

use crate::remote::metrics::{Disk, Metrics};
use jiff::SignedDuration;
use std::time::Duration;

/// Processor use within this share of the shown one is noise.
const CPU: f32 = 0.1;
/// The same of memory.
const MEMORY: f32 = 0.02;
/// The same of a file system; full is told at once.
const DISK: f32 = 0.01;
/// The same of a clock.
const CLOCK: SignedDuration = SignedDuration::from_secs(2);

/// Takes a sample over into what is shown; whether anything shown moved.
pub(crate) fn settle(shown: &mut Option<Metrics>, new: &Metrics) -> bool {
    let Some(old) = shown else {
        *shown = Some(new.clone());
        return true;
    };
    let mut moved = false;
    if left(old.load1, new.load1, 0.5_f32.max(old.load1 * 0.2)) {
        old.load1 = new.load1;
        moved = true;
    }
    let noise = matches!((old.cpu_used, new.cpu_used), (Some(a), Some(b)) if !left(a, b, CPU));
    if !noise && old.cpu_used != new.cpu_used {
        old.cpu_used = new.cpu_used;
        moved = true;
    }
    if old.memory_total != new.memory_total || left(memory(old), memory(new), MEMORY) {
        old.memory_total = new.memory_total;
        old.memory_available = new.memory_available;
        moved = true;
    }
    if same_mounts(old, new) {
        for (old, new) in old.disks.iter_mut().zip(&new.disks) {
            if left(old.full(), new.full(), DISK)
                || left(inodes(old), inodes(new), DISK)
                || is_full(old) != is_full(new)
            {
                *old = new.clone();
                moved = true;
            }
        }
    } else {
        old.disks.clone_from(&new.disks);
        moved = true;
    }
    if up_step(old.uptime) != up_step(new.uptime) || old.boot_id != new.boot_id {
        old.uptime = new.uptime;
        old.boot_id.clone_from(&new.boot_id);
        moved = true;
    }
    // A sample without a round-trip time says nothing of the clock.
    if let Some(skew) = new.clock_skew {
        let known = old.clock_skew.unwrap_or_default();
        if (skew - known).abs() >= CLOCK {
            old.clock_skew = Some(skew);
            moved = true;
        }
    }
    old.at = new.at;
    moved
}

/// The share of memory that is used, 0 to 1.
fn memory(metrics: &Metrics) -> f32 {
    let used = metrics
        .memory_total
        .saturating_sub(metrics.memory_available);
    used as f32 / metrics.memory_total.max(1) as f32
}

/// The share of a file system's inodes that is used, 0 to 1.
fn inodes(disk: &Disk) -> f32 {
    match (disk.inodes_used, disk.inodes_total) {
        (Some(used), Some(total)) if total > 0 => used as f32 / total as f32,
        _ => 0.0,
    }
}

/// Rounded to a percent, nothing is left.
fn is_full(disk: &Disk) -> bool {
    disk.full() >= 0.995 || inodes(disk) >= 0.995
}

fn same_mounts(old: &Metrics, new: &Metrics) -> bool {
    let mounts = |metrics: &Metrics| -> Vec<String> {
        metrics.disks.iter().map(|d| d.mount.clone()).collect()
    };
    mounts(old) == mounts(new)
}

fn left(shown: f32, measured: f32, band: f32) -> bool {
    (shown - measured).abs() >= band
}

/// The uptime as it is shown, in seconds: in steps of five minutes, hours, days.
pub(crate) fn up_step(uptime: Duration) -> u64 {
    let seconds = uptime.as_secs();
    let step = match seconds {
        0..=7_199 => 300,
        7_200..=172_799 => 3_600,
        _ => 86_400,
    };
    seconds - seconds % step
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn sample() -> Metrics {
        Metrics {
            at: Timestamp::UNIX_EPOCH,
            load1: 0.4,
            load5: 0.4,
            load15: 0.4,
            cpus: Some(2),
            cpu_used: Some(0.2),
            memory_total: 1_000,
            memory_available: 400,
            swap_total: 0,
            swap_free: 0,
            disks: vec![Disk {
                mount: "/".into(),
                device: "/dev/sda1".into(),
                kind: None,
                total: 1_000,
                used: 500,
                available: 500,
                inodes_total: None,
                inodes_used: None,
            }],
            uptime: Duration::from_secs(3_000),
            kernel: None,
            boot_id: None,
            clock_skew: None,
        }
    }

    #[test]
    fn noise_around_a_step_moves_nothing() {
        let mut shown = None;
        assert!(settle(&mut shown, &sample()));
        for at in 0..100_u8 {
            let sign = if at % 2 == 0 { 1.0 } else { -1.0 };
            let mut new = sample();
            new.load1 += sign * 0.3;
            new.cpu_used = Some(0.2 + sign * 0.07);
            new.memory_available = new.memory_available.saturating_add_signed(10 * sign as i64);
            new.uptime += Duration::from_secs(u64::from(at) * 2);
            new.clock_skew = Some(SignedDuration::from_millis(900 * sign as i64));
            for disk in &mut new.disks {
                disk.used = disk.used.saturating_add_signed(4 * sign as i64);
                disk.available = disk.available.saturating_add_signed(-4 * sign as i64);
            }
            assert!(!settle(&mut shown, &new), "sample {at}");
        }
        assert_eq!(shown.map(|s| s.load1), Some(0.4));
    }

    #[test]
    fn what_creeps_is_followed() {
        let mut shown = None;
        let mut new = sample();
        let mut moves = 0;
        for used in 500..=1_000 {
            for disk in &mut new.disks {
                disk.used = used;
                disk.available = 1_000 - used;
            }
            moves += u32::from(settle(&mut shown, &new));
            let seen = shown.iter().flat_map(|s| &s.disks).next().map(Disk::full);
            assert!(seen.is_some_and(|seen| (seen - used as f32 / 1_000.0).abs() < 0.0111));
        }
        assert!((44..=54).contains(&moves), "{moves}");
        let seen = shown.iter().flat_map(|s| &s.disks).next().map(is_full);
        assert_eq!(seen, Some(true));
    }

    #[test]
    fn a_clear_change_is_taken_at_once() {
        let changes: [fn(&mut Metrics); 6] = [
            |m| m.load1 = 3.0,
            |m| m.cpu_used = Some(0.9),
            |m| m.memory_available = 100,
            |m| m.uptime = Duration::from_secs(3_300),
            |m| m.clock_skew = Some(SignedDuration::from_secs(9)),
            |m| m.disks.clear(),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut shown = Some(sample());
            let mut new = sample();
            change(&mut new);
            assert!(settle(&mut shown, &new), "change {at}");
            assert!(!settle(&mut shown, &new), "change {at} again");
            assert_eq!(shown.as_ref(), Some(&new), "change {at}");
        }
    }
}
