//! The screen: an Elm core, panes of one shape, and a loop that draws only what changed.
//!
//! [`model`] is the state, [`msg`] what happened, [`update`] what follows, [`effect`] what to do
//! about it. [`run`] is the only place that waits, [`runtime`] the only one that reaches out.
//! Nothing below this module knows of it.

pub mod actions;
pub mod cache;
pub mod clipboard;
pub mod command;
pub mod effect;
pub mod format;
pub mod history;
pub mod incident;
pub mod keymap;
pub mod layout;
pub mod model;
pub mod msg;
pub mod panes;
pub mod plain;
pub mod render;
pub mod run;
pub mod runtime;
mod shell;
pub mod start;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

#[cfg(test)]
mod tests;
