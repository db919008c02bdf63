//! Figures of servers and load balancers over time, as the API gives them. There are none of
//! memory and file systems: those come from the host.

use super::{
    Hetzner,
    budget::Priority,
    error::HetznerError,
    request::Request,
    wire::{One, model},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

model! {
    /// One figure over time.
    pub TimeSeries {
        /// Time (seconds since 1970) and value.
        values: Vec<(f64, f64)>,
    }
}

model! {
    /// Figures over time.
    pub Metrics {
        /// The first moment.
        start: Option<Timestamp>,
        /// The last moment.
        end: Option<Timestamp>,
        /// Seconds between samples.
        step: f64,
        /// By name, e.g. `cpu` or `network.0.bandwidth.in`.
        time_series: BTreeMap<String, TimeSeries>,
    }
}

/// Whose figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricsOf {
    /// `cpu`, `disk`, `network`.
    Server(u64),
    /// `open_connections`, `connections_per_second`, `requests_per_second`, `bandwidth`.
    LoadBalancer(u64),
}

/// Samples that the API gives at most.
pub const MAX_SAMPLES: u32 = 500;

impl Hetzner {
    /// Figures of these types between two moments, so many samples at most (500 are the API's
    /// limit). One request.
    ///
    /// # Errors
    /// When there is no answer, or no such server or load balancer.
    pub async fn metrics(
        &self,
        of: MetricsOf,
        types: &[&str],
        start: Timestamp,
        end: Timestamp,
        samples: u32,
        priority: Priority,
    ) -> Result<Metrics, HetznerError> {
        let (list, id) = match of {
            MetricsOf::Server(id) => ("servers", id.to_string()),
            MetricsOf::LoadBalancer(id) => ("load_balancers", id.to_string()),
        };
        let seconds = end.as_second().saturating_sub(start.as_second()).max(1);
        let samples = i64::from(samples.clamp(1, MAX_SAMPLES));
        // Rounded up: one sample too many is refused.
        let step = ((seconds + samples - 1) / samples).max(1);
        let request = Request::get(&[list, &id, "metrics"], priority)
            .with("type", types.join(","))
            .with("start", start.to_string())
            .with("end", end.to_string())
            .with("step", step.to_string());
        let read = |json: &[u8]| {
            let one = One::<Metrics>::read(json, "metrics").map_err(|error| error.to_string())?;
            one.0.ok_or_else(|| "no metrics in it".to_owned())
        };
        Ok(self.http().send(&request, read).await?.value)
    }
}
