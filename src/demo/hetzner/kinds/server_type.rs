//! Server types: read only.

use super::super::kind::Kind;

/// Server types.
pub(in super::super) struct ServerTypes;

impl Kind for ServerTypes {
    fn one(&self) -> &'static str {
        "server_type"
    }

    fn many(&self) -> &'static str {
        "server_types"
    }

    fn sorts(&self) -> &'static [&'static str] {
        &["id", "name"]
    }

    fn acts(&self) -> bool {
        false
    }
}
