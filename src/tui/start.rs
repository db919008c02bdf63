//! The console from start to end: configuration, terminal, loop, and what needs the terminal
//! given up for a while.

mod input;
mod preferences;

use super::{
    cache::{Cache, Snapshot},
    clipboard::{self, Surroundings},
    effect::Effect,
    model::{EnvId, Model, World},
    msg::{Level, Msg},
    panes::Args,
    plain::Plain,
    run::{self, Console, Leave},
    runtime::{QUEUE, Runtime},
    shell,
    terminal::{self, Guard},
    theme, update,
};
use crate::{
    config::Loaded,
    logs::{Query, file::LogFile},
    problem::{Exit, Problem},
    remote::hetzner::access,
};
use input::{Signals, input};
use jiff::Timestamp;
use preferences::{Chosen, keep_up, load_theme, preferences, themes_directory};
use std::{
    io::{self, IsTerminal, Stdout},
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::Instant,
};
use tokio::sync::mpsc;

/// How the console is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// config.json or its directory.
    pub config: Option<PathBuf>,
    /// The environment shown first.
    pub environment: Option<String>,
    /// Only these hosts of it; all when empty.
    pub hosts: Vec<String>,
    /// Nothing that changes the world is executed.
    pub read_only: bool,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Keep nothing of what was seen for the next start.
    pub forgetful: bool,
    /// Lines instead of a screen.
    pub plain: bool,
    /// Memory for journal entries in MiB; as in the settings when absent.
    pub log_budget_mib: Option<u32>,
    /// No environment, but these files.
    pub files: Vec<LogFile>,
    /// Which of their entries are shown first.
    pub entries: Query,
    /// A filter on them.
    pub filter: String,
}

/// What the environment of a bare token is called.
const PROJECT: &str = "project";

type Screen = Console<Stdout>;

/// Runs the console; returns the exit code.
///
/// # Errors
/// The configuration cannot be used, or there is no terminal.
pub async fn console(options: Options) -> Result<u8, Problem> {
    let interactive = io::stdout().is_terminal() && io::stdin().is_terminal();
    if !options.plain && !interactive {
        return Err(Problem::new(
            "console",
            "no-terminal",
            Exit::Usage,
            "the console needs a terminal on standard input and output",
        )
        .hint("use a command, e.g. qd units --json; qd --help lists them"));
    }
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let (settings, said) = preferences::load(options.log_budget_mib);
    let (loaded, first) = if options.files.is_empty() {
        let loaded = match Loaded::find(options.config.as_deref(), &cwd) {
            Err(problem) if problem.code == "no-config" && options.config.is_none() => {
                of_token(&options, problem).await?
            }
            loaded => loaded?,
        };
        let first = loaded.environment(options.environment.as_deref())?;
        (loaded, first.name)
    } else {
        (Loaded::nothing(), "files".to_owned())
    };
    let loaded = Arc::new(loaded);
    let (preferences, wrong) = preferences(&settings, options.ascii);
    let mouse = settings.mouse;
    let mut worlds = Vec::new();
    for environment in loaded.environments() {
        let mut environment = environment.clone();
        let chosen = environment.name == first;
        // Hosts that are to be found yet cannot be missed now.
        if chosen && !environment.hosts.is_empty() {
            choose(&mut environment.hosts, &options.hosts)?;
        }
        let mut world = World::new(&environment, options.read_only);
        if chosen {
            world.only.clone_from(&options.hosts);
        }
        // Of a bare token everything is meant, unless an environment was named.
        world.cloud.whole = loaded.path().as_os_str().is_empty() && options.environment.is_none();
        worlds.push(world);
    }
    if !options.files.is_empty() {
        let names = options.files.iter().map(|file| file.id().clone());
        worlds.push(World::of_files(names));
    }
    let mut model = Model::new(worlds, EnvId::new(&first), preferences);
    model.themes = theme::names(themes_directory().as_deref());
    model.now = Timestamp::now();

    // The first frame shows what was last known.
    let nowhere = loaded.path().as_os_str().is_empty();
    let cache = if options.forgetful || nowhere {
        Cache::none()
    } else {
        Cache::new(loaded.path())
    };
    let current = model.current.clone();
    if let (Some(snapshot), Some(world)) = (cache.load(&current), model.worlds.get_mut(&current)) {
        snapshot.fill(world);
    }

    terminal::report_panics(state_directory());
    for problem in said.into_iter().chain(wrong) {
        update::update(&mut model, Msg::Problem(problem));
    }
    let (tx, rx) = mpsc::channel(QUEUE);
    let chosen = Chosen::default();
    let _watcher = keep_up(&options, &chosen, &tx);
    let owner = Owner {
        chosen,
        first: (!options.files.is_empty()).then_some(Args::Logs {
            hosts: Vec::new(),
            query: options.entries,
            filter: options.filter,
        }),
        config: loaded.path().to_owned(),
        runtime: Runtime::new(
            loaded,
            options.hosts,
            options.read_only,
            cache.clone(),
            tx.clone(),
        )
        .with_files(options.files),
        cache,
        tx,
        ascii: options.ascii || settings.ascii,
        around: Surroundings::from_environment(),
    };
    let result = if options.plain {
        as_lines(model, owner, rx).await
    } else {
        on_terminal(model, owner, rx, mouse).await
    };
    result.map_err(|error| {
        Problem::new(
            "console",
            "terminal",
            Exit::Negative,
            format!("the terminal failed: {error}"),
        )
    })
}

