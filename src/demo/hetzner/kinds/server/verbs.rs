//! What is done with a server.

use super::{
    super::{
        super::{
            action::Begin,
            body::Body,
            error::ApiError,
            item::Item,
            kind::{Answer, Kind, Reply},
            world::{World, time},
        },
        image::{self, Images},
        network, primary_ip, rdns,
    },
    MANY, ONE, Servers, create, password,
};
use serde_json::{Value, json};

pub(super) fn act(world: &mut World, id: u64, verb: &str, body: Body) -> Reply {
    // What does not touch the machine does not wait for it.
    if !matches!(verb, "change_protection" | "change_dns_ptr") {
        world.free(id, ONE)?;
    }
    match verb {
        "poweron" => power(world, id, "start_server", "starting", "running", 20),
        "poweroff" => power(world, id, "stop_server", "stopping", "off", 10),
        "shutdown" => power(world, id, "shutdown_server", "stopping", "off", 40),
        "reboot" => power(world, id, "reboot_server", "running", "running", 30),
        "reset" => power(world, id, "reset_server", "running", "running", 20),
        "rebuild" => rebuild(world, id, body),
        "create_image" => create_image(world, id, body),
        "change_type" => change_type(world, id, body),
        "change_protection" => Servers.protect(world, id, body, &["delete", "rebuild"]),
        "change_dns_ptr" => change_dns_ptr(world, id, body),
        "enable_rescue" => enable_rescue(world, id, body),
        "reset_password" => reset_password(world, id),
        "request_console" => request_console(world, id),
        "attach_to_network" => attach_to_network(world, id, body),
        "detach_from_network" => detach_from_network(world, id, body),
        "change_alias_ips" => change_alias_ips(world, id, body),
        "attach_iso" => attach_iso(world, id, body),
        "add_to_placement_group" => add_to_placement_group(world, id, body),
        "remove_from_placement_group" => set(
            world,
            id,
            "remove_from_placement_group",
            "placement_group",
            Value::Null,
        ),
        "detach_iso" => set(world, id, "detach_iso", "iso", Value::Null),
        "disable_rescue" => set(world, id, "disable_rescue", "rescue_enabled", false.into()),
        "disable_backup" => disable_backup(world, id),
        "enable_backup" => set(world, id, "enable_backup", "backup_window", "22-02".into()),
        _ => Err(ApiError::no_route()),
    }
}

fn item(world: &World, id: u64) -> Result<&Item, ApiError> {
    world.need(MANY, ONE, id)
}

/// Sets one field in a while.
fn set(world: &mut World, id: u64, command: &str, field: &'static str, value: Value) -> Reply {
    let begin = Begin::new(command, id, ONE, move |world| {
        world.set(MANY, id, field, value);
    });
    Answer::action(world.act(begin.tenths(10))?)
}

/// From one state through another to a third; back where it fails.
fn power(
    world: &mut World,
    id: u64,
    command: &str,
    through: &'static str,
    to: &'static str,
    tenths: i64,
) -> Reply {
    let before = item(world, id)?.text("status").to_owned();
    if before == "off" && !matches!(command, "start_server" | "stop_server") {
        let message = "server is not running";
        return Err(ApiError::new(422, "server_not_running", message));
    }
    // Nothing to be done is done at once.
    let tenths = if before == to && through != to {
        1
    } else {
        tenths
    };
    world.set(MANY, id, "status", if before == to { to } else { through });
    let begin = Begin::new(command, id, ONE, move |world| {
        world.set(MANY, id, "status", to);
        // The rescue system is there for one start.
        if to == "running" {
            world.set(MANY, id, "rescue_enabled", false);
        }
    })
    .or_else(move |world| world.set(MANY, id, "status", before));
    Answer::action(world.act(begin.tenths(tenths))?)
}

fn architecture(world: &World, id: u64) -> Result<String, ApiError> {
    let kind = item(world, id)?.number("server_type").unwrap_or_default();
    let kind = world.need("server_types", "server_type", kind)?;
    Ok(kind.text("architecture").to_owned())
}

fn rebuild(world: &mut World, id: u64, mut body: Body) -> Reply {
    let image = body.reference("image");
    let image = body.need("image", image);
    let data = body.text("user_data");
    if data.is_some_and(|data| data.len() > 32 * 1024) {
        body.reject("user_data", "is too long");
    }
    body.check()?;
    let server = item(world, id)?;
    if server.protected("rebuild") {
        return Err(ApiError::protected(ONE, "rebuild"));
    }
    let before = server.text("status").to_owned();
    let image = image::find(world, &image, &architecture(world, id)?)?.id();
    world.set(MANY, id, "status", "rebuilding");
    let begin = Begin::new("rebuild_server", id, ONE, move |world| {
        world.set(MANY, id, "image", image);
        world.set(MANY, id, "status", "running");
    })
    .with(image, "image")
    .or_else(move |world| world.set(MANY, id, "status", before));
    let action = world.act(begin.tenths(60))?;
    let secret = password(world);
    Answer::created(json!({"action": action, "root_password": secret}))
}

