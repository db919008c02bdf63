//! What the demo's project holds: its hosts as servers, what belongs to them, and some things
//! that are not as they should be.

use super::{
    action::{Begin, Failure},
    error::ApiError,
    item::Item,
    kinds::{
        certificate::upload,
        load_balancer, network, primary_ip,
        server::{self, New},
        zone,
    },
    world::{DAY, SECOND, World, time},
};
use serde_json::{Value, json};

/// The domain of the demo's environment.
const DOMAIN: &str = "demo.example.org";
/// Days that the certificate is still valid.
const CERTIFICATE_LEFT: i64 = 17;
/// A key as operators have it.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7DZ1mTqSQtQmJvTnVtYmVyT25lSXNGb3JUaGVEZW1v operator@demo";

/// A server of the story: name, environment, role, type, image, days old.
type Host = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
);

const HOSTS: &[Host] = &[
    ("web-1", "demo", "web", "cx23", "nixos", 212),
    // Its type is on the way out.
    ("web-2", "demo", "web", "cx22", "nixos", 340),
    // And here the image.
    ("data-1", "demo", "data", "cx33", "debian-11", 701),
    ("staging-1", "staging", "web", "cx23", "nixos", 63),
];

/// Fills the project; `more` servers beyond those of the story.
pub(super) fn fill(world: &mut World, more: usize) -> Result<(), ApiError> {
    let present = world.now;
    let snapshot = snapshot(world)?;
    let key = Item::new(json!({
        "name": "operator", "fingerprint": "9b:1d:5c:70:1f:52:07:a9:c4:33:7c:05:4e:8d:3b:e2",
        "public_key": KEY, "labels": labels("demo", &[]), "created": ago(present, 701),
    }));
    world.insert("ssh_keys", key)?;
    let net = private_network(world)?;
    let group = Item::new(json!({
        "name": "web", "type": "spread", "labels": labels("demo", &[]),
        "created": ago(present, 340),
    }));
    let group = world.insert("placement_groups", group)?;
    for host in HOSTS {
        add_host(world, host, snapshot, net, group)?;
    }
    for n in 1..=more {
        add_more(world, n, present)?;
    }
    volumes(world)?;
    firewall(world)?;
    addresses(world)?;
    zones(world)?;
    balancer(world, net)?;
    failed_action(world);
    Ok(())
}

fn labels(environment: &str, others: &[(&str, &str)]) -> Value {
    let mut labels = json!({"environment": environment, "managed-by": "terraform"});
    if let Some(fields) = labels.as_object_mut() {
        for (key, value) in others {
            fields.insert((*key).to_owned(), (*value).into());
        }
    }
    labels
}

fn ago(now: i64, days: i64) -> String {
    time(now - days * DAY)
}

fn snapshot(world: &mut World) -> Result<u64, ApiError> {
    let now = world.now;
    let mut last = 0;
    for (days, build) in [(340, "25.05.4711"), (63, "25.11.1204")] {
        let item = Item::new(json!({
            "type": "snapshot", "status": "available", "name": null,
            "description": format!("nixos-{build}"), "image_size": 1.74, "disk_size": 40,
            "created": ago(now, days), "created_from": {"id": 4_600_123, "name": "packer"},
            "bound_to": null, "os_flavor": "unknown", "os_version": null, "rapid_deploy": false,
            "protection": {"delete": false}, "deprecation": null, "deleted": null,
            "labels": {"os": "nixos", "build": build}, "architecture": "x86",
        }));
        last = world.insert("images", item)?;
    }
    Ok(last)
}

fn private_network(world: &mut World) -> Result<u64, ApiError> {
    let item = Item::new(json!({
        "name": "demo", "ip_range": "10.0.0.0/16", "routes": [],
        "subnets": [{"type": "cloud", "ip_range": "10.0.1.0/24", "network_zone": "eu-central",
                     "gateway": "10.0.0.1", "vswitch_id": null}],
        "protection": {"delete": true}, "labels": labels("demo", &[]),
        "expose_routes_to_vswitch": false, "created": ago(world.now, 701),
    }));
    world.insert("networks", item)
}

