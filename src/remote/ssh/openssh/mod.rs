//! The system's `ssh` as a transport: one master connection, each channel a client of it.
//!
//! Everything that ssh knows works: its configuration, agents, jump hosts, security keys. What it
//! has to ask is asked by us ([`askpass`]), where it is new enough for that.

mod askpass;

pub use askpass::put_question;

use super::{
    Argv, ExitStatus, Options, Place, Process, SshError, Stream, Transport, native::Accepted,
    place::Held, resolve::Resolved,
};
use crate::config::Destination;
use crate::problem::{Exit, Problem};
use crate::remote::{HostId, Prompter};
use askpass::Asks;
use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    pin::Pin,
    process::Stdio,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWrite},
    net::UnixStream,
    process::{Child, ChildStdin, Command},
    sync::{OnceCell, watch},
    time::{sleep, timeout},
};

/// What a connection attempt may take when nobody says.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a client of the master may take to do what needs no network.
const LOCAL: Duration = Duration::from_secs(5);

/// A master connection, ended when dropped.
pub(super) struct Master {
    id: HostId,
    client: Client,
    over: watch::Receiver<Option<SshError>>,
}

/// How to call ssh for this host.
#[derive(Clone)]
struct Client {
    // Keeps the directory of the socket until the last user is gone.
    directory: std::sync::Arc<tempdir::Private>,
    options: Vec<String>,
    destination: String,
}

