//! Floating IPs: addresses that move between servers.

use super::{ip_price, reverse};
use crate::{
    remote::hetzner::kinds::{FloatingIp, Protection},
    tui::{
        model::CloudKind,
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};

const COLUMNS: &[Col] = &[
    col("address", "ADDRESS", 14, 24, 0, false),
    col("type", "TYPE", 4, 4, 5, false),
    col("state", "ASSIGNED TO", 14, 26, 1, false),
    col("location", "LOC", 4, 5, 6, false),
    col("description", "DESCRIPTION", 12, 30, 8, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "floating IP",
    command: "floating-ips",
    columns: COLUMNS,
    priced: true,
    needs: &[CloudKind::Servers],
};

impl Look for FloatingIp {
    fn datum<'a>(&'a self, field: &str, see: &See<'a>) -> Datum<'a> {
        match field {
            "address" => Datum::text(self.ip.as_str()),
            "type" => Datum::text(self.kind.as_str()),
            "state" | "server" => match self.server {
                Some(id) => Datum::Status(Status::Good, see.server(id)),
                None => Datum::Status(Status::Warning, "nothing".into()),
            },
            "location" => Datum::text(self.home_location.name.as_str()),
            "description" => Datum::text(self.description.as_deref().unwrap_or_default()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        facts.add("address", &self.ip);
        match self.server {
            Some(id) => {
                facts.link(
                    "assigned to",
                    see.server(id),
                    Link::Thing(CloudKind::Servers, id),
                );
            }
            None => facts.status("assigned to", Status::Warning, "nothing"),
        }
        if self.blocked {
            facts.status("blocked", Status::Bad, "by Hetzner, for abuse");
        }
        facts.add(
            "description",
            self.description.as_deref().unwrap_or_default(),
        );
        facts.add("home", &self.home_location.name);
        reverse(facts, &self.dns_ptr);
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn monthly(&self, see: &See) -> Option<f64> {
        let prices = see.cloud().prices.as_ref()?;
        ip_price(&prices.floating_ips, &self.kind, &self.home_location.name)
    }
}
