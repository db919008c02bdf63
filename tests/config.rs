//! `qd config check` over folders of fixtures: the valid ones have no findings, each invalid one
//! has exactly the findings of its expected.txt (rewritten with `UPDATE_DOCS=1`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A fixture in a directory of its own, with its settings where the program looks for them.
struct Case {
    root: tempfile::TempDir,
}

impl Case {
    fn copy(fixture: &Path) -> Case {
        let case = Case::empty();
        for entry in fs::read_dir(fixture).unwrap() {
            let from = entry.unwrap().path();
            let name = from.file_name().unwrap();
            let to = match name.to_str() {
                Some("settings.toml") => case.settings(),
                _ => case.directory().join(name),
            };
            fs::copy(&from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
        case
    }

    fn empty() -> Case {
        let root = tempfile::tempdir().unwrap();
        let case = Case { root };
        fs::create_dir(case.directory()).unwrap();
        fs::create_dir_all(case.settings().parent().unwrap()).unwrap();
        case
    }

    fn directory(&self) -> PathBuf {
        self.root.path().join("environment")
    }

    fn settings(&self) -> PathBuf {
        self.root.path().join("xdg/quarterdeck/settings.toml")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn qd(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command
            .args(words)
            .current_dir(self.directory())
            .env("HOME", self.root.path())
            .env("XDG_CONFIG_HOME", self.root.path().join("xdg"))
            .env_remove("QD_CONFIG")
            .env_remove("QD_ENV")
            .env_remove("SOPS_AGE_KEY_FILE")
            .stdin(std::process::Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.qd(words).output().unwrap()
    }

    /// Standard output, with this run's directories replaced.
    fn shown(&self, output: &Output) -> String {
        String::from_utf8_lossy(&output.stdout)
            .replace(&self.settings().display().to_string(), "settings.toml")
            .replace(&format!("{}/", self.directory().display()), "")
    }
}

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/config")
        .join(kind);
    let mut all: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    assert!(all.len() >= 5, "fixtures of {kind} are missing");
    all
}

#[test]
fn valid_files_have_no_findings() {
    for fixture in fixtures("valid") {
        let case = Case::copy(&fixture);
        let output = case.run(&["config", "check", "-c", "."]);
        let text = case.shown(&output);
        let name = fixture.display();
        assert!(
            text.ends_with("; no errors, no warnings\n"),
            "{name}:\n{text}"
        );
        assert_eq!(text.lines().count(), 1, "{name}:\n{text}");
        assert_eq!(output.status.code(), Some(0), "{name}:\n{text}");
    }
}

#[test]
fn invalid_files_have_exactly_the_expected_findings() {
    for fixture in fixtures("invalid") {
        let case = Case::copy(&fixture);
        // No program is found, so that what this machine has makes no difference.
        let mut command = case.qd(&["config", "check", "-c", "."]);
        let output = command.env("PATH", "/nowhere").output().unwrap();
        let text = case.shown(&output);
        let name = fixture.display();
        assert!(
            !text.contains("hunter2"),
            "{name}: a secret is shown:\n{text}"
        );
        assert!(
            !text.contains('\u{1b}'),
            "{name}: an escape sequence is passed on"
        );
        let errors = text
            .lines()
            .filter(|line| line.contains(": error: "))
            .count();
        let code = if errors > 0 { 2 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{name}:\n{text}");
        let expected = fixture.join("expected.txt");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&expected, &text).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert!(text == wanted, "{name}: got\n{text}\ninstead of\n{wanted}");
    }
}

#[test]
fn json_has_the_same_findings() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/invalid/bad-values");
    let case = Case::copy(&fixture);
    let output = case.run(&["config", "check", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["version"], 1);
    let items = document["items"].as_array().unwrap();
    let wanted = fs::read_to_string(fixture.join("expected.txt")).unwrap();
    assert_eq!(items.len(), wanted.lines().count() - 1);
    for (item, line) in items.iter().zip(wanted.lines()) {
        let place = format!(":{}:{}: ", item["line"], item["column"]);
        assert!(line.contains(&place), "{item} is not {line}");
        let directory = format!("{}/", case.directory().display());
        let message = item["message"].as_str().unwrap().replace(&directory, "");
        assert!(line.contains(&message), "{item} is not {line}");
    }
}

#[test]
fn environments() {
    let case = Case::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid/full"));
    let output = case.run(&["env", "list", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let mut document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    document["fetched_at"] = "now".into();
    let text = serde_json::to_string_pretty(&document).unwrap();
    let text = text.replace(&format!("{}/", case.directory().display()), "");
    insta::assert_snapshot!("env_list_json", text);
    insta::assert_snapshot!("env_list", case.shown(&case.run(&["env", "list"])));
    insta::assert_snapshot!("env_show", case.shown(&case.run(&["env", "show"])));
    let output = case.run(&["env", "show", "stagin"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("did you mean 'staging'?"), "{error}");
}

#[test]
fn where_the_files_are() {
    let case = Case::empty();
    let output = case.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("no config.json found"), "{error}");
    assert!(error.contains("--config"), "{error}");

    case.write("config.json", r#"{"hosts_a": ["web"]}"#);
    let below = case.directory().join("infrastructure/modules");
    fs::create_dir_all(&below).unwrap();
    let output = case
        .qd(&["config", "path", "--json"])
        .current_dir(&below)
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let path = case.directory().canonicalize().unwrap().join("config.json");
    assert_eq!(document["items"][0]["path"], path.display().to_string());
    for by in ["-c", "--config"] {
        let output = case
            .qd(&["env", "list", by, case.directory().to_str().unwrap()])
            .current_dir("/")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
    }
    let output = case
        .qd(&["env", "list"])
        .env("QD_CONFIG", case.directory().join("config.json"))
        .current_dir("/")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

/// How sops is called: a stand-in notes its arguments, and what it prints is read.
#[test]
fn sops_is_asked_to_decrypt() {
    let case = Case::empty();
    case.write("config.json", r#"{"hosts_a": ["web"]}"#);
    case.write("secrets.sops.json", r#"{"sops": {}}"#);
    let bin = case.root.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let sops = bin.join("sops");
    fs::write(
        &sops,
        "#!/bin/sh\necho \"$@\" >\"$HOME/arguments\"\necho '{\"hcloud_tokn_a\": \"hunter2\"}'\n",
    )
    .unwrap();
    fs::set_permissions(&sops, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = case
        .qd(&["config", "check"])
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(
        case.shown(&output),
        "secrets.sops.json:1:2: warning: unknown key 'hcloud_tokn_a' (did you mean 'hcloud_token_a'?)\n\
         config.json: 1 environment; no errors, 1 warning\n"
    );
    let arguments = fs::read_to_string(case.root.path().join("arguments")).unwrap();
    assert_eq!(
        arguments,
        "--decrypt --output-type json secrets.sops.json\n"
    );
}

#[test]
fn a_program_that_is_not_installed_is_named() {
    let case = Case::empty();
    case.write("config.json", r#"{"hosts_a": ["web"]}"#);
    case.write("secrets.enc.json", r#"{"sops": {}}"#);
    let output = case
        .qd(&["config", "check"])
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    let text = case.shown(&output);
    assert!(text.contains("cannot start sops: "), "{text}");
    assert!(text.contains("(install sops)"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

/// The example at the root of the repository, which newcomers copy.
#[test]
fn the_example_has_no_findings() {
    let case = Case::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["config.json", "secrets.json"] {
        case.write(name, &fs::read_to_string(root.join(name)).unwrap());
    }
    let output = case.run(&["config", "check"]);
    assert_eq!(
        case.shown(&output),
        "config.json: 2 environments; no errors, no warnings\n"
    );
}
