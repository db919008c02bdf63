//! `qd demo`.

use super::{Global, Run, console::Screen, interrupt};
use crate::demo;
use crate::problem::{Exit, Problem};
use clap::Args;
use std::{io::Write, path::PathBuf};

/// The console on an embedded environment, without network, accounts or servers
///
/// Three simulated hosts with a story: a container that crashes until it is restarted, a disk
/// that fills until cleanup.service is started, a timer whose job fails each third time, busy
/// logs. At a simulated Hetzner there are their servers, a load balancer that works, volumes,
/// addresses and more. Operations work. Everything listens on loopback and is gone afterwards.
#[derive(Debug, Args)]
pub struct Demo {
    /// Only serve it, for other programs: prints KEY=VALUE lines, then READY, and runs until
    /// interrupted
    #[arg(long)]
    headless: bool,
    /// Makes the story repeatable
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Lists N more servers at Hetzner
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=20_000))]
    hetzner_servers: u32,
    /// Has requests and actions at Hetzner go wrong as this file says; docs/testing.md describes it
    #[arg(long, value_name = "FILE")]
    hetzner_faults: Option<PathBuf>,
    #[command(flatten)]
    screen: Screen,
}

/// Runs it.
pub(crate) async fn run(global: &Global, screen: &Screen, command: Demo) -> Run {
    // From before there is anything to leave behind: a signal may come right after READY.
    let mut interrupted = std::pin::pin!(interrupt::received());
    if command.headless && futures::poll!(interrupted.as_mut()).is_ready() {
        return Ok(0);
    }
    let plan = match &command.hetzner_faults {
        None => demo::Plan::default(),
        Some(path) => demo::Plan::read(path).map_err(|error| {
            Problem::new("demo", "fault-plan", Exit::Usage, error.to_string())
                .hint("docs/testing.md describes the file")
        })?,
    };
    let options = demo::Options {
        seed: command.seed,
        servers: usize::try_from(command.hetzner_servers).unwrap_or(0),
        plan,
    };
    let demo = demo::Demo::start_with(options).await.map_err(|error| {
        Problem::new(
            "demo",
            "demo-start",
            Exit::Negative,
            format!("the demo cannot start: {error}"),
        )
        .hint("it needs a writable temporary directory and free ports on 127.0.0.1")
    })?;
    if command.headless {
        let mut out = std::io::stdout().lock();
        let printed = writeln!(out, "{}READY", demo.variables()).and_then(|()| out.flush());
        drop(out);
        printed.map_err(|error| {
            let text = format!("cannot write to standard output: {error}");
            Problem::new("demo", "output", Exit::Negative, text)
        })?;
        // Interrupted is how it is meant to end.
        interrupted.await;
        return Ok(0);
    }
    // `qd --ascii demo` and `qd demo --ascii` are the same.
    let mut options = screen.or(&command.screen).options(global);
    options.forgetful = true;
    options.config = Some(demo.directory().to_owned());
    // QD_ENV names an environment of the user's, most likely.
    options.environment = options
        .environment
        .filter(|name| demo::ENVIRONMENTS.contains(&name.as_str()));
    crate::tui::start::console(options).await
}
