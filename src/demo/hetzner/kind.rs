//! What every kind of resource has in common, so that a new one is one file and one line here.

use super::{
    action::Begin, body::Body, error::ApiError, item::Item, kinds, query::Query, world::World,
};
use serde_json::{Value, json};

/// An answer that is no error.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Nothing for 204.
    pub(super) body: Option<Value>,
    /// The `Link` header's value.
    pub(super) link: Option<String>,
}

/// What a request ends in.
pub(super) type Reply = Result<Answer, ApiError>;

impl Answer {
    fn of(status: u16, body: Value) -> Answer {
        Answer {
            status,
            body: Some(body),
            link: None,
        }
    }

    /// 200 with a body.
    pub(super) fn ok(body: Value) -> Reply {
        Ok(Answer::of(200, body))
    }

    /// 201 with a body.
    pub(super) fn created(body: Value) -> Reply {
        Ok(Answer::of(201, body))
    }

    /// 201 with an action.
    pub(super) fn action(action: Value) -> Reply {
        Answer::created(json!({ "action": action }))
    }

    /// 204.
    pub(super) fn none() -> Reply {
        Ok(Answer {
            status: 204,
            body: None,
            link: None,
        })
    }
}

/// A request as the kinds see it.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) query: &'a Query,
    pub(super) body: Body,
    /// The endpoint's address and the path, for `Link`.
    pub(super) place: &'a str,
}

/// One kind of resource.
pub(super) trait Kind: Sync {
    /// Its name in the singular, as in answers and actions.
    fn one(&self) -> &'static str;

    /// Its name in the plural, as in paths and lists.
    fn many(&self) -> &'static str;

    /// What a list can be sorted by.
    fn sorts(&self) -> &'static [&'static str] {
        &["id", "name", "created"]
    }

    /// Fields that a list can be filtered by, beyond name and labels.
    fn filters(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its resources have actions.
    fn acts(&self) -> bool {
        true
    }

    /// Whether a list has one of them, beyond the filters.
    fn admits(&self, _item: &Item, _query: &Query) -> bool {
        true
    }

    /// The number of what a path names.
    fn number(&self, _world: &World, text: &str) -> Option<u64> {
        text.parse().ok()
    }

    /// What the API shows of one.
    fn show(&self, _world: &World, item: &Item) -> Value {
        Value::Object(item.shown())
    }

    /// `POST /kind`.
    fn create(&self, _world: &mut World, _body: Body) -> Reply {
        Err(ApiError::method())
    }

    /// `PUT /kind/id`: name and labels for most.
    fn update(&self, world: &mut World, id: u64, mut body: Body) -> Reply {
        self.rename(world, id, &mut body)?;
        self.shown(world, id)
    }

    /// `DELETE /kind/id`.
    fn delete(&self, _world: &mut World, _id: u64) -> Reply {
        Err(ApiError::method())
    }

    /// `POST /kind/id/actions/verb`.
    fn act(&self, _world: &mut World, _id: u64, _verb: &str, _body: Body) -> Reply {
        Err(ApiError::no_route())
    }

    /// Anything else below one of them.
    fn below(&self, _world: &mut World, _id: u64, _rest: &[&str], _request: Request) -> Reply {
        Err(ApiError::no_route())
    }

    /// One of them under its name.
    fn shown(&self, world: &World, id: u64) -> Reply {
        Answer::ok(json!({ self.one(): self.view(world, id) }))
    }

    /// One of them; null when it is gone.
    fn view(&self, world: &World, id: u64) -> Value {
        let item = world.item(self.many(), id);
        item.map_or(Value::Null, |item| self.show(world, item))
    }

    /// Sets name and labels as far as sent.
    fn rename(&self, world: &mut World, id: u64, body: &mut Body) -> Result<(), ApiError> {
        let (name, labels) = (body.new_name(), body.labels());
        body.check()?;
        if let Some(name) = name {
            world.unique(self.many(), &name, id)?;
            world.set(self.many(), id, "name", name);
        }
        if let Some(labels) = labels {
            world.set(self.many(), id, "labels", labels);
        }
        Ok(())
    }

    /// Refuses what is protected against deletion.
    fn deletable(&self, world: &World, id: u64) -> Result<(), ApiError> {
        let item = world.item(self.many(), id);
        if item.is_some_and(|item| item.protected("delete")) {
            return Err(ApiError::protected(self.one(), "deletion"));
        }
        world.free(id, self.one())
    }

    /// `change_protection`, with the protections that the kind has.
    fn protect(&self, world: &mut World, id: u64, mut body: Body, against: &[&str]) -> Reply {
        let wanted: Vec<(&str, Option<bool>)> =
            against.iter().map(|key| (*key, body.flag(key))).collect();
        body.check()?;
        let (many, now) = (self.many(), world.item(self.many(), id));
        let mut protection = now.map_or(Value::Null, |item| item.get("protection").clone());
        for (key, on) in wanted {
            if let (Some(on), Some(fields)) = (on, protection.as_object_mut()) {
                fields.insert(key.to_owned(), on.into());
            }
        }
        let begin = Begin::new("change_protection", id, self.one(), move |world| {
            world.set(many, id, "protection", protection);
        });
        Answer::action(world.act(begin.light().tenths(2))?)
    }
}

/// All of them.
pub(super) const KINDS: &[&dyn Kind] = &[
    &kinds::server::Servers,
    &kinds::server_type::ServerTypes,
    &kinds::image::Images,
    &kinds::volume::Volumes,
    &kinds::network::Networks,
    &kinds::load_balancer::LoadBalancers,
    &kinds::load_balancer_type::LoadBalancerTypes,
    &kinds::certificate::Certificates,
    &kinds::firewall::Firewalls,
    &kinds::primary_ip::PrimaryIps,
    &kinds::floating_ip::FloatingIps,
    &kinds::ssh_key::SshKeys,
    &kinds::placement_group::PlacementGroups,
    &kinds::iso::Isos,
    &kinds::location::Locations,
    &kinds::zone::Zones,
];
