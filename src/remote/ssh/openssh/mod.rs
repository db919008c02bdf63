//! The system's `ssh` as a transport: one master connection, each channel a client of it.
//!
//! Everything that ssh knows works: its configuration, agents, jump hosts, security keys. What it
//! has to ask is asked by us ([`askpass`]), where it is new enough for that.

mod askpass;
mod client;
mod input;
mod known;
mod login;
mod private;
mod said;

pub use askpass::put_question;
pub(super) use login::connect;

use super::{
    Argv, ExitStatus, Options, Place, Process, SshError, Stream, Transport, place::Held,
    resolve::Resolved,
};
use crate::config::Destination;
use crate::problem::{Exit, Problem};
use crate::remote::HostId;
use client::{Client, arguments};
use input::Input;
use said::no_ssh;
use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::UnixStream, process::Command, sync::watch, time::timeout};

/// How long a client of the master may take to do what needs no network.
const LOCAL: Duration = Duration::from_secs(5);

/// A master connection, ended when dropped.
pub(super) struct Master {
    id: HostId,
    client: Client,
    over: watch::Receiver<Option<SshError>>,
}

/// A shell on this process's terminal, until it ends. ssh may ask here what it has to ask.
pub(super) async fn shell(
    id: &HostId,
    destination: &Destination,
    options: &Options,
) -> Result<ExitStatus, SshError> {
    let resolved = Resolved::ask(id, destination, options).await?;
    let status = Command::new("ssh")
        // The first value of an option holds.
        .args(["-o", "BatchMode=no"])
        .args(arguments(destination, options, &resolved))
        .args(["-t", "--", &destination.host])
        .status()
        .await;
    match status.map(|status| status.code()) {
        // ssh's own failures have been told on the terminal by itself.
        Ok(Some(255)) | Ok(None) => Ok(ExitStatus::Lost),
        Ok(Some(code)) => Ok(ExitStatus::Code(code.unsigned_abs())),
        Err(error) => Err(SshError::Link(no_ssh(id, &error))),
    }
}

impl Master {
    fn channel(&self, what: &str, error: impl std::fmt::Display) -> SshError {
        SshError::Channel(
            Problem::new(
                "ssh",
                "channel",
                Exit::Unreachable,
                format!("{what}: {error}"),
            )
            .on(self.id.as_str()),
        )
    }

    /// A client of the master whose standard input and output are the channel.
    fn stream(&self, mut command: Command, what: &str) -> Result<Box<dyn Stream>, SshError> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = crate::job_control::start(|| command.spawn())
            .map_err(|error| self.channel(what, error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.channel(what, "no pipes"));
        };
        tokio::spawn(async move { child.wait().await });
        Ok(Box::new(tokio::io::join(stdout, Input(Some(stdin)))))
    }
}

#[async_trait::async_trait]
impl Transport for Master {
    async fn exec(&self, command: &Argv, place: Option<Place>) -> Result<Process, SshError> {
        let mut client = self.client.command();
        client
            .args(["-T", "--", &self.client.destination, &command.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = crate::job_control::start(|| client.spawn())
            .map_err(|error| self.channel("cannot start ssh", error))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(self.channel("cannot start ssh", "no pipes"));
        };
        // The channel is in use while its output is read or its end awaited.
        let place = Arc::new(place);
        let held = place.clone();
        Ok(Process {
            stdin: Box::new(Input(Some(stdin))),
            stdout: Box::new(Held::new(stdout, place)),
            stderr: Box::new(stderr),
            exit: Box::pin(async move {
                let ended = child.wait().await;
                drop(held);
                match ended.map(|status| status.code()) {
                    // ssh's own failures; a remote 255 cannot be told apart.
                    Err(_) | Ok(Some(255) | None) => ExitStatus::Lost,
                    Ok(Some(code)) => ExitStatus::Code(code.unsigned_abs()),
                }
            }),
        })
    }

    async fn open_tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, SshError> {
        let mut command = self.client.command();
        let target = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        command.args(["-W", &target, "--", &self.client.destination]);
        self.stream(command, &target)
    }

    async fn open_unix(&self, path: &str) -> Result<Box<dyn Stream>, SshError> {
        let local = self
            .client
            .directory
            .path()
            .join(format!("unix-{:016x}", fastrand::u64(..)));
        let forward = format!("{}:{path}", local.display());
        let mut asked = self.client.command();
        asked.args(["-O", "forward", "-L", &forward, "--"]);
        asked.arg(&self.client.destination);
        let answer = timeout(LOCAL, crate::job_control::start(|| asked.output())).await;
        match answer {
            Ok(Ok(output)) if output.status.success() => {}
            Ok(Ok(output)) => {
                return Err(self.channel(path, String::from_utf8_lossy(&output.stderr).trim()));
            }
            Ok(Err(error)) => return Err(self.channel(path, error)),
            Err(_) => return Err(self.channel(path, "ssh does not answer")),
        }
        let stream = UnixStream::connect(&local).await;
        let stream = stream.map_err(|error| self.channel(path, error))?;
        // The listener is needed once only.
        let mut cancel = self.client.command();
        cancel.args(["-O", "cancel", "-L", &forward, "--"]);
        cancel.arg(&self.client.destination);
        let _ = timeout(LOCAL, crate::job_control::start(|| cancel.status())).await;
        let _ = std::fs::remove_file(&local);
        Ok(Box::new(stream))
    }

    /// The time of a command that does nothing: the master cannot be asked for a round trip
    /// alone.
    async fn ping(&self) -> Result<Duration, SshError> {
        let start = Instant::now();
        let process = self.exec(&Argv::new("true"), None).await?;
        drop(process.stdin);
        match process.exit.await {
            ExitStatus::Code(_) => Ok(start.elapsed()),
            _ => Err(self.channel("round trip", "the channel was lost")),
        }
    }

    async fn closed(&self) -> SshError {
        let mut over = self.over.clone();
        let ended = over.wait_for(Option::is_some).await;
        match ended.ok().and_then(|error| error.clone()) {
            Some(error) => error,
            None => self.channel("connection", "ended"),
        }
    }
}
