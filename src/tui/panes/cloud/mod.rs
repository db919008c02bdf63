//! The lists of an environment's Hetzner project: one pane for all kinds, each kind a small file
//! of `kinds`. A single resource is the pane `resource`.

pub(crate) mod kinds;
mod rows;
pub(crate) mod thing;
mod view;

pub use view::view;

use super::{Args, Ctx, PaneMsg, Subject};
use crate::{
    filter::{Filter, FilterError},
    remote::hetzner::Attention,
    text,
    tui::{
        actions::{Context, Offer},
        effect::{Effect, Next, PickSpec, PromptSpec},
        model::CloudKind,
        msg::{Hit, Mouse, Reply, RequestId},
        widgets::table,
    },
};
use jiff::Timestamp;
use rows::{Listed, PRICED};
use std::{collections::BTreeMap, fmt::Write};
use thing::{Datum, See, Thing, datum};

/// The list that is shown, and how one left the others.
#[derive(Debug)]
pub struct State {
    kind: CloudKind,
    lists: BTreeMap<CloudKind, Listed>,
    /// Everything in the project, not only what belongs to the environment.
    everything: bool,
    /// What the environment (or everything) costs a month.
    total: Option<f64>,
    /// What held before the filter being typed.
    before: Option<Filter>,
    /// JSON to be copied when it comes, and what it is.
    raw: Option<(RequestId, String)>,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens a list.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let mut state = State {
        kind: CloudKind::Servers,
        lists: BTreeMap::new(),
        everything: false,
        total: None,
        before: None,
        raw: None,
    };
    apply(&mut state, args, ctx);
    (state, Vec::new())
}

fn apply(state: &mut State, args: &Args, ctx: &Ctx) {
    if let Args::Cloud { kind, filter } = args {
        state.kind = *kind;
        if let Some(filter) = filter
            && let Ok(filter) = parse(*kind, filter)
        {
            // Whoever asks for a resource by its environment means the whole project.
            let field = filter.as_str().contains("environment:");
            state.everything |= field;
            listed(state).filter = filter;
        }
    }
    arrange(state, ctx);
}

/// Parses a filter on a kind's list.
///
/// # Errors
/// What is wrong with it, and where.
pub(crate) fn parse(kind: CloudKind, filter: &str) -> Result<Filter, FilterError> {
    Filter::parse_for(filter, &rows::fields(kind))
}

/// The lists that are needed while this one is on the screen.
pub(crate) fn looks_at(state: &State) -> Vec<(CloudKind, Attention)> {
    let mut all = vec![(state.kind, Attention::Looking)];
    let needs = kinds::spec(state.kind).needs.iter();
    all.extend(needs.map(|kind| (*kind, Attention::Deck)));
    if kinds::spec(state.kind).priced {
        all.extend(PRICED.iter().map(|kind| (*kind, Attention::Deck)));
    }
    all
}

fn listed(state: &mut State) -> &mut Listed {
    state.lists.entry(state.kind).or_default()
}

fn shown(state: &State) -> Option<&Listed> {
    state.lists.get(&state.kind)
}

pub(super) fn see<'a>(ctx: &Ctx<'a>) -> See<'a> {
    See {
        world: ctx.world,
        now: ctx.now,
    }
}

/// The selected resource.
fn selected<'a>(state: &State, ctx: &Ctx<'a>) -> Option<&'a dyn Thing> {
    let number = shown(state)?.list.selected()?;
    kinds::thing(&ctx.world.cloud, state.kind, *number)
}

fn height(ctx: &Ctx) -> usize {
    table::height(view::parts(ctx.area).1)
}

