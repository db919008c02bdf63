//! From a path to the kind that answers it: lists, single resources, actions.

use super::{
    error::ApiError,
    item::Item,
    kind::{Answer, KINDS, Kind, Reply, Request},
    kinds::pricing,
    selector::Selector,
    world::World,
};
use serde_json::{Value, json};

/// What actions can be sorted by.
const ACTION_SORTS: &[&str] = &["id", "command", "status", "started", "finished"];
/// Actions that one request may ask for.
const ACTIONS_AT_ONCE: usize = 100;

/// Answers a request to a path below the version.
pub(super) fn route(world: &mut World, path: &str, request: Request) -> Reply {
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(super::query::decode)
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let get = |reply: fn(&World, &Request) -> Reply, world: &World| match request.method {
        "GET" => reply(world, &request),
        _ => Err(ApiError::method()),
    };
    match parts.as_slice() {
        ["actions"] => get(some_actions, world),
        ["actions", id] if request.method == "GET" => action(world, id),
        ["pricing"] => get(
            |world, _| Answer::ok(json!({"pricing": pricing::show(world)})),
            world,
        ),
        ["datacenters", ..] => Err(ApiError::gone("2026-10-01-datacenters-endpoints-removed")),
        [many, rest @ ..] => {
            let mut kinds = KINDS.iter().filter(|kind| kind.many() == *many);
            let kind = kinds.next().ok_or_else(ApiError::no_route)?;
            of_kind(*kind, world, rest, request)
        }
        [] => Err(ApiError::no_route()),
    }
}

fn of_kind(kind: &dyn Kind, world: &mut World, rest: &[&str], request: Request) -> Reply {
    match (rest, request.method) {
        ([], "GET") => list(kind, world, &request),
        ([], "POST") => kind.create(world, request.body),
        (["actions"], "GET") if kind.acts() => {
            actions(world.actions.of(kind.one(), None, world.now), &request)
        }
        (["actions", id], "GET") if kind.acts() => action(world, id),
        ([] | ["actions"], _) => Err(ApiError::method()),
        ([text, rest @ ..], _) => {
            let number = kind.number(world, text);
            let id = number.filter(|id| world.item(kind.many(), *id).is_some());
            let id = id.ok_or_else(|| ApiError::not_found(kind.one(), text))?;
            of_one(kind, world, id, rest, request)
        }
    }
}

fn of_one(kind: &dyn Kind, world: &mut World, id: u64, rest: &[&str], request: Request) -> Reply {
    match (rest, request.method) {
        ([], "GET") => kind.shown(world, id),
        ([], "PUT") => kind.update(world, id, request.body),
        ([], "DELETE") => kind.delete(world, id),
        (["actions"], "GET") if kind.acts() => {
            actions(world.actions.of(kind.one(), Some(id), world.now), &request)
        }
        (["actions", action_id], "GET") if kind.acts() => action(world, action_id),
        (["actions", verb], "POST") if kind.acts() => kind.act(world, id, verb, request.body),
        ([], _) => Err(ApiError::method()),
        (rest, _) => kind.below(world, id, rest, request),
    }
}

/// A list of a kind: filtered, sorted, one page of it.
fn list(kind: &dyn Kind, world: &World, request: &Request) -> Reply {
    let query = request.query;
    let selector = Selector::parse(query.one("label_selector").unwrap_or_default())?;
    let mut items: Vec<&Item> = world
        .all(kind.many())
        .filter(|item| {
            query.admits("name", item.name())
                && selector.matches(item)
                && kind.filters().iter().all(|field| match item.get(field) {
                    Value::Number(number) => query.admits(field, &number.to_string()),
                    value => query.admits(field, value.as_str().unwrap_or_default()),
                })
                && kind.admits(item, query)
        })
        .collect();
    query.sort(&mut items, kind.sorts())?;
    page(kind.many(), &items, request, |item| kind.show(world, item))
}

/// One page of items under their name.
pub(super) fn page(
    many: &str,
    items: &[&Item],
    request: &Request,
    show: impl Fn(&Item) -> Value,
) -> Reply {
    let page = request.query.page(items.len())?;
    let shown: Vec<Value> = page.cut(items).into_iter().map(show).collect();
    Ok(Answer {
        status: 200,
        body: Some(json!({many: shown, "meta": {"pagination": page.meta()}})),
        link: Some(page.link(request.place, request.query)),
    })
}

fn action(world: &World, id: &str) -> Reply {
    let found = id.parse().ok().map(|id| world.action(id));
    match found {
        Some(action) if !action.is_null() => Answer::ok(json!({ "action": action })),
        _ => Err(ApiError::not_found("action", id)),
    }
}

/// `GET /actions`, for which ids must be named.
fn some_actions(world: &World, request: &Request) -> Reply {
    let ids: Vec<&str> = request.query.all("id").collect();
    if ids.is_empty() {
        return Err(ApiError::gone(
            "2025-01-30-listing-arbitrary-actions-in-the-actions-list-endpoint-is-removed",
        ));
    }
    if ids.len() > ACTIONS_AT_ONCE {
        return Err(ApiError::field("id", "too many"));
    }
    let mut found = Vec::new();
    for id in ids {
        let number = id
            .parse()
            .map_err(|_| ApiError::field("id", "must be a number"))?;
        let action = world.action(number);
        // One that is not there is not missed.
        if !action.is_null() {
            found.push(action);
        }
    }
    // Of all lists the only one without pages.
    Answer::ok(json!({ "actions": found }))
}

fn actions(found: Vec<Item>, request: &Request) -> Reply {
    let query = request.query;
    let admitted = |item: &&Item| {
        query.admits("status", item.text("status")) && query.admits("id", &item.id().to_string())
    };
    let mut items: Vec<&Item> = found.iter().filter(admitted).collect();
    query.sort(&mut items, ACTION_SORTS)?;
    page("actions", &items, request, |item| {
        Value::Object(item.shown())
    })
}
