//! Floating IPs: addresses that move between servers.

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

/// Floating IPs.
pub(in super::super) struct FloatingIps;

const MANY: &str = "floating_ips";
const ONE: &str = "floating_ip";

impl Kind for FloatingIps {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn sorts(&self) -> &'static [&'static str] {
        &["id", "created"]
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let location = location::shown(world, item.text("home_location"));
        shown.insert("home_location".to_owned(), location);
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.new_name(), body.labels());
        let version = body.text("type");
        let version = body.need("type", version);
        if !matches!(version.as_str(), "ipv4" | "ipv6") {
            body.reject("type", "must be 'ipv4' or 'ipv6'");
        }
        let (place, server) = (body.reference("home_location"), body.number("server"));
        let description = body.text("description");
        body.check()?;
        let place = match (place, server) {
            (Some(place), _) => location::find(world, "home_location", &place)?
                .name()
                .to_owned(),
            (None, Some(server)) => world
                .need("servers", "server", server)?
                .text("location")
                .to_owned(),
            (None, None) => {
                let message = "home_location or server must be given";
                return Err(ApiError::field("home_location", message));
            }
        };
        if let Some(server) = server {
            world.need("servers", "server", server)?;
        }
        let ip = match version.as_str() {
            "ipv4" => world.address().to_string(),
            _ => world.address6(),
        };
        let id = world.number();
        let name = name.unwrap_or_else(|| format!("floating-ip-{id}"));
        world.unique(MANY, &name, 0)?;
        let item = Item::new(json!({
            "id": id, "name": name, "description": description, "ip": ip, "type": version,
            "server": null, "dns_ptr": rdns::initial(&ip), "home_location": place,
            "blocked": false, "protection": {"delete": false},
            "labels": labels.unwrap_or_else(|| json!({})),
        }));
        world.insert(MANY, item)?;
        let action = match server {
            Some(server) => assign(world, id, Some(server))?,
            None => Value::Null,
        };
        Answer::created(json!({"floating_ip": self.view(world, id), "action": action}))
    }

    fn update(&self, world: &mut World, id: u64, mut body: Body) -> Reply {
        let description = body.text("description");
        self.rename(world, id, &mut body)?;
        if let Some(description) = description {
            world.set(MANY, id, "description", description);
        }
        self.shown(world, id)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        if world
            .item(MANY, id)
            .is_some_and(|item| item.number("server").is_some())
        {
            let message = "floating IP must be unassigned to be deleted";
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
                let server = body.number("server");
                let server = body.need("server", server);
                body.check()?;
                world.need("servers", "server", server)?;
                Answer::action(assign(world, id, Some(server))?)
            }
            "unassign" => Answer::action(assign(world, id, None)?),
            _ => Err(ApiError::no_route()),
        }
    }
}

fn assign(world: &mut World, id: u64, to: Option<u64>) -> Result<Value, ApiError> {
    let command = match to {
        Some(_) => "assign_floating_ip",
        None => "unassign_floating_ip",
    };
    let server = to.or_else(|| world.item(MANY, id).and_then(|item| item.number("server")));
    let mut begin = Begin::new(command, id, ONE, move |world| {
        world.set(MANY, id, "server", to);
    });
    if let Some(server) = server {
        begin = begin.with(server, "server");
    }
    world.act(begin.tenths(5))
}
