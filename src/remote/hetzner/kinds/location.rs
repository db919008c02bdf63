//! Locations: where things can be.

use super::{CATALOGUE, kind};
use crate::remote::hetzner::wire::model;

model! {
    /// A location.
    pub Location {
        /// Its number.
        id: Option<u64>,
        /// Its name, e.g. `fsn1`.
        name: String,
        /// The same for people.
        description: String,
        /// Two letters.
        country: String,
        /// The city.
        city: String,
        /// What private networks reach, e.g. `eu-central`.
        network_zone: String,
    }
}
kind!(Location, "location", "locations", "location", sorts: &["id", "name"], pace: CATALOGUE);
