//! Placement groups.

use super::super::{
    body::Body,
    error::ApiError,
    item::Item,
    kind::{Answer, Kind, Reply},
    world::World,
};
use serde_json::{Value, json};

/// Placement groups.
pub(in super::super) struct PlacementGroups;

/// Servers that one group may hold.
pub(in super::super) const MEMBERS: usize = 10;

impl Kind for PlacementGroups {
    fn one(&self) -> &'static str {
        "placement_group"
    }

    fn many(&self) -> &'static str {
        "placement_groups"
    }

    fn filters(&self) -> &'static [&'static str] {
        &["type"]
    }

    fn acts(&self) -> bool {
        false
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let servers = world.related("servers", "placement_group", item.id());
        shown.insert("servers".to_owned(), json!(servers));
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let kind = body.text("type");
        if body.need("type", kind) != "spread" {
            body.reject("type", "must be 'spread'");
        }
        body.check()?;
        world.unique(self.many(), &name, 0)?;
        let item = Item::new(json!({
            "name": name, "type": "spread", "labels": labels.unwrap_or_else(|| json!({})),
        }));
        let id = world.insert(self.many(), item)?;
        Answer::created(json!({"placement_group": self.view(world, id), "action": null}))
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        if !world.related("servers", "placement_group", id).is_empty() {
            let message = "placement group still has servers";
            return Err(ApiError::new(409, "resource_in_use", message));
        }
        world.remove(self.many(), id);
        Answer::none()
    }
}
