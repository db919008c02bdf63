//! The shapes that are drawn: one set for terminals with Unicode fonts, one in plain ASCII.

use crate::text::Pictures;
use ratatui::symbols::border;

/// Every shape that is not text. Each is one column wide unless it says otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// As it should be.
    pub good: &'static str,
    /// Changing.
    pub busy: &'static str,
    /// Should be looked at.
    pub warning: &'static str,
    /// Failed.
    pub bad: &'static str,
    /// Off.
    pub off: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// Before the row under the cursor.
    pub cursor: &'static str,
    /// Before a row with a mark.
    pub mark: &'static str,
    /// Sorted, smallest first.
    pub ascending: &'static str,
    /// Sorted, largest first.
    pub descending: &'static str,
    /// Text goes on beyond the right edge.
    pub more_right: &'static str,
    /// Text goes on beyond the left edge.
    pub more_left: &'static str,
    /// Between columns and parts of a line.
    pub bar: &'static str,
    /// A line across.
    pub line: &'static str,
    /// A line across where something is missing.
    pub gap: &'static str,
    /// Between steps of a path.
    pub step: &'static str,
    /// Before lines that continue the one above.
    pub continued: &'static str,
    /// Where typing goes on, in prompts.
    pub prompt: &'static str,
    /// A filled part of a gauge.
    pub full: &'static str,
    /// An empty part of a gauge.
    pub empty: &'static str,
    /// Heights of a graph from nothing to full.
    pub spark: [&'static str; 9],
    /// The part of a scroll bar that is seen.
    pub thumb: &'static str,
    /// A branch of a tree that is open.
    pub open: &'static str,
    /// A branch of a tree that is closed.
    pub closed: &'static str,
    /// Boxes.
    pub border: border::Set<'static>,
    /// In place of each hidden character; never as many as there are.
    pub hidden: &'static str,
    /// In place of control characters.
    pub pictures: Pictures,
}

/// For terminals with a Unicode font (nothing beyond what common fonts have).
pub static UNICODE: Glyphs = Glyphs {
    good: "●",
    busy: "◐",
    warning: "▲",
    bad: "✗",
    off: "○",
    unknown: "?",
    cursor: "▌",
    mark: "✓",
    ascending: "↑",
    descending: "↓",
    more_right: "…",
    more_left: "…",
    bar: "│",
    line: "─",
    gap: "┄",
    step: "›",
    continued: "↪",
    prompt: "❯",
    full: "█",
    empty: "░",
    spark: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    thumb: "┃",
    open: "▾",
    closed: "▸",
    border: border::ROUNDED,
    hidden: "•",
    pictures: Pictures::Unicode,
};

/// ASCII only, for fonts and links that have nothing else (`--ascii`).
pub static ASCII: Glyphs = Glyphs {
    good: "*",
    busy: "~",
    warning: "!",
    bad: "x",
    off: "o",
    unknown: "?",
    cursor: ">",
    mark: "+",
    ascending: "^",
    descending: "v",
    more_right: ">",
    more_left: "<",
    bar: "|",
    line: "-",
    gap: "-",
    step: ">",
    continued: "\\",
    prompt: ">",
    full: "#",
    empty: ".",
    spark: [" ", "_", "_", ".", "-", "=", "+", "*", "#"],
    thumb: "#",
    open: "v",
    closed: ">",
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    hidden: "*",
    pictures: Pictures::Ascii,
};

/// For listening: words instead of shapes, and no frames.
pub static PLAIN: Glyphs = Glyphs {
    good: " ",
    busy: " ",
    warning: " ",
    bad: " ",
    off: " ",
    unknown: "?",
    cursor: " ",
    mark: "*",
    ascending: " ",
    descending: " ",
    more_right: " ",
    more_left: " ",
    bar: " ",
    line: " ",
    gap: " ",
    step: ",",
    continued: " ",
    prompt: " ",
    full: " ",
    empty: " ",
    spark: [" ", " ", " ", " ", " ", " ", " ", " ", " "],
    thumb: " ",
    open: " ",
    closed: " ",
    border: border::Set {
        top_left: " ",
        top_right: " ",
        bottom_left: " ",
        bottom_right: " ",
        vertical_left: " ",
        vertical_right: " ",
        horizontal_top: " ",
        horizontal_bottom: " ",
    },
    hidden: " ",
    pictures: Pictures::Unicode,
};

impl Glyphs {
    /// All shapes, for tests and for measuring.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<&'static str> {
        let mut all = vec![
            self.good,
            self.busy,
            self.warning,
            self.bad,
            self.off,
            self.unknown,
            self.cursor,
            self.mark,
            self.ascending,
            self.descending,
            self.more_right,
            self.more_left,
            self.bar,
            self.line,
            self.gap,
            self.step,
            self.continued,
            self.prompt,
            self.full,
            self.empty,
            self.thumb,
            self.open,
            self.closed,
            self.hidden,
            self.border.top_left,
            self.border.top_right,
            self.border.bottom_left,
            self.border.bottom_right,
            self.border.vertical_left,
            self.border.vertical_right,
            self.border.horizontal_top,
            self.border.horizontal_bottom,
        ];
        all.extend(self.spark);
        all
    }
}
