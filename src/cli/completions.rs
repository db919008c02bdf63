//! `qd completions`: scripts that let a shell complete commands and options.

use super::{Cli, Run, output};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a completion script for a shell
///
/// For bash, for example: `qd completions bash > ~/.local/share/bash-completion/completions/qd`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs it.
pub(crate) fn run(command: Completions) -> Run {
    output::print(&script(command.shell))?;
    Ok(0)
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "qd", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_completes_every_command() {
        let command = Cli::command();
        for shell in Shell::value_variants() {
            let script = script(*shell);
            for name in command.get_subcommands().filter(|c| !c.is_hide_set()) {
                let name = name.get_name();
                assert!(script.contains(name), "{shell} does not know {name}");
            }
            assert!(
                script.contains("read-only"),
                "{shell} does not know options"
            );
        }
    }

    #[test]
    fn bash_reads_its_script() {
        use std::io::Write;
        let mut bash = std::process::Command::new("bash")
            .args(["-n", "/dev/stdin"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = bash.stdin.take().unwrap();
        input.write_all(script(Shell::Bash).as_bytes()).unwrap();
        drop(input);
        assert!(bash.wait().unwrap().success());
    }
}
