//! Whole lists, page by page: as few requests as there are pages, several at once, and right even
//! when the list changes while it is read.
//!
//! Pages are cut by position: when something is deleted, all behind it moves forward, and what
//! moved over the edge of a page would be missed. The totals on the pages and the times at which
//! things were made tell; then the list is read again.

use super::{
    Hetzner,
    budget::Priority,
    error::{HetznerError, problem},
    http::Answer,
    kinds::{Item, Kind},
    query::Query,
    request::Request,
    wire::{Page, Paging},
};
use crate::problem::{Exit, Problem};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};

/// The most that the API gives at once.
pub(super) const PER_PAGE: usize = 50;
/// Pages under way at once.
const AT_ONCE: usize = 4;
/// More pages than any project has.
const MAX_PAGES: u64 = 2000;
/// How often a list that changes is read before it is put together from what was seen.
const PASSES: usize = 3;
/// Things that were seen once and then not that are asked for one by one.
const MAX_DOUBTS: usize = 20;

/// A whole list.
#[derive(Debug, Clone)]
pub struct Listing<I> {
    /// In the order asked for, none of them twice.
    pub items: Vec<I>,
    /// What was left out, and why.
    pub problems: Vec<Problem>,
    /// When the last page came.
    pub fetched_at: Timestamp,
    /// How many requests it took.
    pub requests: u32,
}

/// How far a list is.
#[derive(Debug)]
pub struct Progress<'a, I> {
    /// What is there so far, in order.
    pub items: &'a [I],
    /// How many there are, where the API says.
    pub total: Option<u64>,
}

/// One reading of all pages.
struct Pass<I: Item> {
    items: Vec<I>,
    seen: HashSet<IdOf<I>>,
    /// Elements that could not be read.
    broken: usize,
    /// Elements that came twice.
    twice: usize,
    totals: Vec<u64>,
    /// The server's clock at the first page.
    began: Option<Timestamp>,
    pages: u64,
    /// More pages than [`MAX_PAGES`].
    cut: bool,
}

type IdOf<I> = <<I as Item>::Kind as Kind>::Id;

impl<I: Item> Pass<I> {
    fn new() -> Pass<I> {
        Pass {
            items: Vec::new(),
            seen: HashSet::new(),
            broken: 0,
            twice: 0,
            totals: Vec::new(),
            began: None,
            pages: 0,
            cut: false,
        }
    }

    fn add(&mut self, answer: Answer<Page<I>>) -> Option<Paging> {
        if self.pages == 0 {
            self.began = answer.date;
        }
        self.pages += 1;
        let page = answer.value;
        self.broken += page.broken.len();
        for item in page.items {
            match item.thing().id() {
                Some(id) => match self.seen.insert(id) {
                    true => self.items.push(item),
                    false => self.twice += 1,
                },
                None => self.broken += 1,
            }
        }
        let total = page.paging.as_ref().and_then(|paging| paging.total_entries);
        self.totals.extend(total);
        page.paging
    }

    /// How many things were made since then, as far as the API tells.
    fn made_since(&self, began: Timestamp) -> usize {
        let made = |item: &&I| item.thing().created().is_some_and(|at| at >= began);
        self.items.iter().filter(made).count()
    }

    /// Whether nothing can have been missed.
    fn is_settled(&self) -> bool {
        if self.pages <= 1 {
            // One answer is one moment.
            return true;
        }
        if self.twice > 0 {
            return false;
        }
        let Some(first) = self.totals.first() else {
            return true;
        };
        let count = (self.items.len() + self.broken) as u64;
        // What is made while the list is read can hide that something else was deleted.
        let made = self.began.map_or(0, |began| self.made_since(began));
        made == 0 && count == *first && self.totals.iter().all(|total| total == first)
    }
}

impl Hetzner {
    /// A whole list.
    ///
    /// # Errors
    /// When a page could not be had. A list without some of its pages is none.
    pub async fn list<I: Item>(
        &self,
        query: &Query,
        priority: Priority,
    ) -> Result<Listing<I>, HetznerError> {
        self.list_and_tell(query, priority, |_| {}).await
    }

