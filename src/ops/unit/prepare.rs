//! The plan of a verb on a unit: what else it stops or starts, how dangerous that is.

use crate::ops::{Intent, Plan, Risk, problem};
use crate::problem::{Exit, Problem};
use crate::remote::{
    ssh::Host,
    systemd::{Description, Systemd, Unit, Verb, names},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Units whose dependants are looked up; more are counted, not named.
const MOST: usize = 100;

/// How long a name has to stand before it is taken, for what ends the host.
const PAUSE: Duration = Duration::from_secs(3);

/// Looks and plans.
pub(in crate::ops) async fn prepare(
    environment: &str,
    host: &Host,
    typed: &str,
    verb: Verb,
) -> Result<Plan, Problem> {
    let Some(name) = names::full_name(typed) else {
        return Err(problem(
            "bad-unit-name",
            Exit::Usage,
            format!("{typed:?} cannot be a unit's name"),
        )
        .on(host.id().as_str()));
    };
    let systemd = Systemd::open(host).await?;
    let (listed, described) = tokio::join!(systemd.states(), systemd.describe(&name));
    let described = described?;
    possible(host, &described, verb)?;
    let states: BTreeMap<String, Unit> = listed?
        .into_iter()
        .map(|unit| (unit.name.clone(), unit))
        .collect();
    let mut effects = Vec::new();
    let mut hit = BTreeSet::from([name.clone()]);
    match verb {
        Verb::Stop | Verb::Restart => {
            let others = dependants(&systemd, &described, &states).await?;
            let does = if verb == Verb::Stop {
                "also stops"
            } else {
                "also restarts"
            };
            effects.extend(others.iter().map(|unit| format!("{does} {unit}")));
            hit.extend(others);
            if verb == Verb::Stop {
                for trigger in active(described.related("triggered by"), &states) {
                    effects.push(format!("{trigger} may start it again"));
                }
            }
        }
        Verb::Start => {
            for needed in ["requires", "binds to", "wants"] {
                let idle = described.related(needed).iter().filter(|unit| {
                    states
                        .get(*unit)
                        .is_none_or(|u| u.active == "inactive" && u.load == "loaded")
                });
                effects.extend(idle.map(|unit| format!("also starts {unit}")));
            }
            let stops = active(described.related("conflicts with"), &states);
            for unit in stops {
                effects.push(format!("stops {unit}, which conflicts with it"));
                hit.insert(unit);
            }
        }
        Verb::Reload | Verb::ResetFailed | Verb::Enable | Verb::Disable => {}
    }
    let cut_off = hit.iter().find(|unit| carries_us(unit));
    if let (Verb::Stop, Some(unit)) = (verb, cut_off) {
        effects.push(format!(
            "{unit} carries this connection: nobody may be able to log in afterwards"
        ));
    }
    if matches!(verb, Verb::Stop | Verb::Restart) {
        let bearing = hit.iter().filter(|unit| carries_the_host(unit));
        effects.extend(bearing.map(|unit| format!("the host itself stands on {unit}")));
    }
    let risk = risk(verb, &name, &hit);
    Ok(Plan {
        intent: Intent::Unit {
            host: host.id().clone(),
            unit: name.clone(),
            verb,
        },
        environment: environment.to_owned(),
        title: format!("{} {name} on {}", verb.as_str(), host.id()),
        steps: steps(verb, &name),
        effects,
        undo: undo(verb, &name, environment, host.id().as_str()),
        risk,
        data_at: jiff::Timestamp::now(),
    })
}

/// Refuses what systemd would refuse.
fn possible(host: &Host, described: &Description, verb: Verb) -> Result<(), Problem> {
    let unit = &described.unit;
    let no = |code, message: String, hint: &str| {
        Err(problem(code, Exit::Negative, message)
            .hint(hint)
            .on(host.id().as_str()))
    };
    let can = |property| described.property(property) != Some("no");
    match (unit.load.as_str(), verb) {
        ("not-found", _) => {
            return no(
                "no-such-unit",
                format!("there is no unit {}", unit.name),
                "`qd units` lists the units of the host",
            );
        }
        ("masked", Verb::Start | Verb::Restart | Verb::Enable) => {
            return no(
                "unit-masked",
                format!("{} is masked: it cannot be started", unit.name),
                "unmask it on the host first: `systemctl unmask`",
            );
        }
        ("bad-setting" | "error", Verb::Start | Verb::Restart) => {
            return no(
                "unit-broken",
                format!("the file of {} has an error", unit.name),
                "`qd unit show` has the property LoadError",
            );
        }
        _ => {}
    }
    let refused = match verb {
        Verb::Start | Verb::Restart => !can("CanStart"),
        Verb::Stop => !can("CanStop"),
        Verb::Reload => !can("CanReload"),
        Verb::ResetFailed | Verb::Enable | Verb::Disable => false,
    };
    if refused {
        return no(
            "not-applicable",
            format!("{} does not offer {}", unit.name, verb.as_str()),
            "the unit's kind or file does not allow it",
        );
    }
    Ok(())
}

/// The active units that go down with this one: those that require it, are bound to it or are
/// part of it, and theirs in turn.
async fn dependants(
    systemd: &Systemd,
    described: &Description,
    states: &BTreeMap<String, Unit>,
) -> Result<BTreeSet<String>, Problem> {
    let of = |described: &Description| -> Vec<String> {
        ["required by", "bound by", "consists of"]
            .into_iter()
            .flat_map(|relation| active(described.related(relation), states))
            .collect()
    };
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut next = of(described);
    while let Some(name) = next.pop() {
        if name == described.unit.name || found.len() >= MOST || !found.insert(name.clone()) {
            continue;
        }
        next.extend(of(&systemd.describe(&name).await?));
    }
    Ok(found)
}

fn active(units: &[String], states: &BTreeMap<String, Unit>) -> Vec<String> {
    units
        .iter()
        .filter(|unit| {
            states
                .get(*unit)
                .is_some_and(|u| !matches!(u.active.as_str(), "inactive" | "failed"))
        })
        .cloned()
        .collect()
}

/// Whether our own connection needs it.
fn carries_us(unit: &str) -> bool {
    let base = unit.split(['@', '.']).next().unwrap_or(unit);
    matches!(
        base,
        "ssh" | "sshd" | "sshd-unix-local" | "user" | "session"
    ) || base.starts_with("session-")
        || is_network(base)
}

fn is_network(base: &str) -> bool {
    base.starts_with("network")
        || base.starts_with("systemd-networkd")
        || matches!(
            base,
            "NetworkManager" | "dhcpcd" | "wpa_supplicant" | "nftables" | "firewall" | "iptables"
        )
}

/// Whether the host itself stands on it.
fn carries_the_host(unit: &str) -> bool {
    let base = unit.split(['@', '.']).next().unwrap_or(unit);
    let kind = names::kind(unit).unwrap_or_default();
    base.starts_with("systemd-")
        || matches!(base, "dbus" | "dbus-broker" | "polkit" | "init")
        || matches!(kind, "slice")
        || (kind == "target"
            && matches!(
                base,
                "basic" | "sysinit" | "local-fs" | "multi-user" | "sockets" | "timers" | "paths"
            ))
        || (kind == "mount" && matches!(base, "-" | "nix" | "nix-store" | "boot" | "var" | "usr"))
}

/// Whether starting it ends the host's work.
fn ends_the_host(unit: &str) -> bool {
    [
        "poweroff",
        "reboot",
        "halt",
        "kexec",
        "soft-reboot",
        "shutdown",
        "final",
        "exit",
        "umount",
        "rescue",
        "emergency",
        "sleep",
        "suspend",
        "hibernate",
        "hybrid-sleep",
    ]
    .iter()
    .any(|base| {
        unit.strip_prefix("systemd-")
            .unwrap_or(unit)
            .strip_prefix(base)
            .is_some_and(|rest| rest == ".target" || rest == ".service")
    })
}

fn risk(verb: Verb, name: &str, hit: &BTreeSet<String>) -> Risk {
    if matches!(verb, Verb::Start | Verb::Restart) && ends_the_host(name) {
        return Risk::TypeNameAndWait(name.to_owned(), PAUSE);
    }
    let critical = |unit: &String| carries_us(unit) || carries_the_host(unit);
    match verb {
        Verb::Start if hit.iter().any(|unit| unit != name && critical(unit)) => {
            Risk::TypeName(name.to_owned())
        }
        Verb::Start | Verb::Reload | Verb::ResetFailed => Risk::None,
        Verb::Enable => Risk::Yes,
        Verb::Stop | Verb::Disable if hit.iter().any(critical) => Risk::TypeName(name.to_owned()),
        // sshd keeps its sessions through a restart; the bus and the network do not.
        Verb::Restart
            if hit.iter().any(|unit| {
                critical(unit) && !unit.starts_with("ssh") && !unit.starts_with("systemd-journald")
            }) =>
        {
            Risk::TypeName(name.to_owned())
        }
        Verb::Stop | Verb::Restart | Verb::Disable => Risk::Yes,
    }
}

fn steps(verb: Verb, name: &str) -> Vec<String> {
    let call = |arguments: &str| {
        format!(
            "D-Bus org.freedesktop.systemd1.Manager.{}({arguments})",
            verb.method()
        )
    };
    match verb {
        Verb::Start | Verb::Stop | Verb::Restart | Verb::Reload => {
            vec![call(&format!("\"{name}\", \"replace\""))]
        }
        Verb::ResetFailed => vec![call(&format!("\"{name}\""))],
        Verb::Enable | Verb::Disable => vec![
            call(&format!("[\"{name}\"]")),
            "D-Bus org.freedesktop.systemd1.Manager.Reload()".to_owned(),
        ],
    }
}

/// Whole, since it may be typed anywhere: other environments may have a host of that name too.
fn undo(verb: Verb, name: &str, environment: &str, host: &str) -> Option<String> {
    let back = match verb {
        Verb::Start => Verb::Stop,
        Verb::Stop => Verb::Start,
        Verb::Enable => Verb::Disable,
        Verb::Disable => Verb::Enable,
        Verb::Restart | Verb::Reload | Verb::ResetFailed => return None,
    };
    let back = back.as_str();
    Some(format!(
        "qd -e {environment} unit {back} {name} --host {host}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(verb: Verb, name: &str, others: &[&str]) -> Risk {
        let mut hit = BTreeSet::from([name.to_owned()]);
        hit.extend(others.iter().map(|unit| (*unit).to_owned()));
        risk(verb, name, &hit)
    }

    #[test]
    fn what_undoes_it_can_be_typed_anywhere() {
        assert_eq!(
            undo(Verb::Stop, "a.service", "staging", "web-1").unwrap(),
            "qd -e staging unit start a.service --host web-1"
        );
        assert_eq!(undo(Verb::Restart, "a.service", "staging", "web-1"), None);
    }

    #[test]
    fn what_the_host_stands_on_asks_for_its_name() {
        let typed = |name: &str| Risk::TypeName(name.to_owned());
        for name in [
            "sshd.service",
            "ssh.socket",
            "dbus.service",
            "dbus-broker.service",
            "systemd-networkd.service",
            "network-setup.service",
            "NetworkManager.service",
            "-.mount",
            "system.slice",
            "user@1000.service",
            "session-3.scope",
            "multi-user.target",
        ] {
            assert_eq!(of(Verb::Stop, name, &[]), typed(name), "{name}");
        }
        for verb in [Verb::Stop, Verb::Restart, Verb::Disable, Verb::Enable] {
            assert_eq!(of(verb, "nginx.service", &[]), Risk::Yes, "{verb:?}");
        }
        for verb in [Verb::Start, Verb::Reload, Verb::ResetFailed] {
            assert_eq!(of(verb, "nginx.service", &[]), Risk::None, "{verb:?}");
        }
        assert_eq!(of(Verb::Restart, "sshd.service", &[]), Risk::Yes);
        assert_eq!(
            of(Verb::Restart, "dbus.service", &[]),
            typed("dbus.service")
        );
    }

    #[test]
    fn what_goes_down_with_it_counts() {
        assert_eq!(
            of(Verb::Stop, "a.service", &["sshd.service"]),
            Risk::TypeName("a.service".into())
        );
        assert_eq!(
            of(Verb::Start, "a.service", &["dbus.service"]),
            Risk::TypeName("a.service".into())
        );
    }

    #[test]
    fn ending_the_host_takes_a_pause() {
        for name in ["poweroff.target", "systemd-reboot.service", "rescue.target"] {
            assert_eq!(
                of(Verb::Start, name, &[]),
                Risk::TypeNameAndWait(name.into(), PAUSE),
                "{name}"
            );
        }
        assert_eq!(of(Verb::Start, "reboot-notifier.service", &[]), Risk::None);
    }
}
