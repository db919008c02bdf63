//! Places among the session channels of a connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, ReadBuf};

/// A place among the session channels of a connection, given back when dropped.
pub type Place = tokio::sync::OwnedSemaphorePermit;

/// A reader that holds something until it is dropped.
pub(super) struct Held<R, P> {
    read: R,
    _place: P,
}

impl<R, P> Held<R, P> {
    pub(super) fn new(read: R, place: P) -> Self {
        Held {
            read,
            _place: place,
        }
    }
}

impl<R: AsyncRead + Unpin, P: Unpin> AsyncRead for Held<R, P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.read).poll_read(context, buffer)
    }
}
