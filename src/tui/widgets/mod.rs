//! What panes are drawn from. Each widget takes its data by reference, draws visible rows only and
//! fits into any area down to nothing.
//!
//! State that outlives a frame (selection, scroll, hidden input) has its own types here; nothing
//! here knows a pane.

pub mod dialog;
pub mod graph;
pub mod histogram;
pub mod list;
pub mod log;
pub mod prompt;
pub mod secret;
pub mod table;
pub mod text;
pub mod text_view;
pub mod toast;

#[cfg(test)]
mod tests;
