//! DNS zones. Their record sets are in `rrset`, zone files in `file`.

mod file;
mod rrset;

use super::super::{
    action::Begin,
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply, Request},
    world::{World, time},
};
use serde_json::{Value, json};

pub(in super::super) use rrset::put as put_records;

/// Zones.
pub(in super::super) struct Zones;

const MANY: &str = "zones";
const ONE: &str = "zone";
/// Seconds that a record may be kept.
const TTLS: std::ops::RangeInclusive<u64> = 60..=2_147_483_647;
/// Hetzner's name servers.
const SERVERS: [&str; 3] = [
    "hydrogen.ns.hetzner.com.",
    "oxygen.ns.hetzner.com.",
    "helium.ns.hetzner.de.",
];

impl Kind for Zones {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn filters(&self) -> &'static [&'static str] {
        &["mode"]
    }

    fn number(&self, world: &World, text: &str) -> Option<u64> {
        world.find(MANY, text).map(Item::id)
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let count: usize = rrset::of(world, item.id())
            .map(|set| set.list("records").len())
            .sum();
        shown.insert("record_count".to_owned(), count.into());
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        if !name_is_good(&name) {
            body.reject("name", "must be a domain name in lower case");
        }
        let mode = body.text("mode");
        let mode = body.need("mode", mode);
        let ttl = ttl(&mut body).unwrap_or(3600);
        let primaries = body.list("primary_nameservers").unwrap_or_default();
        match mode.as_str() {
            "primary" => {}
            "secondary" if !primaries.is_empty() => {}
            "secondary" => body.reject("primary_nameservers", "missing field"),
            _ => body.reject("mode", "must be 'primary' or 'secondary'"),
        }
        let sets = body.list("rrsets").unwrap_or_default();
        let text = body.text("zonefile");
        body.check()?;
        world.unique(MANY, &name, 0)?;
        let id = make(
            world,
            &name,
            &mode,
            ttl,
            labels.unwrap_or_else(|| json!({})),
        )?;
        if mode == "secondary" {
            world.set(MANY, id, "primary_nameservers", primaries);
        }
        let filled = rrset::fill(world, id, sets).and_then(|()| match text {
            Some(text) => file::import(world, id, &text),
            None => Ok(()),
        });
        if let Err(error) = filled {
            forget(world, id);
            return Err(error);
        }
        let begin = Begin::new("create_zone", id, ONE, move |world| {
            world.set(MANY, id, "status", "ok");
        });
        let action = world.begin(begin.tenths(10));
        Answer::created(json!({"zone": self.view(world, id), "action": world.action(action)}))
    }

    fn update(&self, world: &mut World, id: u64, mut body: Body) -> Reply {
        // A zone keeps its name.
        let labels = body.labels();
        body.check()?;
        if let Some(labels) = labels {
            world.set(MANY, id, "labels", labels);
        }
        self.shown(world, id)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        let begin = Begin::new("delete_zone", id, ONE, move |world| forget(world, id));
        Answer::action(world.act(begin.tenths(5))?)
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, mut body: Body) -> Reply {
        match verb {
            "change_protection" => self.protect(world, id, body, &["delete"]),
            "change_ttl" => {
                let ttl = ttl(&mut body);
                let ttl = body.need("ttl", ttl);
                body.check()?;
                set(world, id, verb, "ttl", ttl.into())
            }
            "change_primary_nameservers" => {
                let servers = body.list("primary_nameservers");
                let servers = body.need("primary_nameservers", servers);
                body.check()?;
                if world.need(MANY, ONE, id)?.text("mode") != "secondary" {
                    let message = "only secondary zones have primary nameservers";
                    return Err(ApiError::new(422, "incorrect_zone_mode", message));
                }
                set(world, id, verb, "primary_nameservers", servers.into())
            }
            "import_zonefile" => {
                let text = body.text("zonefile");
                let text = body.need("zonefile", text);
                body.check()?;
                primary(world, id)?;
                world.free(id, ONE)?;
                file::import(world, id, &text)?;
                Answer::action(world.act(Begin::new(verb, id, ONE, |_| ()).tenths(5))?)
            }
            _ => Err(ApiError::no_route()),
        }
    }

    fn below(&self, world: &mut World, id: u64, rest: &[&str], request: Request) -> Reply {
        match rest {
            ["zonefile"] if request.method == "GET" => {
                primary(world, id)?;
                Answer::ok(json!({"zonefile": file::export(world, id)}))
            }
            ["rrsets", rest @ ..] => rrset::route(world, id, rest, request),
            _ => Err(ApiError::no_route()),
        }
    }
}

/// Takes a zone in, with what every zone has.
pub(in super::super) fn make(
    world: &mut World,
    name: &str,
    mode: &str,
    ttl: u64,
    labels: Value,
) -> Result<u64, ApiError> {
    let checked = time(world.now);
    let servers = if mode == "primary" {
        json!(SERVERS)
    } else {
        json!([])
    };
    let item = Item::new(json!({
        "name": name, "mode": mode, "labels": labels, "protection": {"delete": false},
        "ttl": ttl, "status": "updating", "registrar": "other",
        "authoritative_nameservers": {"assigned": servers, "delegated": servers,
            "delegation_last_check": checked, "delegation_status": "valid"},
    }));
    let id = world.insert(MANY, item)?;
    if mode == "primary" {
        let soa = "hydrogen.ns.hetzner.com. dns.hetzner.com. 2026110100 86400 10800 3600000 3600";
        put_records(world, id, "@", "SOA", &[soa])?;
        put_records(world, id, "@", "NS", &SERVERS)?;
    }
    Ok(id)
}

fn set(world: &mut World, id: u64, command: &str, field: &'static str, value: Value) -> Reply {
    let begin = Begin::new(command, id, ONE, move |world| {
        world.set(MANY, id, field, value);
    });
    Answer::action(world.act(begin.tenths(3))?)
}

/// A time to live, if sent.
fn ttl(body: &mut Body) -> Option<u64> {
    let ttl = body.number("ttl")?;
    if !TTLS.contains(&ttl) {
        body.reject("ttl", "must be between 60 and 2147483647");
    }
    Some(ttl)
}

/// Records can be changed in primary zones only.
fn primary(world: &World, id: u64) -> Result<(), ApiError> {
    if world.need(MANY, ONE, id)?.text("mode") == "primary" {
        return Ok(());
    }
    let message = "the zone is a secondary one";
    Err(ApiError::new(422, "incorrect_zone_mode", message))
}

fn forget(world: &mut World, id: u64) {
    let sets: Vec<u64> = rrset::of(world, id).map(Item::id).collect();
    for set in sets {
        world.remove(rrset::MANY, set);
    }
    world.remove(MANY, id);
}

fn name_is_good(name: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.chars().all(good);
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}
