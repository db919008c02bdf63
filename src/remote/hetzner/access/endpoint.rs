//! The API's address: https anywhere, http only on this machine.

use crate::problem::{Exit, Problem};
use crate::remote::hetzner::error::problem;
use reqwest::Url;
use std::{fmt, net::IpAddr};

/// Hetzner's own.
const DEFAULT: &str = "https://api.hetzner.cloud/v1";

/// Where the API is.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Hetzner's own.
    ///
    /// # Errors
    /// None: its text is one of this program.
    pub fn hetzner() -> Result<Endpoint, Problem> {
        Endpoint::parse(DEFAULT)
    }

    /// From its text, e.g. `http://127.0.0.1:8080/v1`.
    ///
    /// # Errors
    /// `bad-endpoint`: no URL, one with a name and password in it, or one by which the token could
    /// be read on its way.
    pub fn parse(text: &str) -> Result<Endpoint, Problem> {
        let bad = |why: &str, hint: &str| {
            problem("bad-endpoint", Exit::Usage, format!("the endpoint {why}")).hint(hint)
        };
        let url: Url = text
            .trim()
            .parse()
            .map_err(|_| bad("is not a URL", "write https://HOST/v1"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("has a name or password in it", "write it without"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("has a part after its path", "write https://HOST/v1"));
        }
        let host = url.host_str().unwrap_or_default();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        let here = address.map_or(host == "localhost", |ip| ip.is_loopback());
        match url.scheme() {
            "https" if url.has_host() => Ok(Endpoint(url)),
            "http" if here => Ok(Endpoint(url)),
            "http" => Err(bad(
                "is http on another machine: the token could be read on its way",
                "write https://, or an address of this machine",
            )),
            _ => Err(bad("is neither https nor http", "write https://HOST/v1")),
        }
    }

    pub(in crate::remote::hetzner) fn url(&self) -> &Url {
        &self.0
    }

    pub(in crate::remote::hetzner) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// For people: the host, and the port where it is an unusual one.
    pub fn shown(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_sent_by_https_or_to_this_machine() {
        assert_eq!(Endpoint::hetzner().unwrap().shown(), "api.hetzner.cloud");
        for fine in [
            "https://api.example.org/v1",
            "http://127.0.0.1:8080/v1",
            "http://[::1]:1/v1/",
            "http://localhost:3000",
        ] {
            assert!(Endpoint::parse(fine).is_ok(), "{fine}");
        }
        for bad in [
            "",
            "api.hetzner.cloud",
            "http://api.hetzner.cloud/v1",
            "http://localhost.example.org/",
            "http://127.0.0.1.example.org/",
            "http://10.0.0.1/",
            "https://user:word@api.hetzner.cloud/v1",
            "https://127.0.0.1@evil.example/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "https://api.hetzner.cloud/v1?x",
        ] {
            assert_eq!(
                Endpoint::parse(bad).unwrap_err().code,
                "bad-endpoint",
                "{bad}"
            );
        }
    }
}
