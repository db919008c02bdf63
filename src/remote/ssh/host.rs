//! The handle to one host: connects when first used, reconnects, limits channels, publishes its
//! state. What a connection is made of is a [`Transport`]'s business.

use super::{
    Argv, ExitStatus, Options, Output, Process, SshError, Stream, Transport, native, openssh,
    problem,
};
use crate::config::{Destination, SshTransport};
use crate::problem::{Exit, Problem};
use crate::remote::{Answer, ConnState, HostId, Prompter, Question};
use futures::FutureExt;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
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
/// How often the round trip is measured: a link that went silent is told of after this and
/// [`SLOW`], whether or not anybody asked something of the host.
const PING: Duration = Duration::from_secs(5);
/// After this the link is shown as one that does not answer.
const SLOW: Duration = Duration::from_secs(5);
/// And measured anew so long after it answered again.
const SOON: Duration = Duration::from_secs(1);
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
    accepted: native::Accepted,
    state: watch::Sender<ConnState>,
    /// Why the last attempt failed, until one succeeds.
    trouble: watch::Sender<Option<Problem>>,
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
        let state = watch::channel(ConnState::Idle).0;
        let shared = Arc::new(Shared {
            id,
            destination,
            options,
            prompter: Arc::new(Telling {
                prompter,
                state: state.clone(),
            }),
            accepted: native::Accepted::default(),
            state,
            trouble: watch::channel(None).0,
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
        self.connection_after(0, deadline).await
    }

    /// [`Host::connection`], but none up to this number: they are known to be dead.
    async fn connection_after(
        &self,
        dead: u64,
        deadline: Option<Duration>,
    ) -> Result<Connection, SshError> {
        self.wake();
        let waiting = self.connected(dead);
        match deadline {
            None => waiting.await,
            Some(time) => timeout(time, waiting).await.unwrap_or_else(|_| {
                let why = self.shared.trouble.borrow().clone();
                Err(SshError::Link(why.unwrap_or_else(|| {
                    self.problem("connect-timeout", "no connection in time")
                })))
            }),
        }
    }

    async fn connected(&self, dead: u64) -> Result<Connection, SshError> {
        let mut connections = self.shared.connection.subscribe();
        let mut states = self.shared.state.subscribe();
        loop {
            if let Some(connection) = &*connections.borrow_and_update()
                && connection.0 > dead
            {
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
    /// eight session channels are in use. A connection that turns out to be dead before the
    /// command was sent is not the end: the next one takes it.
    pub async fn exec(&self, command: &Argv) -> Result<Process, SshError> {
        let mut tries = Tries::new();
        loop {
            self.living(&mut tries).await?;
            let place = self.shared.channels.clone().acquire_owned().await.ok();
            // The wait for a place may have outlived the connection.
            let transport = self.living(&mut tries).await?;
            match transport.exec(command, place).await {
                Err(SshError::Link(_)) => tries.again(),
                done => return done,
            }
        }
    }

    /// The connection that is there or comes, other than those that turned out to be dead.
    async fn living(&self, tries: &mut Tries) -> Result<Arc<dyn Transport>, SshError> {
        let left = tries.until.saturating_duration_since(Instant::now());
        let (number, transport) = self.connection_after(tries.dead, Some(left)).await?;
        tries.last = number;
        Ok(transport)
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

    /// A shell on this process's terminal, over a connection of its own, until it ends.
    pub async fn shell(&self) -> Result<ExitStatus, SshError> {
        let Shared {
            id,
            destination,
            options,
            prompter,
            accepted,
            ..
        } = &*self.shared;
        match options.transport {
            SshTransport::Openssh => openssh::shell(id, destination, options).await,
            SshTransport::Russh => {
                let prompter = prompter.clone();
                let made = native::connect(id, destination, options, prompter, accepted).await?;
                native::shell::run(&made).await
            }
        }
    }

    /// A connection from the host to `host:port`.
    pub async fn open_tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, SshError> {
        let mut tries = Tries::new();
        loop {
            match self.living(&mut tries).await?.open_tcp(host, port).await {
                Err(SshError::Link(_)) => tries.again(),
                done => return done,
            }
        }
    }

    /// A connection from the host to a Unix socket.
    pub async fn open_unix(&self, path: &str) -> Result<Box<dyn Stream>, SshError> {
        let mut tries = Tries::new();
        loop {
            match self.living(&mut tries).await?.open_unix(path).await {
                Err(SshError::Link(_)) => tries.again(),
                done => return done,
            }
        }
    }

    /// Closes the connection and stops reconnecting.
    pub fn close(&self) {
        self.shared.ended.cancel();
        self.shared.connection.send_replace(None);
        self.shared.state.send_replace(ConnState::Idle);
    }
}

/// How far the opening of something has come.
struct Tries {
    until: Instant,
    /// The connection used last.
    last: u64,
    /// Connections up to this number were dead.
    dead: u64,
}

impl Tries {
    fn new() -> Tries {
        Tries {
            until: Instant::now() + PATIENCE,
            last: 0,
            dead: 0,
        }
    }

    /// The connection used last is of no use.
    fn again(&mut self) {
        self.dead = self.last;
    }
}

/// Keeps the first bytes and reads the rest, so that the writer can end.
async fn keep(from: impl AsyncRead + Unpin, limit: u64, to: &mut Vec<u8>) {
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
        let why = match connect(shared).await {
            Ok(transport) => {
                number += 1;
                shared.trouble.send_replace(None);
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
        shared
            .trouble
            .send_replace(Some(Problem::from(why.clone())));
        match why {
            SshError::Refused(why) => {
                forget_retry(shared);
                shared.state.send_replace(ConnState::Failed(why));
                shared.retry.notified().await;
                attempt = 1;
            }
            SshError::Link(why) | SshError::Channel(why) => {
                attempt += 1;
                let delay = delay(attempt);
                forget_retry(shared);
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

/// A retry asked for while there was nothing to retry is none for what fails later.
fn forget_retry(shared: &Shared) {
    let _ = shared.retry.notified().now_or_never();
}

/// One attempt, by the transport that was chosen.
async fn connect(shared: &Shared) -> Result<Arc<dyn Transport>, SshError> {
    let Shared {
        id,
        destination,
        options,
        prompter,
        accepted,
        ..
    } = shared;
    Ok(match options.transport {
        SshTransport::Russh => {
            Arc::new(native::connect(id, destination, options, prompter.clone(), accepted).await?)
        }
        SshTransport::Openssh => {
            Arc::new(openssh::connect(id, destination, options, prompter.as_ref(), accepted).await?)
        }
    })
}

/// Shows that the connection waits for the user, as long as it does.
struct Telling {
    prompter: Arc<dyn Prompter>,
    state: watch::Sender<ConnState>,
}

#[async_trait::async_trait]
impl Prompter for Telling {
    async fn ask(&self, question: Question) -> Option<Answer> {
        let before = self.state.send_replace(ConnState::NeedsAnswer);
        let answer = self.prompter.ask(question).await;
        self.state.send_replace(before);
        answer
    }
}

/// Measures the round trip until the connection ends; why it did.
async fn watched(shared: &Shared, transport: &dyn Transport) -> SshError {
    tokio::select! {
        why = transport.closed() => why,
        why = measure(shared, transport) => why,
    }
}

/// Ends only when the user gives a link up that does not answer.
async fn measure(shared: &Shared, transport: &dyn Transport) -> SshError {
    loop {
        let mut asked = std::pin::pin!(transport.ping());
        let mut pause = PING;
        let answer = match timeout(SLOW, &mut asked).await {
            Ok(answer) => answer,
            Err(_) => {
                pause = SOON;
                forget_retry(shared);
                shared.state.send_replace(ConnState::Degraded);
                tokio::select! {
                    answer = asked => answer,
                    () = shared.retry.notified() => return SshError::Link(problem(
                        &shared.id,
                        "given-up",
                        Exit::Unreachable,
                        "a link that did not answer was given up",
                    )),
                }
            }
        };
        // When the channel was refused the connection itself tells when it ends.
        if let Ok(rtt) = answer {
            shared.state.send_if_modified(|state| {
                let news = ConnState::Up { rtt: Some(rtt) };
                let tell = !matches!(state, ConnState::Up { rtt: Some(old) } if alike(*old, rtt));
                if tell {
                    *state = news;
                }
                tell
            });
        }
        sleep(pause).await;
    }
}

/// Whether a change of the round trip would tell nobody anything: less than a quarter, or than
/// two milliseconds.
fn alike(old: Duration, new: Duration) -> bool {
    old.abs_diff(new) < (old / 4).max(Duration::from_millis(2))
}

/// Doubled with each attempt, and up to a quarter more or less, so that a fleet does not come
/// back all at once.
fn delay(attempt: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(2).min(10));
    doubled
        .min(LAST_DELAY)
        .mul_f64(0.75 + fastrand::f64() / 2.0)
}
