//! Load, memory, disks and clock of real hosts, through broken links and a reboot.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, TestHost};
use quarterdeck::{
    config::Loaded,
    remote::{
        NoPrompter,
        fleet::Fleet,
        metrics::{self, Metrics, MetricsEvent},
        ssh::Host,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

fn connect(config: &ConfigDir) -> Host {
    let loaded = Loaded::find(Some(config.path()), config.path()).unwrap();
    let environment = loaded.environment(None).unwrap();
    let fleet = Fleet::new(&environment, Arc::new(NoPrompter));
    fleet.hosts().next().unwrap().clone()
}

async fn next(events: &mut mpsc::Receiver<MetricsEvent>) -> MetricsEvent {
    tokio::time::timeout(Duration::from_secs(40), events.recv())
        .await
        .expect("no event in 40 s")
        .expect("the watch ended")
}

async fn sample(events: &mut mpsc::Receiver<MetricsEvent>) -> Metrics {
    loop {
        if let MetricsEvent::Sample(metrics) = next(events).await {
            return metrics;
        }
    }
}

#[tokio::test]
async fn what_the_host_itself_says() {
    require!(hosts);
    let server = TestHost::up("config-say");
    let config = server.config();
    let mut events = metrics::watch(connect(&config));
    let first = sample(&mut events).await;
    assert_eq!(first.cpu_used, None);
    let second = sample(&mut events).await;
    assert!(second.cpu_used.is_some());

    let total = server.run(&[
        "sed",
        "-n",
        "s/^MemTotal: *\\([0-9]*\\) kB/\\1/p",
        "/proc/meminfo",
    ]);
    assert_eq!(
        second.memory_total,
        total.trim().parse::<u64>().unwrap() * 1024
    );
    let boot = server.run(&["cat", "/proc/sys/kernel/random/boot_id"]);
    assert_eq!(second.boot_id.as_deref(), Some(boot.trim()));
    let root = second.disks.iter().find(|d| d.mount == "/").unwrap();
    assert!(root.used > 0 && root.full() < 1.0, "{root:?}");
    // Both run on one machine, so their clocks are one.
    let skew = second.clock_skew.unwrap();
    assert!(skew.abs().as_millis() < 500, "{skew:?}");
}

#[tokio::test]
async fn samples_come_again_after_a_broken_link() {
    require!(hosts);
    let server = TestHost::up("config-cut");
    let config = server.config();
    let mut events = metrics::watch(connect(&config));
    let before = sample(&mut events).await;
    server.fault("reset");
    while !matches!(next(&mut events).await, MetricsEvent::Down(_)) {}
    let after = sample(&mut events).await;
    assert!(after.at > before.at);
    // A new script knows no earlier ticks.
    assert_eq!(after.cpu_used, None);
}

#[tokio::test]
async fn samples_come_again_after_a_reboot() {
    require!(hosts);
    let server = TestHost::up("config-boot");
    let config = server.config();
    let mut events = metrics::watch(connect(&config));
    let before = sample(&mut events).await;
    server.fault("reboot");
    let mut after = sample(&mut events).await;
    while after.boot_id == before.boot_id {
        after = sample(&mut events).await;
    }
    assert!(after.boot_id.is_some() && before.boot_id.is_some());
}

#[tokio::test]
async fn nothing_is_left_running_on_the_host() {
    require!(hosts);
    let server = TestHost::up("config-end");
    let config = server.config();
    let mut events = metrics::watch(connect(&config));
    sample(&mut events).await;
    let running = || {
        let output = server.try_run(&["pgrep", "-fc", "^sh -c # Samples"]);
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    };
    assert_eq!(running(), "1");
    drop(events);
    let mut left = running();
    for _ in 0..40 {
        if left == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        left = running();
    }
    panic!("{left} scripts still run");
}
