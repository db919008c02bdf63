//! Certificates, without their private keys: the API never gives those.

use super::{BY_ALL, Labels, STEADY, kind};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;

words! {
    /// Who takes care of it.
    pub CertificateKind {
        /// The user.
        Uploaded = "uploaded",
        /// Hetzner, with Let's Encrypt.
        Managed = "managed",
    }
}

words! {
    /// How far the first certificate is.
    pub Issuance {
        /// Under way.
        Pending = "pending",
        /// There.
        Completed = "completed",
        /// It did not work.
        Failed = "failed",
    }
}

words! {
    /// How far the next certificate is.
    pub Renewal {
        /// Nothing to do yet.
        Scheduled = "scheduled",
        /// Under way.
        Pending = "pending",
        /// It did not work.
        Failed = "failed",
        /// Not possible.
        Unavailable = "unavailable",
    }
}

model! {
    /// Why it did not work.
    pub CertificateFault {
        /// A word.
        code: String,
        /// A sentence.
        message: String,
    }
}

model! {
    /// How a managed certificate is.
    pub CertificateStatus {
        /// The first one.
        issuance: Issuance,
        /// The next one.
        renewal: Renewal,
        /// Why it did not work.
        error: Option<CertificateFault>,
    }
}

model! {
    /// What uses a certificate.
    pub UsedBy {
        /// Its number.
        id: u64,
        /// `load_balancer`.
        kind as "type": String,
    }
}

model! {
    /// A certificate.
    pub Certificate {
        /// Its number.
        id: Option<u64>,
        /// Its name: no two of a project have the same.
        name: String,
        /// Its labels.
        labels: Labels,
        /// Who takes care of it.
        kind as "type": CertificateKind,
        /// The chain as PEM.
        certificate: Option<String>,
        /// When it was made.
        created: Option<Timestamp>,
        /// From when on it is valid.
        not_valid_before: Option<Timestamp>,
        /// Until when.
        not_valid_after: Option<Timestamp>,
        /// For which names.
        domain_names: Vec<String>,
        /// SHA-256, with colons.
        fingerprint: Option<String>,
        /// How a managed one is.
        status: Option<CertificateStatus>,
        /// What uses it.
        used_by: Vec<UsedBy>,
    }
}
kind!(Certificate, "certificate", "certificates", "certificate", sorts: BY_ALL, pace: STEADY,
    labels: labels, created: created);
