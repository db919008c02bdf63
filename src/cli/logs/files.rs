//! `--file`: files in the place of hosts.

use super::answer::Taker;
use crate::cli::Global;
use crate::logs::{Query, file::LogFile, origin::Origin};
use crate::problem::{Exit, Problem};
use std::path::{Path, PathBuf};

/// Opens them; those with the same name are told apart by their whole paths.
pub(super) async fn open(paths: &[PathBuf]) -> Result<Vec<LogFile>, Problem> {
    let wanted = paths.to_vec();
    // The first bytes of a pipe may take their time.
    let opened = tokio::task::spawn_blocking(move || {
        let mut files: Vec<(PathBuf, LogFile)> = Vec::new();
        for path in wanted {
            if files.iter().any(|(before, _)| *before == path) {
                continue;
            }
            let mut file = LogFile::open(&path)?;
            if files.iter().any(|(_, before)| before.id() == file.id()) {
                file = file.named(&shown(&path));
            }
            files.push((path, file));
        }
        Ok::<_, Problem>(files)
    });
    let files = opened.await.map_err(|error| failed(&error))??;
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

/// Files that we read ourselves, when nothing else is asked.
pub(super) fn read_here(origins: &[Origin]) -> Option<Vec<LogFile>> {
    let file = |origin: &Origin| match origin {
        Origin::File(file) => file.format().is_some().then(|| file.clone()),
        Origin::Host(_) => None,
    };
    origins.iter().map(file).collect()
}

/// Answers a question about all of these files, each of which is read on all processors; gives the
/// taker back, and what went wrong.
pub(super) async fn answer(
    files: Vec<LogFile>,
    query: Query,
    mut taker: Taker,
) -> Result<(Taker, Vec<Problem>), Problem> {
    let asked = tokio::task::spawn_blocking(move || {
        let asked = files.iter().map(|file| taker.take_all(file, &query));
        let problems = asked.filter_map(Result::err).collect();
        (taker, problems)
    });
    asked.await.map_err(|error| failed(&error))
}

fn failed(error: &tokio::task::JoinError) -> Problem {
    Problem::new("journal", "journal-file", Exit::Negative, error.to_string())
}

/// Files know hosts only by what their entries tell.
pub(super) fn without_hosts(global: &Global) -> Result<(), Problem> {
    if global.hosts.is_empty() {
        return Ok(());
    }
    let message = "--host and --file exclude each other";
    let problem = Problem::new("cli", "host-and-file", Exit::Usage, message);
    Err(problem.hint("leave --host out; of a file's lines choose some with --filter"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Where entries come in on standard input, keys come from the terminal all the same: what is
/// left of the program reads it as its standard input.
pub(super) fn keys_from_terminal(files: &[LogFile]) -> Result<(), Problem> {
    if !files.iter().any(LogFile::is_input) {
        return Ok(());
    }
    let taken = || -> std::io::Result<()> {
        let name = nix::unistd::ttyname(std::io::stdout())?;
        let terminal = std::fs::File::options().read(true).write(true).open(name)?;
        nix::unistd::dup2_stdin(terminal)?;
        Ok(())
    };
    taken().map_err(|error| {
        let message = format!("keys cannot be read from the terminal: {error}");
        Problem::new("console", "no-terminal", Exit::Usage, message)
            .hint("print instead, with -o short")
    })
}

/// Whether it is standard input.
pub(super) fn is_input(origin: &Origin) -> bool {
    matches!(origin, Origin::File(file) if file.is_input())
}
