//! A channel as byte streams. One task a channel moves its messages, so that what nobody reads
//! fills this channel's buffer first and only then holds the whole connection back: russh gives
//! out window for all channels alike.

use super::super::{ExitStatus, Process};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig, client::Msg};
use std::{future::pending, time::Duration};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, WriteHalf, duplex, split,
    },
    sync::{mpsc, oneshot, watch},
};
use tokio_util::{bytes::Bytes, io::StreamReader};

/// What a channel keeps for a slow reader. More than russh's window for it (2 MiB), so that a
/// reader that stopped does not stop the other channels of the connection.
const BUFFER: usize = 4 * 1024 * 1024;
/// What is kept of data on its way out.
const INPUT: usize = 64 * 1024;
/// Messages of standard error that nobody read yet; later ones are dropped.
const STDERR: usize = 16;
/// How long a channel that we closed may take to be closed by the server too.
const FAREWELL: Duration = Duration::from_secs(10);

/// Columns and rows of a terminal, and their changes.
pub(super) type Sizes = watch::Receiver<(u32, u32)>;

/// A command that was just asked for on this channel, on a terminal where it has sizes.
pub(super) fn process(channel: Channel<Msg>, sizes: Option<Sizes>) -> Process {
    let (read, write) = channel.split();
    let (stdin, from_stdin) = duplex(INPUT);
    let (stdout, to_stdout) = duplex(BUFFER);
    let (to_stderr, stderr) = mpsc::channel(STDERR);
    let (mut tell, exit) = oneshot::channel();
    tokio::spawn(async move {
        let (mut gone, to_stdout) = split(to_stdout);
        let mut pump = Pump::new(read, to_stdout, Some(to_stderr));
        tokio::select! {
            () = pump.run() => {}
            () = send(from_stdin, &write) => {}
            () = resize(sizes, &write) => {}
            // Nobody listens any more, neither to what it says nor for its end.
            () = async { ended(&mut gone).await; tell.closed().await } => {}
        }
        let Pump { read, exit, .. } = pump;
        let _ = tell.send(exit);
        farewell(read, write).await;
    });
    let stderr = futures::stream::unfold(stderr, |mut stderr| async {
        let data = stderr.recv().await?;
        Some((Ok::<_, std::io::Error>(data), stderr))
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
        farewell(pump.read, write).await;
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

async fn farewell(mut read: ChannelReadHalf, write: ChannelWriteHalf<Msg>) {
    let _ = write.close().await;
    let closed = async { while read.wait().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, closed).await;
}

/// Moves what the server sends.
struct Pump<W> {
    read: ChannelReadHalf,
    out: Option<W>,
    stderr: Option<mpsc::Sender<Bytes>>,
    exit: ExitStatus,
}

impl Pump<WriteHalf<DuplexStream>> {
    fn new(
        read: ChannelReadHalf,
        out: WriteHalf<DuplexStream>,
        stderr: Option<mpsc::Sender<Bytes>>,
    ) -> Self {
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
                        let _ = stderr.try_send(data);
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
