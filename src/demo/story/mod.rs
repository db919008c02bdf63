//! What happens on the demo's hosts: which units they have, what those say and what goes wrong.
//!
//! A container that crashes until somebody restarts it, a disk that fills until it is cleaned, a
//! timer whose job fails each third time, a rebuild that fails on one host, busy logs.

mod lines;
mod tables;
mod units;

pub(crate) use lines::{Chatter, chatter, last_words, rebuild_lines, run_lines};
pub(crate) use units::populate;

use super::model::{Due, SECOND, World};

/// The hosts of an environment, in order.
pub(crate) fn hosts(environment: &str) -> &'static [&'static str] {
    match environment {
        "demo" => &["web-1", "web-2", "data-1"],
        _ => &["staging-1"],
    }
}

/// How long the worker lives, in microseconds. It crashes at a pace that systemd lets pass, until
/// three minutes into the demo it crashes at once and runs into the start limit.
pub(crate) fn worker_life(world: &mut World, healthy_until: i64) -> i64 {
    if healthy_until > world.now {
        return healthy_until - world.now;
    }
    if world.now < world.begin + 180 * SECOND {
        world.rng.i64(6 * SECOND..9 * SECOND)
    } else {
        400_000
    }
}

/// Lets the data disk fill: from 88 % on, about one percent a minute.
pub(crate) fn disk(world: &mut World) {
    world.later(15 * SECOND, Due::Disk);
    // Only where there is a cure.
    let live = world.now >= world.begin && world.units.contains_key("cleanup.service");
    let Some(disk) = world
        .disks
        .iter_mut()
        .find(|disk| disk.place == "/mnt/data")
    else {
        return;
    };
    if live {
        disk.used = (disk.used + disk.total / 400).min(disk.total * 995 / 1000);
    }
    let percent = disk.used * 100 / disk.total.max(1);
    if percent >= 99 {
        world.say(
            "postgresql.service",
            2,
            "PANIC:  could not write to file \"pg_wal/xlogtemp.4711\": No space left on device",
        );
    } else if percent >= 93 && world.rng.u8(0..3) == 0 {
        let text = format!(
            "{{\"level\":\"WARN\",\"logger\":\"o.o.c.r.a.DiskThresholdMonitor\",\"message\":\"high disk watermark [90%] exceeded on [data-1][/mnt/data], free: {}%\"}}",
            100 - percent
        );
        world.say("opensearch.service", 4, text);
    }
}

/// The cleanup has run: room again.
pub(crate) fn cleaned(world: &mut World) {
    if let Some(disk) = world
        .disks
        .iter_mut()
        .find(|disk| disk.place == "/mnt/data")
    {
        disk.used = disk.total * 61 / 100;
    }
}
