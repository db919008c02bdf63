//! The state of everything: environments and what is known of them, screens, overlays, messages.

pub mod cloud;
pub(crate) mod gauges;
mod overlay;
mod world;

pub use cloud::{Cloud, CloudKind};
pub use overlay::{Confirm, Dialog, Line, LineFor, Overlay, Palette, PaletteItem, Stop};
pub use world::{HostState, World};

use super::{
    history::History,
    incident::Incident,
    keymap::{Chord, Keymap},
    layout::Layout,
    msg::{Level, QuestionId, RequestId, StreamId},
    panes::{Pane, ScreenId},
    theme::Theme,
};
use crate::{
    config::settings::TimeFormat,
    ops::{Intent, JobId, Outcome},
    remote::{Question, hetzner::Attention},
};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

/// An environment's name: cheap to clone, stamped on everything that comes from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvId(Arc<str>);

impl EnvId {
    /// Names an environment.
    pub fn new(name: impl AsRef<str>) -> Self {
        EnvId(Arc::from(name.as_ref()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pane's screen and where it belongs.
#[derive(Debug)]
pub struct Screen {
    /// Whose data it shows.
    pub env: EnvId,
    /// The pane and its state.
    pub pane: Pane,
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// In which environment.
    pub env: Option<EnvId>,
    /// The whole text, as it came (cleaned when drawn).
    pub text: String,
}

/// A running or finished operation of this session.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Where.
    pub env: EnvId,
    /// What it does, in one line.
    pub title: String,
    /// What was wanted.
    pub intent: Intent,
    /// Each command or call, as it was sent.
    pub steps: Vec<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The named phase it is in.
    pub phase: String,
    /// Its output, the newest lines.
    pub output: VecDeque<String>,
    /// How many older lines of output were dropped.
    pub dropped: u64,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// How many lines of output a job keeps.
pub const JOB_OUTPUT_LINES: usize = 2_000;
/// How many messages are kept.
pub const MESSAGES: usize = 2_000;

/// Personal preferences that the screen needs, from the settings and the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// What everything is drawn with: colours and, for `--ascii`, other glyphs.
    pub theme: Theme,
    /// Which keys mean which action.
    pub keymap: Keymap,
    /// Whether the console takes the mouse.
    pub mouse: bool,
    /// Whether the terminal moves lines that only moved.
    pub scroll_regions: bool,
    /// The time zone of every clock on the screen.
    pub zone: TimeZone,
    /// How times are shown.
    pub time: TimeFormat,
    /// Memory for journal entries of all log views together, in bytes.
    pub log_budget: usize,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            theme: Theme::default(),
            keymap: Keymap::default(),
            mouse: true,
            scroll_regions: true,
            zone: TimeZone::UTC,
            time: TimeFormat::Local,
            log_budget: 256 << 20,
        }
    }
}

/// The state of everything.
#[derive(Debug)]
pub struct Model {
    /// What time it is, by the last message that said so.
    pub now: Timestamp,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// Personal preferences.
    pub preferences: Preferences,
    /// Every environment of the configuration, in its order; opened ones are connected.
    pub worlds: BTreeMap<EnvId, World>,
    /// The one on the screen.
    pub current: EnvId,
    /// Every screen that a tab or the history leads to.
    pub screens: BTreeMap<ScreenId, Screen>,
    /// The screen of each tab of each environment.
    pub roots: BTreeMap<(EnvId, &'static str), ScreenId>,
    /// Which screen a stream or request belongs to.
    pub owners: BTreeMap<u64, ScreenId>,
    /// Where we are, were and can go forward to.
    pub history: History,
    /// What lies over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    /// Questions that wait for the user, the oldest first.
    pub questions: VecDeque<(QuestionId, EnvId, Question)>,
    /// What is typed and chosen in the dialog of the first question.
    pub dialog: Dialog,
    /// Operations of this session, the oldest first.
    pub jobs: Vec<Job>,
    /// What was said, the oldest first.
    pub messages: VecDeque<Message>,
    /// How many were said, dropped ones included.
    pub said: u64,
    /// The incident that is being noted.
    pub incident: Option<Incident>,
    /// Until when the last message is shown as a toast.
    pub toast_until: Option<Timestamp>,
    /// Keys of an unfinished sequence.
    pub pending: Vec<Chord>,
    /// The lists of each environment's project that are needed, as the runtime was told.
    pub looked_at: BTreeMap<EnvId, BTreeMap<CloudKind, Attention>>,
    /// What was typed into each kind of prompt, the oldest first.
    pub line_history: BTreeMap<&'static str, Vec<String>>,
    /// The pane took the last action itself.
    pub taken: bool,
    /// How often each action was done in this session, by its id.
    pub used: BTreeMap<&'static str, u32>,
    /// The names of all themes, for completion.
    pub themes: Vec<String>,
    /// Something visible changed since the last frame.
    pub dirty: bool,
    /// The console is about to end.
    pub quitting: bool,
    /// Where numbers come from.
    pub ids: Ids,
}

/// Gives out numbers, each once.
#[derive(Debug, Default)]
pub struct Ids(Cell<u64>);

impl Ids {
    /// A number never given out before.
    pub fn next(&self) -> u64 {
        let id = self.0.get().saturating_add(1);
        self.0.set(id);
        id
    }

    /// A stream number never given out before.
    pub fn stream(&self) -> StreamId {
        StreamId(self.next())
    }

    /// A request number never given out before.
    pub fn request(&self) -> RequestId {
        RequestId(self.next())
    }
}

impl Model {
    /// A model of these environments with the Deck of `current` on the screen.
    pub fn new(worlds: Vec<World>, current: EnvId, preferences: Preferences) -> Model {
        Model {
            now: Timestamp::UNIX_EPOCH,
            size: (80, 24),
            preferences,
            worlds: worlds
                .into_iter()
                .map(|world| (world.id.clone(), world))
                .collect(),
            current,
            screens: BTreeMap::new(),
            roots: BTreeMap::new(),
            owners: BTreeMap::new(),
            history: History::default(),
            overlays: Vec::new(),
            questions: VecDeque::new(),
            dialog: Dialog::default(),
            jobs: Vec::new(),
            messages: VecDeque::new(),
            said: 0,
            used: BTreeMap::new(),
            incident: None,
            toast_until: None,
            pending: Vec::new(),
            looked_at: BTreeMap::new(),
            line_history: BTreeMap::new(),
            taken: false,
            themes: Vec::new(),
            dirty: true,
            quitting: false,
            ids: Ids::default(),
        }
    }

    /// The environment on the screen.
    pub fn world(&self) -> Option<&World> {
        self.worlds.get(&self.current)
    }

    /// The screen that is shown.
    pub fn screen(&self) -> Option<&Screen> {
        self.screens.get(&self.history.here()?)
    }

    /// Where things are on a terminal of this size.
    pub fn layout(&self) -> Layout {
        Layout::of(self.size)
    }

    /// The question that has the keys: the oldest, once nothing else is being typed or decided.
    pub fn asking(&self) -> Option<&(QuestionId, EnvId, Question)> {
        if self.overlays.is_empty() {
            self.questions.front()
        } else {
            None
        }
    }

    /// Operations that have not ended.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.outcome.is_none())
    }
}
