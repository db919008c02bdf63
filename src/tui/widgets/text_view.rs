//! A text that scrolls, wraps and can be searched; lines may be the branches of a tree.

use super::text;
use crate::{
    filter::{Filter, FilterError},
    tui::{theme::Role, view::Painter},
};
use ratatui::{layout::Rect, style::Style};

/// What a text view remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct TextView {
    top: usize,
    left: usize,
    search: Filter,
    /// The line of the hit that the search stands on.
    hit: Option<usize>,
}

/// A line of the text: clean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// How deep it is in the tree.
    pub depth: u16,
    /// Whether lines below belong to it, and whether they are shown.
    pub branch: Option<bool>,
    /// What it says.
    pub text: String,
    /// Its colour.
    pub role: Option<Role>,
}

impl Line {
    /// A line of plain text.
    pub fn plain(text: impl Into<String>) -> Line {
        Line {
            text: text.into(),
            ..Line::default()
        }
    }

    /// A branch of a tree, open or closed, or a leaf.
    pub fn tree(depth: u16, branch: Option<bool>, text: impl Into<String>) -> Line {
        Line {
            depth,
            branch,
            text: text.into(),
            role: None,
        }
    }
}

/// The lines as one text, for copying.
pub fn joined(lines: &[Line]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    lines.join("\n")
}

