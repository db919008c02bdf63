//! Server types: what servers there are to order.

use super::{CATALOGUE, Deprecation, TypePrice, kind};
use crate::remote::hetzner::wire::model;

model! {
    /// A server type at one place.
    pub TypeLocation {
        /// The location's number.
        id: u64,
        /// The location's name.
        name: String,
        /// When it goes out of use there.
        deprecation: Option<Deprecation>,
        /// Whether Hetzner recommends it there.
        recommended: bool,
        /// Whether it can be had there now.
        available: bool,
    }
}

model! {
    /// A server type.
    pub ServerType {
        /// Its number.
        id: Option<u64>,
        /// Its name, e.g. `cx23`.
        name: String,
        /// The same for people.
        description: String,
        /// CPUs.
        cores: u32,
        /// Gigabytes.
        memory: f64,
        /// Gigabytes.
        disk: f64,
        /// `local` or `network`.
        storage_type: String,
        /// `shared` or `dedicated`.
        cpu_type: String,
        /// e.g. `cost_optimized`.
        category: String,
        /// `x86` or `arm`.
        architecture: String,
        /// When it goes out of use everywhere.
        deprecation: Option<Deprecation>,
        /// Where it is to be had.
        locations: Vec<TypeLocation>,
        /// What it costs where.
        prices: Vec<TypePrice>,
    }
}
kind!(ServerType, "server type", "server_types", "server_type", sorts: &[], pace: CATALOGUE);

impl ServerType {
    /// What a month costs at a location, net.
    pub fn monthly_at(&self, location: &str) -> Option<f64> {
        let price = self
            .prices
            .iter()
            .find(|price| price.location == location)?;
        price.price_monthly.net
    }

    /// When it goes out of use at a location.
    pub fn deprecation_at(&self, location: &str) -> Option<&Deprecation> {
        let here = self.locations.iter().find(|place| place.name == location);
        here.and_then(|place| place.deprecation.as_ref())
            .or(self.deprecation.as_ref())
    }
}
