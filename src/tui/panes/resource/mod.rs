//! One resource of the Hetzner project: its details with ways to what they name, graphs, records
//! of a zone, and its JSON as the API has it.

mod details;
mod graphs;
mod view;

pub use view::view;

use super::{
    Args, Ctx, PaneMsg, Subject,
    cloud::{
        kinds,
        thing::{Link, See, Thing},
    },
};
use crate::{
    problem::Problem,
    remote::hetzner::Attention,
    tui::{
        actions::{Context, Offer},
        effect::{CloudAsk, Effect, Next, PromptSpec},
        model::CloudKind,
        msg::{Hit, Mouse, Reply, RequestId},
        widgets::{
            list::ListState,
            text_view::{Line, TextView, joined},
        },
    },
};
use details::Detail;
use graphs::Graphs;
use jiff::Timestamp;
use std::fmt::Write;
use view::HEAD;

/// What a tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Details,
    Graphs,
    Records,
    Json,
}

impl Tab {
    fn name(self) -> &'static str {
        match self {
            Tab::Details => "details",
            Tab::Graphs => "graphs",
            Tab::Records => "records",
            Tab::Json => "json",
        }
    }
}

/// The tabs of a kind.
fn tabs(kind: CloudKind) -> &'static [Tab] {
    match kind {
        CloudKind::Servers | CloudKind::LoadBalancers => &[Tab::Details, Tab::Graphs, Tab::Json],
        CloudKind::Zones => &[Tab::Details, Tab::Records, Tab::Json],
        _ => &[Tab::Details, Tab::Json],
    }
}

/// A text that is asked for.
#[derive(Debug, Default)]
struct Asked {
    request: Option<RequestId>,
    /// It was asked for and nobody wants it anew.
    done: bool,
    problem: Option<String>,
    lines: Vec<Line>,
    view: TextView,
}

/// The resource and what was fetched of it.
#[derive(Debug)]
pub struct State {
    kind: CloudKind,
    number: u64,
    at: usize,
    details: Vec<Detail>,
    keys: Vec<String>,
    list: ListState<String>,
    json: Asked,
    records: Asked,
    graphs: Graphs,
}

/// Nothing is remembered between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Opens it.
pub fn open(args: &Args, ctx: &Ctx) -> (State, Vec<Next>) {
    let (kind, number) = match args {
        Args::Resource { kind, number } => (*kind, *number),
        _ => (CloudKind::Servers, 0),
    };
    let mut state = State {
        kind,
        number,
        at: 0,
        details: Vec::new(),
        keys: Vec::new(),
        list: ListState::default(),
        json: Asked::default(),
        records: Asked::default(),
        graphs: Graphs::default(),
    };
    arrange(&mut state, ctx);
    (state, Vec::new())
}

/// The lists that are needed while this is on the screen.
pub(crate) fn looks_at(state: &State) -> Vec<(CloudKind, Attention)> {
    let mut all = vec![(state.kind, Attention::Looking)];
    // What its details name.
    let named: &[CloudKind] = match state.kind {
        CloudKind::Servers => &[
            CloudKind::Volumes,
            CloudKind::LoadBalancers,
            CloudKind::Networks,
            CloudKind::Firewalls,
            CloudKind::FloatingIps,
        ],
        CloudKind::LoadBalancers => &[
            CloudKind::Servers,
            CloudKind::Networks,
            CloudKind::Certificates,
        ],
        CloudKind::Volumes => &[CloudKind::Servers, CloudKind::LoadBalancers],
        CloudKind::Networks => &[CloudKind::Servers, CloudKind::LoadBalancers],
        CloudKind::Firewalls | CloudKind::FloatingIps | CloudKind::Images => &[CloudKind::Servers],
        CloudKind::PrimaryIps => &[CloudKind::Servers, CloudKind::LoadBalancers],
        CloudKind::Certificates => &[CloudKind::LoadBalancers],
        CloudKind::Actions => &[
            CloudKind::Servers,
            CloudKind::LoadBalancers,
            CloudKind::Volumes,
        ],
        CloudKind::Keys | CloudKind::Zones => &[],
    };
    all.extend(named.iter().map(|kind| (*kind, Attention::Deck)));
    all
}

