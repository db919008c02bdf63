//! THE table of actions. Keymap, help, palette, footer, `:` completion and docs/keys.md are all
//! made from it; what an action does is decided where it is handled, by its id.

mod table;

pub use table::ACTIONS;

/// Where a binding holds. The screen looks them up from the most to the least particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere, unless text is being typed.
    Global,
    /// In every list.
    List,
    /// In every text that scrolls (file, properties, help).
    Text,
    /// The Deck.
    Deck,
    /// A list of the Hetzner project.
    Cloud,
    /// One resource of it.
    Resource,
    /// The list of units.
    Units,
    /// One unit.
    Unit,
    /// The journal.
    Logs,
    /// One journal entry with its fields.
    Entry,
    /// The list below the journal: filters, marks, patterns.
    Panel,
    /// The histogram above the journal.
    Histogram,
    /// Running and past operations.
    Jobs,
    /// What was said.
    Messages,
    /// The help.
    Help,
    /// While a line is typed (`:`, `/`, the palette, a picker): keys without a binding are text.
    Prompt,
}

impl Context {
    /// All of them.
    pub const ALL: &[Context] = &[
        Context::Global,
        Context::List,
        Context::Text,
        Context::Deck,
        Context::Cloud,
        Context::Resource,
        Context::Units,
        Context::Unit,
        Context::Logs,
        Context::Entry,
        Context::Panel,
        Context::Histogram,
        Context::Jobs,
        Context::Messages,
        Context::Help,
        Context::Prompt,
    ];

    /// Its heading in help and docs.
    pub fn title(self) -> &'static str {
        match self {
            Context::Global => "Everywhere",
            Context::List => "Lists",
            Context::Text => "Texts",
            Context::Deck => "Deck",
            Context::Cloud => "Hetzner",
            Context::Resource => "One resource",
            Context::Units => "Units",
            Context::Unit => "One unit",
            Context::Logs => "Logs",
            Context::Entry => "One entry",
            Context::Histogram => "Histogram",
            Context::Panel => "List below the logs",
            Context::Jobs => "Jobs",
            Context::Messages => "Messages",
            Context::Help => "Help",
            Context::Prompt => "While typing",
        }
    }
}

/// Whether an action can change the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionRisk {
    /// It only looks, or changes the screen.
    None,
    /// It makes a plan, which is confirmed by its own risk; refused in read-only environments.
    Changes,
}

/// The default keys of an action in each preset, as key strings (`ctrl-p`, `g g`, `space`).
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// The preset of that name. The first is the one shown in the footer.
    pub default: &'static [&'static str],
    /// Empty: the same as `default`.
    pub vim: &'static [&'static str],
    /// Empty: the same as `default`.
    pub emacs: &'static [&'static str],
}

/// One thing that a user can make the console do.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// Stable, e.g. `units.restart`: settings and tests name it by this.
    pub id: &'static str,
    /// One or two words for the footer.
    pub title: &'static str,
    /// One line for help and palette.
    pub help: &'static str,
    /// Where its keys hold.
    pub context: Context,
    /// Whether it can change the world.
    pub risk: ActionRisk,
    /// Its default keys.
    pub keys: Keys,
    /// The command line that does the same, e.g. `qd unit restart UNIT`.
    pub cli: Option<&'static str>,
}

impl Action {
    const fn new(
        id: &'static str,
        title: &'static str,
        help: &'static str,
        context: Context,
        keys: &'static [&'static str],
    ) -> Action {
        Action {
            id,
            title,
            help,
            context,
            risk: ActionRisk::None,
            keys: Keys {
                default: keys,
                vim: &[],
                emacs: &[],
            },
            cli: None,
        }
    }

    const fn vim(mut self, keys: &'static [&'static str]) -> Action {
        self.keys.vim = keys;
        self
    }

    const fn emacs(mut self, keys: &'static [&'static str]) -> Action {
        self.keys.emacs = keys;
        self
    }

    const fn changes(mut self) -> Action {
        self.risk = ActionRisk::Changes;
        self
    }

    const fn cli(mut self, line: &'static str) -> Action {
        self.cli = Some(line);
        self
    }
}

/// The action with this id.
pub fn by_id(id: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.id == id)
}

/// An action that the current screen has, and whether it can be done now.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Which.
    pub action: &'static Action,
    /// `Err` says why not, for the palette and for a key pressed in vain.
    pub state: Result<(), String>,
}

impl Offer {
    /// One that can be done; nothing when the table has no such id.
    pub fn yes(id: &str) -> Option<Offer> {
        by_id(id).map(|action| Offer {
            action,
            state: Ok(()),
        })
    }

    /// One that can be done only if `state` is `Ok`.
    pub fn when(id: &str, state: Result<(), String>) -> Option<Offer> {
        by_id(id).map(|action| Offer { action, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_texts_are_there() {
        let mut seen = BTreeSet::new();
        for action in ACTIONS {
            assert!(seen.insert(action.id), "{} twice", action.id);
            assert!(!action.title.is_empty() && !action.help.is_empty());
            assert!(!action.help.ends_with('.'), "{}", action.id);
        }
    }

    #[test]
    fn nothing_that_changes_the_world_sits_on_a_bare_ctrl_key() {
        for action in ACTIONS {
            if action.risk != ActionRisk::None {
                let keys = action.keys;
                for key in [keys.default, keys.vim, keys.emacs].concat() {
                    assert!(!key.starts_with("ctrl-"), "{}: {key}", action.id);
                }
            }
        }
    }
}
