//! The doctor's findings for a person: a mark, the check, what was found, what to do.

use super::{Check, Status};
use crate::cli::output;
use crate::problem::Problem;
use crate::text::clean;

/// Prints sections as they become known; nothing at all where a document is wanted.
pub(super) struct Printer {
    silent: bool,
    colour: bool,
    unicode: bool,
}

impl Printer {
    pub(super) fn new(silent: bool) -> Printer {
        Printer {
            silent,
            colour: output::colour(),
            unicode: super::here::unicode(),
        }
    }

    /// Prints the checks of one place.
    pub(super) fn section(&self, title: &str, checks: &[Check]) -> Result<(), Problem> {
        if self.silent {
            return Ok(());
        }
        output::print(&self.draw(title, checks))
    }

    fn draw(&self, title: &str, checks: &[Check]) -> String {
        let width = checks.iter().map(|c| c.check.len()).max().unwrap_or(0);
        let mut out = format!("{}\n", clean(title));
        for check in checks {
            let mark = self.mark(check.status);
            let message = clean(&check.message);
            out.push_str(&format!("  {mark} {:width$}  {message}\n", check.check));
            if let Some(hint) = &check.hint {
                let arrow = if self.unicode { "→" } else { "->" };
                out.push_str(&format!("    {:width$}  {arrow} {}\n", "", clean(hint)));
            }
        }
        out
    }

    fn mark(&self, status: Status) -> String {
        let (mark, plain, colour) = match status {
            Status::Ok => ("✓", "ok  ", 32),
            Status::Warn => ("!", "warn", 33),
            Status::Fail => ("✗", "FAIL", 31),
            Status::Skipped => ("·", "-   ", 90),
        };
        let mark = if self.unicode { mark } else { plain };
        if self.colour {
            format!("\x1b[{colour}m{mark}\x1b[0m")
        } else {
            mark.to_owned()
        }
    }
}

/// The last line: how many of what.
pub(super) fn summary(checks: &[Check]) -> String {
    let count = |status| checks.iter().filter(|c| c.status == status).count();
    let warnings = count(Status::Warn);
    format!(
        "{} ok, {warnings} {}, {} failed, {} skipped\n",
        count(Status::Ok),
        if warnings == 1 { "warning" } else { "warnings" },
        count(Status::Fail),
        count(Status::Skipped)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_do_not_need_colour_or_unicode() {
        let checks = [
            Check::ok("reach", "2 ms"),
            Check::fail("journal", "may not \x1b[2J", "join the group"),
            Check::skipped("clock", "no connection"),
        ];
        let printer = |unicode| Printer {
            silent: false,
            colour: false,
            unicode,
        };
        insta::assert_snapshot!(printer(true).draw("web-1", &checks), @r"
        web-1
          ✓ reach    2 ms
          ✗ journal  may not ␛[2J
                     → join the group
          · clock    no connection
        ");
        insta::assert_snapshot!(printer(false).draw("web-1", &checks), @r"
        web-1
          ok   reach    2 ms
          FAIL journal  may not ␛[2J
                     -> join the group
          -    clock    no connection
        ");
        assert_eq!(summary(&checks), "1 ok, 0 warnings, 1 failed, 1 skipped\n");
    }
}
