//! Load balancers: what is shown of them, and how they come and go.
//!
//! Services are in `service`, targets and their health in `target`, the rest of what is done with
//! one in `verbs`. That they really listen is in `balancer`.

mod service;
mod target;
mod verbs;

use super::{
    super::{
        action::Begin,
        body::Body,
        error::ApiError,
        item::Item,
        kind::{Answer, Kind, Reply, Request},
        metrics,
        world::World,
    },
    location, network, primary_ip, rdns,
};
use serde_json::{Value, json};

pub(in super::super) use target::{forget, of_server, resolve};

/// Load balancers.
pub(in super::super) struct LoadBalancers;

const MANY: &str = "load_balancers";
const ONE: &str = "load_balancer";

impl Kind for LoadBalancers {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        // Shown with the address it is of.
        shown.remove("dns_ptr");
        let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
        put("location", location::shown(world, item.text("location")));
        let kind = item.number("load_balancer_type");
        let kind = kind.and_then(|id| world.item("load_balancer_types", id));
        put(
            "load_balancer_type",
            kind.map_or(Value::Null, |kind| Value::Object(kind.shown())),
        );
        put("public_net", public_net(world, item));
        put("targets", target::shown(world, item));
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, body: Body) -> Reply {
        create(world, body)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        for ip in primary_ip::of(world, ONE, id) {
            primary_ip::assign(world, ip, None);
        }
        world.remove(MANY, id);
        let action = world.begin(Begin::new("delete_load_balancer", id, ONE, |_| ()).tenths(1));
        Answer::created(json!({"action": world.action(action)}))
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, body: Body) -> Reply {
        verbs::act(world, id, verb, body)
    }

    fn below(&self, world: &mut World, id: u64, rest: &[&str], request: Request) -> Reply {
        match rest {
            ["metrics"] if request.method == "GET" => {
                let item = world.need(MANY, ONE, id)?;
                metrics::answer(item, metrics::BALANCER, request.query, world.now)
            }
            _ => Err(ApiError::no_route()),
        }
    }
}

fn public_net(world: &World, item: &Item) -> Value {
    let on = item.flag("_public");
    let address = |version: &str, key: &str| {
        let owned = primary_ip::of_version(world, ONE, item.id(), version);
        let ip = item.text(key);
        // A network's first address is the load balancer's.
        let ip = ip
            .strip_suffix("/64")
            .map_or_else(|| ip.to_owned(), |base| format!("{base}1"));
        let mut names = item.list("dns_ptr").iter();
        let name = names.find(|entry| entry.get("ip") == Some(&json!(ip)));
        let name = name.and_then(|entry| entry.get("dns_ptr")).filter(|_| on);
        let mut shown = json!({"ip": on.then_some(&ip), "dns_ptr": name});
        if let (Some(owned), Some(fields)) = (owned, shown.as_object_mut()) {
            fields.insert("id".to_owned(), owned.id().into());
        }
        shown
    };
    json!({"enabled": on, "ipv4": address("ipv4", "_ipv4"), "ipv6": address("ipv6", "_ipv6")})
}

/// What a load balancer is made from.
pub(in super::super) struct New {
    pub(in super::super) name: String,
    pub(in super::super) labels: Value,
    pub(in super::super) kind: u64,
    pub(in super::super) location: String,
    pub(in super::super) public: bool,
    pub(in super::super) algorithm: Value,
}

/// Takes one in, without services and targets.
pub(in super::super) fn make(world: &mut World, new: New) -> Result<u64, ApiError> {
    let (ipv4, ipv6) = (world.address().to_string(), world.address6());
    let kind = world.need("load_balancer_types", "load_balancer_type", new.kind)?;
    let mut prices = kind.list("prices").iter();
    let here = prices.find(|price| price.get("location") == Some(&json!(new.location)));
    let traffic = here
        .and_then(|price| price.get("included_traffic"))
        .cloned();
    let item = Item::new(json!({
        "name": new.name, "private_net": [], "location": new.location,
        "load_balancer_type": new.kind, "protection": {"delete": false}, "labels": new.labels,
        "services": [], "targets": [], "algorithm": {"type": new.algorithm},
        "outgoing_traffic": 0, "ingoing_traffic": 0,
        "included_traffic": traffic.unwrap_or_else(|| json!(0)),
        "_public": new.public, "_ipv4": ipv4, "_ipv6": ipv6, "dns_ptr": rdns::initial(&ipv4),
    }));
    world.insert(MANY, item)
}

