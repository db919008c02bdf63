//! The built-in transport: russh, with ssh_config as `ssh -G` resolves it, our own known_hosts
//! matcher, the agent first. [`connect`] makes a [`Native`] connection, through jump hosts where
//! the configuration names them.

mod auth;
mod channel;
mod known_hosts;
mod link;
mod patience;
mod server_key;
pub(super) mod shell;
mod socket;
mod spare;

use super::{
    Argv, Options, Place, Process, SshError, Stream, Transport, problem, resolve::Resolved,
};
use crate::config::Destination;
use crate::problem::Exit;
use crate::remote::{HostId, Prompter};
use link::{Client, Trouble};
use russh::{
    Channel,
    client::{Handle, Msg},
};
use spare::Spare;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::sleep};

pub(super) use server_key::Accepted;

/// What a connection attempt may take when nobody says; time spent asking the user not counted.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a command waits for room among the server's sessions.
const ROOM: Duration = Duration::from_secs(5);

/// An open connection, and those to the jump hosts it goes through.
pub(super) struct Native {
    id: HostId,
    handle: Arc<Handle<Client>>,
    spare: Spare,
    over: watch::Receiver<Option<SshError>>,
    _through: Vec<Handle<Client>>,
}

/// Connects and logs in.
pub(super) async fn connect(
    id: &HostId,
    destination: &Destination,
    options: &Options,
    prompter: Arc<dyn Prompter>,
    accepted: &Accepted,
) -> Result<Native, SshError> {
    let resolved = Resolved::ask(id, destination, options).await?;
    let dialling = link::Dialling {
        id,
        options,
        prompter,
        accepted,
        limit: options
            .connect_timeout
            .or_else(|| resolved.seconds("connecttimeout"))
            .unwrap_or(CONNECT),
    };
    let made = dialling.dial(&resolved).await?;
    let handle = Arc::new(made.handle);
    Ok(Native {
        id: id.clone(),
        spare: Spare::new(&handle),
        handle,
        over: made.over,
        _through: made.through,
    })
}

impl Native {
    /// A session channel. A server that has no room for it (MaxSessions may be less than what we
    /// take, and commands that were given up need a moment to end) is asked again for a while; by
    /// then the spare one may be there.
    async fn session(&self) -> Result<Channel<Msg>, SshError> {
        use russh::{ChannelOpenFailure as Failure, Error};
        let start = Instant::now();
        loop {
            match self.spare.take(&self.handle).await {
                Ok(channel) => return Ok(channel),
                Err(Error::ChannelOpenFailure(
                    Failure::ConnectFailed | Failure::ResourceShortage,
                )) if start.elapsed() < ROOM => sleep(ROOM / 50).await,
                Err(Error::ChannelOpenFailure(
                    Failure::ConnectFailed | Failure::ResourceShortage,
                )) => {
                    return Err(SshError::Channel(
                        problem(
                            &self.id,
                            "no-session",
                            Exit::Unreachable,
                            "the server has no room for another command on this connection",
                        )
                        .hint("raise MaxSessions in its sshd_config to 10, the default"),
                    ));
                }
                Err(error) => return Err(self.channel("cannot open a session", error)),
            }
        }
    }

    fn channel(&self, what: &str, error: russh::Error) -> SshError {
        use russh::{ChannelOpenFailure, Error};
        let reason = match &error {
            Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited) => {
                "the server does not allow it".to_owned()
            }
            Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed) => {
                "the host could not connect to it".to_owned()
            }
            Error::SendError | Error::Disconnect => {
                return self.over.borrow().clone().unwrap_or_else(|| {
                    SshError::Link(
                        problem(
                            &self.id,
                            "connection-lost",
                            Exit::Unreachable,
                            "the connection was lost",
                        )
                        .hint("try again: it is made anew"),
                    )
                });
            }
            other => Trouble::text(other),
        };
        SshError::Channel(problem(
            &self.id,
            "channel",
            Exit::Unreachable,
            format!("{what}: {reason}"),
        ))
    }
}

#[async_trait::async_trait]
impl Transport for Native {
    async fn exec(&self, command: &Argv, place: Option<Place>) -> Result<Process, SshError> {
        let channel = self.session().await?;
        let asked = channel.exec(true, command.to_string()).await;
        asked.map_err(|e| self.channel("cannot run a command", e))?;
        Ok(channel::process(channel, None, place))
    }

    async fn open_tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, SshError> {
        let opened = self
            .handle
            .channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 0)
            .await;
        let channel = opened.map_err(|e| self.channel(&format!("{host}:{port}"), e))?;
        Ok(Box::new(channel::stream(channel)))
    }

    async fn open_unix(&self, path: &str) -> Result<Box<dyn Stream>, SshError> {
        let opened = self.handle.channel_open_direct_streamlocal(path).await;
        let channel = opened.map_err(|e| self.channel(path, e))?;
        Ok(Box::new(channel::stream(channel)))
    }

    async fn ping(&self) -> Result<Duration, SshError> {
        let start = Instant::now();
        let asked = self.handle.send_ping().await;
        asked.map_err(|e| self.channel("round trip", e))?;
        if self.handle.is_closed() {
            return Err(self.channel("round trip", russh::Error::Disconnect));
        }
        Ok(start.elapsed())
    }

    async fn closed(&self) -> SshError {
        let mut over = self.over.clone();
        let ended = over.wait_for(Option::is_some).await;
        match ended.ok().and_then(|error| error.clone()) {
            Some(error) => error,
            None => SshError::Link(
                problem(
                    &self.id,
                    "connection-lost",
                    Exit::Unreachable,
                    "the connection was lost",
                )
                .hint("it is made anew by itself"),
            ),
        }
    }
}
