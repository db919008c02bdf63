//! What is done with a load balancer.

use super::{
    super::{
        super::{
            action::Begin,
            body::Body,
            error::ApiError,
            item::Item,
            kind::{Answer, Kind, Reply},
            world::World,
        },
        network, rdns,
    },
    LoadBalancers, MANY, ONE, service, target,
};
use serde_json::{Value, json};

/// A change to be made when an action is through.
type Change = Box<dyn FnOnce(&mut Item) + Send>;

pub(super) fn act(world: &mut World, id: u64, verb: &str, mut body: Body) -> Reply {
    if verb != "change_protection" {
        world.free(id, ONE)?;
    }
    let mut command = verb;
    let change: Change = match verb {
        "change_protection" => return LoadBalancers.protect(world, id, body, &["delete"]),
        "add_service" => {
            let made = service::new(world, id, body)?;
            Box::new(|item| item.edit_list("services", |list| list.push(made)))
        }
        "update_service" => {
            let made = service::updated(world, id, body)?;
            Box::new(move |item| {
                item.edit_list("services", |list| {
                    let mut list = list.iter_mut();
                    if let Some(old) = list.find(|old| service::port(old) == service::port(&made)) {
                        *old = made;
                    }
                });
            })
        }
        "delete_service" => {
            let port = service::named(world, id, body)?;
            Box::new(move |item| {
                item.edit_list("services", |list| {
                    list.retain(|service| service::port(service) != Some(port));
                });
            })
        }
        "add_target" => {
            let made = target::new(world, id, body)?;
            Box::new(|item| item.edit_list("targets", |list| list.push(made)))
        }
        "remove_target" => remove_target(world, id, body)?,
        "change_algorithm" => {
            let kind = body.text("type");
            let kind = body.need("type", kind);
            check_algorithm(&mut body, &kind);
            body.check()?;
            Box::new(move |item| item.set("algorithm", json!({"type": kind})))
        }
        "change_type" => {
            command = "change_load_balancer_type";
            change_type(world, id, body)?
        }
        "change_dns_ptr" => change_dns_ptr(world, id, body)?,
        "attach_to_network" => attach(world, id, body)?,
        "detach_from_network" => detach(world, id, body)?,
        "enable_public_interface" => Box::new(|item| item.set("_public", true)),
        "disable_public_interface" => Box::new(|item| item.set("_public", false)),
        _ => return Err(ApiError::no_route()),
    };
    let begin = Begin::new(command, id, ONE, move |world| {
        if let Some(item) = world.edit(MANY, id) {
            change(item);
        }
    });
    Answer::action(world.act(begin.tenths(5))?)
}

/// Says what is wrong with an algorithm.
pub(super) fn check_algorithm(body: &mut Body, kind: &str) {
    if !matches!(kind, "round_robin" | "least_connections") {
        body.reject(
            "algorithm.type",
            "must be 'round_robin' or 'least_connections'",
        );
    }
}

fn remove_target(world: &World, id: u64, mut body: Body) -> Result<Change, ApiError> {
    let named = target::named(&mut body)?;
    let item = world.need(MANY, ONE, id)?;
    if !item
        .list("targets")
        .iter()
        .any(|other| target::same(other, &named))
    {
        let message = "the target does not exist";
        return Err(ApiError::new(422, "target_not_found", message));
    }
    Ok(Box::new(move |item| {
        item.edit_list("targets", |list| {
            list.retain(|other| !target::same(other, &named))
        });
    }))
}

fn change_type(world: &World, id: u64, mut body: Body) -> Result<Change, ApiError> {
    let kind = body.reference("load_balancer_type");
    let kind = body.need("load_balancer_type", kind);
    body.check()?;
    let kind = world
        .find("load_balancer_types", &kind)
        .ok_or_else(|| ApiError::field("load_balancer_type", "not found"))?;
    let item = world.need(MANY, ONE, id)?;
    let fits = |key: &str, list: &str| {
        let count = u64::try_from(item.list(list).len()).unwrap_or(u64::MAX);
        kind.number(key).is_some_and(|most| count <= most)
    };
    if !fits("max_services", "services") || !fits("max_targets", "targets") {
        let message = "more services or targets than the type allows";
        return Err(ApiError::new(422, "invalid_load_balancer_type", message));
    }
    let kind = kind.id();
    Ok(Box::new(move |item| item.set("load_balancer_type", kind)))
}

fn change_dns_ptr(world: &World, id: u64, mut body: Body) -> Result<Change, ApiError> {
    let item = world.need(MANY, ONE, id)?;
    let owned = [item.text("_ipv4"), item.text("_ipv6")];
    let (ip, name) = rdns::wanted(&mut body, &owned)?;
    Ok(Box::new(move |item| rdns::set(item, &ip, name)))
}

fn attached(item: &Item, network: u64) -> bool {
    let mut nets = item.list("private_net").iter();
    nets.any(|net| net.get("network") == Some(&network.into()))
}

fn attach(world: &World, id: u64, mut body: Body) -> Result<Change, ApiError> {
    let net = body.number("network");
    let net = body.need("network", net);
    let wanted = body.text("ip");
    body.check()?;
    let item = world.need(MANY, ONE, id)?;
    if attached(item, net) {
        let message = "load balancer is already attached to the network";
        return Err(ApiError::new(
            422,
            "load_balancer_already_attached",
            message,
        ));
    }
    let ip = network::address(world, net, item.text("location"), wanted.as_deref())?;
    let entry = json!({"network": net, "ip": ip.to_string()});
    Ok(Box::new(|item| {
        item.edit_list("private_net", |nets| nets.push(entry))
    }))
}

fn detach(world: &World, id: u64, mut body: Body) -> Result<Change, ApiError> {
    let net = body.number("network");
    let net = body.need("network", net);
    body.check()?;
    let item = world.need(MANY, ONE, id)?;
    if !attached(item, net) {
        let message = "load balancer is not attached to the network";
        return Err(ApiError::field("network", message));
    }
    let private = |target: &Value| target.get("use_private_ip") == Some(&json!(true));
    if item.list("targets").iter().any(private) {
        let message = "load balancer still has targets in the network";
        return Err(ApiError::new(
            422,
            "targets_without_use_private_ip",
            message,
        ));
    }
    Ok(Box::new(move |item| {
        item.edit_list("private_net", |nets| {
            nets.retain(|entry| entry.get("network") != Some(&net.into()));
        });
    }))
}
