//! From a resolved destination to a logged-in connection: directly, through jump hosts, or through
//! a command. Each hop is resolved, checked and logged in to like a host of its own.

use super::{
    auth,
    patience::{Asking, Patience},
    server_key::{Accepted, Judge},
    socket::Quick,
};
use crate::config::Destination;
use crate::problem::Exit;
use crate::remote::{
    HostId, Prompter,
    ssh::{Options, SshError, problem, resolve::Resolved},
};
use futures::future::BoxFuture;
use russh::{
    AlgorithmKind, Error, Limits, Preferred, cipher, client,
    client::{DisconnectReason, Handle},
    compression,
    keys::PublicKeyOrCertificate,
};
use std::{borrow::Cow, process::Stdio, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    process::Command,
    sync::watch,
    time::timeout,
};

/// Jump hosts behind jump hosts: nobody has more, a loop would.
const HOPS: usize = 8;
/// AES first: with instructions for it, half as much again as ChaCha.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// What every hop of one connection attempt shares.
pub(super) struct Dialling<'a> {
    pub(super) id: &'a HostId,
    pub(super) options: &'a Options,
    pub(super) prompter: Arc<dyn Prompter>,
    pub(super) accepted: &'a Accepted,
    /// For the connection, the handshake, and each answer while logging in.
    pub(super) limit: Duration,
}

/// A logged-in connection.
pub(super) struct Made {
    pub(super) handle: Handle<Client>,
    pub(super) over: watch::Receiver<Option<SshError>>,
    pub(super) through: Vec<Handle<Client>>,
}

