//! Logging in to a simulated host, and what goes over the connection besides commands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Demo, Terminal, follow};
use quarterdeck::{
    config::Loaded,
    remote::{
        Answer, HostId, Prompter, Question,
        fleet::Fleet,
        ssh::{Argv, Host, SshError},
        systemd::Systemd,
    },
};
use std::{
    fs::read_to_string,
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Somebody at the keyboard who types the same to every question.
struct Typist {
    types: &'static str,
    asked: Mutex<Vec<Question>>,
}

#[async_trait::async_trait]
impl Prompter for Typist {
    async fn ask(&self, question: Question) -> Option<Answer> {
        self.asked.lock().unwrap().push(question);
        Some(Answer::Secret(self.types.to_owned().into()))
    }
}

/// A configuration that leads to the demo without its key.
fn keyless(demo: &Path, method: &str) -> ConfigDir {
    let ssh_config = read_to_string(demo.join("ssh_config_demo")).unwrap();
    let ssh_config: String = ssh_config
        .lines()
        .map(|line| match line.trim_start().starts_with("IdentityFile") {
            true => format!("  PreferredAuthentications {method}\n"),
            false => format!("{line}\n"),
        })
        .collect();
    ConfigDir::with(
        serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": ["web-1"],
            "ssh_config_test": "ssh_config",
        }),
        &ssh_config,
    )
}

fn host(config: &ConfigDir, prompter: Arc<Typist>) -> Host {
    let loaded = Loaded::find(Some(config.path()), config.path()).unwrap();
    let environment = loaded.environment(None).unwrap();
    let fleet = Fleet::new(&environment, prompter);
    fleet.host(&HostId::new("web-1")).unwrap().clone()
}

async fn log_in(method: &str, types: &'static str) -> (Result<Vec<u8>, SshError>, Vec<Question>) {
    let demo = quarterdeck::demo::Demo::start(1).await.unwrap();
    let config = keyless(demo.directory(), method);
    let asked = Mutex::default();
    let typist = Arc::new(Typist { types, asked });
    let host = host(&config, typist.clone());
    let output = host.output(&Argv::new("id").arg("-un"), 1000).await;
    let asked = std::mem::take(&mut *typist.asked.lock().unwrap());
    (output.map(|output| output.stdout), asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_or_an_answer_lets_one_in() {
    for method in ["password", "keyboard-interactive"] {
        let (output, asked) = log_in(method, "demo").await;
        assert_eq!(output.unwrap(), b"operator\n", "{method}");
        let [Question::Secret { prompt, echo, .. }] = &asked[..] else {
            panic!("{method}: {asked:?}");
        };
        assert!(prompt.to_lowercase().contains("password"), "{prompt}");
        assert!(!echo);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_asked_for_again_and_does_not() {
    for method in ["password", "keyboard-interactive"] {
        let (output, asked) = log_in(method, "guess").await;
        let Err(SshError::Refused(problem)) = output else {
            panic!("{method}: {output:?}");
        };
        assert!(problem.message.contains(method), "{problem}");
        assert!(asked.len() > 1, "asked again: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn podman_answers_on_its_socket() {
    let demo = quarterdeck::demo::Demo::start(1).await.unwrap();
    let host = follow::host(demo.directory(), "web-1");
    let socket = "/run/podman/podman.sock";
    let get = async |path: &str| {
        let mut stream = host.open_unix(socket).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: d\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let ping = get("/v5.0.0/libpod/_ping").await;
    assert!(ping.starts_with("HTTP/1.1 200 OK\r\n") && ping.ends_with("\r\n\r\nOK"));
    let list = get("/v5.0.0/libpod/containers/json").await;
    let (_, body) = list.split_once("\r\n\r\n").unwrap();
    let containers: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(
        containers
            .as_array()
            .unwrap()
            .contains(&serde_json::json!({"Names": ["api"], "State": "running"})),
        "{body}"
    );
    assert!(matches!(
        host.open_unix("/run/nothing.sock").await,
        Err(SshError::Channel(_))
    ));
    // data-1 has no podman.
    let data = follow::host(demo.directory(), "data-1");
    assert!(matches!(
        data.open_unix(socket).await,
        Err(SshError::Channel(_))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_elapse_ahead_of_now() {
    let demo = quarterdeck::demo::Demo::start(1).await.unwrap();
    for name in ["web-1", "data-1"] {
        let host = follow::host(demo.directory(), name);
        let systemd = Systemd::open(&host).await.unwrap();
        let now = jiff::Timestamp::now();
        let units = systemd.units().await.unwrap();
        let timers = units.iter().filter(|unit| unit.name.ends_with(".timer"));
        let mut count = 0;
        for timer in timers {
            count += 1;
            let service = timer.name.replace(".timer", ".service");
            assert_eq!(timer.triggers, [service.as_str()]);
            let ahead = timer.next_elapse.unwrap().duration_since(now).as_secs();
            // The longest waits a day.
            assert!((-1..=86_400).contains(&ahead), "{}: {ahead} s", timer.name);
            assert_eq!((&*timer.active, &*timer.sub), ("active", "waiting"));
        }
        assert!(count >= 4, "{name} has {count} timers");
    }
}

#[test]
fn a_shell_in_a_terminal_edits_remembers_and_exits() {
    let demo = Demo::start();
    let qd = demo.qd();
    let mut terminal = Terminal::start(&qd, &["ssh", "data-1"], (80, 24));
    terminal.wait_for("[operator@data-1:~]$");
    assert!(terminal.text().contains("sudo systemctl start cleanup"));
    terminal.keys("echo onx\u{7f}e two\r");
    terminal.wait_for("\none two");
    // The line before, brought back by the arrow key and added to.
    terminal.keys("\u{1b}[A three\r");
    terminal.wait_for("\none two three");
    terminal.keys("sleep 60\r");
    terminal.wait_for("sleep 60");
    terminal.keys("\u{3}");
    terminal.wait_for("^C");
    terminal.keys("sudo systemctl start cleanup && df -h\r");
    terminal.wait_for("61% /mnt/data");
    terminal.keys("exit\r");
    assert!(terminal.wait().success());
}
