//! What systemd and operations promise, as a test of any host: a real one or a simulated one.

use super::{
    ConfigDir, Qd,
    follow::{Breakable, Real, host},
};
use quarterdeck::{
    problem::{Exit, Problem},
    remote::systemd::{self, Progress, Systemd, SystemdError, Unit, UnitEvent, Verb},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::mpsc;

/// A host with units to operate on.
pub trait Managed: Breakable {
    /// Runs a command as root, past the program under test, whatever its result.
    fn root(&self, words: &[&str]);
    /// A service that runs until stopped and cannot reload, or is not asked to.
    fn steady(&self) -> &'static str;
    /// A oneshot service that fails, and its exit status.
    fn failing(&self) -> (&'static str, i32);
    /// A service whose start takes at least a second.
    fn slow(&self) -> &'static str;
}

impl Managed for Real {
    fn root(&self, words: &[&str]) {
        self.host.try_run(words);
    }

    fn steady(&self) -> &'static str {
        "fixture-web.service"
    }

    fn failing(&self) -> (&'static str, i32) {
        ("fixture-fail.service", 3)
    }

    fn slow(&self) -> &'static str {
        "fixture-slow.service"
    }
}

fn code(error: SystemdError) -> &'static str {
    Problem::from(error).code
}

/// Takes news until this is so of the unit; fails after a minute.
async fn until(
    events: &mut mpsc::Receiver<UnitEvent>,
    units: &mut BTreeMap<String, Unit>,
    name: &str,
    what: &str,
    so: impl Fn(&Unit) -> bool,
) -> Unit {
    let waiting = async {
        loop {
            if let Some(unit) = units.get(name).filter(|unit| so(unit)) {
                return unit.clone();
            }
            match events.recv().await.expect("the watch goes on") {
                UnitEvent::All(all) => {
                    *units = all.into_iter().map(|u| (u.name.clone(), u)).collect();
                }
                UnitEvent::Changed(changed) => {
                    units.extend(changed.into_iter().map(|u| (u.name.clone(), u)));
                }
                UnitEvent::Removed(names) => units.retain(|name, _| !names.contains(name)),
                UnitEvent::Down(_) => {}
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), waiting).await {
        Ok(unit) => unit,
        Err(_) => panic!("{name} is never {what}"),
    }
}

/// What others do with systemctl arrives by itself: a start, a restart, a failure; also after
/// the link was reset.
pub async fn changes_by_others_arrive(server: &impl Managed) {
    let (steady, (failing, status)) = (server.steady(), server.failing());
    server.root(&["systemctl", "stop", steady]);
    let mut events = systemd::watch(host(server.config(), server.name()));
    let mut units = BTreeMap::new();
    let mut wait = async |name: &str, what: &str, so: &dyn Fn(&Unit) -> bool| {
        until(&mut events, &mut units, name, what, so).await
    };
    let up = |u: &Unit| u.active == "active" && u.main_pid.is_some() && u.job.is_none();
    wait(steady, "stopped", &|u| u.active == "inactive").await;
    server.root(&["systemctl", "start", steady]);
    let run = wait(steady, "running", &up).await.invocation_id;
    assert!(run.is_some());
    server.root(&["systemctl", "restart", steady]);
    let again = wait(steady, "another run", &|u| up(u) && u.invocation_id != run).await;
    server.fault("reset");
    server.root(&["systemctl", "restart", steady]);
    wait(steady, "a run after the reset", &|u| {
        up(u) && u.invocation_id != again.invocation_id
    })
    .await;
    server.root(&["systemctl", "start", failing]);
    wait(failing, "failed", &|u| {
        u.is_failed()
            && u.result.as_deref() == Some("exit-code")
            && u.exit_status == Some(status)
            && u.job.is_none()
    })
    .await;
    server.root(&["systemctl", "reset-failed", failing]);
    wait(failing, "forgiven", &|u| u.active == "inactive").await;
}

/// Every verb ends as it says, and what is wrong has its own code.
pub async fn verbs_end_as_they_say(server: &impl Managed) {
    let (steady, (failing, status)) = (server.steady(), server.failing());
    let systemd = Systemd::open(&host(server.config(), server.name()))
        .await
        .unwrap();
    let stopped = systemd.act(Verb::Stop, steady).await.unwrap();
    assert_eq!(stopped.result, "done");
    let unit = systemd.unit(steady).await.unwrap();
    assert_eq!((&*unit.active, unit.main_pid), ("inactive", None));
    let started = systemd.act(Verb::Start, steady).await.unwrap();
    assert_eq!(started.result, "done");
    assert!(started.job > stopped.job);
    let restarted = systemd.act(Verb::Restart, steady).await.unwrap();
    assert_ne!(restarted.invocation_id, started.invocation_id);
    let unit = systemd.unit(steady).await.unwrap();
    assert_eq!(unit.active, "active");
    assert_eq!(unit.invocation_id, restarted.invocation_id);
    // One reading of a unit and the list's agree.
    let listed = systemd.units().await.unwrap();
    let mut listed = listed.into_iter().find(|u| u.name == steady).unwrap();
    (listed.cpu_nsec, listed.memory_bytes) = (unit.cpu_nsec, unit.memory_bytes);
    assert_eq!(listed, unit);
    let failed = systemd.act(Verb::Start, failing).await.unwrap();
    assert_eq!(failed.result, "failed");
    let unit = systemd.unit(failing).await.unwrap();
    assert!(unit.is_failed());
    assert_eq!(unit.exit_status, Some(status));
    systemd.act(Verb::ResetFailed, failing).await.unwrap();
    assert_eq!(systemd.unit(failing).await.unwrap().active, "inactive");
    let unknown = "no-such.service";
    assert_eq!(systemd.unit(unknown).await.unwrap().load, "not-found");
    let error = systemd.act(Verb::Start, unknown).await.unwrap_err();
    assert_eq!(code(error), "no-such-unit");
    let error = systemd.file_text(unknown).await.unwrap_err();
    assert_eq!(code(error), "no-such-unit");
    let error = systemd.act(Verb::Enable, failing).await.unwrap_err();
    assert_eq!(code(error), "no-install-section");
    let file = systemd.file_text(steady).await.unwrap();
    let path = unit_path(&systemd, steady).await;
    assert!(file.starts_with(&format!("# {path}\n[Unit]\n")), "{file}");
    // Another one's stop takes the place of our start.
    let (other, slow) = (systemd.clone(), server.slow());
    let starting = tokio::spawn(async move { other.act(Verb::Start, slow).await });
    while systemd.unit(slow).await.unwrap().active != "activating" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.root(&["systemctl", "stop", slow]);
    assert_eq!(starting.await.unwrap().unwrap().result, "canceled");
    server.root(&["systemctl", "reset-failed", slow]);
}

async fn unit_path(systemd: &Systemd, name: &str) -> String {
    let properties = systemd.properties(name).await.unwrap();
    let path = properties.into_iter().find(|(n, _)| n == "FragmentPath");
    path.unwrap().1
}

/// A user without rights may look and is told why no more.
pub async fn a_viewer_is_told(server: &impl Managed, ssh_config: &str) {
    let name = format!("viewer@{}", server.name());
    let config = ConfigDir::with(
        serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": [name],
            "ssh_config_test": "ssh_config",
        }),
        ssh_config,
    );
    let systemd = Systemd::open(&host(config.path(), server.name()))
        .await
        .unwrap();
    let before = systemd.unit(server.steady()).await.unwrap();
    for verb in [Verb::Start, Verb::Restart, Verb::Stop] {
        let error = systemd.act(verb, server.steady()).await.unwrap_err();
        let problem = Problem::from(error);
        assert_eq!(
            (problem.code, problem.exit),
            ("not-authorised", Exit::Refused)
        );
        assert!(problem.message.contains("sudo"), "{problem}");
        assert!(problem.hint.unwrap().contains("polkit"));
    }
    let after = systemd.unit(server.steady()).await.unwrap();
    assert_eq!(before.invocation_id, after.invocation_id);
    assert_eq!(before.active, after.active);
}

