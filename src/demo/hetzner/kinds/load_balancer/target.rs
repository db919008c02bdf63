//! A load balancer's targets, what selectors find, and how healthy they are.

use super::{
    super::{
        super::{
            balancer::Health, body::Body, error::ApiError, item::Item, selector::Selector,
            world::World,
        },
        primary_ip, server,
    },
    MANY, ONE, service,
};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// A target that is to be added.
pub(super) fn new(world: &World, id: u64, mut body: Body) -> Result<Value, ApiError> {
    let target = named(&mut body)?;
    let private = body.flag("use_private_ip").unwrap_or_default();
    body.check()?;
    let item = world.need(MANY, ONE, id)?;
    if item
        .list("targets")
        .iter()
        .any(|other| same(other, &target))
    {
        let message = "the target is already defined";
        return Err(ApiError::new(422, "target_already_defined", message));
    }
    if private && item.list("private_net").is_empty() {
        let message = "load balancer is not attached to a network";
        return Err(ApiError::new(
            422,
            "load_balancer_not_attached_to_network",
            message,
        ));
    }
    if let Some(server) = server_of(&target) {
        world.need("servers", "server", server)?;
        if private && private_address(world, item, server).is_none() {
            let message = "server is not attached to the load balancer's network";
            return Err(ApiError::new(
                422,
                "resolve_cloud_private_targets_error",
                message,
            ));
        }
        if !private && primary_ip::of_version(world, "server", server, "ipv4").is_none() {
            let message = "server has no public IPv4 address";
            return Err(ApiError::new(
                422,
                "resolve_cloud_public_targets_error",
                message,
            ));
        }
    }
    let most = service::limit(world, item, "max_targets");
    let others = item.list("targets").iter();
    let count: usize = others
        .chain([&target])
        .map(|target| servers(world, target).len())
        .sum();
    if count > most {
        return Err(ApiError::limit("load_balancer_target_limit"));
    }
    let mut target = target;
    if let Some(fields) = target.as_object_mut().filter(|it| !it.contains_key("ip")) {
        fields.insert("use_private_ip".to_owned(), private.into());
    }
    Ok(target)
}

/// The target that a request names, without how it is reached.
pub(super) fn named(body: &mut Body) -> Result<Value, ApiError> {
    let kind = body.text("type");
    let kind = body.need("type", kind);
    let target = match kind.as_str() {
        "server" => {
            let mut part = body.object("server").unwrap_or_default();
            let id = part.number("id");
            let id = part.need("server.id", id);
            part.check()?;
            json!({"type": kind, "server": {"id": id}})
        }
        "label_selector" => {
            let mut part = body.object("label_selector").unwrap_or_default();
            let text = part.text("selector");
            let text = part.need("label_selector.selector", text);
            part.check()?;
            Selector::parse(&text)?;
            json!({"type": kind, "label_selector": {"selector": text}})
        }
        "ip" => {
            let mut part = body.object("ip").unwrap_or_default();
            let text = part.text("ip");
            let text = part.need("ip.ip", text);
            if text.parse::<std::net::IpAddr>().is_err() {
                part.reject("ip.ip", "must be an IP address");
            }
            part.check()?;
            json!({"type": kind, "ip": {"ip": text}})
        }
        _ => {
            return Err(ApiError::field(
                "type",
                "must be 'server', 'label_selector' or 'ip'",
            ));
        }
    };
    Ok(target)
}

/// Whether two name the same.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    ["server", "label_selector", "ip"]
        .iter()
        .all(|key| one.get(key) == other.get(key))
}

fn server_of(target: &Value) -> Option<u64> {
    target.get("server")?.get("id")?.as_u64()
}

fn selector_of(target: &Value) -> Option<Selector> {
    let text = target.get("label_selector")?.get("selector")?.as_str()?;
    Selector::parse(text).ok()
}

/// The servers that a target stands for.
fn servers(world: &World, target: &Value) -> Vec<u64> {
    match selector_of(target) {
        Some(selector) => {
            let all = world
                .all("servers")
                .filter(|server| selector.matches(server));
            all.map(Item::id).collect()
        }
        None => server_of(target).into_iter().collect(),
    }
}

