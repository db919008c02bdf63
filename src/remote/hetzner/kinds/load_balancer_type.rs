//! Load balancer types: what load balancers there are to order.

use super::{CATALOGUE, Deprecation, TypePrice, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;

model! {
    /// A load balancer type.
    pub LoadBalancerType {
        /// Its number.
        id: Option<u64>,
        /// Its name, e.g. `lb11`.
        name: String,
        /// The same for people.
        description: String,
        /// Connections at once.
        max_connections: u64,
        /// Services.
        max_services: u32,
        /// Targets.
        max_targets: u32,
        /// Certificates.
        max_assigned_certificates: u32,
        /// Since when it is out of use.
        deprecated: Option<Timestamp>,
        /// When it goes out of use.
        deprecation: Option<Deprecation>,
        /// What it costs where.
        prices: Vec<TypePrice>,
    }
}
kind!(LoadBalancerType, "load balancer type", "load_balancer_types", "load_balancer_type",
    sorts: &[], pace: CATALOGUE);

impl LoadBalancerType {
    /// What a month costs at a location, net.
    pub fn monthly_at(&self, location: &str) -> Option<f64> {
        let price = self
            .prices
            .iter()
            .find(|price| price.location == location)?;
        price.price_monthly.net
    }
}
