//! The commands of the command line: names, usage, help, what their words complete to.

/// A command and how it is written.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What follows it.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
}

const fn spec(
    name: &'static str,
    aliases: &'static [&'static str],
    usage: &'static str,
    help: &'static str,
) -> Spec {
    Spec {
        name,
        aliases,
        usage,
        help,
    }
}

/// Every command.
pub const COMMANDS: &[Spec] = &[
    spec("deck", &[], "", "is anything wrong?"),
    spec("servers", &["server"], "[FILTER…]", "the project's servers"),
    spec(
        "lb",
        &["lbs", "load-balancers"],
        "[FILTER…]",
        "its load balancers",
    ),
    spec("volumes", &["volume"], "[FILTER…]", "its volumes"),
    spec("networks", &["network"], "[FILTER…]", "its networks"),
    spec("firewalls", &["fw"], "[FILTER…]", "its firewalls"),
    spec(
        "ips",
        &["ip"],
        "[FILTER…]",
        "addresses of servers and load balancers",
    ),
    spec(
        "floating-ips",
        &["floating"],
        "[FILTER…]",
        "addresses that move between servers",
    ),
    spec("images", &["image"], "[FILTER…]", "snapshots and backups"),
    spec("keys", &["ssh-keys"], "[FILTER…]", "the project's SSH keys"),
    spec("zones", &["dns"], "[FILTER…]", "its DNS zones"),
    spec("certificates", &["certs"], "[FILTER…]", "its certificates"),
    spec(
        "actions",
        &[],
        "[FILTER…]",
        "the newest changes in the project",
    ),
    spec(
        "units",
        &["u"],
        "[FILTER…]",
        "the units that match a filter",
    ),
    spec(
        "logs",
        &["l", "log"],
        "[UNIT…] [-p PRIO] [-g REGEX] [-i] [--since T] [--until T] [-b [BOOT]] [-n N] [--host H] [--filter EXPR]",
        "the journal of units",
    ),
    spec(
        "unit",
        &[],
        "UNIT",
        "one unit: properties, file, log, dependencies",
    ),
    spec("jobs", &["history"], "", "running and past operations"),
    spec("messages", &["m"], "", "everything that was said"),
    spec(
        "help",
        &["h"],
        "[TEXT]",
        "the keys, narrowed to those that match",
    ),
    spec("env", &["e"], "[NAME]", "another environment"),
    spec("ssh", &["shell"], "[HOST]", "a shell on a host"),
    spec("rebuild", &[], "[HOST]", "rebuild a host"),
    spec("start", &[], "UNIT… [--host H]", "start units"),
    spec("stop", &[], "UNIT… [--host H]", "stop units"),
    spec("restart", &[], "UNIT… [--host H]", "restart units"),
    spec(
        "reload",
        &[],
        "UNIT… [--host H]",
        "make units read their configuration",
    ),
    spec(
        "reset-failed",
        &[],
        "UNIT… [--host H]",
        "forget that units failed",
    ),
    spec("enable", &[], "UNIT… [--host H]", "start units at boot"),
    spec(
        "disable",
        &[],
        "UNIT… [--host H]",
        "do not start units at boot",
    ),
    spec("theme", &[], "[NAME]", "another theme"),
    spec("at", &[], "TIME", "in the logs, go to a time"),
    spec("since", &[], "[TIME]", "in the logs, only from a time on"),
    spec(
        "save",
        &["w"],
        "FILE",
        "save what is shown, or what is chosen",
    ),
    spec(
        "incident",
        &[],
        "[TITLE] | save [FILE] | drop",
        "note an incident: marks, excerpts, what is run; save it as Markdown",
    ),
    spec("note", &[], "TEXT", "a remark for the note of the incident"),
    spec("refresh", &["r"], "", "ask again, connect without waiting"),
    spec("quit", &["q", "qa", "exit"], "", "leave"),
];

pub(super) fn spec_of(name: &str) -> Option<&'static Spec> {
    COMMANDS
        .iter()
        .find(|spec| spec.name == name || spec.aliases.contains(&name))
}
