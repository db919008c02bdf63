//! Actions: the newest changes that took time, whoever made them.

use super::{fault, named};
use crate::{
    remote::hetzner::kinds::{Action, ActionStatus},
    tui::{
        model::{CloudKind, cloud::Fault},
        panes::cloud::{
            kinds,
            thing::{Col, Datum, Facts, Link, Look, See, Spec, col, owned},
        },
        theme::Status,
    },
};
use jiff::SignedDuration;
use std::borrow::Cow;

const COLUMNS: &[Col] = &[
    col("state", "STATE", 16, 28, 0, false),
    col("resource", "ON", 18, 44, 1, false),
    col("progress", "%", 3, 3, 4, true),
];

pub(super) const SPEC: Spec = Spec {
    noun: "action",
    command: "actions",
    columns: COLUMNS,
    priced: false,
    needs: &[
        CloudKind::Servers,
        CloudKind::LoadBalancers,
        CloudKind::Volumes,
    ],
};

/// For so long a failed action is something to look at.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

impl Look for Action {
    fn datum<'a>(&'a self, field: &str, see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, word) = state(self);
                Datum::Status(status, word)
            }
            "resource" => Datum::text(on(self, see)),
            "progress" => match self.is_over() {
                true => Datum::None,
                false => Datum::Count(u64::from(self.progress)),
            },
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        let (status, word) = state(self);
        facts.status("state", status, word);
        if let Some(error) = &self.error {
            facts.status(
                "error",
                Status::Bad,
                format!("{}: {}", error.code, error.message),
            );
        }
        facts.add("progress", format!("{} %", self.progress));
        let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        facts.add("began", time(self.started));
        facts.add("ended", time(self.finished));
        for resource in &self.resources {
            let label = resource.kind.replace('_', " ");
            match named(&resource.kind) {
                Some(kind) => {
                    facts.link(
                        &label,
                        name(kind, resource.id, see),
                        Link::Thing(kind, resource.id),
                    );
                }
                None => facts.add(&label, format!("#{}", resource.id)),
            }
        }
    }

    fn title(&self) -> Option<Cow<'_, str>> {
        Some(self.command.replace('_', " ").into())
    }

    fn is_owned(&self, see: &See) -> Option<bool> {
        Some(self.resources.iter().any(|resource| {
            let kind = named(&resource.kind);
            let thing = kind.and_then(|kind| kinds::thing(see.cloud(), kind, resource.id));
            thing.is_some_and(|thing| owned(thing, see))
        }))
    }

    fn faults(&self, see: &See, all: &mut Vec<Fault>) {
        let ended = self.finished.or(self.started);
        let recent = ended.is_some_and(|at| see.now.duration_since(at) < RECENT);
        if self.status != ActionStatus::Error || !recent {
            return;
        }
        let why = self
            .error
            .as_ref()
            .map_or("", |error| error.message.as_str());
        let text = format!(
            "{} of {} failed: {why}",
            self.command.replace('_', " "),
            on(self, see)
        );
        let number = self.id.unwrap_or(0);
        let mut fault = fault(Status::Bad, CloudKind::Actions, number, "failed", text);
        fault.since = ended;
        all.push(fault);
    }
}

fn state(action: &Action) -> (Status, Cow<'_, str>) {
    match (&action.status, &action.error) {
        (ActionStatus::Running, _) => (Status::Busy, "running".into()),
        (ActionStatus::Success, _) => (Status::Good, "success".into()),
        (ActionStatus::Error, Some(error)) => (Status::Bad, error.code.as_str().into()),
        (ActionStatus::Error, None) => (Status::Bad, "error".into()),
        (other, _) => (Status::Unknown, other.as_str().into()),
    }
}

fn name(kind: CloudKind, id: u64, see: &See) -> String {
    match kinds::thing(see.cloud(), kind, id) {
        Some(thing) => thing.called().into_owned(),
        None => format!("#{id}"),
    }
}

/// What it was done to.
fn on(action: &Action, see: &See) -> String {
    let names = action.resources.iter().map(|resource| {
        let word = resource.kind.replace('_', " ");
        match named(&resource.kind) {
            Some(kind) => format!("{word} {}", name(kind, resource.id, see)),
            None => format!("{word} #{}", resource.id),
        }
    });
    names.collect::<Vec<_>>().join(", ")
}
