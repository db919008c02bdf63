//! Private networks.

use super::{BY_ALL, Labels, Protection, STEADY, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;

model! {
    /// A part of a network.
    pub Subnet {
        /// `cloud`, `server` or `vswitch`.
        kind as "type": String,
        /// Its addresses.
        ip_range: String,
        /// Where it reaches, e.g. `eu-central`.
        network_zone: String,
        /// Its gateway.
        gateway: String,
        /// The vSwitch's number.
        vswitch_id: Option<u64>,
    }
}

model! {
    /// Where packets go.
    pub Route {
        /// Packets for these addresses …
        destination: String,
        /// … go to this one.
        gateway: String,
    }
}

model! {
    /// A private network.
    pub Network {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// Its addresses.
        ip_range: String,
        /// Its parts.
        subnets: Vec<Subnet>,
        /// Where packets go.
        routes: Vec<Route>,
        /// Numbers of servers in it.
        servers: Vec<u64>,
        /// Numbers of load balancers in it.
        load_balancers: Vec<u64>,
        /// What is refused.
        protection: Protection,
        /// Its labels.
        labels: Labels,
        /// When it was made.
        created: Option<Timestamp>,
        /// Whether a vSwitch learns the routes.
        expose_routes_to_vswitch: bool,
    }
}
kind!(Network, "network", "networks", "network", sorts: BY_ALL, pace: STEADY,
    labels: labels, created: created);
