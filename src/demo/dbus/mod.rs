//! systemd's D-Bus service on a simulated host, as `systemd-stdio-bridge` shows it.
//!
//! Here: one connection, the bus's own calls and signals. The manager's calls are in `manager`,
//! properties in `properties`.

mod handshake;
mod manager;
mod properties;
mod socket;

use super::command::Io;
use super::host::Host;
use super::model::Event;
use futures::StreamExt;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::broadcast::error::RecvError;
use zbus::{Connection, DynamicType, Guid, Message, MessageStream, connection::Builder, message};

const OWNER: &str = ":1.0";
const CLIENT: &str = ":1.42";
const SYSTEMD: &str = "org.freedesktop.systemd1";
const BUS: &str = "org.freedesktop.DBus";
pub(super) const PATH: &str = "/org/freedesktop/systemd1";

/// Bytes between the channel and the connection.
const PIPE: usize = 256 * 1024;

/// Serves one bridge until its client leaves; the exit code.
pub(crate) async fn bridge(host: &Arc<Host>, root: bool, io: &mut Io) -> u32 {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (mut from, mut to) = tokio::io::split(theirs);
    let stdin = std::mem::replace(&mut io.stdin, Box::new(tokio::io::empty()));
    let reading = async move {
        let mut stdin = stdin;
        // The client's end of file ends the bridge.
        let _ = tokio::io::copy(&mut stdin, &mut to).await;
        let _ = to.shutdown().await;
    };
    let writing = async {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            match buffer.get(..count) {
                Some(bytes) if io.out(bytes).await == 0 => {}
                _ => return,
            }
        }
    };
    tokio::select! {
        () = reading => 0,
        () = writing => 0,
        served = serve(host.clone(), root, ours) => u32::from(served.is_err()),
    }
}

/// One client's connection.
struct Peer {
    host: Arc<Host>,
    root: bool,
    connection: Connection,
}

