//! What everything costs.

use super::{Price, TypePrice};
use crate::remote::hetzner::wire::model;

model! {
    /// Prices of a server or load balancer type.
    pub TypePrices {
        /// The type's number.
        id: u64,
        /// The type's name.
        name: String,
        /// What it costs where.
        prices: Vec<TypePrice>,
    }
}

model! {
    /// Prices of addresses.
    pub IpPrices {
        /// `ipv4` or `ipv6`.
        kind as "type": String,
        /// What they cost where.
        prices: Vec<TypePrice>,
    }
}

model! {
    /// A price that grows with the size.
    pub PerGb {
        /// A gigabyte for a month.
        price_per_gb_month: Price,
    }
}

model! {
    /// A price that is a part of another.
    pub Percentage {
        /// Percent of the server's price.
        percentage: Option<f64>,
    }
}

model! {
    /// All prices.
    pub Pricing {
        /// e.g. `EUR`.
        currency: String,
        /// Percent.
        vat_rate: Option<f64>,
        /// Primary IPs.
        primary_ips: Vec<IpPrices>,
        /// Floating IPs.
        floating_ips: Vec<IpPrices>,
        /// Snapshots.
        image: PerGb,
        /// Volumes.
        volume: PerGb,
        /// Backups of a server.
        server_backup: Percentage,
        /// Servers.
        server_types: Vec<TypePrices>,
        /// Load balancers.
        load_balancer_types: Vec<TypePrices>,
    }
}
