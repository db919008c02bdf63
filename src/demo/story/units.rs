//! The units of the demo's hosts, and their boot.

use super::{
    lines::Chatter,
    tables::{COMMON, DATA, JOBS, Row, TARGETS, TIMERS, WEB},
};
use crate::demo::model::{
    Disk, Due, SECOND, World,
    journal::Source,
    unit::{Kind, Program, Service, Unit},
};
use std::sync::Arc;

fn service(row: &Row) -> Unit {
    let (name, description, program, memory, user, reloadable) = *row;
    let stem = name.trim_end_matches(".service");
    let container = stem.strip_prefix("podman-");
    let (identifier, exe) = match (container, stem) {
        (Some(container), _) => (container.to_owned(), "podman".to_owned()),
        (None, "sshd") => ("sshd-session".to_owned(), "sshd-session".to_owned()),
        (None, "postgresql") => ("postgres".to_owned(), "postgres".to_owned()),
        (None, "openbao") => ("bao".to_owned(), "bao".to_owned()),
        (None, stem) => (stem.to_owned(), stem.to_owned()),
    };
    let mut unit = Unit::new(
        name,
        description,
        Kind::Service(Service {
            program,
            exe: format!("/run/current-system/sw/bin/{exe}"),
            identifier,
            user: user.to_owned(),
            uid: if user == "root" {
                0
            } else {
                71 + u32::from(memory as u8)
            },
            reloadable,
            main_pid: 0,
            last_pid: 0,
            restarts: 0,
            runs: 0,
            result: "success",
            status: 0,
            started: 0,
            exited: 0,
            memory,
            cpu_nsec: 0,
            starts: Vec::new(),
            healthy_until: 0,
        }),
    );
    if unit.is_oneshot() && program != Program::RemainAfterExit {
        unit.file_state = "static";
    }
    if container.is_some_and(|name| name != "web") {
        unit.after.push("network-online.target".to_owned());
        unit.wants.push("network-online.target".to_owned());
    }
    unit
}

fn build(world: &mut World) {
    let web = !world.name.starts_with("data");
    let mut rows: Vec<&Row> = COMMON.iter().chain(JOBS).collect();
    rows.extend(if web { WEB } else { DATA });
    let well = world.name != "web-2";
    let rebuild: Row = (
        "nixos-rebuild.service",
        "Rebuild and switch to the system configuration",
        Program::Rebuild(well),
        310,
        "root",
        false,
    );
    let worker: Row = (
        "podman-worker.service",
        "Container worker",
        if world.name == "web-2" {
            Program::CrashLoop
        } else {
            Program::Steady
        },
        96,
        "root",
        false,
    );
    rows.push(&rebuild);
    if web {
        rows.push(&worker);
    }
    let mut units: Vec<Unit> = rows.into_iter().map(service).collect();
    for (stem, period) in TIMERS {
        let target = format!("{stem}.service");
        if let Some(found) = units.iter().find(|unit| unit.name == target) {
            let description = format!("{}, regularly", found.description);
            let kind = Kind::Timer {
                unit: target,
                period: *period,
                next: 0,
                last: 0,
            };
            units.push(Unit::new(&format!("{stem}.timer"), &description, kind));
        }
    }
    for (name, target, listen, description) in [
        (
            "dbus.socket",
            "dbus.service",
            "/run/dbus/system_bus_socket",
            "D-Bus System Message Bus Socket",
        ),
        (
            "systemd-journald.socket",
            "systemd-journald.service",
            "/run/systemd/journal/socket",
            "Journal Sockets",
        ),
        (
            "nix-daemon.socket",
            "nix-daemon.service",
            "/nix/var/nix/daemon-socket/socket",
            "Nix Daemon Socket",
        ),
        (
            "nixos-rebuild.socket",
            "nixos-rebuild.service",
            "127.0.0.1:4444",
            "Rebuild on connection",
        ),
    ] {
        let kind = Kind::Socket {
            unit: target.to_owned(),
            listen: listen.to_owned(),
        };
        units.push(Unit::new(name, description, kind));
    }
    for (name, description) in TARGETS {
        units.push(Unit::new(name, description, Kind::Target));
    }
    for (name, what, place, description) in [
        ("-.mount", "/dev/sda1", "/", "Root Mount"),
        ("boot.mount", "/dev/sda15", "/boot", "/boot"),
        ("mnt-data.mount", "/dev/sdb", "/mnt/data", "/mnt/data"),
    ] {
        let kind = Kind::Mount {
            what: what.to_owned(),
            place: place.to_owned(),
        };
        units.push(Unit::new(name, description, kind));
    }
    units.push(Unit::new("system.slice", "System Slice", Kind::Slice));
    units.push(Unit::new(
        "user.slice",
        "User and Session Slice",
        Kind::Slice,
    ));
    units.push(Unit::new(
        "init.scope",
        "System and Service Manager",
        Kind::Scope,
    ));
    for unit in &mut units {
        if !matches!(
            unit.kind,
            Kind::Service(_) | Kind::Timer { .. } | Kind::Socket { .. }
        ) {
            unit.file_state = "static";
        }
    }
    world.units = units
        .into_iter()
        .map(|unit| (unit.name.clone(), unit))
        .collect();
    let gib = 1024 * 1024;
    let data = if web { 34 } else { 88 };
    world.disks = vec![
        Disk {
            device: "/dev/sda1",
            place: "/",
            total: 75 * gib,
            used: 31 * gib,
        },
        Disk {
            device: "/dev/sda15",
            place: "/boot",
            total: 253 * 1024,
            used: 84 * 1024,
        },
        Disk {
            device: "/dev/sdb",
            place: "/mnt/data",
            total: 98 * gib,
            used: 98 * gib * data / 100,
        },
    ];
}

