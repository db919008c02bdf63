//! Small commands: who and where one is, disks, time, text filters, `logger`, faults.

use super::Io;
use crate::demo::host::Host;
use crate::demo::model::{World, journal::Source};
use crate::demo::ssh::Fault;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Everything else.
pub(super) async fn run(
    host: &Arc<Host>,
    user: &str,
    name: &str,
    args: &[&str],
    io: &mut Io,
) -> u32 {
    let text = match (name, args) {
        ("true" | ":" | "clear" | "cd" | "export" | "set" | "unset", _) => return 0,
        ("false", _) => return 1,
        ("exit", _) => return 0,
        ("echo", words) => words.join(" "),
        ("hostname", _) => host.name.clone(),
        ("pwd", _) => format!("/home/{user}"),
        ("whoami", _) => user.to_owned(),
        ("id", ["-un"]) => user.to_owned(),
        ("id", ["-u"]) => if user == "root" { "0" } else { "1000" }.to_owned(),
        ("id", ["-nG" | "-Gn"]) => format!("{user} wheel systemd-journal"),
        ("id", _) if user == "root" => "uid=0(root) gid=0(root) groups=0(root)".to_owned(),
        ("id", _) => format!("uid=1000({user}) gid=1000({user}) groups=1000({user}),1(wheel),62(systemd-journal)"),
        ("uname", []) => "Linux".to_owned(),
        ("uname", ["-r"]) => "6.12.58".to_owned(),
        ("uname", ["-sr"]) => "Linux 6.12.58".to_owned(),
        ("uname", _) => format!("Linux {} 6.12.58 #1-NixOS SMP x86_64 GNU/Linux", host.name),
        ("date", ["+%s"]) => jiff::Timestamp::now().as_second().to_string(),
        ("date", ["+%s.%N"]) => jiff::Timestamp::now().strftime("%s.%9f").to_string(),
        ("date", _) => jiff::Timestamp::now().strftime("%a %b %e %H:%M:%S UTC %Y").to_string(),
        ("df", ["-lPi" | "-i" | "-Pi"]) => host.with(|world| df_inodes(world)).trim_end().to_owned(),
        ("df", ["-h"]) => host.with(|world| df(world, false)).trim_end().to_owned(),
        ("df", _) => host.with(|world| df(world, true)).trim_end().to_owned(),
        ("uptime", _) => host.with(|world| {
            let up = (world.now - world.booted) / 60_000_000;
            format!(" up {} days, {:2}:{:02}, 1 user, load average: 0.71, 0.61, 0.48", up / 1440, up / 60 % 24, up % 60)
        }),
        ("systemctl-version" | "nixos-version", _) => "26.05 (Yarara)".to_owned(),
        ("command", ["-v", program]) => format!("/run/current-system/sw/bin/{program}"),
        ("sleep", [seconds]) => {
            let seconds = seconds.parse::<f64>().ok().filter(|s| (0.0..1e6).contains(s));
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs_f64(seconds.unwrap_or(0.0))) => return 0,
                () = io.ended() => return 130,
            }
        }
        ("reboot", _) => return fault(host, user, &["reboot"], io).await,
        ("pkill" | "killall", args) if args.last() == Some(&"journalctl") => {
            host.fault(Fault::KillJournalctl);
            return 0;
        }
        ("demo-fault", args) => return fault(host, user, args, io).await,
        ("help", _) => "This host is simulated. It knows: journalctl, systemctl, logger, cat, echo, id, uname, hostname, date, df, uptime, sleep, head, tail, grep, wc, sort, sudo, reboot, demo-fault cut BYTES|stall SECONDS|refuse SECONDS|restart|reboot|kill-journalctl|rotate|vacuum, exit".to_owned(),
        _ => {
            io.err(&format!("sh: line 1: {name}: command not found\n")).await;
            return 127;
        }
    };
    io.line(&text).await
}

/// `demo-fault`: the host or its link misbehaves.
async fn fault(host: &Arc<Host>, user: &str, args: &[&str], io: &mut Io) -> u32 {
    if user != "root" && args == ["reboot"] {
        io.err("Interactive authentication required.\n").await;
        return 1;
    }
    match Fault::parse(args) {
        Some(fault) => {
            host.fault(fault);
            0
        }
        None => {
            io.err("usage: demo-fault cut BYTES|stall SECONDS|refuse SECONDS|restart|reboot|kill-journalctl|rotate|vacuum\n")
                .await;
            2
        }
    }
}