/// The environment of a bare token: in a directory without config.json a token is enough.
async fn of_token(options: &Options, no_config: Problem) -> Result<Loaded, Problem> {
    let name = options.environment.as_deref().unwrap_or(PROJECT);
    let sources = access::Sources {
        secrets: None,
        command: &[],
        variable: &|name| std::env::var(name).ok(),
    };
    match access::find(name, &sources).await {
        Ok(_) => Ok(Loaded::only(name)),
        Err(problem) if problem.code == "no-token" => Err(no_config),
        Err(problem) => Err(problem),
    }
}

fn choose(hosts: &mut Vec<crate::config::Destination>, wanted: &[String]) -> Result<(), Problem> {
    if let Some(unknown) = wanted
        .iter()
        .find(|name| !hosts.iter().any(|host| host.name == **name))
    {
        return Err(Problem::new(
            "config",
            "unknown-host",
            Exit::Usage,
            format!("there is no host {unknown} in this environment"),
        )
        .hint(format!(
            "it has {}",
            hosts
                .iter()
                .map(|host| host.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    if !wanted.is_empty() {
        hosts.retain(|host| wanted.contains(&host.name));
    }
    Ok(())
}

/// Where reports and histories are kept.
fn state_directory() -> PathBuf {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy()
        .ok()
        .and_then(|dirs| dirs.state_dir())
        .unwrap_or_else(std::env::temp_dir)
        .join("quarterdeck")
}

async fn on_terminal(
    mut model: Model,
    mut owner: Owner,
    mut messages: mpsc::Receiver<Msg>,
    mouse: bool,
) -> io::Result<u8> {
    let mut signals = Signals::new()?;
    let guard = Guard::enter(mouse)?;
    model.size = crossterm::terminal::size()?;
    // Effects wait until the first frame is on the screen.
    let effects = begin(&mut model, &owner);
    let mut console = Console::new(model, io::stdout(), Timestamp::now);
    console.draw()?;
    for effect in effects {
        run::Executor::execute(&mut owner, effect);
    }
    let code = loop {
        // Made anew each time: while it lives it reads the terminal, also for a shell.
        let mut input = input(&mut signals);
        let leave = console.run(&mut input, &mut messages, &mut owner).await?;
        drop(input);
        match leave {
            Leave::Quit(code) => break code,
            Leave::For(effect) => {
                guard.suspend()?;
                let said = meanwhile(*effect, &owner).await;
                guard.resume()?;
                signals.resumed = Some(Instant::now());
                back(&mut console, said)?;
            }
        }
    };
    drop(guard);
    for (env, world) in &console.model.worlds {
        // A cache that cannot be written is only slower next time.
        if let Some(snapshot) = Snapshot::of(world).filter(|_| world.open) {
            let _ = owner.cache.save(env, &snapshot);
        }
    }
    owner.runtime.close();
    Ok(code)
}

fn begin(model: &mut Model, owner: &Owner) -> Vec<Effect> {
    match &owner.first {
        Some(args) => update::start_with_logs(model, args),
        None => update::start(model),
    }
}

async fn as_lines(
    mut model: Model,
    mut owner: Owner,
    mut messages: mpsc::Receiver<Msg>,
) -> io::Result<u8> {
    // What is copied goes to a file: nothing but words is written.
    owner.around = Surroundings {
        deaf: true,
        ..Surroundings::default()
    };
    for effect in begin(&mut model, &owner) {
        run::Executor::execute(&mut owner, effect);
    }
    let mut plain = Plain::new(model);
    let code = loop {
        match plain.run(&mut messages, &mut owner).await? {
            Leave::Quit(code) => break code,
            Leave::For(effect) => {
                if let Some(said) = meanwhile(*effect, &owner).await {
                    update::update(&mut plain.model, said);
                }
            }
        }
    };
    owner.runtime.close();
    Ok(code)
}

/// Executes what needs the terminal; hands the rest to the runtime.
struct Owner {
    /// What is shown first, when it is not the Deck.
    first: Option<Args>,
    chosen: Chosen,
    config: PathBuf,
    runtime: Runtime,
    cache: Cache,
    tx: mpsc::Sender<Msg>,
    ascii: bool,
    around: Surroundings,
}

impl run::Executor for Owner {
    fn execute(&mut self, effect: Effect) {
        let said = match effect {
            Effect::Copy(text, what) => {
                let out = &mut io::stdout().lock();
                match clipboard::copy(out, &text, &self.around, &state_directory()) {
                    Ok(way) => Msg::Say(Level::Info, format!("copied {what} {way}")),
                    Err(error) => Msg::Say(Level::Error, format!("cannot copy: {error}")),
                }
            }
            Effect::Theme(name) => match load_theme(&name, self.ascii) {
                Ok(theme) => {
                    *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
                    Msg::Theme(Box::new(theme))
                }
                Err(problem) => Msg::Problem(problem),
            },
            Effect::Mouse(mouse) => match terminal::set_mouse(mouse) {
                Ok(()) => return,
                Err(error) => Msg::Say(Level::Error, format!("the mouse stays: {error}")),
            },
            effect => return self.runtime.execute(effect),
        };
        let tx = self.tx.clone();
        tokio::spawn(async move {
            // Nobody listens once the console has ended.
            let _ = tx.send(said).await;
        });
    }
}

/// Everything anew after the screen was somebody else's.
fn back(console: &mut Screen, said: Option<Msg>) -> io::Result<()> {
    let (columns, rows) = crossterm::terminal::size()?;
    update::update(&mut console.model, Msg::Clock(Timestamp::now()));
    update::update(&mut console.model, Msg::Resize(columns, rows));
    for msg in said.into_iter().chain([Msg::Resumed]) {
        update::update(&mut console.model, msg);
    }
    console.redraw()
}

/// What the terminal was given up for; what there is to say about it.
async fn meanwhile(effect: Effect, owner: &Owner) -> Option<Msg> {
    match effect {
        Effect::Shell(env, host) => shell::run(&owner.config, &env, &host).await,
        Effect::Suspend => {
            // Started without a shell (as a terminal window's own program), nobody could wake it.
            if nix::unistd::getsid(None) == Ok(nix::unistd::getpid()) {
                let text = "there is no shell to go back to".to_owned();
                return Some(Msg::Say(Level::Warning, text));
            }
            crate::job_control::stop(nix::sys::signal::Signal::SIGSTOP)
                .await
                .err()
                .map(|error| Msg::Say(Level::Error, format!("cannot stop: {error}")))
        }
        _ => None,
    }
}
