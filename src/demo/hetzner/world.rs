//! The project: everything that exists in it, and time passing.
//!
//! Kinds of resources are the same here; what they mean is in `kinds`.

use super::{
    action::{Actions, Begin, Failure},
    error::ApiError,
    fault::Plan,
    item::Item,
};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400 * SECOND;

/// Resources of one kind that one project may have, unless a limit says otherwise.
const LIMIT: usize = 50_000;

/// Kinds that are not told when they came to be.
const TIMELESS: [&str; 4] = ["locations", "server_types", "load_balancer_types", "isos"];

/// A time as the API writes it.
pub(super) fn time(at: i64) -> String {
    jiff::Timestamp::from_second(at.div_euclid(SECOND))
        .unwrap_or_default()
        .to_string()
}

/// Resources of one kind.
#[derive(Debug, Default)]
struct Collection {
    items: BTreeMap<u64, Item>,
    /// Counts changes.
    version: u64,
}

/// A field's values and who has them, as of one version of a collection.
type Index = (u64, HashMap<u64, Vec<u64>>);

/// The project.
pub(super) struct World {
    /// The present, in microseconds since 1970.
    pub(super) now: i64,
    pub(super) rng: fastrand::Rng,
    pub(super) plan: Plan,
    pub(super) actions: Actions,
    /// Private keys that came with certificates, by the certificate's number.
    pub(super) keys: HashMap<u64, super::certificate::Pair>,
    /// What targets were found like: load balancer, port, address.
    pub(super) health: HashMap<(u64, u16, Ipv4Addr), super::balancer::Health>,
    /// Issues managed certificates.
    pub(super) authority: super::certificate::Authority,
    kinds: BTreeMap<&'static str, Collection>,
    indexes: RefCell<HashMap<(&'static str, &'static str), Index>>,
    last: u64,
    addresses: u32,
}

impl World {
    /// An empty project at a time.
    pub(super) fn new(
        seed: u64,
        now: i64,
        plan: Plan,
        authority: super::certificate::Authority,
    ) -> World {
        let mut rng = fastrand::Rng::with_seed(seed);
        World {
            now,
            plan,
            authority,
            actions: Actions::default(),
            keys: HashMap::new(),
            health: HashMap::new(),
            kinds: BTreeMap::new(),
            indexes: RefCell::default(),
            last: 4_700_000 + rng.u64(..100_000),
            // Apart from those of other simulators on this machine, most likely.
            addresses: (127 << 24) + (fastrand::u32(16..250) << 16) + 10,
            rng,
        }
    }

    /// Lets time pass: everything that is due happens, in order.
    pub(super) fn advance(&mut self, now: i64) {
        while let Some((at, effect)) = self.actions.finish(now) {
            self.now = self.now.max(at);
            if let Some(effect) = effect {
                effect(self);
            }
        }
        self.now = self.now.max(now);
    }

