//! Firewalls.

use crate::{
    remote::hetzner::kinds::{Direction, Firewall, Rule},
    tui::{
        model::CloudKind,
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};
use std::fmt::Write;

const COLUMNS: &[Col] = &[
    col("state", "STATE", 8, 10, 2, false),
    col("rules", "RULES", 5, 5, 1, true),
    col("servers", "SERVERS", 7, 7, 0, true),
    col("ports", "OPEN TO ALL", 11, 30, 4, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "firewall",
    command: "firewalls",
    columns: COLUMNS,
    priced: false,
    needs: &[],
};

impl Look for Firewall {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => match self.servers().is_empty() {
                true => Datum::Status(Status::Off, "unused".into()),
                false => Datum::Status(Status::Good, "applied".into()),
            },
            "rules" => Datum::count(self.rules.len()),
            "servers" => Datum::count(self.servers().len()),
            "ports" => Datum::text(open(self)),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        facts.add("open to all", open(self));
        for rule in &self.rules {
            let label = match &rule.direction {
                Direction::In => "lets in",
                Direction::Out => "lets out",
                other => other.as_str(),
            };
            facts.add(label, words(rule));
        }
        if self.rules.is_empty() {
            facts.status("rules", Status::Warning, "none: nothing is let in");
        }
        for applied in &self.applied_to {
            if let Some(labels) = &applied.label_selector {
                facts.add("applied to", format!("servers with {}", labels.selector));
            }
        }
        for id in self.servers() {
            facts.link(
                "server",
                see.server(id),
                Link::Thing(CloudKind::Servers, id),
            );
        }
    }
}

/// What anybody may reach.
fn open(firewall: &Firewall) -> String {
    let all = |rule: &&Rule| {
        let from = &rule.source_ips;
        rule.direction == Direction::In && from.iter().any(|ip| ip == "0.0.0.0/0" || ip == "::/0")
    };
    let mut out = String::new();
    for rule in firewall.rules.iter().filter(all) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&rule.protocol);
        if let Some(port) = &rule.port {
            let _ = write!(out, "/{port}");
        }
    }
    out
}

fn words(rule: &Rule) -> String {
    let mut out = rule.protocol.clone();
    if let Some(port) = &rule.port {
        let _ = write!(out, " {port}");
    }
    let (word, ips) = match rule.direction {
        Direction::Out => ("to", &rule.destination_ips),
        _ => ("from", &rule.source_ips),
    };
    if !ips.is_empty() {
        let _ = write!(out, " {word} {}", ips.join(" "));
    }
    if let Some(text) = rule.description.as_ref().filter(|text| !text.is_empty()) {
        let _ = write!(out, ": {text}");
    }
    out
}
