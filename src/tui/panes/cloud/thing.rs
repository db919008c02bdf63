//! What lists and details show of any resource, whatever its kind: its data by field, facts with
//! ways to what they name, and how rows are sorted and filtered by them.

use crate::{
    filter::{Row, Value},
    remote::{
        HostId,
        hetzner::{
            Kind,
            kinds::{Labels, Protection, Server},
        },
    },
    text,
    tui::{
        format,
        model::{
            Cloud, CloudKind, World,
            cloud::{Fault, LABEL},
        },
        theme::{Role, Status, Theme},
        widgets::table::{CellText, Column},
    },
};
use jiff::Timestamp;
use std::{borrow::Cow, cmp::Ordering, fmt::Write};

/// What a resource is seen with: what else there is, and the time.
#[derive(Clone, Copy)]
pub(crate) struct See<'a> {
    /// The environment.
    pub(crate) world: &'a World,
    /// What time it is.
    pub(crate) now: Timestamp,
}

impl<'a> See<'a> {
    /// The project.
    pub(crate) fn cloud(&self) -> &'a Cloud {
        &self.world.cloud
    }

    /// A server's name, or its number where it is not in the list.
    pub(crate) fn server(&self, id: u64) -> Cow<'a, str> {
        named(self.cloud().lists.servers.find(id), id)
    }

    /// A load balancer's name, or its number.
    pub(crate) fn load_balancer(&self, id: u64) -> Cow<'a, str> {
        named(self.cloud().lists.load_balancers.find(id), id)
    }

    /// A network's name, or its number.
    pub(crate) fn network(&self, id: u64) -> Cow<'a, str> {
        named(self.cloud().lists.networks.find(id), id)
    }

    /// The host that a server is.
    pub(crate) fn host(&self, server: &Server) -> Option<&'a HostId> {
        let address = server.public_net.ipv4.as_ref().map(|v4| v4.ip.as_str());
        let is_it = |id: &&HostId| {
            let name = id.as_str();
            let short = name.split('.').next().unwrap_or(name);
            name == server.name
                || short == server.name
                || Some(name) == address
                || server.private_net.iter().any(|net| net.ip == name)
        };
        self.world.hosts.keys().find(is_it)
    }

    /// Whether it belongs to the environment; what has no labels does not tell.
    pub(crate) fn owns(&self, labels: Option<&Labels>) -> bool {
        let name = self.world.id.as_str();
        labels.is_none_or(|labels| self.cloud().owns(name, labels))
    }
}

/// The name of what was found, or its number.
pub(crate) fn named<T: Kind<Id = u64>>(found: Option<&T>, id: u64) -> Cow<'_, str> {
    match found.map(Kind::name).filter(|name| !name.is_empty()) {
        Some(name) => name.into(),
        None => format!("#{id}").into(),
    }
}

