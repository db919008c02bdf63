//! A new server.

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
        firewall, image, location, network, placement_group, primary_ip,
    },
    MANY, ONE, Servers, password,
};
use serde_json::{Value, json};

/// Bytes that user data may have.
const USER_DATA: usize = 32 * 1024;
/// Servers with these letters only: names become host names.
const NAME: usize = 63;

/// What a server is made from.
#[derive(Debug, Clone, Default)]
pub(in super::super::super) struct New {
    pub(in super::super::super) name: String,
    pub(in super::super::super) labels: Value,
    pub(in super::super::super) server_type: u64,
    pub(in super::super::super) image: Option<u64>,
    pub(in super::super::super) location: String,
    pub(in super::super::super) status: &'static str,
    pub(in super::super::super) created: Option<String>,
    pub(in super::super::super) placement_group: Option<u64>,
}

/// Takes a server in, without addresses.
pub(in super::super::super) fn make(world: &mut World, new: New) -> Result<u64, ApiError> {
    let kind = world.need("server_types", "server_type", new.server_type)?;
    let disk = kind.number("disk").unwrap_or_default();
    let prices = kind.list("prices").iter();
    let mut here = prices.filter(|p| p.get("location") == Some(&json!(new.location)));
    let traffic = here
        .next()
        .and_then(|price| price.get("included_traffic"))
        .cloned();
    let item = Item::new(json!({
        "name": new.name, "status": new.status, "created": new.created, "private_net": [],
        "server_type": new.server_type, "location": new.location, "image": new.image, "iso": null,
        "rescue_enabled": false, "backup_window": null, "outgoing_traffic": 0,
        "ingoing_traffic": 0, "included_traffic": traffic,
        "protection": {"delete": false, "rebuild": false}, "labels": new.labels,
        "primary_disk_size": disk, "placement_group": new.placement_group,
    }));
    world.insert(MANY, item)
}

