//! Why nobody is logged in, as a problem with what to do.

use super::{Login, TRIES};
use crate::problem::{Exit, Problem};
use crate::remote::ssh::{SshError, problem};
use russh::Error;
use std::time::Duration;
use tokio::time::timeout;

/// How long the reason for the end of a connection may come after it.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Login<'_> {
    pub(super) fn refused(&self) -> SshError {
        let tried = if self.tried.is_empty() {
            "no key was found".to_owned()
        } else {
            format!("tried {}", self.tried.join(", "))
        };
        let takes: Vec<_> = self.left.iter().map(<&str>::from).collect();
        SshError::Refused(
            problem(
                self.id,
                "auth-failed",
                Exit::Unreachable,
                format!(
                    "{} does not let {} in: {tried}; it takes {}",
                    self.to.alias,
                    self.to.user,
                    if takes.is_empty() {
                        "nothing else".to_owned()
                    } else {
                        takes.join(", ")
                    }
                ),
            )
            .hint("check the user, load the key with `ssh-add`, or name it in ssh_config"),
        )
    }

    pub(super) async fn broken(&mut self, error: &Error) -> SshError {
        if matches!(error, Error::ConnectionTimeout) {
            return SshError::Link(
                problem(
                    self.id,
                    "auth-timeout",
                    Exit::Unreachable,
                    format!(
                        "{} did not answer within {} s while {} logged in",
                        self.to.alias,
                        self.patience.limit().as_secs(),
                        self.to.user
                    ),
                )
                .hint("the server may be overloaded; ConnectTimeout in ssh_config, or --timeout, lets it take longer"),
            );
        }
        // The server's own words, if it had any, come along with the end of the connection.
        let ended = timeout(LAST_WORDS, self.over.wait_for(Option::is_some)).await;
        let said = ended
            .ok()
            .and_then(Result::ok)
            .and_then(|said| said.clone());
        let why = match said {
            Some(said) => Problem::from(said).message,
            None => super::super::link::Trouble::text(error),
        };
        let told = problem(
            self.id,
            "auth-broken",
            Exit::Unreachable,
            format!(
                "{} ended the connection while {} logged in ({} tried): {why}",
                self.to.alias,
                self.to.user,
                self.tried.len(),
            ),
        );
        // A server that has had enough attempts hangs up; the same ones again do not help.
        if why.contains("Too many authentication failures") || self.tried.len() >= TRIES {
            SshError::Refused(
                told.hint(
                    "the server may count attempts: name the right key and set IdentitiesOnly",
                ),
            )
        } else {
            SshError::Link(told)
        }
    }
}
