//! A session channel opened ahead, so that a command takes one round trip instead of two: on a bad
//! link that is what a key feels like. The eight channels of a host and this one stay below
//! sshd's MaxSessions of ten.

use super::link::Client;
use futures::FutureExt;
use russh::{
    Channel, Error,
    client::{Handle, Msg},
};
use std::sync::{Arc, Mutex};

/// At most one open channel that nobody uses yet.
#[derive(Clone)]
pub(super) struct Spare(Arc<Mutex<State>>);

enum State {
    Absent,
    /// Asked for: a second one would take a place at the server and never be found again.
    Asked,
    Open(Channel<Msg>),
}

impl Spare {
    /// Opens the first one in the background.
    pub(super) fn new(handle: &Arc<Handle<Client>>) -> Spare {
        let spare = Spare(Arc::new(Mutex::new(State::Absent)));
        spare.refill(handle);
        spare
    }

    /// The spare one where there is one, else a new one; and another spare for next time.
    pub(super) async fn take(&self, handle: &Arc<Handle<Client>>) -> Result<Channel<Msg>, Error> {
        let channel = match self.held().and_then(still_open) {
            Some(channel) => channel,
            None => handle.channel_open_session().await?,
        };
        self.refill(handle);
        Ok(channel)
    }

    fn held(&self) -> Option<Channel<Msg>> {
        let mut state = self.0.lock().ok()?;
        match std::mem::replace(&mut *state, State::Absent) {
            State::Open(channel) => Some(channel),
            other => {
                *state = other;
                None
            }
        }
    }

    /// A server that does not want to open one more is not asked again until the next command.
    fn refill(&self, handle: &Arc<Handle<Client>>) {
        match self.0.lock() {
            Ok(mut state) if matches!(*state, State::Absent) => *state = State::Asked,
            _ => return,
        }
        let (spare, handle) = (self.clone(), Arc::downgrade(handle));
        tokio::spawn(async move {
            let opened = match handle.upgrade() {
                Some(handle) => handle.channel_open_session().await.ok(),
                None => None,
            };
            if let Ok(mut state) = spare.0.lock() {
                *state = opened.map_or(State::Absent, State::Open);
            }
        });
    }
}

/// Nothing is sent on a channel before a command but its end.
fn still_open(mut channel: Channel<Msg>) -> Option<Channel<Msg>> {
    let silent = channel.wait().now_or_never().is_none();
    silent.then_some(channel)
}
