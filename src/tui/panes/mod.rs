//! The panes, one file or folder each, all of one shape, and the registry that the macro at the
//! end makes of them.
//!
//! A pane module has `State` and `Cache` and these functions:
//! - `open(&Args, &Ctx) -> (State, Vec<Next>)`
//! - `update(&mut State, PaneMsg, &Ctx) -> Vec<Next>`: pure and synchronous
//! - `contexts(&State) -> &'static [Context]`: whose keys hold, the most particular first
//! - `actions(&State, &Ctx) -> Vec<Offer>`: what can be done now, or why not
//! - `view(&State, &mut Cache, &Ctx, Rect, &mut Painter)`: draws the visible rows only
//! - `plain(&State, &Ctx, &mut String)`: the same as lines, for screen readers
//! - `title(&State) -> String`: for the tab line and the history
//! - `cli(&State, &Ctx) -> Option<String>`: the command line that shows the same
//! - `subject(&State, &Ctx) -> Option<Subject>`: the selected host or unit, for `s`, `R`, `l`
//! - `wake(&State, &Ctx) -> Option<Timestamp>`: when it wants [`PaneMsg::Clock`]
//! - `copy(&State, &Ctx, raw: bool) -> Option<(String, String)>`: the selection as text (or as it
//!   is, JSON), and what it is

pub mod cloud;
pub mod deck;
pub mod help;
pub mod jobs;
pub mod logs;
pub mod messages;
pub mod resource;
pub mod unit;
pub mod units;

use super::{
    actions::{Context, Offer},
    effect::Next,
    layout::Layout,
    model::{CloudKind, EnvId, Ids, Job, Message, Preferences, World, cloud::Changed},
    msg::{Mouse, Reply, RequestId, StreamId, StreamMsg},
    view::Painter,
};
use crate::{
    logs::Query,
    problem::Problem,
    remote::{HostId, hetzner::Attention},
};
use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::layout::Rect;
use std::collections::VecDeque;

/// A screen's number, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScreenId(pub u64);

/// What a screen is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Args {
    /// The units of all hosts, filtered; on one host's row or one unit's where given.
    Units {
        /// Filter text.
        filter: String,
        /// Selected at first.
        select: Option<(HostId, String)>,
    },
    /// One unit.
    Unit {
        /// Where.
        host: HostId,
        /// Its full name.
        unit: String,
    },
    /// The journal of these hosts (all when empty).
    Logs {
        /// Whose journals.
        hosts: Vec<HostId>,
        /// Pushed to the hosts.
        query: Query,
        /// Filter text, applied here.
        filter: String,
    },
    /// A list of the Hetzner project.
    Cloud {
        /// Of what.
        kind: CloudKind,
        /// Filter text; as it was where there is none.
        filter: Option<String>,
    },
    /// One resource of the Hetzner project.
    Resource {
        /// Of what kind.
        kind: CloudKind,
        /// Its number.
        number: u64,
    },
    /// Is anything wrong?
    Deck,
    /// Running and past operations.
    Jobs,
    /// What was said.
    Messages,
    /// The keys.
    Help {
        /// Whose keys, the most particular first.
        contexts: Vec<Context>,
        /// Narrowed to what matches.
        search: String,
    },
}

/// What a pane can see besides its own state.
pub struct Ctx<'a> {
    /// What time it is.
    pub now: Timestamp,
    /// The environment of the screen.
    pub world: &'a World,
    /// Personal preferences.
    pub preferences: &'a Preferences,
    /// Operations of this session.
    pub jobs: &'a [Job],
    /// What was said.
    pub messages: &'a VecDeque<Message>,
    /// Where the pane is drawn.
    pub area: Rect,
    /// Whether the screen is the one that is shown.
    pub visible: bool,
    /// The incident that is being noted.
    pub incident: Option<&'a super::incident::Incident>,
    /// Numbers for streams and requests.
    pub ids: &'a Ids,
    /// This screen's own number.
    pub screen: ScreenId,
}

impl<'a> Ctx<'a> {
    /// The environment's name.
    pub fn env(&self) -> &'a EnvId {
        &self.world.id
    }
}

/// What is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its host.
    pub host: HostId,
    /// The unit, when it is one.
    pub unit: Option<String>,
}

