//! Private networks with their subnets and routes.

use super::super::{
    action::Begin,
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply},
    net::Range,
    world::World,
};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// Networks.
pub(in super::super) struct Networks;

const MANY: &str = "networks";
const ONE: &str = "network";
/// Subnets and routes that one network may have.
const PARTS: usize = 100;

impl Kind for Networks {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        for kind in ["servers", "load_balancers"] {
            let members = world.related(kind, "private_net", item.id());
            shown.insert(kind.to_owned(), json!(members));
        }
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let range = range(&mut body, "ip_range");
        let subnets = body.list("subnets").unwrap_or_default();
        let routes = body.list("routes").unwrap_or_default();
        let expose = body.flag("expose_routes_to_vswitch").unwrap_or_default();
        body.check()?;
        world.unique(MANY, &name, 0)?;
        let mut item = Item::new(json!({
            "name": name, "ip_range": range, "subnets": [], "routes": [],
            "protection": {"delete": false}, "labels": labels.unwrap_or_else(|| json!({})),
            "expose_routes_to_vswitch": expose,
        }));
        for fields in subnets {
            let subnet = subnet(world, &item, part(fields, "subnets")?)?;
            item.edit_list("subnets", |list| list.push(subnet));
        }
        for fields in routes {
            let route = route(&item, part(fields, "routes")?)?;
            item.edit_list("routes", |list| list.push(route));
        }
        let id = world.insert(MANY, item)?;
        Answer::created(json!({"network": self.view(world, id)}))
    }

    fn update(&self, world: &mut World, id: u64, mut body: Body) -> Reply {
        let expose = body.flag("expose_routes_to_vswitch");
        self.rename(world, id, &mut body)?;
        if let Some(expose) = expose {
            world.set(MANY, id, "expose_routes_to_vswitch", expose);
        }
        self.shown(world, id)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        // Load balancers hold on to a network, servers let go.
        if !world
            .related("load_balancers", "private_net", id)
            .is_empty()
        {
            let message = "network still has load balancers attached";
            return Err(ApiError::new(409, "resource_in_use", message));
        }
        for server in world.related("servers", "private_net", id) {
            leave(world, "servers", server, id);
        }
        world.remove(MANY, id);
        Answer::none()
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, mut body: Body) -> Reply {
        let item = world.need(MANY, ONE, id)?;
        let change: Box<dyn FnOnce(&mut Item) + Send> = match verb {
            "change_protection" => return self.protect(world, id, body, &["delete"]),
            "add_subnet" => {
                let subnet = subnet(world, item, body)?;
                Box::new(|item| item.edit_list("subnets", |list| list.push(subnet)))
            }
            "delete_subnet" => {
                let range = range(&mut body, "ip_range");
                body.check()?;
                let of = |subnet: &Value| text(subnet, "ip_range") == range;
                if !item.list("subnets").iter().any(of) {
                    return Err(ApiError::field("ip_range", "there is no such subnet"));
                }
                if in_use(world, id, &range) {
                    return Err(ApiError::service("subnet is in use"));
                }
                Box::new(move |item| {
                    item.edit_list("subnets", |list| {
                        list.retain(|subnet| text(subnet, "ip_range") != range);
                    });
                })
            }
            "add_route" => {
                let route = route(item, body)?;
                Box::new(|item| item.edit_list("routes", |list| list.push(route)))
            }
            "delete_route" => {
                let destination = range(&mut body, "destination");
                let gateway = body.text("gateway");
                let gateway = body.need("gateway", gateway);
                body.check()?;
                let of = move |route: &Value| {
                    text(route, "destination") == destination && text(route, "gateway") == gateway
                };
                if !item.list("routes").iter().any(&of) {
                    return Err(ApiError::field("destination", "there is no such route"));
                }
                Box::new(move |item| {
                    item.edit_list("routes", |list| list.retain(|route| !of(route)));
                })
            }
            "change_ip_range" => {
                let range = range(&mut body, "ip_range");
                body.check()?;
                let (old, new) = (Range::parse(item.text("ip_range")), Range::parse(&range));
                if !new.zip(old).is_some_and(|(new, old)| new.covers(old)) {
                    return Err(ApiError::field(
                        "ip_range",
                        "must contain the present range",
                    ));
                }
                Box::new(move |item| item.set("ip_range", range))
            }
            _ => return Err(ApiError::no_route()),
        };
        let begin = Begin::new(verb, id, ONE, move |world| {
            if let Some(item) = world.edit(MANY, id) {
                change(item);
            }
        });
        Answer::action(world.act(begin.tenths(3))?)
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A part of a body that is an object.
fn part(value: Value, field: &str) -> Result<Body, ApiError> {
    match value {
        Value::Object(fields) => Ok(Body::of(fields)),
        _ => Err(ApiError::field(field, "must be objects")),
    }
}

/// A range that must be there.
fn range(body: &mut Body, key: &str) -> String {
    let read = body.text(key);
    let range = body.need(key, read);
    if Range::parse(&range).is_none() {
        body.reject(key, "must be an IP range in CIDR notation");
    }
    range
}

/// Checks a subnet, and gives it a range where it brings none.
fn subnet(world: &World, network: &Item, mut body: Body) -> Result<Value, ApiError> {
    let kind = body.text("type");
    let kind = body.need("type", kind);
    if !matches!(kind.as_str(), "cloud" | "server" | "vswitch") {
        body.reject("type", "must be 'cloud', 'server' or 'vswitch'");
    }
    let zone = body.text("network_zone");
    let zone = body.need("network_zone", zone);
    if !world
        .all("locations")
        .any(|item| item.text("network_zone") == zone)
    {
        body.reject("network_zone", "network zone not found");
    }
    let wanted = body.has("ip_range").then(|| range(&mut body, "ip_range"));
    let vswitch = body.number("vswitch_id");
    body.check()?;
    let whole = Range::parse(network.text("ip_range"));
    let whole = whole.ok_or_else(|| ApiError::field("ip_range", "invalid"))?;
    let subnets = network.list("subnets");
    let others: Vec<Range> = subnets
        .iter()
        .filter_map(|subnet| Range::parse(text(subnet, "ip_range")))
        .collect();
    let range = match wanted.as_deref().and_then(Range::parse) {
        Some(range) => range,
        None => whole
            .room(24, &others)
            .ok_or_else(|| ApiError::service("no free subnet is left"))?,
    };
    if !whole.covers(range) {
        return Err(ApiError::field(
            "ip_range",
            "is not within the network's range",
        ));
    }
    if others.iter().any(|other| other.meets(range)) {
        return Err(ApiError::field("ip_range", "overlaps with another subnet"));
    }
    if subnets.len() >= PARTS {
        return Err(ApiError::limit("network_subnet_limit"));
    }
    Ok(json!({
        "type": kind, "ip_range": range.to_string(), "network_zone": zone,
        "gateway": whole.gateway().to_string(), "vswitch_id": vswitch,
    }))
}

fn route(network: &Item, mut body: Body) -> Result<Value, ApiError> {
    let destination = range(&mut body, "destination");
    let gateway = body.text("gateway");
    let gateway = body.need("gateway", gateway);
    let whole = Range::parse(network.text("ip_range"));
    let within = gateway
        .parse()
        .ok()
        .zip(whole)
        .is_some_and(|(ip, whole)| whole.has(ip));
    if !within {
        body.reject("gateway", "must be an address of the network");
    }
    body.check()?;
    let routes = network.list("routes");
    if routes
        .iter()
        .any(|route| text(route, "destination") == destination)
    {
        return Err(ApiError::field("destination", "there is such a route"));
    }
    if routes.len() >= PARTS {
        return Err(ApiError::limit("network_route_limit"));
    }
    Ok(json!({"destination": destination, "gateway": gateway}))
}

/// The addresses given out in a network.
fn given(world: &World, network: u64) -> Vec<Ipv4Addr> {
    let mut given = Vec::new();
    for kind in ["servers", "load_balancers"] {
        for id in world.related(kind, "private_net", network) {
            let nets = world
                .item(kind, id)
                .map_or(&[][..], |item| item.list("private_net"));
            for net in nets
                .iter()
                .filter(|n| n.get("network") == Some(&network.into()))
            {
                let alias = net.get("alias_ips").and_then(Value::as_array);
                let alias = alias.into_iter().flatten().filter_map(Value::as_str);
                given.extend(
                    alias
                        .chain([text(net, "ip")])
                        .filter_map(|ip| ip.parse::<Ipv4Addr>().ok()),
                );
            }
        }
    }
    given
}

fn in_use(world: &World, network: u64, range: &str) -> bool {
    let range = Range::parse(range);
    let mut given = given(world, network).into_iter();
    given.any(|ip| range.is_some_and(|range| range.has(ip)))
}

/// An address in a network: the wanted one, or the next that is free in a subnet of the network
/// zone.
pub(in super::super) fn address(
    world: &World,
    network: u64,
    place: &str,
    wanted: Option<&str>,
) -> Result<Ipv4Addr, ApiError> {
    let item = world.need(MANY, ONE, network)?;
    let place = world.find("locations", place);
    let zone = place.map_or("", |place| place.text("network_zone"));
    let subnets: Vec<Range> = item
        .list("subnets")
        .iter()
        .filter(|subnet| text(subnet, "network_zone") == zone)
        .filter_map(|subnet| Range::parse(text(subnet, "ip_range")))
        .collect();
    if subnets.is_empty() {
        let message = "network has no subnet in the network zone";
        return Err(ApiError::new(422, "no_subnet_available", message));
    }
    let given = given(world, network);
    let gateway = Range::parse(item.text("ip_range")).map(Range::gateway);
    let free = |ip: Ipv4Addr| Some(ip) != gateway && !given.contains(&ip);
    if let Some(wanted) = wanted {
        let ip = wanted
            .parse()
            .ok()
            .filter(|ip| subnets.iter().any(|range| range.has(*ip)));
        let ip = ip.ok_or_else(|| ApiError::field("ip", "is in no subnet of the network"))?;
        if !free(ip) {
            return Err(ApiError::new(
                422,
                "ip_not_available",
                "IP is not available",
            ));
        }
        return Ok(ip);
    }
    let mut hosts = subnets.iter().flat_map(|range| range.hosts());
    hosts
        .find(|ip| free(*ip))
        .ok_or_else(|| ApiError::new(422, "networks_overlap", "no free IP is left"))
}

/// Takes a server or load balancer out of a network.
pub(in super::super) fn leave(world: &mut World, kind: &'static str, id: u64, network: u64) {
    if let Some(item) = world.edit(kind, id) {
        item.edit_list("private_net", |nets| {
            nets.retain(|net| net.get("network") != Some(&network.into()));
        });
    }
}
