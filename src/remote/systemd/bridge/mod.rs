//! One D-Bus connection to a host's system bus, through `systemd-stdio-bridge` on an exec channel.
//!
//! Here: opening it and calling over it. What the calls mean is next door.

mod opening;
mod said;
mod stdio;
#[cfg(test)]
mod tests;

pub(super) use said::{CallError, problem};

use super::SystemdError;
use crate::problem::Exit;
use crate::remote::HostId;
use crate::remote::ssh::{Argv, ExitStatus, Host, Process};
use opening::{Opening, chatter, opening_failed, talkative, unreachable};
use said::reply_error;
use std::{
    num::NonZeroUsize,
    sync::{Arc, PoisonError},
    time::Duration,
};
use stdio::{FirstWords, Stdio};
use tokio::{io::AsyncReadExt, sync::watch, task::AbortHandle};
use zbus::{Connection, DynamicType, connection::Builder};

/// Where the bridge is looked for: first the remote PATH, then where NixOS and others keep it.
const PLACES: [&str; 3] = [
    "systemd-stdio-bridge",
    "/run/current-system/sw/bin/systemd-stdio-bridge",
    "/usr/bin/systemd-stdio-bridge",
];

/// How long the bridge may take to answer its first message.
const OPENING: Duration = Duration::from_secs(20);

/// How long any later answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// Messages that may wait for a slow reader of signals.
const QUEUE: usize = 4096;

/// Standard error that is kept to explain a failure.
const STDERR: u64 = 4096;

/// As whom the bridge talks to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// The SSH user.
    User,
    /// root, by `sudo -n`.
    Root,
}

/// An open connection. Cheap to clone; the remote process ends with the last clone.
#[derive(Clone)]
pub(super) struct Bridge {
    host: HostId,
    connection: Connection,
    end: Arc<End>,
}

/// How the bridge's process ended, once it has, and the task that finds out.
struct End {
    how: watch::Receiver<Option<Ended>>,
    task: AbortHandle,
}

impl Drop for End {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The end of the bridge's process.
#[derive(Debug, Clone)]
struct Ended {
    exit: ExitStatus,
    stderr: String,
}

impl Bridge {
    /// Starts the bridge on the host and says hello to the bus. Opening changes nothing: where the
    /// link breaks meanwhile it is done once more, on the next connection.
    pub(super) async fn open(host: &Host, who: As) -> Result<Bridge, SystemdError> {
        let mut missing = None;
        let mut again = true;
        for place in PLACES {
            let command = match who {
                As::User => Argv::new(place),
                As::Root => Argv::new(place).sudo(),
            };
            loop {
                let process = host.exec(&command).await.map_err(unreachable)?;
                match Bridge::over(host.id().clone(), process).await {
                    Ok(bridge) => return Ok(bridge),
                    Err(Opening::Lost(_)) if again => again = false,
                    Err(Opening::Missing(stderr)) => {
                        missing = Some(stderr);
                        break;
                    }
                    Err(Opening::Lost(error) | Opening::Failed(error)) => return Err(error),
                }
            }
        }
        Err(SystemdError::Unreachable(
            problem(
                host.id(),
                "no-systemd-bridge",
                Exit::Negative,
                format!(
                    "systemd-stdio-bridge is not on the host: {}",
                    missing.unwrap_or_default()
                ),
            )
            .hint("the host must run systemd; where it does, put systemd-stdio-bridge (package systemd) in the PATH of non-interactive shells"),
        ))
    }

    /// The same over a process that already runs.
    async fn over(host: HostId, process: Process) -> Result<Bridge, Opening> {
        let Process {
            stdin,
            stdout,
            stderr,
            exit,
        } = process;
        let (tell, how) = watch::channel(None);
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            let mut stderr = stderr.take(STDERR);
            let read = stderr.read_to_end(&mut kept);
            let (_, exit) = tokio::join!(read, exit);
            let stderr = String::from_utf8_lossy(&kept).trim().to_owned();
            tell.send_replace(Some(Ended { exit, stderr }));
        })
        .abort_handle();
        let mut end = End { how, task };
        let first = FirstWords::default();
        let socket = Stdio {
            stdin,
            stdout,
            first: first.clone(),
        };
        let builder = Builder::socket(socket).max_queued(queue());
        let failed = match tokio::time::timeout(OPENING, builder.build()).await {
            Ok(Ok(connection)) => {
                return Ok(Bridge {
                    host,
                    connection,
                    end: Arc::new(end),
                });
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", OPENING.as_secs()),
        };
        let ended = tokio::time::timeout(Duration::from_secs(2), end.how.wait_for(Option::is_some))
            .await
            .ok()
            .and_then(|how| how.ok().and_then(|ended| ended.clone()));
        let first = first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = chatter(&first) {
            return Err(Opening::Failed(talkative(&host, &words)));
        }
        Err(opening_failed(&host, failed, ended))
    }

    /// Whose bus this is.
    pub(super) fn host(&self) -> &HostId {
        &self.host
    }

    /// The connection, for its signals.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Resolves when the connection has ended, with what the bridge said last.
    pub(super) async fn closed(&self) -> String {
        self.connection.closed().await;
        self.last_words().await
    }

    /// What the bridge's standard error says about its end.
    async fn last_words(&self) -> String {
        let mut how = self.end.how.clone();
        let ended = tokio::time::timeout(Duration::from_millis(500), how.wait_for(Option::is_some))
            .await
            .ok()
            .and_then(|how| how.ok().and_then(|ended| ended.clone()));
        match ended {
            None => "it closed without a word".to_owned(),
            Some(ended) if !ended.stderr.is_empty() => ended.stderr,
            Some(ended) => match ended.exit {
                ExitStatus::Lost => "the SSH connection broke".to_owned(),
                ExitStatus::Code(code) => format!("systemd-stdio-bridge exited with {code}"),
                ExitStatus::Signal(name) => format!("systemd-stdio-bridge was killed by {name}"),
            },
        }
    }

    /// Calls a method and reads its answer.
    pub(super) async fn call<B, R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<R, CallError>
    where
        B: serde::Serialize + DynamicType + Sync,
        R: serde::de::DeserializeOwned + zbus::Type,
    {
        let call = self.connection.call_method(
            Some("org.freedesktop.systemd1"),
            path,
            Some(interface),
            method,
            body,
        );
        self.finish(call).await
    }

    /// Calls a method of the bus itself.
    pub(super) async fn call_bus<B>(&self, method: &str, body: &B) -> Result<(), CallError>
    where
        B: serde::Serialize + DynamicType + Sync,
    {
        let call = self.connection.call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            method,
            body,
        );
        self.finish(call).await
    }

    async fn finish<R>(
        &self,
        call: impl Future<Output = zbus::Result<zbus::Message>>,
    ) -> Result<R, CallError>
    where
        R: serde::de::DeserializeOwned + zbus::Type,
    {
        match tokio::time::timeout(ANSWER, call).await {
            Err(_) => Err(CallError::Late),
            Ok(Err(zbus::Error::InputOutput(error))) => {
                let mut why = self.last_words().await;
                if why.is_empty() {
                    why = error.to_string();
                }
                Err(CallError::Lost(why))
            }
            Ok(Err(error)) => Err(reply_error(error)),
            Ok(Ok(reply)) => reply
                .body()
                .deserialize()
                .map_err(|error| CallError::Malformed(error.to_string())),
        }
    }
}

fn queue() -> NonZeroUsize {
    NonZeroUsize::new(QUEUE).unwrap_or(NonZeroUsize::MIN)
}
