//! Private networks.

use crate::{
    remote::hetzner::kinds::{Network, Protection},
    tui::{
        model::CloudKind,
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
    },
};

const COLUMNS: &[Col] = &[
    col("address", "RANGE", 12, 18, 0, false),
    col("subnets", "SUBNETS", 8, 30, 3, false),
    col("servers", "SERVERS", 7, 7, 2, true),
    col("balancers", "LBS", 3, 3, 4, true),
    col("routes", "ROUTES", 6, 6, 6, true),
];

pub(super) const SPEC: Spec = Spec {
    noun: "network",
    command: "networks",
    columns: COLUMNS,
    priced: false,
    needs: &[],
};

impl Look for Network {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        match field {
            "address" => Datum::text(self.ip_range.as_str()),
            "subnets" => {
                let all: Vec<&str> = self.subnets.iter().map(|s| s.ip_range.as_str()).collect();
                Datum::text(all.join(" "))
            }
            "servers" => Datum::count(self.servers.len()),
            "balancers" => Datum::count(self.load_balancers.len()),
            "routes" => Datum::count(self.routes.len()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        facts.add("range", &self.ip_range);
        for subnet in &self.subnets {
            let mut text = format!(
                "{} {} in {}",
                subnet.ip_range, subnet.kind, subnet.network_zone
            );
            if !subnet.gateway.is_empty() {
                text.push_str(&format!(", gateway {}", subnet.gateway));
            }
            facts.add("subnet", text);
        }
        for route in &self.routes {
            facts.add(
                "route",
                format!("{} by {}", route.destination, route.gateway),
            );
        }
        for id in &self.servers {
            let found = see.cloud().lists.servers.find(*id);
            let here =
                found.and_then(|s| s.private_net.iter().find(|n| Some(n.network) == self.id));
            let ip = here.map_or("", |net| net.ip.as_str());
            let text = format!("{} {ip}", see.server(*id));
            facts.link(
                "server",
                text.trim_end(),
                Link::Thing(CloudKind::Servers, *id),
            );
        }
        for id in &self.load_balancers {
            let link = Link::Thing(CloudKind::LoadBalancers, *id);
            facts.link("load balancer", see.load_balancer(*id), link);
        }
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }
}