impl Client {
    /// A client of the master, which asks nobody.
    fn command(&self) -> Command {
        let mut command = Command::new("ssh");
        command
            // The first value of an option holds.
            .args(["-o", "BatchMode=yes"])
            .args(&self.options)
            .arg("-o")
            .arg(format!("ControlPath={}", self.socket().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The master itself; what it has to ask, it asks through `asks`.
    fn master(&self, asks: Option<&Asks>, known_hosts: Option<&str>) -> Command {
        let mut command = Command::new("ssh");
        let batch = if asks.is_some() { "no" } else { "yes" };
        command.args(["-o", &format!("BatchMode={batch}")]);
        if let Some(asks) = asks {
            command
                .env("SSH_ASKPASS", asks.program())
                .env("SSH_ASKPASS_REQUIRE", "force");
        }
        if let Some(files) = known_hosts {
            command.args(["-o", &format!("UserKnownHostsFile={files}")]);
        }
        command
            .args(&self.options)
            .args(["-o", &format!("ControlPath={}", self.socket().display())])
            .args(["-M", "-N", "-o", "ControlPersist=no", "--"])
            .arg(&self.destination)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("master")
    }
}

/// Connects. Fails with what ssh said, told apart by what can be done about it.
pub(super) async fn connect(
    id: &HostId,
    destination: &Destination,
    options: &Options,
    prompter: &dyn Prompter,
    accepted: &Accepted,
) -> Result<Master, SshError> {
    let link = |code, text: String| {
        SshError::Link(Problem::new("ssh", code, Exit::Unreachable, text).on(id.as_str()))
    };
    let resolved = Resolved::ask(id, destination, options).await?;
    let directory = tempdir::Private::new().map_err(|e| {
        link(
            "socket",
            format!("cannot make a directory for the connection: {e}"),
        )
    })?;
    let client = Client {
        directory: directory.into(),
        options: arguments(destination, options, &resolved),
        destination: destination.host.clone(),
    };
    let wait = attempt(options, &resolved);
    let known = Known::new(client.directory.path(), &resolved);
    let may_ask = can_ask().await && !resolved.yes("batchmode");
    let mut asks = match (may_ask, &known) {
        (true, Some(known)) => {
            let program = match &options.program {
                Some(program) => program.clone(),
                None => std::env::current_exe().unwrap_or_default(),
            };
            let shown = known.file.display().to_string();
            let name = resolved.known_as();
            let at = client.directory.path();
            Asks::new(at, &program, id, name, shown, accepted.clone())
                .map(Some)
                .map_err(|e| link("socket", format!("cannot listen for what ssh asks: {e}")))?
        }
        _ => None,
    };
    let files = known.as_ref().filter(|_| asks.is_some());
    let mut master = client.master(asks.as_ref(), files.map(|known| known.option.as_str()));
    let mut master =
        crate::job_control::start(|| master.spawn()).map_err(|e| SshError::Link(no_ssh(id, &e)))?;
    let stderr = master.stderr.take();
    let said = tokio::spawn(async move {
        let mut text = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(16 * 1024).read_to_end(&mut text).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let socket = client.socket();
    let ready = async {
        while !socket.exists() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::pin!(ready);
    // ssh has a time-out of its own for the connection; the login comes on top. What the user
    // takes for an answer does not count.
    let mut left = wait * 2;
    let up = loop {
        let since = Instant::now();
        tokio::select! {
            () = &mut ready => break true,
            _ = master.wait() => break false,
            () = sleep(left) => {
                return Err(link("timeout", format!("no login at {} within {} s", destination.host, wait.as_secs() * 2)));
            }
            stream = next(asks.as_ref()) => {
                left = left.saturating_sub(since.elapsed());
                if let Some(asks) = &mut asks {
                    tokio::select! {
                        _ = master.wait() => break false,
                        () = asks.answer(stream, prompter) => {}
                    }
                }
            }
        }
    };
    if let Some(known) = files
        && asks.as_ref().is_some_and(|asks| !asks.once)
    {
        known.remember().map_err(|error| {
            let text = format!(
                "cannot add the host key to {}: {error}",
                known.file.display()
            );
            link("known-hosts", text)
        })?;
    }
    if !up {
        let said = said.await.unwrap_or_default();
        return Err(refusal(id, destination, &said));
    }
    let (tell, over) = watch::channel(None);
    let (name, to) = (id.clone(), destination.clone());
    tokio::spawn(async move { watch_over(master, said, name, to, tell).await });
    Ok(Master {
        id: id.clone(),
        client,
        over,
    })
}

async fn next(asks: Option<&Asks>) -> UnixStream {
    match asks {
        Some(asks) => asks.next().await,
        None => std::future::pending().await,
    }
}

/// Whether this ssh lets itself be asked by another program whatever terminal there is
/// (SSH_ASKPASS_REQUIRE, OpenSSH 8.4). An older one would ask on the console's terminal.
async fn can_ask() -> bool {
    static CAN: OnceCell<bool> = OnceCell::const_new();
    let ask = async {
        let said = crate::job_control::start(|| {
            Command::new("ssh").arg("-V").stdin(Stdio::null()).output()
        });
        let said = said.await.map(|output| output.stderr).unwrap_or_default();
        is_new_enough(&String::from_utf8_lossy(&said))
    };
    *CAN.get_or_init(|| ask).await
}

/// From `OpenSSH_10.0p2 Debian-7, OpenSSL …`.
fn is_new_enough(said: &str) -> bool {
    let version = said.split_once("OpenSSH_").map_or("", |(_, rest)| rest);
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (8, 4)
}

/// Where ssh finds the keys of hosts, and where it puts new ones: into a file of this connection,
/// from which they are remembered unless they were taken for once.
struct Known {
    /// The value of UserKnownHostsFile.
    option: String,
    /// The user's file that remembers.
    file: PathBuf,
    new: PathBuf,
}

impl Known {
    fn new(directory: &Path, resolved: &Resolved) -> Option<Known> {
        let files = resolved.listed("userknownhostsfile");
        let new = directory.join("known_hosts");
        let quoted = |file: &PathBuf| format!("\"{}\"", file.display());
        let option: Vec<String> = std::iter::once(&new).chain(&files).map(quoted).collect();
        Some(Known {
            option: option.join(" "),
            file: files.into_iter().next()?,
            new,
        })
    }

    /// Adds what ssh learned to the user's file.
    fn remember(&self) -> std::io::Result<()> {
        let learned = match std::fs::read(&self.new) {
            Ok(learned) if !learned.is_empty() => learned,
            _ => return Ok(()),
        };
        std::fs::remove_file(&self.new)?;
        if let Some(directory) = self.file.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        let torn = std::fs::read(&self.file).is_ok_and(|b| b.last().is_some_and(|l| *l != b'\n'));
        let mut all = if torn { vec![b'\n'] } else { Vec::new() };
        all.extend(learned);
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file)?
            .write_all(&all)
    }
}

/// Waits for the master's end and tells it. Ends the master when nobody listens any more.
async fn watch_over(
    mut master: Child,
    said: tokio::task::JoinHandle<String>,
    id: HostId,
    destination: Destination,
    tell: watch::Sender<Option<SshError>>,
) {
    tokio::select! {
        _ = master.wait() => {
            let said = said.await.unwrap_or_default();
            let error = match refusal(&id, &destination, &said) {
                SshError::Refused(problem) => SshError::Link(problem),
                other => other,
            };
            tell.send_replace(Some(error));
        }
        () = tell.closed() => {
            let _ = master.kill().await;
        }
    }
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

fn no_ssh(id: &HostId, error: &std::io::Error) -> Problem {
    let message = format!("cannot start ssh: {error}");
    Problem::new("ssh", "no-ssh", Exit::Unreachable, message)
        .hint("install OpenSSH's client, or choose `ssh_transport` russh, which needs none")
        .on(id.as_str())
}

/// Options of the master and of its clients, beyond the configuration.
fn arguments(destination: &Destination, options: &Options, resolved: &Resolved) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(file) = &options.ssh_config {
        all.extend(["-F".to_owned(), file.display().to_string()]);
    }
    let wait = attempt(options, resolved).as_secs().max(1);
    let mut set = vec![format!("ConnectTimeout={wait}")];
    if resolved.seconds("serveraliveinterval").is_none() {
        set.push("ServerAliveInterval=15".to_owned());
        set.push("ServerAliveCountMax=3".to_owned());
    }
    for option in set {
        all.extend(["-o".to_owned(), option]);
    }
    if let Some(port) = destination.port {
        all.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = whom(destination, options, resolved) {
        all.extend(["-l".to_owned(), user]);
    }
    all
}

/// What a connection attempt may take.
fn attempt(options: &Options, resolved: &Resolved) -> Duration {
    options
        .connect_timeout
        .or_else(|| resolved.seconds("connecttimeout"))
        .unwrap_or(CONNECT)
}

/// Whom to log in as, when not as ssh_config says by itself.
fn whom(destination: &Destination, options: &Options, resolved: &Resolved) -> Option<String> {
    match (&destination.user, &options.default_user) {
        (None, Some(_)) => Some(resolved.user.clone()),
        (user, _) => user.clone(),
    }
}

/// What ssh said, as a problem with what to do.
fn refusal(id: &HostId, destination: &Destination, said: &str) -> SshError {
    let line = said
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty() && !line.starts_with('@'))
        .unwrap_or("ssh ended without a word");
    // The host's name comes before the message where it is shown.
    let message = match destination.host == id.as_str() {
        true => line.to_owned(),
        false => format!("{}: {line}", destination.host),
    };
    let problem = |code, exit, hint: &str| {
        Problem::new("ssh", code, exit, message.clone())
            .hint(hint)
            .on(id.as_str())
    };
    if said.contains("IDENTIFICATION HAS CHANGED") || said.contains("REVOKED") {
        SshError::Refused(problem(
            "host-key-changed",
            Exit::Refused,
            "ask whoever runs the host before anything else; then see `ssh-keygen -R`",
        ))
    } else if said.contains("Host key verification failed") || said.contains("host key is known") {
        SshError::Refused(problem(
            "host-key-unknown",
            Exit::Refused,
            "compare the fingerprint with the host's own (`ssh-keygen -lf` there), then connect \
             again and answer; the key of a jump host cannot be accepted for once only",
        ))
    } else if said.contains("Permission denied") || said.contains("Too many authentication") {
        SshError::Refused(problem(
            "auth-failed",
            Exit::Unreachable,
            "check the user, load the key with `ssh-add`, or name it in ssh_config",
        ))
    } else {
        SshError::Link(problem(
            "unreachable",
            Exit::Unreachable,
            "check the name, the network and the firewall; try `ssh -v`",
        ))
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

/// A child's standard input that is closed when shut down, which tokio leaves to its drop.
struct Input(Option<ChildStdin>);

impl AsyncWrite for Input {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_write(context, data),
            None => Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

mod tempdir {
    //! A directory for sockets that only its owner may enter.

    use std::{
        os::unix::fs::DirBuilderExt,
        path::{Path, PathBuf},
    };

    pub(super) struct Private(PathBuf);

    impl Private {
        pub(super) fn new() -> std::io::Result<Private> {
            // Short: a socket's path may have 104 bytes on some systems, and ssh adds to it.
            let name = format!("qd-{:012x}", fastrand::u64(..) >> 16);
            let path = std::env::temp_dir().join(name);
            std::fs::DirBuilder::new().mode(0o700).create(&path)?;
            Ok(Private(path))
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Private {
        fn drop(&mut self) {
            // What cannot be removed is an empty directory of sockets.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
