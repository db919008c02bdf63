//! One D-Bus connection to a host's system bus, through `systemd-stdio-bridge` on an exec channel.
//!
//! Here: opening it, calling over it, and saying what went wrong. What the calls mean is next
//! door.

use super::SystemdError;
use crate::problem::{Exit, Problem};
use crate::remote::HostId;
use crate::remote::ssh::{Argv, ExitStatus, Host, Process, SshError};
use std::{
    fmt, io,
    num::NonZeroUsize,
    os::fd::{BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    sync::watch,
    task::AbortHandle,
};
use zbus::{
    Connection, DynamicType,
    connection::{
        Builder,
        socket::{ReadHalf, Socket, Split, WriteHalf},
    },
};

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

/// The largest message taken, in bytes: a list of ten thousand units is about 3 MiB.
const LARGEST: usize = 32 * 1024 * 1024;

/// Standard error that is kept to explain a failure.
const STDERR: u64 = 4096;

/// What comes first on standard output, kept to explain a failure.
const FIRST: usize = 512;

type FirstWords = Arc<Mutex<Vec<u8>>>;

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

/// Why a call has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum CallError {
    /// The other side answered with an error.
    #[error("{message}")]
    Answered {
        /// Its D-Bus name.
        name: String,
        /// Its text.
        message: String,
    },
    /// The connection ended before the answer.
    #[error("the connection to systemd ended: {0}")]
    Lost(String),
    /// No answer in time.
    #[error("systemd did not answer within {} s", ANSWER.as_secs())]
    Late,
    /// The answer is not what the interface promises.
    #[error("systemd's answer could not be read: {0}")]
    Malformed(String),
}

impl CallError {
    /// Whether the bus, polkit or systemd says that this user may not do it.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self, CallError::Answered { name, .. }
            if name == "org.freedesktop.DBus.Error.AccessDenied"
                || name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
                || name == "org.freedesktop.DBus.Error.AuthFailed")
    }

    /// Whether the answer may still be on its way: the request may have taken effect.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, CallError::Lost(_) | CallError::Late)
    }

    /// As a read's failure.
    pub(super) fn on(self, host: &HostId) -> SystemdError {
        match self {
            CallError::Answered { name, message } => answered(host, &name, message),
            CallError::Lost(_) | CallError::Late => SystemdError::Unreachable(problem(
                host,
                "systemd-link",
                Exit::Unreachable,
                self.to_string(),
            )),
            CallError::Malformed(_) => SystemdError::Unreachable(
                problem(host, "systemd-answer", Exit::Negative, self.to_string())
                    .hint("the host's systemd may be older than version 229"),
            ),
        }
    }
}

/// A problem of this source.
pub(super) fn problem(
    host: &HostId,
    code: &'static str,
    exit: Exit,
    message: impl Into<String>,
) -> Problem {
    Problem::new("systemd", code, exit, message).on(host.as_str())
}