fn thing<'a>(state: &State, ctx: &Ctx<'a>) -> Option<&'a dyn Thing> {
    kinds::thing(&ctx.world.cloud, state.kind, state.number)
}

fn tab(state: &State) -> Tab {
    tabs(state.kind)
        .get(state.at)
        .copied()
        .unwrap_or(Tab::Details)
}

fn asked(state: &mut State) -> Option<&mut Asked> {
    match tab(state) {
        Tab::Json => Some(&mut state.json),
        Tab::Records => Some(&mut state.records),
        Tab::Details | Tab::Graphs => None,
    }
}

fn height(ctx: &Ctx) -> usize {
    usize::from(ctx.area.height.saturating_sub(HEAD))
}

/// Makes the details anew from what is known.
fn arrange(state: &mut State, ctx: &Ctx) {
    let see = See {
        world: ctx.world,
        now: ctx.now,
    };
    if let Some(thing) = thing(state, ctx) {
        state.details = details::of(thing, &see, &ctx.preferences.zone);
        state.keys = details::keys(&state.details);
    }
    // The details' table has no head.
    state.list.settle(&state.keys, height(ctx));
}

/// Asks for what the shown tab needs and has not got.
fn fetch(state: &mut State, ctx: &Ctx) -> Vec<Next> {
    let (kind, number) = (state.kind, state.number);
    let ask = match tab(state) {
        Tab::Details => return Vec::new(),
        Tab::Graphs => return state.graphs.fetch(kind, number, ctx),
        Tab::Json => CloudAsk::Json(kind, number),
        Tab::Records => CloudAsk::Records(number),
    };
    let Some(asked) = asked(state).filter(|asked| !asked.done) else {
        return Vec::new();
    };
    asked.done = true;
    let request = ctx.ids.request();
    asked.request = Some(request);
    vec![Next::Do(Effect::AskCloud(ctx.env().clone(), request, ask))]
}

/// What happened.
pub fn update(state: &mut State, msg: PaneMsg, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    match msg {
        PaneMsg::Action(id) => return act(state, id, ctx),
        PaneMsg::Cloud(_) if !ctx.visible => return Vec::new(),
        PaneMsg::Cloud(_) | PaneMsg::Host(_) => arrange(state, ctx),
        PaneMsg::Shown => {
            arrange(state, ctx);
            let mut next = fetch(state, ctx);
            next.push(Next::Dirty);
            return next;
        }
        PaneMsg::Clock => {
            return state.graphs.fetch(state.kind, state.number, ctx);
        }
        PaneMsg::Reply(id, reply) => return answer(state, id, reply, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Tab(at))) => return go_to(state, at, ctx),
        PaneMsg::Mouse(Mouse::Click(Hit::Row(row))) => {
            state.list.click(row, &state.keys, height);
        }
        PaneMsg::Mouse(Mouse::DoubleClick(Hit::Row(row))) => {
            state.list.click(row, &state.keys, height);
            return act(state, "open", ctx);
        }
        PaneMsg::Mouse(Mouse::Wheel(lines)) => match asked(state) {
            Some(asked) => asked.view.wheel(lines, &asked.lines, height),
            None => {
                let by = isize::try_from(lines).unwrap_or(0);
                state.list.step(by, &state.keys, height);
            }
        },
        PaneMsg::GoTo(row) => match asked(state) {
            Some(asked) => {
                asked.view.act("text.top", &asked.lines, height);
                let by = i32::try_from(row.saturating_sub(1)).unwrap_or(i32::MAX);
                asked.view.wheel(by, &asked.lines, height);
            }
            None => state.list.click(row.saturating_sub(1), &state.keys, height),
        },
        PaneMsg::Line {
            kind: "search",
            text,
            ..
        } => {
            let Some(asked) = asked(state) else {
                return Vec::new();
            };
            let searched = asked.view.search_for(text.as_deref(), &asked.lines, height);
            if let Err(error) = searched {
                return vec![Next::Wrong(error.span, error.message)];
            }
        }
        _ => return Vec::new(),
    }
    vec![Next::Dirty]
}

