//! Load balancer types: read only.

use super::super::kind::Kind;

/// Load balancer types.
pub(in super::super) struct LoadBalancerTypes;

impl Kind for LoadBalancerTypes {
    fn one(&self) -> &'static str {
        "load_balancer_type"
    }

    fn many(&self) -> &'static str {
        "load_balancer_types"
    }

    fn sorts(&self) -> &'static [&'static str] {
        &["id", "name"]
    }

    fn acts(&self) -> bool {
        false
    }
}
