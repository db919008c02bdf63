//! Servers as hosts of SSH, for environments whose configuration names none.

use super::kinds::{Server, ServerStatus};
use crate::config::Destination;
use std::net::{IpAddr, Ipv6Addr};

/// Where a server that runs is reached: by its public IPv4 address, else the first one of its
/// public IPv6 network, else its private address. `None` for one that is off or has no address.
pub fn destination(server: &Server) -> Option<Destination> {
    if server.status != ServerStatus::Running {
        return None;
    }
    let v4 = server.public_net.ipv4.as_ref().map(|v4| v4.ip.as_str());
    let v6 = server.public_net.ipv6.as_ref().map(|v6| v6.ip.as_str());
    let private = server.private_net.first().map(|net| net.ip.as_str());
    let address = v4
        .and_then(|ip| ip.parse().ok())
        .or_else(|| v6.and_then(first))
        .or_else(|| private.and_then(|ip| ip.parse::<IpAddr>().ok()))?
        .to_string();
    Some(Destination {
        name: match is_name(&server.name) {
            true => server.name.clone(),
            false => address.clone(),
        },
        user: None,
        host: address,
        port: None,
    })
}

/// The first address of a network that a host may have: `2001:db8::1` of `2001:db8::/64`.
fn first(network: &str) -> Option<IpAddr> {
    let base = network.split('/').next()?;
    let base: Ipv6Addr = base.parse().ok()?;
    let first = match network.contains('/') {
        true => Ipv6Addr::from(u128::from(base) | 1),
        false => base,
    };
    Some(first.into())
}

/// Whether a name can stand on a command line and in a file's name: Hetzner allows no others.
fn is_name(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::hetzner::wire;

    fn found(json: &str) -> Option<String> {
        let server: Server = wire::from_slice(json.as_bytes()).unwrap().unwrap();
        destination(&server).map(|found| format!("{} {}", found.name, found.host))
    }

    #[test]
    fn by_the_best_address_there_is() {
        let v4 = r#""ipv4":{"ip":"203.0.113.4"}"#;
        let v6 = r#""ipv6":{"ip":"2001:db8::/64"}"#;
        let of = |name: &str, status: &str, public: &str| {
            found(&format!(
                r#"{{"id":1,"name":"{name}","status":"{status}","public_net":{{{public}}},
                    "private_net":[{{"network":1,"ip":"10.0.0.2"}}]}}"#
            ))
        };
        let both = format!("{v4},{v6}");
        assert_eq!(of("web-1", "running", &both).unwrap(), "web-1 203.0.113.4");
        assert_eq!(of("web-1", "running", v6).unwrap(), "web-1 2001:db8::1");
        assert_eq!(of("web-1", "running", "").unwrap(), "web-1 10.0.0.2");
        assert_eq!(of("web-1", "off", v4), None);
        // What is no name or address is not taken for one.
        assert_eq!(
            of("-oProxyCommand=x", "running", v4).unwrap(),
            "203.0.113.4 203.0.113.4"
        );
        assert_eq!(
            of("a/../b", "running", v4).unwrap(),
            "203.0.113.4 203.0.113.4"
        );
        let evil = r#""ipv4":{"ip":"-oProxyCommand=x"}"#;
        assert_eq!(of("web-1", "running", evil).unwrap(), "web-1 10.0.0.2");
    }
}
