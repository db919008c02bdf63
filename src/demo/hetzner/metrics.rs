//! Series of figures, computed: the same question has the same answer at any time.

use super::{
    error::ApiError,
    item::Item,
    kind::{Answer, Reply},
    query::Query,
    world::{DAY, SECOND, time},
};
use serde_json::{Map, Value, json};
use std::f64::consts::TAU;

/// Samples when no step is asked for, and at most.
const SAMPLES: (i64, i64) = (200, 500);
/// How far back there are figures, in days.
const DAYS: i64 = 30;

/// A type of metrics with its series: name, and the height around which it moves.
pub(super) type Types = &'static [(&'static str, &'static [(&'static str, f64)])];

/// A server's.
pub(super) const SERVER: Types = &[
    ("cpu", &[("cpu", 35.0)]),
    (
        "disk",
        &[
            ("disk.0.iops.read", 40.0),
            ("disk.0.iops.write", 120.0),
            ("disk.0.bandwidth.read", 1_200_000.0),
            ("disk.0.bandwidth.write", 5_400_000.0),
        ],
    ),
    (
        "network",
        &[
            ("network.0.pps.in", 900.0),
            ("network.0.pps.out", 1_100.0),
            ("network.0.bandwidth.in", 800_000.0),
            ("network.0.bandwidth.out", 2_600_000.0),
        ],
    ),
];

/// A load balancer's.
pub(super) const BALANCER: Types = &[
    ("open_connections", &[("open_connections", 240.0)]),
    (
        "connections_per_second",
        &[("connections_per_second", 35.0)],
    ),
    ("requests_per_second", &[("requests_per_second", 120.0)]),
    (
        "bandwidth",
        &[("bandwidth.in", 900_000.0), ("bandwidth.out", 7_500_000.0)],
    ),
];

/// Answers `GET …/metrics`.
pub(super) fn answer(item: &Item, types: Types, query: &Query, now: i64) -> Reply {
    let asked: Vec<&str> = query.all("type").flat_map(|text| text.split(',')).collect();
    if asked.is_empty() {
        return Err(ApiError::field("type", "missing field"));
    }
    let when = |key: &str| {
        let text = query
            .one(key)
            .ok_or_else(|| ApiError::field(key, "missing field"))?;
        let at: Result<jiff::Timestamp, _> = text.parse();
        at.map(jiff::Timestamp::as_second)
            .map_err(|_| ApiError::field(key, "must be a time in ISO-8601 format"))
    };
    let now = now / SECOND;
    let (start, end) = (when("start")?, when("end")?);
    if start >= end {
        return Err(ApiError::field("end", "must be after start"));
    }
    let start = start.max(now - DAYS * DAY / SECOND);
    let span = (end - start).max(1);
    let step = match query.one("step") {
        None => span.div_euclid(SAMPLES.0),
        Some(text) => text
            .parse()
            .map_err(|_| ApiError::field("step", "must be a number"))?,
    };
    let step = step.max((span + SAMPLES.1 - 1) / SAMPLES.1).max(1);
    let born: Option<jiff::Timestamp> = item.text("created").parse().ok();
    let born = born.map_or(i64::MIN, jiff::Timestamp::as_second);
    let mut series = Map::new();
    for name in asked {
        let found = types.iter().find(|(kind, _)| *kind == name);
        let (_, lines) = found.ok_or_else(|| ApiError::field("type", "unknown type"))?;
        for (line, height) in *lines {
            let seed = seed(item.id(), line);
            let values: Vec<Value> = (0..=span / step)
                .map(|n| start + n * step)
                .filter(|at| *at <= now && *at >= born && *at <= end)
                .map(|at| json!([at, format!("{:.4}", value(seed, *height, at))]))
                .collect();
            series.insert((*line).to_owned(), json!({ "values": values }));
        }
    }
    Answer::ok(json!({"metrics": {
        "start": time(start * SECOND), "end": time(end * SECOND), "step": step,
        "time_series": series,
    }}))
}

fn seed(id: u64, line: &str) -> u64 {
    let bytes = line.bytes().map(u64::from);
    bytes.fold(id.wrapping_mul(0x9e37_79b9_7f4a_7c15), |seed, byte| {
        (seed ^ byte).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A height at a time: by day and hour, with noise.
#[allow(clippy::cast_precision_loss)]
fn value(seed: u64, height: f64, at: i64) -> f64 {
    let phase = (seed >> 40) as f64 / f64::from(1 << 24);
    let wave = |period: f64| (TAU * (at as f64 / period + phase)).sin();
    let noise = fastrand::Rng::with_seed(seed ^ (at.unsigned_abs() / 10)).f64() - 0.5;
    let part = 0.55 + 0.30 * wave(86_400.0) + 0.10 * wave(1_700.0) + 0.20 * noise;
    height * (0.4 + phase) * part.max(0.02)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_bounded_and_the_same_again() {
        let item = Item::new(json!({"id": 42, "created": "2026-01-01T00:00:00Z"}));
        let now = 1_793_000_000 * SECOND;
        let ask = |text: &str| answer(&item, SERVER, &Query::parse(text), now);
        let start = "start=2026-10-20T00:00:00Z&end=2026-10-21T00:00:00Z";
        let one = ask(&format!("type=cpu,disk&{start}"))
            .unwrap()
            .body
            .unwrap();
        let series = one["metrics"]["time_series"].as_object().unwrap();
        assert_eq!(series.len(), 5);
        let values = series["cpu"]["values"].as_array().unwrap();
        assert!(
            values.len() >= 190 && values.len() <= 201,
            "{}",
            values.len()
        );
        assert_eq!(
            ask(&format!("type=cpu,disk&{start}"))
                .unwrap()
                .body
                .unwrap(),
            one
        );
        let fine = ask(&format!("type=cpu&step=1&{start}"))
            .unwrap()
            .body
            .unwrap();
        let values = fine["metrics"]["time_series"]["cpu"]["values"]
            .as_array()
            .unwrap();
        assert!(values.len() <= 501);
        assert!(ask(&format!("type=memory&{start}")).is_err());
        assert!(ask("type=cpu&start=x&end=y").is_err());
    }
}