/// A link reset during a job: the end is unknown, told so, and found out by attaching.
pub async fn a_job_outlives_its_link(server: &impl Managed) {
    let host = host(server.config(), server.name());
    let systemd = Systemd::open(&host).await.unwrap();
    let (tell, mut news) = mpsc::channel(16);
    let (acting, slow) = (systemd.clone(), server.slow());
    let acting = tokio::spawn(async move { acting.act_and_tell(Verb::Start, slow, tell).await });
    let job = loop {
        match news.recv().await.expect("news of the job") {
            Progress::Job(job) => break job,
            _ => continue,
        }
    };
    server.fault("reset");
    let error = acting.await.unwrap().unwrap_err();
    let SystemdError::Unknown(problem) = error else {
        panic!("{error:?}");
    };
    assert_eq!(problem.exit, Exit::Unknown);
    assert!(problem.message.contains(&format!("job {job}")), "{problem}");
    // Attached again over another connection.
    let again = Systemd::open(&host).await.unwrap();
    let result = again.attach(job).await.unwrap();
    let expected = match server.failing().0 == slow {
        true => "failed",
        false => "done",
    };
    assert_eq!(result.as_deref(), Some(expected));
    assert_eq!(again.attach(job).await.unwrap(), None);
}

/// The command line's restart, failure and refusal, and what is written down of them.
pub fn operations_are_done_and_noted(server: &impl Managed, qd: &Qd) {
    let (steady, (failing, status)) = (server.steady(), server.failing());
    let run = |words: &[&str]| {
        let words = [&["--host", server.name()], words].concat();
        let output = qd.run(&words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let main_pid = || {
        let units = qd.json(0, &["--host", server.name(), "units", steady]);
        units["items"][0]["main_pid"].clone()
    };
    server.root(&["systemctl", "start", steady]);
    let before = main_pid();
    assert!(before.is_u64());
    // Without an answer nothing happens, and the plan says what would.
    let (code, out, err) = run(&["unit", "restart", steady]);
    assert_eq!((code, out.as_str()), (Some(4), ""), "{err}");
    let call = format!("RestartUnit(\"{steady}\", \"replace\")");
    assert!(err.contains(&call) && err.contains("--yes"), "{err}");
    let (code, _, err) = run(&["unit", "restart", steady, "--yes", "--read-only"]);
    assert_eq!(code, Some(4), "{err}");
    assert_eq!(main_pid(), before);
    let (code, _, err) = run(&["unit", "restart", steady, "--yes"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(!err.contains("not noted"), "{err}");
    assert_ne!(main_pid(), before);
    let (code, out, err) = run(&["unit", "start", failing, "--yes"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains(&format!("exit status {status}")), "{err}");
    let (code, _, err) = run(&["unit", "start", "no-such", "--yes"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("there is no unit no-such.service"), "{err}");
    // Written down here and in the host's journal.
    let here = qd.json(0, &["history"]);
    let results: Vec<_> = here["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (record["unit"].clone(), record["result"].clone()))
        .collect();
    assert_eq!(
        serde_json::json!(results),
        serde_json::json!([[steady, "succeeded"], [failing, "failed"]])
    );
    let (code, noted, err) = run(&[
        "logs",
        "-o",
        "json",
        "--all-fields",
        "-g",
        "quarterdeck|restart|start",
    ]);
    assert_eq!(code, Some(0), "{err}");
    let fields: Vec<_> = noted
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["SYSLOG_IDENTIFIER"] == "quarterdeck")
        .map(|entry| {
            let field = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            [
                field("QUARTERDECK_OPERATION"),
                field("QUARTERDECK_UNIT"),
                field("QUARTERDECK_RESULT"),
            ]
        })
        .collect();
    assert_eq!(
        fields,
        [
            ["restart", steady, "succeeded"].map(str::to_owned),
            ["start", failing, "failed"].map(str::to_owned)
        ]
    );
}