fn create_image(world: &mut World, id: u64, mut body: Body) -> Reply {
    let (description, labels) = (body.text("description"), body.labels());
    let kind = body.text("type").unwrap_or_else(|| "snapshot".to_owned());
    if !matches!(kind.as_str(), "snapshot" | "backup") {
        body.reject("type", "must be 'snapshot' or 'backup'");
    }
    body.check()?;
    let server = item(world, id)?;
    if kind == "backup" && server.get("backup_window").is_null() {
        let message = "backups are not enabled for the server";
        return Err(ApiError::new(422, "backup_not_enabled", message));
    }
    let from = server
        .number("image")
        .and_then(|id| world.item("images", id));
    let (flavour, version) = from.map_or((json!("unknown"), Value::Null), |from| {
        (
            from.get("os_flavor").clone(),
            from.get("os_version").clone(),
        )
    });
    let made = Item::new(json!({
        "type": kind, "status": "creating", "name": null,
        "description": description.unwrap_or_else(|| format!("{kind} {}", time(world.now))),
        "image_size": null, "disk_size": server.get("primary_disk_size"),
        "created_from": {"id": id, "name": server.name()},
        "bound_to": (kind == "backup").then_some(id), "os_flavor": flavour,
        "os_version": version, "rapid_deploy": false, "protection": {"delete": false},
        "deprecation": null, "deleted": null, "labels": labels.unwrap_or_else(|| json!({})),
        "architecture": architecture(world, id)?,
    }));
    let image = world.insert("images", made)?;
    #[allow(clippy::cast_precision_loss)]
    let size = world.rng.u32(80..600) as f32 / 100.0;
    let begin = Begin::new("create_image", id, ONE, move |world| {
        world.set("images", image, "status", "available");
        world.set("images", image, "image_size", size);
    })
    .with(image, "image")
    .or_else(move |world| world.remove("images", image));
    let action = world.act(begin.tenths(50))?;
    Answer::created(json!({"image": Images.view(world, image), "action": action}))
}

fn change_type(world: &mut World, id: u64, mut body: Body) -> Reply {
    let kind = body.reference("server_type");
    let kind = body.need("server_type", kind);
    let upgrade = body.flag("upgrade_disk");
    let upgrade = body.need("upgrade_disk", upgrade);
    body.check()?;
    let server = item(world, id)?;
    if server.text("status") != "off" {
        let message = "server must be powered off";
        return Err(ApiError::new(422, "server_not_stopped", message));
    }
    let kind = world
        .find("server_types", &kind)
        .ok_or_else(|| ApiError::field("server_type", "server type not found"))?;
    create::offered(kind, server.text("location"))?;
    if kind.text("architecture") != architecture(world, id)? {
        return Err(ApiError::field("server_type", "has another architecture"));
    }
    let disk = kind.number("disk").unwrap_or_default();
    if disk < server.number("primary_disk_size").unwrap_or_default() {
        return Err(ApiError::field("server_type", "has a smaller disk"));
    }
    if Some(kind.id()) == server.number("server_type") {
        return Err(ApiError::field(
            "server_type",
            "is the server's type already",
        ));
    }
    let kind = kind.id();
    world.set(MANY, id, "status", "migrating");
    let begin = Begin::new("change_server_type", id, ONE, move |world| {
        world.set(MANY, id, "server_type", kind);
        world.set(MANY, id, "status", "off");
        if upgrade {
            world.set(MANY, id, "primary_disk_size", disk);
        }
    })
    .or_else(move |world| world.set(MANY, id, "status", "off"));
    Answer::action(world.act(begin.tenths(50))?)
}

fn change_dns_ptr(world: &mut World, id: u64, mut body: Body) -> Reply {
    let ips = primary_ip::of(world, ONE, id);
    let owned: Vec<(u64, String)> = ips
        .into_iter()
        .filter_map(|ip| Some((ip, world.item("primary_ips", ip)?.text("ip").to_owned())))
        .collect();
    let texts: Vec<&str> = owned.iter().map(|(_, text)| text.as_str()).collect();
    let (address, name) = rdns::wanted(&mut body, &texts)?;
    let mine = owned.iter().find(|(_, text)| *text == address);
    let ip = mine.or_else(|| owned.iter().find(|(_, text)| text.contains('/')));
    let ip = ip.map_or(0, |(ip, _)| *ip);
    let begin = Begin::new("change_dns_ptr", id, ONE, move |world| {
        if let Some(item) = world.edit("primary_ips", ip) {
            rdns::set(item, &address, name);
        }
    });
    Answer::action(world.act(begin.light().tenths(5))?)
}

fn enable_rescue(world: &mut World, id: u64, mut body: Body) -> Reply {
    if body.text("type").is_some_and(|kind| kind != "linux64") {
        body.reject("type", "must be 'linux64'");
    }
    for key in body.numbers("ssh_keys").unwrap_or_default() {
        if world.item("ssh_keys", key).is_none() {
            body.reject("ssh_keys", "SSH key not found");
        }
    }
    body.check()?;
    if item(world, id)?.flag("rescue_enabled") {
        let message = "rescue system is enabled already";
        return Err(ApiError::new(422, "rescue_already_enabled", message));
    }
    let begin = Begin::new("enable_rescue", id, ONE, move |world| {
        world.set(MANY, id, "rescue_enabled", true);
    });
    let action = world.act(begin.tenths(10))?;
    let secret = password(world);
    Answer::created(json!({"root_password": secret, "action": action}))
}