    /// [`Hetzner::list`] that tells how far it is, first when the first page is there.
    ///
    /// # Errors
    /// Those of [`Hetzner::list`].
    pub async fn list_and_tell<I: Item>(
        &self,
        query: &Query,
        priority: Priority,
        mut tell: impl FnMut(Progress<'_, I>),
    ) -> Result<Listing<I>, HetznerError> {
        let mut requests = 0;
        let mut earlier = BTreeMap::new();
        let mut passes = 0;
        loop {
            let first = passes == 0;
            let pass = self
                .read_pages(query, priority, |progress| {
                    // A list that is read again does not shrink before somebody's eyes.
                    if first {
                        tell(progress);
                    }
                })
                .await?;
            passes += 1;
            requests += u32::try_from(pass.pages).unwrap_or(u32::MAX);
            if pass.is_settled() || passes >= PASSES {
                return self.finish(query, priority, pass, earlier, requests).await;
            }
            tracing::debug!(list = I::LIST, passes, "the list changed while it was read");
            for item in pass.items {
                if let Some(id) = item.thing().id() {
                    earlier.insert(id, item);
                }
            }
        }
    }

    async fn read_pages<I: Item>(
        &self,
        query: &Query,
        priority: Priority,
        mut tell: impl FnMut(Progress<'_, I>),
    ) -> Result<Pass<I>, HetznerError> {
        let mut pass = Pass::new();
        let mut page = Some(1);
        while let Some(number) = page {
            let answer = self.page::<I>(query, number, priority).await?;
            let full = answer.value.items.len() + answer.value.broken.len() >= PER_PAGE;
            let paging = pass.add(answer);
            if query.first_page {
                return Ok(pass);
            }
            let total = pass.totals.last().copied();
            tell(Progress {
                items: &pass.items,
                total,
            });
            let known = paging.as_ref();
            let last = known.and_then(|p| p.last_page).or_else(|| {
                let per_page = PER_PAGE as u64;
                known?.total_entries.map(|total| total.div_ceil(per_page))
            });
            page = match (last, known) {
                (Some(last), _) if last > number => {
                    let end = last.min(MAX_PAGES);
                    pass.cut |= last > end;
                    let mut pages = stream::iter(number + 1..=end)
                        .map(|number| self.page::<I>(query, number, priority))
                        .buffered(AT_ONCE);
                    while let Some(answer) = pages.next().await {
                        pass.add(answer?);
                        tell(Progress {
                            items: &pass.items,
                            total,
                        });
                    }
                    None
                }
                (Some(_), _) => None,
                // Nobody knows how many there are: one after the other.
                (None, Some(paging)) => paging.next_page.filter(|next| *next > number),
                (None, None) => full.then_some(number + 1),
            };
            if page.is_some_and(|next| next > MAX_PAGES) {
                pass.cut = true;
                page = None;
            }
        }
        Ok(pass)
    }

    async fn page<I: Item>(
        &self,
        query: &Query,
        number: u64,
        priority: Priority,
    ) -> Result<Answer<Page<I>>, HetznerError> {
        let request = Request::get(&query.path::<I::Kind>(), priority)
            .with("page", number.to_string())
            .with("per_page", PER_PAGE.to_string());
        let request = query.apply::<I::Kind>(request);
        let read = |json: &[u8]| Page::read(json).map_err(|error| error.to_string());
        self.http().send(&request, read).await
    }

    /// Puts the list together. Where it never stood still, what an earlier reading had and the
    /// last one has not is asked for by itself: deleted, or missed?
    async fn finish<I: Item>(
        &self,
        query: &Query,
        priority: Priority,
        mut pass: Pass<I>,
        earlier: BTreeMap<IdOf<I>, I>,
        mut requests: u32,
    ) -> Result<Listing<I>, HetznerError> {
        let mut problems = Vec::new();
        let noun = <I::Kind as Kind>::NOUN;
        if !pass.is_settled() {
            let doubts: Vec<(IdOf<I>, I)> = earlier
                .into_iter()
                .filter(|(id, _)| !pass.seen.contains(id))
                .collect();
            let unchecked = doubts.len().saturating_sub(MAX_DOUBTS);
            for (id, item) in doubts.into_iter().take(MAX_DOUBTS) {
                requests += 1;
                match self.one_under::<I::Kind>(query, &id, priority).await {
                    Ok(_) => pass.items.push(item),
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            if query.sort.is_none() {
                pass.items.sort_by_key(|item| item.thing().id());
            }
            if unchecked > 0 {
                problems.push(problem(
                    "list-moving",
                    Exit::Negative,
                    format!("the list of {noun}s changes faster than it can be read: {unchecked} may be missing"),
                ));
            }
        }
        if pass.broken > 0 {
            problems.push(
                problem(
                    "not-understood",
                    Exit::Negative,
                    format!(
                        "{} {noun}s of the answer are not understood and left out",
                        pass.broken
                    ),
                )
                .hint("update this program; the others are complete"),
            );
        }
        if pass.cut {
            problems.push(problem(
                "too-many",
                Exit::Negative,
                format!(
                    "more than {} {noun}s: the rest is not read",
                    MAX_PAGES * PER_PAGE as u64
                ),
            ));
        }
        Ok(Listing {
            items: pass.items,
            problems,
            fetched_at: Timestamp::now(),
            requests,
        })
    }
}
