//! `qd man`: manual pages, made from the same definitions as `--help`.

use super::{Cli, Run, output};
use crate::problem::{Exit, Problem};
use clap::{Args, CommandFactory};
use std::path::{Path, PathBuf};

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
pub struct Man {
    /// Write qd.1, qd-logs.1, … into this directory
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(command: Man) -> Run {
    match command.directory {
        Some(directory) => write(&directory).map_err(|error| {
            Problem::new(
                "cli",
                "output",
                Exit::Negative,
                format!(
                    "cannot write manual pages to {}: {error}",
                    directory.display()
                ),
            )
            .hint("name a directory that exists and can be written to")
        })?,
        None => output::print(&page()?)?,
    }
    Ok(0)
}

fn write(directory: &Path) -> std::io::Result<()> {
    clap_mangen::generate_to(Cli::command(), directory)
}

fn page() -> Result<String, Problem> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Problem::new("cli", "output", Exit::Negative, error.to_string()))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_all_commands() {
        let page = page().unwrap();
        assert!(page.contains(".TH qd 1"), "{page}");
        for command in Cli::command().get_subcommands() {
            let name = command.get_name().replace('-', "\\-");
            assert!(page.contains(&format!("qd\\-{name}(1)")), "{name}");
        }
    }

    #[test]
    fn one_page_a_command() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        for command in Cli::command().get_subcommands() {
            let file = format!("qd-{}.1", command.get_name());
            let page = std::fs::read_to_string(directory.path().join(&file)).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{file}");
        }
        let page = std::fs::read_to_string(directory.path().join("qd-config-check.1")).unwrap();
        insta::assert_snapshot!(page.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }
}
