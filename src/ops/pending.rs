//! Operations that outlive the program: a small file for each, so that the next start can tell
//! how it went.

use super::state_dir;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fs, io, io::Write, path::PathBuf};

/// The longest file that is read.
const LONGEST: u64 = 16 * 1024;

/// A run on a host that we started and whose end we have not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The operation's id in the audit log.
    pub id: String,
    /// Which environment.
    pub environment: String,
    /// Where.
    pub host: String,
    /// The unit that runs.
    pub unit: String,
    /// Its run (32 hex digits).
    pub invocation_id: String,
    /// When it began.
    pub began: Timestamp,
}

fn directory() -> io::Result<PathBuf> {
    let dir = state_dir::state_dir()?.join("pending");
    state_dir::make(&dir)?;
    Ok(dir)
}

fn file(id: &str) -> io::Result<PathBuf> {
    // Ids are ours; whoever edits a file cannot make us write elsewhere.
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(io::Error::other("not an operation's id"));
    }
    Ok(directory()?.join(format!("{id}.json")))
}

/// Writes it down.
///
/// # Errors
/// Those of the file system.
pub(super) fn add(pending: &Pending) -> io::Result<()> {
    let path = file(&pending.id)?;
    let new = path.with_extension("new");
    let mut out = state_dir::private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&new)?;
    serde_json::to_writer(&mut out, pending)?;
    out.flush()?;
    fs::rename(new, path)
}

/// Forgets it: its end is known.
///
/// # Errors
/// Those of the file system; one that is not there is no error.
pub(super) fn remove(id: &str) -> io::Result<()> {
    match fs::remove_file(file(id)?) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Everything that is pending in an environment, oldest first. Damaged files are skipped.
///
/// # Errors
/// Those of the file system.
pub fn list(environment: &str) -> io::Result<Vec<Pending>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory()?)?.flatten() {
        let path = entry.path();
        let small = entry
            .metadata()
            .is_ok_and(|m| m.is_file() && m.len() <= LONGEST);
        if path.extension().is_none_or(|e| e != "json") || !small {
            continue;
        }
        let pending = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Pending>(&bytes).ok())
            .filter(|pending| pending.environment == environment);
        all.extend(pending);
    }
    all.sort_by_key(|pending| pending.began);
    Ok(all)
}