fn arrange(state: &mut State, ctx: &Ctx) {
    let (kind, everything) = (state.kind, state.everything);
    let see = see(ctx);
    listed(state).arrange(kind, everything, &see, height(ctx));
    state.total = rows::total(&see, everything);
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    let moves = matches!(
        msg,
        PaneMsg::Action(_) | PaneMsg::GoTo(_) | PaneMsg::Mouse(_) | PaneMsg::Line { .. }
    );
    let here = listed(state);
    here.moved |= moves;
    match msg {
        PaneMsg::Cloud(_) if !ctx.visible => return Vec::new(),
        PaneMsg::Cloud(_) | PaneMsg::Shown => arrange(state, ctx),
        PaneMsg::Args(args) => apply(state, &args, ctx),
        PaneMsg::Action(id) => return act(state, id, ctx),
        PaneMsg::GoTo(row) => here.list.click(row.saturating_sub(1), &here.rows, height),
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => here.list.click(row, &here.rows, height),
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Row(row))) => {
            here.list.click(row, &here.rows, height);
            return act(state, "open", ctx);
        }
        PaneMsg::Mouse(Mouse::Click(Hit::Column(column))) => {
            here.list.sort_by(column);
            arrange(state, ctx);
        }
        PaneMsg::Mouse(Mouse::Click(Hit::Tab(at))) => {
            if let Some(kind) = CloudKind::ALL.get(at) {
                state.kind = *kind;
                arrange(state, ctx);
            }
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => {
            let by = isize::try_from(lines).unwrap_or(0);
            here.list.step(by, &here.rows, height);
        }
        PaneMsg::Line {
            kind: "filter",
            text,
            done,
        } => return filter(state, text, done, ctx),
        PaneMsg::Picked {
            kind: "cloud.kind",
            value,
        } => {
            if let Some(kind) = by_command(&value) {
                state.kind = kind;
                arrange(state, ctx);
            }
        }
        PaneMsg::Reply(id, reply) => return answer(state, id, reply),
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

fn filter(state: &mut State, text: Option<String>, done: bool, ctx: &Ctx) -> Vec<Next> {
    let kind = state.kind;
    match text.as_deref().map(|text| parse(kind, text)) {
        // Cancelled: what held before holds again.
        None => {
            let before = state.before.take().unwrap_or_default();
            listed(state).filter = before;
        }
        Some(Ok(filter)) => {
            listed(state).filter = filter;
            if done {
                state.before = None;
            }
        }
        Some(Err(error)) => return vec![Next::Wrong(error.span, error.message)],
    }
    arrange(state, ctx);
    vec![Next::Dirty]
}

fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    let kind = state.kind;
    let here = listed(state);
    if here.list.act(id, &here.rows, height) {
        return vec![Next::Dirty];
    }
    match id {
        "open" => {
            return match here.list.selected() {
                Some(number) => vec![Next::Open(Args::Resource {
                    kind,
                    number: *number,
                })],
                None => Vec::new(),
            };
        }
        "back" => {
            // The smaller things first: marks, then the filter, then what is shown beside it.
            if !here.list.marks().is_empty() {
                here.list.unmark();
            } else if !here.filter.is_empty() {
                here.filter = Filter::default();
            } else if state.everything {
                state.everything = false;
            } else {
                return Vec::new();
            }
            arrange(state, ctx);
            return vec![Next::Taken, Next::Dirty];
        }
        "list.filter" => {
            let text = here.filter.as_str().to_owned();
            state.before = Some(here.filter.clone());
            return vec![Next::Prompt(PromptSpec {
                kind: "filter",
                label: "/",
                text,
            })];
        }
        "list.sort" => {
            let columns = rows::columns(kind).len();
            here.list.sort = match here.list.sort {
                None => Some((0, false)),
                Some((column, down)) if column + 1 < columns => Some((column + 1, down)),
                Some(_) => None,
            };
        }
        "list.sort-reverse" => {
            if let Some((column, down)) = here.list.sort {
                here.list.sort = Some((column, !down));
            }
        }
        "cloud.all" => state.everything = !state.everything,
        "cloud.next" | "cloud.previous" => state.kind = sibling(kind, id == "cloud.next"),
        "cloud.kind" => return vec![pick(ctx)],
        "cloud.units" => {
            let host = subject(state, ctx).map(|subject| subject.host);
            return host
                .map(|host| super::units_of(&host))
                .into_iter()
                .collect();
        }
        "cloud.logs" => {
            let host = subject(state, ctx).map(|subject| subject.host);
            return host.map(|host| super::logs_of(&host)).into_iter().collect();
        }
        "raw" => return raw(state, ctx),
        _ => return Vec::new(),
    }
    arrange(state, ctx);
    vec![Next::Dirty]
}

/// The list after or before this one.
fn sibling(kind: CloudKind, next: bool) -> CloudKind {
    let all = CloudKind::ALL;
    let at = all.iter().position(|known| *known == kind).unwrap_or(0);
    let step = if next { 1 } else { all.len().saturating_sub(1) };
    all.get((at + step) % all.len().max(1))
        .copied()
        .unwrap_or(kind)
}

fn pick(ctx: &Ctx) -> Next {
    let items = CloudKind::ALL.iter().map(|kind| {
        let spec = kinds::spec(*kind);
        let shelved = ctx.world.cloud.lists.of(*kind);
        let count = match shelved.read_at {
            Some(_) => format!("{}: {} in the project", spec.command, shelved.count),
            None => spec.command.to_owned(),
        };
        (spec.command.to_owned(), count)
    });
    Next::Pick(PickSpec {
        kind: "cloud.kind",
        title: "Which list?".into(),
        items: items.collect(),
    })
}

/// The kind whose list has this name in commands.
pub(crate) fn by_command(name: &str) -> Option<CloudKind> {
    let named = |kind: &&CloudKind| kinds::spec(**kind).command == name;
    CloudKind::ALL.iter().find(named).copied()
}

