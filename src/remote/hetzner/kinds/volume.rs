//! Volumes.

use super::{BY_ALL, Labels, Location, Protection, STEADY, kind};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;

words! {
    /// Whether it can be used.
    pub VolumeStatus {
        /// It can.
        Available = "available",
        /// Being made.
        Creating = "creating",
    }
}

model! {
    /// A volume.
    pub Volume {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// When it was made.
        created: Option<Timestamp>,
        /// The server it is attached to.
        server: Option<u64>,
        /// Where it is.
        location: Location,
        /// Gigabytes.
        size: u64,
        /// The device's path on a server.
        linux_device: String,
        /// What is refused.
        protection: Protection,
        /// Its labels.
        labels: Labels,
        /// Whether it can be used.
        status: VolumeStatus,
        /// `ext4`, `xfs` or none.
        format: Option<String>,
    }
}
kind!(Volume, "volume", "volumes", "volume", sorts: BY_ALL, pace: STEADY,
    labels: labels, created: created);
