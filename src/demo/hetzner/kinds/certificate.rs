//! Certificates: uploaded, and managed ones that are issued for zones of the project.

use super::super::{
    action::{Begin, Failure},
    body::Body,
    certificate::{Facts, facts, pair},
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply},
    world::{SECOND, World},
};
use serde_json::{Value, json};

/// Certificates.
pub(in super::super) struct Certificates;

const MANY: &str = "certificates";
const ONE: &str = "certificate";
/// Days that a managed certificate is valid.
const DAYS: i64 = 90;

impl Kind for Certificates {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn filters(&self) -> &'static [&'static str] {
        &["type"]
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let users: Vec<Value> = users(world, item.id())
            .into_iter()
            .map(|id| json!({"id": id, "type": "load_balancer"}))
            .collect();
        shown.insert("used_by".to_owned(), json!(users));
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let kind = body.text("type").unwrap_or_else(|| "uploaded".to_owned());
        let labels = labels.unwrap_or_else(|| json!({}));
        match kind.as_str() {
            "uploaded" => {
                let pem = body.text("certificate");
                let pem = body.need("certificate", pem);
                let key = body.text("private_key");
                let key = body.need("private_key", key);
                body.check()?;
                world.unique(MANY, &name, 0)?;
                let id = upload(world, &name, labels, &pem, &key)?;
                Answer::created(json!({"certificate": self.view(world, id), "action": null}))
            }
            "managed" => {
                let domains = body.texts("domain_names");
                let domains = body.need("domain_names", domains);
                if domains.is_empty() {
                    body.reject("domain_names", "must name a domain");
                }
                body.check()?;
                world.unique(MANY, &name, 0)?;
                let item = Item::new(json!({
                    "name": name, "labels": labels, "type": "managed", "certificate": null,
                    "not_valid_before": null, "not_valid_after": null, "domain_names": domains,
                    "fingerprint": null,
                    "status": {"issuance": "pending", "renewal": "unavailable", "error": null},
                }));
                let id = world.insert(MANY, item)?;
                let action = issue(world, id, "create_certificate");
                Answer::created(json!({"certificate": self.view(world, id), "action": action}))
            }
            _ => Err(ApiError::field("type", "must be 'uploaded' or 'managed'")),
        }
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        if !users(world, id).is_empty() {
            return Err(ApiError::service("certificate is still in use"));
        }
        world.keys.remove(&id);
        world.remove(MANY, id);
        Answer::none()
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, _body: Body) -> Reply {
        if verb != "retry" {
            return Err(ApiError::no_route());
        }
        let item = world.need(MANY, ONE, id)?;
        if item.text("type") != "managed" {
            let message = "only managed certificates can be retried";
            return Err(ApiError::new(422, "unsupported_error", message));
        }
        let failed = |key: &str| item.get("status").get(key) == Some(&json!("failed"));
        if !failed("issuance") && !failed("renewal") {
            let message = "neither issuance nor renewal has failed";
            return Err(ApiError::new(422, "caa_retry_not_possible", message));
        }
        world.free(id, ONE)?;
        Answer::action(issue(world, id, "issue_certificate"))
    }
}

/// Takes an uploaded one in.
pub(in super::super) fn upload(
    world: &mut World,
    name: &str,
    labels: Value,
    pem: &str,
    key: &str,
) -> Result<u64, ApiError> {
    let wrong = |(field, why): (&str, &str)| ApiError::field(field, why);
    let (facts, key) = (facts(pem).map_err(wrong)?, pair(pem, key).map_err(wrong)?);
    let mut item = Item::new(json!({
        "name": name, "labels": labels, "type": "uploaded", "status": null,
    }));
    fill(&mut item, pem, facts);
    let id = world.insert(MANY, item)?;
    world.keys.insert(id, key);
    Ok(id)
}

fn fill(item: &mut Item, pem: &str, facts: Facts) {
    item.set("certificate", pem);
    item.set("not_valid_before", facts.not_before);
    item.set("not_valid_after", facts.not_after);
    item.set("domain_names", facts.names);
    item.set("fingerprint", facts.fingerprint);
}

/// Load balancers with a service that has it.
fn users(world: &World, id: u64) -> Vec<u64> {
    let has = |service: &Value| {
        let list = service
            .get("http")
            .and_then(|http| http.get("certificates"));
        list.and_then(Value::as_array)
            .is_some_and(|list| list.contains(&id.into()))
    };
    world
        .all("load_balancers")
        .filter(|balancer| balancer.list("services").iter().any(has))
        .map(Item::id)
        .collect()
}

/// Why a managed certificate cannot be had: every name must be in a zone of the project.
fn obstacle(world: &World, id: u64) -> Option<Failure> {
    let item = world.item(MANY, id)?;
    let mut names = item.list("domain_names").iter().filter_map(Value::as_str);
    let lost = names.find(|name| {
        let name = name.strip_prefix("*.").unwrap_or(name);
        let within = |zone: &Item| {
            let rest = name.strip_suffix(zone.name());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        !world.all("zones").any(within)
    })?;
    Some(Failure {
        code: "dns_zone_not_found".to_owned(),
        message: format!("DNS zone not found for domain '{lost}'"),
    })
}

/// Begins issuance; it ends as the zones allow.
fn issue(world: &mut World, id: u64, command: &str) -> Value {
    world.set(
        MANY,
        id,
        "status",
        json!({"issuance": "pending", "renewal": "unavailable", "error": null}),
    );
    let failure = obstacle(world, id).or_else(|| world.plan.failing(command));
    let told = failure.clone().unwrap_or(Failure {
        code: "action_failed".to_owned(),
        message: "Action failed".to_owned(),
    });
    let begin = Begin::new(command, id, ONE, move |world| finish(world, id))
        .or_else(move |world| {
            let error = json!({"code": told.code, "message": told.message});
            let status = json!({"issuance": "failed", "renewal": "unavailable", "error": error});
            world.set(MANY, id, "status", status);
        })
        .tenths(30);
    let action = world.begin_with(begin, failure);
    world.action(action)
}

fn finish(world: &mut World, id: u64) {
    let Some(item) = world.item(MANY, id) else {
        return;
    };
    let names = item.list("domain_names").iter().filter_map(Value::as_str);
    let names: Vec<String> = names.map(str::to_owned).collect();
    let issued = world
        .authority
        .issue(&names, world.now / SECOND - 3600, DAYS);
    let made = issued.ok().and_then(|(pem, key)| {
        let pair = pair(&pem, &key).ok()?;
        Some((facts(&pem).ok()?, pem, pair))
    });
    let Some((facts, pem, pair)) = made else {
        return;
    };
    world.keys.insert(id, pair);
    if let Some(item) = world.edit(MANY, id) {
        fill(item, &pem, Facts { names, ..facts });
        item.set(
            "status",
            json!({"issuance": "completed", "renewal": "scheduled", "error": null}),
        );
    }
}
