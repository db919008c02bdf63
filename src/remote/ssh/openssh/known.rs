//! Where ssh finds the keys of hosts, and where it puts new ones.

use crate::remote::ssh::resolve::Resolved;
use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Where ssh finds the keys of hosts, and where it puts new ones: into a file of this connection,
/// from which they are remembered unless they were taken for once.
pub(super) struct Known {
    /// The value of UserKnownHostsFile.
    pub(super) option: String,
    /// The user's file that remembers.
    pub(super) file: PathBuf,
    new: PathBuf,
}

impl Known {
    pub(super) fn new(directory: &Path, resolved: &Resolved) -> Option<Known> {
        let files = resolved.listed("userknownhostsfile");
        let new = directory.join("known_hosts");
        let quoted = |file: &PathBuf| format!("\"{}\"", file.display());
        let option: Vec<String> = std::iter::once(&new).chain(&files).map(quoted).collect();
        Some(Known {
            option: option.join(" "),
            file: files.into_iter().next()?,
            new,
        })
    }

    /// Adds what ssh learned to the user's file.
    pub(super) fn remember(&self) -> std::io::Result<()> {
        let learned = match std::fs::read(&self.new) {
            Ok(learned) if !learned.is_empty() => learned,
            _ => return Ok(()),
        };
        std::fs::remove_file(&self.new)?;
        if let Some(directory) = self.file.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        let torn = std::fs::read(&self.file).is_ok_and(|b| b.last().is_some_and(|l| *l != b'\n'));
        let mut all = if torn { vec![b'\n'] } else { Vec::new() };
        all.extend(learned);
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file)?
            .write_all(&all)
    }
}
