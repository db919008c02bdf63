//! A load balancer's services: what is listened for and how it is answered.

use super::{
    super::super::{body::Body, error::ApiError, item::Item, world::World},
    MANY, ONE,
};
use serde_json::{Value, json};

/// A service that is to be added.
pub(super) fn new(world: &World, id: u64, mut body: Body) -> Result<Value, ApiError> {
    let protocol = body.text("protocol");
    let protocol = body.need("protocol", protocol);
    let usual = match protocol.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let listen = body.number("listen_port").or(usual);
    let listen = body.need("listen_port", listen);
    let to = body.number("destination_port").or(usual.map(|_| 80));
    let to = body.need("destination_port", to);
    let base = json!({
        "protocol": protocol, "listen_port": listen, "destination_port": to,
        "proxyprotocol": false,
        "health_check": {"protocol": if usual.is_some() { "http" } else { "tcp" }, "port": to,
                         "interval": 15, "timeout": 10, "retries": 3},
    });
    let service = merge(world, id, base, &mut body)?;
    let item = world.need(MANY, ONE, id)?;
    if item
        .list("services")
        .iter()
        .any(|other| port(other) == Some(listen))
    {
        let message = "the source port is already in use";
        return Err(ApiError::new(412, "source_port_already_used", message));
    }
    let most = limit(world, item, "max_services");
    if item.list("services").len() >= most {
        return Err(ApiError::limit("load_balancer_service_limit"));
    }
    Ok(service)
}

/// A service with what an update sends: what is not sent stays.
pub(super) fn updated(world: &World, id: u64, mut body: Body) -> Result<Value, ApiError> {
    let listen = body.number("listen_port");
    let listen = body.need("listen_port", listen);
    body.check()?;
    let item = world.need(MANY, ONE, id)?;
    let mut services = item.list("services").iter();
    let found = services.find(|service| port(service) == Some(listen));
    let found = found.ok_or_else(missing)?.clone();
    merge(world, id, found, &mut body)
}

/// Which service is to go.
pub(super) fn named(world: &World, id: u64, mut body: Body) -> Result<u64, ApiError> {
    let listen = body.number("listen_port");
    let listen = body.need("listen_port", listen);
    body.check()?;
    let item = world.need(MANY, ONE, id)?;
    let mut services = item.list("services").iter();
    services
        .find_map(|service| port(service).filter(|port| *port == listen))
        .ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::field("listen_port", "there is no service on this port")
}

/// A service's port.
pub(super) fn port(service: &Value) -> Option<u64> {
    service.get("listen_port").and_then(Value::as_u64)
}

/// What a load balancer's type allows.
pub(super) fn limit(world: &World, item: &Item, key: &str) -> usize {
    let kind = item.number("load_balancer_type");
    let kind = kind.and_then(|id| world.item("load_balancer_types", id));
    let most = kind.and_then(|kind| kind.number(key)).unwrap_or_default();
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Sets in an object what was sent of a field, where it is right.
struct Merge<'a> {
    to: &'a mut serde_json::Map<String, Value>,
    path: &'a str,
    wrong: Vec<(String, String)>,
}

impl Merge<'_> {
    fn put(&mut self, key: &str, sent: Option<Value>, good: bool, why: &str) {
        if let Some(value) = sent {
            if !good {
                self.wrong
                    .push((format!("{}{key}", self.path), why.to_owned()));
            }
            self.to.insert(key.to_owned(), value);
        }
    }

    fn number(&mut self, body: &mut Body, key: &str, range: std::ops::RangeInclusive<u64>) {
        let sent = body.number(key);
        let why = format!("must be between {} and {}", range.start(), range.end());
        let good = sent.is_none_or(|sent| range.contains(&sent));
        self.put(key, sent.map(Value::from), good, &why);
    }

    fn text(&mut self, body: &mut Body, key: &str, allowed: &[&str]) {
        let sent = body.text(key);
        let good = sent
            .as_deref()
            .is_none_or(|sent| allowed.is_empty() || allowed.contains(&sent));
        self.put(
            key,
            sent.map(Value::from),
            good,
            "is none of the allowed values",
        );
    }

    fn flag(&mut self, body: &mut Body, key: &str) {
        let sent = body.flag(key);
        self.put(key, sent.map(Value::from), true, "");
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}

