//! Actions: changes that take time.

use super::{Kind, LIVELY};
use crate::remote::hetzner::wire::{model, words};
use jiff::Timestamp;
use std::time::Duration;

words! {
    /// How an action is.
    pub ActionStatus {
        /// Under way.
        Running = "running",
        /// It worked.
        Success = "success",
        /// It did not.
        Error = "error",
    }
}

model! {
    /// Why it did not work.
    pub ActionError {
        /// A word.
        code: String,
        /// A sentence.
        message: String,
    }
}

model! {
    /// What an action is done to.
    pub Resource {
        /// Its number.
        id: u64,
        /// `server`, `volume`, …
        kind as "type": String,
    }
}

model! {
    /// An action.
    pub Action {
        /// Its number.
        id: Option<u64>,
        /// What is done, e.g. `reboot_server`.
        command: String,
        /// How it is.
        status: ActionStatus,
        /// When it began.
        started: Option<Timestamp>,
        /// When it ended.
        finished: Option<Timestamp>,
        /// Percent.
        progress: u32,
        /// What it is done to.
        resources: Vec<Resource>,
        /// Why it did not work.
        error: Option<ActionError>,
    }
}

impl Action {
    /// Whether it is over. A status that we do not know is not the end.
    pub fn is_over(&self) -> bool {
        matches!(self.status, ActionStatus::Success | ActionStatus::Error)
    }
}

impl Kind for Action {
    type Id = u64;
    const NOUN: &'static str = "action";
    const LIST: &'static str = "actions";
    const ONE: &'static str = "action";
    const SORTS: &'static [&'static str] = &["id", "command", "status", "started", "finished"];
    const LABELLED: bool = false;
    const PACE: Duration = LIVELY;

    fn id(&self) -> Option<u64> {
        self.id
    }
    fn name(&self) -> &str {
        &self.command
    }
    fn created(&self) -> Option<Timestamp> {
        self.started
    }
}
