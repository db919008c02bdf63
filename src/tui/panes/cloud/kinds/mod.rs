//! The kinds of resources, one file each: columns, data by field, details, relations, price, and
//! what can be wrong. What they have in common is next door.

mod action;
mod certificate;
mod firewall;
mod floating_ip;
mod image;
mod key;
mod load_balancer;
mod network;
mod primary_ip;
mod server;
mod volume;
mod zone;

pub(crate) use super::thing::Thing;
use super::thing::{See, Spec};
use crate::tui::model::{
    Cloud, CloudKind,
    cloud::{Fault, Place},
};
use crate::tui::theme::Status;

macro_rules! kinds {
    ($($kind:ident $field:ident $module:ident),+ $(,)?) => {
        /// What is particular about a kind's list.
        pub(crate) fn spec(kind: CloudKind) -> &'static Spec {
            match kind { $(CloudKind::$kind => &$module::SPEC),+ }
        }

        /// Everything of a kind.
        pub(crate) fn things(cloud: &Cloud, kind: CloudKind) -> Vec<&dyn Thing> {
            match kind {
                $(CloudKind::$kind => {
                    cloud.lists.$field.items().iter().map(|item| item as &dyn Thing).collect()
                })+
            }
        }

        /// The one of this number.
        pub(crate) fn thing(cloud: &Cloud, kind: CloudKind, number: u64) -> Option<&dyn Thing> {
            match kind {
                $(CloudKind::$kind => {
                    cloud.lists.$field.find(number).map(|item| item as &dyn Thing)
                })+
            }
        }
    };
}

kinds! {
    Servers servers server,
    LoadBalancers load_balancers load_balancer,
    Volumes volumes volume,
    Networks networks network,
    Firewalls firewalls firewall,
    PrimaryIps primary_ips primary_ip,
    FloatingIps floating_ips floating_ip,
    Images images image,
    Keys keys key,
    Zones zones zone,
    Certificates certificates certificate,
    Actions actions action,
}

/// The kind of this name in the API's `type` fields.
pub(crate) fn named(word: &str) -> Option<CloudKind> {
    Some(match word {
        "server" => CloudKind::Servers,
        "load_balancer" => CloudKind::LoadBalancers,
        "volume" => CloudKind::Volumes,
        "network" => CloudKind::Networks,
        "firewall" => CloudKind::Firewalls,
        "primary_ip" => CloudKind::PrimaryIps,
        "floating_ip" => CloudKind::FloatingIps,
        "image" => CloudKind::Images,
        "ssh_key" => CloudKind::Keys,
        "zone" => CloudKind::Zones,
        "certificate" => CloudKind::Certificates,
        _ => return None,
    })
}

/// Something that is wrong with one resource.
fn fault(status: Status, kind: CloudKind, number: u64, about: &str, text: String) -> Fault {
    Fault {
        key: format!("{kind:?} {number} {about}"),
        status,
        text,
        hint: None,
        since: None,
        at: (kind, Place::One(number)),
    }
}

/// What an address costs a month.
fn ip_price(
    prices: &[crate::remote::hetzner::kinds::IpPrices],
    kind: &str,
    location: &str,
) -> Option<f64> {
    let of_kind = prices.iter().find(|prices| prices.kind == kind)?;
    let at = of_kind
        .prices
        .iter()
        .find(|price| price.location == location)?;
    at.price_monthly.net
}

/// Names of an address, as facts.
fn reverse(facts: &mut super::thing::Facts, names: &[crate::remote::hetzner::kinds::DnsPtr]) {
    for name in names {
        facts.add("reverse DNS", format!("{} {}", name.ip, name.dns_ptr));
    }
}

/// Everything that is wrong with what belongs to the environment.
pub(crate) fn faults(see: &See) -> Vec<Fault> {
    let mut all = Vec::new();
    for kind in CloudKind::ALL {
        for thing in things(see.cloud(), *kind) {
            if super::thing::owned(thing, see) {
                thing.faults(see, &mut all);
            }
        }
    }
    all
}
