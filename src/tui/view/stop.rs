//! Why a connection does not come about, in full: what, where, what to do. A host key that is not
//! the one we know is a stop in red, each fingerprint on a line of its own.

use super::Painter;
use crate::{
    problem::Problem,
    text,
    tui::{layout::Layout, model::Stop, theme::Role, widgets::dialog::Dialog},
};

pub(super) fn draw(stop: &Stop, layout: &Layout, painter: &mut Painter) {
    let problem = &stop.problem;
    let title = if problem.is_alarm() {
        format!("{} · STOP: {} is not trusted", stop.env, stop.host)
    } else {
        format!("{} · {}", stop.env, stop.host)
    };
    let whole = Dialog {
        title: &text::clean(&title),
        role: Role::Bad,
        lines: &lines(problem),
        scroll: stop.scroll,
        field: None,
        buttons: &[("Esc  Close", true), ("r  Try again", true)],
        focus: usize::from(stop.on_retry),
    };
    super::overlay::dialog(&whole, layout, painter);
}

/// The message and what to do; a fingerprint with its algorithm is never broken or run together
/// with another one, so that they can be compared.
fn lines(problem: &Problem) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    let mut line: Vec<&str> = Vec::new();
    let message = text::clean(&problem.message);
    for word in message.split_whitespace() {
        if let Some(at) = word.find("SHA256:") {
            let algorithm = line.pop_if(|word| is_algorithm(word)).unwrap_or_default();
            if !line.is_empty() {
                lines.push((Role::Text, line.join(" ")));
            }
            line.clear();
            let print = word.get(at..).unwrap_or(word);
            let print = print.trim_end_matches([',', ';', '.', ')']);
            lines.push((Role::Title, format!("  {algorithm:<12} {print}")));
        } else {
            line.push(word);
        }
    }
    if !line.is_empty() {
        lines.push((Role::Text, line.join(" ")));
    }
    if let Some(hint) = &problem.hint {
        lines.push((Role::Text, String::new()));
        lines.push((Role::Accent, format!("To do: {}", text::clean(hint))));
    }
    lines
}

/// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `sk-ssh-ed25519@openssh.com`, …
fn is_algorithm(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-", "rsa-"]
        .iter()
        .any(|start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Exit;

    #[test]
    fn each_fingerprint_has_a_line_of_its_own() {
        let problem = Problem::new(
            "ssh",
            "host-key-changed",
            Exit::Refused,
            "the host key of web-1 has changed: known at /k:3 is ssh-ed25519 SHA256:old, the \
             server shows ssh-ed25519 SHA256:new",
        )
        .hint("ask its owner");
        let told: Vec<String> = lines(&problem).into_iter().map(|(_, line)| line).collect();
        assert_eq!(
            told,
            [
                "the host key of web-1 has changed: known at /k:3 is",
                "  ssh-ed25519  SHA256:old",
                "the server shows",
                "  ssh-ed25519  SHA256:new",
                "",
                "To do: ask its owner",
            ]
        );
    }
}