/// Load balancers that have a server as target by its number.
pub(in super::super::super) fn of_server(world: &World, server: u64) -> Vec<u64> {
    let has = |target: &Value| server_of(target) == Some(server);
    world
        .all(MANY)
        .filter(|balancer| balancer.list("targets").iter().any(has))
        .map(Item::id)
        .collect()
}

/// Takes a server that goes away out of all.
pub(in super::super::super) fn forget(world: &mut World, server: u64) {
    for id in of_server(world, server) {
        if let Some(item) = world.edit(MANY, id) {
            item.edit_list("targets", |list| {
                list.retain(|target| server_of(target) != Some(server));
            });
        }
    }
}

fn private_address(world: &World, balancer: &Item, server: u64) -> Option<String> {
    let nets = balancer.list("private_net").iter();
    let nets: Vec<&Value> = nets.filter_map(|net| net.get("network")).collect();
    let mut own = world.item("servers", server)?.list("private_net").iter();
    let net = own.find(|net| net.get("network").is_some_and(|net| nets.contains(&net)))?;
    net.get("ip")?.as_str().map(str::to_owned)
}

/// The addresses on this machine that a load balancer's targets have, each once.
pub(in super::super::super) fn resolve(world: &World, balancer: &Item) -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    for target in balancer.list("targets") {
        let ip = target
            .get("ip")
            .and_then(|ip| ip.get("ip"))
            .and_then(Value::as_str);
        let own = ip.and_then(|ip| ip.parse::<Ipv4Addr>().ok());
        let of_servers = servers(world, target);
        found.extend(own);
        found.extend(
            of_servers
                .into_iter()
                .filter_map(|id| server::loopback(world, id)),
        );
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn health(world: &World, balancer: &Item, address: Option<Ipv4Addr>) -> Value {
    let of_port = |service: &Value| {
        let port = service::port(service)?;
        let found = address.and_then(|ip| {
            let port = u16::try_from(port).ok()?;
            world.health.get(&(balancer.id(), port, ip))
        });
        Some(match found {
            None => json!({"listen_port": port, "status": "unknown"}),
            Some(Health::Healthy) => json!({"listen_port": port, "status": "healthy"}),
            Some(Health::Unhealthy { detail, code }) => {
                let mut shown =
                    json!({"listen_port": port, "status": "unhealthy", "detail": detail});
                if let (Some(code), Some(fields)) = (code, shown.as_object_mut()) {
                    fields.insert("http_status_code".to_owned(), (*code).into());
                }
                shown
            }
        })
    };
    Value::Array(
        balancer
            .list("services")
            .iter()
            .filter_map(of_port)
            .collect(),
    )
}

/// The targets as the API shows them: with health, and what selectors found.
pub(super) fn shown(world: &World, balancer: &Item) -> Value {
    let of_server = |id: u64, private: bool| {
        let ip = if private {
            private_address(world, balancer, id)
        } else {
            let found = primary_ip::of_version(world, "server", id, "ipv4");
            found.map(|item| item.text("ip").to_owned())
        };
        json!({
            "type": "server", "server": {"id": id, "ip": ip.unwrap_or_default()},
            "health_status": health(world, balancer, server::loopback(world, id)),
            "use_private_ip": private,
        })
    };
    let mut all = Vec::new();
    for target in balancer.list("targets") {
        let private = target.get("use_private_ip") == Some(&json!(true));
        if let Some(id) = server_of(target) {
            all.push(of_server(id, private));
            continue;
        }
        let mut target = target.clone();
        let nested = selector_of(&target).map(|_| {
            let found = servers(world, &target).into_iter();
            found.map(|id| of_server(id, private)).collect::<Vec<_>>()
        });
        let ip = target
            .get("ip")
            .and_then(|ip| ip.get("ip"))
            .and_then(Value::as_str);
        let ip = ip.and_then(|ip| ip.parse().ok());
        if let Some(fields) = target.as_object_mut() {
            match nested {
                Some(nested) => fields.insert("targets".to_owned(), json!(nested)),
                None => fields.insert("health_status".to_owned(), health(world, balancer, ip)),
            };
        }
        all.push(target);
    }
    Value::Array(all)
}
