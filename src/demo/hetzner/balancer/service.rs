//! A service as it is to be at work: taken from the project, without anything to be looked up.

use super::super::{
    certificate::Pair,
    kinds::load_balancer::resolve,
    world::{SECOND, World},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

/// Load balancer and port.
pub(in super::super) type Key = (u64, u16);

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Tcp,
    Http,
    Https,
    /// Sends plain requests to the https service.
    Redirect,
}

/// How targets are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) port: u16,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) retries: u64,
    /// Nothing for a mere connection.
    pub(super) http: Option<HttpCheck>,
}

/// What is asked of a target, and what it is to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpCheck {
    pub(super) domain: Option<String>,
    pub(super) path: String,
    pub(super) response: Option<String>,
    pub(super) codes: Vec<String>,
    pub(super) tls: bool,
}

/// A service at work.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) balancer: u64,
    pub(super) address: Ipv4Addr,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) to: u16,
    pub(super) proxy: bool,
    /// Name and seconds of the cookie that keeps a client with its target.
    pub(super) cookie: Option<(String, u64)>,
    pub(super) idle: Duration,
    /// To the target with the fewest connections, instead of to each in turn.
    pub(super) least: bool,
    /// With the names they are for.
    pub(super) certificates: Vec<(Vec<String>, Pair)>,
    pub(super) targets: Vec<Ipv4Addr>,
    pub(super) check: Check,
}

/// Counts everything that services depend on.
pub(super) fn version(world: &World) -> u64 {
    let kinds = ["load_balancers", "certificates", "servers", "primary_ips"];
    kinds.iter().map(|kind| world.version(kind)).sum()
}

/// Every service of the project.
pub(super) fn all(world: &World) -> BTreeMap<Key, Service> {
    let mut all = BTreeMap::new();
    let mut redirects = Vec::new();
    for balancer in world.all("load_balancers") {
        let Ok(address) = balancer.text("_ipv4").parse::<Ipv4Addr>() else {
            continue;
        };
        if !balancer.flag("_public") || !address.is_loopback() {
            continue;
        }
        let targets = resolve(world, balancer);
        let least = balancer.get("algorithm").get("type") == Some(&json!("least_connections"));
        for fields in balancer.list("services") {
            let Some(mut service) = read(world, fields, balancer.id(), address) else {
                continue;
            };
            service.targets.clone_from(&targets);
            service.least = least;
            if flag(fields.get("http"), "redirect_http") {
                let mut redirect = service.clone();
                redirect.protocol = Protocol::Redirect;
                redirect.targets.clear();
                redirects.push(redirect);
            }
            all.insert((balancer.id(), service.port), service);
        }
    }
    for mut redirect in redirects {
        let key = (redirect.balancer, 80);
        // Where the redirection leads is the service's port.
        redirect.to = std::mem::replace(&mut redirect.port, 80);
        all.entry(key).or_insert(redirect);
    }
    all
}

fn flag(fields: Option<&Value>, key: &str) -> bool {
    fields.and_then(|fields| fields.get(key)) == Some(&json!(true))
}

fn text(fields: &Value, key: &str) -> Option<String> {
    fields.get(key)?.as_str().map(str::to_owned)
}

fn port(fields: &Value, key: &str) -> Option<u16> {
    fields.get(key)?.as_u64()?.try_into().ok()
}

fn read(world: &World, fields: &Value, balancer: u64, address: Ipv4Addr) -> Option<Service> {
    let protocol = match fields.get("protocol")?.as_str()? {
        "tcp" => Protocol::Tcp,
        "http" => Protocol::Http,
        "https" => Protocol::Https,
        _ => return None,
    };
    let http = fields.get("http");
    let ids = http
        .and_then(|http| http.get("certificates"))
        .and_then(Value::as_array);
    let ids = ids.into_iter().flatten().filter_map(Value::as_u64);
    let certificates = ids.filter_map(|id| {
        let names = world.item("certificates", id)?.list("domain_names").iter();
        let names = names.filter_map(Value::as_str).map(str::to_owned).collect();
        Some((names, world.keys.get(&id)?.clone()))
    });
    let cookie = flag(http, "sticky_sessions").then(|| {
        let name = http.and_then(|http| text(http, "cookie_name"));
        let lasts = http.and_then(|http| http.get("cookie_lifetime"));
        let lasts = lasts.and_then(Value::as_u64);
        (
            name.unwrap_or_else(|| "HCLBSTICKY".to_owned()),
            lasts.unwrap_or(300),
        )
    });
    let idle = http
        .and_then(|http| http.get("timeout_idle"))
        .and_then(Value::as_u64);
    Some(Service {
        balancer,
        address,
        port: port(fields, "listen_port")?,
        protocol,
        to: port(fields, "destination_port")?,
        proxy: flag(Some(fields), "proxyprotocol"),
        cookie,
        idle: Duration::from_secs(idle.unwrap_or(50)),
        least: false,
        certificates: certificates.collect(),
        targets: Vec::new(),
        check: check(world, fields.get("health_check")?)?,
    })
}

fn check(world: &World, fields: &Value) -> Option<Check> {
    let seconds = |key: &str| fields.get(key).and_then(Value::as_i64);
    // Tests that hurry actions hurry checks, too.
    let interval = world.plan.paced(seconds("interval")? * SECOND).max(50_000);
    let timeout = seconds("timeout")? * SECOND;
    let http = fields
        .get("http")
        .filter(|_| fields.get("protocol") == Some(&json!("http")));
    let http = http.map(|http| {
        let codes = http.get("status_codes").and_then(Value::as_array);
        let codes = codes.into_iter().flatten().filter_map(Value::as_str);
        HttpCheck {
            domain: text(http, "domain").filter(|domain| !domain.is_empty()),
            path: text(http, "path").unwrap_or_else(|| "/".to_owned()),
            response: text(http, "response").filter(|response| !response.is_empty()),
            codes: codes.map(str::to_owned).collect(),
            tls: flag(Some(http), "tls"),
        }
    });
    Some(Check {
        port: port(fields, "port")?,
        interval: Duration::from_micros(interval.unsigned_abs()),
        timeout: Duration::from_micros(timeout.unsigned_abs()),
        retries: fields.get("retries")?.as_u64()?,
        http,
    })
}