/// What an error reply means.
fn answered(host: &HostId, name: &str, message: String) -> SystemdError {
    let short = name
        .strip_prefix("org.freedesktop.systemd1.")
        .or_else(|| name.strip_prefix("org.freedesktop.DBus.Error."))
        .unwrap_or(name);
    let refused = |code, exit, hint: &str| {
        SystemdError::Refused(problem(host, code, exit, message.clone()).hint(hint))
    };
    match short {
        "NoSuchUnit" | "LoadFailed" => refused(
            "no-such-unit",
            Exit::Negative,
            "`qd units` lists the units of the host",
        ),
        "UnitMasked" => refused(
            "unit-masked",
            Exit::Negative,
            "unmask the unit on the host first: `systemctl unmask`",
        ),
        "OnlyByDependency" => refused(
            "only-by-dependency",
            Exit::Negative,
            "the unit refuses to be started or stopped by hand; act on a unit that needs it",
        ),
        "AccessDenied" | "InteractiveAuthorizationRequired" | "AuthFailed" => refused(
            "not-authorised",
            Exit::Refused,
            "allow the user org.freedesktop.systemd1.manage-units in polkit, or `sudo` without a password",
        ),
        "ServiceUnknown" | "NameHasNoOwner" | "Disconnected" | "Spawn.ExecFailed" => {
            SystemdError::Unreachable(
                problem(
                    host,
                    "no-systemd",
                    Exit::Negative,
                    format!("systemd does not answer on the host's bus: {message}"),
                )
                .hint("the host must run systemd as its init"),
            )
        }
        _ => SystemdError::Refused(problem(
            host,
            "systemd-error",
            Exit::Negative,
            format!("{message} ({short})"),
        )),
    }
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

/// Why there is no bridge.
enum Opening {
    /// The program was not found there; what the shell said.
    Missing(String),
    /// The link broke meanwhile.
    Lost(SystemdError),
    /// It was found, and failed.
    Failed(SystemdError),
}

fn unreachable(error: SshError) -> SystemdError {
    SystemdError::Unreachable(error.into())
}

/// What was printed where the bus should have answered: by the login shell, as a rule.
fn chatter(first: &[u8]) -> Option<String> {
    const ANSWERS: [&[u8]; 5] = [b"OK", b"REJECTED", b"DATA", b"ERROR", b"AGREE"];
    if ANSWERS.iter().any(|answer| first.starts_with(answer)) {
        return None;
    }
    let text = String::from_utf8_lossy(first);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

fn talkative(host: &HostId, words: &str) -> SystemdError {
    SystemdError::Unreachable(
        problem(
            host,
            "shell-output",
            Exit::Negative,
            format!(
                "the user's shell on the host prints something where D-Bus should answer: {words}"
            ),
        )
        .hint(
            "`ssh HOST true` must print nothing: see the user's login shell and its startup files",
        ),
    )
}

/// Tells apart: no program, no bus, no rights, no link.
fn opening_failed(host: &HostId, failed: String, ended: Option<Ended>) -> Opening {
    let Some(Ended { exit, stderr }) = ended else {
        return Opening::Failed(SystemdError::Unreachable(
            problem(
                host,
                "systemd-link",
                Exit::Unreachable,
                format!("the host's bus did not answer: {failed}"),
            )
            .hint("`qd doctor` tests each step"),
        ));
    };
    let said = if stderr.is_empty() { failed } else { stderr };
    let not_found = exit == ExitStatus::Code(127)
        || (said.contains("not found") && matches!(exit, ExitStatus::Code(_)));
    if not_found {
        return Opening::Missing(said);
    }
    if exit == ExitStatus::Lost {
        return Opening::Lost(SystemdError::Unreachable(problem(
            host,
            "systemd-link",
            Exit::Unreachable,
            "the connection broke while the host's bus was opened",
        )));
    }
    Opening::Failed(match exit {
        _ if said.contains("sudo:") => SystemdError::Refused(
            problem(
                host,
                "not-authorised",
                Exit::Refused,
                format!("not allowed: polkit says no to the user, and sudo says: {said}"),
            )
            .hint("allow the user org.freedesktop.systemd1.manage-units in polkit, or `sudo` without a password"),
        ),
        _ => SystemdError::Unreachable(
            problem(
                host,
                "no-systemd",
                Exit::Negative,
                format!("the host's bus cannot be reached: {said}"),
            )
            .hint("the host must run systemd and a D-Bus system bus"),
        ),
    })
}

fn reply_error(error: zbus::Error) -> CallError {
    use zbus::DBusError;
    match error {
        zbus::Error::MethodError(name, message, _) => CallError::Answered {
            name: name.to_string(),
            message: message.unwrap_or_else(|| name.to_string()),
        },
        zbus::Error::FDO(error) => match *error {
            zbus::fdo::Error::ZBus(error) => CallError::Lost(error.to_string()),
            error => CallError::Answered {
                name: error.name().to_string(),
                message: error.description().unwrap_or_default().to_owned(),
            },
        },
        error => CallError::Malformed(error.to_string()),
    }
}

/// The bridge's standard input and output as zbus wants a socket.
struct Stdio {
    stdin: Box<dyn AsyncWrite + Send + Unpin>,
    stdout: Box<dyn AsyncRead + Send + Unpin>,
    first: FirstWords,
}

impl Socket for Stdio {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        Split::new(
            Reader {
                stdout: Mutex::new(BufReader::with_capacity(64 * 1024, self.stdout)),
                first: Some(self.first),
            },
            Writer(Mutex::new(self.stdin)),
        )
    }
}

// A mutex only because zbus wants `Sync`; it is never contended and never held across a wait by
// a second owner, `get_mut` needs no lock.
struct Reader {
    stdout: Mutex<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    /// Until it is full.
    first: Option<FirstWords>,
}
struct Writer(Mutex<Box<dyn AsyncWrite + Send + Unpin>>);

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

#[async_trait::async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        if buffer.len() > LARGEST {
            return Err(io::Error::other(
                "a message longer than 32 MiB was announced",
            ));
        }
        let stdout = self
            .stdout
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let count = stdout.read(buffer).await?;
        if let Some(first) = &self.first {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            let read = buffer.get(..count).unwrap_or_default();
            let room = FIRST.saturating_sub(first.len());
            first.extend(read.iter().take(room));
            if first.len() >= FIRST {
                drop(first);
                self.first = None;
            }
        }
        Ok((count, Vec::new()))
    }

    fn auth_mechanism(&self) -> zbus::connection::AuthMechanism {
        // The bridge has checked nobody; sshd has.
        zbus::connection::AuthMechanism::Anonymous
    }
}

