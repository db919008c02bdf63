//! `qd unit`: one unit, shown or changed.

use super::{
    Global, Run,
    context::{self, Session},
    operate, output,
    units::{age, bytes, mark},
};
use crate::ops::Intent;
use crate::problem::{Exit, Problem};
use crate::remote::{
    HostId,
    systemd::{Description, Systemd, Verb, names},
};
use crate::text::clean;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One unit: show it or change it
///
/// Where several hosts have the unit, `--host` chooses; `show` shows it on all of them. Changes
/// wait for the result of systemd's job and look whether the unit stays as it should.
#[derive(Debug, Subcommand)]
pub enum Unit {
    /// Its state, properties and relations
    Show(Show),
    /// Start it
    Start(Name),
    /// Stop it
    Stop(Name),
    /// Stop and start it
    Restart(Name),
    /// Have it read its configuration again
    Reload(Name),
    /// Forget that it failed
    ResetFailed(Name),
    /// Start it at boot
    Enable(Name),
    /// Do not start it at boot
    Disable(Name),
}

/// Which unit.
#[derive(Debug, Args)]
pub struct Name {
    /// Name of the unit (`nginx` means `nginx.service`)
    #[arg(value_name = "UNIT")]
    name: String,
}

/// What to show of it.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    name: Name,
    /// Every property
    #[arg(long, short)]
    properties: bool,
    /// The unit file and its drop-ins
    #[arg(long, short)]
    file: bool,
}

/// Runs it.
pub(crate) async fn run(global: &Global, command: Unit) -> Run {
    let (verb, name) = match command {
        Unit::Show(show) => return self::show(global, show).await,
        Unit::Start(name) => (Verb::Start, name),
        Unit::Stop(name) => (Verb::Stop, name),
        Unit::Restart(name) => (Verb::Restart, name),
        Unit::Reload(name) => (Verb::Reload, name),
        Unit::ResetFailed(name) => (Verb::ResetFailed, name),
        Unit::Enable(name) => (Verb::Enable, name),
        Unit::Disable(name) => (Verb::Disable, name),
    };
    let unit = full_name(&name.name)?;
    let session = Session::open(global)?;
    let host = which_host(&session, &unit).await?;
    operate::operate(global, &session, Intent::Unit { host, unit, verb }).await
}

fn full_name(typed: &str) -> Result<String, Problem> {
    names::full_name(typed).ok_or_else(|| {
        Problem::new(
            "cli",
            "bad-unit-name",
            Exit::Usage,
            format!("{typed:?} cannot be a unit's name"),
        )
    })
}

/// The host that was chosen, or the only one that has the unit.
async fn which_host(session: &Session, unit: &str) -> Result<HostId, Problem> {
    if let [host] = session.hosts() {
        return Ok(host.id().clone());
    }
    let (found, mut problems) = session
        .each_host(|host| async move {
            context::contact(&host).await?;
            let has = Systemd::open(&host).await?.unit(unit).await?.load != "not-found";
            Ok(has.then(|| host.id().clone()))
        })
        .await;
    let found: Vec<HostId> = found.into_iter().flatten().collect();
    // A host that did not answer may have it too.
    if !problems.is_empty() {
        let problem = problems.swap_remove(0);
        return Err(problem.hint("choose a host that answers with --host"));
    }
    match found.as_slice() {
        [host] => Ok(host.clone()),
        [] => Err(no_such_unit(session, unit)),
        several => {
            let names: Vec<_> = several.iter().map(HostId::as_str).collect();
            Err(Problem::new(
                "cli",
                "which-host",
                Exit::Usage,
                format!("{} hosts have {unit}", names.len()),
            )
            .hint(format!("choose with --host: {}", names.join(", "))))
        }
    }
}

fn no_such_unit(session: &Session, unit: &str) -> Problem {
    let problem = Problem::new(
        "systemd",
        "no-such-unit",
        Exit::Negative,
        format!("there is no unit {unit}"),
    )
    .hint("`qd units --all` lists what there is");
    match session.hosts() {
        [host] => problem.on(host.id().as_str()),
        _ => problem,
    }
}

/// One host's answer.
struct Shown {
    host: HostId,
    described: Description,
    file: Option<Result<String, Problem>>,
}

