//! What part of a list is wanted, and in which order.

use super::kinds::Kind;
use super::request::Request;
use crate::problem::{Exit, Problem};
use crate::remote::hetzner::error::problem;

/// What part of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// A label selector as the API writes it.
    pub selector: Option<String>,
    /// `name`, `created:desc`, …
    pub sort: Option<String>,
    /// More parameters: `name`, `type`, `status`, …
    pub filters: Vec<(String, String)>,
    /// Segments before the list's own: `zones/example.org` for record sets.
    pub under: Vec<String>,
    /// Only the first page, whatever follows.
    pub first_page: bool,
}

impl Query {
    /// Everything.
    pub fn all() -> Query {
        Query::default()
    }

    /// The environment's own: `environment==NAME`.
    pub fn of_environment(name: &str) -> Query {
        Query {
            selector: Some(format!("environment=={name}")),
            ..Query::default()
        }
    }

    /// As many of the newest as one request gives.
    pub fn newest() -> Query {
        Query {
            sort: Some("id:desc".to_owned()),
            first_page: true,
            ..Query::default()
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Query {
        Query::all().filter("name", name)
    }

    /// Narrows by one more parameter.
    pub fn filter(mut self, name: &str, value: impl Into<String>) -> Query {
        self.filters.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a term to the label selector; both must hold.
    pub fn and(mut self, selector: &str) -> Query {
        self.selector = Some(match self.selector.take() {
            Some(first) => format!("{first},{selector}"),
            None => selector.to_owned(),
        });
        self
    }

    /// Under something else.
    pub fn under(mut self, path: &[&str]) -> Query {
        self.under = path.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// Refuses an order that the API does not have.
    ///
    /// # Errors
    /// `bad-sort`, with those that there are.
    pub fn sorted_by<K: Kind>(mut self, sort: Option<String>) -> Result<Query, Problem> {
        if let Some(sort) = &sort {
            let (field, order) = sort.split_once(':').unwrap_or((sort, "asc"));
            if !K::SORTS.contains(&field) || !matches!(order, "asc" | "desc") {
                let hint = match K::SORTS {
                    [] => "they come in the order of their numbers".to_owned(),
                    sorts => format!("there are {}, each with :asc or :desc", sorts.join(", ")),
                };
                let message = format!("{}s cannot be sorted by {sort:?}", K::NOUN);
                return Err(problem("bad-sort", Exit::Usage, message).hint(hint));
            }
        }
        self.sort = sort;
        Ok(self)
    }

    /// Its parameters, without those of pages. Lists are read in the order of their numbers
    /// unless another one is wanted: new things come last and do not move the others.
    pub(super) fn apply<K: Kind>(&self, mut request: Request) -> Request {
        for (name, value) in &self.filters {
            request = request.with(name, value);
        }
        if let Some(selector) = self.selector.as_ref().filter(|_| K::LABELLED) {
            request = request.with("label_selector", selector);
        }
        match &self.sort {
            Some(sort) => request.with("sort", sort),
            None if K::SORTS.contains(&"id") => request.with("sort", "id:asc"),
            None => request,
        }
    }

    /// The path of the list.
    pub(super) fn path<K: Kind>(&self) -> Vec<&str> {
        let mut path: Vec<&str> = self.under.iter().map(String::as_str).collect();
        path.push(K::LIST);
        path
    }
}
