//! What can be wrong between here and a host, on it, and in what it sends: each is told with what,
//! where and what to do, nothing freezes, and no control sequence reaches the terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;
mod files;
mod host;
mod sent;
mod way;

use common::{ConfigDir, Qd, TestHost};
use serde_json::json;

const TRANSPORTS: [&str; 2] = ["russh", "openssh"];

/// The way to one host, with lines of ssh_config that come before the right ones.
fn way(host: &TestHost, destination: &str, transport: &str, other: &str) -> ConfigDir {
    let right = host.config().read("ssh_config");
    ConfigDir::with(
        json!({
            "terraform_packer_environment": "test",
            "hosts_test": [destination],
            "ssh_config_test": "ssh_config",
            "ssh_transport_test": transport,
        }),
        &format!("Host *\n{other}\n{right}"),
    )
}

/// The problem of the only host; it has to have a cure and to end the command with this code.
#[track_caller]
fn problem(config: &ConfigDir, code: i32, words: &[&str]) -> (String, String) {
    let document = Qd::with(config).json(code, words);
    let problems = document["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{document:#}");
    let hint = problems[0]["hint"].as_str().unwrap_or_default();
    assert!(!hint.is_empty(), "{document:#}");
    let text = |name: &str| problems[0][name].as_str().unwrap().to_owned();
    (text("code"), format!("{} ({hint})", text("message")))
}

/// Exit code and what was said on standard error.
fn said(qd: &Qd, words: &[&str]) -> (i32, String) {
    let output = qd.run(words).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

/// What must never come out: sequences as they were sent, and characters a terminal acts on.
#[track_caller]
fn assert_harmless(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for bad in [
        "\x1b]0;",
        "pwned\x07",
        "\x1b[31mevil",
        "\u{9b}",
        "\u{202e}",
        "\0",
        "\x1bP+q",
    ] {
        assert!(!text.contains(bad), "{bad:?} came through");
    }
}