/// Boots a host: its units come up, its kernel and systemd tell, its chatter begins.
pub(crate) fn populate(world: &mut World) {
    if world.units.is_empty() {
        build(world);
    } else {
        for unit in world.units.values_mut() {
            (unit.active, unit.sub, unit.job) = ("inactive", "dead", None);
            if let Some(service) = unit.service_mut() {
                (service.main_pid, service.restarts) = (0, 0);
                service.starts.clear();
            }
        }
    }
    let kernel = Arc::new(Source {
        unit: String::new(),
        identifier: "kernel".to_owned(),
        exe: String::new(),
        transport: "kernel",
        uid: 0,
        invocation: String::new(),
    });
    for (priority, text) in [
        (
            5,
            "Linux version 6.12.58 (nixbld@localhost) (gcc (GCC) 14.3.0, GNU ld (GNU Binutils) 2.44) #1-NixOS SMP PREEMPT_DYNAMIC",
        ),
        (
            6,
            "Command line: init=/nix/store/0xl3v4j0-nixos-system/init console=tty1 loglevel=4",
        ),
        (6, "Hypervisor detected: KVM"),
        (6, "Memory: 7878148K/8191480K available"),
        (4, "ACPI: PM-Timer had no reasonable value"),
        (6, "virtio_net virtio1 enp1s0: renamed from eth0"),
        (
            6,
            "EXT4-fs (sdb): mounted filesystem with ordered data mode",
        ),
    ] {
        world.write(&kernel, 0, priority, text.as_bytes(), Vec::new());
    }
    let names: Vec<String> = world.units.keys().cloned().collect();
    for name in names {
        let Some(unit) = world.units.get(&name) else {
            continue;
        };
        let on_boot = match unit.service() {
            Some(service) => matches!(
                service.program,
                Program::Steady | Program::CrashLoop | Program::RemainAfterExit
            ),
            None => true,
        };
        if let Kind::Timer { period, .. } = unit.kind {
            let first = world.rng.i64(20..=period.min(600)) * SECOND;
            if let Some(Kind::Timer { next, .. }) =
                world.units.get_mut(&name).map(|unit| &mut unit.kind)
            {
                *next = world.now + first;
            }
            world.later(first, Due::Elapse(name.clone()));
        }
        // The worker of web-2 only begins to crash a quarter of an hour before the demo.
        let spare = world.begin - 840 * SECOND - world.now;
        if let Some(service) = world
            .units
            .get_mut(&name)
            .and_then(|unit| unit.service_mut())
            && service.program == Program::CrashLoop
        {
            service.healthy_until = world.now + spare.max(0);
        }
        if on_boot {
            let _ = world.start(&name, false);
        }
    }
    world.chatter = Chatter::of(&world.name, &world.units);
    for which in 0..world.chatter.len() {
        let first = world.rng.i64(SECOND..9 * SECOND);
        world.later(first, Due::Chatter(which));
    }
    world.later(15 * SECOND, Due::Disk);
}
