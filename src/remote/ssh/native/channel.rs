//! A channel as byte streams, moved by one task. What nobody reads fills the channel's buffer; once
//! that is full the whole connection waits: russh gives out window for what has arrived, read or
//! not, and has no way to hold back one channel alone.

use super::super::{ExitStatus, Place, Process};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig, client::Msg};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, WriteHalf, duplex, split,
    },
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::{bytes::Bytes, io::StreamReader};

/// What a channel keeps for a slow reader, so that a pause does not hold the other channels up.
const BUFFER: usize = 4 * 1024 * 1024;
/// What is kept of data on its way out.
const INPUT: usize = 64 * 1024;
/// Messages of standard error that nobody read yet; later ones are dropped, unless somebody reads.
const STDERR: usize = 16;
/// How long standard error waits for whoever has begun to read it.
const STALL: Duration = Duration::from_secs(5);
/// How long a command may take to end that was told to, before its channel is closed.
const HANGUP: Duration = Duration::from_secs(2);
/// How long a channel that we closed may take to be closed by the server too.
const FAREWELL: Duration = Duration::from_secs(10);

/// Columns and rows of a terminal, and their changes.
pub(super) type Sizes = watch::Receiver<(u32, u32)>;

/// A command that was just asked for on this channel, on a terminal where it has sizes. The place
/// among the server's sessions is given back once the command has made it free.
pub(super) fn process(
    channel: Channel<Msg>,
    sizes: Option<Sizes>,
    place: Option<Place>,
) -> Process {
    let (read, write) = channel.split();
    let (stdin, from_stdin) = duplex(INPUT);
    let (stdout, to_stdout) = duplex(BUFFER);
    let (to_stderr, stderr) = mpsc::channel(STDERR);
    let (mut tell, exit) = oneshot::channel();
    let to_stderr = Stderr {
        to: to_stderr,
        read: Arc::new(AtomicBool::new(false)),
    };
    let reading = to_stderr.read.clone();
    tokio::spawn(async move {
        let (mut gone, to_stdout) = split(to_stdout);
        let mut pump = Pump::new(read, to_stdout, Some(to_stderr));
        let over = tokio::select! {
            () = pump.run() => true,
            () = send(from_stdin, &write) => true,
            () = resize(sizes, &write) => true,
            // Nobody listens any more, neither to what it says nor for its end.
            () = async { ended(&mut gone).await; tell.closed().await } => false,
        };
        let Pump { mut read, exit, .. } = pump;
        if !over {
            // A closed channel alone would not end what neither reads nor writes, and the server
            // would count it among its sessions.
            let _ = write.signal(Sig::HUP).await;
            let _ = timeout(HANGUP, closed(&mut read)).await;
        }
        let _ = write.close().await;
        drop(place);
        let _ = tell.send(exit);
        let _ = timeout(FAREWELL, closed(&mut read)).await;
    });
    let stderr = futures::stream::unfold((stderr, reading), |(mut stderr, reading)| async {
        reading.store(true, Ordering::Relaxed);
        let data = stderr.recv().await?;
        Some((Ok::<_, std::io::Error>(data), (stderr, reading)))
    });
    Process {
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(StreamReader::new(Box::pin(stderr))),
        exit: Box::pin(async move { exit.await.unwrap_or(ExitStatus::Lost) }),
    }
}

/// A connection forwarded over this channel. Each direction ends by itself; dropping it ends both.
pub(super) fn stream(channel: Channel<Msg>) -> DuplexStream {
    let (read, write) = channel.split();
    let (ours, theirs) = duplex(BUFFER);
    tokio::spawn(async move {
        let (from_us, to_us) = split(theirs);
        let mut pump = Pump::new(read, to_us, None);
        tokio::select! {
            () = pump.run() => {}
            () = send(from_us, &write) => {}
        }
        let _ = write.close().await;
        let _ = timeout(FAREWELL, closed(&mut pump.read)).await;
    });
    ours
}

