//! One session channel: a command, or a small interactive shell.

use crate::demo::command::{self, Io};
use crate::demo::host::Host;
use russh::{Channel, ChannelMsg, ChannelReadHalf, server::Msg};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio_util::sync::CancellationToken;

/// Standard input that a command has not read yet.
const INPUT: usize = 256 * 1024;
/// A typed line is no longer.
const MOST_TYPED: usize = 4096;

/// Lines that the arrow keys bring back.
const MOST_HISTORY: usize = 1000;
/// A disk this full (in percent) is told of at login.
const NEARLY_FULL: u64 = 80;

/// How far a key's escape sequence has come.
enum Escape {
    None,
    Begun,
    /// After `ESC [` or `ESC O`.
    Introduced,
}

/// A key that sends an escape sequence, or a part of one.
#[derive(PartialEq, Eq)]
enum Arrow {
    Up,
    Down,
    /// Another key, or one that is not complete yet.
    Other,
}

impl Escape {
    /// What the next character means if it belongs to a sequence.
    fn next(&mut self, c: char) -> Option<Arrow> {
        let (now, key) = match (&self, c) {
            (_, '\u{1b}') => (Escape::Begun, Arrow::Other),
            (Escape::None, _) => return None,
            (Escape::Begun, '[' | 'O') => (Escape::Introduced, Arrow::Other),
            (Escape::Introduced, 'A') => (Escape::None, Arrow::Up),
            (Escape::Introduced, 'B') => (Escape::None, Arrow::Down),
            (Escape::Introduced, '\u{20}'..='\u{3f}') => (Escape::Introduced, Arrow::Other),
            _ => (Escape::None, Arrow::Other),
        };
        *self = now;
        Some(key)
    }
}

/// Serves the channel to its end.
pub(super) async fn run(host: Arc<Host>, user: String, channel: Channel<Msg>) {
    let (mut read, write) = channel.split();
    let write = Arc::new(write);
    let end = CancellationToken::new();
    let mut terminal = false;
    let status = loop {
        match read.wait().await {
            Some(ChannelMsg::RequestPty { .. }) => terminal = true,
            Some(ChannelMsg::Exec { command, .. }) => {
                let line = String::from_utf8_lossy(&command).into_owned();
                let (theirs, ours) = tokio::io::duplex(INPUT);
                let io = Io::new(Box::new(theirs), write.clone(), end.clone(), terminal);
                let run = command::run_line(&host, &user, &line, io);
                break tokio::select! {
                    status = run => status,
                    () = feed(&mut read, ours, &end) => 130,
                };
            }
            Some(ChannelMsg::RequestShell { .. }) => {
                break if terminal {
                    interactive(&host, &user, &mut read, &write).await
                } else {
                    let (theirs, ours) = tokio::io::duplex(INPUT);
                    tokio::select! {
                        status = script(&host, &user, theirs, &write, &end) => status,
                        () = feed(&mut read, ours, &end) => 130,
                    }
                };
            }
            Some(_) => {}
            None => return,
        }
    };
    // A client that has left needs no goodbye.
    let _ = write.exit_status(status).await;
    let _ = write.eof().await;
    let _ = write.close().await;
}

/// Passes what the client sends to the command; returns when the client interrupts it or leaves.
async fn feed(read: &mut ChannelReadHalf, to: DuplexStream, end: &CancellationToken) {
    let mut to = Some(to);
    loop {
        match read.wait().await {
            Some(ChannelMsg::Data { data }) => {
                if let Some(stream) = &mut to
                    && stream.write_all(&data).await.is_err()
                {
                    to = None;
                }
            }
            Some(ChannelMsg::Eof) => to = None,
            Some(ChannelMsg::Signal { .. } | ChannelMsg::Close) | None => {
                end.cancel();
                return;
            }
            Some(_) => {}
        }
    }
}

/// Runs the lines of standard input, without prompt and echo.
async fn script(
    host: &Arc<Host>,
    user: &str,
    input: DuplexStream,
    write: &Arc<command::Channel>,
    end: &CancellationToken,
) -> u32 {
    let mut lines = BufReader::new(input).lines();
    let mut status = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(code) = line.trim().strip_prefix("exit") {
            return code.trim().parse().unwrap_or(status);
        }
        let io = Io::new(
            Box::new(tokio::io::empty()),
            write.clone(),
            end.clone(),
            false,
        );
        status = command::run_line(host, user, &line, io).await;
    }
    status
}

