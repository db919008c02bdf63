//! `[user@]host[:port]`: what an entry of `hosts_<env>` means.

use std::fmt;

/// One entry of `hosts_<env>`: `[user@]host[:port]` or an ssh_config alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The name shown and given to `--host`: the host part; with the port, and if need be the
    /// user, where two entries would share a name.
    pub name: String,
    /// The user, if given.
    pub user: Option<String>,
    /// Host name, address (IPv6 without brackets) or alias.
    pub host: String,
    /// The port, if given.
    pub port: Option<u16>,
}

/// Why a text is not a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Nothing there.
    #[error("a host must not be empty")]
    Empty,
    /// `ssh://…`.
    #[error("'{0}' is a URL")]
    Url(String),
    /// The part before the last `@`.
    #[error("'{0}' is not a user name")]
    User(String),
    /// The part that names the machine.
    #[error("'{0}' is not a host name, address or ssh_config alias")]
    Host(String),
    /// Not 1 to 65535.
    #[error("'{0}' is not a port")]
    Port(String),
    /// `::1` instead of `[::1]`.
    #[error("the IPv6 address '{0}' has no brackets")]
    BareIpv6(String),
}

impl DestinationError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            DestinationError::BareIpv6(address) => format!("write [{address}] or [{address}]:22"),
            DestinationError::Port(_) => "ports are 1 to 65535".into(),
            DestinationError::Url(url) => {
                let bare = url.trim_start_matches("ssh://").trim_end_matches('/');
                format!("write {bare}")
            }
            _ => "write [user@]host[:port] or an alias of your ssh_config".into(),
        }
    }
}

impl std::str::FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(DestinationError::Empty);
        }
        if text.contains("://") {
            return Err(DestinationError::Url(text.into()));
        }
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, text),
        };
        if let Some(user) = user
            && !is_user(user)
        {
            return Err(DestinationError::User(user.into()));
        }
        let (host, port) = split_port(rest)?;
        Ok(Destination {
            name: host.into(),
            user: user.map(Into::into),
            host: host.into(),
            port,
        })
    }
}

impl fmt::Display for Destination {
    /// As it is written in config.json; the name is not part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.address())
    }
}

impl Destination {
    /// `host[:port]`, IPv6 in brackets.
    fn address(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// Gives each destination of an environment a name of its own.
    pub(crate) fn name_all(all: &mut [Destination]) {
        for shape in [Destination::address, Destination::to_string] {
            let shared = shared_names(all);
            for destination in all.iter_mut().filter(|d| shared.contains(&d.name)) {
                destination.name = shape(destination);
            }
        }
    }
}

fn shared_names(all: &[Destination]) -> std::collections::HashSet<String> {
    let mut seen = std::collections::HashSet::new();
    all.iter()
        .filter(|d| !seen.insert(&d.name))
        .map(|d| d.name.clone())
        .collect()
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), DestinationError> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return Err(DestinationError::Host(text.into()));
        };
        let bare = address.split_once('%').map_or(address, |(bare, _)| bare);
        let zone_is_fine = address
            .split_once('%')
            .is_none_or(|(_, zone)| !zone.is_empty() && is_host(zone));
        if bare.parse::<std::net::Ipv6Addr>().is_err() || !zone_is_fine {
            return Err(DestinationError::Host(text.into()));
        }
        return match after.strip_prefix(':') {
            Some(port) => Ok((address, Some(parse_port(port)?))),
            None if after.is_empty() => Ok((address, None)),
            None => Err(DestinationError::Host(text.into())),
        };
    }
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Err(DestinationError::BareIpv6(text.into()));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(parse_port(port)?)),
        None => (text, None),
    };
    if !is_host(host) {
        return Err(DestinationError::Host(host.into()));
    }
    Ok((host, port))
}

fn parse_port(text: &str) -> Result<u16, DestinationError> {
    // `parse` alone would accept a plus sign.
    match text.parse() {
        Ok(port) if port > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => Err(DestinationError::Port(text.into())),
    }
}

/// What OpenSSH accepts as a host on its command line, without what has a meaning here or in a
/// Host pattern. A leading dash would be taken for an option.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && !text.starts_with('-')
        && !text.chars().any(|c| {
            c.is_whitespace() || c.is_control() || "'`\"$\\;&<>|(){}[],*?!#%/:@".contains(c)
        })
}

/// As OpenSSH's: no leading dash, nothing that a shell would act on.
pub(crate) fn is_user(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && !text.starts_with('-')
        && !text.ends_with('\\')
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "'`\";&<>|(){}$".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<(Option<String>, String, Option<u16>), DestinationError> {
        text.parse::<Destination>()
            .map(|d| (d.user, d.host, d.port))
    }

    #[test]
    fn forms() {
        let some = |t: &str| Some(t.to_string());
        assert_eq!(parse("web-1"), Ok((None, "web-1".into(), None)));
        assert_eq!(
            parse("root@10.0.0.1:2222"),
            Ok((some("root"), "10.0.0.1".into(), Some(2222)))
        );
        assert_eq!(parse("[::1]:22"), Ok((None, "::1".into(), Some(22))));
        assert_eq!(
            parse("o@[fe80::1%eth0]"),
            Ok((some("o"), "fe80::1%eth0".into(), None))
        );
        assert_eq!(
            parse("me@corp.example@jump"),
            Ok((some("me@corp.example"), "jump".into(), None))
        );
    }

    #[test]
    fn refused() {
        use DestinationError::*;
        assert_eq!(parse(""), Err(Empty));
        assert_eq!(parse("ssh://web"), Err(Url("ssh://web".into())));
        assert_eq!(parse("@web"), Err(User("".into())));
        assert_eq!(
            parse("-oProxyCommand=x@web").err().unwrap(),
            User("-oProxyCommand=x".into())
        );
        assert_eq!(parse("-web"), Err(Host("-web".into())));
        assert_eq!(parse("a b"), Err(Host("a b".into())));
        assert_eq!(parse("web:0"), Err(Port("0".into())));
        assert_eq!(parse("web:+22"), Err(Port("+22".into())));
        assert_eq!(parse("web:70000"), Err(Port("70000".into())));
        assert_eq!(parse("::1"), Err(BareIpv6("::1".into())));
        assert_eq!(parse("[web]"), Err(Host("[web]".into())));
        assert_eq!(parse("[::1]x"), Err(Host("[::1]x".into())));
        assert_eq!(parse("user@"), Err(Host("".into())));
    }

    #[test]
    fn names_differ() {
        let mut all: Vec<Destination> = ["a", "a:2", "b", "x@c:1", "y@c:1", "[::1]:1", "[::1]:2"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
        Destination::name_all(&mut all);
        let names: Vec<_> = all.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(
            names,
            ["a", "a:2", "b", "x@c:1", "y@c:1", "[::1]:1", "[::1]:2"]
        );
    }

    proptest! {
        #[test]
        fn what_parses_prints_back(text in "[a-z@:.\\[\\]%0-9 -]{0,20}") {
            if let Ok(destination) = text.parse::<Destination>() {
                prop_assert_eq!(destination.to_string().parse::<Destination>(), Ok(destination));
            }
        }
    }
}
