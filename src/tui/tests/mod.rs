//! The console without a network: its real loop, driven by key strings, with an executor that
//! only writes down what it was told.

mod cloud;
mod connection;
mod drive;
mod palette;
mod screens;
mod scrolling;
mod storm;
mod tiny;

use super::{
    effect::Effect,
    model::{EnvId, Model, Preferences, World},
    msg::{EnvMsg, Msg},
    run::{Console, Executor, Input},
    update,
};
use crate::{
    config::{Destination, Environment},
    remote::{
        ConnState, HostId,
        metrics::{Disk, Metrics, MetricsEvent},
        systemd::{Unit, UnitEvent},
    },
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use std::{io, time::Duration};
use tokio::sync::mpsc;

pub(in crate::tui) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Writes down effects.
#[derive(Default)]
pub(super) struct Recorder(pub(super) Vec<Effect>);

impl Executor for Recorder {
    fn execute(&mut self, effect: Effect) {
        self.0.push(effect);
    }
}

pub(super) fn environment(name: &str, hosts: &[&str], read_only: bool) -> Environment {
    let mut environment = Environment::new(name);
    environment.read_only = read_only;
    environment.hosts = hosts
        .iter()
        .map(|host| Destination {
            name: (*host).to_owned(),
            user: None,
            host: (*host).to_owned(),
            port: None,
        })
        .collect();
    environment
}

/// Production with two hosts, staging read-only with one, an empty one.
pub(in crate::tui) fn model() -> Model {
    let worlds = [
        environment("production", &["web-1", "db-1"], false),
        environment("staging", &["stage-1"], true),
        environment("void", &[], false),
    ]
    .iter()
    .map(|environment| World::new(environment, false))
    .collect();
    let mut model = Model::new(worlds, EnvId::new("production"), Preferences::default());
    model.themes = vec!["dark".into(), "light".into()];
    update::update(&mut model, Msg::Clock(now()));
    model
}

pub(super) fn unit(name: &str, active: &str, sub: &str) -> Unit {
    Unit {
        name: name.into(),
        description: format!("The {} of this host", name.split('.').next().unwrap()),
        load: "loaded".into(),
        active: active.into(),
        sub: sub.into(),
        since: Some("2026-11-23T09:41:07Z".parse().unwrap()),
        result: Some("success".into()),
        file_state: Some("enabled".into()),
        memory_bytes: Some(37 << 20),
        cpu_nsec: Some(12_300_000_000),
        main_pid: Some(4711),
        ..Unit::default()
    }
}

pub(super) fn units() -> Vec<Unit> {
    vec![
        unit("nginx.service", "active", "running"),
        unit("sshd.service", "active", "running"),
        Unit {
            result: Some("exit-code".into()),
            exit_status: Some(203),
            restarts: Some(5),
            memory_bytes: None,
            ..unit("podman-worker.service", "failed", "failed")
        },
        Unit {
            next_elapse: Some("2026-11-23T18:00:00Z".parse().unwrap()),
            triggers: vec!["backup.service".into()],
            ..unit("backup.timer", "active", "waiting")
        },
        unit("backup.service", "inactive", "dead"),
        unit("dbus.socket", "active", "listening"),
        Unit {
            description: "名前の長いユニット \u{1b}[31mred".into(),
            ..unit(
                "very-long-unit-name-that-goes-on-and-on-and-never-ends@instance.service",
                "activating",
                "start-pre",
            )
        },
    ]
}

pub(super) fn metrics() -> Metrics {
    Metrics {
        at: now(),
        load1: 0.5,
        load5: 0.4,
        load15: 0.3,
        cpus: Some(4),
        cpu_used: Some(0.12),
        memory_total: 8 << 30,
        memory_available: 5 << 30,
        swap_total: 0,
        swap_free: 0,
        disks: vec![Disk {
            mount: "/mnt/data".into(),
            device: "/dev/sdb".into(),
            kind: Some("ext4".into()),
            total: 100 << 30,
            used: 96 << 30,
            available: 4 << 30,
            inodes_total: None,
            inodes_used: None,
        }],
        uptime: Duration::from_secs(86_400 * 12),
        kernel: Some("Linux 6.12.5".into()),
        boot_id: None,
        clock_skew: None,
    }
}

/// What comes when a host is reached.
pub(in crate::tui) fn arrives(env: &str, host: &str) -> Vec<Msg> {
    let (env, host) = (EnvId::new(env), HostId::new(host));
    let up = ConnState::Up {
        rtt: Some(Duration::from_millis(24)),
    };
    vec![
        Msg::Env(env.clone(), EnvMsg::Conn(host.clone(), up)),
        Msg::Env(
            env.clone(),
            EnvMsg::Units(host.clone(), UnitEvent::All(units())),
        ),
        Msg::Env(env, EnvMsg::Metrics(host, MetricsEvent::Sample(metrics()))),
    ]
}

/// Production, both hosts reached.
pub(in crate::tui) fn live() -> Model {
    let mut model = model();
    update::start(&mut model);
    for host in ["web-1", "db-1"] {
        for msg in arrives("production", host) {
            update::update(&mut model, msg);
        }
    }
    model
}

/// `:logs nginx<ret>` as key events.
pub(super) fn keys(text: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let named = rest
            .strip_prefix('<')
            .and_then(|after| after.split_once('>'))
            .and_then(|(name, after)| Some((named(name)?, after)));
        match named {
            Some((key, after)) => {
                keys.push(key);
                rest = after;
            }
            None => {
                keys.push(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
                rest = rest.get(c.len_utf8()..).unwrap();
            }
        }
    }
    keys
}

fn named(name: &str) -> Option<KeyEvent> {
    let plain = |code| Some(KeyEvent::new(code, KeyModifiers::NONE));
    match name {
        "ret" => plain(KeyCode::Enter),
        "esc" => plain(KeyCode::Esc),
        "tab" => plain(KeyCode::Tab),
        "bs" => plain(KeyCode::Backspace),
        "up" => plain(KeyCode::Up),
        "down" => plain(KeyCode::Down),
        "end" => plain(KeyCode::End),
        "space" => plain(KeyCode::Char(' ')),
        _ => {
            let c = name.strip_prefix("c-")?.chars().next()?;
            Some(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
        }
    }
}

/// What is left after keys went through the real loop.
pub(super) struct Driven {
    pub(super) console: Console<io::Sink>,
    pub(super) effects: Vec<Effect>,
}

impl Driven {
    pub(super) fn screen(&self) -> String {
        text(self.console.screen().shown())
    }

    pub(super) fn model(&self) -> &Model {
        &self.console.model
    }
}

/// Lines of what is on the screen, without blanks at their ends.
pub(super) fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Drives a model by keys on a terminal of this size, through the real loop.
pub(super) fn drive_on(model: Model, size: (u16, u16), text: &str) -> Driven {
    let mut console = Console::new(model, io::sink(), now);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut recorder = Recorder::default();
    runtime.block_on(async {
        let events: Vec<io::Result<Input>> = std::iter::once(Event::Resize(size.0, size.1))
            .chain(keys(text).into_iter().map(Event::Key))
            .map(|event| Ok(Input::Event(event)))
            .collect();
        let mut input = futures::stream::iter(events);
        let (_tx, mut messages) = mpsc::channel(1);
        console
            .run(&mut input, &mut messages, &mut recorder)
            .await
            .unwrap();
    });
    console.model.dirty = true;
    console.draw().unwrap();
    Driven {
        console,
        effects: recorder.0,
    }
}

/// Drives production at 80x24.
pub(super) fn drive(text: &str) -> Driven {
    drive_on(live(), (80, 24), text)
}