/// A server with both addresses.
fn with_addresses(world: &mut World, new: New) -> Result<u64, ApiError> {
    let (place, labels) = (new.location.clone(), new.labels.clone());
    let name = new.name.clone();
    let id = server::make(world, new)?;
    for version in ["ipv4", "ipv6"] {
        let name = format!("{name}-{version}");
        let ip = primary_ip::make(world, &name, version, &place, true, labels.clone())?;
        primary_ip::assign(world, ip, Some(("server", id)));
    }
    Ok(id)
}

fn add_host(
    world: &mut World,
    host: &Host,
    snapshot: u64,
    net: u64,
    group: u64,
) -> Result<(), ApiError> {
    let (name, environment, role, kind, image, days) = *host;
    let kind = world.find("server_types", kind).map_or(0, Item::id);
    let image = match image {
        "nixos" => Some(snapshot),
        image => world.find("images", image).map(Item::id),
    };
    let new = New {
        name: name.to_owned(),
        labels: labels(environment, &[("role", role)]),
        server_type: kind,
        image,
        location: "fsn1".to_owned(),
        status: "running",
        created: Some(ago(world.now, days)),
        placement_group: (environment == "demo" && role == "web").then_some(group),
    };
    let id = with_addresses(world, new)?;
    if environment == "demo" {
        let ip = network::address(world, net, "fsn1", None)?;
        let entry = server::private_net(world, net, &ip.to_string(), &[]);
        world.set("servers", id, "private_net", json!([entry]));
        world.set(
            "servers",
            id,
            "protection",
            json!({"delete": true, "rebuild": true}),
        );
    }
    let (sent, received) = (
        world.rng.u64(1 << 34..1 << 40),
        world.rng.u64(1 << 33..1 << 38),
    );
    world.set("servers", id, "outgoing_traffic", sent);
    world.set("servers", id, "ingoing_traffic", received);
    if role == "data" {
        world.set("servers", id, "backup_window", "22-02");
    }
    Ok(())
}

fn add_more(world: &mut World, n: usize, now: i64) -> Result<(), ApiError> {
    let kinds = [114, 115, 109, 45];
    let kind = kinds.get(n % kinds.len()).copied().unwrap_or(114);
    let image = if kind == 45 { 312_276_202 } else { 312_276_201 };
    let places = ["fsn1", "nbg1", "hel1"];
    let place = places.get(n % places.len()).copied().unwrap_or("fsn1");
    let new = New {
        name: format!("node-{n:05}"),
        labels: labels("fleet", &[("role", "node")]),
        server_type: kind,
        image: Some(image),
        location: place.to_owned(),
        status: if n.is_multiple_of(97) {
            "off"
        } else {
            "running"
        },
        created: Some(time(
            now - DAY - i64::try_from(n).unwrap_or(0) * 600 * SECOND,
        )),
        placement_group: None,
    };
    with_addresses(world, new).map(drop)
}

fn named(world: &World, kind: &str, name: &str) -> u64 {
    world.find(kind, name).map_or(0, Item::id)
}

fn volumes(world: &mut World) -> Result<(), ApiError> {
    let data = named(world, "servers", "data-1");
    for (name, size, server, labels, days) in [
        (
            "data-1-data",
            200,
            Some(data),
            labels("demo", &[("role", "data")]),
            701,
        ),
        // Nobody knows any more what is on it.
        ("old-backups", 500, None, json!({}), 512),
    ] {
        let id = world.number();
        let item = Item::new(json!({
            "id": id, "name": name, "server": server, "location": "fsn1", "size": size,
            "linux_device": format!("/dev/disk/by-id/scsi-0HC_Volume_{id}"),
            "protection": {"delete": server.is_some()}, "labels": labels, "status": "available",
            "format": "ext4", "created": ago(world.now, days),
        }));
        world.insert("volumes", item)?;
    }
    Ok(())
}

fn firewall(world: &mut World) -> Result<(), ApiError> {
    let rule = |port: &str, description: &str| {
        json!({"description": description, "direction": "in", "protocol": "tcp", "port": port,
               "source_ips": ["0.0.0.0/0", "::/0"], "destination_ips": []})
    };
    let selector = json!({"selector": "environment=demo"});
    let item = Item::new(json!({
        "name": "demo", "labels": labels("demo", &[]), "created": ago(world.now, 701),
        "rules": [rule("22", "ssh"), rule("8080", "applications")],
        "applied_to": [{"type": "label_selector", "label_selector": selector}],
    }));
    world.insert("firewalls", item).map(drop)
}

