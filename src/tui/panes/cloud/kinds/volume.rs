//! Volumes.

use super::fault;
use crate::{
    remote::hetzner::kinds::{Protection, Volume, VolumeStatus},
    tui::{
        model::{CloudKind, cloud::Fault},
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};

const COLUMNS: &[Col] = &[
    col("state", "STATE", 14, 14, 2, false),
    col("size", "SIZE", 5, 7, 1, true),
    col("server", "SERVER", 10, 24, 0, false),
    col("location", "LOC", 4, 5, 6, false),
    col("format", "FORMAT", 6, 6, 7, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "volume",
    command: "volumes",
    columns: COLUMNS,
    priced: true,
    needs: &[CloudKind::Servers],
};

impl Look for Volume {
    fn datum<'a>(&'a self, field: &str, see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, word) = state(self);
                Datum::Status(status, word.into())
            }
            "size" => Datum::Gigabytes(self.size as f64),
            "server" => self
                .server
                .map_or(Datum::None, |id| Datum::text(see.server(id))),
            "location" => Datum::text(self.location.name.as_str()),
            "format" => Datum::text(self.format.as_deref().unwrap_or_default()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        let (status, word) = state(self);
        facts.status("state", status, word);
        facts.add("size", format!("{} GB", self.size));
        if let Some(id) = self.server {
            let link = Link::Thing(CloudKind::Servers, id);
            facts.link("attached to", see.server(id), link);
            for balancer in see.cloud().lists.load_balancers.items() {
                if let Some((status, how)) = super::load_balancer::as_target(balancer, id) {
                    let link = balancer
                        .id
                        .map(|id| Link::Thing(CloudKind::LoadBalancers, id));
                    let text = format!("{}: {how}", balancer.name);
                    facts.link_status("serves", status, text, link);
                }
            }
            if let Some(host) = see.cloud().lists.servers.find(id).and_then(|s| see.host(s)) {
                facts.link(
                    "units",
                    format!("of host {host}"),
                    Link::Units(host.clone()),
                );
                facts.link("log", format!("of host {host}"), Link::Log(host.clone()));
            }
        }
        facts.add("location", &self.location.name);
        facts.add("device", &self.linux_device);
        facts.add("format", self.format.as_deref().unwrap_or_default());
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn monthly(&self, see: &See) -> Option<f64> {
        let prices = see.cloud().prices.as_ref()?;
        Some(prices.volume.price_per_gb_month.net? * self.size as f64)
    }

    fn faults(&self, _see: &See, all: &mut Vec<Fault>) {
        if self.server.is_none() && self.status == VolumeStatus::Available {
            let text = format!(
                "volume {} ({} GB) is attached to nothing",
                self.name, self.size
            );
            let number = self.id.unwrap_or(0);
            let mut fault = fault(Status::Warning, CloudKind::Volumes, number, "loose", text);
            fault.hint = Some("attach it, or delete it: it costs the same".to_owned());
            all.push(fault);
        }
    }
}

fn state(volume: &Volume) -> (Status, &str) {
    match &volume.status {
        VolumeStatus::Available if volume.server.is_none() => (Status::Warning, "unattached"),
        VolumeStatus::Available => (Status::Good, "attached"),
        VolumeStatus::Creating => (Status::Busy, "creating"),
        other => (Status::Unknown, other.as_str()),
    }
}