async fn show(global: &Global, show: Show) -> Run {
    let name = full_name(&show.name.name)?;
    let session = Session::open(global)?;
    let (wanted, with_file) = (name.as_str(), show.file);
    let (shown, mut problems) = session
        .each_host(|host| async move {
            context::contact(&host).await?;
            let systemd = Systemd::open(&host).await?;
            let described = systemd.describe(wanted).await?;
            let file = if with_file && described.unit.load != "not-found" {
                Some(systemd.file_text(wanted).await.map_err(Problem::from))
            } else {
                None
            };
            Ok(Shown {
                host: host.id().clone(),
                described,
                file,
            })
        })
        .await;
    let shown: Vec<Shown> = shown
        .into_iter()
        .filter(|shown| shown.described.unit.load != "not-found")
        .collect();
    if shown.is_empty() && problems.is_empty() {
        return Err(no_such_unit(&session, &name));
    }
    problems.extend(
        shown
            .iter()
            .filter_map(|shown| shown.file.as_ref()?.as_ref().err().cloned()),
    );
    if global.json {
        let items: Vec<Value> = shown.iter().map(item).collect();
        output::json(&output::Document::new(
            &session.environment.name,
            items,
            &problems,
        ))?;
    } else {
        let texts: Vec<String> = shown.iter().map(|shown| text(shown, &show)).collect();
        output::print(&texts.join("\n"))?;
        problems.iter().for_each(output::warn);
    }
    Ok(output::worst(&problems).map_or(0, |problem| problem.exit.code()))
}

/// The fields of `qd units`, then what only `show` has.
fn item(shown: &Shown) -> Value {
    let mut item = Map::new();
    item.insert("host".to_owned(), json!(shown.host.as_str()));
    if let Ok(Value::Object(unit)) = serde_json::to_value(&shown.described.unit) {
        item.extend(unit);
    }
    let dependencies: Map<String, Value> = shown
        .described
        .dependencies
        .iter()
        .map(|(relation, units)| (relation.replace(' ', "_"), json!(units)))
        .collect();
    item.insert("dependencies".to_owned(), Value::Object(dependencies));
    let properties: Map<String, Value> = shown
        .described
        .properties
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    item.insert("properties".to_owned(), Value::Object(properties));
    if let Some(Ok(file)) = &shown.file {
        item.insert("file".to_owned(), json!(file));
    }
    Value::Object(item)
}

/// For people.
fn text(shown: &Shown, show: &Show) -> String {
    let unit = &shown.described.unit;
    let now = Timestamp::now();
    let mut lines = vec![format!(
        "{} {} - {}",
        mark(unit),
        unit.name,
        unit.description
    )];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!("{name:>14}: {value}"));
        }
    };
    let place = match (&unit.fragment_path, &unit.file_state) {
        (Some(path), Some(state)) => format!(" ({path}; {state})"),
        (Some(path), None) => format!(" ({path})"),
        (None, _) => String::new(),
    };
    add("host", Some(shown.host.to_string()));
    add("loaded", Some(format!("{}{place}", unit.load)));
    let since = unit
        .since
        .map(|since| format!(" since {since}; {} ago", age(since, now)));
    add(
        "active",
        Some(format!(
            "{} ({}){}",
            unit.active,
            unit.sub,
            since.unwrap_or_default()
        )),
    );
    add("job", unit.job.clone());
    add("result", unit.result.clone());
    add("exit status", unit.exit_status.map(|n| n.to_string()));
    add("restarts", unit.restarts.map(|n| n.to_string()));
    add("main PID", unit.main_pid.map(|n| n.to_string()));
    add("memory", unit.memory_bytes.map(bytes));
    add(
        "CPU time",
        unit.cpu_nsec
            .map(|n| format!("{:.3?}", std::time::Duration::from_nanos(n))),
    );
    add("next elapse", unit.next_elapse.map(|t| t.to_string()));
    add("listens on", Some(unit.listen.join(", ")));
    add("run", unit.invocation_id.clone());
    for (relation, units) in &shown.described.dependencies {
        add(relation, Some(units.join(" ")));
    }
    if show.properties {
        lines.push(String::new());
        for (name, value) in &shown.described.properties {
            lines.push(format!("{name}={value}"));
        }
    }
    if let Some(Ok(file)) = &shown.file {
        lines.push(String::new());
        lines.extend(file.lines().map(str::to_owned));
    }
    lines
        .iter()
        .map(|line| format!("{}\n", clean(line)))
        .collect()
}