fn reset_password(world: &mut World, id: u64) -> Reply {
    if item(world, id)?.text("status") != "running" {
        let message = "server is not running";
        return Err(ApiError::new(422, "server_not_running", message));
    }
    let action = world.act(Begin::new("reset_password", id, ONE, |_| ()).tenths(10))?;
    let secret = password(world);
    Answer::created(json!({"root_password": secret, "action": action}))
}

fn request_console(world: &mut World, id: u64) -> Reply {
    let action = world.act(Begin::new("request_console", id, ONE, |_| ()).tenths(2))?;
    let (secret, token) = (password(world), password(world));
    let url = format!("wss://console.hetzner.cloud/?server_id={id}&token={token}");
    Answer::created(json!({"wss_url": url, "password": secret, "action": action}))
}

fn attach_to_network(world: &mut World, id: u64, mut body: Body) -> Reply {
    let net = body.number("network");
    let net = body.need("network", net);
    let (ip, alias) = (body.text("ip"), body.texts("alias_ips").unwrap_or_default());
    body.check()?;
    let server = item(world, id)?;
    let here = |entry: &Value| entry.get("network") == Some(&net.into());
    if server.list("private_net").iter().any(here) {
        let message = "server is already attached to the network";
        return Err(ApiError::new(422, "server_already_attached", message));
    }
    let ip = network::address(world, net, server.text("location"), ip.as_deref())?;
    let entry = create::private_net(world, net, &ip.to_string(), &alias);
    let begin = Begin::new("attach_to_network", id, ONE, move |world| {
        if let Some(server) = world.edit(MANY, id) {
            server.edit_list("private_net", |nets| nets.push(entry));
        }
    });
    Answer::action(world.act(begin.with(net, "network").tenths(10))?)
}

fn attached(world: &World, id: u64, body: &mut Body) -> Result<u64, ApiError> {
    let net = body.number("network");
    let net = body.need("network", net);
    body.check()?;
    let here = |entry: &Value| entry.get("network") == Some(&net.into());
    if !item(world, id)?.list("private_net").iter().any(here) {
        return Err(ApiError::field(
            "network",
            "server is not attached to the network",
        ));
    }
    Ok(net)
}

fn detach_from_network(world: &mut World, id: u64, mut body: Body) -> Reply {
    let net = attached(world, id, &mut body)?;
    let begin = Begin::new("detach_from_network", id, ONE, move |world| {
        network::leave(world, MANY, id, net);
    });
    Answer::action(world.act(begin.with(net, "network").tenths(10))?)
}

fn change_alias_ips(world: &mut World, id: u64, mut body: Body) -> Reply {
    let alias = body.texts("alias_ips");
    let alias = body.need("alias_ips", alias);
    let net = attached(world, id, &mut body)?;
    let place = item(world, id)?.text("location").to_owned();
    for ip in &alias {
        network::address(world, net, &place, Some(ip))?;
    }
    let begin = Begin::new("change_alias_ips", id, ONE, move |world| {
        if let Some(server) = world.edit(MANY, id) {
            server.edit_list("private_net", |nets| {
                for entry in nets.iter_mut().filter_map(Value::as_object_mut) {
                    if entry.get("network") == Some(&net.into()) {
                        entry.insert("alias_ips".to_owned(), json!(alias));
                    }
                }
            });
        }
    });
    Answer::action(world.act(begin.with(net, "network").tenths(10))?)
}

fn attach_iso(world: &mut World, id: u64, mut body: Body) -> Reply {
    let iso = body.reference("iso");
    let iso = body.need("iso", iso);
    body.check()?;
    let found = world.find("isos", &iso).map(Item::id);
    let iso = found.ok_or_else(|| ApiError::field("iso", "ISO not found"))?;
    set(world, id, "attach_iso", "iso", iso.into())
}

fn add_to_placement_group(world: &mut World, id: u64, mut body: Body) -> Reply {
    let group = body.number("placement_group");
    let group = body.need("placement_group", group);
    body.check()?;
    create::room(world, group)?;
    if item(world, id)?.text("status") != "off" {
        let message = "server must be powered off";
        return Err(ApiError::new(422, "server_not_stopped", message));
    }
    set(
        world,
        id,
        "add_to_placement_group",
        "placement_group",
        group.into(),
    )
}

fn disable_backup(world: &mut World, id: u64) -> Reply {
    let begin = Begin::new("disable_backup", id, ONE, move |world| {
        world.set(MANY, id, "backup_window", Value::Null);
        for image in world.related("images", "bound_to", id) {
            world.remove("images", image);
        }
    });
    Answer::action(world.act(begin.tenths(10))?)
}
