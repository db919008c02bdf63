//! Which endpoint and which token: where they come from, and a type that keeps the token out of
//! sight.

mod cli_config;
mod endpoint;
mod find;

pub use endpoint::Endpoint;
pub use find::{Sources, find};

use secrecy::{ExposeSecret, SecretString};

/// A token. It cannot be printed or copied, and is wiped when dropped.
pub struct Token(SecretString);

impl Token {
    /// From its text.
    pub fn new(text: SecretString) -> Token {
        Token(text)
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What a project is reached with.
pub struct Access {
    /// Where the API is.
    pub endpoint: Endpoint,
    /// What opens it.
    pub token: Token,
    /// Where the token came from, for people: `secrets.json`, `HCLOUD_TOKEN`, …
    pub origin: String,
}
