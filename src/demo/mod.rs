//! The simulators, and the environment that `qd demo` shows.
//!
//! Hosts that speak SSH, D-Bus (systemd1) and the journal's export format on loopback, reached
//! through sockets only, so that every byte takes the way that a real host's bytes take.

mod command;
mod dbus;
mod environment;
mod host;
mod journalctl;
mod model;
mod ssh;
mod story;

pub use environment::{Demo, DemoError, ENVIRONMENTS};
pub use ssh::Fault;
