//! The journal never loses or repeats a line: every fault while following a fast writer on a
//! real host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::follow::{Breakable, Following, Real, assert_equal, nothing_lost};
use quarterdeck::logs::Query;

fn all() -> Query {
    Query {
        lines: Some(5),
        ..Query::default()
    }
}

/// Follows through the faults and compares; how often the follower had to begin anew.
#[track_caller]
fn survives(label: &str, faults: &[&str]) -> usize {
    let server = Real::up(label);
    let held = nothing_lost(&server, all(), faults);
    assert_equal(&server, &held, &[], |_| true);
    held.live
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
fn a_filter_survives_cuts_reboots_and_rotation() {
    require!(hosts);
    let server = Real::up("log-filter");
    let query = Query {
        grep: Some("(7|end of this test)$".into()),
        ..all()
    };
    let faults = [
        "reset", "wait 500", "reboot", "wait 500", "rotate", "refuse", "wait 500", "accept",
    ];
    let held = nothing_lost(&server, query, &faults);
    assert_equal(&server, &held, &[], |message| {
        message.ends_with(b"7") || message.ends_with(b"end of this test")
    });
}

#[test]
fn a_unit_s_journal_survives_the_same() {
    require!(hosts);
    let server = Real::up("log-unit");
    let units = ["qd-writer.service", "qd-marker.service"];
    let query = Query {
        units: units.map(str::to_owned).to_vec(),
        ..all()
    };
    let faults = [
        "reset",
        "wait 500",
        "rotate",
        "wait 300",
        "reset",
        "wait 700",
        "reboot",
        "wait 500",
        "sshd-kill",
    ];
    let held = nothing_lost(&server, query, &faults);
    assert_equal(&server, &held, &units, |_| true);
}

#[test]
fn a_filter_that_matches_nothing_until_after_a_reboot() {
    require!(hosts);
    let server = Real::up("log-rare");
    let query = Query {
        grep: Some("^rare ".into()),
        ..all()
    };
    let following = Following::start(&server, query);
    following.until("live follower", |held| held.live > 0);
    server.fault("refuse");
    server.write("rare one, written while nobody listened");
    server.fault("reboot");
    server.write("rare two, in another boot");
    server.fault("accept");
    following.until("both", |held| held.entries.len() == 2);
    server.write("rare three");
    following.until("all three", |held| held.entries.len() == 3);
    let held = following.end();
    let words = |i: usize| held.entries[i].1.split(|b| *b == b' ').nth(1).unwrap();
    assert_eq!(words(0), b"one,");
    assert_eq!(words(1), b"two,");
    assert_eq!(words(2), b"three");
    assert_eq!(held.gaps, []);
}

#[test]
fn what_was_vacuumed_away_is_told_as_a_gap() {
    require!(hosts);
    let server = Real::up("log-vacuum");
    let faults = ["refuse", "wait 500", "vacuum", "wait 500", "accept"];
    let held = nothing_lost(&server, all(), &faults);
    assert_eq!(held.gaps.len(), 1, "{:?}", held.gaps);
    assert!(held.gaps[0].from < held.gaps[0].to);
    // All that the journal still has is held once and in order, and nothing twice.
    let truth = server.truth(&[]);
    let end = truth
        .iter()
        .rposition(|(_, m)| m == b"the end of this test")
        .unwrap();
    let kept = held.entries.len() - (end + 1);
    assert_eq!(held.entries[kept..], truth[..=end]);
    let mut cursors: Vec<&String> = held.entries.iter().map(|(c, _)| c).collect();
    cursors.sort_unstable();
    cursors.dedup();
    assert_eq!(cursors.len(), held.entries.len());
}
