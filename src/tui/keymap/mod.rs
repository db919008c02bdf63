//! Which keys mean which action: presets from the action table, the user's changes on top,
//! sequences, and what is wrong with them.
//!
//! Knows keys and action ids only; what an action does is none of its business.

mod key;

pub use key::{Chord, KeyError, Sequence};

use crate::{
    problem::{Exit, Problem},
    tui::actions::{self, ACTIONS, Action, ActionRisk, Context},
};
use crossterm::event::{KeyCode, KeyModifiers};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A set of default keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// What fits most hands: arrows, letters, and vim's movements.
    #[default]
    Default,
    /// More of vim.
    Vim,
    /// Emacs's movements and sequences.
    Emacs,
}

impl Preset {
    /// The preset of this name: `default`, `vim` or `emacs`.
    pub fn named(name: &str) -> Option<Preset> {
        match name {
            "default" => Some(Preset::Default),
            "vim" => Some(Preset::Vim),
            "emacs" => Some(Preset::Emacs),
            _ => None,
        }
    }

    fn keys(self, action: &Action) -> &'static [&'static str] {
        let keys = action.keys;
        match self {
            Preset::Vim if !keys.vim.is_empty() => keys.vim,
            Preset::Emacs if !keys.emacs.is_empty() => keys.emacs,
            _ => keys.default,
        }
    }
}

/// What the user's settings say about one action's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The action's id.
    pub action: String,
    /// Its keys from now on; none unbinds it.
    pub keys: Vec<String>,
    /// Where this is written (`settings.toml:12:3`), for reports.
    pub place: String,
}

/// What typed keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This action.
    Action(&'static str),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

#[derive(Debug, Clone, Default)]
struct Node {
    action: Option<&'static str>,
    next: HashMap<Chord, Node>,
}

/// The keys of everything.
#[derive(Debug, Clone)]
pub struct Keymap {
    roots: BTreeMap<Context, Node>,
    keys: HashMap<&'static str, Vec<Sequence>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Keymap::new(Preset::Default)
    }
}

impl PartialEq for Keymap {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Eq for Keymap {}

impl Keymap {
    /// A preset as it is.
    pub fn new(preset: Preset) -> Keymap {
        Keymap::with_overrides(preset, &[]).0
    }

    /// A preset with the user's changes, and what is wrong with those; what is wrong is left out,
    /// the rest holds. A key that the user gives to an action is taken from the action that had
    /// it by default.
    pub fn with_overrides(preset: Preset, overrides: &[Override]) -> (Keymap, Vec<Problem>) {
        let mut map = Keymap {
            roots: BTreeMap::new(),
            keys: HashMap::new(),
        };
        let mut problems = Vec::new();
        let mut changed = HashSet::new();
        for change in overrides {
            if let Some(action) = actions::by_id(&change.action) {
                if !changed.insert(action.id) {
                    problems.push(problem(
                        "key-conflict",
                        format!(
                            "{}: the keys of `{}` are given twice",
                            change.place, action.id
                        ),
                        "keep one of the two lines",
                    ));
                    continue;
                }
                map.apply(action, change, &mut problems);
            } else {
                problems.push(unknown_action(change));
            }
        }
        let mine = map.keys.clone();
        for action in ACTIONS.iter().filter(|a| !changed.contains(a.id)) {
            let mut lost = Vec::new();
            for text in preset.keys(action) {
                // A test holds that every default can be read.
                let Ok(sequence) = text.parse::<Sequence>() else {
                    continue;
                };
                if let Err(other) = map.bind(action, sequence.clone())
                    && mine.contains_key(other)
                {
                    lost.push((sequence, other));
                }
            }
            if let (Some((sequence, other)), None) = (lost.first(), map.hint(action.id)) {
                let place = overrides
                    .iter()
                    .find(|change| change.action == *other)
                    .map_or("settings", |change| change.place.as_str());
                problems.push(problem(
                    "key-conflict",
                    format!(
                        "{place}: `{sequence}` was the only key of `{}`, which has none now",
                        action.id
                    ),
                    format!(
                        "give `{}` another key, or an empty list to unbind it knowingly",
                        action.id
                    ),
                ));
            }
        }
        (map, problems)
    }

