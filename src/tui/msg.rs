//! What happened: everything that can change the model comes in as one of these.
//!
//! Messages from an environment are stamped with it. Time is a message too, so that nothing else
//! reads a clock.

use super::{
    cache::Snapshot,
    model::{EnvId, Preferences, cloud::CloudMsg},
    theme::Theme,
};
use crate::{
    logs::{Entry, LogEvent},
    ops::{JobEvent, JobId, Plan, audit::Record, pending::Pending},
    problem::Problem,
    remote::{
        ConnState, HostId, Question,
        hetzner::{self, kinds::RrSet},
        metrics::MetricsEvent,
        systemd::UnitEvent,
    },
};
use crossterm::event::KeyEvent;
use jiff::Timestamp;

/// A journal stream that a pane follows or a query it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

/// A question put to a host by a pane; its answer carries the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// A question put to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionId(pub u64);

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// What time it is now; precedes every batch of other messages.
    Clock(Timestamp),
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something to what was drawn there.
    Mouse(Mouse),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// The terminal was given or lost the focus.
    Focus(bool),
    /// News of an environment.
    Env(EnvId, EnvMsg),
    /// News of a journal stream.
    Stream(StreamId, StreamMsg),
    /// A message that takes memory, with the room it takes among those that wait for the screen.
    Weighed(Box<Msg>, tokio::sync::OwnedSemaphorePermit),
    /// An answer to a pane's question.
    Reply(RequestId, Result<Reply, Problem>),
    /// A plan is ready, or could not be made.
    Planned(EnvId, RequestId, Result<Plan, Problem>),
    /// News of a running operation.
    Job(JobId, JobEvent),
    /// The user is asked something.
    Ask(QuestionId, EnvId, Question),
    /// Nobody waits for this answer any more.
    AskOver(QuestionId),
    /// Something to tell: shown as a toast and kept among the messages.
    Say(Level, String),
    /// A problem to tell.
    Problem(Problem),
    /// Another theme.
    Theme(Box<Theme>),
    /// Other personal settings, with what is wrong with them.
    Settings(Box<Preferences>),
    /// The process was asked to stop as a job of the shell (SIGTSTP).
    Stop,
    /// The process goes on after somebody stopped it (SIGCONT).
    Continued,
    /// The process was asked to end (SIGTERM, SIGHUP).
    Terminate,
    /// The screen was given up for a while (a shell, Ctrl-Z) and is ours again.
    Resumed,
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It went well, or is just good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Something failed.
    Error,
}

/// The mouse, resolved against what the last frame drew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// A click on something.
    Click(Hit),
    /// Two clicks at the same place.
    DoubleClick(Hit),
    /// The button is held down and the mouse has come to something.
    Drag(Hit),
    /// The wheel, coalesced: lines down (positive) or up, over the body of the screen.
    Wheel(i32),
}

/// Something drawn that can be clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// An action: a tab, a hint of the footer.
    Action(&'static str),
    /// Row of the pane's list, counted in the whole list.
    Row(usize),
    /// Head of the pane's list: the column with this number.
    Column(usize),
    /// One of the pane's inner tabs.
    Tab(usize),
    /// A row of the overlay's list (palette, picker).
    Offer(usize),
    /// A button of a dialog.
    Button(usize),
}

/// News of one environment.
#[derive(Debug, Clone)]
pub enum EnvMsg {
    /// A connection changed its state.
    Conn(HostId, ConnState),
    /// News from a host's systemd.
    Units(HostId, UnitEvent),
    /// A host was measured.
    Metrics(HostId, MetricsEvent),
    /// News of its Hetzner project.
    Cloud(CloudMsg),
    /// What was last known of it.
    Cached(Snapshot),
    /// Operations that were under way when an earlier console ended.
    Pending(Vec<Pending>),
}

/// News of a journal stream.
#[derive(Debug, Clone)]
pub enum StreamMsg {
    /// From a followed journal.
    Event(LogEvent),
    /// Entries of a query.
    Fetched(HostId, Vec<Entry>),
    /// A query of one host has ended.
    Ended(HostId, Result<(), Problem>),
}

/// Answers to panes' questions.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Every property of a unit.
    Properties(Vec<(String, String)>),
    /// A unit's file.
    FileText(String),
    /// What a unit depends on and what depends on it.
    Dependencies(Vec<(String, Vec<String>)>),
    /// All fields of a journal entry.
    Fields(Vec<(String, Vec<u8>)>),
    /// Past operations, the oldest first.
    History(Vec<Record>),
    /// A resource as the API has it.
    Json(serde_json::Value),
    /// The record sets of a zone.
    Records(Vec<RrSet>),
    /// Figures of a server or load balancer over time.
    CloudMetrics(hetzner::Metrics),
}
