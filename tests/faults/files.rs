//! The user's own files, secrets and terminal.

use super::{assert_harmless, said};
use crate::common::{ConfigDir, Qd, Terminal};
use serde_json::{Value, json};
use std::{net::TcpListener, os::unix::fs::PermissionsExt, time::Duration};

#[test]
fn files_that_cannot_be_read_are_named_and_the_console_starts_all_the_same() {
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test", "hosts_test": []}),
        "",
    );
    let qd = Qd::with(&config);
    let settings = qd.home().join("config/quarterdeck");
    std::fs::create_dir_all(&settings).unwrap();
    let file = settings.join("settings.toml");
    for (bytes, told) in [
        (&b"\xff\xfe"[..], "not UTF-8"),
        (b"theme = \"\x1b[31m", "settings.toml:1:"),
        (b"theme = 5\n", "theme must be a string"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let output = qd.run(&["config", "check"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("settings.toml:1:") && text.contains(told),
            "{text}"
        );
        assert_harmless(text.as_bytes());
        let mut terminal = Terminal::start(&qd, &[], (140, 40));
        terminal.wait_for("1 deck");
        terminal.keys("0");
        terminal.wait_for(told);
        assert_harmless(&terminal.bytes());
        terminal.keys("q");
        assert!(terminal.wait().success());
    }
    std::fs::remove_file(&file).unwrap();
    // A directory in a file's place cannot be read by anybody, root included.
    for name in ["config/quarterdeck/settings.toml", "there/config.json"] {
        std::fs::create_dir_all(qd.home().join(name)).unwrap();
        let there = qd.home().join("there");
        let there = there.to_str().unwrap();
        let output = qd.run(&["config", "check"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("settings.toml: error: cannot be read"),
            "{text}"
        );
        if name.ends_with("json") {
            let (code, text) = said(&qd, &["units", "-c", there]);
            assert_eq!(code, 2, "{text}");
            assert!(text.contains("config.json: cannot be read"), "{text}");
        }
    }
}

/// Every way in which secrets.json can be wrong, and every command that could quote from it.
#[test]
fn no_secret_is_ever_printed() {
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test", "hosts_test": ["127.0.0.1:1"],
               "ssh_config_test": "ssh_config"}),
        "Host *\n  IdentityAgent none\n",
    );
    let qd = Qd::with(&config);
    let log = qd.home().join("log");
    for (secrets, fine) in [
        (r#"{"hcloud_token_test": "s3cr3t"}"#, true),
        (r#"{"hcloud_token_test": ["s3cr3t"]}"#, false),
        (r#"{"hcloud_token_test": "s3cr3t"#, false),
        (
            r#"{"hcloud_token_test": "s3cr3t", "hcloud_token_test": "s3cr3t"}"#,
            false,
        ),
        (r#"{"hcloud_token_nowhere": {"x": "s3cr3t"}}"#, false),
        (r#"["s3cr3t"]"#, false),
        (r#""s3cr3t""#, false),
        (r#"{"hcloud_token_test": s3cr3t}"#, false),
        (r#"{"hcloud_token_test" "s3cr3t"}"#, false),
    ] {
        let file = config.write("secrets.json", secrets);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let check = qd.run(&["config", "check"]).output().unwrap();
        assert_eq!(check.status.success(), fine, "{secrets}: {check:?}");
        for words in [
            &["config", "check"][..],
            &["config", "check", "--json"],
            &["env", "show", "test"],
            &["doctor", "--json"],
            &["units", "-vvv"],
        ] {
            let mut command = qd.run(words);
            command.arg("--log-file").arg(&log);
            let output = command.output().unwrap();
            for printed in [
                &output.stdout,
                &output.stderr,
                &std::fs::read(&log).unwrap_or_default(),
            ] {
                let text = String::from_utf8_lossy(printed);
                assert!(!text.contains("s3cr3t"), "{words:?} {secrets}: {text}");
            }
        }
    }
}

#[test]
fn twenty_columns_and_five_rows_are_enough_to_see_what_is_wrong() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let config = ConfigDir::with(
        json!({"terraform_packer_environment": "test",
               "hosts_test": [format!("127.0.0.1:{port}")], "ssh_config_test": "ssh_config"}),
        "Host *\n  IdentityAgent none\n",
    );
    let qd = Qd::with(&config);
    let mut terminal = Terminal::start(&qd, &[], (20, 5));
    terminal.wait_for("1 down");
    terminal.wait_for("Enlarge to 40x12");
    terminal.wait_for("127.0.0.1: cannot");
    for keys in [
        "2", "3", "4", "5", "?", "\x1b", ":deck\r", "/x\r", "\x1b", "1",
    ] {
        terminal.keys(keys);
        terminal.wait_quiet(Duration::from_millis(100));
        assert!(!terminal.text().trim().is_empty(), "{keys:?}");
    }
    // Room enough again shows all of it again.
    terminal.resize(140, 40);
    terminal.wait_for("PROBLEM");
    terminal.wait_for("refused");
    terminal.keys("q");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
    // The command line leaves the wrapping to the terminal, and says the same.
    let mut terminal = Terminal::start(&qd, &["units"], (20, 5));
    assert_eq!(terminal.wait().exit_code(), 3);
    let value: Value = Qd::with(&config).json(3, &["units"]);
    assert_eq!(value["problems"][0]["code"], "unreachable");
}
