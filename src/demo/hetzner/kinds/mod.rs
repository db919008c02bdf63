//! The kinds of resources, one file each, all of one shape.

pub(super) mod certificate;
pub(super) mod firewall;
pub(super) mod floating_ip;
pub(super) mod image;
pub(super) mod iso;
pub(super) mod load_balancer;
pub(super) mod load_balancer_type;
pub(super) mod location;
pub(super) mod network;
pub(super) mod placement_group;
pub(super) mod pricing;
pub(super) mod primary_ip;
pub(super) mod rdns;
pub(super) mod server;
pub(super) mod server_type;
pub(super) mod ssh_key;
pub(super) mod volume;
pub(super) mod zone;
