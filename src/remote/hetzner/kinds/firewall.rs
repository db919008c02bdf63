//! Firewalls.

use super::{BY_ALL, LabelSelector, Labels, Ref, STEADY, kind};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;

words! {
    /// Which packets a rule is about.
    pub Direction {
        /// To the server.
        In = "in",
        /// From the server.
        Out = "out",
    }
}

model! {
    /// What is let through.
    pub Rule {
        /// What it is for.
        description: Option<String>,
        /// Which way.
        direction: Direction,
        /// From these networks, for packets to the server.
        source_ips: Vec<String>,
        /// To these networks, for packets from the server.
        destination_ips: Vec<String>,
        /// `tcp`, `udp`, `icmp`, `esp` or `gre`.
        protocol: String,
        /// A port, or a range as `1024-5000`.
        port: Option<String>,
    }
}

model! {
    /// What a firewall is on.
    pub AppliedTo {
        /// `server` or `label_selector`.
        kind as "type": String,
        /// The server.
        server: Option<Ref>,
        /// The labels.
        label_selector: Option<LabelSelector>,
        /// What the labels found.
        applied_to_resources: Vec<AppliedTo>,
    }
}

model! {
    /// A firewall.
    pub Firewall {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// Its labels.
        labels: Labels,
        /// When it was made.
        created: Option<Timestamp>,
        /// What is let through.
        rules: Vec<Rule>,
        /// What it is on.
        applied_to: Vec<AppliedTo>,
    }
}
kind!(Firewall, "firewall", "firewalls", "firewall", sorts: BY_ALL, pace: STEADY,
    labels: labels, created: created);

impl Firewall {
    /// Numbers of the servers it is on, also by labels, each once.
    pub fn servers(&self) -> Vec<u64> {
        let nested = self
            .applied_to
            .iter()
            .flat_map(|to| &to.applied_to_resources);
        let mut servers: Vec<u64> = self
            .applied_to
            .iter()
            .chain(nested)
            .filter_map(|to| to.server.as_ref().map(|server| server.id))
            .collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }
}
