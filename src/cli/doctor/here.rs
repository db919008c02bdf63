//! What concerns this machine: configuration, secrets, the ssh program, the agent, the terminal.

use super::Check;
use crate::cli::{Global, context};
use crate::config::{Environment, Loaded, SshTransport, settings::Settings};
use std::{env, io::IsTerminal, time::Duration};

/// Every local check, in the order a newcomer meets them.
pub(super) async fn checks(global: &Global) -> Vec<Check> {
    let mut checks = Vec::new();
    let (settings, remarks) = Settings::load();
    let environment = match context::load(global) {
        Ok(loaded) => {
            let loaded = loaded.with_transport(settings.ssh_transport);
            config(&loaded, global, &mut checks)
        }
        Err(problem) => {
            checks.push(Check::problem("config", &problem));
            None
        }
    };
    let transport = environment.map(|e| e.ssh_transport).unwrap_or_default();
    checks.push(match remarks.first() {
        None => Check::ok("settings", "nothing wrong"),
        Some(first) => Check::warn(
            "settings",
            format!("{} remarks, the first: {}", remarks.len(), first.message),
            "see them with `qd config check`; the defaults are used meanwhile",
        ),
    });
    checks.push(ssh_program(transport).await);
    checks.push(agent());
    checks.push(terminal());
    checks
}

fn config(loaded: &Loaded, global: &Global, checks: &mut Vec<Check>) -> Option<Environment> {
    let environment = match loaded.environment(global.env.as_deref()) {
        Ok(environment) => environment,
        Err(problem) => {
            checks.push(Check::problem("config", &problem));
            return None;
        }
    };
    let name = &environment.name;
    let path = loaded.path().display();
    let count = environment.hosts.len();
    checks.push(if count == 0 {
        Check::warn(
            "config",
            format!("{path}: environment {name} has no hosts"),
            format!("add \"hosts_{name}\": [\"operator@server.example.org\"]"),
        )
    } else {
        let hosts = if count == 1 { "host" } else { "hosts" };
        Check::ok(
            "config",
            format!("{path}: environment {name}, {count} {hosts}"),
        )
    });
    let others = loaded.diagnostics().len();
    if others > 0 {
        checks.push(Check::warn(
            "config-keys",
            format!("{others} remarks on {path}"),
            "see them with `qd config check`",
        ));
    }
    Some(environment)
}

/// The built-in client asks `ssh -G` what the user's settings for a host are.
async fn ssh_program(transport: SshTransport) -> Check {
    let version = tokio::process::Command::new("ssh")
        .arg("-V")
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(Duration::from_secs(5), version).await {
        Ok(Ok(output)) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stderr);
            Check::ok("ssh", text.lines().next().unwrap_or("present").to_owned())
        }
        _ if transport == SshTransport::Openssh => Check::fail(
            "ssh",
            "ssh_transport is \"openssh\", and there is no usable ssh in the search path",
            "install OpenSSH's client, or use the built-in one: \"ssh_transport\": \"russh\"",
        ),
        _ => Check::warn(
            "ssh",
            "no usable ssh in the search path: ssh_config is read without Match exec and tokens",
            "install OpenSSH's client",
        ),
    }
}

fn agent() -> Check {
    let Some(path) = env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()) else {
        return Check::skipped(
            "agent",
            "SSH_AUTH_SOCK is not set: keys come from files only",
        );
    };
    let shown = path.to_string_lossy().into_owned();
    match std::os::unix::net::UnixStream::connect(&path) {
        Ok(_) => Check::ok("agent", format!("answers at {shown}")),
        Err(error) => Check::warn(
            "agent",
            format!("SSH_AUTH_SOCK names {shown}, which does not answer: {error}"),
            "start ssh-agent, or unset SSH_AUTH_SOCK",
        ),
    }
}

fn terminal() -> Check {
    let term = env::var("TERM").unwrap_or_default();
    if !std::io::stdout().is_terminal() {
        return Check::skipped("terminal", "standard output is no terminal");
    }
    if term.is_empty() || term == "dumb" {
        return Check::warn(
            "terminal",
            format!("TERM is {term:?}: the console cannot place its cursor"),
            "set TERM to what your terminal is, or use `qd --plain`",
        );
    }
    let (columns, rows) = crossterm::terminal::size().unwrap_or((0, 0));
    let found = format!("{term}, {columns}x{rows}, {}", colours(&term));
    if columns < 40 || rows < 12 {
        Check::warn("terminal", found, "the console wants 40x12 or more")
    } else if !unicode() {
        Check::warn(
            "terminal",
            format!("{found}, no UTF-8 locale"),
            "set LANG to a UTF-8 locale such as C.UTF-8, or use `qd --ascii`",
        )
    } else {
        Check::ok("terminal", found)
    }
}

fn colours(term: &str) -> &'static str {
    let true_colour = env::var("COLORTERM").is_ok_and(|v| v == "truecolor" || v == "24bit");
    if env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) {
        "no colours (NO_COLOR)"
    } else if true_colour || term.contains("direct") {
        "true colour"
    } else if term.contains("256color") {
        "256 colours"
    } else {
        "16 colours"
    }
}

/// Whether the locale says that the terminal shows more than ASCII.
pub(super) fn unicode() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| env::var(name).ok())
        .find(|value| !value.is_empty())
        .is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.ends_with("utf-8") || value.ends_with("utf8")
        })
}
