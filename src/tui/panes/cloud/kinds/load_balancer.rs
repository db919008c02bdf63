//! Load balancers, and how their targets are: also those that label selectors found.

use super::fault;
use crate::{
    remote::hetzner::kinds::{
        Health, HealthStatus, LoadBalancer, Protection, Service, Target, TargetKind,
    },
    tui::{
        format,
        model::{CloudKind, cloud::Fault},
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};
use std::fmt::Write;

const COLUMNS: &[Col] = &[
    col("state", "TARGETS", 14, 24, 0, false),
    col("type", "TYPE", 4, 6, 4, false),
    col("location", "LOC", 4, 5, 6, false),
    col("address", "ADDRESS", 13, 18, 2, false),
    col("services", "SERVICES", 8, 22, 3, false),
    col("algorithm", "ALGORITHM", 11, 17, 8, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "load balancer",
    command: "lb",
    columns: COLUMNS,
    priced: true,
    needs: &[],
};

impl Look for LoadBalancer {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, words) = health(self);
                Datum::Status(status, words.into())
            }
            "type" => Datum::text(self.load_balancer_type.name.as_str()),
            "location" => Datum::text(self.location.name.as_str()),
            "address" => Datum::text(address(self)),
            "services" => {
                let all: Vec<String> = self.services.iter().map(port).collect();
                Datum::text(all.join(" "))
            }
            "algorithm" => Datum::text(self.algorithm.kind.as_str()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        let (status, words) = health(self);
        facts.status("targets", status, words);
        let kind = &self.load_balancer_type;
        facts.add(
            "type",
            format!(
                "{}: {} connections, {} services, {} targets, {} certificates",
                kind.name,
                kind.max_connections,
                kind.max_services,
                kind.max_targets,
                kind.max_assigned_certificates,
            ),
        );
        let place = &self.location;
        facts.add("location", format!("{} {}", place.name, place.city));
        public(self, facts);
        for net in &self.private_net {
            let text = format!("{} in {}", net.ip, see.network(net.network));
            facts.link(
                "private",
                text,
                Link::Thing(CloudKind::Networks, net.network),
            );
        }
        facts.add("algorithm", self.algorithm.kind.as_str().replace('_', " "));
        for service in &self.services {
            facts.heading(&format!("service {}", port(service)));
            of_service(service, see, facts);
        }
        for target in &self.targets {
            of_target(target, see, facts);
        }
        if let Some(sent) = self.outgoing_traffic {
            let mut text = String::new();
            format::bytes(&mut text, sent);
            if let Some(included) = self.included_traffic.filter(|bytes| *bytes > 0) {
                text.push_str(" of ");
                format::bytes(&mut text, included);
            }
            facts.add("traffic", text + " sent this month");
        }
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn monthly(&self, _see: &See) -> Option<f64> {
        self.monthly()
    }

    fn faults(&self, see: &See, all: &mut Vec<Fault>) {
        let number = self.id.unwrap_or(0);
        for (who, status) in unhealthy(self, see) {
            let text = format!(
                "target {who} of load balancer {} is unhealthy on port {}: {}",
                self.name,
                status.listen_port,
                reason(status)
            );
            let about = format!("{who} {}", status.listen_port);
            let mut fault = fault(Status::Bad, CloudKind::LoadBalancers, number, &about, text);
            fault.hint = Some("see what the service on the target says in its log".to_owned());
            all.push(fault);
        }
        if !self.services.is_empty() && self.targets.is_empty() {
            let text = format!("load balancer {} has no targets", self.name);
            all.push(fault(
                Status::Warning,
                CloudKind::LoadBalancers,
                number,
                "empty",
                text,
            ));
        }
        if let Some(gone) = &self.load_balancer_type.deprecation {
            let text = format!(
                "load balancer {} is of the deprecated type {}",
                self.name, self.load_balancer_type.name
            );
            let mut fault = fault(
                Status::Warning,
                CloudKind::LoadBalancers,
                number,
                "type",
                text,
            );
            fault.since = gone.announced;
            fault.hint = Some("change its type when that suits".to_owned());
            all.push(fault);
        }
    }
}

/// `https 443`.
fn port(service: &Service) -> String {
    format!("{} {}", service.protocol, service.listen_port)
}

fn address(balancer: &LoadBalancer) -> &str {
    let public = &balancer.public_net;
    let private = balancer.private_net.first().map(|net| net.ip.as_str());
    let v4 = public.ipv4.ip.as_deref().filter(|_| public.enabled);
    v4.or(private).unwrap_or_default()
}

fn public(balancer: &LoadBalancer, facts: &mut Facts) {
    if !balancer.public_net.enabled {
        return facts.add("address", "none that is public");
    }
    for ip in [&balancer.public_net.ipv4, &balancer.public_net.ipv6] {
        let Some(address) = &ip.ip else { continue };
        let text = match &ip.dns_ptr {
            Some(name) => format!("{address} {name}"),
            None => address.clone(),
        };
        match ip.id {
            Some(id) => facts.link("address", text, Link::Thing(CloudKind::PrimaryIps, id)),
            None => facts.add("address", text),
        }
    }
}

fn of_service(service: &Service, see: &See, facts: &mut Facts) {
    let mut to = format!("port {} of the targets", service.destination_port);
    if service.proxyprotocol {
        to.push_str(", PROXY protocol");
    }
    facts.add("to", to);
    let check = &service.health_check;
    let mut text = format!("{} {}", check.protocol, check.port);
    if let Some(http) = &check.http {
        let domain = http.domain.as_deref().unwrap_or_default();
        let tls = if http.tls { " by TLS" } else { "" };
        let _ = write!(text, " {domain}{}{tls}", http.path);
        if !http.status_codes.is_empty() {
            let _ = write!(text, " expects {}", http.status_codes.join(" "));
        }
    }
    let _ = write!(
        text,
        ", every {} s, {} s patience, {} retries",
        check.interval, check.timeout, check.retries
    );
    facts.add("check", text);
    let Some(http) = &service.http else { return };
    for id in &http.certificates {
        let found = see.cloud().lists.certificates.find(*id);
        let name = super::super::thing::named(found, *id);
        facts.link(
            "certificate",
            name,
            Link::Thing(CloudKind::Certificates, *id),
        );
    }
    if http.redirect_http {
        facts.add("redirect", "http on port 80 is sent here");
    }
    if http.sticky_sessions {
        facts.add("sticky", http.cookie_name.as_deref().unwrap_or("sessions"));
    }
}

fn of_target(target: &Target, see: &See, facts: &mut Facts) {
    let way = |private| {
        if private {
            " by its private address"
        } else {
            ""
        }
    };
    match &target.kind {
        TargetKind::LabelSelector => {
            let selector = target.label_selector.as_ref();
            let selector = selector.map_or("", |labels| labels.selector.as_str());
            facts.heading(&format!("targets {selector}{}", way(target.use_private_ip)));
            if target.targets.is_empty() {
                facts.status("none", Status::Warning, "no server has these labels");
            }
            for found in &target.targets {
                of_server(
                    found.server.as_ref().map(|s| s.id),
                    &found.health_status,
                    see,
                    facts,
                );
            }
        }
        TargetKind::Ip => {
            let ip = target.ip.as_ref().map_or("", |target| target.ip.as_str());
            facts.heading(&format!("target {ip}"));
            healths(ip, &target.health_status, None, facts);
        }
        _ => {
            facts.heading(&format!("target{}", way(target.use_private_ip)));
            of_server(
                target.server.as_ref().map(|s| s.id),
                &target.health_status,
                see,
                facts,
            );
        }
    }
}

fn of_server(id: Option<u64>, status: &[HealthStatus], see: &See, facts: &mut Facts) {
    let name = id.map(|id| see.server(id)).unwrap_or_default();
    let link = id.map(|id| Link::Thing(CloudKind::Servers, id));
    healths(&name, status, link, facts);
}

fn healths(name: &str, all: &[HealthStatus], link: Option<Link>, facts: &mut Facts) {
    if all.is_empty() {
        return facts.link_status(name, Status::Unknown, "not checked yet", link);
    }
    for health in all {
        let (status, words) = one(health);
        let text = format!("port {}: {words}", health.listen_port);
        facts.link_status(name, status, text, link.clone());
    }
}

/// How a target is on one port, in words.
fn one(health: &HealthStatus) -> (Status, String) {
    match &health.status {
        Health::Healthy => (Status::Good, "healthy".to_owned()),
        Health::Unhealthy => (Status::Bad, format!("unhealthy: {}", reason(health))),
        other => (Status::Unknown, other.as_str().to_owned()),
    }
}

/// Why a target is unhealthy.
fn reason(health: &HealthStatus) -> String {
    match (health.detail.as_deref(), health.http_status_code) {
        (Some("layer4_no_connection"), _) => "no connection".to_owned(),
        (Some("layer4_timeout"), _) => "no connection in time".to_owned(),
        (Some("layer7_timeout"), _) => "no answer in time".to_owned(),
        (Some("unexpected_http_status"), Some(code)) => format!("HTTP status {code}"),
        (Some("unexpected_http_content"), _) => "the answer lacks the expected text".to_owned(),
        (Some(detail), _) => detail.replace('_', " "),
        (None, _) => "Hetzner says no more".to_owned(),
    }
}

/// All targets: who, and how on each port.
fn targets(balancer: &LoadBalancer) -> impl Iterator<Item = (Option<u64>, &Target, &HealthStatus)> {
    balancer.targets.iter().flat_map(|target| {
        let own = target.server.as_ref().map(|server| server.id);
        let own = target
            .health_status
            .iter()
            .map(move |health| (own, target, health));
        let found = target.targets.iter().flat_map(move |found| {
            let id = found.server.as_ref().map(|server| server.id);
            found
                .health_status
                .iter()
                .map(move |health| (id, target, health))
        });
        own.chain(found)
    })
}

fn unhealthy<'a>(
    balancer: &'a LoadBalancer,
    see: &See<'a>,
) -> Vec<(std::borrow::Cow<'a, str>, &'a HealthStatus)> {
    targets(balancer)
        .filter(|(.., health)| health.status == Health::Unhealthy)
        .map(|(server, target, health)| {
            let who = match (server, &target.ip) {
                (Some(id), _) => see.server(id),
                (None, Some(ip)) => ip.ip.as_str().into(),
                (None, None) => "?".into(),
            };
            (who, health)
        })
        .collect()
}

