//! Actions: what takes time, how far it is, and how it ends.

use super::{item::Item, world::World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Finished actions that are kept.
const KEPT: usize = 20_000;

/// What an action does when it is through; not when it fails.
pub(super) type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// How a running action is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}

/// One action.
pub(super) struct Action {
    id: u64,
    command: String,
    started: i64,
    due: i64,
    finished: bool,
    resources: Vec<(u64, &'static str)>,
    failure: Option<Failure>,
    effect: Option<Effect>,
    undo: Option<Effect>,
    light: bool,
}

/// Everything an action begins with.
pub(super) struct Begin {
    /// The command's name.
    pub(super) command: String,
    /// What it works on, the main one first: number and kind in the singular.
    pub(super) resources: Vec<(u64, &'static str)>,
    /// Microseconds until it is through.
    pub(super) lasts: i64,
    /// Done when it succeeds.
    pub(super) effect: Effect,
    /// Done when it fails.
    pub(super) undo: Option<Effect>,
    /// Whether other actions may run on the same thing meanwhile.
    pub(super) light: bool,
}

impl Begin {
    /// An action on one thing; `seconds` as it takes for Hetzner, roughly.
    pub(super) fn new(
        command: impl Into<String>,
        id: u64,
        kind: &'static str,
        effect: impl FnOnce(&mut World) + Send + 'static,
    ) -> Begin {
        Begin {
            command: command.into(),
            resources: vec![(id, kind)],
            lasts: super::world::SECOND,
            effect: Box::new(effect),
            undo: None,
            light: false,
        }
    }

    /// Also names something else.
    pub(super) fn with(mut self, id: u64, kind: &'static str) -> Begin {
        self.resources.push((id, kind));
        self
    }

    /// Leaves the thing free for other actions.
    pub(super) fn light(mut self) -> Begin {
        self.light = true;
        self
    }

    /// How long it takes, in tenths of a second.
    pub(super) fn tenths(mut self, tenths: i64) -> Begin {
        self.lasts = tenths * super::world::SECOND / 10;
        self
    }

    /// What is done when it fails.
    pub(super) fn or_else(mut self, undo: impl FnOnce(&mut World) + Send + 'static) -> Begin {
        self.undo = Some(Box::new(undo));
        self
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Actions {
    all: BTreeMap<u64, Action>,
    running: BTreeMap<(i64, u64), u64>,
}

impl Actions {
    /// Begins one at a time; it ends as the failure says, where there is one.
    pub(super) fn begin(&mut self, id: u64, now: i64, begin: Begin, failure: Option<Failure>) {
        let due = now + begin.lasts.max(1);
        self.running.insert((due, id), id);
        self.all.insert(
            id,
            Action {
                id,
                command: begin.command,
                started: now,
                due,
                finished: false,
                resources: begin.resources,
                failure,
                effect: Some(begin.effect),
                undo: begin.undo,
                light: begin.light,
            },
        );
        while self.all.len() > KEPT {
            let Some(oldest) = self.all.values().find(|a| a.finished).map(|a| a.id) else {
                break;
            };
            self.all.remove(&oldest);
        }
    }

    /// When the next one ends.
    pub(super) fn next(&self) -> Option<i64> {
        self.running.keys().next().map(|(due, _)| *due)
    }

    /// Ends the next one that is due, and tells what is to be done.
    pub(super) fn finish(&mut self, now: i64) -> Option<(i64, Option<Effect>)> {
        let (due, id) = *self.running.keys().next()?;
        if due > now {
            return None;
        }
        self.running.remove(&(due, id));
        let Some(action) = self.all.get_mut(&id) else {
            return Some((due, None));
        };
        action.finished = true;
        let (effect, undo) = (action.effect.take(), action.undo.take());
        Some((
            due,
            if action.failure.is_some() {
                undo
            } else {
                effect
            },
        ))
    }

    /// Whether something is being worked on; only the main resource of an action is.
    pub(super) fn busy(&self, id: u64, kind: &str) -> bool {
        self.running.values().any(|running| {
            let action = self.all.get(running);
            let action = action.filter(|action| !action.light);
            let main = action.and_then(|action| action.resources.first());
            main.is_some_and(|(of, what)| *of == id && *what == kind)
        })
    }

    /// Whether there is one of this number.
    pub(super) fn show(&self, id: u64, now: i64) -> Option<Item> {
        self.all.get(&id).map(|action| action.show(now))
    }

    /// Those of a kind, or of one thing of it.
    pub(super) fn of(&self, kind: &str, id: Option<u64>, now: i64) -> Vec<Item> {
        let touches = |action: &&Action| {
            let mut resources = action.resources.iter();
            resources.any(|(of, what)| *what == kind && id.is_none_or(|id| id == *of))
        };
        let found = self.all.values().filter(touches);
        found.map(|action| action.show(now)).collect()
    }
}

impl Action {
    fn show(&self, now: i64) -> Item {
        let status = match (self.finished, &self.failure) {
            (false, _) => "running",
            (true, None) => "success",
            (true, Some(_)) => "error",
        };
        let whole = (self.due - self.started).max(1);
        let gone = (now - self.started).clamp(0, whole);
        // Never whole before it is through.
        let progress = if self.finished && self.failure.is_none() {
            100
        } else {
            (gone * 100 / whole).min(99)
        };
        let failure = self.failure.as_ref().filter(|_| self.finished);
        let resources: Vec<Value> = self
            .resources
            .iter()
            .map(|(id, kind)| json!({"id": id, "type": kind}))
            .collect();
        Item::new(json!({
            "id": self.id,
            "command": self.command,
            "status": status,
            "started": super::world::time(self.started),
            "finished": self.finished.then(|| super::world::time(self.due)),
            "progress": progress,
            "resources": resources,
            "error": failure.map(|failure| json!({"code": failure.code, "message": failure.message})),
        }))
    }
}
