//! What the signals of systemd say has to be read again, gathered without ever making them wait.

use super::{bridge::Bridge, manager::MANAGER, names};
use futures::StreamExt;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::Notify, task::AbortHandle};
use zbus::{Message, MessageStream, OwnedObjectPath};

/// What has to be read again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dirt {
    pub(super) units: HashSet<String>,
    pub(super) gone: HashSet<String>,
    pub(super) files: bool,
    pub(super) everything: bool,
    pub(super) closed: bool,
}

impl Dirt {
    pub(super) fn unit(&mut self, name: String) {
        self.gone.remove(&name);
        self.units.insert(name);
    }

    /// Notes what a signal is about; false when it is about nothing of ours.
    fn note(&mut self, message: &Message) -> bool {
        if message.message_type() != zbus::message::Type::Signal {
            return false;
        }
        let header = message.header();
        let (Some(member), Some(interface)) = (header.member(), header.interface()) else {
            return false;
        };
        let body = message.body();
        if interface == "org.freedesktop.DBus.Properties" {
            let unit = header.path().and_then(|path| names::unit_of(path));
            return unit.map(|name| self.unit(name)).is_some();
        }
        if interface != MANAGER {
            return false;
        }
        match member.as_str() {
            "UnitNew" => body
                .deserialize::<(String, OwnedObjectPath)>()
                .map(|(name, _)| self.unit(name))
                .is_ok(),
            "UnitRemoved" => body
                .deserialize::<(String, OwnedObjectPath)>()
                .map(|(name, _)| {
                    self.units.remove(&name);
                    self.gone.insert(name);
                })
                .is_ok(),
            "JobNew" => body
                .deserialize::<(u32, OwnedObjectPath, String)>()
                .map(|(_, _, name)| self.unit(name))
                .is_ok(),
            "JobRemoved" => body
                .deserialize::<(u32, OwnedObjectPath, String, String)>()
                .map(|(_, _, name, _)| self.unit(name))
                .is_ok(),
            "UnitFilesChanged" => {
                self.files = true;
                true
            }
            // False at the end of a reload: then everything may be different.
            "Reloading" => body
                .deserialize::<bool>()
                .map(|begins| self.everything |= !begins)
                .is_ok(),
            _ => false,
        }
    }
}

/// Takes every signal off the connection at once, so that it never waits for a slow reader, and
/// keeps only what has to be read again.
pub(super) struct Inbox {
    shared: Arc<(Mutex<Dirt>, Notify)>,
    task: AbortHandle,
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inbox {
    pub(super) fn listen(bridge: &Bridge) -> Inbox {
        let shared = Arc::new((Mutex::new(Dirt::default()), Notify::new()));
        let mut messages = MessageStream::from(bridge.connection());
        let inside = shared.clone();
        let task = tokio::spawn(async move {
            let (dirt, news) = &*inside;
            while let Some(Ok(message)) = messages.next().await {
                if dirt
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .note(&message)
                {
                    news.notify_one();
                }
            }
            dirt.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
            news.notify_one();
        })
        .abort_handle();
        Inbox { shared, task }
    }

    pub(super) async fn wait(&self) {
        self.shared.1.notified().await;
    }

    pub(super) fn take(&self) -> Dirt {
        std::mem::take(&mut self.shared.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
