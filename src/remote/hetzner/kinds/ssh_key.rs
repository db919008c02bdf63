//! SSH keys that new servers get.

use super::{Labels, STEADY, kind};
use crate::remote::hetzner::wire::model;
use jiff::Timestamp;

model! {
    /// An SSH key.
    pub SshKey {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// MD5, with colons.
        fingerprint: String,
        /// The key, as in authorized_keys.
        public_key: String,
        /// Its labels.
        labels: Labels,
        /// When it was made.
        created: Option<Timestamp>,
    }
}
kind!(SshKey, "SSH key", "ssh_keys", "ssh_key", sorts: &["id", "name"], pace: STEADY,
    labels: labels, created: created);
