//! Journal files and directories of this machine, read by its own journalctl: a host without a
//! connection.

use crate::logs::stream::Source;
use crate::problem::Problem;
use crate::remote::{
    HostId,
    ssh::{Argv, ExitStatus, Process, SshError},
};
use std::{path::Path, process::Stdio};

/// Which files journalctl is to read.
#[derive(Debug, Clone)]
pub(super) struct Local {
    id: HostId,
    option: String,
}

impl Local {
    pub(super) fn directory(id: HostId, path: &Path) -> Local {
        let option = format!("--directory={}", path.display());
        Local { id, option }
    }

    pub(super) fn file(id: HostId, path: &Path) -> Local {
        // A pattern to journalctl: what stands for itself has to be said so.
        let mut option = "--file=".to_owned();
        for c in path.display().to_string().chars() {
            if matches!(c, '*' | '?' | '[' | '\\') {
                option.push('\\');
            }
            option.push(c);
        }
        Local { id, option }
    }
}

#[async_trait::async_trait]
impl Source for Local {
    fn id(&self) -> &HostId {
        &self.id
    }

    async fn exec(&self, command: &Argv) -> Result<Process, SshError> {
        let mut words = command.words().iter();
        let program = match words.next() {
            Some(program) if program == "journalctl" => program,
            // What else a host is asked is about its own journal, not about a file.
            _ => return Ok(ended(ExitStatus::Code(0), String::new())),
        };
        let mut command = tokio::process::Command::new(program);
        command
            .arg(&self.option)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = crate::job_control::start(|| command.spawn());
        let mut child = match child {
            Ok(child) => child,
            Err(error) => return Ok(ended(ExitStatus::Code(127), error.to_string())),
        };
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Ok(ended(ExitStatus::Lost, String::new()));
        };
        Ok(Process {
            stdin: Box::new(tokio::io::sink()),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            exit: Box::pin(async move {
                match child.wait().await {
                    Ok(status) => match status.code().map(u32::try_from) {
                        Some(Ok(code)) => ExitStatus::Code(code),
                        _ => ExitStatus::Signal("KILL".to_owned()),
                    },
                    Err(_) => ExitStatus::Lost,
                }
            }),
        })
    }

    async fn ready(&self) -> Result<(), Problem> {
        Ok(())
    }

    async fn changed(&self) {
        std::future::pending::<()>().await;
    }

    fn trouble(&self) -> Option<Problem> {
        None
    }
}

/// A process that did nothing but say this.
fn ended(exit: ExitStatus, said: String) -> Process {
    Process {
        stdin: Box::new(tokio::io::sink()),
        stdout: Box::new(tokio::io::empty()),
        stderr: Box::new(std::io::Cursor::new(said.into_bytes())),
        exit: Box::pin(std::future::ready(exit)),
    }
}
