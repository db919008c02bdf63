//! Figures of a server or load balancer over time: asked for while they are looked at, and what
//! each graph is made of.

use crate::{
    problem::Problem,
    remote::hetzner::{Metrics, MetricsOf},
    tui::{
        effect::{CloudAsk, Effect, Next},
        format,
        model::CloudKind,
        msg::{Reply, RequestId},
        panes::Ctx,
    },
};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write;

/// Samples that are asked for: more than the widest screen has columns.
pub(super) const SAMPLES: u32 = 200;

/// How far back graphs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Span {
    #[default]
    Hour,
    Day,
    Week,
    Month,
}

impl Span {
    fn next(self) -> Span {
        match self {
            Span::Hour => Span::Day,
            Span::Day => Span::Week,
            Span::Week => Span::Month,
            Span::Month => Span::Hour,
        }
    }

    fn hours(self) -> i64 {
        match self {
            Span::Hour => 1,
            Span::Day => 24,
            Span::Week => 7 * 24,
            Span::Month => 30 * 24,
        }
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Span::Hour => "the last hour",
            Span::Day => "the last day",
            Span::Week => "the last week",
            Span::Month => "the last 30 days",
        }
    }

    /// How often new samples are worth a request.
    fn pace(self) -> SignedDuration {
        match self {
            Span::Hour => SignedDuration::from_secs(60),
            Span::Day => SignedDuration::from_mins(10),
            Span::Week | Span::Month => SignedDuration::from_hours(1),
        }
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Percent,
    Bytes,
    PerSecond,
    Count,
}

impl Unit {
    pub(super) fn write(self, value: f64, out: &mut String) {
        let _ = match self {
            Unit::Percent => write!(out, "{value:.0}%"),
            Unit::Bytes => {
                format::bytes(out, value.max(0.0) as u64);
                out.push_str("/s");
                return;
            }
            Unit::PerSecond => write!(out, "{value:.1}/s"),
            Unit::Count => write!(out, "{value:.0}"),
        };
    }
}

/// One graph: its title, the name of the figure, and what that counts.
type Wanted = (&'static str, &'static str, Unit);

const SERVER: &[Wanted] = &[
    ("CPU", "cpu", Unit::Percent),
    ("network in", "network.0.bandwidth.in", Unit::Bytes),
    ("network out", "network.0.bandwidth.out", Unit::Bytes),
    ("disk read", "disk.0.bandwidth.read", Unit::Bytes),
    ("disk write", "disk.0.bandwidth.write", Unit::Bytes),
    ("disk reads", "disk.0.iops.read", Unit::PerSecond),
    ("disk writes", "disk.0.iops.write", Unit::PerSecond),
];

const BALANCER: &[Wanted] = &[
    ("requests", "requests_per_second", Unit::PerSecond),
    ("connections", "connections_per_second", Unit::PerSecond),
    ("open connections", "open_connections", Unit::Count),
    ("bandwidth in", "bandwidth.in", Unit::Bytes),
    ("bandwidth out", "bandwidth.out", Unit::Bytes),
];

/// One graph.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) title: &'static str,
    pub(super) unit: Unit,
    /// The oldest first.
    pub(super) values: Vec<f64>,
}

impl Graph {
    /// The largest value.
    pub(super) fn top(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }
}

/// The graphs of a resource.
#[derive(Debug, Default)]
pub(super) struct Graphs {
    pub(super) span: Span,
    pub(super) all: Vec<Graph>,
    pub(super) problem: Option<String>,
    request: Option<RequestId>,
    wanted: &'static [Wanted],
    /// When the last ones were asked for.
    at: Option<Timestamp>,
}

impl Graphs {
    /// Asks for them where it is time.
    pub(super) fn fetch(&mut self, kind: CloudKind, number: u64, ctx: &Ctx) -> Vec<Next> {
        let due = self.next().is_none_or(|next| ctx.now >= next);
        if self.request.is_some() || !due {
            return Vec::new();
        }
        let (of, types): (_, &'static [&'static str]) = match kind {
            CloudKind::Servers => (MetricsOf::Server(number), &["cpu", "disk", "network"]),
            CloudKind::LoadBalancers => (
                MetricsOf::LoadBalancer(number),
                &[
                    "open_connections",
                    "connections_per_second",
                    "requests_per_second",
                    "bandwidth",
                ],
            ),
            _ => return Vec::new(),
        };
        self.wanted = if kind == CloudKind::Servers {
            SERVER
        } else {
            BALANCER
        };
        let request = ctx.ids.request();
        self.request = Some(request);
        self.at = Some(ctx.now);
        let back = SignedDuration::from_hours(self.span.hours());
        let start = ctx.now.checked_sub(back).unwrap_or(ctx.now);
        vec![Next::Do(Effect::AskCloud(
            ctx.env().clone(),
            request,
            CloudAsk::Metrics {
                of,
                types,
                start,
                end: ctx.now,
                samples: SAMPLES,
            },
        ))]
    }

    /// Goes further back, or begins anew.
    pub(super) fn turn(&mut self, kind: CloudKind, number: u64, ctx: &Ctx) -> Vec<Next> {
        self.span = self.span.next();
        self.forget();
        self.fetch(kind, number, ctx)
    }

    /// What was fetched is not wanted any more.
    pub(super) fn forget(&mut self) {
        self.at = None;
        self.request = None;
    }

    /// Whether an answer is awaited.
    pub(super) fn is_asking(&self) -> bool {
        self.request.is_some()
    }

    /// When there is something new to ask for.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.at?.checked_add(self.span.pace()).ok()
    }

    /// Takes an answer; whether it was for these.
    pub(super) fn answer(&mut self, id: RequestId, reply: &Result<Reply, Problem>) -> bool {
        if self.request != Some(id) {
            return false;
        }
        self.request = None;
        match reply {
            Ok(Reply::CloudMetrics(metrics)) => {
                self.problem = None;
                self.all = graphs(self.wanted, metrics);
            }
            Ok(_) => {}
            Err(problem) => self.problem = Some(problem.to_string()),
        }
        true
    }

    /// The same as lines.
    pub(super) fn plain(&self, out: &mut String) {
        for graph in &self.all {
            let mut line = format!("{}, {}: ", graph.title, self.span.words());
            match graph.values.last() {
                Some(last) => {
                    graph.unit.write(*last, &mut line);
                    line.push_str(", at most ");
                    graph.unit.write(graph.top(), &mut line);
                }
                None => line.push_str("no figures"),
            }
            let _ = writeln!(out, "{line}");
        }
    }
}

/// Those that there are figures of.
fn graphs(wanted: &[Wanted], metrics: &Metrics) -> Vec<Graph> {
    let known = |name: &str| metrics.time_series.get(name);
    wanted
        .iter()
        .filter_map(|(title, name, unit)| {
            let values = known(name)?.values.iter().map(|(_, value)| *value);
            Some(Graph {
                title,
                unit: *unit,
                values: values.filter(|value| value.is_finite()).collect(),
            })
        })
        .collect()
}
