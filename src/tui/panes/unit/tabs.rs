//! The tabs of a unit: what each asks for, and its lines.

use super::properties;
use crate::{
    problem::Problem,
    text,
    tui::{
        effect::Ask,
        msg::{Reply, RequestId},
        panes::Ctx,
        theme::Role,
        widgets::text_view::{Line, TextView},
    },
};

/// Name, and what is asked; the log is followed instead.
pub(super) const TABS: [(&str, Option<Ask>); 4] = [
    ("properties", Some(Ask::Properties)),
    ("file", Some(Ask::FileText)),
    ("log", None),
    ("dependencies", Some(Ask::Dependencies)),
];

/// The tab that is followed.
pub(super) const LOG: usize = 2;

/// One tab.
#[derive(Debug, Default)]
pub(super) struct Tab {
    pub(super) asked: bool,
    pub(super) loaded: bool,
    pub(super) request: Option<RequestId>,
    pub(super) problem: Option<String>,
    pub(super) lines: Vec<Line>,
    pub(super) view: TextView,
}

impl Tab {
    /// Takes an answer; what was there stays when there is none.
    pub(super) fn fill(&mut self, reply: Result<Reply, Problem>, height: usize, ctx: &Ctx) {
        self.loaded = true;
        match reply {
            Ok(reply) => {
                self.problem = None;
                self.lines = lines(reply, ctx);
                self.view.scroll(0, self.lines.len(), height);
            }
            Err(problem) => {
                self.problem = Some(problem.to_string());
                // May be asked again.
                self.asked = false;
            }
        }
    }

    /// Adds lines; stays at the end if the end was shown.
    pub(super) fn append(&mut self, lines: Vec<Line>, height: usize, keep: usize) {
        let at_end = self.view.top() + height >= self.lines.len();
        self.lines.extend(lines);
        let over = self.lines.len().saturating_sub(keep);
        if over > 0 {
            self.lines.drain(..over);
            let over = isize::try_from(over).unwrap_or(0);
            self.view.scroll(-over, self.lines.len(), height);
        }
        if at_end {
            self.view.act("text.bottom", &self.lines, height);
        }
    }

    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        self.view.scroll(by, self.lines.len(), height);
    }

    pub(super) fn act(&mut self, action: &str, height: usize) -> bool {
        self.view.act(action, &self.lines, height)
    }
}

/// The colour of a journal priority.
pub(super) fn priority(priority: u8) -> Option<Role> {
    match priority {
        0..=3 => Some(Role::Bad),
        4 => Some(Role::Warning),
        7 => Some(Role::Muted),
        _ => None,
    }
}

fn lines(reply: Reply, ctx: &Ctx) -> Vec<Line> {
    match reply {
        Reply::Properties(properties) => {
            properties::lines(&properties, ctx.now, &ctx.preferences.zone)
        }
        Reply::FileText(file) => file
            .lines()
            .map(|line| {
                let role = match line.trim_start().chars().next() {
                    Some('#' | ';') => Some(Role::Muted),
                    Some('[') => Some(Role::Title),
                    _ => None,
                };
                Line {
                    role,
                    ..Line::plain(text::clean(line).into_owned())
                }
            })
            .collect(),
        Reply::Dependencies(relations) => {
            let mut lines = Vec::new();
            for (relation, units) in relations {
                lines.push(Line {
                    role: Some(Role::Title),
                    ..Line::plain(text::clean(&relation).into_owned())
                });
                for unit in units {
                    lines.push(Line {
                        depth: 1,
                        ..Line::plain(text::clean(&unit).into_owned())
                    });
                }
            }
            lines
        }
        Reply::Fields(_)
        | Reply::History(_)
        | Reply::Json(_)
        | Reply::Records(_)
        | Reply::CloudMetrics(_) => Vec::new(),
    }
}
