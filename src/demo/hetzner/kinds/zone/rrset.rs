//! Record sets: every record of one name and type in a zone.

use super::{
    super::super::{
        action::Begin,
        body::Body,
        error::ApiError,
        item::Item,
        kind::{Answer, Reply, Request},
        route::page,
        selector::Selector,
        world::World,
    },
    ONE as ZONE, primary, ttl,
};
use serde_json::{Value, json};

pub(super) const MANY: &str = "rrsets";
/// Records that one set may have.
const RECORDS: usize = 100;
const TYPES: [&str; 16] = [
    "A", "AAAA", "CAA", "CNAME", "DS", "HINFO", "HTTPS", "MX", "NS", "PTR", "RP", "SOA", "SRV",
    "SVCB", "TLSA", "TXT",
];

/// The sets of a zone.
pub(super) fn of(world: &World, zone: u64) -> impl Iterator<Item = &Item> {
    let sets = world.all(MANY);
    sets.filter(move |set| set.number("zone") == Some(zone))
}

fn find<'a>(world: &'a World, zone: u64, name: &str, kind: &str) -> Option<&'a Item> {
    let mut sets = of(world, zone);
    sets.find(|set| set.name() == name && set.text("type") == kind)
}

fn show(item: &Item) -> Value {
    let mut shown = item.shown();
    let id = format!("{}/{}", item.name(), item.text("type"));
    shown.insert("id".to_owned(), id.into());
    shown.remove("created");
    Value::Object(shown)
}

fn view(world: &World, id: u64) -> Value {
    world.item(MANY, id).map_or(Value::Null, show)
}

/// Answers requests below `/zones/{zone}/rrsets`.
pub(super) fn route(world: &mut World, zone: u64, rest: &[&str], request: Request) -> Reply {
    match (rest, request.method) {
        ([], "GET") => list(world, zone, &request),
        ([], "POST") => create(world, zone, request.body),
        ([name, kind, "actions", verb], "POST") => {
            act(world, zone, (name, kind), verb, request.body)
        }
        ([name, kind], method) => {
            let found = find(world, zone, name, kind).map(Item::id);
            let id = found.ok_or_else(|| missing(name, kind))?;
            match method {
                "GET" => Answer::ok(json!({"rrset": view(world, id)})),
                "PUT" => {
                    let mut body = request.body;
                    let labels = body.labels();
                    body.check()?;
                    if let Some(labels) = labels {
                        world.set(MANY, id, "labels", labels);
                    }
                    Answer::ok(json!({"rrset": view(world, id)}))
                }
                "DELETE" => {
                    changeable(world, zone, id)?;
                    if matches!(*kind, "SOA") || (*name == "@" && *kind == "NS") {
                        let message = "a zone needs its SOA and NS records";
                        return Err(ApiError::field("type", message));
                    }
                    begin(world, zone, "delete_rrset", move |world| {
                        world.remove(MANY, id)
                    })
                }
                _ => Err(ApiError::method()),
            }
        }
        ([], _) => Err(ApiError::method()),
        _ => Err(ApiError::no_route()),
    }
}

fn missing(name: &str, kind: &str) -> ApiError {
    ApiError::not_found("rrset", format!("{name}/{kind}"))
}

fn begin(
    world: &mut World,
    zone: u64,
    command: &str,
    effect: impl FnOnce(&mut World) + Send + 'static,
) -> Reply {
    // Changes of records follow each other, they are not refused.
    let action = world.begin(Begin::new(command, zone, ZONE, effect).tenths(3));
    Answer::action(world.action(action))
}

fn list(world: &World, zone: u64, request: &Request) -> Reply {
    let query = request.query;
    let selector = Selector::parse(query.one("label_selector").unwrap_or_default())?;
    let mut sets: Vec<&Item> = of(world, zone)
        .filter(|set| {
            query.admits("name", set.name())
                && query.admits("type", set.text("type"))
                && selector.matches(set)
        })
        .collect();
    query.sort(&mut sets, &["id", "name", "created"])?;
    page("rrsets", &sets, request, show)
}

