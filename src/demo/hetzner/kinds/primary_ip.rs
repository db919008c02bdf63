//! Primary IPs: the addresses of servers and load balancers.

use super::{
    super::{
        action::Begin,
        body::Body,
        error::ApiError,
        item::Item,
        kind::{Answer, Kind, Reply},
        world::World,
    },
    location, rdns,
};
use serde_json::{Value, json};

/// Primary IPs.
pub(in super::super) struct PrimaryIps;

const MANY: &str = "primary_ips";
const ONE: &str = "primary_ip";

impl Kind for PrimaryIps {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn sorts(&self) -> &'static [&'static str] {
        &["id", "created"]
    }

    fn filters(&self) -> &'static [&'static str] {
        &["ip"]
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let location = location::shown(world, item.text("location"));
        shown.insert("location".to_owned(), location);
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let version = body.text("type");
        let version = body.need("type", version);
        if !matches!(version.as_str(), "ipv4" | "ipv6") {
            body.reject("type", "must be 'ipv4' or 'ipv6'");
        }
        let place = body.reference("location");
        let assignee = body.number("assignee_id");
        let kind = body.text("assignee_type");
        let auto_delete = body.flag("auto_delete").unwrap_or_default();
        if assignee.is_some() && kind.as_deref() != Some("server") {
            body.reject("assignee_type", "must be 'server'");
        }
        body.check()?;
        world.unique(MANY, &name, 0)?;
        let place = match (assignee, place) {
            (Some(server), None) => assignable(world, server, &version)?,
            (None, Some(place)) => location::find(world, "location", &place)?.name().to_owned(),
            _ => {
                let message = "exactly one of location and assignee_id must be given";
                return Err(ApiError::field("location", message));
            }
        };
        let labels = labels.unwrap_or_else(|| json!({}));
        let id = make(world, &name, &version, &place, auto_delete, labels)?;
        let mut action = Value::Null;
        if let Some(server) = assignee {
            let begin = Begin::new("assign_primary_ip", id, ONE, move |world| {
                assign(world, id, Some(("server", server)));
            });
            action = world.act(begin.with(server, "server").tenths(5))?;
        }
        Answer::created(json!({"primary_ip": self.view(world, id), "action": action}))
    }

    fn update(&self, world: &mut World, id: u64, mut body: Body) -> Reply {
        let auto_delete = body.flag("auto_delete");
        self.rename(world, id, &mut body)?;
        if let Some(on) = auto_delete {
            world.set(MANY, id, "auto_delete", on);
        }
        self.shown(world, id)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        if world
            .item(MANY, id)
            .is_some_and(|item| item.number("assignee_id").is_some())
        {
            let message = "primary IP must be unassigned to be deleted";
            return Err(ApiError::new(422, "must_be_unassigned", message));
        }
        world.remove(MANY, id);
        Answer::none()
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, mut body: Body) -> Reply {
        match verb {
            "change_protection" => self.protect(world, id, body, &["delete"]),
            "change_dns_ptr" => rdns::change(world, MANY, ONE, id, body),
            "assign" => {
                let server = body.number("assignee_id");
                let server = body.need("assignee_id", server);
                let kind = body.text("assignee_type");
                if body.need("assignee_type", kind) != "server" {
                    body.reject("assignee_type", "must be 'server'");
                }
                body.check()?;
                let item = world.need(MANY, ONE, id)?;
                if item.number("assignee_id").is_some() {
                    let message = "primary IP is already assigned";
                    return Err(ApiError::new(409, "primary_ip_already_assigned", message));
                }
                let version = item.text("type").to_owned();
                let place = item.text("location").to_owned();
                if assignable(world, server, &version)? != place {
                    let message = "server and primary IP are in different locations";
                    return Err(ApiError::field("assignee_id", message));
                }
                let begin = Begin::new("assign_primary_ip", id, ONE, move |world| {
                    assign(world, id, Some(("server", server)));
                });
                Answer::action(world.act(begin.with(server, "server").tenths(5))?)
            }
            "unassign" => {
                let server = world.need(MANY, ONE, id)?.number("assignee_id");
                let server = server.ok_or_else(|| {
                    ApiError::new(409, "primary_ip_not_assigned", "primary IP is not assigned")
                })?;
                must_be_off(world, server)?;
                let begin = Begin::new("unassign_primary_ip", id, ONE, move |world| {
                    assign(world, id, None);
                });
                Answer::action(world.act(begin.with(server, "server").tenths(5))?)
            }
            _ => Err(ApiError::no_route()),
        }
    }
}

/// Takes a new one in.
pub(in super::super) fn make(
    world: &mut World,
    name: &str,
    version: &str,
    place: &str,
    auto_delete: bool,
    labels: Value,
) -> Result<u64, ApiError> {
    let ip = match version {
        "ipv4" => world.address().to_string(),
        _ => world.address6(),
    };
    let item = Item::new(json!({
        "name": name, "labels": labels, "blocked": false, "location": place, "ip": ip,
        "dns_ptr": rdns::initial(&ip), "protection": {"delete": false}, "type": version,
        "auto_delete": auto_delete, "assignee_type": "unassigned", "assignee_id": null,
    }));
    world.insert(MANY, item)
}

/// Gives it to something, or takes it back.
pub(in super::super) fn assign(world: &mut World, id: u64, to: Option<(&'static str, u64)>) {
    if let Some(item) = world.edit(MANY, id) {
        item.set("assignee_type", to.map_or("unassigned", |(kind, _)| kind));
        item.set("assignee_id", to.map(|(_, id)| id));
    }
}

/// Those of a server or load balancer.
pub(in super::super) fn of(world: &World, kind: &str, id: u64) -> Vec<u64> {
    let mut found = world.related(MANY, "assignee_id", id);
    found.retain(|ip| {
        let item = world.item(MANY, *ip);
        item.is_some_and(|item| item.text("assignee_type") == kind)
    });
    found
}

/// A server's address of a version.
pub(in super::super) fn of_version<'a>(
    world: &'a World,
    kind: &str,
    id: u64,
    version: &str,
) -> Option<&'a Item> {
    let mut found = of(world, kind, id).into_iter();
    found.find_map(|ip| {
        let item = world.item(MANY, ip);
        item.filter(|item| item.text("type") == version)
    })
}

/// Where a server is that may get an address of a version.
fn assignable(world: &World, server: u64, version: &str) -> Result<String, ApiError> {
    must_be_off(world, server)?;
    if of_version(world, "server", server, version).is_some() {
        let message = format!("server already has a primary IP of type {version}");
        return Err(ApiError::new(409, "server_has_primary_ip", message));
    }
    let item = world.need("servers", "server", server)?;
    Ok(item.text("location").to_owned())
}

fn must_be_off(world: &World, server: u64) -> Result<(), ApiError> {
    let item = world.item("servers", server);
    let item = item.ok_or_else(|| ApiError::not_found("server", server))?;
    if item.text("status") != "off" {
        return Err(ApiError::new(
            422,
            "server_not_stopped",
            "server must be powered off",
        ));
    }
    Ok(())
}
