//! What to do about it: plain data, executed by the runtime, answered with messages.

use super::{
    model::{CloudKind, EnvId},
    msg::{Level, QuestionId, RequestId, StreamId},
};
use crate::{
    config::Destination,
    logs::Query,
    ops::{ApprovedPlan, Intent, JobId, pending::Pending},
    remote::{
        Answer, HostId,
        hetzner::{Attention, MetricsOf},
    },
};
use jiff::Timestamp;
use std::{fmt, path::PathBuf};

/// Something for the runtime to do.
#[derive(Debug)]
pub enum Effect {
    /// Open an environment: its hosts are connected and watched from now on.
    Open(EnvId),
    /// Connect without waiting; all hosts when none is named.
    Retry(EnvId, Option<HostId>),
    /// Follow journals; answered by [`super::msg::StreamMsg`] until stopped.
    Follow(EnvId, StreamId, Vec<HostId>, Query),
    /// Ask journals once.
    Fetch(EnvId, StreamId, Vec<HostId>, Query),
    /// Stop a stream and forget it.
    Stop(StreamId),
    /// All fields of the entry with this cursor.
    Fields(EnvId, RequestId, HostId, String),
    /// Something about a unit.
    AskUnit(EnvId, RequestId, HostId, String, Ask),
    /// These hosts were found: they are connected and watched from now on.
    Adopt(EnvId, Vec<Destination>),
    /// Which lists of the project somebody needs; nobody needs the others.
    Look(EnvId, Vec<(CloudKind, Attention)>),
    /// Something about the project.
    AskCloud(EnvId, RequestId, CloudAsk),
    /// Look at the world and make a plan.
    Prepare(EnvId, RequestId, Intent),
    /// Execute what was approved.
    Execute(EnvId, JobId, ApprovedPlan),
    /// Watch the rest of an operation of an earlier console.
    Reattach(EnvId, JobId, Pending),
    /// Read the audit log.
    History(RequestId),
    /// The user's answer to a question; `None` declines.
    Answer(QuestionId, Option<Hidden>),
    /// Put text on the clipboard; the text and what it is.
    Copy(String, String),
    /// Write a file, never over an existing one.
    Save(PathBuf, Vec<u8>),
    /// A shell on the host, the screen given up meanwhile.
    Shell(EnvId, HostId),
    /// Stop the process as a job of the shell.
    Suspend,
    /// Set the terminal's modes again: somebody changed them.
    Restore,
    /// Use this theme.
    Theme(String),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Ask for memory and processor time of these units now.
    Refresh(EnvId, HostId, Vec<String>),
    /// Draw everything anew.
    Redraw,
    /// Leave with this exit code.
    Quit(u8),
}

/// What is asked about a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Every property.
    Properties,
    /// Its file.
    FileText,
    /// Its dependencies.
    Dependencies,
}

/// What is asked about a Hetzner project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudAsk {
    /// A resource as the API has it.
    Json(CloudKind, u64),
    /// The record sets of a zone.
    Records(u64),
    /// Figures over time.
    Metrics {
        /// Whose.
        of: MetricsOf,
        /// Which, by the API's names.
        types: &'static [&'static str],
        /// From then on.
        start: Timestamp,
        /// Until then.
        end: Timestamp,
        /// At most so many of each.
        samples: u32,
    },
}

/// An answer that never shows itself.
pub struct Hidden(pub Answer);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// What a pane wants to follow from a message: effects, and things only the root can do.
#[derive(Debug)]
pub enum Next {
    /// For the runtime.
    Do(Effect),
    /// Open a screen; Esc comes back.
    Open(super::panes::Args),
    /// Back in the history.
    Back,
    /// Tell something.
    Say(Level, String),
    /// Ask for a line at the bottom of the screen.
    Prompt(PromptSpec),
    /// Choose one of several.
    Pick(PickSpec),
    /// The action was taken by something smaller than the screen (Esc cleared a filter).
    Taken,
    /// Mark the line being typed as wrong there (bytes), for this reason.
    Wrong(std::ops::Range<usize>, String),
    /// Show in full why a host has no connection.
    Explain(crate::remote::HostId, Box<crate::problem::Problem>),
    /// Make a plan for each and have them confirmed together.
    Operate(Vec<Intent>),
    /// For the note of the incident, if there is one.
    Found(super::incident::Finding),
    /// Redraw: something visible changed.
    Dirty,
}

/// A line that a pane asks for. The pane gets [`super::panes::PaneMsg::Line`] while it is typed
/// and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptSpec {
    /// Tells the pane's prompts apart, and their histories: `filter`, `search`, `save`, …
    pub kind: &'static str,
    /// What stands before the line.
    pub label: &'static str,
    /// What stands in it at first.
    pub text: String,
}

/// A choice that a pane asks for. The pane gets [`super::panes::PaneMsg::Picked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickSpec {
    /// Tells the pane's choices apart.
    pub kind: &'static str,
    /// Heading.
    pub title: String,
    /// What can be chosen: the value given back, and what is shown.
    pub items: Vec<(String, String)>,
}