/// A field's value: drawn, sorted and filtered by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'a> {
    /// There is none.
    None,
    /// Text from the wire.
    Text(Cow<'a, str>),
    /// How it fares, in a word.
    Status(Status, Cow<'a, str>),
    /// A plain number.
    Count(u64),
    /// Gigabytes.
    Gigabytes(f64),
    /// Of the account's currency.
    Money(f64),
    /// Since then.
    Age(Timestamp),
    /// Until then.
    Until(Timestamp),
}

impl<'a> Datum<'a> {
    /// Text, unless it is empty.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Datum<'a> {
        let text = text.into();
        match text.is_empty() {
            true => Datum::None,
            false => Datum::Text(text),
        }
    }

    /// How many; none is nothing to tell.
    pub(crate) fn count(count: usize) -> Datum<'a> {
        match count {
            0 => Datum::None,
            count => Datum::Count(count as u64),
        }
    }

    /// Writes it.
    pub(crate) fn write(&self, now: Timestamp, out: &mut String) {
        let _ = match self {
            Datum::None => return,
            Datum::Text(text) | Datum::Status(_, text) => {
                out.push_str(&text::clean(text));
                return;
            }
            Datum::Count(count) => write!(out, "{count}"),
            Datum::Gigabytes(size) if size.fract() == 0.0 => write!(out, "{size:.0}G"),
            Datum::Gigabytes(size) => write!(out, "{size:.1}G"),
            Datum::Money(amount) => write!(out, "{amount:.2}"),
            Datum::Age(at) => {
                let seconds = now.duration_since(*at).as_secs().max(0);
                format::span(out, seconds.unsigned_abs());
                return;
            }
            Datum::Until(at) => {
                let seconds = at.duration_since(now).as_secs();
                if seconds < 0 {
                    out.push('-');
                }
                format::span(out, seconds.unsigned_abs());
                return;
            }
        };
    }

    /// Fills a cell.
    pub(crate) fn draw(&self, theme: &Theme, now: Timestamp, cell: &mut CellText) {
        match self {
            Datum::Status(status, _) => {
                let (glyph, letter, style) = theme.status(*status);
                let _ = write!(cell.text, "{glyph} {letter} ");
                cell.style = style;
            }
            Datum::Age(_) => cell.style = theme.style(Role::Muted),
            _ => {}
        }
        self.write(now, &mut cell.text);
    }

    fn value(self, now: Timestamp) -> Option<Value<'a>> {
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        Some(match self {
            Datum::None => return None,
            Datum::Text(text) | Datum::Status(_, text) => Value::Text(text),
            Datum::Count(count) => Value::Number(count as f64),
            Datum::Gigabytes(number) | Datum::Money(number) => Value::Number(number),
            Datum::Age(at) => Value::Number(seconds(at, now)),
            Datum::Until(at) => Value::Number(seconds(now, at)),
        })
    }

    /// Texts from a to z, states from the worst, figures from the largest, times from the newest;
    /// what has no value comes last.
    fn compare(&self, other: &Datum) -> Ordering {
        match (self, other) {
            (Datum::None, Datum::None) => Ordering::Equal,
            (Datum::None, _) => Ordering::Greater,
            (_, Datum::None) => Ordering::Less,
            (Datum::Text(a), Datum::Text(b)) => a.cmp(b),
            (Datum::Status(a, x), Datum::Status(b, y)) => a.cmp(b).then_with(|| x.cmp(y)),
            (Datum::Count(a), Datum::Count(b)) => b.cmp(a),
            (Datum::Gigabytes(a), Datum::Gigabytes(b)) | (Datum::Money(a), Datum::Money(b)) => {
                b.total_cmp(a)
            }
            (Datum::Age(a), Datum::Age(b)) => b.cmp(a),
            (Datum::Until(a), Datum::Until(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// Where a fact leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// To another resource.
    Thing(CloudKind, u64),
    /// To the units of this host.
    Units(HostId),
    /// To the journal of this host.
    Log(HostId),
}

/// One line of a resource's details.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    /// What it is about; empty for a heading.
    pub(crate) label: String,
    /// What it is: clean.
    pub(crate) text: String,
    /// How that is.
    pub(crate) status: Option<Status>,
    /// Where Enter leads.
    pub(crate) link: Option<Link>,
}

/// A resource's details, line by line.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) lines: Vec<Fact>,
}

impl Facts {
    fn push(&mut self, label: &str, text: &str, status: Option<Status>, link: Option<Link>) {
        self.lines.push(Fact {
            label: text::clean(label).into_owned(),
            text: text::clean(text).into_owned(),
            status,
            link,
        });
    }

    /// A fact, unless there is nothing to tell.
    pub(crate) fn add(&mut self, label: &str, text: impl AsRef<str>) {
        if !text.as_ref().is_empty() {
            self.push(label, text.as_ref(), None, None);
        }
    }

    /// A fact with how that is.
    pub(crate) fn status(&mut self, label: &str, status: Status, text: impl AsRef<str>) {
        self.push(label, text.as_ref(), Some(status), None);
    }

    /// A fact that leads elsewhere.
    pub(crate) fn link(&mut self, label: &str, text: impl AsRef<str>, link: Link) {
        self.push(label, text.as_ref(), None, Some(link));
    }

    /// The same with how that is.
    pub(crate) fn link_status(
        &mut self,
        label: &str,
        status: Status,
        text: impl AsRef<str>,
        link: Option<Link>,
    ) {
        self.push(label, text.as_ref(), Some(status), link);
    }

    /// A heading above what follows.
    pub(crate) fn heading(&mut self, text: &str) {
        self.push("", text, None, None);
    }
}

/// What is particular about a kind.
pub(crate) trait Look {
    /// The value of one of its own fields.
    fn datum<'a>(&'a self, field: &str, see: &See<'a>) -> Datum<'a>;

    /// Its details, without what all resources have.
    fn facts(&self, see: &See, facts: &mut Facts);

    /// What people call it, where that is not its name.
    fn title(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// What the API refuses to do to it.
    fn protection(&self) -> Option<&Protection> {
        None
    }

    /// What it costs a month, net, where that is known.
    fn monthly(&self, _see: &See) -> Option<f64> {
        None
    }

    /// Whether it belongs to the environment, where labels do not tell.
    fn is_owned(&self, _see: &See) -> Option<bool> {
        None
    }

    /// What is wrong with it.
    fn faults(&self, _see: &See, _all: &mut Vec<Fault>) {}
}

/// A resource of any kind.
pub(crate) trait Thing: Look {
    /// Its number.
    fn number(&self) -> u64;
    /// What people call it.
    fn called(&self) -> Cow<'_, str>;
    /// Its labels, where its kind has such.
    fn tags(&self) -> Option<&Labels>;
    /// When it was made.
    fn made(&self) -> Option<Timestamp>;
}

impl<T: Kind<Id = u64> + Look> Thing for T {
    fn number(&self) -> u64 {
        self.id().unwrap_or(0)
    }

    fn called(&self) -> Cow<'_, str> {
        match self.title() {
            Some(title) => title,
            None => self.name().into(),
        }
    }

    fn tags(&self) -> Option<&Labels> {
        self.labels()
    }

    fn made(&self) -> Option<Timestamp> {
        self.created()
    }
}

/// Whether a thing belongs to the environment.
pub(crate) fn owned(thing: &dyn Thing, see: &See) -> bool {
    see.cloud().whole
        || thing
            .is_owned(see)
            .unwrap_or_else(|| see.owns(thing.tags()))
}

/// The value of any field.
pub(crate) fn datum<'a>(thing: &'a dyn Thing, field: &str, see: &See<'a>) -> Datum<'a> {
    match field {
        "name" => Datum::text(thing.called()),
        "number" => Datum::Count(thing.number()),
        "label" => Datum::text(thing.tags().map(labels).unwrap_or_default()),
        "environment" => {
            let label = thing.tags().and_then(|labels| labels.get(LABEL));
            Datum::text(label.map_or("", String::as_str))
        }
        "age" => thing.made().map_or(Datum::None, Datum::Age),
        "protected" => {
            let protected = thing.protection().is_some_and(|p| p.delete || p.rebuild);
            Datum::text(if protected { "yes" } else { "" })
        }
        "price" => thing.monthly(see).map_or(Datum::None, Datum::Money),
        field => thing.datum(field, see),
    }
}

/// `a=b, c`: labels as people write them.
pub(crate) fn labels(labels: &Labels) -> String {
    let mut out = String::new();
    for (key, value) in labels {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(key);
        if !value.is_empty() {
            let _ = write!(out, "={value}");
        }
    }
    out
}

/// By one field.
pub(crate) fn compare(a: &dyn Thing, b: &dyn Thing, field: &str, see: &See) -> Ordering {
    datum(a, field, see).compare(&datum(b, field, see))
}

/// A resource as a filter sees it.
pub(crate) struct Seen<'a> {
    pub(crate) thing: &'a dyn Thing,
    pub(crate) see: &'a See<'a>,
    pub(crate) columns: &'a [Col],
}