/// A prompt, an echo, a line at a time; Ctrl-C interrupts, Ctrl-D leaves.
async fn interactive(
    host: &Arc<Host>,
    user: &str,
    read: &mut ChannelReadHalf,
    write: &Arc<command::Channel>,
) -> u32 {
    let prompt = format!("[{user}@{}:~]$ ", host.name);
    let mut greeting = format!(
        "Simulated host {}. Type `help` for what it knows.\r\n",
        host.name
    );
    for disk in host.with(|world| world.disks.clone()) {
        let percent = disk.used * 100 / disk.total.max(1);
        if percent >= NEARLY_FULL {
            greeting.push_str(&format!(
                "{} is {percent} % full; to clean it up: sudo systemctl start cleanup\r\n",
                disk.place
            ));
        }
    }
    greeting.push_str(&prompt);
    let mut typed = String::new();
    let mut history: Vec<String> = Vec::new();
    let mut back = 0;
    let mut escape = Escape::None;
    let mut status = 0;
    if write.data_bytes(greeting.into_bytes()).await.is_err() {
        return 0;
    }
    loop {
        let data = match read.wait().await {
            Some(ChannelMsg::Data { data }) => data,
            Some(ChannelMsg::Close | ChannelMsg::Eof) | None => return status,
            Some(_) => continue,
        };
        for c in String::from_utf8_lossy(&data).chars() {
            let key = escape.next(c);
            let echo = match c {
                _ if key == Some(Arrow::Other) => continue,
                _ if key.is_some() => {
                    back = match key {
                        Some(Arrow::Up) => (back + 1).min(history.len()),
                        _ => usize::saturating_sub(back, 1),
                    };
                    let at = history.len() - back;
                    let erased = "\u{8} \u{8}".repeat(typed.chars().count());
                    typed = history.get(at).cloned().unwrap_or_default();
                    format!("{erased}{typed}")
                }
                '\r' | '\n' => {
                    let line = std::mem::take(&mut typed);
                    back = 0;
                    if !line.trim().is_empty() && history.len() < MOST_HISTORY {
                        history.push(line.clone());
                    }
                    let _ = write.data_bytes(b"\r\n".to_vec()).await;
                    if line.trim() == "exit" || line.trim() == "logout" {
                        return status;
                    }
                    status = attended(host, user, &line, read, write).await;
                    prompt.clone()
                }
                '\u{3}' => {
                    typed.clear();
                    format!("^C\r\n{prompt}")
                }
                '\u{4}' if typed.is_empty() => return status,
                '\u{15}' => {
                    let erased = typed.chars().count();
                    typed.clear();
                    "\u{8} \u{8}".repeat(erased)
                }
                '\u{7f}' | '\u{8}' => match typed.pop() {
                    Some(_) => "\u{8} \u{8}".to_owned(),
                    None => continue,
                },
                c if c.is_control() || typed.len() >= MOST_TYPED => continue,
                c => {
                    typed.push(c);
                    c.to_string()
                }
            };
            if write.data_bytes(echo.into_bytes()).await.is_err() {
                return status;
            }
        }
    }
}

/// Runs a typed line; Ctrl-C ends it.
async fn attended(
    host: &Arc<Host>,
    user: &str,
    line: &str,
    read: &mut ChannelReadHalf,
    write: &Arc<command::Channel>,
) -> u32 {
    let end = CancellationToken::new();
    let (theirs, mut ours) = tokio::io::duplex(INPUT);
    let io = Io::new(Box::new(theirs), write.clone(), end.clone(), true);
    let mut run = std::pin::pin!(command::run_line(host, user, line, io));
    loop {
        tokio::select! {
            status = &mut run => return status,
            message = read.wait() => match message {
                Some(ChannelMsg::Data { data }) if data.contains(&3) => {
                    end.cancel();
                    let _ = write.data_bytes(b"^C\r\n".to_vec()).await;
                }
                Some(ChannelMsg::Data { data }) if data.contains(&4) => {
                    let _ = ours.shutdown().await;
                }
                Some(ChannelMsg::Data { data }) => {
                    // A command that does not read loses what was typed.
                    let _ = ours.write_all(&data).await;
                }
                Some(ChannelMsg::Close) | None => return 130,
                Some(_) => {}
            }
        }
    }
}