/// Sends what comes until it ends, then says so; returns only when the channel is gone.
async fn send(mut from: impl AsyncRead + Unpin, write: &ChannelWriteHalf<Msg>) {
    let mut writer = write.make_writer();
    if tokio::io::copy(&mut from, &mut writer).await.is_ok() {
        let _ = write.eof().await;
        pending::<()>().await;
    }
}

/// Passes sizes on; never returns.
async fn resize(sizes: Option<Sizes>, write: &ChannelWriteHalf<Msg>) {
    if let Some(mut sizes) = sizes {
        while sizes.changed().await.is_ok() {
            let (columns, rows) = *sizes.borrow_and_update();
            let _ = write.window_change(columns, rows, 0, 0).await;
        }
    }
    pending::<()>().await;
}

/// Waits until the other end is dropped.
async fn ended(from: &mut (impl AsyncRead + Unpin)) {
    let mut nothing = [0; 1];
    while matches!(from.read(&mut nothing).await, Ok(1..)) {}
}

/// Reads on until the server has closed the channel.
async fn closed(read: &mut ChannelReadHalf) {
    while !matches!(read.wait().await, None | Some(ChannelMsg::Close)) {}
}

/// Where standard error goes, and whether somebody has begun to read it.
struct Stderr {
    to: mpsc::Sender<Bytes>,
    read: Arc<AtomicBool>,
}

impl Stderr {
    async fn take(&self, data: Bytes) {
        if !self.read.load(Ordering::Relaxed) {
            let _ = self.to.try_send(data);
        } else if timeout(STALL, self.to.send(data)).await.is_err() {
            // Until it is read again.
            self.read.store(false, Ordering::Relaxed);
        }
    }
}

/// Moves what the server sends.
struct Pump<W> {
    read: ChannelReadHalf,
    out: Option<W>,
    stderr: Option<Stderr>,
    exit: ExitStatus,
}

impl Pump<WriteHalf<DuplexStream>> {
    fn new(read: ChannelReadHalf, out: WriteHalf<DuplexStream>, stderr: Option<Stderr>) -> Self {
        Pump {
            read,
            out: Some(out),
            stderr,
            exit: ExitStatus::Lost,
        }
    }
}

impl<W: AsyncWrite + Unpin> Pump<W> {
    /// Until the channel is closed.
    async fn run(&mut self) {
        while let Some(message) = self.read.wait().await {
            match message {
                ChannelMsg::Data { data } => self.take(&data).await,
                ChannelMsg::ExtendedData { data, ext: 1 } => {
                    if let Some(stderr) = &self.stderr {
                        stderr.take(data).await;
                    }
                }
                ChannelMsg::Eof => self.finish().await,
                ChannelMsg::ExitStatus { exit_status } => {
                    self.exit = ExitStatus::Code(exit_status);
                }
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    self.exit = ExitStatus::Signal(name(&signal_name));
                }
                // The command itself was refused: its status stays unknown.
                ChannelMsg::Failure | ChannelMsg::Close => break,
                _ => {}
            }
        }
        self.finish().await;
    }

    async fn take(&mut self, data: &[u8]) {
        if let Some(out) = &mut self.out
            && out.write_all(data).await.is_err()
        {
            self.out = None;
        }
    }

    async fn finish(&mut self) {
        self.stderr = None;
        if let Some(mut out) = self.out.take() {
            let _ = out.shutdown().await;
        }
    }
}

/// As RFC 4254 (6.10) writes it, without `SIG`.
fn name(signal: &Sig) -> String {
    match signal {
        Sig::ABRT => "ABRT",
        Sig::ALRM => "ALRM",
        Sig::FPE => "FPE",
        Sig::HUP => "HUP",
        Sig::ILL => "ILL",
        Sig::INT => "INT",
        Sig::KILL => "KILL",
        Sig::PIPE => "PIPE",
        Sig::QUIT => "QUIT",
        Sig::SEGV => "SEGV",
        Sig::TERM => "TERM",
        Sig::USR1 => "USR1",
        Sig::Custom(other) => other,
    }
    .to_owned()
}
