//! Certificates, as the project holds them.

use super::fault;
use crate::{
    remote::hetzner::kinds::{Certificate, CertificateKind, Issuance, Renewal},
    tui::{
        model::{CloudKind, cloud::Fault},
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col},
        theme::Status,
    },
};
use jiff::{SignedDuration, Timestamp};

const COLUMNS: &[Col] = &[
    col("state", "STATE", 11, 18, 0, false),
    col("expires", "EXPIRES", 7, 7, 1, true),
    col("type", "TYPE", 8, 8, 5, false),
    col("domain", "FOR", 16, 40, 2, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "certificate",
    command: "certificates",
    columns: COLUMNS,
    priced: false,
    needs: &[],
};

/// With less time left than this, whoever should have renewed it did not.
const SHORT: SignedDuration = SignedDuration::from_hours(14 * 24);

impl Look for Certificate {
    fn datum<'a>(&'a self, field: &str, see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, word) = state(self, see.now);
                Datum::Status(status, word.into())
            }
            "expires" => self.not_valid_after.map_or(Datum::None, Datum::Until),
            "type" => Datum::text(self.kind.as_str()),
            "domain" => Datum::text(self.domain_names.join(" ")),
            "fingerprint" => Datum::text(self.fingerprint.as_deref().unwrap_or_default()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        let (status, word) = state(self, see.now);
        facts.status("state", status, word);
        facts.add("type", self.kind.as_str());
        for name in &self.domain_names {
            facts.add("for", name);
        }
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        facts.add("valid from", time(self.not_valid_before));
        facts.add("valid until", time(self.not_valid_after));
        facts.add(
            "fingerprint",
            self.fingerprint.as_deref().unwrap_or_default(),
        );
        if let Some(managed) = &self.status {
            facts.add("issuance", managed.issuance.as_str());
            facts.add("renewal", managed.renewal.as_str());
            if let Some(error) = &managed.error {
                facts.status(
                    "error",
                    Status::Bad,
                    format!("{}: {}", error.code, error.message),
                );
            }
        }
        for user in &self.used_by {
            match super::named(&user.kind) {
                Some(kind) => {
                    let name = see.load_balancer(user.id);
                    facts.link("used by", name, Link::Thing(kind, user.id));
                }
                None => facts.add("used by", format!("{} #{}", user.kind, user.id)),
            }
        }
    }

    fn faults(&self, see: &See, all: &mut Vec<Fault>) {
        let (status, word) = state(self, see.now);
        if !matches!(status, Status::Bad | Status::Warning) {
            return;
        }
        let text = format!("certificate {} is {word}", self.name);
        let number = self.id.unwrap_or(0);
        all.push(fault(status, CloudKind::Certificates, number, word, text));
    }
}

fn state(certificate: &Certificate, now: Timestamp) -> (Status, &'static str) {
    let managed = certificate.status.as_ref();
    let issuance = managed.map(|status| &status.issuance);
    let renewal = managed.map(|status| &status.renewal);
    let left = certificate
        .not_valid_after
        .map(|end| end.duration_since(now));
    match (issuance, renewal, left) {
        (Some(Issuance::Failed), ..) => (Status::Bad, "not issued"),
        (Some(Issuance::Pending), ..) => (Status::Busy, "being issued"),
        (.., Some(left)) if left.is_negative() => (Status::Bad, "expired"),
        (_, Some(Renewal::Failed), _) => (Status::Bad, "not renewed"),
        (.., Some(left)) if left < SHORT => match certificate.kind {
            CertificateKind::Managed => (Status::Warning, "late for its renewal"),
            _ => (Status::Warning, "about to expire"),
        },
        (.., None) => (Status::Unknown, "unknown"),
        _ => (Status::Good, "valid"),
    }
}
