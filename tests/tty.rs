//! The binary itself in a pseudo-terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Qd, Terminal};

#[test]
fn the_emulator_sees_what_a_program_leaves_behind() {
    let qd = Qd::new();
    let script = "printf '\\033[?1049h\\033[?25l\\033[31mhi'; read x; printf '\\033[?25h\\033[?1049l\\033[0mbye'";
    let mut terminal = Terminal::command(&qd, &[], "/bin/sh", &["-c", script], (20, 5));
    terminal.wait_for("hi");
    assert!(!terminal.is_restored());
    let picture = terminal.look(common::svg::draw);
    assert!(picture.contains("fill=\"#e5484d\">hi</text>"), "{picture}");
    terminal.keys("\r");
    assert!(terminal.wait().success());
    assert!(terminal.is_restored());
    assert!(terminal.text().contains("bye"));
}
