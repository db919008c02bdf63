//! Which rows a list has and in which order; what they cost together.

use super::{
    kinds,
    thing::{Col, See, Seen, Thing, col, compare, datum, owned},
};
use crate::{
    filter::Filter,
    tui::{
        model::CloudKind,
        theme::Status,
        widgets::{list::ListState, table::Column},
    },
};
use std::cmp::Ordering;

/// Before a kind's own columns.
const NAME: Col = col("name", "NAME", 14, 32, 0, false);
/// After them.
const PRICE: Col = col("price", "A MONTH", 7, 8, 4, true);
const REST: [Col; 3] = [
    col("age", "AGE", 4, 5, 5, true),
    col("protected", "PROT", 4, 4, 9, false),
    col("label", "LABELS", 16, u16::MAX, 10, false),
];

/// All columns of a kind's list, in order.
pub(super) fn columns(kind: CloudKind) -> Vec<Col> {
    let spec = kinds::spec(kind);
    let mut all = vec![NAME];
    all.extend(spec.columns);
    if spec.priced {
        all.push(PRICE);
    }
    all.extend(REST);
    all
}

/// The same for a table.
pub(super) fn table(columns: &[Col]) -> Vec<Column> {
    columns.iter().map(|col| col.column).collect()
}

/// The fields that a filter on this kind may name.
pub(super) fn fields(kind: CloudKind) -> Vec<&'static str> {
    let mut fields: Vec<&str> = columns(kind).iter().map(|col| col.field).collect();
    fields.extend(["environment", "number"]);
    fields
}

/// One kind's list as it is shown.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Numbers, in order.
    pub(super) rows: Vec<u64>,
    /// How many belong to the environment.
    pub(super) own: usize,
    /// How many the project has.
    pub(super) all: usize,
    /// What the rows cost a month together, where any of them has a price.
    pub(super) cost: Option<f64>,
    pub(super) list: ListState<u64>,
    pub(super) filter: Filter,
    /// The user moved the selection; until then it stays on the first row.
    pub(super) moved: bool,
}

impl Listed {
    /// Finds the rows and their order anew.
    pub(super) fn arrange(&mut self, kind: CloudKind, everything: bool, see: &See, height: usize) {
        let columns = columns(kind);
        let things = kinds::things(see.cloud(), kind);
        self.all = things.len();
        let mut rows: Vec<(u8, &dyn Thing)> = Vec::with_capacity(things.len());
        self.own = 0;
        for thing in things {
            let own = owned(thing, see);
            self.own += usize::from(own);
            let columns = &columns;
            if (own || everything)
                && self.filter.matches(&Seen {
                    thing,
                    see,
                    columns,
                })
            {
                rows.push((urgency(thing, see), thing));
            }
        }
        self.cost = rows
            .iter()
            .filter_map(|(_, thing)| thing.monthly(see))
            .reduce(|sum, price| sum + price);
        let by = self
            .list
            .sort
            .and_then(|(at, down)| Some((columns.get(at)?.field, down)));
        rows.sort_by(|(x, a), (y, b)| {
            let sorted = match by {
                Some((field, false)) => compare(*a, *b, field, see),
                Some((field, true)) => compare(*b, *a, field, see),
                None if kind == CloudKind::Actions => b.made().cmp(&a.made()),
                None => x.cmp(y),
            };
            sorted.then_with(|| by_name(*a, *b))
        });
        self.rows = rows.iter().map(|(_, thing)| thing.number()).collect();
        self.list.settle(&self.rows, height);
        if !self.moved {
            self.list.click(0, &self.rows, height);
        }
    }
}

/// Whatever is not as it should be comes first.
fn urgency(thing: &dyn Thing, see: &See) -> u8 {
    match datum(thing, "state", see) {
        super::thing::Datum::Status(Status::Bad, _) => 0,
        super::thing::Datum::Status(Status::Warning, _) => 1,
        super::thing::Datum::Status(Status::Busy, _) => 2,
        _ => 3,
    }
}

fn by_name(a: &dyn Thing, b: &dyn Thing) -> Ordering {
    a.called()
        .cmp(&b.called())
        .then_with(|| a.number().cmp(&b.number()))
}

/// The kinds that cost something.
pub(super) const PRICED: [CloudKind; 6] = [
    CloudKind::Servers,
    CloudKind::LoadBalancers,
    CloudKind::Volumes,
    CloudKind::PrimaryIps,
    CloudKind::FloatingIps,
    CloudKind::Images,
];

/// What the environment costs a month, net; `None` until everything that costs is known.
pub(super) fn total(see: &See, everything: bool) -> Option<f64> {
    let cloud = see.cloud();
    if cloud.prices.is_none() || PRICED.iter().any(|kind| !cloud.lists.of(*kind).complete) {
        return None;
    }
    let mut sum = 0.0;
    for kind in PRICED {
        for thing in kinds::things(cloud, kind) {
            if everything || owned(thing, see) {
                sum += thing.monthly(see).unwrap_or(0.0);
            }
        }
    }
    Some(sum)
}
