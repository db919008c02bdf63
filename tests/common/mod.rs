//! What tests of the whole program share: real hosts, configuration directories, the binary.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    // A host's name in configurations is its label.
    clippy::misnamed_getters
)]

mod config;
mod demo;
pub mod follow;
mod host;
pub mod managed;
mod program;
mod simulated;
mod skip;
pub mod ssh;
pub mod svg;
mod terminal;
pub mod token;

pub use config::ConfigDir;
pub use demo::Demo;
pub use host::TestHost;
pub use program::{Qd, interrupt};
pub use simulated::Simulated;
pub use skip::{hosts, skip};
pub use terminal::Terminal;

/// Leaves the test, saying so, where something it needs is missing: `require!(hosts)` wants the
/// hosts of tests/testhost; `require!(program "tmux")` wants a program in the search path. With
/// `CI=true` nothing may be missing and the test fails instead.
#[macro_export]
macro_rules! require {
    (hosts) => {
        if let Err(why) = $crate::common::hosts() {
            $crate::common::skip(&why);
            return;
        }
    };
    (program $name:expr) => {
        if !$crate::common::has_program($name) {
            $crate::common::skip(&format!("{} is not installed", $name));
            return;
        }
    };
}

/// Whether a program is in the search path.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|dir| dir.join(name).is_file())
}
