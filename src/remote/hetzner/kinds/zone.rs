//! DNS zones and their record sets.

use super::{BY_ALL, Kind, Labels, Protection, STEADY, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;
use std::time::Duration;

model! {
    /// A server that a secondary zone is read from. Its key is left where it is.
    pub Nameserver {
        /// Its address.
        address: String,
        /// Its port.
        port: Option<u16>,
    }
}

model! {
    /// Who answers for a zone.
    pub Nameservers {
        /// Who should.
        assigned: Vec<String>,
        /// Who does, as the registry has it.
        delegated: Vec<String>,
        /// When that was looked up.
        delegation_last_check: Option<Timestamp>,
        /// `valid`, `partially-valid`, `invalid`, `lame`, `unregistered` or `unknown`.
        delegation_status: String,
    }
}

model! {
    /// A zone.
    pub Zone {
        /// Its number.
        id: Option<u64>,
        /// The domain.
        name: String,
        /// When it was made.
        created: Option<Timestamp>,
        /// `primary` or `secondary`.
        mode: String,
        /// Where a secondary one is read from.
        primary_nameservers: Vec<Nameserver>,
        /// Its labels.
        labels: Labels,
        /// What is refused.
        protection: Protection,
        /// Seconds that its records are kept by others.
        ttl: u32,
        /// `ok`, `updating` or `error`.
        status: String,
        /// How many records it has.
        record_count: u64,
        /// Who answers for it.
        authoritative_nameservers: Nameservers,
        /// `hetzner`, `other` or `unknown`.
        registrar: String,
    }
}
kind!(Zone, "zone", "zones", "zone", sorts: BY_ALL, pace: STEADY,
    labels: labels, created: created);

model! {
    /// A record.
    pub Record {
        /// As in a zone file.
        value: String,
        /// What it is for.
        comment: String,
    }
}

model! {
    /// All records of one name and type.
    pub RrSet {
        /// `name/TYPE`.
        id: Option<String>,
        /// The name within the zone; `@` for the zone itself.
        name: String,
        /// `A`, `AAAA`, `TXT`, …
        kind as "type": String,
        /// Seconds; the zone's where there is none.
        ttl: Option<u32>,
        /// Its labels.
        labels: Labels,
        /// What is refused.
        protection: Protection,
        /// The records.
        records: Vec<Record>,
        /// The zone's number.
        zone: u64,
    }
}

impl Kind for RrSet {
    type Id = String;
    const NOUN: &'static str = "record set";
    const LIST: &'static str = "rrsets";
    const ONE: &'static str = "rrset";
    const SORTS: &'static [&'static str] = BY_ALL;
    const LABELLED: bool = true;
    const PACE: Duration = STEADY;

    fn id(&self) -> Option<String> {
        self.id.clone()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn labels(&self) -> Option<&Labels> {
        Some(&self.labels)
    }
}
