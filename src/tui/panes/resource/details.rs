//! A resource's details line by line: what every resource has around what its kind tells.

use crate::{
    remote::hetzner::kinds::RrSet,
    text,
    tui::{
        format,
        model::cloud::LABEL,
        msg::Reply,
        panes::cloud::thing::{Fact, Facts, See, Thing, owned},
        theme::{Role, Status},
        widgets::text_view::Line,
    },
};
use jiff::tz::TimeZone;

/// One line.
pub(super) type Detail = Fact;

/// All lines.
pub(super) fn of(thing: &dyn Thing, see: &See, zone: &TimeZone) -> Vec<Detail> {
    let mut facts = Facts::default();
    facts.add("name", thing.called());
    thing.facts(see, &mut facts);
    facts.heading("resource");
    facts.add("number", thing.number().to_string());
    if let Some(at) = thing.made() {
        facts.add("created", format::moment(at, see.now, zone));
    }
    if let Some(price) = thing.monthly(see) {
        let prices = see.cloud().prices.as_ref();
        let currency = prices.map_or("", |prices| prices.currency.as_str());
        facts.add(
            "price",
            format!("{currency} {price:.2} a month, net").trim_start(),
        );
    }
    if let Some(protection) = thing.protection() {
        let words: Vec<&str> = [
            (protection.delete, "delete"),
            (protection.rebuild, "rebuild"),
            (protection.change, "change"),
        ]
        .into_iter()
        .filter_map(|(on, word)| on.then_some(word))
        .collect();
        match words.as_slice() {
            [] => facts.add("protection", "none"),
            words => facts.add("protection", format!("against {}", words.join(", "))),
        }
    }
    let environment = see.world.id.as_str();
    if !owned(thing, see) {
        let text = format!("not of {environment}: it has no label {LABEL}={environment}");
        facts.status("environment", Status::Warning, text);
    }
    for (key, value) in thing.tags().into_iter().flatten() {
        facts.add("label", format!("{key}={value}"));
    }
    facts.lines
}

/// What tells the lines apart while they change: the label, and which of that label it is.
pub(super) fn keys(details: &[Detail]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::with_capacity(details.len());
    let mut count = 0;
    let mut last = None;
    for detail in details {
        count = if last == Some(&detail.label) {
            count + 1
        } else {
            0
        };
        last = Some(&detail.label);
        let heading = if detail.label.is_empty() {
            &detail.text
        } else {
            ""
        };
        keys.push(format!(
            "{:05} {} {count} {heading}",
            keys.len(),
            detail.label
        ));
    }
    keys
}

/// An answer as lines.
pub(super) fn lines(reply: Reply) -> Vec<Line> {
    match reply {
        Reply::Json(json) => {
            let text = serde_json::to_string_pretty(&json).unwrap_or_default();
            let clean = |line| Line::plain(text::clean(line).into_owned());
            text.lines().map(clean).collect()
        }
        Reply::Records(sets) => records(&sets),
        _ => Vec::new(),
    }
}

fn records(sets: &[RrSet]) -> Vec<Line> {
    let width = sets.iter().map(|set| set.name.chars().count()).max();
    let width = width.unwrap_or(0).clamp(4, 40);
    let mut lines = Vec::new();
    for set in sets {
        let ttl = set.ttl.map(|ttl| ttl.to_string()).unwrap_or_default();
        for record in &set.records {
            let text = format!(
                "{:width$} {ttl:>6} {:6} {}",
                set.name, set.kind, record.value
            );
            lines.push(Line::plain(text::clean(text.trim_end()).into_owned()));
            if !record.comment.is_empty() {
                let comment = format!("; {}", record.comment);
                lines.push(Line {
                    depth: 1,
                    role: Some(Role::Muted),
                    ..Line::plain(text::clean(&comment).into_owned())
                });
            }
        }
    }
    lines
}