impl Dialling<'_> {
    /// Connects as the configuration says.
    pub(super) async fn dial(&self, to: &Resolved) -> Result<Made, SshError> {
        self.through(to, None, 0).await
    }

    /// Connects through these jump hosts, or through those of the destination's own configuration.
    fn through<'b>(
        &'b self,
        to: &'b Resolved,
        jumps: Option<&'b [Destination]>,
        depth: usize,
    ) -> BoxFuture<'b, Result<Made, SshError>> {
        Box::pin(async move {
            if depth > HOPS {
                return Err(self.config("more than eight jump hosts, or a loop of them"));
            }
            let configured = match (jumps, to.get("proxyjump")) {
                (None, Some(list)) => self.jumps(list)?,
                _ => Vec::new(),
            };
            match jumps.unwrap_or(&configured).split_last() {
                Some((last, before)) => {
                    let hop = Resolved::ask(self.id, last, &self.hop_options()).await?;
                    // The first hop's own configuration may name jump hosts; that of later ones
                    // is overruled by the list.
                    let before = (!before.is_empty()).then_some(before);
                    let mut made = self.through(&hop, before, depth + 1).await?;
                    let opening = made.handle.channel_open_direct_tcpip(
                        &to.host,
                        to.port.into(),
                        "127.0.0.1",
                        0,
                    );
                    let channel = match timeout(self.limit, opening).await {
                        Ok(opened) => opened.map_err(|error| Trouble::text(&error)),
                        Err(_) => Err(format!("no answer within {} s", self.limit.as_secs())),
                    };
                    let channel = channel.map_err(|why| {
                        self.unreachable(to, &format!("from {}: {why}", hop.alias))
                    })?;
                    let mut over = self.log_in(to, channel.into_stream()).await?;
                    over.through.append(&mut made.through);
                    over.through.push(made.handle);
                    Ok(over)
                }
                None => match to.get("proxycommand") {
                    Some(command) => {
                        let stream = self.command(to, command)?;
                        self.log_in(to, stream).await
                    }
                    None => self.log_in(to, self.tcp(to).await?).await,
                },
            }
        })
    }

    /// `[user@]host[:port]` or `ssh://…`, separated by commas, nearest first.
    fn jumps(&self, list: &str) -> Result<Vec<Destination>, SshError> {
        list.split(',')
            .map(|hop| {
                let hop = hop.trim();
                let hop = hop.strip_prefix("ssh://").unwrap_or(hop);
                bare(hop)
                    .parse()
                    .map_err(|error| self.config(&format!("ProxyJump {hop:?}: {error}")))
            })
            .collect()
    }

    /// `ssh_user_<env>` is for the environment's hosts only.
    fn hop_options(&self) -> Options {
        Options {
            default_user: None,
            ..self.options.clone()
        }
    }

    async fn tcp(&self, to: &Resolved) -> Result<Quick, SshError> {
        let stream = timeout(self.limit, TcpStream::connect((to.host.as_str(), to.port)))
            .await
            .map_err(|_| {
                self.unreachable(to, &format!("no answer within {} s", self.limit.as_secs()))
            })?
            .map_err(|error| self.unreachable(to, &error.to_string()))?;
        Ok(Quick::new(stream))
    }

    /// Through the user's shell, as ssh does.
    fn command(
        &self,
        to: &Resolved,
        command: &str,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static, SshError> {
        let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
        let mut program = Command::new(shell);
        program
            .arg("-c")
            .arg(format!("exec {}", to.tokens(command)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = crate::job_control::start(|| program.spawn())
            .map_err(|error| self.unreachable(to, &format!("ProxyCommand: {error}")))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.unreachable(to, "ProxyCommand has no pipes"));
        };
        // It ends when its input does.
        tokio::spawn(async move { child.wait().await });
        Ok(tokio::io::join(stdout, stdin))
    }

    async fn log_in<S>(&self, to: &Resolved, stream: S) -> Result<Made, SshError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let patience = Patience::new(self.limit);
        let asking = Arc::new(Asking {
            prompter: self.prompter.clone(),
            patience: patience.clone(),
        });
        let judge = Judge::new(self.id, to, asking.clone(), self.accepted);
        let config = Arc::new(config(to, &judge));
        let (tell, over) = watch::channel(None);
        let client = Client {
            id: self.id.clone(),
            judge,
            tell,
        };
        let shake = client::connect_stream(config, stream, client);
        let mut handle = patience
            .wait(shake)
            .await
            .ok_or_else(|| self.unreachable(to, "the server does not speak SSH in time"))?
            .map_err(|trouble| trouble.told(self.id, &to.host))?;
        auth::log_in(self.id, to, &mut handle, &asking, &over).await?;
        Ok(Made {
            handle,
            over,
            through: Vec::new(),
        })
    }

    fn unreachable(&self, to: &Resolved, why: &str) -> SshError {
        let at = if to.port == 22 {
            to.host.clone()
        } else {
            format!("{} port {}", to.host, to.port)
        };
        SshError::Link(
            problem(
                self.id,
                "unreachable",
                Exit::Unreachable,
                format!("cannot connect to {at}: {why}"),
            )
            .hint("check the name, the network and the firewall; try `ssh -v`"),
        )
    }

    fn config(&self, why: &str) -> SshError {
        SshError::Refused(
            problem(self.id, "ssh-config", Exit::Usage, why)
                .hint("check ssh_config with `ssh -G HOST`"),
        )
    }
}

/// `ssh -G` puts every host that has a port into brackets, not only IPv6 addresses.
fn bare(hop: &str) -> String {
    match (hop.find('['), hop.find(']')) {
        (Some(open), Some(close)) if !hop.get(open..close).is_some_and(|h| h.contains(':')) => {
            hop.replace(['[', ']'], "")
        }
        _ => hop.to_owned(),
    }
}