    /// A number that nothing has.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1 + self.rng.u64(..3);
        self.last
    }

    /// A loopback address that nothing has.
    pub(super) fn address(&mut self) -> Ipv4Addr {
        self.addresses += 1;
        // Not the ends of a network, which some programs refuse.
        while matches!(self.addresses & 0xff, 0 | 255) {
            self.addresses += 1;
        }
        Ipv4Addr::from(self.addresses)
    }

    /// A network of the documentation's IPv6 addresses that nothing has.
    pub(super) fn address6(&mut self) -> String {
        self.addresses += 1;
        let bits = self.addresses;
        format!("2001:db8:{:x}:{:x}::/64", bits >> 16 & 0xff, bits & 0xffff)
    }

    /// Everything of a kind, by number.
    pub(super) fn all(&self, kind: &str) -> impl Iterator<Item = &Item> {
        let items = self.kinds.get(kind).map(|found| found.items.values());
        items.into_iter().flatten()
    }

    pub(super) fn item(&self, kind: &str, id: u64) -> Option<&Item> {
        self.kinds.get(kind)?.items.get(&id)
    }

    /// Something that is to be changed.
    pub(super) fn edit(&mut self, kind: &str, id: u64) -> Option<&mut Item> {
        let collection = self.kinds.get_mut(kind)?;
        collection.version += 1;
        collection.items.get_mut(&id)
    }

    /// Sets one field, where the item still exists.
    pub(super) fn set(&mut self, kind: &str, id: u64, key: &str, value: impl Into<Value>) {
        if let Some(item) = self.edit(kind, id) {
            item.set(key, value);
        }
    }

    /// Something by number, or its absence as the API tells it.
    pub(super) fn need(&self, kind: &'static str, one: &str, id: u64) -> Result<&Item, ApiError> {
        self.item(kind, id)
            .ok_or_else(|| ApiError::not_found(one, id))
    }

    /// Something by number or name.
    pub(super) fn find(&self, kind: &str, reference: &str) -> Option<&Item> {
        let by_number = reference.parse().ok().and_then(|id| self.item(kind, id));
        by_number.or_else(|| self.all(kind).find(|item| item.name() == reference))
    }

    /// Takes something in; it gets a number unless it has one.
    pub(super) fn insert(&mut self, kind: &'static str, mut item: Item) -> Result<u64, ApiError> {
        if self.all(kind).count() >= LIMIT {
            return Err(ApiError::limit(&format!("{kind}_limit")));
        }
        if item.id() == 0 {
            let id = self.number();
            item.set("id", id);
        }
        if item.get("created").is_null() && !TIMELESS.contains(&kind) {
            item.set("created", time(self.now));
        }
        let id = item.id();
        let collection = self.kinds.entry(kind).or_default();
        collection.version += 1;
        collection.items.insert(id, item);
        Ok(id)
    }

    pub(super) fn remove(&mut self, kind: &str, id: u64) {
        if let Some(collection) = self.kinds.get_mut(kind) {
            collection.version += 1;
            collection.items.remove(&id);
        }
    }

    /// Counts changes of a kind.
    pub(super) fn version(&self, kind: &str) -> u64 {
        self.kinds.get(kind).map_or(0, |found| found.version)
    }

    /// Which of a kind have this number in a field, which may be a list or hold objects with
    /// `network`.
    pub(super) fn related(&self, kind: &'static str, field: &'static str, id: u64) -> Vec<u64> {
        let version = self.version(kind);
        let mut indexes = self.indexes.borrow_mut();
        let index = indexes.entry((kind, field)).or_default();
        if index.0 != version {
            let mut map: HashMap<u64, Vec<u64>> = HashMap::new();
            for item in self.all(kind) {
                for number in numbers(item.get(field)) {
                    map.entry(number).or_default().push(item.id());
                }
            }
            *index = (version, map);
        }
        index.1.get(&id).cloned().unwrap_or_default()
    }

    /// Refuses a second one of the same name.
    pub(super) fn unique(&self, kind: &str, name: &str, except: u64) -> Result<(), ApiError> {
        let mut others = self.all(kind).filter(|item| item.id() != except);
        if others.any(|item| item.name() == name) {
            return Err(ApiError::taken("name", "name is already used"));
        }
        Ok(())
    }

    /// Refuses what is being worked on: servers are locked then, others conflict.
    pub(super) fn free(&self, id: u64, one: &'static str) -> Result<(), ApiError> {
        if !self.actions.busy(id, one) {
            return Ok(());
        }
        Err(match one {
            "server" | "volume" | "image" => ApiError::locked(one),
            _ => ApiError::conflict(one),
        })
    }

    /// Begins an action; its number. The fault plan may have it fail.
    pub(super) fn begin(&mut self, begin: Begin) -> u64 {
        let failure = self.plan.failing(&begin.command);
        self.begin_with(begin, failure)
    }

    /// Begins an action that ends as the failure says, where there is one.
    pub(super) fn begin_with(&mut self, mut begin: Begin, failure: Option<Failure>) -> u64 {
        let id = self.number();
        begin.lasts = self.plan.paced(begin.lasts);
        self.actions.begin(id, self.now, begin, failure);
        id
    }

    /// Begins an action, unless something else is going on; the action as shown.
    pub(super) fn act(&mut self, begin: Begin) -> Result<Value, ApiError> {
        if let Some((id, one)) = begin.resources.first().filter(|_| !begin.light) {
            self.free(*id, one)?;
        }
        let id = self.begin(begin);
        Ok(self.action(id))
    }

    /// An action as shown; null when there is none.
    pub(super) fn action(&self, id: u64) -> Value {
        let shown = self.actions.show(id, self.now);
        shown.map_or(Value::Null, |item| Value::Object(item.shown()))
    }
}

/// Every number in a field.
fn numbers(value: &Value) -> Vec<u64> {
    match value {
        Value::Number(number) => number.as_u64().into_iter().collect(),
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        Value::Object(fields) => fields.get("network").map(numbers).unwrap_or_default(),
        _ => Vec::new(),
    }
}