/// `2 of 3 healthy`, over all targets and ports.
fn health(balancer: &LoadBalancer) -> (Status, String) {
    let (mut good, mut bad, mut all) = (0, 0, 0);
    for (.., health) in targets(balancer) {
        all += 1;
        good += usize::from(health.status == Health::Healthy);
        bad += usize::from(health.status == Health::Unhealthy);
    }
    match (balancer.targets.is_empty(), all) {
        (true, _) => (Status::Warning, "no targets".to_owned()),
        (false, 0) => (Status::Unknown, "not checked yet".to_owned()),
        (false, all) if bad > 0 => (Status::Bad, format!("{bad} of {all} unhealthy")),
        (false, all) if good == all => (Status::Good, format!("{all} healthy")),
        (false, all) => (Status::Unknown, format!("{good} of {all} healthy")),
    }
}

/// How a server fares as a target of a load balancer; `None` where it is none.
pub(super) fn as_target(balancer: &LoadBalancer, server: u64) -> Option<(Status, String)> {
    let is_one = balancer.targets.iter().any(|target| {
        let found = target
            .targets
            .iter()
            .filter_map(|found| found.server.as_ref());
        let mut all = target.server.iter().chain(found);
        all.any(|found| found.id == server)
    });
    if !is_one {
        return None;
    }
    let here = targets(balancer).filter(|(id, ..)| *id == Some(server));
    let worst = here.map(|(.., health)| one(health)).min();
    Some(worst.unwrap_or((Status::Unknown, "not checked yet".to_owned())))
}
