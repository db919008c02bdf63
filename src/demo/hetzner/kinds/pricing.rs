//! `GET /pricing`: what everything costs.

use super::super::{
    catalogue::{PLACES, price, price_at},
    item::Item,
    world::World,
};
use serde_json::{Value, json};

/// The whole of it.
pub(in super::super) fn show(world: &World) -> Value {
    let of_types = |kind: &str| -> Vec<Value> {
        let shown = |item: &Item| json!({"id": item.id(), "name": item.name(), "prices": item.get("prices")});
        world.all(kind).map(shown).collect()
    };
    let per_place = |net: f64, hourly: bool| -> Vec<Value> {
        PLACES
            .iter()
            .map(|place| price_at(place, net, hourly))
            .collect()
    };
    json!({
        "currency": "EUR", "vat_rate": "19.000000",
        "primary_ips": [
            {"type": "ipv4", "prices": per_place(0.50, true)},
            {"type": "ipv6", "prices": per_place(0.0, true)},
        ],
        "floating_ips": [
            {"type": "ipv4", "prices": per_place(3.0, false)},
            {"type": "ipv6", "prices": per_place(1.0, false)},
        ],
        "floating_ip": {"price_monthly": price(3.0)},
        "image": {"price_per_gb_month": price(0.011)},
        "volume": {"price_per_gb_month": price(0.044)},
        "server_backup": {"percentage": "20.00"},
        "server_types": of_types("server_types"),
        "load_balancer_types": of_types("load_balancer_types"),
    })
}
