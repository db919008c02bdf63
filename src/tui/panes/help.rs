//! The keys and commands, made from the table of actions and the user's own bindings; narrowed
//! by typing.

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    filter::{FIELDS, Filter},
    tui::{
        actions::{ACTIONS, ActionRisk, Context, Offer},
        command::COMMANDS,
        effect::{Next, PromptSpec},
        msg::Mouse,
        theme::Role,
        view::Painter,
        widgets::text_view::{Line, TextView, joined},
    },
};
use jiff::Timestamp;
use ratatui::layout::Rect;
use std::fmt::Write;

/// Whose keys are shown, and what narrows them.
#[derive(Debug)]
pub struct State {
    contexts: Vec<Context>,
    search: String,
    lines: Vec<Line>,
    view: TextView,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens it for the screen one comes from.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let (contexts, search) = match args {
        Args::Help { contexts, search } => (contexts.clone(), search.clone()),
        _ => (Vec::new(), String::new()),
    };
    let mut state = State {
        contexts,
        search,
        lines: Vec::new(),
        view: TextView::default(),
    };
    arrange(&mut state, ctx);
    (state, Vec::new())
}

fn height(ctx: &Ctx) -> usize {
    usize::from(ctx.area.height)
}

fn arrange(state: &mut State, ctx: &Ctx) {
    state.lines.clear();
    let mut order = state.contexts.clone();
    for context in [Context::Global, Context::Prompt] {
        if !order.contains(&context) {
            order.push(context);
        }
    }
    let search = state.search.to_lowercase();
    // The rest is found by searching only: this screen's keys are what one looks for.
    if !search.is_empty() {
        order.extend(Context::ALL.iter().filter(|c| !state.contexts.contains(c)));
        let mut seen = Vec::new();
        order.retain(|c| {
            let new = !seen.contains(c);
            seen.push(*c);
            new
        });
    }
    let found = |text: &str| search.is_empty() || text.to_lowercase().contains(&search);
    for context in order {
        let mut group = Vec::new();
        for action in ACTIONS.iter().filter(|action| action.context == context) {
            let keys: Vec<String> = ctx
                .preferences
                .keymap
                .keys(action.id)
                .iter()
                .map(ToString::to_string)
                .collect();
            let mut line = format!("{:<18} {}", keys.join("  "), action.help);
            if action.risk == ActionRisk::Changes {
                line.push_str(" (asks first)");
            }
            if let Some(cli) = action.cli {
                let _ = write!(line, "  [{cli}]");
            }
            if found(&line) || found(action.id) {
                group.push(line);
            }
        }
        section(&mut state.lines, context.title(), group);
    }
    let commands = COMMANDS.iter().map(|command| {
        let usage = format!(":{} {}", command.name, command.usage);
        format!("{usage:<34} {}", command.help)
    });
    section(
        &mut state.lines,
        "Commands",
        commands.filter(|line| found(line)).collect(),
    );
    let grammar = [
        ("word  \"two words\"", "rows with this text"),
        ("/regex/  ~fuzzy", "by pattern, by letters in order"),
        ("!term", "rows that the term does not match"),
        (
            "field:value  field:=value",
            "whose field contains or is the value",
        ),
        ("age>2h  restarts>=3  memory>1G", "whose field compares so"),
    ]
    .map(|(term, help)| format!("{term:<34} {help}"));
    let fields = FIELDS
        .iter()
        .map(|field| format!("{:<34} {}", field.name, field.help));
    section(
        &mut state.lines,
        "Filters, the same in every list",
        grammar
            .into_iter()
            .chain(fields)
            .filter(|line| found(line))
            .collect(),
    );
    state.view.scroll(0, state.lines.len(), height(ctx));
}

fn section(lines: &mut Vec<Line>, title: &str, group: Vec<String>) {
    if group.is_empty() {
        return;
    }
    if !lines.is_empty() {
        lines.push(Line::plain(""));
    }
    lines.push(Line {
        role: Some(Role::Title),
        ..Line::plain(title)
    });
    lines.extend(
        group
            .into_iter()
            .map(|line| Line::plain(format!("  {line}"))),
    );
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    match msg {
        PaneMsg::Shown => arrange(state, ctx),
        PaneMsg::Action("text.search") => {
            return vec![Next::Prompt(PromptSpec {
                kind: "help",
                label: "find: ",
                text: state.search.clone(),
            })];
        }
        PaneMsg::Action("back") if !state.search.is_empty() => {
            state.search.clear();
            arrange(state, ctx);
            return vec![Next::Taken, Next::Dirty];
        }
        PaneMsg::Action(id) => {
            if !state.view.act(id, &state.lines, height) {
                return Vec::new();
            }
        }
        PaneMsg::Line {
            kind: "help", text, ..
        } => {
            state.search = text.unwrap_or_default();
            state.view = TextView::default();
            arrange(state, ctx);
            // What narrowed the lines is shown in them.
            if let Ok(filter) = Filter::parse(&state.search) {
                state.view.search(filter, &state.lines, height);
                state.view.act("text.top", &state.lines, height);
            }
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            state.view.wheel(lines, &state.lines, height);
        }
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

/// The help's keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Help, Context::Text]
}

/// What can be done now.
pub fn actions(_state: &State, _ctx: &Ctx) -> Vec<Offer> {
    Offer::yes("text.search").into_iter().collect()
}

/// The lines.
pub fn view(state: &State, _cache: &mut Cache, _ctx: &Ctx, area: Rect, painter: &mut Painter) {
    if state.lines.is_empty() {
        let text = format!("Nothing has to do with \"{}\".", state.search);
        super::paragraph(painter, area, &text, Role::Muted);
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
    "help".into()
}

/// The same is in the manual.
pub fn cli(_state: &State, _ctx: &Ctx) -> Option<String> {
    Some("qd man".into())
}

/// All of it.
pub fn copy(state: &State, _ctx: &Ctx, _raw: bool) -> Option<(String, String)> {
    Some((joined(&state.lines), "the help".into()))
}

/// Nothing is selected.
pub fn subject(_state: &State, _ctx: &Ctx) -> Option<Subject> {
    None
}

/// Nothing ages here.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
