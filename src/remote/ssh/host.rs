//! The handle to one host: connects when first used, reconnects, limits channels, publishes its
//! state. What a connection is made of is a [`Transport`]'s business.

use super::{Argv, ExitStatus, Options, Output, Process, SshError, Stream, Transport, openssh};
use crate::config::Destination;
use crate::problem::{Exit, Problem};
use crate::remote::{ConnState, HostId, Prompter};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    io::AsyncReadExt,
    sync::{Notify, Semaphore, watch},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// sshd's MaxSessions is ten; two are left to others.
const CHANNELS: usize = 8;
/// How long a command waits for a connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// Waits between attempts grow from the first to the last.
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LAST_DELAY: Duration = Duration::from_secs(30);
/// How often the round trip is measured, and how long its answer may take.
const PING: Duration = Duration::from_secs(15);
/// What standard error of a command keeps.
const STDERR: u64 = 64 * 1024;

type Connection = (u64, Arc<dyn Transport>);

/// One host: its connection, shared by all panes. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
    // The last handle ends the supervisor.
    _alive: Arc<DropGuard>,
}

struct Shared {
    id: HostId,
    destination: Destination,
    options: Options,
    prompter: Arc<dyn Prompter>,
    state: watch::Sender<ConnState>,
    connection: watch::Sender<Option<Connection>>,
    wanted: Notify,
    retry: Notify,
    channels: Arc<Semaphore>,
    ended: CancellationToken,
}

impl Host {
    /// A host that connects when first used. Must be called within a tokio runtime.
    pub fn new(
        id: HostId,
        destination: Destination,
        options: Options,
        prompter: Arc<dyn Prompter>,
    ) -> Host {
        let ended = CancellationToken::new();
        let shared = Arc::new(Shared {
            id,
            destination,
            options,
            prompter,
            state: watch::channel(ConnState::Idle).0,
            connection: watch::channel(None).0,
            wanted: Notify::new(),
            retry: Notify::new(),
            channels: Arc::new(Semaphore::new(CHANNELS)),
            ended: ended.clone(),
        });
        let supervised = shared.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = supervised.ended.cancelled() => {}
                () = supervise(&supervised) => {}
            }
            supervised.connection.send_replace(None);
        });
        Host {
            shared,
            _alive: Arc::new(ended.drop_guard()),
        }
    }

    /// Its name in the environment.
    pub fn id(&self) -> &HostId {
        &self.shared.id
    }

    /// The state of its connection, and every change of it.
    pub fn states(&self) -> watch::Receiver<ConnState> {
        self.shared.state.subscribe()
    }

    /// Starts connecting without waiting for it.
    pub fn wake(&self) {
        self.shared.wanted.notify_one();
    }

    /// Ends the wait between two attempts, also after [`ConnState::Failed`].
    pub fn retry_now(&self) {
        self.shared.wanted.notify_one();
        self.shared.retry.notify_one();
    }

    /// The open connection; waits through retries until `deadline` (None: for ever), returns at
    /// once with [`SshError::Refused`] when only the user can help. Each connection has a number
    /// (from 1), so that followers notice a new one.
    pub async fn connection(&self, deadline: Option<Duration>) -> Result<Connection, SshError> {
        self.wake();
        let waiting = self.connected();
        match deadline {
            None => waiting.await,
            Some(time) => timeout(time, waiting).await.unwrap_or_else(|_| {
                Err(SshError::Link(match &*self.shared.state.borrow() {
                    ConnState::Retrying { why, .. } | ConnState::Failed(why) => why.clone(),
                    _ => self.problem("connect-timeout", "no connection in time"),
                }))
            }),
        }
    }

    async fn connected(&self) -> Result<Connection, SshError> {
        let mut connections = self.shared.connection.subscribe();
        let mut states = self.shared.state.subscribe();
        loop {
            if let Some(connection) = &*connections.borrow_and_update() {
                return Ok(connection.clone());
            }
            if let ConnState::Failed(why) = &*states.borrow_and_update() {
                return Err(SshError::Refused(why.clone()));
            }
            tokio::select! {
                changed = connections.changed() => if changed.is_err() { break },
                changed = states.changed() => if changed.is_err() { break },
                () = self.shared.ended.cancelled() => break,
            }
        }
        Err(SshError::Link(
            self.problem("closed", "the connection was closed"),
        ))
    }

    fn problem(&self, code: &'static str, message: &str) -> Problem {
        Problem::new("ssh", code, Exit::Unreachable, message).on(self.id().as_str())
    }

    /// Runs a command on the open connection, or connects first (30 s at most). Waits while
    /// eight session channels are in use.
    pub async fn exec(&self, command: &Argv) -> Result<Process, SshError> {
        let (_, transport) = self.connection(Some(PATIENCE)).await?;
        let permit = self.shared.channels.clone().acquire_owned().await;
        let mut process = transport.exec(command).await?;
        let exit = process.exit;
        process.exit = Box::pin(async move {
            let status = exit.await;
            drop(permit);
            status
        });
        Ok(process)
    }

    /// Runs a command to its end; standard output beyond `limit` bytes is dropped.
    pub async fn output(&self, command: &Argv, limit: usize) -> Result<Output, SshError> {
        let process = self.exec(command).await?;
        drop(process.stdin);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let (_, _, exit) = tokio::join!(
            keep(process.stdout, limit, &mut stdout),
            keep(process.stderr, STDERR, &mut stderr),
            process.exit,
        );
        Ok(Output {
            exit,
            stdout,
            stderr,
        })
    }

    /// A shell on this process's terminal, until it ends.
    pub async fn shell(&self) -> Result<ExitStatus, SshError> {
        openssh::shell(
            &self.shared.id,
            &self.shared.destination,
            &self.shared.options,
        )
        .await
    }

    /// A connection from the host to `host:port`.
    pub async fn open_tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, SshError> {
        let (_, transport) = self.connection(Some(PATIENCE)).await?;
        transport.open_tcp(host, port).await
    }

    /// A connection from the host to a Unix socket.
    pub async fn open_unix(&self, path: &str) -> Result<Box<dyn Stream>, SshError> {
        let (_, transport) = self.connection(Some(PATIENCE)).await?;
        transport.open_unix(path).await
    }

    /// Closes the connection and stops reconnecting.
    pub fn close(&self) {
        self.shared.ended.cancel();
        self.shared.connection.send_replace(None);
        self.shared.state.send_replace(ConnState::Idle);
    }
}

