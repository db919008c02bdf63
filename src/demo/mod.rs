//! The simulators, and the environment that `qd demo` shows.
//!
//! Hosts that speak SSH, D-Bus (systemd1) and the journal's export format, and Hetzner's API, on
//! loopback, reached through sockets only, so that every byte takes the way that a real host's bytes take.

mod command;
mod dbus;
mod environment;
mod hetzner;
mod host;
mod journalctl;
mod model;
mod site;
mod ssh;
mod story;

pub use environment::{Demo, DemoError, ENVIRONMENTS, Options};
pub use hetzner::{Hetzner, Options as HetznerOptions, Plan, PlanError};
pub use ssh::Fault;