fn go_to(state: &mut State, at: usize, ctx: &Ctx) -> Vec<Next> {
    state.at = at.min(tabs(state.kind).len().saturating_sub(1));
    let mut next = fetch(state, ctx);
    next.push(Next::Dirty);
    next
}

fn act(state: &mut State, id: &'static str, ctx: &Ctx) -> Vec<Next> {
    let height = height(ctx);
    let count = tabs(state.kind).len();
    match id {
        "resource.next-tab" => return go_to(state, (state.at + 1) % count, ctx),
        "resource.previous-tab" => return go_to(state, (state.at + count - 1) % count, ctx),
        "resource.span" => {
            let mut next = state.graphs.turn(state.kind, state.number, ctx);
            next.push(Next::Dirty);
            return next;
        }
        "resource.units" => {
            let host = subject(state, ctx).map(|subject| subject.host);
            return host
                .map(|host| super::units_of(&host))
                .into_iter()
                .collect();
        }
        "resource.logs" => {
            let host = subject(state, ctx).map(|subject| subject.host);
            return host.map(|host| super::logs_of(&host)).into_iter().collect();
        }
        "open" => return follow(state),
        "text.search" => {
            return vec![Next::Prompt(PromptSpec {
                kind: "search",
                label: "search: ",
                text: String::new(),
            })];
        }
        "raw" => {
            // It is shown, and can be copied then.
            let at = tabs(state.kind).iter().position(|tab| *tab == Tab::Json);
            return go_to(state, at.unwrap_or(0), ctx);
        }
        "refresh" => {
            state.json.done = false;
            state.records.done = false;
            state.graphs.forget();
            return fetch(state, ctx);
        }
        _ => {}
    }
    let done = match tab(state) {
        Tab::Details => state.list.act(id, &state.keys, height),
        Tab::Graphs => false,
        Tab::Json | Tab::Records => {
            asked(state).is_some_and(|asked| asked.view.act(id, &asked.lines, height))
        }
    };
    match done {
        true => vec![Next::Dirty],
        false => Vec::new(),
    }
}

/// Goes where the selected line leads.
fn follow(state: &State) -> Vec<Next> {
    let link = match tab(state) {
        Tab::Details => state
            .details
            .get(state.list.at())
            .and_then(|d| d.link.as_ref()),
        _ => None,
    };
    match link {
        Some(Link::Thing(kind, number)) => vec![Next::Open(Args::Resource {
            kind: *kind,
            number: *number,
        })],
        Some(Link::Units(host)) => vec![super::units_of(host)],
        Some(Link::Log(host)) => vec![super::logs_of(host)],
        None => Vec::new(),
    }
}

fn answer(state: &mut State, id: RequestId, reply: Result<Reply, Problem>, ctx: &Ctx) -> Vec<Next> {
    if state.graphs.answer(id, &reply) {
        return vec![Next::Dirty];
    }
    let height = height(ctx);
    let mut places = [&mut state.json, &mut state.records].into_iter();
    let Some(place) = places.find(|asked| asked.request == Some(id)) else {
        return Vec::new();
    };
    place.request = None;
    match reply {
        Ok(reply) => {
            place.problem = None;
            place.lines = details::lines(reply);
            place.view.scroll(0, place.lines.len(), height);
        }
        Err(problem) => {
            place.problem = Some(problem.to_string());
            // May be asked again.
            place.done = false;
        }
    }
    vec![Next::Dirty]
}