impl Row for Seen<'_> {
    fn texts(&self, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let mut text = |field| match datum(self.thing, field, self.see) {
            Datum::Text(text) | Datum::Status(_, text) => visit(text.as_bytes()),
            _ => false,
        };
        text("name") || text("label") || self.columns.iter().any(|col| text(col.field))
    }

    fn field(&self, name: &str) -> Option<Value<'_>> {
        datum(self.thing, name, self.see).value(self.see.now)
    }
}

/// A column and the field in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Col {
    pub(crate) field: &'static str,
    pub(crate) column: Column,
}

/// Shorthand for kinds' tables of columns.
pub(crate) const fn col(
    field: &'static str,
    title: &'static str,
    min: u16,
    ideal: u16,
    rank: u8,
    right: bool,
) -> Col {
    Col {
        field,
        column: Column::new(title, min, ideal, rank, right),
    }
}

/// What is particular about a kind's list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    /// For people: `server`.
    pub(crate) noun: &'static str,
    /// Its name in commands: `servers`.
    pub(crate) command: &'static str,
    /// Its columns between the name and what all kinds have.
    pub(crate) columns: &'static [Col],
    /// Whether it has a price.
    pub(crate) priced: bool,
    /// Other lists that its rows name things of.
    pub(crate) needs: &'static [CloudKind],
}
