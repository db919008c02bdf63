//! The few files that a simulated host has.

use super::Io;
use crate::demo::host::Host;
use std::sync::Arc;

/// `cat`.
pub(super) async fn cat(host: &Arc<Host>, args: &[String], io: &mut Io) -> u32 {
    let files: Vec<&String> = args.iter().filter(|arg| *arg != "--").collect();
    if files.is_empty() {
        let input = io.input().await;
        return io.out(&input).await;
    }
    let mut status = 0;
    for path in files {
        match read(host, path) {
            Some(text) => {
                io.out(text.as_bytes()).await;
            }
            None => {
                io.err(&format!("cat: {path}: No such file or directory\n"))
                    .await;
                status = 1;
            }
        }
    }
    status
}

fn read(host: &Arc<Host>, path: &str) -> Option<String> {
    match path {
        "/etc/hostname" => return Some(format!("{}\n", host.name)),
        "/etc/os-release" => {
            return Some("ID=nixos\nNAME=NixOS\nPRETTY_NAME=\"NixOS 26.05 (Yarara)\"\nVERSION_ID=\"26.05\"\n".to_owned());
        }
        "/etc/machine-id" => {
            return host.with(|world| Some(format!("{}\n", world.journal.machine)));
        }
        "/proc/sys/kernel/random/boot_id" => {
            return host.with(|world| Some(format!("{}\n", world.boot)));
        }
        _ => {}
    }
    let name = path.strip_prefix("/etc/systemd/system/")?;
    host.with(|world| world.units.get(name).map(|unit| unit.file()))
}

/// `ls`.
pub(super) async fn ls(io: &mut Io) -> u32 {
    io.line("README").await
}
