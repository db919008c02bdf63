//! What can be written next.

use super::{COMMANDS, spec_of};
use std::ops::Range;

/// The names that can be completed, from the model.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Units of the environment.
    pub units: Vec<String>,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Themes.
    pub themes: Vec<String>,
}

/// At most so many offers.
const OFFERS: usize = 50;

/// The word at the end of `line` and what it can be completed to, best first.
pub fn complete(line: &str, known: &Known) -> (Range<usize>, Vec<String>) {
    let start = line
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + line.get(at..).map_or(1, first_width));
    let word = line.get(start..).unwrap_or_default();
    let before: Vec<&str> = line
        .get(..start)
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let mut candidates: Vec<String> = match before.as_slice() {
        [] => COMMANDS.iter().map(|spec| spec.name.to_owned()).collect(),
        [.., "--host"] => known.hosts.clone(),
        [.., "-p" | "--priority"] => [
            "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
        ]
        .map(str::to_owned)
        .to_vec(),
        [name, ..] => match spec_of(name).map(|spec| spec.name) {
            Some("env") => known.environments.clone(),
            Some("ssh" | "rebuild") => known.hosts.clone(),
            Some("theme") => known.themes.clone(),
            Some("incident") if before.len() == 1 => ["save", "drop"].map(str::to_owned).to_vec(),
            Some("logs") if word.starts_with('-') => [
                "--since",
                "--until",
                "--host",
                "--filter",
                "--priority",
                "--grep",
                "--boot",
                "--lines",
            ]
            .map(str::to_owned)
            .to_vec(),
            Some(
                "save" | "incident" | "note" | "at" | "since" | "help" | "quit" | "deck" | "jobs"
                | "messages" | "refresh",
            )
            | None => Vec::new(),
            Some(_) => known.units.clone(),
        },
    };
    candidates.dedup();
    let begins = |text: &&String| text.starts_with(word);
    let contains = |text: &&String| !text.starts_with(word) && text.contains(word);
    let offers = candidates
        .iter()
        .filter(begins)
        .chain(candidates.iter().filter(contains))
        .take(OFFERS)
        .cloned()
        .collect();
    (start..line.len(), offers)
}

fn first_width(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_place() {
        let known = Known {
            units: vec!["nginx.service".into(), "sshd.service".into()],
            hosts: vec!["web-1".into()],
            environments: vec!["staging".into()],
            themes: vec!["dark".into()],
        };
        let of = |line: &str| complete(line, &known).1;
        assert_eq!(of("mess"), ["messages"]);
        assert_eq!(of("logs ngi"), ["nginx.service"]);
        assert_eq!(of("logs sh"), ["sshd.service"]);
        assert_eq!(of("logs x --host "), ["web-1"]);
        assert_eq!(of("env s"), ["staging"]);
        assert_eq!(of("theme "), ["dark"]);
        assert_eq!(
            of("logs -p e"),
            ["emerg", "err", "alert", "notice", "debug"]
        );
        assert_eq!(complete("logs ngi", &known).0, 5..8);
        assert_eq!(complete("", &known).0, 0..0);
    }
}