/// Whether a name can be a host's.
fn name_is_good(name: &str) -> bool {
    let label = |label: &str| {
        let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        !label.is_empty()
            && label.len() <= NAME
            && label.chars().all(good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').all(label)
}

/// The addresses asked for: per version an existing one, a new one or none.
struct Addresses {
    ipv4: Option<Option<u64>>,
    ipv6: Option<Option<u64>>,
}

pub(super) fn create(world: &mut World, mut body: Body) -> Reply {
    let (name, labels) = (body.name(), body.labels());
    if !name_is_good(&name) {
        body.reject("name", "must be a valid hostname as per RFC 1123");
    }
    let kind = body.reference("server_type");
    let kind = body.need("server_type", kind);
    let image = body.reference("image");
    let image = body.need("image", image);
    let place = body.reference("location");
    if body.value("datacenter").is_some() {
        body.reject("datacenter", "the field was removed, use location");
    }
    let start = body.flag("start_after_create").unwrap_or(true);
    let group = body.number("placement_group");
    let keys = ssh_keys(world, &mut body);
    let volumes = body.numbers("volumes").unwrap_or_default();
    let networks = body.numbers("networks").unwrap_or_default();
    let firewalls = firewalls(world, &mut body);
    let user_data = body.text("user_data").unwrap_or_default();
    if user_data.len() > USER_DATA {
        body.reject("user_data", "is too long");
    }
    let addresses = addresses(&mut body);
    body.check()?;

    world.unique(MANY, &name, 0)?;
    let kind = world
        .find("server_types", &kind)
        .ok_or_else(|| ApiError::field("server_type", "server type not found"))?;
    let image = image::find(world, &image, kind.text("architecture"))?.id();
    let place = match &place {
        Some(place) => location::find(world, "location", place)?.name(),
        None => "fsn1",
    };
    offered(kind, place)?;
    let (kind, place) = (kind.id(), place.to_owned());
    if let Some(group) = group {
        room(world, group)?;
    }
    for volume in &volumes {
        let item = world.need("volumes", "volume", *volume)?;
        if item.number("server").is_some() || item.text("location") != place {
            return Err(ApiError::field(
                "volumes",
                "is attached or in another location",
            ));
        }
    }
    for ip in [addresses.ipv4, addresses.ipv6]
        .into_iter()
        .flatten()
        .flatten()
    {
        let item = world.need("primary_ips", "primary_ip", ip)?;
        if item.number("assignee_id").is_some() || item.text("location") != place {
            return Err(ApiError::field(
                "public_net",
                "is assigned or in another location",
            ));
        }
    }
    let mut nets = Vec::new();
    for id in networks {
        let ip = network::address(world, id, &place, None)?;
        nets.push(private_net(world, id, &ip.to_string(), &[]));
    }

    let new = New {
        name,
        labels: labels.unwrap_or_else(|| json!({})),
        server_type: kind,
        image: Some(image),
        location: place.clone(),
        status: "initializing",
        created: None,
        placement_group: group,
    };
    let id = make(world, new)?;
    world.set(MANY, id, "private_net", nets);
    for (version, wanted) in [("ipv4", addresses.ipv4), ("ipv6", addresses.ipv6)] {
        let ip = match wanted {
            None => continue,
            Some(Some(ip)) => ip,
            Some(None) => {
                let number = world.number();
                let name = format!("primary_ip-{number}");
                primary_ip::make(world, &name, version, &place, true, json!({}))?
            }
        };
        primary_ip::assign(world, ip, Some((ONE, id)));
    }
    for volume in volumes {
        world.set("volumes", volume, "server", id);
    }
    for firewall in firewalls {
        firewall::apply(
            world,
            firewall,
            json!({"type": "server", "server": {"id": id}}),
        );
    }
    let begin = Begin::new("create_server", id, ONE, move |world| {
        world.set(MANY, id, "status", "off");
    });
    let create = world.begin(begin.tenths(30));
    let mut next = Vec::new();
    if start {
        let begin = Begin::new("start_server", id, ONE, move |world| {
            world.set(MANY, id, "status", "running");
        });
        let begin = world.begin(begin.tenths(60));
        next.push(world.action(begin));
    }
    let secret = keys.is_empty().then(|| password(world));
    Answer::created(json!({
        "server": Servers.view(world, id), "action": world.action(create),
        "next_actions": next, "root_password": secret,
    }))
}

/// A server type that can be ordered in a location.
pub(super) fn offered(kind: &Item, place: &str) -> Result<(), ApiError> {
    let mut places = kind.list("locations").iter();
    let here = places.find(|entry| entry.get("name") == Some(&json!(place)));
    match here.and_then(|entry| entry.get("available")) {
        Some(Value::Bool(true)) => Ok(()),
        Some(_) => Err(ApiError::new(
            412,
            "resource_unavailable",
            "server type is not available in this location",
        )),
        None => Err(ApiError::field(
            "server_type",
            "server type is not offered in this location",
        )),
    }
}

/// Whether a placement group takes one more.
pub(super) fn room(world: &World, group: u64) -> Result<(), ApiError> {
    world.need("placement_groups", "placement_group", group)?;
    let members = world.related(MANY, "placement_group", group);
    if members.len() >= placement_group::MEMBERS {
        return Err(ApiError::limit("placement_group_server_limit"));
    }
    Ok(())
}

/// A server's place in a network.
pub(in super::super::super) fn private_net(
    world: &mut World,
    network: u64,
    ip: &str,
    alias: &[String],
) -> Value {
    let mut octets = || world.rng.u8(..);
    let mac = format!(
        "86:00:00:{:02x}:{:02x}:{:02x}",
        octets(),
        octets(),
        octets()
    );
    json!({"network": network, "ip": ip, "alias_ips": alias, "mac_address": mac})
}

fn ssh_keys(world: &World, body: &mut Body) -> Vec<u64> {
    let mut found = Vec::new();
    for value in body.list("ssh_keys").unwrap_or_default() {
        let reference = match &value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        match world.find("ssh_keys", &reference) {
            Some(key) => found.push(key.id()),
            None => body.reject("ssh_keys", format!("SSH key '{reference}' not found")),
        }
    }
    found
}

fn firewalls(world: &World, body: &mut Body) -> Vec<u64> {
    let mut found = Vec::new();
    for value in body.list("firewalls").unwrap_or_default() {
        let id = value.get("firewall").and_then(Value::as_u64);
        match id.filter(|id| world.item("firewalls", *id).is_some()) {
            Some(id) => found.push(id),
            None => body.reject("firewalls", "firewall not found"),
        }
    }
    found
}

fn addresses(body: &mut Body) -> Addresses {
    let mut net = body.object("public_net").unwrap_or_default();
    let mut version = |enable: &str, key: &str| {
        let on = net.flag(enable).unwrap_or(true);
        on.then(|| net.number(key))
    };
    Addresses {
        ipv4: version("enable_ipv4", "ipv4"),
        ipv6: version("enable_ipv6", "ipv6"),
    }
}
