//! The follower's promise on a simulated host: the same properties that tests/logs_follow.rs
//! asks of real ones, so that the demo is no gentler than they are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    Simulated,
    follow::{filter_survives, gap_is_told, rare_lines_arrive, survives, unit_survives},
};

#[test]
fn a_link_that_goes_silent_and_comes_back() {
    require!(program "ssh");
    let held = survives(&Simulated::up("web-1"), &["cut", "wait 2500", "mend"]);
    assert_eq!(held.live, 1, "{:?}", held.down);
}

#[test]
fn a_link_that_is_reset_again_and_again() {
    require!(program "ssh");
    let faults = [
        "reset",
        "wait 700",
        "reset",
        "wait 50",
        "reset",
        "wait 1500",
        "reset",
    ];
    assert!(survives(&Simulated::up("web-1"), &faults).live > 1);
}

#[test]
fn a_link_that_is_cut_within_an_entry() {
    require!(program "ssh");
    let faults = [
        "cut-after 3001",
        "wait 900",
        "cut-after 20011",
        "wait 900",
        "cut-after 50021",
        "wait 900",
    ];
    assert!(survives(&Simulated::up("web-2"), &faults).live > 2);
}

#[test]
fn a_port_that_refuses_for_a_while() {
    require!(program "ssh");
    let faults = ["refuse", "wait 1500", "accept"];
    assert!(survives(&Simulated::up("data-1"), &faults).live > 1);
}

#[test]
fn a_server_that_restarts_or_dies() {
    require!(program "ssh");
    let faults = [
        "sshd-restart",
        "wait 500",
        "sshd-kill",
        "wait 500",
        "sshd-kill",
    ];
    assert!(survives(&Simulated::up("web-1"), &faults).live > 1);
}

#[test]
fn a_host_that_reboots_twice() {
    require!(program "ssh");
    let faults = ["reboot", "wait 1000", "reboot"];
    assert!(survives(&Simulated::up("web-1"), &faults).live > 1);
}

#[test]
fn a_journalctl_that_is_killed() {
    require!(program "ssh");
    let faults = ["journalctl-kill", "wait 1000", "journalctl-kill"];
    assert!(survives(&Simulated::up("web-1"), &faults).live > 1);
}

#[test]
fn a_filter_survives_cuts_reboots_and_rotation() {
    require!(program "ssh");
    filter_survives(&Simulated::up("web-2"));
}

#[test]
fn a_unit_s_journal_survives_the_same() {
    require!(program "ssh");
    unit_survives(&Simulated::up("web-1"));
}

#[test]
fn a_filter_that_matches_nothing_until_after_a_reboot() {
    require!(program "ssh");
    rare_lines_arrive(&Simulated::up("data-1"));
}

#[test]
fn what_was_vacuumed_away_is_told_as_a_gap() {
    require!(program "ssh");
    gap_is_told(&Simulated::up("web-1"));
}
