//! Where entries come from: a host's journal, or a file. Both answer the same questions.

use super::{
    Entry, Fetched, LogEvent, Query,
    export::{Limits, RawEntry},
    fetch,
    file::LogFile,
    follow,
    query::Fields,
};
use crate::problem::Problem;
use crate::remote::{HostId, ssh::Host};
use std::time::Duration;
use tokio::sync::mpsc;

/// See the module.
#[derive(Clone)]
pub enum Origin {
    /// Over the host's connection.
    Host(Host),
    /// On this machine.
    File(LogFile),
}

impl Origin {
    /// The host's name, or the file's.
    pub fn id(&self) -> &HostId {
        match self {
            Origin::Host(host) => host.id(),
            Origin::File(file) => file.id(),
        }
    }

    /// Whether it is there; a host is connected, within this time.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self, within: Duration) -> Result<(), Problem> {
        let Origin::Host(host) = self else {
            return Ok(());
        };
        let connected = host.connection(Some(within)).await;
        connected
            .map(|_| ())
            .map_err(|error| Problem::from(error).on(host.id().as_str()))
    }

    /// Whether all of it may be read; see [`fetch::access`].
    ///
    /// # Errors
    /// A problem with its cure.
    pub async fn access(&self) -> Result<(), Problem> {
        match self {
            Origin::Host(host) => fetch::access(host).await,
            Origin::File(_) => Ok(()),
        }
    }

    /// Asks once; see [`fetch::fetch_raw`].
    pub fn fetch_raw(&self, query: Query, fields: Fields, limits: Limits) -> Fetched<RawEntry> {
        match self {
            Origin::Host(host) => fetch::fetch_raw(host.clone(), query, fields, limits),
            Origin::File(file) => file.fetch_raw(query, fields, limits),
        }
    }

    /// Asks once for a list; see [`fetch::fetch`].
    pub fn fetch(&self, query: Query) -> Fetched<Entry> {
        match self {
            Origin::Host(host) => fetch::fetch(host.clone(), query),
            Origin::File(file) => file.fetch(query),
        }
    }

    /// Follows for a list; see [`follow::follow`].
    pub fn follow(&self, query: Query) -> mpsc::Receiver<LogEvent> {
        match self {
            Origin::Host(host) => follow::follow(host.clone(), query),
            Origin::File(file) => file.follow(query),
        }
    }

    /// Every field of an entry; see [`fetch::all_fields`].
    ///
    /// # Errors
    /// It is gone, or cannot be asked for.
    pub async fn all_fields(&self, cursor: &str) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        match self {
            Origin::Host(host) => fetch::all_fields(host, cursor).await,
            Origin::File(file) => file.all_fields(cursor).await,
        }
    }

    /// Follows; see [`follow::follow_raw`]. A pipe ends.
    pub fn follow_raw(
        &self,
        query: Query,
        fields: Fields,
        limits: Limits,
    ) -> mpsc::Receiver<LogEvent<RawEntry>> {
        match self {
            Origin::Host(host) => follow::follow_raw(host.clone(), query, fields, limits),
            Origin::File(file) => file.follow_raw(query, fields, limits),
        }
    }
}
