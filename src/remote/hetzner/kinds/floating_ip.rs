//! Floating IPs: addresses that move between servers.

use super::{DnsPtr, Labels, Location, Protection, STEADY, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;

model! {
    /// A floating IP.
    pub FloatingIp {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The address, or the network of IPv6 addresses.
        ip: String,
        /// `ipv4` or `ipv6`.
        kind as "type": String,
        /// The server it is assigned to.
        server: Option<u64>,
        /// Names of its addresses.
        dns_ptr: Vec<DnsPtr>,
        /// Where it is.
        home_location: Location,
        /// Whether Hetzner's abuse team blocked it.
        blocked: bool,
        /// What is refused.
        protection: Protection,
        /// Its labels.
        labels: Labels,
        /// When it was made.
        created: Option<Timestamp>,
    }
}
kind!(FloatingIp, "floating IP", "floating_ips", "floating_ip", sorts: &["id", "created"],
    pace: STEADY, labels: labels, created: created);
