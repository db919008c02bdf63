//! What several kinds have in common.

use crate::remote::hetzner::wire::model;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Labels, by key.
pub type Labels = BTreeMap<String, String>;

model! {
    /// Something else, by its number.
    pub Ref {
        /// Its number.
        id: u64,
    }
}

model! {
    /// Something else, by number and name.
    pub Named {
        /// Its number.
        id: u64,
        /// Its name.
        name: String,
    }
}

model! {
    /// What the API refuses to do to it.
    pub Protection {
        /// Deleting it.
        delete: bool,
        /// Rebuilding it (servers).
        rebuild: bool,
        /// Changing it (record sets).
        change: bool,
    }
}

model! {
    /// When something goes out of use.
    pub Deprecation {
        /// When this was told.
        announced: Option<Timestamp>,
        /// From when on it cannot be ordered.
        unavailable_after: Option<Timestamp>,
    }
}

model! {
    /// A name for an address.
    pub DnsPtr {
        /// The address.
        ip: String,
        /// The name.
        dns_ptr: String,
    }
}

model! {
    /// A label selector.
    pub LabelSelector {
        /// As the API writes it.
        selector: String,
    }
}

model! {
    /// An amount of the account's currency.
    pub Price {
        /// Without value added tax.
        net: Option<f64>,
        /// With it.
        gross: Option<f64>,
    }
}

model! {
    /// What something costs at one place.
    pub TypePrice {
        /// The location's name.
        location: String,
        /// An hour of it.
        price_hourly: Price,
        /// A month of it, at most.
        price_monthly: Price,
        /// Bytes of outgoing traffic that the price has in it.
        included_traffic: Option<u64>,
        /// Each terabyte above.
        price_per_tb_traffic: Price,
    }
}
