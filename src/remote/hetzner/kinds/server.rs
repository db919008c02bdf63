//! Servers.

use super::{
    BY_ALL, DnsPtr, Image, Iso, LIVELY, Labels, Location, PlacementGroup, Protection, ServerType,
    kind,
};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;

words! {
    /// What a server is doing.
    pub ServerStatus {
        /// Up.
        Running = "running",
        /// Being made.
        Initializing = "initializing",
        /// Coming up.
        Starting = "starting",
        /// Going down.
        Stopping = "stopping",
        /// Down.
        Off = "off",
        /// Going away.
        Deleting = "deleting",
        /// Moving to another machine.
        Migrating = "migrating",
        /// Getting a new disk.
        Rebuilding = "rebuilding",
        /// Hetzner does not know.
        Unknown = "unknown",
    }
}

model! {
    /// A server's public IPv4 address.
    pub PublicIpv4 {
        /// The primary IP's number.
        id: Option<u64>,
        /// The address.
        ip: String,
        /// Whether Hetzner's abuse team blocked it.
        blocked: bool,
        /// Its name.
        dns_ptr: Option<String>,
    }
}

model! {
    /// A server's public IPv6 network.
    pub PublicIpv6 {
        /// The primary IP's number.
        id: Option<u64>,
        /// The network, e.g. `2001:db8::/64`.
        ip: String,
        /// Whether Hetzner's abuse team blocked it.
        blocked: bool,
        /// Names of addresses in it.
        dns_ptr: Vec<DnsPtr>,
    }
}

model! {
    /// A firewall on a server.
    pub ServerFirewall {
        /// The firewall's number.
        id: u64,
        /// `applied` or `pending`.
        status: String,
    }
}

model! {
    /// How a server is reached from the internet.
    pub PublicNet {
        /// Its IPv4 address.
        ipv4: Option<PublicIpv4>,
        /// Its IPv6 network.
        ipv6: Option<PublicIpv6>,
        /// Numbers of floating IPs.
        floating_ips: Vec<u64>,
        /// Firewalls.
        firewalls: Vec<ServerFirewall>,
    }
}

model! {
    /// A server's place in a private network.
    pub PrivateNet {
        /// The network's number.
        network: u64,
        /// The address in it.
        ip: String,
        /// More addresses.
        alias_ips: Vec<String>,
        /// The interface's address.
        mac_address: String,
    }
}

model! {
    /// A server.
    pub Server {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// What it is doing.
        status: ServerStatus,
        /// When it was made.
        created: Option<Timestamp>,
        /// How it is reached from the internet.
        public_net: PublicNet,
        /// Its private networks.
        private_net: Vec<PrivateNet>,
        /// Its type.
        server_type: ServerType,
        /// Where it is.
        location: Location,
        /// What it was made from.
        image: Option<Box<Image>>,
        /// What is in its drive.
        iso: Option<Iso>,
        /// Whether it boots into the rescue system next.
        rescue_enabled: bool,
        /// Whether an action holds it.
        locked: bool,
        /// Hours of the day (UTC) in which backups are made, where they are.
        backup_window: Option<String>,
        /// Bytes sent in this month.
        outgoing_traffic: Option<u64>,
        /// Bytes received in this month.
        ingoing_traffic: Option<u64>,
        /// Bytes that may be sent in a month.
        included_traffic: Option<u64>,
        /// What is refused.
        protection: Protection,
        /// Its labels.
        labels: Labels,
        /// Numbers of volumes.
        volumes: Vec<u64>,
        /// Numbers of load balancers.
        load_balancers: Vec<u64>,
        /// Gigabytes.
        primary_disk_size: Option<u64>,
        /// The group that keeps it off other machines.
        placement_group: Option<Box<PlacementGroup>>,
    }
}
kind!(Server, "server", "servers", "server", sorts: BY_ALL, pace: LIVELY,
    labels: labels, created: created);

impl Server {
    /// What it costs a month, net, without backups and addresses.
    pub fn monthly(&self) -> Option<f64> {
        self.server_type.monthly_at(&self.location.name)
    }

    /// Its public IPv4 address, or the network of its IPv6 addresses.
    pub fn public_ip(&self) -> Option<&str> {
        let v4 = self.public_net.ipv4.as_ref().map(|v4| v4.ip.as_str());
        let v6 = self.public_net.ipv6.as_ref().map(|v6| v6.ip.as_str());
        v4.filter(|ip| !ip.is_empty()).or(v6)
    }
}
