//! Images: systems, apps, snapshots and backups.

use super::{BY_ALL, Deprecation, Labels, Named, Protection, STEADY, kind};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;

words! {
    /// Where an image comes from.
    pub ImageKind {
        /// Hetzner's.
        System = "system",
        /// Hetzner's, with a program.
        App = "app",
        /// Made on request.
        Snapshot = "snapshot",
        /// Made every day, of one server.
        Backup = "backup",
    }
}

words! {
    /// Whether it can be used.
    pub ImageStatus {
        /// It can.
        Available = "available",
        /// Being made.
        Creating = "creating",
        /// It cannot.
        Unavailable = "unavailable",
    }
}

model! {
    /// An image.
    pub Image {
        /// Its number.
        id: Option<u64>,
        /// Where it comes from.
        kind as "type": ImageKind,
        /// Whether it can be used.
        status: ImageStatus,
        /// Its name; only Hetzner's own have one.
        name: String,
        /// What it is.
        description: String,
        /// Gigabytes that are charged.
        image_size: Option<f64>,
        /// Gigabytes that a server's disk must have.
        disk_size: Option<f64>,
        /// When it was made.
        created: Option<Timestamp>,
        /// The server that it was made of.
        created_from: Option<Named>,
        /// The server that a backup goes with.
        bound_to: Option<u64>,
        /// e.g. `debian`.
        os_flavor: String,
        /// e.g. `13`.
        os_version: Option<String>,
        /// Whether a server is made of it quickly.
        rapid_deploy: bool,
        /// What is refused.
        protection: Protection,
        /// Since when it is out of use.
        deprecated: Option<Timestamp>,
        /// When it goes out of use.
        deprecation: Option<Deprecation>,
        /// When it was deleted, for those that servers still name.
        deleted: Option<Timestamp>,
        /// Its labels.
        labels: Labels,
        /// `x86` or `arm`.
        architecture: String,
    }
}
kind!(Image, "image", "images", "image", sorts: BY_ALL, pace: STEADY,
    labels: labels, created: created);

impl Image {
    /// What people call it: snapshots have no name.
    pub fn title(&self) -> &str {
        match self.name.is_empty() {
            true => &self.description,
            false => &self.name,
        }
    }
}
