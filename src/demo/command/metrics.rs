//! The sampling script's output, from the simulated host's state.

use super::Io;
use super::system;
use crate::demo::host::Host;
use std::{sync::Arc, time::Duration};

/// Prints a sample each 15 seconds until nobody reads any more.
pub(super) async fn run(host: &Arc<Host>, io: &mut Io) -> u32 {
    let head = host.with(|world| format!("kernel Linux 6.12.58\nboot {}\ncpus 2\n", world.boot));
    if io.out(head.as_bytes()).await != 0 {
        return 141;
    }
    let mut pause = Duration::from_secs(1);
    loop {
        let text = sample(host);
        if io.out(text.as_bytes()).await != 0 {
            return 141;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = io.ended() => return 130,
        }
        pause = Duration::from_secs(15);
    }
}

fn sample(host: &Arc<Host>) -> String {
    host.with(|world| {
        let uptime = (world.now - world.booted) / 10_000;
        let busy = world.rng.i64(8..40);
        let load = world.rng.i64(20..140);
        let mut text = format!(
            "uptime {}.{:02} {}.00\n",
            uptime / 100,
            uptime % 100,
            uptime / 90
        );
        text.push_str(&format!(
            "load {}.{:02} 0.61 0.48 2/311 {}\n",
            load / 100,
            load % 100,
            9000 + busy
        ));
        // Both processors' hundredths of a second since the boot, one fifth of them busy.
        let total = uptime * 2;
        text.push_str(&format!(
            "cpu  {} 0 {} {} 0 0 0 0 0 0\n",
            total / 8 + busy,
            total / 14,
            total - total / 8 - total / 14
        ));
        let memory: u64 = world
            .units
            .values()
            .filter(|unit| unit.active == "active")
            .filter_map(|unit| unit.service())
            .map(|service| service.memory * 1024)
            .sum();
        let kib = 8_000_000u64;
        let free = kib.saturating_sub(memory + 600_000);
        text.push_str(&format!(
            "mem MemTotal {kib} kB\nmem MemAvailable {free} kB\nmem SwapTotal 0 kB\nmem SwapFree 0 kB\n"
        ));
        for line in system::df(world, true).lines() {
            text.push_str(&format!("disk {line}\n"));
        }
        for line in system::df_inodes(world).lines() {
            text.push_str(&format!("inodes {line}\n"));
        }
        text.push_str(&format!(
            "time {}.{:06}000\n",
            world.now / 1_000_000,
            world.now % 1_000_000
        ));
        text
    })
}
