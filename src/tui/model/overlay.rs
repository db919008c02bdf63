//! What can lie over the screen: a line being typed, the palette, a choice, a confirmation.

use crate::{
    ops::{Consent, Plan, Risk},
    problem::Problem,
    remote::HostId,
    tui::{
        model::EnvId,
        msg::RequestId,
        panes::{Args, ScreenId},
        widgets::secret::SecretInput,
    },
};
use jiff::Timestamp;
use std::ops::Range;
use tui_input::Input;

/// Something over the screen that has the keys.
#[derive(Debug)]
pub enum Overlay {
    /// A line at the bottom: command, filter, search.
    Line(Line),
    /// A list to choose from by typing: actions, environments, boots.
    Palette(Palette),
    /// Plans on their way to a confirmation.
    Confirm(Confirm),
    /// Why a host has no connection.
    Stop(Stop),
    /// Leave although operations are running? Whether the button that leaves has the focus.
    Leave(bool),
}

/// Who asked for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFor {
    /// The root: `:`.
    Command,
    /// A pane, for this purpose.
    Pane(ScreenId, &'static str),
}

/// A line being typed.
#[derive(Debug)]
pub struct Line {
    /// For whom.
    pub purpose: LineFor,
    /// What stands before it.
    pub label: &'static str,
    /// Text and cursor.
    pub input: Input,
    /// What is wrong with it, and where (bytes).
    pub error: Option<(Range<usize>, String)>,
    /// Completions of the word under the cursor, and the one taken.
    pub offers: Vec<String>,
    /// Which completion was taken.
    pub taken: Option<usize>,
    /// Position in the history, counted from its end; the draft is kept beside.
    pub recalled: Option<usize>,
    /// What was typed before the history was entered.
    pub draft: String,
}

/// What choosing an item does.
#[derive(Debug, Clone)]
pub enum PaletteItem {
    /// Does an action; `Err` says why it cannot be done now.
    Action(&'static str, Result<(), String>),
    /// Goes to an environment.
    Environment(EnvId),
    /// Opens a screen.
    Open(Args),
    /// Uses a theme.
    Theme(String),
    /// Opens a shell on a host.
    Shell(HostId),
    /// Rebuilds a host.
    Rebuild(HostId),
    /// Gives the value to the pane that asked.
    Value(ScreenId, &'static str, String),
}

/// A list to choose from by typing.
#[derive(Debug)]
pub struct Palette {
    /// Heading.
    pub title: String,
    /// What was typed to narrow it.
    pub input: Input,
    /// Everything that can be chosen: what it does, its text, its second column.
    pub items: Vec<(PaletteItem, String, String)>,
    /// How often each of them was chosen before, in the same order.
    pub used: Vec<u32>,
    /// Indexes of the items that match, best first.
    pub matches: Vec<usize>,
    /// The selected one of `matches`.
    pub selected: usize,
}

/// The dialog of a question: what is typed is wiped from memory when it goes.
#[derive(Debug, Default)]
pub struct Dialog {
    /// The hidden answer.
    pub secret: SecretInput,
    /// The answer where the question allows to show it.
    pub typed: Input,
    /// The button with the focus; the first one declines.
    pub focus: usize,
    /// Since when it has been on the screen.
    pub shown: Option<Timestamp>,
}

/// Why a host has no connection, in full.
#[derive(Debug)]
pub struct Stop {
    /// The environment of the host.
    pub env: EnvId,
    /// The host.
    pub host: HostId,
    /// What is wrong and what to do.
    pub problem: Problem,
    /// Whether the button that tries again has the focus; it never has at first.
    pub on_retry: bool,
    /// First visible line.
    pub scroll: usize,
}

/// Plans on their way to a confirmation.
#[derive(Debug)]
pub struct Confirm {
    /// The environment they are for.
    pub env: EnvId,
    /// Plans still being made.
    pub waiting: Vec<RequestId>,
    /// Plans that were made, to be approved together.
    pub plans: Vec<Plan>,
    /// Why some could not be made.
    pub refused: Vec<String>,
    /// Whether the button that goes ahead has the focus; it never has at first.
    pub on_go: bool,
    /// What was typed where a name is asked.
    pub typed: Input,
    /// From when on a typed name is accepted.
    pub not_before: Option<Timestamp>,
    /// First visible line.
    pub scroll: usize,
    /// What the last key did not do, and why.
    pub note: Option<String>,
}

impl Confirm {
    /// The strictest demand of all plans.
    pub fn risk(&self) -> Risk {
        fn rank(risk: &Risk) -> u8 {
            match risk {
                Risk::None => 0,
                Risk::Yes => 1,
                Risk::TypeName(_) => 2,
                Risk::TypeNameAndWait(..) => 3,
            }
        }
        self.plans
            .iter()
            .map(|plan| &plan.risk)
            .max_by_key(|risk| rank(risk))
            .cloned()
            .unwrap_or(Risk::None)
    }

    /// The answer as it stands, for a plan of this risk; `None` while it is not enough.
    pub fn consent(&self, risk: &Risk, now: Timestamp) -> Option<Consent> {
        match risk {
            Risk::None => Some(Consent::NotAsked),
            Risk::Yes => Some(Consent::Yes),
            Risk::TypeName(name) => {
                (self.typed.value() == name).then(|| Consent::Typed(name.clone()))
            }
            Risk::TypeNameAndWait(name, _) => (self.typed.value() == name
                && self.not_before.is_none_or(|at| now >= at))
            .then(|| Consent::Typed(name.clone())),
        }
    }
}
