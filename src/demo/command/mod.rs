//! The commands of a simulated host, found by their argument list.
//!
//! Everything that the program sends to real hosts, and what people type into a shell.

mod files;
mod metrics;
mod system;
mod systemctl;
mod words;

use super::dbus;
use super::host::Host;
use super::journalctl;
use crate::{logs, remote};
use bytes_out::Out;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

pub(crate) use bytes_out::Channel;

/// Where output goes.
mod bytes_out {
    use std::sync::{Arc, Mutex};

    /// The sending side of an SSH channel.
    pub(crate) type Channel = russh::ChannelWriteHalf<russh::server::Msg>;

    #[derive(Clone)]
    pub(crate) enum Out {
        Channel(Arc<Channel>),
        /// The left side of a pipe.
        Buffer(Arc<Mutex<Vec<u8>>>),
    }
}

/// Standard input read to its end is cut there.
const MOST_INPUT: u64 = 8 * 1024 * 1024;

/// A running command's input, output and end.
pub(crate) struct Io {
    pub(crate) stdin: Box<dyn AsyncRead + Send + Unpin>,
    out: Out,
    errors: Arc<Channel>,
    end: CancellationToken,
    /// A terminal wants carriage returns.
    pub(crate) terminal: bool,
}

impl Io {
    pub(crate) fn new(
        stdin: Box<dyn AsyncRead + Send + Unpin>,
        channel: Arc<Channel>,
        end: CancellationToken,
        terminal: bool,
    ) -> Io {
        Io {
            stdin,
            out: Out::Channel(channel.clone()),
            errors: channel,
            end,
            terminal,
        }
    }

    /// Writes to standard output; not 0 when nobody reads any more.
    pub(crate) async fn out(&mut self, bytes: &[u8]) -> u32 {
        match &self.out {
            Out::Buffer(buffer) => {
                let mut buffer = buffer.lock().unwrap_or_else(PoisonError::into_inner);
                buffer.extend_from_slice(bytes);
                0
            }
            Out::Channel(channel) => {
                let bytes = self.cooked(bytes);
                tokio::select! {
                    sent = channel.data_bytes(bytes) => u32::from(sent.is_err()),
                    () = self.end.cancelled() => 141,
                }
            }
        }
    }

    /// Writes a line to standard output.
    pub(crate) async fn line(&mut self, text: &str) -> u32 {
        self.out(format!("{text}\n").as_bytes()).await
    }

    /// Writes to standard error.
    pub(crate) async fn err(&mut self, text: &str) {
        let bytes = self.cooked(text.as_bytes());
        // Without a reader there is nobody to tell.
        let _ = if self.terminal {
            self.errors.data_bytes(bytes).await
        } else {
            self.errors.extended_data_bytes(1, bytes).await
        };
    }

    fn cooked(&self, bytes: &[u8]) -> Vec<u8> {
        if !self.terminal {
            return bytes.to_vec();
        }
        let mut cooked = Vec::with_capacity(bytes.len() + 16);
        for byte in bytes {
            if *byte == b'\n' {
                cooked.push(b'\r');
            }
            cooked.push(*byte);
        }
        cooked
    }

    /// Resolves when the command was interrupted or its channel closed.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + use<> {
        self.end.clone().cancelled_owned()
    }

    /// Reads standard input to its end.
    pub(crate) async fn input(&mut self) -> Vec<u8> {
        let mut input = Vec::new();
        let mut stdin = (&mut self.stdin).take(MOST_INPUT);
        tokio::select! {
            _ = stdin.read_to_end(&mut input) => {}
            () = self.end.cancelled() => {}
        }
        input
    }
}

/// Runs a line as the user's shell would; the exit status of its last command.
pub(crate) async fn run_line(host: &Arc<Host>, user: &str, line: &str, mut io: Io) -> u32 {
    let list = match words::parse(line) {
        Ok(list) => list,
        Err(message) => {
            io.err(&format!("sh: {message}\n")).await;
            return 2;
        }
    };
    let mut status = 0;
    for (condition, pipeline) in list {
        if !condition.holds(status) {
            continue;
        }
        let (out, last) = (io.out.clone(), pipeline.len().saturating_sub(1));
        for (at, command) in pipeline.into_iter().enumerate() {
            let buffer = Arc::new(Mutex::new(Vec::new()));
            io.out = if at == last {
                out.clone()
            } else {
                Out::Buffer(buffer.clone())
            };
            status = run(host, user == "root", user, &command, &mut io).await;
            if at != last {
                let taken =
                    std::mem::take(&mut *buffer.lock().unwrap_or_else(PoisonError::into_inner));
                io.stdin = Box::new(std::io::Cursor::new(taken));
            }
        }
        if io.end.is_cancelled() {
            return 130;
        }
    }
    status
}

/// Runs one command.
async fn run(host: &Arc<Host>, root: bool, user: &str, argv: &[String], io: &mut Io) -> u32 {
    let Some((program, args)) = argv.split_first() else {
        return 0;
    };
    let name = program.rsplit('/').next().unwrap_or(program);
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match (name, words.as_slice()) {
        ("sudo", _) => Box::pin(sudo(host, user, args, io)).await,
        ("systemd-stdio-bridge", _) => dbus::bridge(host, root, io).await,
        ("journalctl", _) => journalctl::run(host, root, args, io).await,
        ("sh" | "bash", ["-c", script]) if *script == remote::metrics::SCRIPT => {
            metrics::run(host, io).await
        }
        // The user may read the journal: no file is named.
        ("sh" | "bash", ["-c", script]) if *script == logs::ACCESS_PROBE => 0,
        ("sh" | "bash", ["-c", script]) => match words::parse(script) {
            Ok(list) => {
                let mut status = 0;
                for (condition, pipeline) in list {
                    if let (true, Some(command)) = (condition.holds(status), pipeline.first()) {
                        status = Box::pin(run(host, root, user, command, io)).await;
                    }
                }
                status
            }
            Err(message) => {
                io.err(&format!("sh: {message}\n")).await;
                2
            }
        },
        ("systemctl", _) => systemctl::run(host, root, args, io).await,
        ("logger", _) => system::logger(host, user, args, io).await,
        ("cat", _) => files::cat(host, args, io).await,
        ("ls", _) => files::ls(io).await,
        ("head" | "tail" | "grep" | "wc" | "sort", _) => system::filter(name, args, io).await,
        _ => system::run(host, user, name, &words, io).await,
    }
}

async fn sudo(host: &Arc<Host>, user: &str, args: &[String], io: &mut Io) -> u32 {
    let rest: Vec<String> = args
        .iter()
        .skip_while(|arg| matches!(arg.as_str(), "-n" | "--" | "-E" | "-H"))
        .cloned()
        .collect();
    if user == "viewer" {
        io.err("sudo: a password is required\n").await;
        return 1;
    }
    run(host, true, "root", &rest, io).await
}
