//! Logging in: the agent's keys and certificates first, then key files, then what the user types.
//! A passphrase is asked for only when the server wants the key.

mod failed;
mod keys;
mod typed;

use super::{
    link::Client,
    patience::{Asking, Patience},
};
use crate::remote::{
    HostId,
    ssh::{SshError, resolve::Resolved},
};
use russh::{
    Error, MethodKind, MethodSet,
    client::{AuthResult, Handle},
};
use std::sync::Arc;
use tokio::sync::watch;

/// How often a passphrase or password may be wrong.
const TRIES: usize = 3;

/// Logs in, or says what was tried.
pub(super) async fn log_in(
    id: &HostId,
    to: &Resolved,
    handle: &mut Handle<Client>,
    asking: &Asking,
    over: &watch::Receiver<Option<SshError>>,
) -> Result<(), SshError> {
    let mut login = Login {
        id,
        to,
        handle,
        prompter: asking,
        patience: asking.patience.clone(),
        over: over.clone(),
        left: MethodSet::empty(),
        tried: Vec::new(),
    };
    match login.run().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(login.refused()),
        Err(error) => Err(login.broken(&error).await),
    }
}

struct Login<'a> {
    id: &'a HostId,
    to: &'a Resolved,
    handle: &'a mut Handle<Client>,
    prompter: &'a Asking,
    patience: Arc<Patience>,
    /// Why the connection ended, once it has.
    over: watch::Receiver<Option<SshError>>,
    /// What the server would still take.
    left: MethodSet,
    /// What was tried, for the user.
    tried: Vec<String>,
}

impl Login<'_> {
    async fn run(&mut self) -> Result<bool, Error> {
        let asked = self.handle.authenticate_none(&self.to.user);
        let first = in_time(&self.patience, asked).await??;
        if self.done(first)? {
            return Ok(true);
        }
        if self.may(MethodKind::PublicKey) {
            let files = self.to.repeated("identityfile");
            if self.agent(&files).await? || self.files(&files).await? {
                return Ok(true);
            }
        }
        if self.to.yes("batchmode") {
            return Ok(false);
        }
        if self.may(MethodKind::KeyboardInteractive) && self.interactive().await? {
            return Ok(true);
        }
        if self.may(MethodKind::Password) && self.password().await? {
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether the server would take it and ssh_config lets it be tried.
    fn may(&self, method: MethodKind) -> bool {
        let keyword = match method {
            MethodKind::PublicKey => "pubkeyauthentication",
            MethodKind::KeyboardInteractive => "kbdinteractiveauthentication",
            _ => "passwordauthentication",
        };
        let forbidden = matches!(self.to.get(keyword), Some("no" | "false"));
        let preferred = self.to.get("preferredauthentications").is_none_or(|list| {
            list.split(',')
                .any(|name| name.trim() == <&str>::from(&method))
        });
        self.left.contains(&method) && !forbidden && preferred
    }

    /// Whether that was it; otherwise what the server would take next.
    fn done(&mut self, result: AuthResult) -> Result<bool, Error> {
        match result {
            AuthResult::Success => Ok(true),
            AuthResult::Failure {
                remaining_methods, ..
            } => {
                self.left = remaining_methods;
                if self.handle.is_closed() {
                    return Err(Error::Disconnect);
                }
                Ok(false)
            }
        }
    }
}

/// An answer of the server, which may not come.
async fn in_time<T>(patience: &Patience, asked: impl Future<Output = T>) -> Result<T, Error> {
    patience.wait(asked).await.ok_or(Error::ConnectionTimeout)
}

/// Before a question that is asked once more.
fn again(attempt: usize) -> &'static str {
    if attempt == 0 {
        ""
    } else {
        "That was not right, try again. "
    }
}