fn addresses(world: &mut World) -> Result<(), ApiError> {
    let own = labels("demo", &[]);
    let spare = primary_ip::make(world, "spare", "ipv4", "fsn1", false, own.clone())?;
    world.set("primary_ips", spare, "protection", json!({"delete": true}));
    let ip = world.address().to_string();
    let server = named(world, "servers", "data-1");
    let item = Item::new(json!({
        "name": "database", "description": "moves with the database", "ip": ip, "type": "ipv4",
        "server": server, "dns_ptr": [{"ip": ip, "dns_ptr": format!("db.{DOMAIN}")}],
        "home_location": "fsn1", "blocked": false, "protection": {"delete": false},
        "labels": own, "created": ago(world.now, 400),
    }));
    world.insert("floating_ips", item).map(drop)
}

fn zones(world: &mut World) -> Result<(), ApiError> {
    let zone = zone::make(world, DOMAIN, "primary", 3600, labels("demo", &[]))?;
    world.set("zones", zone, "status", "ok");
    zone::put_records(world, zone, "@", "CAA", &["0 issue \"letsencrypt.org\""])?;
    zone::put_records(world, zone, "@", "TXT", &["\"v=spf1 -all\""])?;
    zone::put_records(world, zone, "*", "CNAME", &["web"])
}

fn balancer(world: &mut World, net: u64) -> Result<(), ApiError> {
    let names = [DOMAIN.to_owned(), format!("www.{DOMAIN}")];
    let issued = world.now / SECOND - (90 - CERTIFICATE_LEFT) * DAY / SECOND;
    let made = world.authority.issue(&names, issued, 90);
    let (pem, key) = made.map_err(|error| ApiError::service(error.to_string()))?;
    let certificate = upload(
        world,
        DOMAIN,
        labels("demo", &[("domain", DOMAIN)]),
        &pem,
        &key,
    )?;
    world.set(
        "certificates",
        certificate,
        "created",
        time(issued * SECOND),
    );
    let new = load_balancer::New {
        name: "web".to_owned(),
        labels: labels("demo", &[]),
        kind: named(world, "load_balancer_types", "lb11"),
        location: "fsn1".to_owned(),
        public: true,
        algorithm: json!("round_robin"),
    };
    let id = load_balancer::make(world, new)?;
    let ip = network::address(world, net, "fsn1", None)?;
    let check = json!({
        "protocol": "http", "port": 8080, "interval": 5, "timeout": 3, "retries": 3,
        "http": {"domain": null, "path": "/healthz", "response": "",
                 "status_codes": ["2??", "3??"], "tls": false},
    });
    let Some(item) = world.edit("load_balancers", id) else {
        return Ok(());
    };
    item.set(
        "private_net",
        json!([{"network": net, "ip": ip.to_string()}]),
    );
    item.set("protection", json!({"delete": true}));
    item.set(
        "services",
        json!([{
            "protocol": "https", "listen_port": 443, "destination_port": 8080,
            "proxyprotocol": false, "health_check": check,
            "http": {"cookie_name": "HCLBSTICKY", "cookie_lifetime": 300, "timeout_idle": 50,
                     "certificates": [certificate], "redirect_http": true,
                     "sticky_sessions": false},
        }]),
    );
    let selector = json!({"selector": "environment=demo,role=web"});
    item.set(
        "targets",
        json!([{"type": "label_selector", "label_selector": selector, "use_private_ip": true}]),
    );
    let ip = item.text("_ipv4").to_owned();
    let zone = named(world, "zones", DOMAIN);
    zone::put_records(world, zone, "@", "A", &[&ip])?;
    zone::put_records(world, zone, "web", "A", &[&ip])
}

/// Something went wrong yesterday.
fn failed_action(world: &mut World) {
    let volume = named(world, "volumes", "old-backups");
    let server = named(world, "servers", "web-2");
    let present = world.now;
    let begin = Begin::new("attach_volume", volume, "volume", |_| ()).with(server, "server");
    let failure = Failure {
        code: "action_failed".to_owned(),
        message: "Action failed".to_owned(),
    };
    world.now -= DAY;
    world.begin_with(begin, Some(failure));
    world.advance(present);
}
