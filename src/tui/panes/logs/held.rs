//! What the pane holds of the journals is a view of the store; here is how its rows are drawn.

pub(super) use crate::logs::view::View as Held;
use crate::{
    logs::store::{Item, Row},
    tui::widgets::log::LogRow,
};

/// Work done between two messages when blocks wait for a filter or a search: a few milliseconds.
pub(super) const WORK: usize = 4 << 20;

/// A row as it is listed.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) row: Row,
    /// What it stands for, when that is more than itself.
    pub(super) note: String,
}

impl Line {
    /// As it is drawn.
    pub(super) fn drawn(&self) -> LogRow<'_> {
        match &self.row.item {
            Item::Entry(entry) if !self.note.is_empty() => LogRow::Fold(entry, &self.note),
            _ => as_log_row(&self.row),
        }
    }
}

/// A stored row as it is drawn.
pub(super) fn as_log_row(row: &Row) -> LogRow<'_> {
    match &row.item {
        Item::Entry(entry) => LogRow::Entry(entry),
        Item::Gap(gap) => LogRow::Gap(gap),
    }
}
