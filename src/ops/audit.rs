//! The local audit log: one JSON line when an operation begins and one when it ends.
//!
//! Append-only, in `$XDG_STATE_HOME/quarterdeck/audit.jsonl`, mode 0600, safe with several
//! consoles at once. Records are made from plans and outcomes, which hold no secrets.

use super::{EndState, Intent, Plan, state_dir};
use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The longest line that is read; a longer one counts as damaged.
const LONGEST: u64 = 256 * 1024;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Identifies the operation; begin and end share it.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None` while it runs, or when the program was killed meanwhile.
    pub ended: Option<Timestamp>,
    /// Who: the local user.
    pub user: String,
    /// The machine this program ran on.
    pub client: String,
    /// Which environment.
    pub environment: String,
    /// Where.
    pub host: String,
    /// `restart`, `rebuild`, …
    pub operation: String,
    /// On what.
    pub unit: String,
    /// The plan's steps.
    pub steps: Vec<String>,
    /// How it ended; `None` as long as `ended` is.
    pub result: Option<EndState>,
    /// The outcome in one sentence.
    pub summary: Option<String>,
    /// The code of the problem, if there was one.
    pub problem: Option<String>,
    /// systemd's job, where there was one.
    pub job: Option<u32>,
    /// The unit's run.
    pub invocation_id: Option<String>,
}

impl Record {
    /// The record of a plan that is about to be executed.
    pub(super) fn of(plan: &Plan, now: Timestamp) -> Record {
        Record {
            id: format!("{:x}-{:08x}", now.as_millisecond(), fastrand::u32(..)),
            began: now,
            ended: None,
            user: user(),
            client: client(),
            environment: plan.environment.clone(),
            host: plan.intent.host().to_string(),
            operation: plan.intent.operation().to_owned(),
            unit: Intent::unit(&plan.intent).to_owned(),
            steps: plan.steps.clone(),
            result: None,
            summary: None,
            problem: None,
            job: None,
            invocation_id: None,
        }
    }

    /// How long it took.
    pub fn duration(&self) -> Option<jiff::SignedDuration> {
        Some(self.ended?.duration_since(self.began))
    }
}

/// The local user's name.
pub(super) fn user() -> String {
    nix::unistd::User::from_uid(nix::unistd::getuid())
        .ok()
        .flatten()
        .map(|user| user.name)
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| format!("uid {}", nix::unistd::getuid()))
}

fn client() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

/// The log's file.
///
/// # Errors
/// When there is no home directory or the directory cannot be made.
pub fn path() -> io::Result<PathBuf> {
    Ok(state_dir::state_dir()?.join("audit.jsonl"))
}

/// Appends a record.
///
/// # Errors
/// Those of the file system; nothing was appended then, or a part that readers skip.
pub fn append(record: &Record) -> io::Result<()> {
    append_to(&path()?, record)
}

fn append_to(path: &Path, record: &Record) -> io::Result<()> {
    let mut line = serde_json::to_string(record)?;
    line.push('\n');
    let file = state_dir::private()
        .create(true)
        .append(true)
        .read(true)
        .open(path)?;
    let mut file =
        Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| io::Error::from(errno))?;
    if !ends_a_line(&mut file)? {
        // Another writer was cut off; its line must not swallow ours.
        file.write_all(b"\n")?;
    }
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// What the log holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Oldest first; one record an operation.
    pub records: Vec<Record>,
    /// Lines that could not be understood.
    pub damaged: usize,
}

/// Reads the newest `most` operations. A log that is not there is empty.
///
/// # Errors
/// Those of the file system.
pub fn read(most: usize) -> io::Result<Log> {
    read_from(&path()?, most)
}

fn read_from(path: &Path, most: usize) -> io::Result<Log> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Log::default()),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut log = Log::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Record>(text) {
            Ok(record) => {
                // Begin and end are close to each other: the search is short.
                match log.records.iter_mut().rev().find(|r| r.id == record.id) {
                    Some(begun) => *begun = record,
                    None => log.records.push(record),
                }
            }
            Err(_) => log.damaged += 1,
        }
        // Twice, so that trimming costs nothing to speak of.
        if log.records.len() > most.saturating_mul(2).max(16) {
            log.records.drain(..log.records.len() - most);
        }
    }
    let surplus = log.records.len().saturating_sub(most);
    log.records.drain(..surplus);
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn record(id: &str) -> Record {
        Record {
            id: id.into(),
            began: Timestamp::from_second(1_700_000_000).unwrap(),
            ended: None,
            user: "ops".into(),
            client: "laptop".into(),
            environment: "production".into(),
            host: "web-1".into(),
            operation: "restart".into(),
            unit: "nginx.service".into(),
            steps: vec!["RestartUnit nginx.service replace".into()],
            result: None,
            summary: None,
            problem: None,
            job: None,
            invocation_id: None,
        }
    }

    #[test]
    fn begin_and_end_are_one_record_and_damage_is_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        assert_eq!(read_from(&path, 10).unwrap(), Log::default());
        append_to(&path, &record("a")).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut done = record("a");
        done.ended = Some(done.began);
        done.result = Some(EndState::Succeeded);
        append_to(&path, &record("b")).unwrap();
        append_to(&path, &done).unwrap();
        // A writer that was cut off in the middle of a line, and bytes that are no text.
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(b"\xff\xfe\n{\"id\":\"c\",\"beg").unwrap();
        append_to(&path, &record("d")).unwrap();
        let log = read_from(&path, 10).unwrap();
        assert_eq!(log.damaged, 2);
        assert_eq!(log.records, [done, record("b"), record("d")]);
        assert_eq!(read_from(&path, 1).unwrap().records, [record("d")]);
    }

    #[test]
    fn several_writers_do_not_mix_their_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for i in 0..25 {
                        append_to(path, &record(&format!("{writer}-{i}"))).unwrap();
                    }
                });
            }
        });
        let log = read_from(&path, 1000).unwrap();
        assert_eq!((log.records.len(), log.damaged), (100, 0));
    }
}
