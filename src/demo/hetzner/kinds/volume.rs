//! Volumes.

use super::{
    super::{
        action::Begin,
        body::Body,
        error::ApiError,
        item::Item,
        kind::{Answer, Kind, Reply},
        world::World,
    },
    location,
};
use serde_json::{Value, json};

/// Volumes.
pub(in super::super) struct Volumes;

const MANY: &str = "volumes";
const ONE: &str = "volume";
/// Sizes in GB.
const SIZES: std::ops::RangeInclusive<u64> = 10..=10_240;
/// Volumes that one server may have.
const AT_ONE: usize = 16;

impl Kind for Volumes {
    fn one(&self) -> &'static str {
        ONE
    }

    fn many(&self) -> &'static str {
        MANY
    }

    fn filters(&self) -> &'static [&'static str] {
        &["status"]
    }

    fn show(&self, world: &World, item: &Item) -> Value {
        let mut shown = item.shown();
        let location = location::shown(world, item.text("location"));
        shown.insert("location".to_owned(), location);
        Value::Object(shown)
    }

    fn create(&self, world: &mut World, mut body: Body) -> Reply {
        let (name, labels) = (body.name(), body.labels());
        let size = body.number("size");
        let size = body.need("size", size);
        if !SIZES.contains(&size) {
            body.reject("size", "must be between 10 and 10240");
        }
        let format = body.text("format");
        if format
            .as_deref()
            .is_some_and(|f| !matches!(f, "ext4" | "xfs"))
        {
            body.reject("format", "must be 'ext4' or 'xfs'");
        }
        let (place, server) = (body.reference("location"), body.number("server"));
        body.check()?;
        world.unique(MANY, &name, 0)?;
        let place = match (server, place) {
            (Some(server), None) => {
                attachable(world, server)?;
                world
                    .need("servers", "server", server)?
                    .text("location")
                    .to_owned()
            }
            (None, Some(place)) => location::find(world, "location", &place)?.name().to_owned(),
            (Some(_), Some(_)) => {
                let message = "only one of location and server can be given";
                return Err(ApiError::field("location", message));
            }
            (None, None) => {
                return Err(ApiError::field(
                    "location",
                    "location or server must be given",
                ));
            }
        };
        let id = world.number();
        let item = Item::new(json!({
            "id": id, "name": name, "server": null, "location": place, "size": size,
            "linux_device": format!("/dev/disk/by-id/scsi-0HC_Volume_{id}"),
            "protection": {"delete": false}, "labels": labels.unwrap_or_else(|| json!({})),
            "status": "creating", "format": format,
        }));
        world.insert(MANY, item)?;
        let mut begin = Begin::new("create_volume", id, ONE, move |world| {
            world.set(MANY, id, "status", "available");
            world.set(MANY, id, "server", server);
        });
        if let Some(server) = server {
            begin = begin.with(server, "server");
        }
        let create = world.begin(
            begin
                .or_else(move |world| world.remove(MANY, id))
                .tenths(10),
        );
        let mut next = Vec::new();
        if let Some(server) = server {
            let begin = Begin::new("attach_volume", id, ONE, move |world| {
                world.set(MANY, id, "server", server);
            });
            let attach = world.begin(begin.with(server, "server").tenths(20));
            next.push(world.action(attach));
        }
        Answer::created(json!({
            "volume": self.view(world, id), "action": world.action(create), "next_actions": next,
        }))
    }

    fn delete(&self, world: &mut World, id: u64) -> Reply {
        self.deletable(world, id)?;
        if world
            .item(MANY, id)
            .is_some_and(|item| item.number("server").is_some())
        {
            let message = "volume must be detached before it can be deleted";
            return Err(ApiError::new(422, "volume_still_attached", message));
        }
        world.remove(MANY, id);
        Answer::none()
    }

    fn act(&self, world: &mut World, id: u64, verb: &str, mut body: Body) -> Reply {
        let begin = match verb {
            "change_protection" => return self.protect(world, id, body, &["delete"]),
            "attach" => {
                let server = body.number("server");
                let server = body.need("server", server);
                body.check()?;
                attach(world, id, server)?
            }
            "detach" => {
                let server = world.need(MANY, ONE, id)?.number("server");
                let server = server.ok_or_else(|| {
                    ApiError::new(422, "volume_not_attached", "volume is not attached")
                })?;
                Begin::new("detach_volume", id, ONE, move |world| {
                    world.set(MANY, id, "server", Value::Null);
                })
                .with(server, "server")
            }
            "resize" => {
                let size = body.number("size");
                let size = body.need("size", size);
                let now = world
                    .need(MANY, ONE, id)?
                    .number("size")
                    .unwrap_or_default();
                if size <= now || !SIZES.contains(&size) {
                    body.reject("size", "must be larger than the volume is, at most 10240");
                }
                body.check()?;
                Begin::new("resize_volume", id, ONE, move |world| {
                    world.set(MANY, id, "size", size);
                })
            }
            _ => return Err(ApiError::no_route()),
        };
        Answer::action(world.act(begin.tenths(10))?)
    }
}

/// Refuses a server that cannot take another volume.
fn attachable(world: &World, server: u64) -> Result<(), ApiError> {
    world.need("servers", "server", server)?;
    world.free(server, "server")?;
    if world.related(MANY, "server", server).len() >= AT_ONE {
        return Err(ApiError::limit("server_volume_limit"));
    }
    Ok(())
}

/// Begins an attachment.
fn attach(world: &World, id: u64, server: u64) -> Result<Begin, ApiError> {
    attachable(world, server)?;
    let item = world.need(MANY, ONE, id)?;
    if item.number("server").is_some() {
        let message = "volume is already attached to a server";
        return Err(ApiError::new(422, "volume_already_attached", message));
    }
    let there = world.need("servers", "server", server)?;
    if there.text("location") != item.text("location") {
        let message = "volume and server must be in the same location";
        return Err(ApiError::new(422, "invalid_location", message));
    }
    let begin = Begin::new("attach_volume", id, ONE, move |world| {
        world.set(MANY, id, "server", server);
    });
    Ok(begin.with(server, "server"))
}
