//! What there is in a project: one file a kind, all of one shape.
//!
//! A kind is a model made by [`model!`](super::wire) and an `impl Kind`; lists, single resources,
//! watching and the command line follow from that.

mod action;
mod certificate;
mod firewall;
mod floating_ip;
mod image;
mod iso;
mod load_balancer;
mod load_balancer_type;
mod location;
mod network;
mod parts;
mod placement_group;
mod price;
mod primary_ip;
mod server;
mod server_type;
mod ssh_key;
mod volume;
mod zone;

pub use action::{Action, ActionError, ActionStatus, Resource};
pub use certificate::{
    Certificate, CertificateFault, CertificateKind, CertificateStatus, Issuance, Renewal, UsedBy,
};
pub use firewall::{AppliedTo, Direction, Firewall, Rule};
pub use floating_ip::FloatingIp;
pub use image::{Image, ImageKind, ImageStatus};
pub use iso::Iso;
pub use load_balancer::{
    Algorithm, AlgorithmOf, Health, HealthCheck, HealthCheckHttp, HealthStatus, HttpOf, IpTarget,
    LbPrivateNet, LbPublicIp, LbPublicNet, LoadBalancer, SelectorTarget, Service, Target,
    TargetKind,
};
pub use load_balancer_type::LoadBalancerType;
pub use location::Location;
pub use network::{Network, Route, Subnet};
pub use parts::{
    Deprecation, DnsPtr, LabelSelector, Labels, Named, Price, Protection, Ref, TypePrice,
};
pub use placement_group::PlacementGroup;
pub use price::{IpPrices, PerGb, Percentage, Pricing, TypePrices};
pub use primary_ip::PrimaryIp;
pub use server::{
    PrivateNet, PublicIpv4, PublicIpv6, PublicNet, Server, ServerFirewall, ServerStatus,
};
pub use server_type::{ServerType, TypeLocation};
pub use ssh_key::SshKey;
pub use volume::{Volume, VolumeStatus};
pub use zone::{Nameserver, Nameservers, Record, RrSet, Zone};

use super::wire::{Seed, Wire, from_slice};
use jiff::Timestamp;
use serde::de::SeqAccess;
use serde_json::value::RawValue;
use std::{fmt, hash::Hash, time::Duration};

/// A kind of resource.
pub trait Kind: Wire + Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// What tells one from another.
    type Id: Clone + Eq + Hash + Ord + fmt::Display + fmt::Debug + Send + Sync + 'static;
    /// For people: `server`.
    const NOUN: &'static str;
    /// The path of its list, and the list's name in answers: `servers`.
    const LIST: &'static str;
    /// The name of a single one in answers: `server`.
    const ONE: &'static str;
    /// What the API sorts by.
    const SORTS: &'static [&'static str];
    /// Whether the API takes a label selector.
    const LABELLED: bool;
    /// How often a list is read again that only the Deck needs.
    const PACE: Duration;

    /// What tells it from others; `None` when the answer had nothing to tell it by.
    fn id(&self) -> Option<Self::Id>;
    /// What people call it.
    fn name(&self) -> &str;
    /// Its labels; none for kinds that have none.
    fn labels(&self) -> Option<&Labels> {
        None
    }
    /// When it was made, where the API tells.
    fn created(&self) -> Option<Timestamp> {
        None
    }
}

/// What changes often: read again every so often for the Deck alone.
const LIVELY: Duration = Duration::from_secs(90);
/// What is changed by people.
const STEADY: Duration = Duration::from_secs(10 * 60);
/// What Hetzner changes a few times a year.
const CATALOGUE: Duration = Duration::from_secs(6 * 3600);

/// What a list can be read as: the kind itself, or with its JSON.
pub trait Item: Sized + Send + 'static {
    /// Of which kind.
    type Kind: Kind;
    /// The list's name in answers.
    const LIST: &'static str = <Self::Kind as Kind>::LIST;

    /// The next element: `None` at the end, `Some(None)` for one that is no such thing.
    fn element<'de, A: SeqAccess<'de>>(from: &mut A) -> Result<Option<Option<Self>>, A::Error>;
    /// From an element by itself.
    fn alone(json: Box<RawValue>) -> Option<Self>;
    /// The thing.
    fn thing(&self) -> &Self::Kind;
}

impl<T: Kind> Item for T {
    type Kind = T;

    fn element<'de, A: SeqAccess<'de>>(from: &mut A) -> Result<Option<Option<T>>, A::Error> {
        let element = from.next_element_seed(Seed::<T>::new())?;
        Ok(element.map(|item| item.filter(|item| item.id().is_some())))
    }

    fn alone(json: Box<RawValue>) -> Option<T> {
        from_slice::<T>(json.get().as_bytes())
            .ok()?
            .filter(|item| item.id().is_some())
    }

    fn thing(&self) -> &T {
        self
    }
}

/// A resource with the JSON it was read from, byte for byte.
#[derive(Debug, Clone)]
pub struct Raw<T> {
    /// The resource.
    pub thing: T,
    /// As the API wrote it.
    pub json: Box<RawValue>,
}

impl<T: Kind> Item for Raw<T> {
    type Kind = T;

    fn element<'de, A: SeqAccess<'de>>(from: &mut A) -> Result<Option<Option<Self>>, A::Error> {
        let element = from.next_element::<Box<RawValue>>()?;
        Ok(element.map(Self::alone))
    }

    fn alone(json: Box<RawValue>) -> Option<Self> {
        let thing = <T as Item>::alone(json.clone())?;
        Some(Raw { thing, json })
    }

    fn thing(&self) -> &T {
        &self.thing
    }
}

/// Implements [`Kind`] for what is told apart by a number.
macro_rules! kind {
    ($name:ident, $noun:literal, $list:literal, $one:literal,
     sorts: $sorts:expr, pace: $pace:expr $(, labels: $labels:ident)? $(, created: $created:ident)?) => {
        impl $crate::remote::hetzner::kinds::Kind for $name {
            type Id = u64;
            const NOUN: &'static str = $noun;
            const LIST: &'static str = $list;
            const ONE: &'static str = $one;
            const SORTS: &'static [&'static str] = $sorts;
            const LABELLED: bool = kind!(@has $($labels)?);
            const PACE: std::time::Duration = $pace;

            fn id(&self) -> Option<u64> {
                self.id
            }
            fn name(&self) -> &str {
                &self.name
            }
            $(fn labels(&self) -> Option<&$crate::remote::hetzner::kinds::Labels> {
                Some(&self.$labels)
            })?
            $(fn created(&self) -> Option<jiff::Timestamp> {
                self.$created
            })?
        }
    };
    (@has) => { false };
    (@has $labels:ident) => { true };
}
use kind;

/// What most lists are sorted by.
const BY_ALL: &[&str] = &["id", "name", "created"];
