//! The command line: one file a noun, human and JSON output, exit codes.
//!
//! Each noun's file has its clap types and a `run`; this one has the global options, the
//! dispatch and the way results and problems leave the program.

pub mod completions;
pub mod config;
pub mod console;
pub(crate) mod context;
pub mod demo;
pub mod doctor;
pub mod env;
mod examples;
pub mod history;
mod interrupt;
mod logging;
pub mod logs;
pub mod man;
mod operate;
pub mod output;
mod prompt;
pub mod rebuild;
pub mod ssh;
pub mod tunnel;
pub mod unit;
pub mod units;
mod usage;

use crate::problem::{Exit, Problem};
use clap::{Args, Parser, Subcommand};
use interrupt::Work;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// The terminal from which a small team runs NixOS servers on Hetzner Cloud.
#[derive(Debug, Parser)]
#[command(name = "qd", version, propagate_version = true, after_help = examples::QD)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(flatten)]
    pub(crate) screen: console::Screen,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// config.json, or the directory that holds it (default: found upwards)
    #[arg(
        short,
        long,
        global = true,
        value_name = "PATH",
        env = "QD_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Environment (default: terraform_packer_environment of config.json)
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        env = "QD_ENV",
        hide_env_values = true
    )]
    pub env: Option<String>,
    /// Only this host; may be repeated
    #[arg(long = "host", global = true, value_name = "NAME")]
    pub hosts: Vec<String>,
    /// One JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Execute nothing that changes the world
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Answer a confirmation that asks for a typed name
    #[arg(long, global = true, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Answer a plain confirmation
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,
    /// Time-out for the whole command
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// More on standard error (repeat for more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Write a log of what the program does
    #[arg(long, global = true, value_name = "PATH")]
    pub log_file: Option<PathBuf>,
}

impl Global {
    /// An empty `QD_CONFIG` or `QD_ENV` is an unset one.
    fn without_empty(mut self) -> Global {
        self.config = self.config.filter(|path| !path.as_os_str().is_empty());
        self.env = self.env.filter(|name| !name.is_empty());
        self
    }
}

/// What to do; the console when absent.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_help = examples::UNITS)]
    Units(units::Units),
    #[command(subcommand, after_help = examples::UNIT)]
    Unit(unit::Unit),
    #[command(after_help = examples::LOGS)]
    Logs(Box<logs::Logs>),
    #[command(after_help = examples::SSH)]
    Ssh(ssh::Ssh),
    #[command(after_help = examples::TUNNEL)]
    Tunnel(tunnel::Tunnel),
    #[command(after_help = examples::REBUILD)]
    Rebuild(rebuild::Rebuild),
    #[command(subcommand, after_help = examples::ENV)]
    Env(env::Env),
    #[command(subcommand, after_help = examples::CONFIG)]
    Config(config::Config),
    Doctor(doctor::Doctor),
    #[command(after_help = examples::HISTORY)]
    History(history::History),
    #[command(after_help = examples::DEMO)]
    Demo(demo::Demo),
    #[command(after_help = examples::COMPLETIONS)]
    Completions(completions::Completions),
    #[command(after_help = examples::MAN)]
    Man(man::Man),
}

/// Parses, runs, reports.
pub fn main() -> ExitCode {
    // Started by ssh to ask, its words are no command line of ours.
    if let Some(answered) = crate::remote::ssh::put_question() {
        return ExitCode::from(u8::from(!answered));
    }
    let Cli {
        global,
        screen,
        command,
    } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error),
    };
    let global = global.without_empty();
    match start(&global, &screen, command) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => output::report(&problem, global.json),
    }
}

/// How long the end of tasks is waited for, where a thread cannot be ended.
const LAST: Duration = Duration::from_millis(200);

/// The exit code: 0, or what the answer means (see [`Exit`]).
pub(crate) type Run = Result<u8, Problem>;

fn start(global: &Global, screen: &console::Screen, command: Option<Command>) -> Run {
    let on_screen = match &command {
        None | Some(Command::Demo(_)) => true,
        Some(Command::Logs(command)) => command.on_screen(global),
        _ => false,
    };
    let _log = logging::start(global, on_screen)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Problem::new(
                "qd",
                "runtime",
                Exit::Negative,
                format!("cannot start worker threads: {error}"),
            )
        })?;
    let result = runtime.block_on(supervised(global, screen, command));
    prompt::restore();
    // Tasks are dropped, and with them what they own: the system's ssh as a child, temporary files.
    // A thread blocked in a read of the terminal must not keep the process for longer.
    runtime.shutdown_timeout(LAST);
    result
}

/// Runs a command within its time, and ends it by an interrupt. Dropping its future is what
/// closes connections and removes temporary files.
async fn supervised(global: &Global, screen: &console::Screen, command: Option<Command>) -> Run {
    // The console and an interactive shell own the terminal and handle signals themselves.
    let owns_terminal = match &command {
        None | Some(Command::Demo(_)) => true,
        Some(Command::Ssh(command)) => command.is_shell(),
        Some(Command::Logs(command)) => command.on_screen(global),
        _ => false,
    };
    if owns_terminal {
        return dispatch(global, screen, command).await;
    }
    let work = match &command {
        // What `qd ssh` runs may change things too.
        Some(Command::Unit(_) | Command::Rebuild(_) | Command::Ssh(_)) => Work::Changes,
        Some(Command::Logs(command)) if command.follows() => Work::Follows,
        _ => Work::Asks,
    };
    let run = dispatch(global, screen, command);
    tokio::select! {
        biased;
        result = run => result,
        code = interrupt::received() => Ok(code),
        () = interrupt::late(context::deadline(global), work) => Err(interrupt::timed_out(work)),
    }
}

async fn dispatch(global: &Global, screen: &console::Screen, command: Option<Command>) -> Run {
    match command {
        None => crate::tui::start::console(screen.options(global)).await,
        Some(Command::Units(c)) => units::run(global, c).await,
        Some(Command::Unit(c)) => unit::run(global, c).await,
        Some(Command::Logs(c)) => logs::run(global, screen, *c).await,
        Some(Command::Ssh(c)) => ssh::run(global, c).await,
        Some(Command::Tunnel(c)) => tunnel::run(global, c).await,
        Some(Command::Rebuild(c)) => rebuild::run(global, c).await,
        Some(Command::Env(c)) => env::run(global, c).await,
        Some(Command::Config(c)) => config::run(global, c).await,
        Some(Command::Doctor(c)) => doctor::run(global, c).await,
        Some(Command::History(c)) => history::run(global, c).await,
        Some(Command::Demo(c)) => demo::run(global, screen, c).await,
        Some(Command::Completions(c)) => completions::run(c),
        Some(Command::Man(c)) => man::run(c),
    }
}