/// The JSON is not kept for every row: it is asked for.
fn raw(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let Some(thing) = selected(state, ctx) else {
        return Vec::new();
    };
    let request = ctx.ids.request();
    let what = format!("{} as JSON", thing.called());
    state.raw = Some((request, what));
    vec![Next::Do(Effect::AskCloud(
        ctx.env().clone(),
        request,
        crate::tui::effect::CloudAsk::Json(state.kind, thing.number()),
    ))]
}

fn answer(
    state: &mut State,
    id: RequestId,
    reply: Result<Reply, crate::problem::Problem>,
) -> Vec<Next> {
    let Some((_, what)) = state.raw.take_if(|(request, _)| *request == id) else {
        return Vec::new();
    };
    match reply {
        Ok(Reply::Json(json)) => match serde_json::to_string_pretty(&json) {
            Ok(text) => vec![Next::Do(Effect::Copy(text, what))],
            Err(error) => vec![Next::Say(crate::tui::msg::Level::Error, error.to_string())],
        },
        Ok(_) => Vec::new(),
        Err(problem) => vec![Next::Say(
            crate::tui::msg::Level::Error,
            problem.to_string(),
        )],
    }
}

/// The lists' keys.
pub fn contexts(_state: &State) -> &'static [Context] {
    &[Context::Cloud, Context::List]
}

/// What can be done now.
pub fn actions(state: &State, ctx: &Ctx) -> Vec<Offer> {
    let some = || match selected(state, ctx) {
        Some(_) => Ok(()),
        None => Err("nothing is selected".to_owned()),
    };
    let host = || match subject(state, ctx) {
        Some(_) => Ok(()),
        None => Err("it is none of the environment's hosts".to_owned()),
    };
    let filtered = shown(state).is_some_and(|here| !here.filter.is_empty());
    [
        Offer::when("open", some()),
        Offer::yes("cloud.all").filter(|_| !ctx.world.cloud.whole),
        Offer::yes("cloud.next"),
        Offer::yes("cloud.kind"),
        Offer::yes("list.filter"),
        Offer::when("cloud.units", host()),
        Offer::when("cloud.logs", host()),
        Offer::yes("cloud.previous"),
        Offer::when("raw", some()),
        Offer::when("list.mark", some()),
        Offer::yes("refresh"),
        Offer::yes("back").filter(|_| filtered || state.everything),
        Offer::when(
            "list.sort-reverse",
            match shown(state).and_then(|here| here.list.sort) {
                Some(_) => Ok(()),
                None => Err("choose a column first: the list is in its own order".into()),
            },
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    let see = see(ctx);
    let said = [view::counts, view::note, view::cost].map(|say| say(state, ctx));
    let _ = writeln!(out, "{}", text::clean(said.concat().trim()));
    let Some(here) = shown(state) else { return };
    if here.rows.is_empty() {
        let _ = writeln!(out, "{}", text::clean(&view::empty(state, ctx)));
    }
    for number in &here.rows {
        let Some(thing) = kinds::thing(&ctx.world.cloud, state.kind, *number) else {
            continue;
        };
        let mut line = text::clean(&thing.called()).into_owned();
        for col in rows::columns(state.kind).iter().skip(1) {
            let datum = datum(thing, col.field, &see);
            if datum != Datum::None {
                let _ = write!(line, ", {} ", col.column.title.to_lowercase());
                datum.write(ctx.now, &mut line);
            }
        }
        let _ = writeln!(out, "{line}");
    }
}

/// For tab line and history.
pub fn title(state: &State) -> String {
    kinds::spec(state.kind).command.into()
}

/// The command line that shows the same.
pub fn cli(state: &State, ctx: &Ctx) -> Option<String> {
    let command = kinds::spec(state.kind).command;
    let env = match ctx.world.cloud.whole {
        true => String::new(),
        false => format!(" -e {}", ctx.env()),
    };
    let all = if state.everything { " --all" } else { "" };
    Some(format!("qd{env} {command}{all}"))
}

/// The chosen resources' names. Their JSON has to be asked for.
pub fn copy(state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    if raw {
        return None;
    }
    let chosen = shown(state)?.list.chosen();
    let names: Vec<String> = chosen
        .iter()
        .filter_map(|number| kinds::thing(&ctx.world.cloud, state.kind, *number))
        .map(|thing| thing.called().into_owned())
        .collect();
    let what = match names.as_slice() {
        [] => return None,
        [name] => name.clone(),
        several => format!("{} {}", several.len(), kinds::spec(state.kind).command),
    };
    Some((names.join("\n"), what))
}

/// The host that the selected server is.
pub fn subject(state: &State, ctx: &Ctx) -> Option<Subject> {
    if state.kind != CloudKind::Servers {
        return None;
    }
    let number = shown(state)?.list.selected()?;
    let server = ctx.world.cloud.lists.servers.find(*number)?;
    Some(Subject {
        host: see(ctx).host(server)?.clone(),
        unit: None,
    })
}

/// Nothing ages here that would have to be drawn for its own sake.
pub fn wake(_state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    None
}
