//! The command line's contract: exit codes, errors, documents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{ConfigDir, Demo, Qd, TestHost};
use serde_json::{Value, json};
use std::net::TcpListener;

/// Exit code, standard output, standard error.
fn run(qd: &Qd, words: &[&str]) -> (i32, String, String) {
    let output = qd.run(words).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// The error object that ends a command with `--json`, alone on standard error.
fn error(stderr: &str) -> Value {
    let mut document: Value = serde_json::from_str(stderr).unwrap_or_else(|_| panic!("{stderr}"));
    assert_eq!(document["version"], 1);
    document["error"].take()
}

/// A configuration whose hosts do not have to exist.
fn two_hosts() -> ConfigDir {
    ConfigDir::with(
        json!({
            "terraform_packer_environment": "production",
            "hosts_production": ["web-1.example.org", "database.example.org"],
            "hosts_staging": [],
            "ssh_config_production": "ssh_config",
        }),
        "",
    )
}

/// A host where nobody listens.
fn nobody() -> ConfigDir {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    ConfigDir::with(
        json!({
            "terraform_packer_environment": "test",
            "hosts_test": [format!("127.0.0.1:{port}")],
            "ssh_config_test": "ssh_config",
        }),
        "Host *\n  IdentityAgent none\n",
    )
}

#[test]
fn wrong_usage_is_exit_code_2_and_one_line() {
    let qd = Qd::new();
    let (code, out, err) = run(&qd, &["units", "--no-such-flag"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.starts_with("qd: unexpected argument '--no-such-flag'"));

    let (code, out, err) = run(&qd, &["units", "--no-such-flag", "--json"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(error(&err)["code"], "usage");

    // After `--` it is somebody else's option.
    let (code, _, err) = run(&qd, &["--no-such-flag", "--", "--json"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("qd: "), "{err}");
}

#[test]
fn help_and_version_are_results() {
    let qd = Qd::new();
    let (code, out, err) = run(&qd, &["--version"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, format!("qd {}\n", env!("CARGO_PKG_VERSION")));
    let (code, out, _) = run(&qd, &["help", "units"]);
    assert_eq!(code, 0);
    assert!(out.contains("Usage: qd units"), "{out}");
}

#[test]
fn a_configuration_that_is_not_there_is_exit_code_2() {
    let qd = Qd::new();
    let (code, out, err) = run(&qd, &["units"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("config.json"), "{err}");
    let (code, _, err) = run(&qd, &["units", "-c", "/nowhere", "--json"]);
    assert_eq!(code, 2);
    assert!(
        error(&err)["message"]
            .as_str()
            .unwrap()
            .contains("/nowhere")
    );
}

#[test]
fn unknown_names_are_exit_code_2_with_the_one_that_was_meant() {
    let config = two_hosts();
    let qd = Qd::with(&config);
    let (code, _, err) = run(&qd, &["units", "-e", "prodution", "--json"]);
    assert_eq!(code, 2);
    assert!(error(&err).to_string().contains("production"), "{err}");

    let (code, _, err) = run(&qd, &["units", "--host", "databse.example.org", "--json"]);
    assert_eq!(code, 2);
    assert_eq!(error(&err)["code"], "unknown-host");
    assert_eq!(error(&err)["hint"], "did you mean database.example.org?");

    let (code, _, err) = run(&qd, &["units", "-e", "staging", "--json"]);
    assert_eq!(code, 2);
    assert_eq!(error(&err)["code"], "no-hosts");
    assert!(
        error(&err)["hint"]
            .as_str()
            .unwrap()
            .contains("hosts_staging")
    );
}

#[test]
fn a_host_out_of_reach_is_exit_code_3_and_a_problem_of_the_document() {
    let config = nobody();
    let qd = Qd::with(&config);
    let output = qd.run(&["units", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["environment"], "test");
    assert_eq!(document["items"], json!([]));
    let problem = &document["problems"][0];
    assert_eq!(problem["host"], "127.0.0.1");
    assert_eq!(problem["source"], "ssh");
    assert!(problem["message"].as_str().unwrap().contains("127.0.0.1"));
    let (code, out, err) = run(&qd, &["units"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn a_time_out_is_exit_code_3() {
    // Accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let config = ConfigDir::with(
        json!({
            "terraform_packer_environment": "test",
            "hosts_test": [format!("127.0.0.1:{port}")],
            "ssh_config_test": "ssh_config",
        }),
        "",
    );
    let start = std::time::Instant::now();
    let document = Qd::with(&config).json(3, &["units", "--timeout", "1"]);
    assert_eq!(document["problems"][0]["code"], "timeout");
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn read_only_is_exit_code_4_and_changes_nothing() {
    require!(hosts);
    let host = TestHost::up("cli-ro");
    let config = host.config();
    let qd = Qd::with(&config);
    let words = [
        "unit",
        "stop",
        "fixture-web.service",
        "--read-only",
        "--yes",
    ];
    let (code, out, err) = run(&qd, &words);
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    assert!(err.contains("read-only"), "{err}");
    let state = host.run(&["systemctl", "is-active", "fixture-web.service"]);
    assert_eq!(state, "active\n");
}

#[test]
fn a_change_without_consent_is_exit_code_4() {
    require!(hosts);
    let host = TestHost::up("cli-ask");
    let config = host.config();
    let (code, _, err) = run(&Qd::with(&config), &["unit", "stop", "fixture-web.service"]);
    assert_eq!(code, 4, "{err}");
    let state = host.run(&["systemctl", "is-active", "fixture-web.service"]);
    assert_eq!(state, "active\n");
}

#[test]
fn an_unknown_host_key_without_a_terminal_is_exit_code_4() {
    require!(hosts);
    let host = TestHost::up("cli-key");
    let config = ConfigDir::with(
        json!({
            "terraform_packer_environment": "test",
            "hosts_test": ["cli-key"],
            "ssh_config_test": "ssh_config",
        }),
        &format!(
            "Host cli-key\n  HostName 127.0.0.1\n  Port {}\n  User operator\n  IdentityFile {}\n  \
             UserKnownHostsFile /dev/null\n  GlobalKnownHostsFile /dev/null\n",
            host.port,
            host.key.display()
        ),
    );
    let document = Qd::with(&config).json(4, &["units"]);
    let problem = &document["problems"][0];
    assert_eq!(problem["host"], "cli-key");
    assert!(problem["code"].as_str().unwrap().contains("host-key"));
    assert!(problem["message"].as_str().unwrap().contains("SHA256:"));
}

#[test]
fn lists_are_documents_of_the_contract_s_shape() {
    require!(hosts);
    let host = TestHost::up("cli-list");
    let config = host.config();
    let qd = Qd::with(&config);
    let document = qd.json(0, &["units", "fixture-web.service"]);
    assert_eq!(document["version"], 1);
    assert_eq!(document["environment"], "test");
    assert_eq!(document["problems"], json!([]));
    let at = document["fetched_at"].as_str().unwrap();
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "{at}");
    let items = document["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    let item = items[0].as_object().unwrap();
    for field in [
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
        "fragment_path",
    ] {
        assert!(item.contains_key(field), "{field} is missing: {item:?}");
    }
    assert_eq!(item["host"], "cli-list");
    assert_eq!(item["active"], "active");
}

/// Names and types of a document: what scripts rely on.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                // Whether these are counted depends on the kernel.
                let shape = match name.as_str() {
                    "memory_bytes" | "cpu_nsec" => "number or null".into(),
                    "properties" if value.is_object() => "what this systemd has".into(),
                    _ => shape(value),
                };
                (name.clone(), shape)
            })
            .collect(),
    }
}

#[test]
fn documents_keep_their_names_and_types() {
    require!(hosts);
    let host = TestHost::up("cli-shape");
    let config = host.config();
    let qd = Qd::with(&config);
    let unit = "fixture-web.service";
    for (name, words) in [
        ("units", &["units", unit][..]),
        ("unit-show", &["unit", "show", unit]),
        ("unit-restart", &["unit", "restart", unit, "--yes"]),
        ("history", &["history"]),
        ("doctor", &["doctor"]),
        ("config-check", &["config", "check"]),
        ("logs-count", &["logs", unit, "--filter", "web", "--count"]),
        ("logs-histogram", &["logs", unit, "--histogram"]),
        ("logs-patterns", &["logs", unit, "--patterns"]),
    ] {
        let document = qd.json(0, words);
        let shape = serde_json::to_string_pretty(&shape(&document)).unwrap();
        insta::assert_snapshot!(name, shape);
    }
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    require!(hosts);
    let host = TestHost::up("cli-doc");
    let config = host.config();
    let qd = Qd::with(&config);
    let status = |document: &Value, check: &str| {
        let items = document["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["check"] == check);
        item.unwrap_or_else(|| panic!("no {check}: {items:?}"))["status"].clone()
    };
    let as_user = |user: &str| {
        let mut values: Value = serde_json::from_str(&config.read("config.json")).unwrap();
        values["ssh_user_test"] = user.into();
        values.to_string()
    };
    let healthy = qd.json(0, &["doctor"]);
    for check in [
        "config", "reach", "host-key", "login", "journal", "systemd", "units", "sudo",
    ] {
        assert_eq!(status(&healthy, check), "ok", "{check}: {healthy:#}");
    }

    // A failed unit is a negative answer.
    let failed = host.try_run(&["systemctl", "start", "fixture-fail.service"]);
    assert!(!failed.status.success());
    let document = qd.json(1, &["doctor"]);
    assert_eq!(status(&document, "units"), "fail");

    // Somebody without rights: no journal, no sudo; the failed unit stays.
    config.write("config.json", &as_user("viewer"));
    let document = qd.json(1, &["doctor"]);
    assert_eq!(status(&document, "journal"), "fail");
    assert_eq!(status(&document, "sudo"), "warn");
    assert_eq!(status(&document, "systemd"), "ok");

    // A user who may not log in, then a host that is not there.
    config.write("config.json", &as_user("nobody"));
    let document = qd.json(3, &["doctor"]);
    assert_eq!(status(&document, "host-key"), "ok");
    assert_eq!(status(&document, "login"), "fail");
    assert_eq!(status(&document, "journal"), "skipped");
    config.write("config.json", &as_user("operator"));
    host.fault("refuse");
    let document = qd.json(3, &["doctor"]);
    assert_eq!(status(&document, "reach"), "fail");
}

#[test]
fn the_demo_is_an_environment_like_any_other() {
    let demo = Demo::start();
    let qd = demo.qd();
    let document = qd.json(0, &["units"]);
    assert_eq!(document["environment"], "demo");
    let items = document["items"].as_array().unwrap();
    for host in ["data-1", "web-1", "web-2"] {
        assert!(items.iter().any(|item| item["host"] == host), "{host}");
    }
    let one = qd.json(0, &["units", "--host", "web-2"]);
    let items = one["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|item| item["host"] == "web-2"));

    // Something is wrong in it, and the doctor says so of the right host.
    let document = qd.json(1, &["doctor"]);
    let items = document["items"].as_array().unwrap();
    let failed: Vec<_> = items.iter().filter(|i| i["status"] == "fail").collect();
    assert!(
        failed
            .iter()
            .any(|i| i["check"] == "units" && i["host"] == "data-1")
    );
    assert!(failed.iter().all(|i| i["check"] == "units"), "{failed:#?}");

    let environments = qd.json(0, &["env", "list"]);
    assert_eq!(environments["version"], 1);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let demo = Demo::start();
    let script = format!(
        "{} units | head -n 1; echo ${{PIPESTATUS[0]}}",
        Qd::binary()
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .env_clear()
        .envs(demo.qd().environment())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("\n0\n"), "{text}");
    assert!(output.stderr.is_empty());
}

#[test]
fn an_interrupted_command_ends_at_once_with_130() {
    let demo = Demo::start();
    let qd = demo.qd();
    let mut following = std::process::Command::new(Qd::binary())
        .args(["logs", "-f"])
        .env_clear()
        .envs(qd.environment())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    std::io::Read::read_exact(following.stdout.as_mut().unwrap(), &mut first).unwrap();
    common::interrupt(&following);
    let start = std::time::Instant::now();
    assert_eq!(following.wait().unwrap().code(), Some(130));
    assert!(start.elapsed().as_secs() < 3);
}

#[test]
fn what_the_program_does_is_logged_where_it_is_asked_for() {
    let demo = Demo::start();
    let qd = demo.qd();
    let log = qd.home().join("qd.log");
    let words = ["units", "-vv", "--log-file", log.to_str().unwrap()];
    let (code, _, err) = run(&qd, &words);
    assert_eq!((code, err.as_str()), (0, ""));
    let mode = std::os::unix::fs::PermissionsExt::mode(&log.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let wrong = ["units", "--log-file", "/nowhere/qd.log"];
    assert_eq!(run(&qd, &wrong).0, 2);
}
