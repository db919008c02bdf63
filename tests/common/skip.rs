//! When a test cannot run here: said aloud, counted, and forbidden where `CI=true`.

use super::has_program;
use std::{fs::OpenOptions, io::Write, path::Path};

/// Says why a test was left, and adds a line to the file named by `QD_TEST_SKIPPED`, from which
/// `make test` counts.
pub fn skip(why: &str) {
    assert!(
        std::env::var_os("CI").is_none_or(|v| v != "true"),
        "a test may not be skipped where CI=true: {why}"
    );
    let test = std::thread::current().name().unwrap_or("test").to_owned();
    // Not `eprintln!`, which the test harness would keep to itself.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
    if let Some(path) = std::env::var_os("QD_TEST_SKIPPED") {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{test}: {why}").unwrap();
    }
}

/// Whether the hosts of tests/testhost can be started here, and why not.
pub fn hosts() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("test hosts need Linux".to_owned());
    }
    // Set by scripts/test, which has tried.
    if let Ok(why) = std::env::var("QD_TEST_NO_HOSTS") {
        return Err(why);
    }
    if !nix::unistd::geteuid().is_root() {
        return Err("test hosts need root".to_owned());
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    if !mounts
        .lines()
        .any(|line| line.split(' ').nth(2) == Some("cgroup2"))
    {
        return Err("test hosts need a cgroup2 mount".to_owned());
    }
    for program in ["systemd-nspawn", "ip", "ssh", "dpkg-query"] {
        if !has_program(program) {
            return Err(format!(
                "test hosts need {program}; `make test` installs it on Debian"
            ));
        }
    }
    let cache = match std::env::var_os("QD_TESTHOST_DIR") {
        Some(dir) => dir.into(),
        None => Path::new(&std::env::var_os("HOME").unwrap_or_default())
            .join(".cache/quarterdeck-testhost"),
    };
    let suite = std::env::var("QD_TESTHOST_SUITE").unwrap_or_else(|_| "trixie".to_owned());
    if !cache.join(format!("base-{suite}.stamp")).is_file() {
        return Err("the test host image is not built; run tests/testhost/build".to_owned());
    }
    Ok(())
}
