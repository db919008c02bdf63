//! One SSH connection a host, shared by everything that reads from or acts on it.
//!
//! [`Host`] is the handle: it connects when first used, reconnects with jittered backoff, limits
//! the session channels and publishes its [`ConnState`](super::ConnState). What carries the bytes is a
//! [`Transport`]: russh by default, the system's `ssh` where asked for.

mod argv;
mod config_file;
mod glob;
mod host;
mod native;
mod openssh;

pub use openssh::put_question;
mod place;
mod resolve;

pub use argv::Argv;
pub use host::Host;
pub use place::Place;

use super::HostId;
use crate::config::SshTransport;
use crate::problem::{Exit, Problem};
use std::{path::PathBuf, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};

/// How an environment's hosts are connected to.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// An ssh_config file used instead of the user's (`ssh -F`), from `ssh_config_<env>`.
    pub ssh_config: Option<PathBuf>,
    /// The user when neither the destination nor ssh_config names one (`ssh_user_<env>`).
    pub default_user: Option<String>,
    /// What carries the bytes.
    pub transport: SshTransport,
    /// Overrides ssh_config's ConnectTimeout; 10 s when neither is set.
    pub connect_timeout: Option<Duration>,
    /// What the system's `ssh` is to start when it has to ask something: this program, `None` for
    /// the one that runs.
    pub program: Option<PathBuf>,
}

/// A two-way byte stream over a channel.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a remote process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitStatus {
    /// Its exit code.
    Code(u32),
    /// Killed by this signal (`TERM`, without `SIG`).
    Signal(String),
    /// The connection or channel ended before an exit status came.
    Lost,
}

/// A running remote process. Dropping it closes the channel (the process gets SIGHUP or SIGPIPE).
pub struct Process {
    /// Its standard input; drop or shut down to send end-of-file.
    pub stdin: Box<dyn AsyncWrite + Send + Unpin>,
    /// Its standard output; unread data holds the remote side back (channel window).
    pub stdout: Box<dyn AsyncRead + Send + Unpin>,
    /// Its standard error, bounded: what nobody reads is dropped after 64 KiB.
    pub stderr: Box<dyn AsyncRead + Send + Unpin>,
    /// Resolves once the process ended.
    pub exit: futures::future::BoxFuture<'static, ExitStatus>,
}

/// What a process that ran to its end left behind.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub exit: ExitStatus,
    /// Standard output, at most the limit asked for.
    pub stdout: Vec<u8>,
    /// Standard error, at most 64 KiB.
    pub stderr: Vec<u8>,
}

/// What carries channels to one host. Implementations: russh, and the system's `ssh`.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// Runs a command; gives its place back when it needs none any more. Fails with
    /// [`SshError::Link`] only where the command was not sent: it is sent again then.
    async fn exec(&self, command: &Argv, place: Option<Place>) -> Result<Process, SshError>;
    /// A connection from the host to `host:port` (direct-tcpip).
    async fn open_tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, SshError>;
    /// A connection from the host to a Unix socket (direct-streamlocal).
    async fn open_unix(&self, path: &str) -> Result<Box<dyn Stream>, SshError>;
    /// Round-trip time, by a request that every server answers.
    async fn ping(&self) -> Result<Duration, SshError>;
    /// Resolves when the connection has ended, with the reason.
    async fn closed(&self) -> SshError;
}

/// What can go wrong between us and a shell on the host.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SshError {
    /// The connection broke or could not be made; trying again may help.
    #[error("{0}")]
    Link(Problem),
    /// The server, its key or our credentials were refused; trying again does not help.
    #[error("{0}")]
    Refused(Problem),
    /// The connection is fine, the channel was refused (forwarding off, MaxSessions, …).
    #[error("{0}")]
    Channel(Problem),
}

impl From<SshError> for Problem {
    fn from(error: SshError) -> Problem {
        match error {
            SshError::Link(p) | SshError::Refused(p) | SshError::Channel(p) => p,
        }
    }
}

fn problem(id: &HostId, code: &'static str, exit: Exit, message: impl Into<String>) -> Problem {
    Problem::new("ssh", code, exit, message).on(id.as_str())
}
