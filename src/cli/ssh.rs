//! `qd ssh`: a shell, or a command with its exit code.

use super::{
    Global, Run,
    context::{self, Session},
    output,
};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::{Argv, ExitStatus, Host, Process};
use clap::Args;
use std::io::IsTerminal;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout_at,
};

/// A shell or a command on a host
///
/// Over the same settings and host key policy as the console. A command of one word is a line
/// for the remote shell; several words are passed exactly as they are. The exit code is the
/// command's.
#[derive(Debug, Args)]
pub struct Ssh {
    /// Which host; may be left out where the environment has one
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// What to run there, after `--`
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Ssh {
    /// Whether this is a shell on our terminal.
    pub(super) fn is_shell(&self) -> bool {
        self.command.is_empty()
    }
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Ssh) -> Run {
    let mut global = global.clone();
    global.hosts.extend(command.host);
    let session = Session::open(&global)?;
    let host = session.one_host()?;
    match line(command.command) {
        None => shell(host).await,
        Some(line) => {
            let Some(at) = session.deadline() else {
                context::contact(host).await?;
                return execute(host, &line).await;
            };
            let contact = timeout_at(at, context::contact(host)).await;
            contact.unwrap_or_else(|_| Err(context::timed_out().on(host.id().as_str())))?;
            let late = "the command did not end within the time that --timeout allows";
            let executed = timeout_at(at, execute(host, &line)).await;
            executed.unwrap_or_else(|_| Err(unknown(host, "timeout", late)))
        }
    }
}

/// The command has started, and nothing tells how it ended.
fn unknown(host: &Host, code: &'static str, what: &str) -> Problem {
    let message = format!("{what}; it may still be running");
    Problem::new("ssh", code, Exit::Unknown, message)
        .hint(format!("look for it with `qd ssh {} -- ps -ef`", host.id()))
        .on(host.id().as_str())
}

fn line(words: Vec<String>) -> Option<Argv> {
    let mut words = words.into_iter();
    let first = words.next()?;
    let rest: Vec<String> = words.collect();
    Some(if rest.is_empty() {
        Argv::new("sh").arg("-c").arg(first)
    } else {
        Argv::new(first).args(rest)
    })
}

async fn shell(host: &Host) -> Run {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Problem::new(
            "cli",
            "no-terminal",
            Exit::Usage,
            "a shell needs a terminal on standard input and output",
        )
        .hint(format!("run a command: qd ssh {} -- COMMAND", host.id())));
    }
    let status = host.shell().await.map_err(Problem::from)?;
    match status {
        ExitStatus::Lost => {
            let message = "the shell has ended with its connection";
            let lost = Problem::new("ssh", "lost", Exit::Unreachable, message);
            Err(lost
                .hint(
                    "what ran in the foreground there was hung up; `qd doctor` looks at the way in",
                )
                .on(host.id().as_str()))
        }
        status => Ok(code(&status).unwrap_or(Exit::Negative.code())),
    }
}

async fn execute(host: &Host, line: &Argv) -> Run {
    let Process {
        stdin,
        stdout,
        stderr,
        exit,
    } = host.exec(line).await.map_err(Problem::from)?;
    // Input goes on for as long as the command runs, not longer.
    let input = tokio::spawn(feed(stdin));
    let (out, err, status) = tokio::join!(
        pass(stdout, tokio::io::stdout()),
        pass(stderr, tokio::io::stderr()),
        exit
    );
    input.abort();
    out.and(err).map_err(|error| output::write_failed(&error))?;
    let lost = "the connection ended before the command did";
    code(&status).ok_or_else(|| unknown(host, "lost", lost))
}

async fn feed(mut to: Box<dyn AsyncWrite + Send + Unpin>) {
    let copied = tokio::io::copy(&mut tokio::io::stdin(), &mut to).await;
    if copied.is_ok() {
        let _ = to.shutdown().await;
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return to.flush().await;
        };
        to.write_all(bytes).await?;
        to.flush().await?;
    }
}

/// As a shell counts; None when it is unknown.
fn code(status: &ExitStatus) -> Option<u8> {
    match status {
        ExitStatus::Code(code) => Some(u8::try_from(*code).unwrap_or(u8::MAX)),
        ExitStatus::Signal(name) => {
            let number = format!("SIG{name}")
                .parse::<nix::sys::signal::Signal>()
                .map_or(0, |signal| signal as i32);
            u8::try_from(128 + number).ok()
        }
        ExitStatus::Lost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_a_line_for_the_shell_several_are_exact() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
        assert_eq!(line(words(&[])), None);
        assert_eq!(
            line(words(&["a | b"])).unwrap().to_string(),
            "sh -c 'a | b'"
        );
        assert_eq!(
            line(words(&["cat", "a b"])).unwrap().to_string(),
            "cat 'a b'"
        );
    }

    #[test]
    fn codes_are_as_a_shell_counts() {
        assert_eq!(code(&ExitStatus::Code(7)), Some(7));
        assert_eq!(code(&ExitStatus::Signal("KILL".to_owned())), Some(137));
        assert_eq!(code(&ExitStatus::Lost), None);
    }
}
