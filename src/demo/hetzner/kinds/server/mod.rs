//! Servers: what is shown of them, and what goes with them.
//!
//! Making one is in `create`, what is done with one in `verbs`.

mod create;
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
    firewall, load_balancer, location,
    placement_group::PlacementGroups,
    primary_ip,
};
use serde_json::{Value, json};

pub(in super::super) use create::{New, make, private_net};

/// Servers.
pub(in super::super) struct Servers;

const MANY: &str = "servers";
const ONE: &str = "server";

impl Kind for Servers {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn filters(&self) -> &'static [&'static str] {
        &["status"]
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let id = item.id();
        let mut shown = item.shown();
        let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
        put("public_net", public_net(world, item));
        put("location", location::shown(world, item.text("location")));
        for (field, kind) in [
            ("server_type", "server_types"),
            ("image", "images"),
            ("iso", "isos"),
        ] {
            let found = item.number(field).and_then(|id| world.item(kind, id));
            put(
                field,
                found.map_or(Value::Null, |found| Value::Object(found.shown())),
            );
        }
        let group = item.number("placement_group");
        put(
            "placement_group",
            group.map_or(Value::Null, |id| PlacementGroups.view(world, id)),
        );
        put("volumes", json!(world.related("volumes", "server", id)));
        put("load_balancers", json!(load_balancer::of_server(world, id)));
        put("locked", json!(world.actions.busy(id, ONE)));
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, body: Body) -> Reply {
        create::create(world, body)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        let before = world.need(MANY, ONE, id)?.text("status").to_owned();
        world.set(MANY, id, "status", "deleting");
        let begin = Begin::new("delete_server", id, ONE, move |world| forget(world, id))
            .or_else(move |world| world.set(MANY, id, "status", before))
            .tenths(20);
        let action = world.act(begin)?;
        Answer::ok(json!({ "action": action }))
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, body: Body) -> Reply {
        verbs::act(world, id, verb, body)
    }

    fn below(&self, world: &mut World, id: u64, rest: &[&str], request: Request) -> Reply {
        match rest {
            ["metrics"] if request.method == "GET" => {
                let item = world.need(MANY, ONE, id)?;
                metrics::answer(item, metrics::SERVER, request.query, world.now)
            }
            _ => Err(ApiError::no_route()),
        }
    }
}

fn public_net(world: &World, item: &Item) -> Value {
    let id = item.id();
    let address = |version: &str| {
        let found = primary_ip::of_version(world, ONE, id, version)?;
        let names = found.get("dns_ptr");
        let name = match version {
            "ipv4" => {
                let first = names.get(0).and_then(|entry| entry.get("dns_ptr"));
                first.cloned().unwrap_or_else(|| json!(""))
            }
            _ => names.clone(),
        };
        Some(json!({
            "id": found.id(), "ip": found.text("ip"), "blocked": found.flag("blocked"),
            "dns_ptr": name,
        }))
    };
    let firewalls: Vec<Value> = firewall::of_server(world, item)
        .into_iter()
        .map(|id| json!({"id": id, "status": "applied"}))
        .collect();
    json!({
        "ipv4": address("ipv4"), "ipv6": address("ipv6"),
        "floating_ips": world.related("floating_ips", "server", id), "firewalls": firewalls,
    })
}

/// Removes a server and everything that hangs on it.
fn forget(world: &mut World, id: u64) {
    for volume in world.related("volumes", "server", id) {
        world.set("volumes", volume, "server", Value::Null);
    }
    for ip in world.related("floating_ips", "server", id) {
        world.set("floating_ips", ip, "server", Value::Null);
    }
    for ip in primary_ip::of(world, ONE, id) {
        if world
            .item("primary_ips", ip)
            .is_some_and(|item| item.flag("auto_delete"))
        {
            world.remove("primary_ips", ip);
        } else {
            primary_ip::assign(world, ip, None);
        }
    }
    let backups = world.related("images", "bound_to", id);
    for image in backups {
        world.remove("images", image);
    }
    firewall::forget(world, id);
    load_balancer::forget(world, id);
    world.remove(MANY, id);
}

/// The address under which a server's programs are reached on this machine.
pub(in super::super) fn loopback(world: &World, id: u64) -> Option<std::net::Ipv4Addr> {
    let own = primary_ip::of_version(world, ONE, id, "ipv4").map(|item| item.text("ip"));
    own?.parse().ok()
}

/// A password as the API makes them.
fn password(world: &mut World) -> String {
    (0..20).map(|_| world.rng.alphanumeric()).collect()
}
