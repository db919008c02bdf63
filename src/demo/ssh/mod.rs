//! The SSH server of a simulated host: logins, sessions, forwarded connections.
//!
//! Faults of the link are in `fault`, what a session does in `session`.

mod fault;
mod forward;
mod session;

pub use fault::Fault;
pub(crate) use fault::Faults;

use super::host::Host;
use russh::{
    Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet,
    keys::{PrivateKey, PublicKey},
    server::{self, Auth, ChannelOpenHandle, Config, Msg, Response, Session},
};
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// The password of every user, for clients without the key.
pub(crate) const PASSWORD: &str = "demo";
/// Bytes between a socket and its server.
const PIPE: usize = 64 * 1024;

/// Serves a host until dropped.
pub(crate) async fn serve(
    host: Arc<Host>,
    listener: TcpListener,
    host_key: PrivateKey,
    client: PublicKey,
) {
    let config = Arc::new(Config {
        keys: vec![host_key],
        methods: methods(),
        auth_rejection_time: Duration::from_millis(100),
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    });
    let client = Arc::new(client);
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some will come back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if host.faults.refuses() {
            continue;
        }
        // Answers are small and wanted at once; without it they are only late.
        let _ = socket.set_nodelay(true);
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(host.faults.clone().carry(socket, ours));
        let handler = Handler {
            host: host.clone(),
            client: client.clone(),
            user: String::new(),
        };
        let config = config.clone();
        tokio::spawn(async move {
            if let Ok(session) = server::run_stream(config, theirs, handler).await {
                // How a client's connection ended concerns nobody but the client.
                let _ = session.await;
            }
        });
    }
}

fn methods() -> MethodSet {
    let all = [
        MethodKind::PublicKey,
        MethodKind::Password,
        MethodKind::KeyboardInteractive,
    ];
    MethodSet::from(all.as_slice())
}

/// No; as with sshd, every method may be tried again.
fn reject() -> Auth {
    Auth::Reject {
        proceed_with_methods: Some(methods()),
        partial_success: false,
    }
}

struct Handler {
    host: Arc<Host>,
    client: Arc<PublicKey>,
    user: String,
}

impl Handler {
    fn admit(&mut self, user: &str, proved: bool) -> Auth {
        if proved && matches!(user, "operator" | "viewer") {
            user.clone_into(&mut self.user);
            return Auth::Accept;
        }
        reject()
    }
}

impl server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        _user: &str,
        offer: server::PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(
            match offer.public_key.key_data() == self.client.key_data() {
                true => Auth::Accept,
                false => reject(),
            },
        )
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: server::VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        let known = key.public_key.key_data() == self.client.key_data();
        Ok(self.admit(user, known))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.admit(user, password == PASSWORD))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        Ok(match response {
            Some(mut answers) => {
                let right = answers
                    .next()
                    .is_some_and(|answer| answer == PASSWORD.as_bytes());
                self.admit(user, right)
            }
            None => Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Owned(vec![(Cow::Borrowed("Password: "), false)]),
            },
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        tokio::spawn(session::run(self.host.clone(), self.user.clone(), channel));
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        _host: &str,
        port: u32,
        _originator: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if forward::is_open(&self.host, port) {
            reply.accept().await;
            tokio::spawn(forward::run(self.host.clone(), port, channel.into_stream()));
        } else {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        }
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        socket_path: &str,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        // The socket belongs to the group that only the operator is in.
        if self.user == "operator" && forward::is_socket(&self.host, socket_path) {
            reply.accept().await;
            tokio::spawn(forward::podman(self.host.clone(), channel.into_stream()));
        } else {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }
}
