//! What a command works with: the environment, the hosts chosen, and how long it may take.
//!
//! Opens configuration and fleet and asks hosts side by side. Prints nothing but warnings about
//! settings; how results leave the program is `output`'s business.

use super::{Global, output, prompt::OnTerminal};
use crate::config::{Environment, Loaded, settings::Settings};
use crate::problem::{Exit, Problem};
use crate::remote::{ConnState, fleet::Fleet, ssh::Host};
use futures::future::join_all;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::Instant;

/// An opened environment. Lives as long as the command.
pub(crate) struct Session {
    /// The environment chosen by `--env`, or the default one.
    pub(crate) environment: Environment,
    /// Every host of the environment, whatever `--host` says.
    pub(crate) fleet: Fleet,
    /// From `--read-only`, or the environment's `read_only_<env>`.
    pub(crate) read_only: bool,
    hosts: Vec<Host>,
    deadline: Option<Instant>,
}

impl Session {
    /// Reads the configuration and makes the fleet; connects to nothing. Must be called within a
    /// tokio runtime. An environment without hosts is a problem: use [`Session::settled`] for
    /// commands that can do without.
    pub(crate) fn open(global: &Global) -> Result<Session, Problem> {
        let session = Session::settled(global)?;
        if session.hosts.is_empty() {
            let name = &session.environment.name;
            return Err(Problem::new(
                "config",
                "no-hosts",
                Exit::Usage,
                format!("environment {name} has no hosts"),
            )
            .hint(format!(
                "add \"hosts_{name}\": [\"operator@server.example.org\"] to config.json"
            )));
        }
        Ok(session)
    }

    /// [`Session::open`] for an environment that may have no hosts.
    pub(crate) fn settled(global: &Global) -> Result<Session, Problem> {
        let (settings, warnings) = Settings::load();
        for warning in &warnings {
            output::warn(warning);
        }
        let loaded = load(global)?.with_transport(settings.ssh_transport);
        let environment = loaded.environment(global.env.as_deref())?;
        let fleet = Fleet::new(&environment, Arc::new(OnTerminal::default()));
        let hosts = select(&fleet, &global.hosts)?;
        Ok(Session {
            read_only: global.read_only || environment.read_only,
            deadline: deadline(global),
            environment,
            fleet,
            hosts,
        })
    }

    /// The hosts chosen by `--host` in the order given, or all of them by name.
    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The one host a command is about; a problem when several are to choose from.
    pub(crate) fn one_host(&self) -> Result<&Host, Problem> {
        match self.hosts.as_slice() {
            [host] => Ok(host),
            hosts => {
                let names: Vec<_> = hosts.iter().map(|h| h.id().as_str()).collect();
                Err(Problem::new(
                    "cli",
                    "which-host",
                    Exit::Usage,
                    format!(
                        "environment {} has {} hosts",
                        self.environment.name,
                        names.len()
                    ),
                )
                .hint(format!("choose with --host: {}", names.join(", "))))
            }
        }
    }

    /// When `--timeout` ends the command; None without one.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Connects to all chosen hosts at once, each with one attempt, and asks them. Answers come in the order of [`Session::hosts`]; each host
    /// that fails, or does not answer before the deadline, gives a problem that names it.
    pub(crate) async fn each_host<T, F, A>(&self, ask: F) -> (Vec<T>, Vec<Problem>)
    where
        F: Fn(Host) -> A,
        A: Future<Output = Result<T, Problem>>,
    {
        let deadline = self.deadline;
        let answers = join_all(self.hosts.iter().map(|host| {
            let answer = async {
                contact(host).await?;
                ask(host.clone()).await
            };
            async move {
                let answer = match deadline {
                    None => answer.await,
                    Some(at) => match tokio::time::timeout_at(at, answer).await {
                        Ok(answer) => answer,
                        Err(_) => Err(timed_out()),
                    },
                };
                answer.map_err(|problem| match problem.host {
                    Some(_) => problem,
                    None => problem.on(host.id().as_str()),
                })
            }
        }))
        .await;
        let mut items = Vec::with_capacity(answers.len());
        let mut problems = Vec::new();
        for answer in answers {
            match answer {
                Ok(item) => items.push(item),
                Err(problem) => problems.push(problem),
            }
        }
        (items, problems)
    }
}

/// Connects, with one attempt: a command at a prompt says at once why it cannot go on, while the
/// console keeps trying. The round-trip time when it is known.
pub(crate) async fn contact(host: &Host) -> Result<Option<Duration>, Problem> {
    let mut states = host.states();
    host.wake();
    loop {
        match &*states.borrow_and_update() {
            ConnState::Up { rtt } => return Ok(*rtt),
            ConnState::Degraded => return Ok(None),
            ConnState::Retrying { why, .. } | ConnState::Failed(why) => return Err(why.clone()),
            ConnState::Idle | ConnState::Connecting { .. } | ConnState::NeedsAnswer => {}
        }
        if states.changed().await.is_err() {
            return Err(Problem::new(
                "ssh",
                "closed",
                Exit::Unreachable,
                "the connection was closed",
            ));
        }
    }
}

/// The configuration named by `--config`, or found upwards from the working directory.
pub(crate) fn load(global: &Global) -> Result<Loaded, Problem> {
    Loaded::find(global.config.as_deref(), &directory()?)
}

/// The working directory.
pub(crate) fn directory() -> Result<std::path::PathBuf, Problem> {
    std::env::current_dir().map_err(|error| {
        Problem::new(
            "config",
            "no-directory",
            Exit::Usage,
            format!("cannot tell the working directory: {error}"),
        )
        .hint("go to a directory that exists")
    })
}

/// When `--timeout` ends a command that starts now.
pub(crate) fn deadline(global: &Global) -> Option<Instant> {
    global
        .timeout
        .and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)))
}

/// What a host that did not answer in time gets.
pub(crate) fn timed_out() -> Problem {
    Problem::new(
        "cli",
        "timeout",
        Exit::Unreachable,
        "no answer within the time that --timeout allows",
    )
    .hint("allow more, or see what is slow with -v")
}

fn select(fleet: &Fleet, wanted: &[String]) -> Result<Vec<Host>, Problem> {
    if wanted.is_empty() {
        return Ok(fleet.hosts().cloned().collect());
    }
    let mut chosen: Vec<Host> = Vec::with_capacity(wanted.len());
    for name in wanted {
        let found = fleet.hosts().find(|host| host.id().as_str() == name);
        let host = found.ok_or_else(|| unknown_host(fleet, name))?;
        if !chosen.iter().any(|other| other.id() == host.id()) {
            chosen.push(host.clone());
        }
    }
    Ok(chosen)
}

fn unknown_host(fleet: &Fleet, name: &str) -> Problem {
    let names: Vec<&str> = fleet.hosts().map(|host| host.id().as_str()).collect();
    let environment = fleet.environment();
    let problem = Problem::new(
        "config",
        "unknown-host",
        Exit::Usage,
        format!("environment {environment} has no host {name}"),
    );
    match closest(name, names.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None if names.is_empty() => problem.hint(format!("hosts_{environment} is empty")),
        None => problem.hint(format!("it has {}", names.join(", "))),
    }
}

/// The candidate that was probably meant.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let hosts = ["web-1", "web-2", "database"];
        assert_eq!(closest("databse", hosts), Some("database"));
        assert_eq!(closest("wbe-2", hosts), Some("web-2"));
        assert_eq!(closest("mail", hosts), None);
    }
}
