//! ISOs: what can be put into a server's drive.

use super::{CATALOGUE, Deprecation, kind};
use crate::remote::hetzner::wire::model;

model! {
    /// An ISO.
    pub Iso {
        /// Its number.
        id: Option<u64>,
        /// Its name.
        name: String,
        /// What it is.
        description: String,
        /// `public` or `private`.
        kind as "type": String,
        /// When it goes out of use.
        deprecation: Option<Deprecation>,
        /// `x86` or `arm`; none for both.
        architecture: Option<String>,
    }
}
kind!(Iso, "ISO", "isos", "iso", sorts: &[], pace: CATALOGUE);
