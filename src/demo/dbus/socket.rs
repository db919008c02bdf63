//! A stream of tokio's as zbus wants a socket.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use zbus::connection::{AuthMechanism, socket};

/// The stream.
#[derive(Debug)]
pub(super) struct Stream(pub(super) DuplexStream);

#[derive(Debug)]
pub(super) struct Reader(ReadHalf<DuplexStream>);

#[derive(Debug)]
pub(super) struct Writer(WriteHalf<DuplexStream>);

impl socket::Socket for Stream {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> socket::Split<Reader, Writer> {
        let (read, write) = tokio::io::split(self.0);
        socket::Split::new(Reader(read), Writer(write))
    }
}

#[async_trait::async_trait]
impl socket::ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        Ok((self.0.read(buffer).await?, Vec::new()))
    }

    fn auth_mechanism(&self) -> AuthMechanism {
        AuthMechanism::Anonymous
    }
}

#[async_trait::async_trait]
impl socket::WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.0.write(buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush().await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}