fn create(world: &mut World, zone: u64, body: Body) -> Reply {
    primary(world, zone)?;
    let id = add(world, zone, body)?;
    let action = Begin::new("create_rrset", zone, ZONE, |_| ()).tenths(3);
    let action = world.begin(action);
    Answer::created(json!({"rrset": view(world, id), "action": world.action(action)}))
}

/// Takes a new set in.
fn add(world: &mut World, zone: u64, mut body: Body) -> Result<u64, ApiError> {
    let (name, kind) = (body.name(), body.text("type"));
    let kind = body.need("type", kind);
    let (ttl, labels) = (ttl(&mut body), body.labels());
    let records = records(&mut body, &kind, true);
    check_name(&mut body, &name, &kind);
    body.check()?;
    if find(world, zone, &name, &kind).is_some() {
        return Err(ApiError::taken(
            "name",
            "rrset with the same name and type exists",
        ));
    }
    exclusive(world, zone, &name, &kind)?;
    let item = Item::new(json!({
        "name": name, "type": kind, "ttl": ttl, "labels": labels.unwrap_or_else(|| json!({})),
        "protection": {"change": false}, "records": records, "zone": zone,
    }));
    world.insert(MANY, item)
}

/// Takes sets of a new zone in.
pub(super) fn fill(world: &mut World, zone: u64, sets: Vec<Value>) -> Result<(), ApiError> {
    for set in sets {
        let Value::Object(fields) = set else {
            return Err(ApiError::field("rrsets", "must be objects"));
        };
        add(world, zone, Body::of(fields))?;
    }
    Ok(())
}

/// Sets the records of a name and type, new or not.
pub(in super::super::super) fn put(
    world: &mut World,
    zone: u64,
    name: &str,
    kind: &str,
    values: &[&str],
) -> Result<(), ApiError> {
    let records: Vec<Value> = values
        .iter()
        .map(|value| json!({ "value": value }))
        .collect();
    match find(world, zone, name, kind).map(Item::id) {
        Some(id) => world.set(MANY, id, "records", records),
        None => {
            let fields = json!({"name": name, "type": kind, "records": records});
            fill(world, zone, vec![fields])?;
        }
    }
    Ok(())
}

/// A set that may be changed.
fn changeable(world: &World, zone: u64, id: u64) -> Result<(), ApiError> {
    primary(world, zone)?;
    if world
        .item(MANY, id)
        .is_some_and(|set| set.protected("change"))
    {
        return Err(ApiError::protected("rrset", "changes"));
    }
    Ok(())
}

