//! A directory for sockets that only its owner may enter.

use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

pub(super) struct Private(PathBuf);

impl Private {
    pub(super) fn new() -> std::io::Result<Private> {
        // Short: a socket's path may have 104 bytes on some systems, and ssh adds to it.
        let name = format!("qd-{:012x}", fastrand::u64(..) >> 16);
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Private(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // What cannot be removed is an empty directory of sockets.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
