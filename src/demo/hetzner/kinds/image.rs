//! Images: the systems offered, and the project's own snapshots and backups.

use super::super::{
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply},
    query::Query,
    world::World,
};
use serde_json::Value;

/// Images.
pub(in super::super) struct Images;

const MANY: &str = "images";

impl Kind for Images {
    fn one(&self) -> &'static str {
        "image"
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn filters(&self) -> &'static [&'static str] {
        &["type", "status", "architecture", "bound_to"]
    }

    fn admits(&self, item: &Item, query: &Query) -> bool {
        query.flag("include_deprecated") || item.get("deprecation").is_null()
    }

    fn update(&self, world: &mut World, id: u64, mut body: Body) -> Reply {
        own(world, id)?;
        let (description, kind) = (body.text("description"), body.text("type"));
        let labels = body.labels();
        let backup = world
            .item(MANY, id)
            .is_some_and(|item| item.text("type") == "backup");
        if kind
            .as_deref()
            .is_some_and(|kind| kind != "snapshot" || !backup)
        {
            body.reject("type", "only a backup can become a snapshot");
        }
        body.check()?;
        if let Some(item) = world.edit(MANY, id) {
            if let Some(description) = description {
                item.set("description", description);
            }
            if let Some(labels) = labels {
                item.set("labels", labels);
            }
            if let Some(kind) = kind {
                item.set("type", kind);
                item.set("bound_to", Value::Null);
            }
        }
        self.shown(world, id)
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        own(world, id)?;
        self.deletable(world, id)?;
        world.remove(MANY, id);
        Answer::none()
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, body: Body) -> Reply {
        match verb {
            "change_protection" => {
                own(world, id)?;
                self.protect(world, id, body, &["delete"])
            }
            _ => Err(ApiError::no_route()),
        }
    }
}

/// Refuses to change what belongs to Hetzner.
fn own(world: &World, id: u64) -> Result<(), ApiError> {
    let kind = world.item(MANY, id).map_or("", |item| item.text("type"));
    if matches!(kind, "snapshot" | "backup") {
        return Ok(());
    }
    let message = "system images cannot be changed";
    Err(ApiError::new(403, "forbidden", message))
}

/// An image by number or name, for an architecture.
pub(in super::super) fn find<'a>(
    world: &'a World,
    reference: &str,
    architecture: &str,
) -> Result<&'a Item, ApiError> {
    let by_number = reference.parse().ok().and_then(|id| world.item(MANY, id));
    let mut named = world.all(MANY).filter(|item| item.name() == reference);
    let found = by_number.or_else(|| named.find(|item| item.text("architecture") == architecture));
    let image = found.ok_or_else(|| ApiError::field("image", "image not found"))?;
    if image.text("architecture") != architecture {
        let message = "image has another architecture than the server type";
        return Err(ApiError::field("image", message));
    }
    if image.text("status") != "available" {
        return Err(ApiError::new(
            412,
            "resource_unavailable",
            "image is not available",
        ));
    }
    Ok(image)
}