/// `df -PkT`, or with sizes for people.
pub(super) fn df(world: &World, kib: bool) -> String {
    let mut text = if kib {
        "Filesystem     Type     1024-blocks      Used Available Capacity Mounted on\n".to_owned()
    } else {
        "Filesystem      Size  Used Avail Use% Mounted on\n".to_owned()
    };
    for disk in &world.disks {
        let free = disk.total - disk.used;
        let percent = (disk.used * 100).div_ceil(disk.total.max(1));
        let (device, place) = (disk.device, disk.place);
        if kib {
            text.push_str(&format!(
                "{device:<14} ext4 {} {} {free} {percent}% {place}\n",
                disk.total, disk.used
            ));
        } else {
            let gib = |kib: u64| format!("{:.1}G", kib as f64 / 1_048_576.0);
            text.push_str(&format!(
                "{device:<14} {:>5} {:>5} {:>5} {percent:>3}% {place}\n",
                gib(disk.total),
                gib(disk.used),
                gib(free)
            ));
        }
    }
    text
}

/// `df -Pi`.
pub(super) fn df_inodes(world: &World) -> String {
    let mut text = "Filesystem       Inodes  IUsed    IFree IUse% Mounted on\n".to_owned();
    for disk in &world.disks {
        let total = disk.total / 16;
        let used = total / 9;
        let free = total - used;
        text.push_str(&format!(
            "{:<14} {total} {used} {free} 12% {}\n",
            disk.device, disk.place
        ));
    }
    text
}

/// `logger`: a message, or with `--journald` fields from standard input.
pub(super) async fn logger(host: &Arc<Host>, user: &str, args: &[String], io: &mut Io) -> u32 {
    let mut identifier = user.to_owned();
    let mut priority = 5;
    let mut message = String::new();
    let mut extra: Vec<(Cow<'static, str>, Vec<u8>)> = Vec::new();
    if args.iter().any(|arg| arg.starts_with("--journald")) {
        let input = String::from_utf8_lossy(&io.input().await).into_owned();
        for line in input.lines() {
            match line.split_once('=') {
                Some(("MESSAGE", value)) => {
                    if !message.is_empty() {
                        message.push('\n');
                    }
                    message.push_str(value);
                }
                Some(("PRIORITY", value)) => priority = value.parse().unwrap_or(5).min(7),
                Some(("SYSLOG_IDENTIFIER", value)) => value.clone_into(&mut identifier),
                // As journald: fields with an underscore in front are its own.
                Some((name, value)) if !name.starts_with('_') => {
                    extra.push((Cow::Owned(name.to_owned()), value.into()));
                }
                _ => {}
            }
        }
    } else {
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "-t" => identifier = args.next().cloned().unwrap_or_default(),
                "-p" => {
                    args.next();
                }
                word => {
                    if !message.is_empty() {
                        message.push(' ');
                    }
                    message.push_str(word);
                }
            }
        }
        if message.is_empty() {
            message = String::from_utf8_lossy(&io.input().await)
                .trim_end()
                .to_owned();
        }
    }
    let source = Arc::new(Source {
        unit: "session-1.scope".to_owned(),
        identifier,
        exe: "/run/current-system/sw/bin/logger".to_owned(),
        transport: "journal",
        uid: if user == "root" { 0 } else { 1000 },
        invocation: String::new(),
    });
    host.with(|world| {
        let pid = world.pid();
        for line in message.split('\n') {
            world.write(&source, pid, priority, line.as_bytes(), extra.clone());
        }
    });
    0
}

/// `head`, `tail`, `grep`, `wc` and `sort` over standard input.
pub(super) async fn filter(name: &str, args: &[String], io: &mut Io) -> u32 {
    let input = String::from_utf8_lossy(&io.input().await).into_owned();
    let lines: Vec<&str> = input.lines().collect();
    let flag = |flag: &str| args.iter().any(|arg| arg == flag);
    let count = args
        .iter()
        .filter_map(|arg| {
            arg.trim_start_matches("-n")
                .trim_start_matches('-')
                .parse::<usize>()
                .ok()
        })
        .next_back()
        .unwrap_or(10);
    let kept: Vec<&str> = match name {
        "head" => lines.into_iter().take(count).collect(),
        "tail" => lines
            .iter()
            .skip(lines.len().saturating_sub(count))
            .copied()
            .collect(),
        "wc" if flag("-l") => return io.line(&lines.len().to_string()).await,
        "wc" => {
            let words = input.split_whitespace().count();
            return io
                .line(&format!("{} {words} {}", lines.len(), input.len()))
                .await;
        }
        "sort" => {
            let mut lines = lines;
            lines.sort_unstable();
            lines
        }
        _ => {
            let wanted = args.iter().find(|arg| !arg.starts_with('-'));
            let Some(Ok(regex)) = wanted.map(|pattern| {
                regex::RegexBuilder::new(pattern)
                    .case_insensitive(flag("-i"))
                    .build()
            }) else {
                io.err("grep: a pattern is needed\n").await;
                return 2;
            };
            let kept: Vec<&str> = lines
                .into_iter()
                .filter(|line| regex.is_match(line) != flag("-v"))
                .collect();
            if kept.is_empty() {
                return 1;
            }
            kept
        }
    };
    let mut text = kept.join("\n");
    text.push('\n');
    io.out(text.as_bytes()).await
}