/// The resource's keys.
pub fn contexts(state: &State) -> &'static [Context] {
    match tab(state) {
        Tab::Details | Tab::Graphs => &[Context::Resource, Context::List],
        Tab::Records | Tab::Json => &[Context::Resource, Context::Text],
    }
}

/// What can be done now.
pub fn actions(state: &State, ctx: &Ctx) -> Vec<Offer> {
    let host = || match subject(state, ctx) {
        Some(_) => Ok(()),
        None => Err("it is none of the environment's hosts".to_owned()),
    };
    let leads = match tab(state) {
        Tab::Details => state
            .details
            .get(state.list.at())
            .is_some_and(|d| d.link.is_some()),
        _ => false,
    };
    let graphs = tab(state) == Tab::Graphs;
    let open = if leads {
        Ok(())
    } else {
        Err("this line leads nowhere".to_owned())
    };
    [
        Offer::when("open", open),
        Offer::yes("resource.next-tab"),
        Offer::when(
            "resource.span",
            if graphs {
                Ok(())
            } else {
                Err("there are no graphs on this tab".into())
            },
        ),
        Offer::when("resource.units", host()),
        Offer::when("resource.logs", host()),
        Offer::yes("raw"),
        Offer::yes("refresh"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The same as lines.
pub fn plain(state: &State, ctx: &Ctx, out: &mut String) {
    let noun = kinds::spec(state.kind).noun;
    let _ = writeln!(out, "{noun} {}", view::name(state, ctx));
    match tab(state) {
        Tab::Details => {
            for detail in &state.details {
                let _ = writeln!(out, "{} {}", detail.label, detail.text);
            }
        }
        Tab::Graphs => state.graphs.plain(out),
        Tab::Json | Tab::Records => {
            let asked = match tab(state) {
                Tab::Json => &state.json,
                _ => &state.records,
            };
            for line in &asked.lines {
                let _ = writeln!(out, "{}", line.text);
            }
        }
    }
}

/// For tab line and history.
pub fn title(state: &State) -> String {
    let name = state
        .details
        .first()
        .map_or("", |detail| detail.text.as_str());
    format!("{} {name}", kinds::spec(state.kind).noun)
}

/// The command line that shows the same.
pub fn cli(state: &State, ctx: &Ctx) -> Option<String> {
    let env = match ctx.world.cloud.whole {
        true => String::new(),
        false => format!(" -e {}", ctx.env()),
    };
    let command = kinds::spec(state.kind).command;
    Some(format!("qd{env} {command} show {}", state.number))
}

/// The resource's name, or the text of the tab.
pub fn copy(state: &State, ctx: &Ctx, raw: bool) -> Option<(String, String)> {
    let name = view::name(state, ctx);
    match (tab(state), raw) {
        (Tab::Json, _) if !state.json.lines.is_empty() => {
            Some((joined(&state.json.lines), format!("{name} as JSON")))
        }
        (Tab::Records, _) if !state.records.lines.is_empty() => Some((
            joined(&state.records.lines),
            format!("the records of {name}"),
        )),
        (_, true) => None,
        (Tab::Details, false) => {
            let detail = state.details.get(state.list.at())?;
            Some((detail.text.clone(), detail.text.clone()))
        }
        _ => Some((name.clone(), name)),
    }
}

/// The host that the server is.
pub fn subject(state: &State, ctx: &Ctx) -> Option<Subject> {
    let lists = &ctx.world.cloud.lists;
    let server = match state.kind {
        CloudKind::Servers => lists.servers.find(state.number)?,
        CloudKind::Volumes => lists
            .servers
            .find(lists.volumes.find(state.number)?.server?)?,
        _ => return None,
    };
    let see = See {
        world: ctx.world,
        now: ctx.now,
    };
    Some(Subject {
        host: see.host(server)?.clone(),
        unit: None,
    })
}

/// While graphs are shown they go on.
pub fn wake(state: &State, _ctx: &Ctx) -> Option<Timestamp> {
    (tab(state) == Tab::Graphs)
        .then(|| state.graphs.next())
        .flatten()
}
