//! systemd over D-Bus, against real hosts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Qd, TestHost};
use quarterdeck::{
    config::Loaded,
    problem::{Exit, Problem},
    remote::{
        HostId, NoPrompter,
        fleet::Fleet,
        ssh::Host,
        systemd::{self, Systemd, SystemdError, Unit, UnitEvent, Verb},
    },
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

fn connect(config: &ConfigDir, label: &str) -> Host {
    let loaded = Loaded::find(Some(config.path()), config.path()).unwrap();
    let environment = loaded.environment(None).unwrap();
    let fleet = Fleet::new(&environment, Arc::new(NoPrompter));
    fleet.host(&HostId::new(label)).unwrap().clone()
}

/// What a receiver of events knows.
struct Seen {
    events: mpsc::Receiver<UnitEvent>,
    units: BTreeMap<String, Unit>,
    down: Option<Problem>,
}

impl Seen {
    fn of(host: &Host) -> Seen {
        Seen {
            events: systemd::watch(host.clone()),
            units: BTreeMap::new(),
            down: None,
        }
    }

    async fn next(&mut self) {
        match self.events.recv().await.expect("the watch goes on") {
            UnitEvent::All(units) => {
                self.down = None;
                self.units = units.into_iter().map(|u| (u.name.clone(), u)).collect();
            }
            UnitEvent::Changed(units) => {
                for unit in units {
                    self.units.insert(unit.name.clone(), unit);
                }
            }
            UnitEvent::Removed(names) => {
                for name in names {
                    assert!(self.units.remove(&name).is_some(), "{name} was never there");
                }
            }
            UnitEvent::Down(problem) => self.down = Some(problem),
        }
    }

    /// Takes events until this is so.
    async fn until(&mut self, what: &str, so: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !so(self) {
            if tokio::time::timeout_at(deadline, self.next())
                .await
                .is_err()
            {
                panic!("never: {what}; fixtures: {:#?}", self.fixtures());
            }
        }
    }

    fn fixtures(&self) -> Vec<&Unit> {
        self.units
            .values()
            .filter(|unit| unit.name.starts_with("fixture-"))
            .collect()
    }

    fn is(&self, name: &str, active: &str) -> bool {
        self.units.get(name).is_some_and(|u| u.active == active)
    }
}

#[test]
fn the_list_is_what_systemctl_says() {
    require!(hosts);
    let host = TestHost::up("sd-list");
    host.run(&[
        "systemctl",
        "start",
        "fixture-web.service",
        "fixture-job.timer",
        "fixture-deploy.socket",
    ]);
    let _ = host.try_run(&["systemctl", "start", "fixture-fail.service"]);
    let config = host.config();
    let qd = Qd::with(&config);
    let document = qd.json(0, &["units"]);
    assert_eq!(document["version"], 1);
    assert_eq!(document["environment"], "test");
    assert_eq!(document["problems"], serde_json::json!([]));
    let items = document["items"].as_array().unwrap();
    let fields: Vec<&str> = items[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        fields,
        [
            "host",
            "name",
            "description",
            "load",
            "active",
            "sub",
            "since",
            "result",
            "exit_status",
            "restarts",
            "main_pid",
            "memory_bytes",
            "cpu_nsec",
            "fragment_path"
        ]
    );
    let theirs: serde_json::Value =
        serde_json::from_str(&host.run(&["systemctl", "list-units", "--all", "--output=json"]))
            .unwrap();
    let states = |rows: &[serde_json::Value], name: &str| -> BTreeMap<String, String> {
        rows.iter()
            .map(|row| {
                let text = |field: &str| row[field].as_str().unwrap().to_owned();
                (
                    text(name),
                    [
                        text("load"),
                        text("active"),
                        text("sub"),
                        text("description"),
                    ]
                    .join(" "),
                )
            })
            // Sessions come and go with whoever asks.
            .filter(|(name, _)| !name.starts_with("session-") && !name.contains("user"))
            .filter(|(name, _)| !name.starts_with("fixture-job.") && !name.contains("tmpfiles"))
            .collect()
    };
    assert_eq!(
        states(items, "name"),
        states(theirs.as_array().unwrap(), "unit")
    );
    let item = |name: &str| {
        items
            .iter()
            .find(|item| item["name"] == name)
            .unwrap_or_else(|| panic!("{name} is missing"))
    };
    let web = item("fixture-web.service");
    let pid = host.run(&["systemctl", "show", "-P", "MainPID", "fixture-web.service"]);
    assert_eq!(web["main_pid"].to_string(), pid.trim());
    assert_eq!(web["result"], "success");
    assert_eq!(web["exit_status"], serde_json::Value::Null);
    assert_eq!(web["restarts"], 0);
    assert_eq!(
        web["fragment_path"],
        "/etc/systemd/system/fixture-web.service"
    );
    let since: jiff::Timestamp = web["since"].as_str().unwrap().parse().unwrap();
    let age = jiff::Timestamp::now().duration_since(since).as_secs();
    assert!((0..60).contains(&age), "{age}");
    let failed = item("fixture-fail.service");
    assert_eq!(failed["result"], "exit-code");
    assert_eq!(failed["exit_status"], 3);
    // Narrowed by state, type and name.
    let names = |words: &[&str]| -> Vec<String> {
        qd.json(0, words)["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&["units", "--failed"]), ["fixture-fail.service"]);
    assert_eq!(
        names(&["units", "--type", "socket", "fixture-*"]),
        ["fixture-agent.socket", "fixture-deploy.socket"]
    );
    assert_eq!(names(&["units", "fixture-web"]), ["fixture-web.service"]);
    assert_eq!(
        names(&["units", "--all", "fixture-slow"]),
        ["fixture-slow.service"]
    );
    let table = qd.run(&["units"]).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    let first = table.lines().nth(1).unwrap();
    assert!(first.starts_with("✖ F  fixture-fail.service"), "{first}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn details_of_services_timers_and_sockets() {
    require!(hosts);
    let real = TestHost::up("sd-kinds");
    real.run(&[
        "systemctl",
        "start",
        "fixture-web.service",
        "fixture-job.timer",
        "fixture-deploy.socket",
    ]);
    let config = real.config();
    let systemd = Systemd::open(&connect(&config, "sd-kinds")).await.unwrap();
    let units: BTreeMap<String, Unit> = systemd
        .units()
        .await
        .unwrap()
        .into_iter()
        .map(|unit| (unit.name.clone(), unit))
        .collect();
    let timer = &units["fixture-job.timer"];
    assert_eq!(timer.triggers, ["fixture-job.service"]);
    let next = timer.next_elapse.unwrap();
    let ahead = next.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((-1..=11).contains(&ahead), "next elapse in {ahead} s");
    let socket = &units["fixture-deploy.socket"];
    assert_eq!(socket.listen, ["127.0.0.1:4444 (Stream)"]);
    assert_eq!(socket.triggers, ["fixture-deploy.service"]);
    // A unit file that is not loaded can be found, and started.
    let slow = &units["fixture-slow.service"];
    assert_eq!(slow.active, "inactive");
    assert_eq!(slow.file_state.as_deref(), Some("static"));
    // One reading of a unit and the list's agree.
    for name in ["fixture-web.service", "fixture-deploy.socket", "-.mount"] {
        let mut one = systemd.unit(name).await.unwrap();
        let listed = &units[name];
        one.cpu_nsec = listed.cpu_nsec;
        one.memory_bytes = listed.memory_bytes;
        assert_eq!(&one, listed);
    }
    let web = systemd
        .refresh(&[
            "fixture-web.service".to_owned(),
            "no-such.service".to_owned(),
        ])
        .await
        .unwrap();
    assert_eq!(web.len(), 1);
    assert!(web[0].cpu_nsec.is_some());
    assert_eq!(
        systemd.unit("no-such.service").await.unwrap().load,
        "not-found"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_properties_and_relations() {
    require!(hosts);
    let real = TestHost::up("sd-file");
    real.run(&["mkdir", "-p", "/etc/systemd/system/fixture-web.service.d"]);
    real.feed(
        &["tee", "/etc/systemd/system/fixture-web.service.d/it's.conf"],
        b"[Service]\nEnvironment=A=b\n",
    );
    real.run(&["systemctl", "daemon-reload"]);
    let config = real.config();
    let systemd = Systemd::open(&connect(&config, "sd-file")).await.unwrap();
    let file = systemd.file_text("fixture-web.service").await.unwrap();
    assert!(
        file.starts_with("# /etc/systemd/system/fixture-web.service\n[Unit]\n"),
        "{file}"
    );
    assert!(
        file.ends_with(
            "\n# /etc/systemd/system/fixture-web.service.d/it's.conf\n[Service]\nEnvironment=A=b\n"
        ),
        "{file}"
    );
    let properties: BTreeMap<String, String> = systemd
        .properties("fixture-web.service")
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(properties["Environment"], "A=b");
    assert_eq!(properties["MemoryMax"], (64u64 << 20).to_string());
    assert_eq!(properties["CanStart"], "yes");
    let relations: BTreeMap<String, Vec<String>> = systemd
        .dependencies("fixture-job.timer")
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(relations["triggers"], ["fixture-job.service"]);
    assert!(relations["requires"].contains(&"sysinit.target".to_owned()));
    let error = systemd.file_text("no-such.service").await.unwrap_err();
    assert_eq!(Problem::from(error).code, "no-such-unit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_by_others_arrive_by_themselves() {
    require!(hosts);
    let real = TestHost::up("sd-live");
    let config = real.config();
    let host = connect(&config, "sd-live");
    let mut seen = Seen::of(&host);
    seen.until("the first list", |seen| !seen.units.is_empty())
        .await;
    seen.until("details", |seen| {
        seen.units
            .get("ssh.service")
            .is_some_and(|unit| unit.main_pid.is_some())
    })
    .await;
    real.run(&["systemctl", "start", "fixture-web.service"]);
    seen.until("running", |seen| {
        seen.is("fixture-web.service", "active")
            && seen.units["fixture-web.service"].main_pid.is_some()
            && seen.units["fixture-web.service"].job.is_none()
    })
    .await;
    let run = seen.units["fixture-web.service"].invocation_id.clone();
    assert!(run.is_some());
    real.run(&["systemctl", "restart", "fixture-web.service"]);
    seen.until("another run", |seen| {
        let unit = &seen.units["fixture-web.service"];
        unit.active == "active" && unit.invocation_id != run
    })
    .await;
    real.run(&["systemctl", "start", "--no-block", "fixture-slow.service"]);
    seen.until("its job", |seen| {
        seen.units
            .get("fixture-slow.service")
            .is_some_and(|u| u.active == "activating" && u.job.as_deref() == Some("start"))
    })
    .await;
    seen.until("no job any more", |seen| {
        seen.is("fixture-slow.service", "active")
            && seen.units["fixture-slow.service"].job.is_none()
    })
    .await;
    let _ = real.try_run(&["systemctl", "start", "fixture-fail.service"]);
    seen.until("failed", |seen| {
        seen.units.get("fixture-fail.service").is_some_and(|unit| {
            unit.is_failed()
                && unit.result.as_deref() == Some("exit-code")
                && unit.exit_status == Some(3)
        })
    })
    .await;
    // A new unit file, and its end.
    real.feed(
        &["tee", "/etc/systemd/system/fixture-new.service"],
        b"[Unit]\nDescription=New\n[Service]\nExecStart=/bin/sleep infinity\n",
    );
    real.run(&["systemctl", "daemon-reload"]);
    real.run(&["systemctl", "start", "fixture-new.service"]);
    seen.until("the new unit", |seen| {
        seen.is("fixture-new.service", "active")
    })
    .await;
    real.run(&["systemctl", "stop", "fixture-new.service"]);
    real.run(&["rm", "/etc/systemd/system/fixture-new.service"]);
    real.run(&["systemctl", "daemon-reload"]);
    seen.until("it is gone", |seen| {
        !seen.units.contains_key("fixture-new.service")
    })
    .await;
    // Quiet means quiet: nothing is polled, so nothing comes.
    real.run(&["systemctl", "stop", "fixture-job.timer"]);
    real.run(&["systemctl", "stop", "fixture-web.service"]);
    seen.until("stopped", |seen| seen.is("fixture-web.service", "inactive"))
        .await;
    while timeout(Duration::from_secs(2), seen.next()).await.is_ok() {}
    assert!(
        timeout(Duration::from_secs(3), seen.next()).await.is_err(),
        "news of nothing"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watch_survives_broken_links_and_reboots() {
    require!(hosts);
    let real = TestHost::up("sd-faults");
    let config = real.config();
    let host = connect(&config, "sd-faults");
    let mut seen = Seen::of(&host);
    seen.until("the first list", |seen| !seen.units.is_empty())
        .await;
    for fault in ["reset", "sshd-kill"] {
        real.fault(fault);
        real.run(&["systemctl", "restart", "fixture-web.service"]);
        let run = real.run(&[
            "systemctl",
            "show",
            "-P",
            "InvocationID",
            "fixture-web.service",
        ]);
        seen.until(fault, |seen| {
            seen.down.is_none()
                && seen
                    .units
                    .get("fixture-web.service")
                    .is_some_and(|unit| unit.invocation_id.as_deref() == Some(run.trim()))
        })
        .await;
    }
    real.fault("refuse");
    seen.until("down", |seen| seen.down.is_some()).await;
    assert_eq!(seen.down.as_ref().unwrap().exit, Exit::Unreachable);
    real.run(&["systemctl", "stop", "fixture-web.service"]);
    real.fault("accept");
    seen.until("back", |seen| {
        seen.down.is_none() && seen.is("fixture-web.service", "inactive")
    })
    .await;
    real.run(&["systemctl", "start", "fixture-web.service"]);
    real.fault("reboot");
    seen.until("after the reboot", |seen| {
        seen.down.is_none() && seen.is("fixture-web.service", "inactive")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_does_what_it_says() {
    require!(hosts);
    let real = TestHost::up("sd-verbs");
    let config = real.config();
    let systemd = Systemd::open(&connect(&config, "sd-verbs")).await.unwrap();
    let show = |property: &str, unit: &str| {
        real.run(&["systemctl", "show", "-P", property, unit])
            .trim()
            .to_owned()
    };
    let web = "fixture-web.service";
    let started = systemd.act(Verb::Start, web).await.unwrap();
    assert_eq!(started.result, "done");
    assert!(started.job > 0);
    assert_eq!(
        started.invocation_id.as_deref(),
        Some(&*show("InvocationID", web))
    );
    let restarted = systemd.act(Verb::Restart, web).await.unwrap();
    assert_ne!(restarted.invocation_id, started.invocation_id);
    assert_eq!(show("ActiveState", web), "active");
    let extra = "fixture-extra.service";
    real.feed(
        &["tee", "/etc/systemd/system/fixture-extra.service"],
        b"[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    );
    systemd.act(Verb::Enable, extra).await.unwrap();
    assert_eq!(show("UnitFileState", extra), "enabled");
    systemd.act(Verb::Disable, extra).await.unwrap();
    assert_eq!(show("UnitFileState", extra), "disabled");
    assert_eq!(systemd.act(Verb::Stop, web).await.unwrap().result, "done");
    assert_eq!(show("ActiveState", web), "inactive");
    let failed = systemd
        .act(Verb::Start, "fixture-fail.service")
        .await
        .unwrap();
    assert_eq!(failed.result, "failed");
    assert_eq!(show("ActiveState", "fixture-fail.service"), "failed");
    systemd
        .act(Verb::ResetFailed, "fixture-fail.service")
        .await
        .unwrap();
    assert_eq!(show("ActiveState", "fixture-fail.service"), "inactive");
    let code = |error: SystemdError| Problem::from(error).code;
    let error = systemd
        .act(Verb::Start, "no-such.service")
        .await
        .unwrap_err();
    assert_eq!(code(error), "no-such-unit");
    let error = systemd
        .act(Verb::Enable, "fixture-slow.service")
        .await
        .unwrap_err();
    assert_eq!(code(error), "no-install-section");
    real.run(&["systemctl", "mask", "fixture-masked.service"]);
    let error = systemd
        .act(Verb::Start, "fixture-masked.service")
        .await
        .unwrap_err();
    assert_eq!(code(error), "unit-masked");
    // Another one's stop takes the place of our start.
    let other = systemd.clone();
    let slow = tokio::spawn(async move { other.act(Verb::Start, "fixture-slow.service").await });
    while show("ActiveState", "fixture-slow.service") != "activating" {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    real.run(&["systemctl", "stop", "fixture-slow.service"]);
    assert_eq!(slow.await.unwrap().unwrap().result, "canceled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rights_the_answer_is_clear() {
    require!(hosts);
    let real = TestHost::up("sd-viewer");
    let dir = real.config();
    let config = ConfigDir::with(
        serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": ["viewer@sd-viewer"],
            "ssh_config_test": "ssh_config",
        }),
        &dir.read("ssh_config"),
    );
    let systemd = Systemd::open(&connect(&config, "sd-viewer")).await.unwrap();
    real.run(&["systemctl", "stop", "fixture-web.service"]);
    // Looking is allowed.
    assert_eq!(systemd.unit("ssh.service").await.unwrap().active, "active");
    for verb in [Verb::Start, Verb::Restart, Verb::Enable] {
        let error = systemd.act(verb, "fixture-web.service").await.unwrap_err();
        let problem = Problem::from(error);
        assert_eq!(
            (problem.code, problem.exit),
            ("not-authorised", Exit::Refused)
        );
        assert!(problem.message.contains("sudo"), "{problem}");
        assert!(problem.hint.unwrap().contains("polkit"));
    }
    assert_eq!(
        real.run(&[
            "systemctl",
            "show",
            "-P",
            "ActiveState",
            "fixture-web.service"
        ])
        .trim(),
        "inactive"
    );
    // polkit says yes to this user and this unit: no sudo needed.
    real.feed(
        &["tee", "/etc/polkit-1/rules.d/10-viewer.rules"],
        b"polkit.addRule(function(action, subject) {
            if (action.id == \"org.freedesktop.systemd1.manage-units\" &&
                action.lookup(\"unit\") == \"fixture-web.service\" && subject.user == \"viewer\")
                return polkit.Result.YES;
        });\n",
    );
    real.run(&["systemctl", "restart", "polkit.service"]);
    let started = systemd
        .act(Verb::Start, "fixture-web.service")
        .await
        .unwrap();
    assert_eq!(started.result, "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_without_bridge_or_bus_is_told_so() {
    require!(hosts);
    let real = TestHost::up("sd-nobus");
    let config = real.config();
    let host = connect(&config, "sd-nobus");
    real.run(&["mv", "/usr/bin/systemd-stdio-bridge", "/usr/bin/elsewhere"]);
    let problem = Problem::from(Systemd::open(&host).await.err().unwrap());
    assert_eq!(problem.code, "no-systemd-bridge");
    assert!(problem.hint.is_some(), "{problem}");
    // Where NixOS keeps it.
    real.run(&["mkdir", "-p", "/run/current-system/sw/bin"]);
    real.run(&[
        "ln",
        "-s",
        "/usr/bin/elsewhere",
        "/run/current-system/sw/bin/systemd-stdio-bridge",
    ]);
    assert!(Systemd::open(&host).await.is_ok());
    let mut seen = Seen::of(&host);
    seen.until("a list", |seen| !seen.units.is_empty()).await;
    real.run(&["systemctl", "stop", "dbus.socket", "dbus.service"]);
    seen.until("down", |seen| seen.down.is_some()).await;
    let problem = Problem::from(Systemd::open(&host).await.err().unwrap());
    assert_eq!(problem.code, "no-systemd");
    real.run(&["systemctl", "start", "dbus.socket", "dbus.service"]);
    seen.until("back", |seen| seen.down.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_cut_during_a_job_is_unknown_and_never_repeated() {
    require!(hosts);
    let real = TestHost::up("sd-cut");
    let config = real.config();
    let host = connect(&config, "sd-cut");
    let systemd = Systemd::open(&host).await.unwrap();
    let (tell, mut news) = mpsc::channel(16);
    let acting = systemd.clone();
    let acting = tokio::spawn(async move {
        acting
            .act_and_tell(Verb::Start, "fixture-slow.service", tell)
            .await
    });
    let job = loop {
        match news.recv().await.expect("news of the job") {
            systemd::Progress::Job(job) => break job,
            _ => continue,
        }
    };
    real.fault("reset");
    let error = acting.await.unwrap().unwrap_err();
    let SystemdError::Unknown(problem) = error else {
        panic!("{error:?}");
    };
    assert_eq!(problem.exit, Exit::Unknown);
    assert!(problem.message.contains(&format!("job {job}")), "{problem}");
    assert!(
        problem
            .hint
            .as_ref()
            .unwrap()
            .contains("qd unit show fixture-slow.service --host sd-cut"),
        "{problem}"
    );
    // Attached again over another connection.
    let again = Systemd::open(&host).await.unwrap();
    assert_eq!(again.attach(job).await.unwrap().as_deref(), Some("done"));
    assert_eq!(again.attach(job).await.unwrap(), None);
}