fn act(world: &mut World, zone: u64, of: (&str, &str), verb: &str, mut body: Body) -> Reply {
    let (name, kind) = of;
    let found = find(world, zone, name, kind).map(Item::id);
    if verb == "add_records" && found.is_none() {
        primary(world, zone)?;
        let ttl = ttl(&mut body);
        let records = records(&mut body, kind, true);
        check_name(&mut body, name, kind);
        body.check()?;
        exclusive(world, zone, name, kind)?;
        let item = Item::new(json!({
            "name": name, "type": kind, "ttl": ttl, "labels": {},
            "protection": {"change": false}, "records": records, "zone": zone,
        }));
        world.insert(MANY, item)?;
        return begin(world, zone, "add_rrset_records", |_| ());
    }
    let id = found.ok_or_else(|| missing(name, kind))?;
    if verb == "change_protection" {
        let on = body.flag("change");
        let on = body.need("change", on);
        body.check()?;
        return begin(world, zone, "change_rrset_protection", move |world| {
            world.set(MANY, id, "protection", json!({"change": on}));
        });
    }
    changeable(world, zone, id)?;
    if verb == "change_ttl" {
        let ttl = ttl(&mut body);
        body.check()?;
        return begin(world, zone, "change_rrset_ttl", move |world| {
            world.set(MANY, id, "ttl", ttl);
        });
    }
    let sent = records(&mut body, kind, verb != "remove_records");
    let ttl = ttl(&mut body);
    body.check()?;
    let mut now = world
        .item(MANY, id)
        .map_or_else(Vec::new, |set| set.list("records").to_vec());
    let at = |list: &[Value], record: &Value| {
        let same = |other: &Value| other.get("value") == record.get("value");
        list.iter().position(same)
    };
    let command = match verb {
        "set_records" => {
            now = sent;
            "set_rrset_records"
        }
        "add_records" => {
            let before = world.item(MANY, id).and_then(|set| set.number("ttl"));
            if ttl.is_some() && ttl != before {
                return Err(ApiError::field("ttl", "differs from the rrset's"));
            }
            if sent.iter().any(|record| at(&now, record).is_some()) {
                return Err(ApiError::taken("records", "a record exists already"));
            }
            now.extend(sent);
            "add_rrset_records"
        }
        "remove_records" => {
            for record in &sent {
                let place = at(&now, record);
                let place = place.ok_or_else(|| ApiError::field("records", "record not found"))?;
                now.remove(place);
            }
            "remove_rrset_records"
        }
        "update_records" => {
            for record in sent {
                let place = at(&now, &record).and_then(|place| now.get_mut(place));
                let place = place.ok_or_else(|| ApiError::field("records", "record not found"))?;
                *place = record;
            }
            "update_rrset_records"
        }
        _ => return Err(ApiError::no_route()),
    };
    if now.len() > RECORDS {
        return Err(ApiError::limit("rrset_record_limit"));
    }
    let mut answer = begin(world, zone, command, move |world| {
        if now.is_empty() {
            world.remove(MANY, id);
        } else {
            world.set(MANY, id, "records", now);
        }
    })?;
    if verb == "update_records" {
        answer.status = 200;
    }
    Ok(answer)
}

fn check_name(body: &mut Body, name: &str, kind: &str) {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_*.".contains(c);
    if name != "@" && (name.is_empty() || !name.chars().all(good)) {
        body.reject("name", "must be a relative name in lower case, or @");
    }
    if !TYPES.contains(&kind) {
        body.reject("type", "is no type of records");
    }
}

/// A CNAME stands alone.
fn exclusive(world: &World, zone: u64, name: &str, kind: &str) -> Result<(), ApiError> {
    let mut others = of(world, zone).filter(|set| set.name() == name);
    if others.any(|set| (set.text("type") == "CNAME") != (kind == "CNAME")) {
        return Err(ApiError::field(
            "type",
            "CNAME cannot stand beside other types",
        ));
    }
    Ok(())
}

/// Records sent, checked by their type.
fn records(body: &mut Body, kind: &str, needed: bool) -> Vec<Value> {
    let sent = body.list("records");
    let sent = body.need("records", sent);
    if needed && sent.is_empty() {
        body.reject("records", "must not be empty");
    }
    if sent.len() > RECORDS {
        body.reject("records", "too many records");
    }
    let mut records: Vec<Value> = Vec::new();
    for (place, record) in sent.into_iter().enumerate() {
        let value = record
            .get("value")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !value_is_good(kind, value) {
            body.reject(
                &format!("records.{place}.value"),
                format!("is no {kind} record"),
            );
        }
        if records
            .iter()
            .any(|other| other.get("value") == record.get("value"))
        {
            body.reject(&format!("records.{place}.value"), "is there twice");
        }
        let mut shown = json!({ "value": value });
        let comment = record
            .get("comment")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("comment".to_owned(), comment.into());
        }
        records.push(shown);
    }
    records
}

fn value_is_good(kind: &str, value: &str) -> bool {
    match kind {
        "A" => value.parse::<std::net::Ipv4Addr>().is_ok(),
        "AAAA" => value.parse::<std::net::Ipv6Addr>().is_ok(),
        // Quoted strings of at most 255 characters each.
        "TXT" => value.len() >= 2 && value.starts_with('"') && value.ends_with('"'),
        "CAA" => value.split_whitespace().count() >= 3,
        "MX" => {
            let mut words = value.split_whitespace();
            words.next().is_some_and(|word| word.parse::<u16>().is_ok()) && words.next().is_some()
        }
        _ => !value.trim().is_empty(),
    }
}