#[async_trait::async_trait]
impl WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let stdin = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stdin.write(buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        let stdin = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stdin.flush().await
    }

    async fn close(&mut self) -> io::Result<()> {
        let stdin = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stdin.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{ReadBuf, empty, sink};

    /// A process that says this and then this, and ends so.
    fn process(stdout: Vec<u8>, stderr: &'static str, exit: ExitStatus) -> Process {
        Process {
            stdin: Box::new(sink()),
            stdout: Box::new(io::Cursor::new(stdout)),
            stderr: Box::new(stderr.as_bytes()),
            exit: Box::pin(async move { exit }),
        }
    }

    async fn failure(process: Process) -> Result<String, Problem> {
        match Bridge::over(HostId::new("web-1"), process).await {
            Ok(_) => panic!("no bridge was expected"),
            Err(Opening::Missing(said)) => Ok(said),
            Err(Opening::Lost(error) | Opening::Failed(error)) => Err(error.into()),
        }
    }

    #[tokio::test]
    async fn each_reason_has_its_own_words() {
        let missing = "sh: 1: systemd-stdio-bridge: not found";
        let said = failure(process(vec![], missing, ExitStatus::Code(127))).await;
        assert_eq!(said.unwrap(), missing);
        let sudo = "sudo: systemd-stdio-bridge: command not found";
        let said = failure(process(vec![], sudo, ExitStatus::Code(1))).await;
        assert_eq!(said.unwrap(), sudo);
        for (stderr, exit, code) in [
            (
                "Failed to connect to bus: No such file or directory",
                ExitStatus::Code(1),
                "no-systemd",
            ),
            (
                "sudo: a password is required",
                ExitStatus::Code(1),
                "not-authorised",
            ),
            ("", ExitStatus::Lost, "systemd-link"),
        ] {
            let problem = failure(process(vec![], stderr, exit)).await.unwrap_err();
            assert_eq!(problem.code, code, "{problem}");
            assert_eq!(problem.host.as_deref(), Some("web-1"));
            assert!(
                problem
                    .message
                    .contains(stderr.trim_start_matches("sudo: ")),
                "{problem}"
            );
        }
    }

    #[tokio::test]
    async fn noise_instead_of_d_bus_is_an_error() {
        for noise in [
            b"Welcome to the server!\r\nLast login: yesterday\r\n".to_vec(),
            vec![0; 4096],
            vec![b'x'; 1 << 20],
        ] {
            let problem = failure(process(noise, "", ExitStatus::Code(0)))
                .await
                .unwrap_err();
            assert_eq!(problem.exit, Exit::Negative, "{problem}");
        }
    }

    /// Says hello, then announces a message of 100 MiB.
    #[tokio::test]
    async fn an_enormous_message_is_refused() {
        struct Announces(Vec<u8>, usize);
        impl AsyncRead for Announces {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                let this = self.get_mut();
                let rest = this.0.get(this.1..).unwrap_or_default();
                let count = rest.len().min(buffer.remaining());
                buffer.put_slice(&rest[..count]);
                this.1 += count;
                if count == 0 {
                    // Endless.
                    let filler = vec![0; buffer.remaining()];
                    buffer.put_slice(&filler);
                }
                std::task::Poll::Ready(Ok(()))
            }
        }
        let mut said = b"OK 0123456789abcdef0123456789abcdef\r\n".to_vec();
        said.extend([b'l', 2, 0, 1]);
        said.extend((100u32 << 20).to_le_bytes());
        said.extend(1u32.to_le_bytes());
        said.extend(0u32.to_le_bytes());
        let mut process = process(vec![], "", ExitStatus::Code(0));
        process.stdout = Box::new(Announces(said, 0));
        process.stderr = Box::new(empty());
        let problem = failure(process).await.unwrap_err();
        assert!(problem.message.contains("longer than 32 MiB"), "{problem}");
    }
}
