#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
use common::{Qd, Terminal};
#[test]
fn emulator() {
    let qd = Qd::new();
    let mut t = Terminal::command(
        &qd,
        &[],
        "/bin/sh",
        &["-c", "printf '\\033[31mhi\\033[0m'; sleep 1"],
        (20, 5),
    );
    t.wait_for("hi");
    println!("{}", t.look(common::svg::draw));
    t.wait();
    assert!(t.is_restored());
}
