//! The Hetzner Cloud API: what a project has, live, within the budget that everybody shares.
//!
//! [`Hetzner`] is the way to one project. Lists and single resources are read leniently
//! ([`wire`]), each kind in a file of [`kinds`]; [`watch()`] keeps what is looked at up to date.
//! Whether something should be changed is decided elsewhere (`ops`).

pub mod access;
mod actions;
mod budget;
mod error;
pub mod hosts;
mod http;
pub mod kinds;
mod list;
mod metrics;
mod query;
mod request;
mod retry;
mod watch;
pub mod wire;

pub use access::Access;
pub use actions::Reply;
pub use budget::{Budget, Priority};
pub use error::{HetznerError, Refusal};
pub use http::{Permission, Times};
pub use kinds::{Action, ActionStatus, Item, Kind, Raw};
pub use list::{Listing, Progress};
pub use metrics::{MAX_SAMPLES, Metrics, MetricsOf, TimeSeries};
pub use query::Query;
pub use request::Request;
pub use retry::Repeat;
pub use watch::{Attention, Snapshot, Watch, watch};

use super::ConnState;
use crate::problem::Problem;
use http::Http;
use kinds::Pricing;
use std::sync::Arc;
use wire::One;

/// The way to one project: an endpoint, a token, and the budget. Cheap to clone.
#[derive(Clone)]
pub struct Hetzner {
    shared: Arc<Shared>,
}

struct Shared {
    http: Http,
    actions: actions::Waiting,
}

impl Hetzner {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// `tls` when the system's certificates cannot be used.
    pub fn new(access: Access) -> Result<Hetzner, Problem> {
        Hetzner::with_times(access, Times::default())
    }

    /// [`Hetzner::new`] with other times than the usual ones.
    ///
    /// # Errors
    /// Those of [`Hetzner::new`].
    pub fn with_times(access: Access, times: Times) -> Result<Hetzner, Problem> {
        Ok(Hetzner {
            shared: Arc::new(Shared {
                http: Http::new(access, times)?,
                actions: actions::Waiting::default(),
            }),
        })
    }

    fn http(&self) -> &Http {
        &self.shared.http
    }

    /// Where the token came from, for people.
    pub fn token_origin(&self) -> &str {
        &self.http().access().origin
    }

    /// The endpoint, for people.
    pub fn endpoint(&self) -> String {
        self.http().access().endpoint.shown()
    }

    /// How the way is.
    pub fn states(&self) -> tokio::sync::watch::Receiver<ConnState> {
        self.http().state.subscribe()
    }

    /// The budget as it was told last; `None` before the first answer.
    pub fn budget(&self) -> tokio::sync::watch::Receiver<Option<Budget>> {
        self.http().governor.budget()
    }

    /// Whether the token may change things, as far as that is known.
    pub fn permission(&self) -> tokio::sync::watch::Receiver<Permission> {
        self.http().permission.subscribe()
    }

    /// Remembers what an earlier run of the program learned about this token.
    pub fn remember_permission(&self, permission: Permission) {
        self.http().permission.send_replace(permission);
    }

    /// One resource, by its number (zones also by their name).
    ///
    /// # Errors
    /// When there is no answer, or no such thing ([`HetznerError::is_not_found`]).
    pub async fn one<K: Kind>(&self, id: &K::Id, priority: Priority) -> Result<K, HetznerError> {
        self.one_under(&Query::all(), id, priority).await
    }

    /// [`Hetzner::one`] of a list that is under something else.
    pub(crate) async fn one_under<K: Kind>(
        &self,
        query: &Query,
        id: &K::Id,
        priority: Priority,
    ) -> Result<K, HetznerError> {
        let id = id.to_string();
        let mut path = query.path::<K>();
        // A record set is told by its name and its type.
        match id.rsplit_once('/') {
            Some((name, kind)) => path.extend([name, kind]),
            None => path.push(&id),
        }
        let request = Request::get(&path, priority);
        let read = |json: &[u8]| {
            let one = One::<K>::read(json, K::ONE).map_err(|error| error.to_string())?;
            let found = one.0.filter(|found| found.id().is_some());
            found.ok_or_else(|| format!("no {} in it", K::NOUN))
        };
        Ok(self.http().send(&request, read).await?.value)
    }

    /// The answer to a question as the API wrote it, for whoever wants to see it.
    ///
    /// # Errors
    /// Those of [`Hetzner::one`].
    pub async fn json(&self, request: Request) -> Result<serde_json::Value, HetznerError> {
        let read = |json: &[u8]| serde_json::from_slice(json).map_err(|error| error.to_string());
        Ok(self.http().send(&request, read).await?.value)
    }

    /// The server's clock now, as far as its answers tell.
    pub fn server_now(&self) -> jiff::Timestamp {
        self.http().server_now()
    }

    /// What everything costs.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn pricing(&self, priority: Priority) -> Result<Pricing, HetznerError> {
        let request = Request::get(&["pricing"], priority);
        let read = |json: &[u8]| {
            let one = One::<Pricing>::read(json, "pricing").map_err(|error| error.to_string())?;
            one.0.ok_or_else(|| "no prices in it".to_owned())
        };
        Ok(self.http().send(&request, read).await?.value)
    }
}

#[cfg(test)]
mod tests;
