//! Quarterdeck: the terminal from which a small team runs NixOS servers.
//!
//! An arrow only ever points down this list: [`tui`] and [`cli`] know [`ops`]; those know
//! [`logs`] and [`remote`]; remote knows [`config`]; nothing below tui and cli knows a screen.
//! [`demo`] stands beside and is reached through sockets only. [`filter`], [`problem`] and
//! [`text`] know nothing but the standard library and may be used by all.

pub mod cli;
pub mod config;
pub mod demo;
pub mod filter;
mod job_control;
pub mod logs;
pub mod ops;
pub mod problem;
pub mod remote;
pub mod text;
pub mod tui;
