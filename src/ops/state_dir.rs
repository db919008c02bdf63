//! Where this program keeps what must outlive it: `$XDG_STATE_HOME/quarterdeck`, for the user
//! alone.

use etcetera::BaseStrategy;
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The directory, made with mode 0700 when it is not there.
pub(super) fn state_dir() -> io::Result<PathBuf> {
    let base = etcetera::base_strategy::Xdg::new().map_err(io::Error::other)?;
    let dir = base
        .state_dir()
        .unwrap_or_else(|| base.home_dir().join(".local/state"))
        .join("quarterdeck");
    make(&dir)?;
    Ok(dir)
}

/// Makes a directory for the user alone.
pub(super) fn make(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

/// Options for a file that only the user may read.
pub(super) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.mode(0o600);
    options
}