fn config(to: &Resolved, judge: &Judge) -> client::Config {
    let mut keys: Vec<_> = Preferred::DEFAULT.key.to_vec();
    // The type that known_hosts has is asked for first, so that a known host is not taken for a
    // changed one.
    keys.sort_by_key(|algorithm| !judge.known.has(algorithm));
    let certificates = if judge.known.authorities().is_empty() {
        Vec::new()
    } else {
        keys.clone()
    };
    client::Config {
        nodelay: true,
        keepalive_interval: Some(to.seconds("serveraliveinterval").unwrap_or(KEEPALIVE)),
        keepalive_max: to
            .get("serveralivecountmax")
            .and_then(|count| count.parse().ok())
            .unwrap_or(3),
        limits: Limits::default(),
        preferred: Preferred {
            key: Cow::Owned(keys),
            host_key_certificates: Cow::Owned(certificates),
            cipher: Cow::Borrowed(CIPHERS),
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::DEFAULT
        },
        ..client::Config::default()
    }
}

/// Asked when nothing came for so long; the third unanswered one ends the connection.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What russh asks and tells us.
pub(super) struct Client {
    id: HostId,
    judge: Judge,
    tell: watch::Sender<Option<SshError>>,
}

impl client::Handler for Client {
    type Error = Trouble;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Trouble> {
        let judged = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.judge.key(key).await,
            PublicKeyOrCertificate::Certificate(certificate) => self.judge.certificate(certificate),
        };
        judged.map(|()| true).map_err(Trouble::Ssh)
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Trouble>) -> Result<(), Trouble> {
        let why = match &reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                format!("the server ended the connection: {}", info.message)
            }
            DisconnectReason::Error(Trouble::Russh(error)) => Trouble::text(error),
            DisconnectReason::Error(Trouble::Ssh(error)) => error.to_string(),
        };
        self.tell.send_replace(Some(SshError::Link(
            problem(&self.id, "connection-lost", Exit::Unreachable, why)
                .hint("it is made anew by itself"),
        )));
        match reason {
            DisconnectReason::ReceivedDisconnect(_) => Ok(()),
            DisconnectReason::Error(error) => Err(error),
        }
    }
}

/// An error of russh, or one of ours that went through it.
#[derive(Debug)]
pub(super) enum Trouble {
    Russh(Error),
    Ssh(SshError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Russh(error)
    }
}

impl Trouble {
    /// In words that say what happened.
    pub(super) fn text(error: &Error) -> String {
        match error {
            Error::IO(error) => error.to_string(),
            Error::Disconnect | Error::HUP | Error::SendError | Error::RecvError => {
                "the server closed the connection".to_owned()
            }
            Error::KeepaliveTimeout => "the server does not answer any more".to_owned(),
            Error::NoCommonAlgo { kind, theirs, .. } => {
                let kind = match kind {
                    AlgorithmKind::Kex => "key exchange",
                    AlgorithmKind::Key => "host key type",
                    AlgorithmKind::Cipher => "cipher",
                    AlgorithmKind::Compression => "compression",
                    AlgorithmKind::Mac => "message authentication",
                };
                format!(
                    "no {kind} in common; the server offers {}",
                    theirs.join(", ")
                )
            }
            other => other.to_string(),
        }
    }

    fn told(self, id: &HostId, host: &str) -> SshError {
        let error = match self {
            Trouble::Ssh(error) => return error,
            Trouble::Russh(error) => error,
        };
        let told = problem(
            id,
            "handshake",
            Exit::Unreachable,
            format!("{host}: {}", Trouble::text(&error)),
        );
        match error {
            Error::NoCommonAlgo { .. } => SshError::Refused(
                told.hint("set ssh_transport_<env> to \"openssh\" if `ssh` itself can connect"),
            ),
            _ => SshError::Link(told.hint(
                "check that an SSH server listens there; one that saw failed logins closes new \
                 connections for a while (PerSourcePenalties); try `ssh -v`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn only_ipv6_addresses_keep_their_brackets() {
        assert_eq!(bare("me@[127.0.0.1]:2222"), "me@127.0.0.1:2222");
        assert_eq!(bare("[bastion]:22"), "bastion:22");
        assert_eq!(bare("me@[2001:db8::1]:22"), "me@[2001:db8::1]:22");
        assert_eq!(bare("me@bastion"), "me@bastion");
    }
}
