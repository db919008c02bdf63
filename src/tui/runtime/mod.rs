//! Executes effects on tokio and answers with messages over one bounded channel.
//!
//! It owns the connections. Read-only is enforced here (and in `ops`), whatever the screen
//! showed; nothing here decides or draws.

mod cloud;
mod env;
mod questions;
pub mod reload;
mod streams;

use super::{
    cache::Cache,
    effect::{Ask, Effect},
    model::EnvId,
    msg::{EnvMsg, Level, Msg, Reply, RequestId},
    run::Executor,
};
use crate::{
    config::{Destination, Environment, Loaded},
    logs::{file::LogFile, origin::Origin},
    ops,
    problem::{Exit, Problem},
    remote::{
        HostId,
        fleet::Fleet,
        ssh::Host,
        systemd::{Systemd, SystemdError, UnitEvent},
    },
};
use cloud::Projects;
use questions::Questions;
use std::{
    collections::HashMap,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use streams::Streams;
use tokio::sync::mpsc;

/// Messages that may wait for the screen; sources are held back beyond.
pub const QUEUE: usize = 1_024;
/// Past operations that are read.
const HISTORY: usize = 1_000;

/// Executes effects.
pub struct Runtime {
    loaded: Arc<Loaded>,
    only: Vec<String>,
    files: Vec<LogFile>,
    read_only: bool,
    cache: Cache,
    tx: mpsc::Sender<Msg>,
    fleets: HashMap<EnvId, Fleet>,
    projects: Projects,
    streams: Streams,
    questions: Questions,
    managers: Managers,
}

/// One open connection to each host's service manager, shared by all questions.
type Managers = Arc<Mutex<HashMap<(EnvId, HostId), Systemd>>>;

impl Runtime {
    /// A runtime for the environments of this configuration (of their hosts only those named in
    /// `only`, where an environment has such); its messages go to `tx`.
    pub fn new(
        loaded: Arc<Loaded>,
        only: Vec<String>,
        read_only: bool,
        cache: Cache,
        tx: mpsc::Sender<Msg>,
    ) -> Runtime {
        Runtime {
            projects: Projects::new(loaded.clone(), tx.clone()),
            loaded,
            only,
            files: Vec::new(),
            cache,
            read_only,
            streams: Streams::new(tx.clone()),
            questions: Questions::new(tx.clone()),
            tx,
            fleets: HashMap::new(),
            managers: Managers::default(),
        }
    }

    /// Files that journals are asked for instead of hosts.
    #[must_use]
    pub fn with_files(mut self, files: Vec<LogFile>) -> Runtime {
        self.files = files;
        self
    }

    fn origins(&self, env: &EnvId, ids: &[HostId]) -> Vec<Origin> {
        if self.files.is_empty() {
            return self.hosts(env, ids).into_iter().map(Origin::Host).collect();
        }
        let wanted = |file: &&LogFile| ids.contains(file.id());
        let files = self.files.iter().filter(wanted).cloned();
        files.map(Origin::File).collect()
    }

    /// A host of an open environment.
    pub fn host(&self, env: &EnvId, host: &HostId) -> Option<Host> {
        self.fleets.get(env)?.host(host).cloned()
    }

    /// All connections are closed.
    pub fn close(&mut self) {
        for fleet in self.fleets.values() {
            for host in fleet.hosts() {
                host.close();
            }
        }
    }

    fn hosts(&self, env: &EnvId, ids: &[HostId]) -> Vec<Host> {
        let Some(fleet) = self.fleets.get(env) else {
            return Vec::new();
        };
        ids.iter()
            .filter_map(|id| fleet.host(id).cloned())
            .collect()
    }

    fn spawn(&self, work: impl Future<Output = Msg> + Send + 'static) {
        let tx = self.tx.clone();
        tokio::spawn(async move {
            let msg = work.await;
            // The console has ended when nobody listens.
            let _ = tx.send(msg).await;
        });
    }

    fn open(&mut self, env: EnvId) {
        if self.fleets.contains_key(&env) {
            return;
        }
        match self.loaded.environment(Some(env.as_str())) {
            Ok(mut environment) => {
                if environment
                    .hosts
                    .iter()
                    .any(|host| self.only.contains(&host.name))
                {
                    environment
                        .hosts
                        .retain(|host| self.only.contains(&host.name));
                }
                let prompter = Arc::new(self.questions.prompter(env.clone()));
                let fleet = Fleet::new(&environment, prompter);
                env::watch(&env, &fleet, &self.tx);
                env::pending(env.clone(), self.tx.clone());
                env::cached(self.cache.clone(), env.clone(), self.tx.clone());
                self.fleets.insert(env, fleet);
            }
            Err(problem) => self.spawn(async move { Msg::Problem(problem) }),
        }
    }

    fn adopt(&mut self, env: &EnvId, hosts: Vec<Destination>) {
        let (Some(fleet), Ok(environment)) = (
            self.fleets.get(env).cloned(),
            self.loaded.environment(Some(env.as_str())),
        ) else {
            return;
        };
        let prompter = Arc::new(self.questions.prompter(env.clone()));
        let found = Fleet::new(
            &Environment {
                hosts,
                ..environment
            },
            prompter,
        );
        env::watch(env, &found, &self.tx);
        self.fleets.insert(env.clone(), fleet.and(&found));
    }

    fn ask_unit(&self, env: EnvId, id: RequestId, host: Host, unit: String, ask: Ask) {
        let managers = self.managers.clone();
        self.spawn(async move {
            let reply = ask_unit(&managers, env, &host, &unit, ask).await;
            Msg::Reply(id, reply.map_err(|problem| problem.on(host.id().as_str())))
        });
    }
}

impl Executor for Runtime {
    fn execute(&mut self, effect: Effect) {
        match effect {
            Effect::Open(env) => {
                if self.files.is_empty() {
                    self.projects.open(&env);
                }
                self.open(env);
            }
            Effect::Retry(env, host) => {
                if host.is_none() {
                    self.projects.again(&env);
                }
                for h in self.fleets.get(&env).iter().flat_map(|fleet| fleet.hosts()) {
                    if host.as_ref().is_none_or(|id| h.id() == id) {
                        h.retry_now();
                    }
                }
            }
            Effect::Adopt(env, hosts) => self.adopt(&env, hosts),
            Effect::Look(env, lists) => self.projects.look(&env, lists),
            Effect::AskCloud(env, id, ask) => self.projects.ask(&env, id, ask),
            Effect::Follow(env, stream, hosts, query) => {
                let origins = self.origins(&env, &hosts);
                self.streams.follow(stream, origins, &query);
            }
            Effect::Fetch(env, stream, hosts, query) => {
                let origins = self.origins(&env, &hosts);
                self.streams.fetch(stream, origins, &query);
            }
            Effect::Stop(stream) => self.streams.stop(stream),
            Effect::Fields(env, id, host, cursor) => {
                let Some(origin) = self.origins(&env, &[host]).pop() else {
                    return self.spawn(async move { Msg::Reply(id, Err(not_open())) });
                };
                self.spawn(async move {
                    let fields = origin.all_fields(&cursor).await;
                    Msg::Reply(id, fields.map(Reply::Fields))
                });
            }
            Effect::AskUnit(env, id, host, unit, ask) => match self.host(&env, &host) {
                Some(host) => self.ask_unit(env, id, host, unit, ask),
                None => self.spawn(async move { Msg::Reply(id, Err(not_open())) }),
            },
            Effect::Refresh(env, host, units) => {
                let Some(host) = self.host(&env, &host) else {
                    return;
                };
                let managers = self.managers.clone();
                self.spawn(async move {
                    let id = host.id().clone();
                    let units = with_manager(&managers, &env, &host, |manager| {
                        let units = units.clone();
                        async move { manager.refresh(&units).await }
                    });
                    match units.await {
                        Ok(units) => Msg::Env(env, EnvMsg::Units(id, UnitEvent::Changed(units))),
                        Err(problem) => Msg::Problem(problem.on(id.as_str())),
                    }
                });
            }
            Effect::Prepare(env, id, intent) => {
                let Some(fleet) = self.fleets.get(&env).cloned() else {
                    return self.spawn(async move { Msg::Planned(env, id, Err(not_open())) });
                };
                self.spawn(async move {
                    let plan = ops::prepare(&fleet, intent).await;
                    Msg::Planned(env, id, plan)
                });
            }
            Effect::Execute(env, job, approved) => {
                let read_only = self.read_only
                    || self
                        .loaded
                        .environment(Some(env.as_str()))
                        .is_ok_and(|environment| environment.read_only);
                let Some(fleet) = self.fleets.get(&env).cloned() else {
                    return self.spawn(async move { Msg::Problem(not_open()) });
                };
                let tx = self.tx.clone();
                tokio::spawn(async move {
                    watched(&tx, job, |news| {
                        ops::execute(&fleet, approved, read_only, news)
                    })
                    .await;
                });
            }
            Effect::Reattach(env, job, pending) => {
                let Some(fleet) = self.fleets.get(&env).cloned() else {
                    return self.spawn(async move { Msg::Problem(not_open()) });
                };
                let tx = self.tx.clone();
                tokio::spawn(async move {
                    watched(&tx, job, |news| ops::resume(&fleet, pending, news)).await;
                });
            }
            Effect::History(id) => self.spawn(async move {
                let read = tokio::task::spawn_blocking(|| ops::audit::read(HISTORY)).await;
                let reply = match read {
                    Ok(Ok(log)) => Ok(Reply::History(log.records)),
                    Ok(Err(error)) => Err(unreadable(&error.to_string())),
                    Err(error) => Err(unreadable(&error.to_string())),
                };
                Msg::Reply(id, reply)
            }),
            Effect::Answer(id, answer) => self.questions.answer(id, answer.map(|hidden| hidden.0)),
            Effect::Save(path, bytes) => self.spawn(async move {
                let saved = tokio::task::spawn_blocking(move || save(&path, &bytes)).await;
                match saved {
                    Ok(Ok(text)) => Msg::Say(Level::Info, text),
                    Ok(Err(problem)) => Msg::Problem(problem),
                    Err(error) => Msg::Say(Level::Error, error.to_string()),
                }
            }),
            // These belong to the owner of the terminal, who does not hand them on.
            Effect::Copy(..)
            | Effect::Shell(..)
            | Effect::Suspend
            | Effect::Restore
            | Effect::Theme(_)
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Quit(_) => {}
        }
    }
}

/// Runs an operation and tells its news in order, its end last.
async fn watched<F: Future<Output = ops::Outcome>>(
    tx: &mpsc::Sender<Msg>,
    job: ops::JobId,
    run: impl FnOnce(mpsc::Sender<ops::JobEvent>) -> F,
) {
    let (news, mut receiver) = mpsc::channel(64);
    let tell = tx.clone();
    let forward = tokio::spawn(async move {
        while let Some(event) = receiver.recv().await {
            // An end is told once, below, after everything else.
            if !matches!(event, ops::JobEvent::Ended(_))
                && tell.send(Msg::Job(job, event)).await.is_err()
            {
                break;
            }
        }
    });
    let outcome = run(news).await;
    let _ = forward.await;
    let _ = tx.send(Msg::Job(job, ops::JobEvent::Ended(outcome))).await;
}

fn unreadable(error: &str) -> Problem {
    Problem::new(
        "ops",
        "audit-log",
        Exit::Negative,
        format!("cannot read the audit log: {error}"),
    )
}

async fn ask_unit(
    managers: &Managers,
    env: EnvId,
    host: &Host,
    unit: &str,
    ask: Ask,
) -> Result<Reply, Problem> {
    with_manager(managers, &env, host, |manager| {
        let unit = unit.to_owned();
        async move {
            match ask {
                Ask::Properties => manager.properties(&unit).await.map(Reply::Properties),
                Ask::FileText => manager.file_text(&unit).await.map(Reply::FileText),
                Ask::Dependencies => manager.dependencies(&unit).await.map(Reply::Dependencies),
            }
        }
    })
    .await
}

/// Asks a host's service manager over the connection that is open, or a new one.
async fn with_manager<T, F: Future<Output = Result<T, SystemdError>>>(
    managers: &Managers,
    env: &EnvId,
    host: &Host,
    ask: impl Fn(Systemd) -> F,
) -> Result<T, Problem> {
    let key = (env.clone(), host.id().clone());
    // One that broke is found out by using it; the second attempt is on a new one.
    for fresh in [false, true] {
        let known = lock(managers).get(&key).cloned();
        let manager = match known {
            Some(manager) if !fresh => manager,
            _ => {
                let manager = Systemd::open(host).await?;
                lock(managers).insert(key.clone(), manager.clone());
                manager
            }
        };
        match ask(manager).await {
            Err(SystemdError::Unreachable(_)) if !fresh => {}
            answer => return Ok(answer?),
        }
    }
    Err(not_open())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_open() -> Problem {
    Problem::new(
        "console",
        "not-open",
        Exit::Unreachable,
        "the environment is not open",
    )
    .hint("press r to connect")
}

fn save(path: &Path, bytes: &[u8]) -> Result<String, Problem> {
    let failed = |error: std::io::Error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "give another name; nothing is overwritten",
            _ => "give a path in a directory that you can write to",
        };
        Problem::new(
            "console",
            "save-failed",
            Exit::Negative,
            format!("cannot write {}: {error}", path.display()),
        )
        .hint(hint)
    };
    // What journals hold is for the one who may read them.
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    let whole = path.canonicalize();
    let shown = whole.as_deref().unwrap_or(path).display();
    Ok(format!("saved {shown} ({} bytes)", bytes.len()))
}
