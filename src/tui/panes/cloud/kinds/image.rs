//! Snapshots and backups; Hetzner's own images are no resources of the project.

use crate::{
    remote::hetzner::kinds::{Image, ImageStatus, Protection},
    tui::{
        model::CloudKind,
        panes::cloud::thing::{Col, Datum, Facts, Link, Look, See, Spec, col, named},
        theme::Status,
    },
};
use std::borrow::Cow;

const COLUMNS: &[Col] = &[
    col("state", "STATE", 11, 13, 3, false),
    col("type", "TYPE", 8, 8, 1, false),
    col("size", "SIZE", 5, 7, 2, true),
    col("server", "MADE OF", 10, 22, 4, false),
    col("architecture", "ARCH", 4, 4, 6, false),
];

pub(super) const SPEC: Spec = Spec {
    noun: "image",
    command: "images",
    columns: COLUMNS,
    priced: true,
    needs: &[CloudKind::Servers],
};

impl Look for Image {
    fn datum<'a>(&'a self, field: &str, _see: &See<'a>) -> Datum<'a> {
        match field {
            "state" => {
                let (status, word) = state(self);
                Datum::Status(status, word.into())
            }
            "type" => Datum::text(self.kind.as_str()),
            "size" => self.image_size.map_or(Datum::None, Datum::Gigabytes),
            "server" => Datum::text(
                self.created_from
                    .as_ref()
                    .map_or("", |from| from.name.as_str()),
            ),
            "architecture" => Datum::text(self.architecture.as_str()),
            _ => Datum::None,
        }
    }

    fn facts(&self, see: &See, facts: &mut Facts) {
        let (status, word) = state(self);
        facts.status("state", status, word);
        facts.add("type", self.kind.as_str());
        facts.add("description", &self.description);
        if let Some(size) = self.image_size {
            facts.add("size", format!("{size:.1} GB"));
        }
        if let Some(size) = self.disk_size {
            facts.add("needs a disk of", format!("{size:.0} GB"));
        }
        let version = self.os_version.as_deref().unwrap_or_default();
        facts.add(
            "system",
            format!("{} {version} {}", self.os_flavor, self.architecture),
        );
        if let Some(from) = &self.created_from {
            facts.link(
                "made of",
                &from.name,
                Link::Thing(CloudKind::Servers, from.id),
            );
        }
        if let Some(id) = self.bound_to {
            let name = named(see.cloud().lists.servers.find(id), id);
            facts.link("goes with", name, Link::Thing(CloudKind::Servers, id));
        }
        let here = |server: &&crate::remote::hetzner::kinds::Server| {
            server
                .image
                .as_ref()
                .is_some_and(|image| image.id == self.id && self.id.is_some())
        };
        for server in see.cloud().lists.servers.items().iter().filter(here) {
            if let Some(id) = server.id {
                facts.link("used by", &server.name, Link::Thing(CloudKind::Servers, id));
            }
        }
    }

    fn title(&self) -> Option<Cow<'_, str>> {
        Some(Image::title(self).into())
    }

    fn protection(&self) -> Option<&Protection> {
        Some(&self.protection)
    }

    fn monthly(&self, see: &See) -> Option<f64> {
        // Backups are in the price of the server.
        if self.kind.as_str() != "snapshot" {
            return None;
        }
        let prices = see.cloud().prices.as_ref()?;
        Some(prices.image.price_per_gb_month.net? * self.image_size?)
    }
}

fn state(image: &Image) -> (Status, &str) {
    match &image.status {
        ImageStatus::Available => (Status::Good, "available"),
        ImageStatus::Creating => (Status::Busy, "creating"),
        ImageStatus::Unavailable => (Status::Bad, "unavailable"),
        other => (Status::Unknown, other.as_str()),
    }
}
