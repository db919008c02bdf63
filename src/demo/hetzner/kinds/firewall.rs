//! Firewalls: rules, and what they are applied to.

use super::super::{
    action::Begin,
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply},
    selector::Selector,
    world::World,
};
use serde_json::{Value, json};

/// Firewalls.
pub(in super::super) struct Firewalls;

const MANY: &str = "firewalls";
const ONE: &str = "firewall";
/// Rules that one firewall may have.
const RULES: usize = 50;

impl Kind for Firewalls {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let applied: Vec<Value> = item
            .list("applied_to")
            .iter()
            .map(|target| {
                let mut target = target.clone();
                if let Some(selector) = selector_of(&target) {
                    let servers: Vec<Value> = world
                        .all("servers")
                        .filter(|server| selector.matches(server))
                        .map(|server| json!({"type": "server", "server": {"id": server.id()}}))
                        .collect();
                    if let Some(fields) = target.as_object_mut() {
                        fields.insert("applied_to_resources".to_owned(), json!(servers));
                    }
                }
                target
            })
            .collect();
        shown.insert("applied_to".to_owned(), json!(applied));
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let rules = rules(&mut body);
        let targets = targets(world, &mut body, "apply_to");
        body.check()?;
        world.unique(MANY, &name, 0)?;
        let item = Item::new(json!({
            "name": name, "labels": labels.unwrap_or_else(|| json!({})), "rules": rules,
            "applied_to": [],
        }));
        let id = world.insert(MANY, item)?;
        let mut actions = Vec::new();
        if !rules.is_empty() {
            let set = world.begin(Begin::new("set_firewall_rules", id, ONE, |_| ()).tenths(2));
            actions.push(world.action(set));
        }
        for target in targets {
            actions.push(apply(world, id, target));
        }
        Answer::created(json!({"firewall": self.view(world, id), "actions": actions}))
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        if world
            .item(MANY, id)
            .is_some_and(|item| !item.list("applied_to").is_empty())
        {
            let message = "firewall is still in use";
            return Err(ApiError::new(409, "resource_in_use", message));
        }
        world.remove(MANY, id);
        Answer::none()
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, mut body: Body) -> Reply {
        let mut actions = Vec::new();
        match verb {
            "set_rules" => {
                if !body.has("rules") {
                    body.reject("rules", "missing field");
                }
                let rules = rules(&mut body);
                body.check()?;
                let begin = Begin::new("set_firewall_rules", id, ONE, move |world| {
                    world.set(MANY, id, "rules", rules);
                });
                actions.push(world.act(begin.tenths(2))?);
            }
            "apply_to_resources" => {
                let targets = targets(world, &mut body, "apply_to");
                body.check()?;
                let applied = world.need(MANY, ONE, id)?.list("applied_to").to_vec();
                for target in targets {
                    if applied.contains(&target) {
                        let message = "firewall was already applied on resource";
                        return Err(ApiError::new(422, "firewall_already_applied", message));
                    }
                    actions.push(apply(world, id, target));
                }
            }
            "remove_from_resources" => {
                let targets = targets(world, &mut body, "remove_from");
                body.check()?;
                for target in targets {
                    let begin = Begin::new("remove_firewall", id, ONE, {
                        let target = target.clone();
                        move |world| remove(world, id, &target)
                    });
                    let begin = named(begin, &target).tenths(5);
                    let action = world.begin(begin);
                    actions.push(world.action(action));
                }
            }
            _ => return Err(ApiError::no_route()),
        }
        Answer::created(json!({ "actions": actions }))
    }
}

/// The selector of a target, if it is one.
fn selector_of(target: &Value) -> Option<Selector> {
    let text = target.get("label_selector")?.get("selector")?.as_str()?;
    Selector::parse(text).ok()
}

/// The firewalls on a server, also by its labels.
pub(in super::super) fn of_server(world: &World, server: &Item) -> Vec<u64> {
    let on = |target: &Value| match selector_of(target) {
        Some(selector) => selector.matches(server),
        None => is_server(target, server.id()),
    };
    world
        .all(MANY)
        .filter(|firewall| firewall.list("applied_to").iter().any(on))
        .map(Item::id)
        .collect()
}

fn is_server(target: &Value, id: u64) -> bool {
    target.get("server").and_then(|server| server.get("id")) == Some(&id.into())
}

/// Takes a server that goes away out of all.
pub(in super::super) fn forget(world: &mut World, server: u64) {
    let all: Vec<u64> = world
        .all(MANY)
        .filter(|f| {
            f.list("applied_to")
                .iter()
                .any(|target| is_server(target, server))
        })
        .map(Item::id)
        .collect();
    for id in all {
        remove(
            world,
            id,
            &json!({"type": "server", "server": {"id": server}}),
        );
    }
}

