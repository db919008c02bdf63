//! SSH keys.

use crate::{
    remote::hetzner::kinds::SshKey,
    tui::panes::cloud::thing::{Col, Datum, Facts, Look, See, Spec, col},
};

const COLUMNS: &[Col] = &[
    col("type", "TYPE", 11, 14, 1, false),
    col("fingerprint", "FINGERPRINT", 20, 47, 2, false),
    col("description", "COMMENT", 10, 30, 4, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "SSH key",
    command: "keys",
    columns: COLUMNS,
    priced: false,
    needs: &[],
};

impl Look for SshKey {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        let mut parts = self.public_key.splitn(3, ' ');
        match field {
            "type" => Datum::text(parts.next().unwrap_or_default()),
            "fingerprint" => Datum::text(self.fingerprint.as_str()),
            "description" => Datum::text(parts.nth(2).unwrap_or_default()),
            _ => Datum::None,
        }
    }

    fn facts(&self, _see: &See, facts: &mut Facts) {
        facts.add("fingerprint", format!("{} (MD5)", self.fingerprint));
        facts.add("key", &self.public_key);
    }
}