    fn apply(&mut self, action: &'static Action, change: &Override, problems: &mut Vec<Problem>) {
        self.keys.entry(action.id).or_default();
        for text in &change.keys {
            let sequence = match text.parse::<Sequence>() {
                Ok(sequence) => sequence,
                Err(error) => {
                    problems.push(problem(
                        "key-invalid",
                        format!("{}: {error}", change.place),
                        "write keys like `x`, `G`, `ctrl-x`, `alt-enter`, `f5` or `g g`",
                    ));
                    continue;
                }
            };
            if let Some(why) = refused(action, &sequence) {
                problems.push(problem(
                    "key-refused",
                    format!(
                        "{}: `{sequence}` cannot be a key of `{}`: {why}",
                        change.place, action.id
                    ),
                    "choose another key",
                ));
                continue;
            }
            if let Err(other) = self.bind(action, sequence.clone()) {
                problems.push(problem(
                    "key-conflict",
                    format!(
                        "{}: `{sequence}` is a key of `{other}` already, or begins like one",
                        change.place
                    ),
                    format!(
                        "choose another key for one of `{}` and `{other}`",
                        action.id
                    ),
                ));
            }
        }
    }

    /// Adds a binding; `Err` names the action that is in its way in the same context.
    fn bind(&mut self, action: &'static Action, sequence: Sequence) -> Result<(), &'static str> {
        let mut node = self.roots.entry(action.context).or_default();
        for chord in sequence.chords() {
            if let Some(other) = node.action {
                return Err(other);
            }
            node = node.next.entry(*chord).or_default();
        }
        match node.action.or_else(|| first_action(node)) {
            Some(other) if other != action.id => return Err(other),
            _ => {}
        }
        node.action = Some(action.id);
        let keys = self.keys.entry(action.id).or_default();
        if !keys.contains(&sequence) {
            keys.push(sequence);
        }
        Ok(())
    }

    /// What these keys mean where these contexts hold, the most particular first: the first
    /// context that knows them decides.
    pub fn find(&self, contexts: &[Context], typed: &[Chord]) -> Found {
        for node in contexts.iter().filter_map(|c| self.node(*c, typed)) {
            match node.action {
                Some(action) => return Found::Action(action),
                None if !node.next.is_empty() => return Found::Prefix,
                None => {}
            }
        }
        Found::Nothing
    }

    /// What can follow these keys: the next key and the action that it, or the first sequence
    /// through it, means.
    pub fn continuations(
        &self,
        contexts: &[Context],
        typed: &[Chord],
    ) -> Vec<(Chord, &'static str)> {
        let node = contexts
            .iter()
            .filter_map(|c| self.node(*c, typed))
            .find(|node| node.action.is_some() || !node.next.is_empty());
        let mut all: Vec<_> = node
            .into_iter()
            .flat_map(|node| &node.next)
            .filter_map(|(chord, next)| Some((*chord, next.action.or_else(|| first_action(next))?)))
            .collect();
        all.sort_by_key(|(chord, _)| chord.to_string());
        all
    }

    fn node(&self, context: Context, typed: &[Chord]) -> Option<&Node> {
        let mut node = self.roots.get(&context)?;
        for chord in typed {
            node = node.next.get(chord)?;
        }
        Some(node)
    }

    /// All keys of an action, the one to show first.
    pub fn keys(&self, action: &str) -> &[Sequence] {
        self.keys.get(action).map_or(&[], Vec::as_slice)
    }

    /// The key of an action to show in the footer.
    pub fn hint(&self, action: &str) -> Option<&Sequence> {
        self.keys(action).first()
    }
}

fn first_action(node: &Node) -> Option<&'static str> {
    node.next
        .values()
        .find_map(|next| next.action.or_else(|| first_action(next)))
}

/// Why an action must not have these keys.
fn refused(action: &Action, sequence: &Sequence) -> Option<&'static str> {
    let [first, rest @ ..] = sequence.chords() else {
        return Some("it is empty");
    };
    if action.risk == ActionRisk::Changes && is_bare_ctrl(first) && rest.is_empty() {
        return Some("what changes the world must not sit on a bare Ctrl key");
    }
    let text = matches!(first.code, KeyCode::Char(_))
        && !first
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    if action.context == Context::Prompt && text {
        return Some("it could not be typed any more");
    }
    None
}

fn is_bare_ctrl(chord: &Chord) -> bool {
    chord.modifiers == KeyModifiers::CONTROL
}

fn unknown_action(change: &Override) -> Problem {
    let near = ACTIONS
        .iter()
        .map(|action| {
            (
                strsim::damerau_levenshtein(action.id, &change.action),
                action.id,
            )
        })
        .min()
        .filter(|(distance, id)| *distance <= 3 && *distance < id.len() / 2);
    let hint = near.map_or_else(
        || "the ids are listed in docs/keys.md".to_owned(),
        |(_, id)| format!("did you mean `{id}`?"),
    );
    problem(
        "key-unknown-action",
        format!("{}: there is no action `{}`", change.place, change.action),
        hint,
    )
}

fn problem(code: &'static str, message: String, hint: impl Into<String>) -> Problem {
    Problem::new("settings", code, Exit::Usage, message).hint(hint)
}

#[cfg(test)]
mod tests;
