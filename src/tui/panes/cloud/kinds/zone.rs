//! DNS zones.

use super::fault;
use crate::{
    remote::hetzner::kinds::{Protection, Zone},
    tui::{
        model::{CloudKind, cloud::Fault},
        panes::cloud::thing::{Col, Datum, Facts, Look, See, Spec, col},
        theme::Status,
    },
};

const COLUMNS: &[Col] = &[
    col("state", "DELEGATION", 10, 18, 0, false),
    col("type", "MODE", 7, 9, 3, false),
    col("records", "RECORDS", 7, 7, 1, true),
    col("registrar", "REGISTRAR", 9, 10, 5, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "zone",
    command: "zones",
    columns: COLUMNS,
    priced: false,
    needs: &[],
};

impl Look for Zone {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, word) = state(self);
                Datum::Status(status, word.into())
            }
            "type" => Datum::text(self.mode.as_str()),
            "records" => Datum::Count(self.record_count),
            "registrar" => Datum::text(self.registrar.as_str()),
            _ => Datum::None,
        }
    }

    fn facts(&self, _see: &See, facts: &mut Facts) {
        let (status, word) = state(self);
        facts.status("delegation", status, word);
        facts.add("status", &self.status);
        facts.add("mode", &self.mode);
        facts.add("records", self.record_count.to_string());
        facts.add("ttl", format!("{} s", self.ttl));
        facts.add("registrar", &self.registrar);
        let servers = &self.authoritative_nameservers;
        facts.add("should answer", servers.assigned.join(" "));
        facts.add("do answer", servers.delegated.join(" "));
        for server in &self.primary_nameservers {
            facts.add("read from", &server.address);
        }
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn faults(&self, _see: &See, all: &mut Vec<Fault>) {
        let (status, word) = state(self);
        if !matches!(status, Status::Bad | Status::Warning) {
            return;
        }
        let text = format!("zone {}: {word}", self.name);
        let mut fault = fault(
            status,
            CloudKind::Zones,
            self.id.unwrap_or(0),
            "state",
            text,
        );
        fault.since = self.authoritative_nameservers.delegation_last_check;
        fault.hint = Some("have its registrar name Hetzner's servers for it".to_owned());
        all.push(fault);
    }
}

fn state(zone: &Zone) -> (Status, &str) {
    let delegation = zone.authoritative_nameservers.delegation_status.as_str();
    match (zone.status.as_str(), delegation) {
        ("error", _) => (Status::Bad, "error"),
        ("updating", _) => (Status::Busy, "updating"),
        (_, "valid") => (Status::Good, "valid"),
        (_, "partially-valid") => (Status::Warning, "partially valid"),
        (_, "invalid" | "lame") => (Status::Bad, delegation),
        (_, "unregistered") => (Status::Off, "unregistered"),
        (_, other) => (Status::Unknown, other),
    }
}