/// Keeps the first bytes and reads the rest, so that the writer can end.
async fn keep(from: impl tokio::io::AsyncRead + Unpin, limit: u64, to: &mut Vec<u8>) {
    let mut from = from.take(limit);
    if from.read_to_end(to).await.is_ok() {
        let mut rest = from.into_inner();
        let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
    }
}

/// Connects, watches, connects again.
async fn supervise(shared: &Shared) {
    shared.wanted.notified().await;
    let (mut number, mut attempt) = (0, 1);
    loop {
        shared.state.send_replace(ConnState::Connecting { attempt });
        let made = openssh::connect(
            &shared.id,
            &shared.destination,
            &shared.options,
            shared.prompter.as_ref(),
        )
        .await;
        let why = match made {
            Ok(transport) => {
                number += 1;
                let transport: Arc<dyn Transport> = Arc::new(transport);
                shared.state.send_replace(ConnState::Up { rtt: None });
                shared
                    .connection
                    .send_replace(Some((number, transport.clone())));
                let up = Instant::now();
                let error = watched(shared, transport.as_ref()).await;
                shared.connection.send_replace(None);
                // A connection that held was no failed attempt.
                if up.elapsed() > LAST_DELAY {
                    attempt = 0;
                }
                error
            }
            Err(error) => error,
        };
        match why {
            SshError::Refused(why) => {
                shared.state.send_replace(ConnState::Failed(why));
                shared.retry.notified().await;
                attempt = 1;
            }
            SshError::Link(why) | SshError::Channel(why) => {
                attempt += 1;
                let delay = delay(attempt);
                shared.state.send_replace(ConnState::Retrying {
                    attempt,
                    delay,
                    why,
                });
                tokio::select! {
                    () = sleep(delay) => {}
                    () = shared.retry.notified() => {}
                }
            }
        }
    }
}

/// Measures the round trip until the connection ends; why it did.
async fn watched(shared: &Shared, transport: &dyn Transport) -> SshError {
    tokio::select! {
        why = transport.closed() => why,
        never = measure(shared, transport) => match never {},
    }
}

async fn measure(shared: &Shared, transport: &dyn Transport) -> Infallible {
    loop {
        match timeout(PING, transport.ping()).await {
            Ok(Ok(rtt)) => {
                shared.state.send_replace(ConnState::Up { rtt: Some(rtt) });
            }
            // The channel was refused: the connection itself tells when it ends.
            Ok(Err(_)) => {}
            Err(_) => {
                shared.state.send_replace(ConnState::Degraded);
            }
        }
        sleep(PING).await;
    }
}

/// Doubled with each attempt, and up to a quarter more or less, so that a fleet does not come
/// back all at once.
fn delay(attempt: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(2).min(10));
    doubled
        .min(LAST_DELAY)
        .mul_f64(0.75 + fastrand::f64() / 2.0)
}
