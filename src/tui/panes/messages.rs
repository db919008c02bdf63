//! Everything that was said in this session, whole and the newest last.

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    text::clean,
    tui::{
        actions::{Context, Offer},
        effect::{Next, PromptSpec},
        format,
        msg::{Level, Mouse},
        theme::Role,
        view::Painter,
        widgets::{
            text,
            text_view::{Line, TextView},
        },
    },
};
use jiff::Timestamp;
use ratatui::layout::Rect;
use std::fmt::Write;

/// The messages as lines of the screen's width.
#[derive(Debug)]
pub struct State {
    lines: Vec<Line>,
    view: TextView,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens at the newest.
pub fn open(_args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        lines: Vec::new(),
        view: TextView::default(),
    };
    arrange(&mut state, ctx);
    state.view.act("text.bottom", &state.lines, height(ctx));
    (state, Vec::new())
}

fn height(ctx: &Ctx) -> usize {
    usize::from(ctx.area.height)
}

fn arrange(state: &mut State, ctx: &Ctx) {
    let at_end = state.view.top() + height(ctx) >= state.lines.len();
    let width = ctx.area.width.saturating_sub(1).max(20);
    state.lines.clear();
    for message in ctx.messages {
        let (letter, role) = match message.level {
            Level::Info => ('I', None),
            Level::Warning => ('W', Some(Role::Warning)),
            Level::Error => ('E', Some(Role::Bad)),
        };
        let at = format::moment(message.at, ctx.now, &ctx.preferences.zone);
        let mut whole = format!("{at} {letter} ");
        if let Some(env) = &message.env {
            let _ = write!(whole, "{env}: ");
        }
        whole.push_str(&clean(&message.text));
        text::wrap(&whole, width, |range| {
            let part = whole.get(range).unwrap_or_default();
            state.lines.push(Line {
                role,
                ..Line::plain(part)
            });
            true
        });
    }
    let by = if at_end { isize::MAX } else { 0 };
    state.view.scroll(by, state.lines.len(), height(ctx));
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    match msg {
        PaneMsg::Messages | PaneMsg::Shown => arrange(state, ctx),
        PaneMsg::Action("text.search") => {
            return vec![Next::Prompt(PromptSpec {
                kind: "search",
                label: "search: ",
                text: String::new(),
            })];
        }
        PaneMsg::Action(id) => {
            if !state.view.act(id, &state.lines, height) {
                return Vec::new();
            }
        }
        PaneMsg::Line {
            kind: "search",
            text,
            ..
        } => {
            let searched = state.view.search_for(text.as_deref(), &state.lines, height);
            if let Err(error) = searched {
                return vec![Next::Wrong(error.span, error.message)];
            }
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            state.view.wheel(lines, &state.lines, height);
        }
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

/// The messages' keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Messages, Context::Text]
}

/// What can be done now.
pub fn actions(_state: &State, _ctx: &Ctx) -> Vec<Offer> {
    Offer::yes("text.search").into_iter().collect()
}

/// The lines.
pub fn view(state: &State, _cache: &mut Cache, _ctx: &Ctx, area: Rect, painter: &mut Painter) {
    if state.lines.is_empty() {
        super::paragraph(painter, area, "Nothing was said yet.", Role::Muted);
    } else {
        state.view.draw(painter, area, &state.lines);
    }
}

/// The same as lines.
pub fn plain(state: &State, _ctx: &Ctx, out: &mut String) {
    for line in &state.lines {
        let _ = writeln!(out, "{}", line.text);
    }
}

/// For tab line and history.
pub fn title(_state: &State) -> String {
    "messages".into()
}

/// Messages are of this session only.
pub fn cli(_state: &State, _ctx: &Ctx) -> Option<String> {
    None
}

/// The newest message; raw, all of them.
pub fn copy(_state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    let newest = ctx.messages.back()?;
    if !raw {
        return Some((newest.text.clone(), "the newest message".into()));
    }
    let all: Vec<String> = ctx
        .messages
        .iter()
        .map(|message| format!("{} {}", message.at, message.text))
        .collect();
    Some((all.join("\n"), format!("{} messages", all.len())))
}

/// Nothing is selected.
pub fn subject(_state: &State, _ctx: &Ctx) -> Option<Subject> {
    None
}

/// Nothing ages here.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
