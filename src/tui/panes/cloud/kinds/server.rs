//! Servers.

use super::{fault, reverse};
use crate::{
    remote::hetzner::kinds::{Image, Protection, Server, ServerStatus},
    tui::{
        format,
        model::{CloudKind, cloud::Fault},
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};
use jiff::Timestamp;

const COLUMNS: &[Col] = &[
    col("state", "STATE", 11, 16, 0, false),
    col("type", "TYPE", 5, 7, 3, false),
    col("location", "LOC", 4, 5, 6, false),
    col("address", "ADDRESS", 13, 18, 2, false),
    col("private", "PRIVATE", 10, 15, 8, false),
    col("image", "IMAGE", 9, 18, 7, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "server",
    command: "servers",
    columns: COLUMNS,
    priced: true,
    needs: &[],
};

impl Look for Server {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, word) = state(self);
                Datum::Status(status, word.into())
            }
            "type" => Datum::text(self.server_type.name.as_str()),
            "location" => Datum::text(self.location.name.as_str()),
            "address" => Datum::text(self.public_ip().unwrap_or_default()),
            "private" => Datum::text(self.private_net.first().map_or("", |net| net.ip.as_str())),
            "image" => Datum::text(self.image.as_deref().map_or("", Image::title)),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        let (status, word) = state(self);
        facts.status("state", status, word);
        let kind = &self.server_type;
        facts.add(
            "type",
            format!(
                "{}: {} {} CPUs ({}), {} GB memory, {} GB disk",
                kind.name,
                kind.cores,
                kind.cpu_type,
                kind.architecture,
                kind.memory,
                self.primary_disk_size.map_or(kind.disk, |size| size as f64),
            ),
        );
        let place = &self.location;
        facts.add("location", format!("{} {}", place.name, place.city));
        if let Some(host) = see.host(self) {
            facts.link(
                "units",
                format!("of host {host}"),
                Link::Units(host.clone()),
            );
            facts.link("log", format!("of host {host}"), Link::Log(host.clone()));
        }
        network(self, see, facts);
        relations(self, see, facts);
        system(self, facts);
        traffic(self, facts);
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn monthly(&self, see: &See) -> Option<f64> {
        let alone = self.monthly()?;
        // Backups cost a part of the server's price.
        let backups = match &self.backup_window {
            Some(_) => see.cloud().prices.as_ref()?.server_backup.percentage?,
            None => 0.0,
        };
        Some(alone * (1.0 + backups / 100.0))
    }

    fn faults(&self, _see: &See, all: &mut Vec<Fault>) {
        let number = self.id.unwrap_or(0);
        let mut tell = |status, about: &str, text: String, hint: &str, since| {
            all.push(Fault {
                hint: Some(hint.to_owned()),
                since,
                ..fault(status, CloudKind::Servers, number, about, text)
            });
        };
        let name = &self.name;
        if self.status == ServerStatus::Off {
            let hint = "power it on, or delete it: it costs the same";
            tell(
                Status::Bad,
                "off",
                format!("server {name} is off"),
                hint,
                None,
            );
        }
        if self.locked {
            let hint = "an action holds it: the list of actions shows which";
            let text = format!("server {name} is locked");
            tell(Status::Warning, "locked", text, hint, None);
        }
        if let Some(blocked) = (self.public_net.ipv4.as_ref()).filter(|v4| v4.blocked) {
            let hint = "Hetzner blocked it for abuse: its console says why";
            let text = format!("address {} of server {name} is blocked", blocked.ip);
            tell(Status::Bad, "blocked", text, hint, None);
        }
        if let Some((image, since)) = self.image.as_deref().and_then(deprecated) {
            let hint = "rebuild it from a newer image when that suits";
            let text = format!("server {name} runs the deprecated image {image}");
            tell(Status::Warning, "image", text, hint, Some(since));
        }
        if let Some(gone) = self.server_type.deprecation_at(&self.location.name) {
            let hint = "change its type when that suits";
            let text = format!(
                "server {name} is of the deprecated type {}",
                self.server_type.name
            );
            tell(Status::Warning, "type", text, hint, gone.announced);
        }
    }
}

/// An image that Hetzner has given up, and since when.
fn deprecated(image: &Image) -> Option<(&str, Timestamp)> {
    let told = image.deprecation.as_ref().and_then(|told| told.announced);
    Some((image.title(), image.deprecated.or(told)?))
}