impl TextView {
    /// Takes what was typed at a search prompt.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn search_for(
        &mut self,
        text: Option<&str>,
        lines: &[Line],
        height: usize,
    ) -> Result<(), FilterError> {
        let filter = Filter::parse(text.unwrap_or_default())?;
        self.search(filter, lines, height);
        Ok(())
    }

    /// The mouse's wheel, in lines.
    pub fn wheel(&mut self, by: i32, lines: &[Line], height: usize) {
        self.scroll(isize::try_from(by).unwrap_or(0), lines.len(), height);
    }

    /// The first visible line.
    pub fn top(&self) -> usize {
        self.top
    }

    /// The hit that the search stands on.
    pub fn hit(&self) -> Option<usize> {
        self.hit
    }

    /// Searches from the first visible line on; an empty filter ends the search. Returns how many
    /// lines match.
    pub fn search(&mut self, search: Filter, lines: &[Line], height: usize) -> usize {
        self.search = search;
        self.hit = None;
        if self.search.is_empty() {
            return 0;
        }
        let hits = lines.iter().filter(|l| self.matches(l)).count();
        let from = self.top;
        self.hit = (from..lines.len())
            .chain(0..from.min(lines.len()))
            .find(|at| lines.get(*at).is_some_and(|l| self.matches(l)));
        self.show_hit(lines.len(), height);
        hits
    }

    fn matches(&self, line: &Line) -> bool {
        !self.search.highlights(&line.text).is_empty()
    }

    fn next_hit(&mut self, lines: &[Line], height: usize, back: bool) {
        let here = self.hit.unwrap_or(self.top);
        let count = lines.len();
        let order: Box<dyn Iterator<Item = usize>> = if back {
            Box::new((1..=count).map(move |n| (here + count - n % count.max(1)) % count.max(1)))
        } else {
            Box::new((1..=count).map(move |n| (here + n) % count.max(1)))
        };
        let mut order = order;
        self.hit = order.find(|at| lines.get(*at).is_some_and(|l| self.matches(l)));
        self.show_hit(count, height);
    }

    fn show_hit(&mut self, lines: usize, height: usize) {
        if let Some(hit) = self.hit {
            let height = height.max(1);
            if hit < self.top || hit >= self.top + height {
                self.top = hit.saturating_sub(height / 3);
            }
        }
        self.clamp(lines, height);
    }

    fn clamp(&mut self, lines: usize, height: usize) {
        self.top = self.top.min(lines.saturating_sub(height.max(1)));
    }

    /// Scrolls by so many lines.
    pub fn scroll(&mut self, by: isize, lines: usize, height: usize) {
        self.top = self.top.saturating_add_signed(by);
        self.clamp(lines, height);
    }

    /// Does one of the `text.…` actions; false if it is another.
    pub fn act(&mut self, action: &str, lines: &[Line], height: usize) -> bool {
        let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
        let by = match action {
            "text.down" => 1,
            "text.up" => -1,
            "text.page-down" => page,
            "text.page-up" => -page,
            "text.half-down" => (page / 2).max(1),
            "text.half-up" => -(page / 2).max(1),
            "text.top" => isize::MIN,
            "text.bottom" => isize::MAX,
            "text.left" => {
                self.left = self.left.saturating_sub(8);
                return true;
            }
            "text.right" => {
                self.left = (self.left + 8).min(100_000);
                return true;
            }
            "text.next" | "text.previous" => {
                if !self.search.is_empty() && !lines.is_empty() {
                    self.next_hit(lines, height, action == "text.previous");
                }
                return true;
            }
            _ => return false,
        };
        self.scroll(by, lines.len(), height);
        true
    }

    /// Draws the visible lines.
    pub fn draw(&self, painter: &mut Painter, area: Rect, lines: &[Line]) {
        let area = area.intersection(painter.buffer.area);
        let glyphs = painter.theme.glyphs();
        let found = painter.theme.style(Role::Found);
        let focus = painter.theme.style(Role::Focus);
        // The area may have grown since the last key.
        let top = self
            .top
            .min(lines.len().saturating_sub(usize::from(area.height)));
        for ((at, line), y) in lines
            .iter()
            .enumerate()
            .skip(top)
            .zip(area.top()..area.bottom())
        {
            let style = match line.role {
                Some(role) => painter.theme.style(role),
                None => Style::new(),
            };
            let indent = usize::from(line.depth) * 2;
            let mut x = area.x
                + u16::try_from(indent.saturating_sub(self.left))
                    .unwrap_or(u16::MAX)
                    .min(area.width);
            if let Some(open) = line.branch {
                let glyph = if open { glyphs.open } else { glyphs.closed };
                let border = painter.theme.style(Role::Border);
                x += painter.text(x, y, area.right().saturating_sub(x), glyph, border);
                x = x.saturating_add(1).min(area.right());
            }
            let skip = self.left.saturating_sub(indent);
            let room = area.right().saturating_sub(x);
            let mut window = text::window(&line.text, skip, room);
            let more = window.more;
            if more {
                window = text::window(&line.text, skip, room.saturating_sub(1));
            }
            let over = if self.hit == Some(at) { focus } else { found };
            let marks: Vec<_> = if self.search.is_empty() {
                Vec::new()
            } else {
                let ranges = self.search.highlights(&line.text);
                ranges.into_iter().map(|r| (r, over)).collect()
            };
            text::draw(
                painter,
                (x + window.pad, y),
                &line.text,
                window.range,
                style,
                &marks,
            );
            if more && room > 0 {
                let muted = painter.theme.style(Role::Muted);
                painter.text(area.right() - 1, y, 1, glyphs.more_right, muted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_goes_round() {
        let lines: Vec<Line> = (0..100).map(|n| Line::plain(format!("line {n}"))).collect();
        let mut view = TextView::default();
        let hits = view.search(Filter::parse("line\u{20}5").unwrap(), &lines, 10);
        assert_eq!(hits, 100);
        let hits = view.search(Filter::parse("\"line 5\"").unwrap(), &lines, 10);
        assert_eq!((hits, view.hit()), (11, Some(5)));
        view.act("text.next", &lines, 10);
        assert_eq!(view.hit(), Some(50));
        assert!(view.top() <= 50 && view.top() + 10 > 50);
        view.act("text.previous", &lines, 10);
        view.act("text.previous", &lines, 10);
        assert_eq!(view.hit(), Some(59));
        view.act("text.bottom", &lines, 10);
        assert_eq!(view.top(), 90);
        view.act("text.top", &lines, 10);
        assert_eq!(view.top(), 0);
    }
}