fn create(world: &mut World, mut body: Body) -> Reply {
    let (name, labels) = (body.name(), body.labels());
    let kind = body.reference("load_balancer_type");
    let kind = body.need("load_balancer_type", kind);
    let (place, zone) = (body.reference("location"), body.text("network_zone"));
    if place.is_some() == zone.is_some() {
        body.reject(
            "location",
            "exactly one of location and network_zone must be given",
        );
    }
    let public = body.flag("public_interface").unwrap_or(true);
    let net = body.number("network");
    let algorithm = body.object("algorithm").and_then(|mut it| it.text("type"));
    let algorithm = algorithm.unwrap_or_else(|| "round_robin".to_owned());
    verbs::check_algorithm(&mut body, &algorithm);
    let services = body.list("services").unwrap_or_default();
    let targets = body.list("targets").unwrap_or_default();
    let mut owned = body.object("public_net").unwrap_or_default();
    let owned = [
        ("ipv4", owned.number("ipv4")),
        ("ipv6", owned.number("ipv6")),
    ];
    body.check()?;
    world.unique(MANY, &name, 0)?;
    let kind = world
        .find("load_balancer_types", &kind)
        .ok_or_else(|| ApiError::field("load_balancer_type", "not found"))?
        .id();
    let place = match (&place, &zone) {
        (Some(place), _) => location::find(world, "location", place)?,
        (None, zone) => location::in_zone(world, zone.as_deref().unwrap_or_default())?,
    };
    let place = place.name().to_owned();
    for (version, ip) in &owned {
        if let Some(ip) = ip {
            let item = world.need("primary_ips", "primary_ip", *ip)?;
            if item.number("assignee_id").is_some()
                || item.text("location") != place
                || item.text("type") != *version
            {
                let message = "is assigned, in another location or of another type";
                return Err(ApiError::field("public_net", message));
            }
        }
    }
    let address = match net {
        Some(net) => Some((net, network::address(world, net, &place, None)?)),
        None => None,
    };
    let new = New {
        name,
        labels: labels.unwrap_or_else(|| json!({})),
        kind,
        location: place,
        public,
        algorithm: json!(algorithm),
    };
    let id = make(world, new)?;
    if let Some((net, ip)) = address {
        world.set(
            MANY,
            id,
            "private_net",
            json!([{"network": net, "ip": ip.to_string()}]),
        );
    }
    let filled = fill(world, id, services, targets);
    if let Err(error) = filled {
        world.remove(MANY, id);
        return Err(error);
    }
    for (version, ip) in owned {
        if let Some(ip) = ip {
            primary_ip::assign(world, ip, Some((ONE, id)));
            let text = world
                .item("primary_ips", ip)
                .map(|item| item.text("ip").to_owned());
            let key = if version == "ipv4" { "_ipv4" } else { "_ipv6" };
            if let (Some(text), Some(item)) = (text, world.edit(MANY, id)) {
                item.set(key, text.clone());
                item.set("dns_ptr", rdns::initial(&text));
            }
        }
    }
    let begin = Begin::new("create_load_balancer", id, ONE, |_| ());
    let action = world.begin(begin.tenths(20));
    Answer::created(json!({
        "load_balancer": LoadBalancers.view(world, id), "action": world.action(action),
    }))
}

/// Gives a new one its services and targets.
fn fill(
    world: &mut World,
    id: u64,
    services: Vec<Value>,
    targets: Vec<Value>,
) -> Result<(), ApiError> {
    let part = |value: Value, field: &str| match value {
        Value::Object(fields) => Ok(Body::of(fields)),
        _ => Err(ApiError::field(field, "must be objects")),
    };
    for value in services {
        let made = service::new(world, id, part(value, "services")?)?;
        if let Some(item) = world.edit(MANY, id) {
            item.edit_list("services", |list| list.push(made));
        }
    }
    for value in targets {
        let made = target::new(world, id, part(value, "targets")?)?;
        if let Some(item) = world.edit(MANY, id) {
            item.edit_list("targets", |list| list.push(made));
        }
    }
    Ok(())
}