/// What a pane is told.
#[derive(Debug)]
pub enum PaneMsg {
    /// Do this action (it was offered and is possible).
    Action(&'static str),
    /// A key that no binding took.
    Key(KeyEvent),
    /// The mouse on something of the pane.
    Mouse(Mouse),
    /// A line that the pane asked for, while it is typed (`done` false) and at its end; `None`
    /// when it was cancelled. A wrong line is answered with [`Next::Wrong`].
    Line {
        /// What it was asked for.
        kind: &'static str,
        /// The text as it is now.
        text: Option<String>,
        /// Accepted.
        done: bool,
    },
    /// Go to this row or line, counted from 1 (`:12`).
    GoTo(usize),
    /// What was chosen.
    Picked {
        /// What it was asked for.
        kind: &'static str,
        /// The value.
        value: String,
    },
    /// Something is known anew about a host: units, connection, metrics.
    Host(HostId),
    /// Something is known anew about the Hetzner project.
    Cloud(Changed),
    /// A job of this session has news.
    Jobs,
    /// Something was said.
    Messages,
    /// News of a stream that the pane opened.
    Stream(StreamId, StreamMsg),
    /// The answer to a question of the pane.
    Reply(RequestId, Result<Reply, Problem>),
    /// Time passed (only while the pane asked for it by `wake`).
    Clock,
    /// The screen is shown (again), or its size changed.
    Shown,
    /// It is opened again with other arguments (`:units nginx` on the units' tab).
    Args(Args),
    /// The screen is about to be dropped: stop what was started.
    Closing,
}

macro_rules! panes {
    ($($(#[$doc:meta])* $name:ident => $module:ident),+ $(,)?) => {
        /// A pane and its state.
        #[derive(Debug)]
        pub enum Pane { $($(#[$doc])* $name(Box<$module::State>)),+ }

        /// What views remember between frames, one for each kind of pane.
        #[derive(Debug, Default)]
        pub struct Caches { $($module: $module::Cache),+ }

        impl Pane {
            /// What happened, to this pane.
            pub fn update(&mut self, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
                match self { $(Pane::$name(state) => $module::update(state, msg, ctx)),+ }
            }

            /// Whose keys hold here, the most particular first.
            pub fn contexts(&self) -> &'static [Context] {
                match self { $(Pane::$name(state) => $module::contexts(state)),+ }
            }

            /// What can be done now, or why not.
            pub fn actions(&self, ctx: &Ctx) -> Vec<Offer> {
                match self { $(Pane::$name(state) => $module::actions(state, ctx)),+ }
            }

            /// Draws it.
            pub fn view(&self, caches: &mut Caches, ctx: &Ctx, area: Rect, painter: &mut Painter) {
                match self {
                    $(Pane::$name(state) => $module::view(state, &mut caches.$module, ctx, area, painter)),+
                }
            }

            /// The same as lines.
            pub fn plain(&self, ctx: &Ctx, out: &mut String) {
                match self { $(Pane::$name(state) => $module::plain(state, ctx, out)),+ }
            }

            /// Its name for tab line and history.
            pub fn title(&self) -> String {
                match self { $(Pane::$name(state) => $module::title(state)),+ }
            }

            /// The command line that shows the same.
            pub fn cli(&self, ctx: &Ctx) -> Option<String> {
                match self { $(Pane::$name(state) => $module::cli(state, ctx)),+ }
            }

            /// The selection as text, and what it is.
            pub fn copy(&self, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
                match self { $(Pane::$name(state) => $module::copy(state, ctx, raw)),+ }
            }

            /// The selected host or unit.
            pub fn subject(&self, ctx: &Ctx) -> Option<Subject> {
                match self { $(Pane::$name(state) => $module::subject(state, ctx)),+ }
            }

            /// When it wants to be told the time next, because something shown is ageing.
            pub fn wake(&self, ctx: &Ctx) -> Option<Timestamp> {
                match self { $(Pane::$name(state) => $module::wake(state, ctx)),+ }
            }
        }
    };
}

panes! {
    /// Is anything wrong?
    Deck => deck,
    /// A list of the Hetzner project.
    Cloud => cloud,
    /// One resource of it.
    Resource => resource,
    /// The units of all hosts.
    Units => units,
    /// One unit.
    Unit => unit,
    /// The journal.
    Logs => logs,
    /// Operations.
    Jobs => jobs,
    /// What was said.
    Messages => messages,
    /// The keys.
    Help => help,
}

/// Opens a pane.
pub fn open(args: &Args, ctx: &Ctx) -> (Pane, Vec<Next>) {
    macro_rules! open {
        ($name:ident, $module:ident) => {{
            let (state, next) = $module::open(args, ctx);
            (Pane::$name(Box::new(state)), next)
        }};
    }
    match args {
        Args::Deck => open!(Deck, deck),
        Args::Cloud { .. } => open!(Cloud, cloud),
        Args::Resource { .. } => open!(Resource, resource),
        Args::Units { .. } => open!(Units, units),
        Args::Unit { .. } => open!(Unit, unit),
        Args::Logs { .. } => open!(Logs, logs),
        Args::Jobs => open!(Jobs, jobs),
        Args::Messages => open!(Messages, messages),
        Args::Help { .. } => open!(Help, help),
    }
}

impl Pane {
    /// The action of the tab it belongs to.
    pub fn tab(&self) -> &'static str {
        match self {
            Pane::Deck(_) => "pane.deck",
            Pane::Cloud(_) | Pane::Resource(_) => "pane.servers",
            Pane::Units(_) | Pane::Unit(_) => "pane.units",
            Pane::Logs(_) => "pane.logs",
            Pane::Jobs(_) => "pane.jobs",
            Pane::Messages(_) => "pane.messages",
            // It lies over whatever one came from.
            Pane::Help(_) => "help",
        }
    }
}

impl Pane {
    /// The lists of the Hetzner project that are needed while it is on the screen.
    pub fn looks_at(&self) -> Vec<(CloudKind, Attention)> {
        match self {
            Pane::Cloud(state) => cloud::looks_at(state),
            Pane::Resource(state) => resource::looks_at(state),
            _ => Vec::new(),
        }
    }
}

/// Opens the units of a host.
pub(crate) fn units_of(host: &HostId) -> Next {
    Next::Open(Args::Units {
        filter: format!("host:={host}"),
        select: None,
    })
}

/// Opens the journal of a host.
pub(crate) fn logs_of(host: &HostId) -> Next {
    Next::Open(Args::Logs {
        hosts: vec![host.clone()],
        query: Query::default(),
        filter: String::new(),
    })
}

/// The tabs, in the order of their numbers: action, and what it opens.
pub fn tabs() -> Vec<(&'static str, Args)> {
    vec![
        ("pane.deck", Args::Deck),
        (
            "pane.servers",
            Args::Cloud {
                kind: CloudKind::Servers,
                filter: None,
            },
        ),
        (
            "pane.units",
            Args::Units {
                filter: String::new(),
                select: None,
            },
        ),
        (
            "pane.logs",
            Args::Logs {
                hosts: Vec::new(),
                query: Query::default(),
                filter: String::new(),
            },
        ),
        ("pane.jobs", Args::Jobs),
        ("pane.messages", Args::Messages),
    ]
}

/// The tabs that an environment has; of files only what is about entries.
pub fn tabs_of(world: Option<&World>) -> Vec<(&'static str, Args)> {
    let mut tabs = tabs();
    if world.is_some_and(|world| world.files) {
        tabs.retain(|(tab, _)| matches!(*tab, "pane.logs" | "pane.messages"));
    }
    tabs
}

/// Where a pane is drawn on a terminal of this size.
pub fn area(size: (u16, u16)) -> Rect {
    Layout::of(size).body
}

/// The next whole second: what counts seconds is drawn then.
pub(crate) fn next_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(1)).unwrap_or(now)
}

/// What is not live on this screen, in words; empty when everything is.
pub(crate) fn freshness(ctx: &Ctx) -> String {
    let mut notes = Vec::new();
    for (id, host) in &ctx.world.hosts {
        if host.stale {
            let at = super::format::moment(host.units_at, ctx.now, &ctx.preferences.zone);
            notes.push(format!("{id}: as of {at}"));
        } else if host.units.is_none() {
            let words = super::view::hosts::describe(host, ctx.now).1;
            notes.push(format!("{id}: {words}"));
        }
    }
    crate::text::clean(&notes.join("  ")).into_owned()
}

/// Why nothing is there yet, and what to do.
pub(crate) fn waiting(ctx: &Ctx) -> String {
    let world = ctx.world;
    if world.hosts.is_empty() {
        let name = &world.id;
        let servers = world.cloud.lists.of(CloudKind::Servers);
        if world.finds_hosts && world.cloud.is_configured() {
            return match (servers.complete, &world.cloud.no_access) {
                (_, Some(why)) => crate::text::clean(&why.to_string()).into_owned(),
                (false, None) => "Asking Hetzner which servers there are.".to_owned(),
                (true, None) if world.cloud.whole => "No server of the project runs.".to_owned(),
                (true, None) => format!(
                    "No server that runs has the label environment={name}, and config.json has \
                     no \"hosts_{name}\"."
                ),
            };
        }
        return format!(
            "{name} has no hosts. Add \"hosts_{name}\": [\"operator@server.example.org\"] to config.json."
        );
    }
    for host in world.hosts.values() {
        if let crate::remote::ConnState::Failed(why) = &host.conn {
            return crate::text::clean(&why.to_string()).into_owned();
        }
        if let (Some(why), true) = (&host.units_down, host.conn.is_up()) {
            return crate::text::clean(&why.to_string()).into_owned();
        }
    }
    let waiting: Vec<&str> = world
        .hosts
        .iter()
        .filter(|(_, host)| host.units.is_none() || host.stale)
        .map(|(id, _)| id.as_str())
        .collect();
    if waiting.is_empty() {
        return "Nothing is there.".into();
    }
    format!("Waiting for {}.", crate::text::clean(&waiting.join(", ")))
}

/// Draws a few sentences, wrapped.
pub(crate) fn paragraph(painter: &mut Painter, area: Rect, text: &str, role: super::theme::Role) {
    let style = painter.theme.style(role);
    let inner = Rect::new(
        area.x.saturating_add(1),
        area.y,
        area.width.saturating_sub(2),
        area.height,
    );
    let mut y = inner.y;
    super::widgets::text::wrap(text, inner.width.max(1), |range| {
        if y >= inner.bottom() {
            // There is more than there is room for.
            if inner.height > 0 {
                let more = painter.theme.glyphs().more_right;
                painter.text(area.right().saturating_sub(1), y - 1, 1, more, style);
            }
            return false;
        }
        painter.text(
            inner.x,
            y,
            inner.width,
            text.get(range).unwrap_or_default(),
            style,
        );
        y += 1;
        true
    });
}