fn state(server: &Server) -> (Status, &str) {
    let status = match &server.status {
        _ if server.locked => Status::Busy,
        ServerStatus::Running => Status::Good,
        ServerStatus::Off => Status::Bad,
        ServerStatus::Initializing
        | ServerStatus::Starting
        | ServerStatus::Stopping
        | ServerStatus::Deleting
        | ServerStatus::Migrating
        | ServerStatus::Rebuilding => Status::Busy,
        ServerStatus::Unknown | ServerStatus::Unset | ServerStatus::Other(_) => Status::Unknown,
    };
    match server.locked && server.status == ServerStatus::Running {
        true => (status, "locked"),
        false => (status, server.status.as_str()),
    }
}

fn network(server: &Server, see: &See, facts: &mut Facts) {
    if let Some(v4) = &server.public_net.ipv4 {
        let text = match &v4.dns_ptr {
            Some(name) => format!("{} {name}", v4.ip),
            None => v4.ip.clone(),
        };
        match v4.id {
            Some(id) => facts.link("address", text, Link::Thing(CloudKind::PrimaryIps, id)),
            None => facts.add("address", text),
        }
    }
    if let Some(v6) = &server.public_net.ipv6 {
        match v6.id {
            Some(id) => facts.link("address", &v6.ip, Link::Thing(CloudKind::PrimaryIps, id)),
            None => facts.add("address", &v6.ip),
        }
        reverse(facts, &v6.dns_ptr);
    }
    for net in &server.private_net {
        let text = format!("{} in {}", net.ip, see.network(net.network));
        facts.link(
            "private",
            text,
            Link::Thing(CloudKind::Networks, net.network),
        );
    }
    for id in &server.public_net.floating_ips {
        let ip = see.cloud().lists.floating_ips.find(*id);
        let text = ip.map_or_else(|| format!("#{id}"), |ip| ip.ip.clone());
        facts.link(
            "floating IP",
            text,
            Link::Thing(CloudKind::FloatingIps, *id),
        );
    }
    for firewall in &server.public_net.firewalls {
        let found = see.cloud().lists.firewalls.find(firewall.id);
        let name = super::super::thing::named(found, firewall.id);
        let text = format!("{name} ({})", firewall.status);
        facts.link(
            "firewall",
            text,
            Link::Thing(CloudKind::Firewalls, firewall.id),
        );
    }
}

fn relations(server: &Server, see: &See, facts: &mut Facts) {
    for id in &server.volumes {
        let text = match see.cloud().lists.volumes.find(*id) {
            Some(volume) => format!("{} {} GB", volume.name, volume.size),
            None => format!("#{id}"),
        };
        facts.link("volume", text, Link::Thing(CloudKind::Volumes, *id));
    }
    let number = server.id.unwrap_or(0);
    for balancer in see.cloud().lists.load_balancers.items() {
        let Some((status, how)) = super::load_balancer::as_target(balancer, number) else {
            continue;
        };
        let link = balancer
            .id
            .map(|id| Link::Thing(CloudKind::LoadBalancers, id));
        facts.link_status(
            "target of",
            status,
            format!("{}: {how}", balancer.name),
            link,
        );
    }
    if let Some(group) = &server.placement_group {
        facts.add("placement", &group.name);
    }
}

fn system(server: &Server, facts: &mut Facts) {
    if let Some(image) = server.image.as_deref() {
        let told = deprecated(image).map_or("", |_| ", deprecated");
        let text = format!("{}{told}", image.title());
        let own = matches!(image.kind.as_str(), "snapshot" | "backup");
        match image.id.filter(|_| own) {
            Some(id) => facts.link("image", text, Link::Thing(CloudKind::Images, id)),
            None => facts.add("image", text),
        }
    }
    if let Some(iso) = &server.iso {
        facts.add("ISO", &iso.name);
    }
    if server.rescue_enabled {
        facts.status(
            "rescue",
            Status::Warning,
            "boots into the rescue system next",
        );
    }
    match &server.backup_window {
        Some(window) => facts.add("backups", format!("daily, {window} UTC")),
        None => facts.add("backups", "none"),
    }
}

fn traffic(server: &Server, facts: &mut Facts) {
    let Some(sent) = server.outgoing_traffic else {
        return;
    };
    let mut text = String::new();
    format::bytes(&mut text, sent);
    if let Some(included) = server.included_traffic.filter(|bytes| *bytes > 0) {
        text.push_str(" of ");
        format::bytes(&mut text, included);
        text.push_str(&format!(
            " ({:.0} %)",
            100.0 * sent as f64 / included as f64
        ));
    }
    text.push_str(" sent this month");
    facts.add("traffic", text);
}
