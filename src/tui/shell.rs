//! A shell on a host while the console has given up the terminal: this very program as a child,
//! over the same settings and host key policy.

use super::{
    model::EnvId,
    msg::{Level, Msg},
};
use crate::{remote::HostId, text};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStderr, Command},
};

/// How the program's own messages begin.
const OURS: &str = "qd: ";
/// How long the last of them may take. Others may hold the pipe for longer, such as a master
/// connection that ssh leaves behind.
const LAST: Duration = Duration::from_millis(200);

/// Until it ends; what there is to say about it. The exit code says nothing: it is that of the
/// shell's last command.
pub(super) async fn run(config: &Path, env: &EnvId, host: &HostId) -> Option<Msg> {
    let failed = |error: &dyn std::fmt::Display| {
        let text = format!("cannot open a shell on {host}: {error}");
        Some(Msg::Say(Level::Error, text))
    };
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return failed(&error),
    };
    let child = Command::new(program)
        .arg("--config")
        .arg(config)
        .args(["--env", env.as_str(), "ssh", host.as_str()])
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(&error),
    };
    let mut said = String::new();
    let ended = match child.stderr.take() {
        Some(stderr) => {
            let mut passing = std::pin::pin!(pass_on(stderr, &mut said));
            tokio::select! {
                ended = child.wait() => {
                    // Where it takes longer, what has come is all there is to say.
                    let _ = tokio::time::timeout(LAST, passing).await;
                    ended
                }
                () = &mut passing => child.wait().await,
            }
        }
        None => child.wait().await,
    };
    match ended {
        Ok(status) if status.success() || said.is_empty() => None,
        Ok(_) => Some(Msg::Say(Level::Error, said)),
        Err(error) => failed(&error),
    }
}

/// Shows what the child says on standard error and keeps its last message.
async fn pass_on(from: ChildStderr, last: &mut String) {
    let mut from = BufReader::new(from);
    let mut screen = tokio::io::stderr();
    let mut line = Vec::new();
    while let Ok(1..) = from.read_until(b'\n', &mut line).await {
        // A terminal that cannot be written to has nobody to tell.
        let _ = screen.write_all(&line).await;
        let _ = screen.flush().await;
        let shown = String::from_utf8_lossy(&line);
        if let Some(message) = shown.trim_end().strip_prefix(OURS) {
            *last = text::clean(message).into_owned();
        }
        line.clear();
    }
}