fn remove(world: &mut World, id: u64, target: &Value) {
    if let Some(item) = world.edit(MANY, id) {
        item.edit_list("applied_to", |list| list.retain(|found| found != target));
    }
}

/// Begins an application.
pub(in super::super) fn apply(world: &mut World, id: u64, target: Value) -> Value {
    let begin = named(
        Begin::new("apply_firewall", id, ONE, {
            let target = target.clone();
            move |world| {
                if let Some(item) = world.edit(MANY, id) {
                    item.edit_list("applied_to", |list| {
                        if !list.contains(&target) {
                            list.push(target);
                        }
                    });
                }
            }
        }),
        &target,
    );
    let action = world.begin(begin.tenths(5));
    world.action(action)
}

/// Also names the server.
fn named(begin: Begin, target: &Value) -> Begin {
    let server = target.get("server").and_then(|server| server.get("id"));
    match server.and_then(Value::as_u64) {
        Some(server) => begin.with(server, "server"),
        None => begin,
    }
}

/// Targets sent, checked.
fn targets(world: &World, body: &mut Body, key: &str) -> Vec<Value> {
    let mut targets = Vec::new();
    for fields in body.list(key).unwrap_or_default() {
        let kind = fields.get("type").and_then(Value::as_str);
        let server = fields
            .get("server")
            .and_then(|s| s.get("id"))
            .and_then(Value::as_u64);
        let selector = fields.get("label_selector").and_then(|s| s.get("selector"));
        match (kind, server, selector.and_then(Value::as_str)) {
            (Some("server"), Some(id), _) if world.item("servers", id).is_some() => {
                targets.push(json!({"type": "server", "server": {"id": id}}));
            }
            (Some("label_selector"), _, Some(text)) if Selector::parse(text).is_ok() => {
                targets
                    .push(json!({"type": "label_selector", "label_selector": {"selector": text}}));
            }
            _ => body.reject(key, "must name servers or label selectors that exist"),
        }
    }
    targets
}

/// Rules sent, checked.
fn rules(body: &mut Body) -> Vec<Value> {
    let sent = body.list("rules").unwrap_or_default();
    if sent.len() > RULES {
        body.reject("rules", "too many rules");
    }
    let mut rules = Vec::new();
    for (place, fields) in sent.into_iter().enumerate() {
        let Value::Object(fields) = fields else {
            body.reject(&format!("rules.{place}"), "must be an object");
            continue;
        };
        let mut rule = Body::of(fields);
        let direction = rule.text("direction").unwrap_or_default();
        let protocol = rule.text("protocol").unwrap_or_default();
        let port = rule.text("port");
        let sources = rule.texts("source_ips").unwrap_or_default();
        let destinations = rule.texts("destination_ips").unwrap_or_default();
        let peers = match direction.as_str() {
            "in" => Some(("source_ips", &sources)),
            "out" => Some(("destination_ips", &destinations)),
            _ => None,
        };
        let with_port = matches!(protocol.as_str(), "tcp" | "udp");
        let problem = if peers.is_none() {
            Some(("direction", "must be 'in' or 'out'"))
        } else if !with_port && !matches!(protocol.as_str(), "icmp" | "esp" | "gre") {
            Some(("protocol", "must be one of tcp, udp, icmp, esp, gre"))
        } else if with_port != port.is_some() {
            Some(("port", "must be given for tcp and udp, and only for these"))
        } else if port.as_deref().is_some_and(|port| !port_is_good(port)) {
            Some(("port", "must be a port, a range of ports, or 'any'"))
        } else {
            let (name, list) = peers.unwrap_or(("source_ips", &sources));
            let good = !list.is_empty() && list.iter().all(|range| range_is_good(range));
            (!good).then_some((name, "must be IP ranges in CIDR notation"))
        };
        if let Some((field, message)) = problem {
            body.reject(&format!("rules.{place}.{field}"), message);
        }
        rules.push(json!({
            "description": rule.text("description"), "direction": direction,
            "source_ips": sources, "destination_ips": destinations, "protocol": protocol,
            "port": port,
        }));
    }
    rules
}

fn port_is_good(port: &str) -> bool {
    let one = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    match port.split_once('-') {
        Some((from, to)) => one(from) && one(to),
        None => port == "any" || one(port),
    }
}

fn range_is_good(range: &str) -> bool {
    let Some((address, bits)) = range.split_once('/') else {
        return false;
    };
    let most = match address.parse() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}
