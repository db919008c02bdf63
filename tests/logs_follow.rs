//! The journal never loses or repeats a line: every fault while following a fast writer on a
//! real host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::follow::{
    Real, filter_survives, gap_is_told, rare_lines_arrive, survives as follows_through,
    unit_survives,
};

/// How often the follower had to begin anew on a new host.
#[track_caller]
fn survives(label: &str, faults: &[&str]) -> usize {
    follows_through(&Real::up(label), faults).live
}

#[test]
fn a_link_that_goes_silent_and_comes_back() {
    require!(hosts);
    survives("log-cut", &["cut", "wait 2500", "mend"]);
}

#[test]
fn a_link_that_is_reset_again_and_again() {
    require!(hosts);
    let faults = [
        "reset",
        "wait 700",
        "reset",
        "wait 50",
        "reset",
        "wait 1500",
        "reset",
    ];
    assert!(survives("log-reset", &faults) > 1);
}

#[test]
fn a_port_that_refuses_for_a_while() {
    require!(hosts);
    assert!(survives("log-refuse", &["refuse", "wait 1500", "accept"]) > 1);
}

#[test]
fn a_host_that_stands_still_for_a_while() {
    require!(hosts);
    survives("log-freeze", &["freeze", "wait 3000", "thaw"]);
}

#[test]
fn a_server_that_restarts_or_dies() {
    require!(hosts);
    let faults = [
        "sshd-restart",
        "wait 500",
        "sshd-kill",
        "wait 500",
        "sshd-kill",
    ];
    assert!(survives("log-sshd", &faults) > 1);
}

#[test]
fn a_host_that_reboots_twice() {
    require!(hosts);
    assert!(survives("log-reboot", &["reboot", "wait 1000", "reboot"]) > 1);
}

#[test]
fn journals_that_rotate_and_journald_that_restarts() {
    require!(hosts);
    let faults = [
        "rotate",
        "wait 300",
        "journald-restart",
        "wait 300",
        "rotate",
        "reset",
        "rotate",
    ];
    survives("log-rotate", &faults);
}

#[test]
fn a_journalctl_that_is_killed() {
    require!(hosts);
    let faults = ["journalctl-kill", "wait 1000", "journalctl-kill"];
    assert!(survives("log-killed", &faults) > 1);
}

#[test]
fn journal_files_that_appear_while_others_are_written() {
    require!(hosts);
    // journalctl may notice a new file late; what it had gone past by then would never come.
    survives(
        "log-users",
        &["new-users", "wait 500", "new-users", "wait 500"],
    );
}

#[test]
fn a_link_silent_until_keepalives_give_it_up() {
    require!(hosts);
    let server = Real::up("log-silent");
    let ssh_config = server.config.read("ssh_config");
    // The last section is the one of all hosts.
    let quick = "  ServerAliveInterval 1\n  ServerAliveCountMax 2\n";
    server.config.write("ssh_config", &(ssh_config + quick));
    let held = follows_through(&server, &["cut", "wait 6000", "mend"]);
    assert!(held.live > 1, "given up and connected again");
    assert!(!held.down.is_empty(), "and said so");
}

#[test]
fn a_filter_survives_cuts_reboots_and_rotation() {
    require!(hosts);
    filter_survives(&Real::up("log-filter"));
}

#[test]
fn a_unit_s_journal_survives_the_same() {
    require!(hosts);
    unit_survives(&Real::up("log-unit"));
}

#[test]
fn a_filter_that_matches_nothing_until_after_a_reboot() {
    require!(hosts);
    rare_lines_arrive(&Real::up("log-rare"));
}

#[test]
fn what_was_vacuumed_away_is_told_as_a_gap() {
    require!(hosts);
    gap_is_told(&Real::up("log-vacuum"));
}
