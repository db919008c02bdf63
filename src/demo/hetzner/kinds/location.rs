//! Locations: read only.

use super::super::{error::ApiError, item::Item, kind::Kind, world::World};
use serde_json::Value;

/// Locations.
pub(in super::super) struct Locations;

impl Kind for Locations {
    fn one(&self) -> &'static str {
        "location"
    }

    fn many(&self) -> &'static str {
        "locations"
    }

    fn sorts(&self) -> &'static [&'static str] {
        &["id", "name"]
    }

    fn acts(&self) -> bool {
        false
    }
}

/// A location as other resources show it.
pub(in super::super) fn shown(world: &World, name: &str) -> Value {
    let item = world.find("locations", name);
    item.map_or(Value::Null, |item| Value::Object(item.shown()))
}

/// A location by name or number, or what is wrong with it.
pub(in super::super) fn find<'a>(
    world: &'a World,
    field: &str,
    reference: &str,
) -> Result<&'a Item, ApiError> {
    world
        .find("locations", reference)
        .ok_or_else(|| ApiError::field(field, format!("location '{reference}' not found")))
}

/// The first location of a network zone.
pub(in super::super) fn in_zone<'a>(world: &'a World, zone: &str) -> Result<&'a Item, ApiError> {
    let mut found = world.all("locations");
    found
        .find(|item| item.text("network_zone") == zone)
        .ok_or_else(|| ApiError::field("network_zone", format!("network zone '{zone}' not found")))
}
