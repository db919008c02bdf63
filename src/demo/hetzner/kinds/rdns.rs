//! Reverse DNS of addresses, the same for every kind that has any.

use super::super::{
    action::Begin,
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Reply},
    world::World,
};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv6Addr};

/// The name an address has until one is given.
pub(in super::super) fn default_name(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            format!("static.{d}.{c}.{b}.{a}.clients.your-server.de")
        }
        _ => String::new(),
    }
}

/// What a new address begins with: a name for IPv4, none for a network of IPv6.
pub(in super::super) fn initial(ip: &str) -> Value {
    if ip.contains('/') {
        json!([])
    } else {
        json!([{"ip": ip, "dns_ptr": default_name(ip)}])
    }
}

/// Whether an address is the one of `ip`, or in its network.
fn belongs(address: &str, ip: &str) -> bool {
    let Some((base, _)) = ip.split_once('/') else {
        return address == ip;
    };
    match (address.parse::<Ipv6Addr>(), base.parse::<Ipv6Addr>()) {
        // Always networks of 64 bits.
        (Ok(address), Ok(base)) => address.to_bits() >> 64 == base.to_bits() >> 64,
        _ => false,
    }
}

/// What `change_dns_ptr` asks for: the address, and its name.
pub(in super::super) fn wanted(
    body: &mut Body,
    owned: &[&str],
) -> Result<(String, Option<String>), ApiError> {
    let ip = body.text("ip");
    let ip = body.need("ip", ip);
    let name = body.text("dns_ptr");
    if !owned.iter().any(|own| belongs(&ip, own)) {
        body.reject("ip", "does not belong to the resource");
    }
    body.check()?;
    Ok((ip, name))
}

/// Sets an address's name in a list; without one the default comes back.
pub(in super::super) fn set(item: &mut Item, ip: &str, name: Option<String>) {
    item.edit_list("dns_ptr", |list| {
        let same = |entry: &Value| entry.get("ip").and_then(Value::as_str) == Some(ip);
        let place = list.iter().position(same);
        let name = name.or_else(|| Some(default_name(ip)).filter(|name| !name.is_empty()));
        match (place.and_then(|place| list.get_mut(place)), name) {
            (Some(entry), Some(name)) => *entry = json!({"ip": ip, "dns_ptr": name}),
            (None, Some(name)) => list.push(json!({"ip": ip, "dns_ptr": name})),
            (_, None) => list.retain(|entry| !same(entry)),
        }
    });
}

/// `change_dns_ptr` of an address that is a resource of its own.
pub(in super::super) fn change(
    world: &mut World,
    many: &'static str,
    one: &'static str,
    id: u64,
    mut body: Body,
) -> Reply {
    let ip = world.item(many, id).map(|item| item.text("ip").to_owned());
    let (ip, name) = wanted(&mut body, &[&ip.unwrap_or_default()])?;
    let begin = Begin::new("change_dns_ptr", id, one, move |world| {
        if let Some(item) = world.edit(many, id) {
            set(item, &ip, name);
        }
    });
    Answer::action(world.act(begin.light().tenths(5))?)
}
