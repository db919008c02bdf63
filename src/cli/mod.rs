//! The command line: one file a noun, human and JSON output, exit codes.
//!
//! Each noun's file has its clap types and a `run`; this one has the global options, the
//! dispatch and the way results and problems leave the program.

pub mod config;
pub mod demo;
pub mod doctor;
pub mod env;
pub mod history;
pub mod logs;
pub mod output;
pub mod rebuild;
pub mod ssh;
pub mod tunnel;
pub mod unit;
pub mod units;

use crate::problem::{Exit, Problem};
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// The terminal from which a small team runs NixOS servers on Hetzner Cloud.
#[derive(Debug, Parser)]
#[command(name = "qd", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// config.json, or the directory that holds it (default: found upwards)
    #[arg(short, long, global = true, value_name = "PATH", env = "QD_CONFIG")]
    pub config: Option<PathBuf>,
    /// Environment (default: terraform_packer_environment)
    #[arg(short, long, global = true, value_name = "NAME", env = "QD_ENV")]
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

/// What to do; the console when absent.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Units(units::Units),
    #[command(subcommand)]
    Unit(unit::Unit),
    Logs(logs::Logs),
    Ssh(ssh::Ssh),
    Tunnel(tunnel::Tunnel),
    Rebuild(rebuild::Rebuild),
    #[command(subcommand)]
    Env(env::Env),
    #[command(subcommand)]
    Config(config::Config),
    Doctor(doctor::Doctor),
    History(history::History),
    Demo(demo::Demo),
}

/// Parses, runs, reports.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let Cli { global, command } = cli;
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let problem = Problem::new("qd", "runtime", Exit::Negative, error.to_string());
            return output::report(&problem, global.json);
        }
    };
    let result = runtime.block_on(dispatch(&global, command));
    runtime.shutdown_background();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(problem) => output::report(&problem, global.json),
    }
}

/// The exit code: 0, or what the answer means (see [`Exit`]).
pub(crate) type Run = Result<u8, Problem>;

async fn dispatch(global: &Global, command: Option<Command>) -> Run {
    match command {
        None => Err(Problem::new(
            "qd",
            "no-console",
            Exit::Usage,
            "the console comes here",
        )),
        Some(Command::Units(c)) => units::run(global, c).await,
        Some(Command::Unit(c)) => unit::run(global, c).await,
        Some(Command::Logs(c)) => logs::run(global, c).await,
        Some(Command::Ssh(c)) => ssh::run(global, c).await,
        Some(Command::Tunnel(c)) => tunnel::run(global, c).await,
        Some(Command::Rebuild(c)) => rebuild::run(global, c).await,
        Some(Command::Env(c)) => env::run(global, c).await,
        Some(Command::Config(c)) => config::run(global, c).await,
        Some(Command::Doctor(c)) => doctor::run(global, c).await,
        Some(Command::History(c)) => history::run(global, c).await,
        Some(Command::Demo(c)) => demo::run(global, c).await,
    }
}