async fn serve(
    host: Arc<Host>,
    root: bool,
    mut stream: tokio::io::DuplexStream,
) -> zbus::Result<()> {
    let mut events = host.events();
    // zbus does not know the form in which sd-bus says that it is anonymous.
    let guid = Guid::generate();
    handshake::greet(&mut stream, guid.as_str()).await?;
    let connection = Builder::authenticated_socket(socket::Stream(stream), guid)
        .p2p()
        .build()
        .await?;
    let mut calls = MessageStream::from(&connection);
    let peer = Peer {
        host,
        root,
        connection,
    };
    let mut subscribed = false;
    loop {
        tokio::select! {
            call = calls.next() => match call {
                Some(Ok(call)) if call.message_type() == message::Type::MethodCall => {
                    subscribed |= call.header().member().is_some_and(|m| m == "Subscribe");
                    peer.answer(&call).await?;
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
            event = events.recv() => match event {
                Ok(event) if subscribed => peer.tell(event).await?,
                Ok(_) => {}
                // As the bus does with a client that reads too slowly.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// An error reply: its D-Bus name and text.
pub(super) struct Refused(pub(super) &'static str, pub(super) String);

impl Peer {
    async fn reply<B>(&self, call: &Message, body: &B) -> zbus::Result<()>
    where
        B: serde::Serialize + DynamicType + Sync,
    {
        let header = call.header();
        if header
            .primary()
            .flags()
            .contains(message::Flags::NO_REPLY_EXPECTED)
        {
            return Ok(());
        }
        let sender = if header.destination().is_some_and(|name| name == BUS) {
            BUS
        } else {
            OWNER
        };
        let message = Message::method_return(&header)
            .sender(sender)
            .destination(CLIENT)
            .build(body)?;
        self.connection.send(&message).await
    }

    async fn refuse(&self, call: &Message, refused: Refused) -> zbus::Result<()> {
        let message = Message::error(&call.header(), refused.0)
            .sender(OWNER)
            .destination(CLIENT)
            .build(&refused.1)?;
        self.connection.send(&message).await
    }

    async fn signal<B>(&self, path: &str, interface: &str, name: &str, body: &B) -> zbus::Result<()>
    where
        B: serde::Serialize + DynamicType + Sync,
    {
        let message = Message::signal(path, interface, name)
            .sender(OWNER)
            .build(body)?;
        self.connection.send(&message).await
    }

    async fn answer(&self, call: &Message) -> zbus::Result<()> {
        let header = call.header();
        let member = header
            .member()
            .map(|m| m.as_str().to_owned())
            .unwrap_or_default();
        let path = header
            .path()
            .map(|p| p.as_str().to_owned())
            .unwrap_or_default();
        if header.destination().is_some_and(|name| name == BUS) {
            return self.answer_bus(call, &member).await;
        }
        match header.interface().map(|i| i.as_str().to_owned()).as_deref() {
            Some("org.freedesktop.DBus.Properties") => self.properties(call, &path, &member).await,
            Some("org.freedesktop.DBus.Peer") => self.reply(call, &()).await,
            _ => self.manager(call, &path, &member).await,
        }
    }

    /// The bus's own calls.
    async fn answer_bus(&self, call: &Message, member: &str) -> zbus::Result<()> {
        match member {
            "Hello" => self.reply(call, &CLIENT).await,
            "AddMatch" | "RemoveMatch" | "Ping" => self.reply(call, &()).await,
            "GetNameOwner" => {
                let name: String = call.body().deserialize()?;
                match name.as_str() {
                    SYSTEMD => self.reply(call, &OWNER).await,
                    BUS => self.reply(call, &BUS).await,
                    _ => {
                        let text = format!("The name {name} does not have an owner");
                        let name = "org.freedesktop.DBus.Error.NameHasNoOwner";
                        self.refuse(call, Refused(name, text)).await
                    }
                }
            }
            "NameHasOwner" => {
                let name: String = call.body().deserialize()?;
                self.reply(call, &(name == SYSTEMD)).await
            }
            "ListNames" => self.reply(call, &vec![BUS, SYSTEMD, OWNER, CLIENT]).await,
            "GetId" => self.reply(call, &"00000000000000000000000000000001").await,
            _ => self.unknown(call, member).await,
        }
    }

    async fn unknown(&self, call: &Message, member: &str) -> zbus::Result<()> {
        let name = "org.freedesktop.DBus.Error.UnknownMethod";
        let text = format!("Unknown method {member} or interface.");
        self.refuse(call, Refused(name, text)).await
    }

    /// Passes an event on as systemd's signals.
    async fn tell(&self, event: Event) -> zbus::Result<()> {
        const MANAGER: &str = "org.freedesktop.systemd1.Manager";
        match event {
            Event::JobNew(id, unit) => {
                let body = (id, properties::job_path(id)?, unit);
                self.signal(PATH, MANAGER, "JobNew", &body).await
            }
            Event::JobRemoved(id, unit, result) => {
                let body = (id, properties::job_path(id)?, unit, result);
                self.signal(PATH, MANAGER, "JobRemoved", &body).await
            }
            Event::FilesChanged => self.signal(PATH, MANAGER, "UnitFilesChanged", &()).await,
            Event::Reloading(active) => self.signal(PATH, MANAGER, "Reloading", &active).await,
            Event::Changed(name) => {
                let changed = self.host.with(|world| {
                    let unit = world.units.get(&name)?;
                    Some((
                        properties::interface(&name),
                        properties::own(unit, world),
                        properties::common(unit, world),
                    ))
                });
                let Some((interface, own, common)) = changed else {
                    return Ok(());
                };
                let path = properties::unit_path(&name);
                for (interface, all) in
                    [(interface, own), ("org.freedesktop.systemd1.Unit", common)]
                {
                    let all = properties::changing(all);
                    if all.is_empty() {
                        continue;
                    }
                    let body = (interface, all, Vec::<&str>::new());
                    let name = "org.freedesktop.DBus.Properties";
                    self.signal(&path, name, "PropertiesChanged", &body).await?;
                }
                Ok(())
            }
        }
    }
}
