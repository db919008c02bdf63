//! The screen: an Elm core, panes of one shape, and a loop that draws only what changed.
//!
//! Nothing below this module knows of it.

pub mod actions;
