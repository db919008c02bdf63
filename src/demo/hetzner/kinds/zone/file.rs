//! Zone files in the common text format: one record a line.

use super::{
    super::super::{error::ApiError, item::Item, world::World},
    MANY as ZONES,
    rrset::{self, put},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// A zone's records as a file.
pub(super) fn export(world: &World, zone: u64) -> String {
    let Some(item) = world.item(ZONES, zone) else {
        return String::new();
    };
    let mut text = format!(
        "$ORIGIN\t{}.\n$TTL\t{}\n\n",
        item.name(),
        item.number("ttl").unwrap_or_default()
    );
    for set in rrset::of(world, zone) {
        let ttl = set
            .number("ttl")
            .map(|ttl| format!("{ttl}\t"))
            .unwrap_or_default();
        for record in set.list("records") {
            let value = record
                .get("value")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let comment = record
                .get("comment")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let comment = if comment.is_empty() {
                String::new()
            } else {
                format!(" ; {comment}")
            };
            let kind = set.text("type");
            text.push_str(&format!(
                "{}\tIN\t{ttl}{kind}\t{value}{comment}\n",
                set.name()
            ));
        }
    }
    text
}

/// Replaces a zone's records by those of a file; what every zone needs stays.
pub(super) fn import(world: &mut World, zone: u64, text: &str) -> Result<(), ApiError> {
    let origin = world
        .item(ZONES, zone)
        .map_or(String::new(), |item| format!("{}.", item.name()));
    let mut sets: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut last = "@".to_owned();
    for (number, line) in text.lines().enumerate() {
        let bad = || ApiError::field("zonefile", format!("line {} is no record", number + 1));
        let line = without_comment(line);
        if line.trim().is_empty() || line.starts_with('$') {
            continue;
        }
        let mut words = line.split_whitespace().peekable();
        if !line.starts_with(char::is_whitespace) {
            last = relative(words.next().ok_or_else(bad)?, &origin);
        }
        // Class and time to live may stand in any order.
        while words
            .next_if(|word| *word == "IN" || word.parse::<u32>().is_ok())
            .is_some()
        {}
        let kind = words.next().ok_or_else(bad)?.to_owned();
        let value = words.collect::<Vec<_>>().join(" ");
        if value.is_empty() {
            return Err(bad());
        }
        sets.entry((last.clone(), kind)).or_default().push(value);
    }
    let needed =
        |set: &Item| set.text("type") == "SOA" || (set.text("type") == "NS" && set.name() == "@");
    let old: Vec<u64> = rrset::of(world, zone)
        .filter(|set| !needed(set))
        .map(Item::id)
        .collect();
    for id in old {
        world.remove(rrset::MANY, id);
    }
    for ((name, kind), values) in sets {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        put(world, zone, &name, &kind, &values)?;
    }
    Ok(())
}

/// A line without its comment; semicolons in quotes are none.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|letter| {
        quoted ^= letter == '"';
        letter == ';' && !quoted
    });
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

/// A name as record sets have it.
fn relative(name: &str, origin: &str) -> String {
    match name.strip_suffix(origin) {
        Some("") => "@".to_owned(),
        Some(rest) => rest.trim_end_matches('.').to_owned(),
        None => name.to_owned(),
    }
}
