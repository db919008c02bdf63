//! What reaches the loop from the terminal and the system: keys, mouse, signals.

use crate::tui::{msg::Msg, run::Input};
use crossterm::event::EventStream;
use futures::{Stream, StreamExt};
use std::{
    io,
    task::Poll,
    time::{Duration, Instant},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the console handles.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    go_on: Signal,
    pub(super) resumed: Option<Instant>,
}

impl Signals {
    pub(super) fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(nix::libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(nix::libc::SIGCONT))?,
            resumed: None,
        })
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Option<Msg>> {
        for signal in [&mut self.terminate, &mut self.hang_up, &mut self.interrupt] {
            if signal.poll_recv(cx).is_ready() {
                return Poll::Ready(Some(Msg::Terminate));
            }
        }
        if self.stop.poll_recv(cx).is_ready() {
            return Poll::Ready(Some(Msg::Stop));
        }
        while self.go_on.poll_recv(cx).is_ready() {
            // Our own stop is followed by one as well; the screen is whole already.
            let own = self
                .resumed
                .is_some_and(|at| at.elapsed() < Duration::from_millis(500));
            if !own {
                return Poll::Ready(Some(Msg::Continued));
            }
        }
        Poll::Pending
    }
}

/// Keys, mouse and signals.
pub(super) fn input(signals: &mut Signals) -> impl Stream<Item = io::Result<Input>> + Unpin + '_ {
    let signals = futures::stream::poll_fn(|cx| signals.poll(cx));
    futures::stream::select(
        EventStream::new().map(|event| event.map(Input::Event)),
        signals.map(|msg| Ok(Input::Msg(Box::new(msg)))),
    )
}
