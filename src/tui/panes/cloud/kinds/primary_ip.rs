//! Primary IPs: addresses of servers and load balancers.

use super::{ip_price, reverse};
use crate::{
    remote::hetzner::kinds::{PrimaryIp, Protection},
    tui::{
        model::CloudKind,
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};
use std::borrow::Cow;

const COLUMNS: &[Col] = &[
    col("address", "ADDRESS", 14, 24, 0, false),
    col("type", "TYPE", 4, 4, 5, false),
    col("state", "ASSIGNED TO", 14, 26, 1, false),
    col("location", "LOC", 4, 5, 6, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "primary IP",
    command: "ips",
    columns: COLUMNS,
    priced: true,
    needs: &[CloudKind::Servers, CloudKind::LoadBalancers],
};

impl Look for PrimaryIp {
    fn datum<'a>(&'a self, field: &str, see: &See<'a>) -> Datum<'a> {
        match field {
            "address" => Datum::text(self.ip.as_str()),
            "type" => Datum::text(self.kind.as_str()),
            "state" | "server" => match holder(self, see) {
                Some((name, _)) => Datum::Status(Status::Good, name),
                None => Datum::Status(Status::Warning, "nothing".into()),
            },
            "location" => Datum::text(self.location.name.as_str()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        facts.add("address", &self.ip);
        match holder(self, see) {
            Some((name, link)) => facts.link("assigned to", name, link),
            None => facts.status("assigned to", Status::Warning, "nothing"),
        }
        if self.blocked {
            facts.status("blocked", Status::Bad, "by Hetzner, for abuse");
        }
        facts.add("location", &self.location.name);
        facts.add(
            "goes with its server",
            if self.auto_delete { "yes" } else { "no" },
        );
        reverse(facts, &self.dns_ptr);
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn monthly(&self, see: &See) -> Option<f64> {
        let prices = see.cloud().prices.as_ref()?;
        ip_price(&prices.primary_ips, &self.kind, &self.location.name)
    }
}

/// What has the address.
fn holder<'a>(ip: &PrimaryIp, see: &See<'a>) -> Option<(Cow<'a, str>, Link)> {
    let id = ip.assignee_id?;
    Some(match ip.assignee_type.as_str() {
        "load_balancer" => (
            see.load_balancer(id),
            Link::Thing(CloudKind::LoadBalancers, id),
        ),
        _ => (see.server(id), Link::Thing(CloudKind::Servers, id)),
    })
}
