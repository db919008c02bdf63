//! The options of the console itself, as `qd` and `qd demo` take them.

use super::Global;
use crate::tui::start::Options;
use clap::Args;

/// How the screen is drawn, and what it may take.
#[derive(Debug, Clone, Default, Args)]
pub struct Screen {
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    /// Lines instead of a screen, for screen readers: commands and actions are typed
    #[arg(long)]
    pub plain: bool,
    /// Memory for journal entries in MiB, 8 to 65536, instead of the setting log_budget_mib
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(8..=65_536))]
    pub log_budget: Option<u32>,
}

impl Screen {
    /// What either of them asks for.
    pub(crate) fn or(&self, other: &Screen) -> Screen {
        Screen {
            ascii: self.ascii || other.ascii,
            plain: self.plain || other.plain,
            log_budget: self.log_budget.or(other.log_budget),
        }
    }

    /// What the console is started with.
    pub(crate) fn options(&self, global: &Global) -> Options {
        Options {
            config: global.config.clone(),
            environment: global.env.clone(),
            hosts: global.hosts.clone(),
            read_only: global.read_only,
            ascii: self.ascii,
            forgetful: false,
            plain: self.plain,
            log_budget_mib: self.log_budget,
            ..Options::default()
        }
    }
}
