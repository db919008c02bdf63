//! Placement groups: servers that must not share a machine.

use super::{BY_ALL, Labels, STEADY, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;

model! {
    /// A placement group.
    pub PlacementGroup {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// Its labels.
        labels: Labels,
        /// `spread`.
        kind as "type": String,
        /// When it was made.
        created: Option<Timestamp>,
        /// Numbers of its servers.
        servers: Vec<u64>,
    }
}
kind!(PlacementGroup, "placement group", "placement_groups", "placement_group",
    sorts: BY_ALL, pace: STEADY, labels: labels, created: created);