fn merge(world: &World, id: u64, base: Value, body: &mut Body) -> Result<Value, ApiError> {
    let mut service = object(base);
    let mut check = object(service.remove("health_check").unwrap_or_default());
    let mut http = object(service.remove("http").unwrap_or_default());
    let mut it = Merge {
        to: &mut service,
        path: "",
        wrong: Vec::new(),
    };
    it.text(body, "protocol", &["tcp", "http", "https"]);
    it.number(body, "listen_port", 1..=65_535);
    it.number(body, "destination_port", 1..=65_535);
    it.flag(body, "proxyprotocol");
    let mut wrong = it.wrong;
    let protocol = service
        .get("protocol")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut sent = body.object("health_check").unwrap_or_default();
    wrong.extend(merge_check(&mut check, &mut sent)?);
    let sent = body.object("http");
    if protocol == "tcp" {
        http.clear();
    } else {
        for (key, usual) in [
            ("cookie_name", json!("HCLBSTICKY")),
            ("cookie_lifetime", json!(300)),
            ("timeout_idle", json!(50)),
            ("sticky_sessions", json!(false)),
        ] {
            http.entry(key).or_insert(usual);
        }
        if protocol == "https" {
            http.entry("certificates").or_insert_with(|| json!([]));
            http.entry("redirect_http").or_insert(json!(false));
        }
        if let Some(mut sent) = sent {
            wrong.extend(merge_http(world, &mut http, &mut sent, &protocol)?);
        }
        if protocol == "http" {
            http.remove("certificates");
            http.remove("redirect_http");
        }
    }
    body.check()?;
    if !wrong.is_empty() {
        return Err(ApiError::fields(wrong));
    }
    if protocol == "https" {
        let list = http.get("certificates").and_then(Value::as_array);
        certificates(world, id, list.map_or(&[], Vec::as_slice))?;
    }
    service.insert("health_check".to_owned(), Value::Object(check));
    if !http.is_empty() {
        service.insert("http".to_owned(), Value::Object(http));
    }
    Ok(Value::Object(service))
}

type Fields = serde_json::Map<String, Value>;
type Wrong = Vec<(String, String)>;

fn merge_check(check: &mut Fields, sent: &mut Body) -> Result<Wrong, ApiError> {
    let mut it = Merge {
        to: check,
        path: "health_check.",
        wrong: Vec::new(),
    };
    it.text(sent, "protocol", &["tcp", "http"]);
    it.number(sent, "port", 1..=65_535);
    it.number(sent, "interval", 3..=60);
    it.number(sent, "timeout", 1..=60);
    it.number(sent, "retries", 1..=5);
    let mut wrong = it.wrong;
    let is_http = check.get("protocol") == Some(&json!("http"));
    let mut http = object(check.remove("http").unwrap_or_default());
    if let Some(mut sent) = sent.object("http") {
        let domain = sent.has("domain").then(|| sent.value("domain").cloned());
        let mut it = Merge {
            to: &mut http,
            path: "health_check.http.",
            wrong: Vec::new(),
        };
        it.put("domain", domain.map(Option::unwrap_or_default), true, "");
        it.text(&mut sent, "path", &[]);
        it.text(&mut sent, "response", &[]);
        it.flag(&mut sent, "tls");
        let codes = sent.texts("status_codes");
        let pattern =
            |code: &String| code.len() == 3 && code.chars().all(|c| c.is_ascii_digit() || c == '?');
        let good = codes.as_ref().is_none_or(|codes| codes.iter().all(pattern));
        it.put(
            "status_codes",
            codes.map(Value::from),
            good,
            "must be like 200 or 2??",
        );
        wrong.extend(it.wrong);
        sent.check()?;
    }
    if is_http {
        http.entry("domain").or_insert(Value::Null);
        http.entry("path").or_insert(json!("/"));
        http.entry("response").or_insert(json!(""));
        http.entry("status_codes").or_insert(json!(["2??", "3??"]));
        http.entry("tls").or_insert(json!(false));
        check.insert("http".to_owned(), Value::Object(http));
    }
    sent.check()?;
    Ok(wrong)
}

fn merge_http(
    world: &World,
    http: &mut Fields,
    sent: &mut Body,
    protocol: &str,
) -> Result<Wrong, ApiError> {
    let mut it = Merge {
        to: http,
        path: "http.",
        wrong: Vec::new(),
    };
    it.text(sent, "cookie_name", &[]);
    it.number(sent, "cookie_lifetime", 30..=86_400);
    it.number(sent, "timeout_idle", 30..=300);
    it.flag(sent, "sticky_sessions");
    it.flag(sent, "redirect_http");
    let list = sent.numbers("certificates");
    let known = |id: &u64| world.item("certificates", *id).is_some();
    let good = list.as_ref().is_none_or(|list| list.iter().all(known));
    it.put(
        "certificates",
        list.map(Value::from),
        good,
        "certificate not found",
    );
    let mut wrong = it.wrong;
    if protocol == "http" && http.get("redirect_http") == Some(&json!(true)) {
        wrong.push((
            "http.redirect_http".to_owned(),
            "is only for https".to_owned(),
        ));
    }
    sent.check()?;
    Ok(wrong)
}

/// An https service needs certificates that can be used, and not more than the type allows.
fn certificates(world: &World, id: u64, list: &[Value]) -> Result<(), ApiError> {
    if list.is_empty() {
        let message = "an https service needs at least one certificate";
        return Err(ApiError::field("http.certificates", message));
    }
    let ready = |id: &Value| id.as_u64().is_some_and(|id| world.keys.contains_key(&id));
    if !list.iter().all(ready) {
        let message = "a certificate is not issued yet";
        return Err(ApiError::new(422, "service_error", message));
    }
    let item = world.need(MANY, ONE, id)?;
    if list.len() > limit(world, item, "max_assigned_certificates") {
        return Err(ApiError::limit("load_balancer_certificate_limit"));
    }
    Ok(())
}
