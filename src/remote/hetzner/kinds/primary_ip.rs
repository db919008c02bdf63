//! Primary IPs: addresses that servers and load balancers have from the start.

use super::{DnsPtr, Labels, Location, Protection, STEADY, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;

model! {
    /// A primary IP.
    pub PrimaryIp {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// Its labels.
        labels: Labels,
        /// When it was made.
        created: Option<Timestamp>,
        /// Whether Hetzner's abuse team blocked it.
        blocked: bool,
        /// Where it is.
        location: Location,
        /// The address, or the network of IPv6 addresses.
        ip: String,
        /// Names of its addresses.
        dns_ptr: Vec<DnsPtr>,
        /// What is refused.
        protection: Protection,
        /// `ipv4` or `ipv6`.
        kind as "type": String,
        /// Whether it goes when its server goes.
        auto_delete: bool,
        /// `server`, `load_balancer` or `unassigned`.
        assignee_type: String,
        /// What it is assigned to.
        assignee_id: Option<u64>,
    }
}
kind!(PrimaryIp, "primary IP", "primary_ips", "primary_ip", sorts: &["id", "created"],
    pace: STEADY, labels: labels, created: created);
