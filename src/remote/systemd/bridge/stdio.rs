//! The bridge's standard input and output as the D-Bus library wants a socket.

use std::{
    fmt, io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};

/// The largest message taken, in bytes: a list of ten thousand units is about 3 MiB.
const LARGEST: usize = 32 * 1024 * 1024;

/// What comes first on standard output, kept to explain a failure.
const FIRST: usize = 512;

pub(super) type FirstWords = Arc<Mutex<Vec<u8>>>;

/// The bridge's standard input and output as zbus wants a socket.
pub(super) struct Stdio {
    pub(super) stdin: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) stdout: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) first: FirstWords,
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
pub(super) struct Reader {
    stdout: Mutex<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    /// Until it is full.
    first: Option<FirstWords>,
}

pub(super) struct Writer(Mutex<Box<dyn AsyncWrite + Send + Unpin>>);

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
