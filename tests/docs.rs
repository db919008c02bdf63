//! The generated documents: as the program is now, or `make docs` writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Qd, Terminal};
use quarterdeck::tui::actions::{ACTIONS, Action, ActionRisk, Context};
use std::{fmt::Write, path::Path};

/// Compares a document with what it should say; with `QD_DOCS=write` makes it say so.
fn document(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if is_written() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found
        .lines()
        .zip(wanted.lines())
        .position(|(found, wanted)| found != wanted)
        .unwrap_or(found.lines().count().min(wanted.lines().count()));
    assert!(
        found == wanted,
        "docs/{name} lags behind the program from line {}: run `make docs`",
        line + 1
    );
}

fn keys(keys: &[&str]) -> String {
    if keys.is_empty() {
        return "as default".to_owned();
    }
    let all: Vec<String> = keys
        .iter()
        .map(|key| {
            let key = key.replace('|', "\\|");
            if key.contains('`') {
                format!("`` {key} ``")
            } else {
                format!("`{key}`")
            }
        })
        .collect();
    all.join(" ")
}

fn row(out: &mut String, action: &Action) {
    let risk = match action.risk {
        ActionRisk::None => "",
        ActionRisk::Changes => " **Changes the world, after a plan and a confirmation.**",
    };
    let default = match action.keys.default {
        [] => String::new(),
        some => keys(some),
    };
    let cli = action
        .cli
        .map(|cli| format!("`{}`", cli.replace('|', "\\|")));
    writeln!(
        out,
        "| {default} | {} | {} | {}.{risk} | {} | `{}` |",
        keys(action.keys.vim),
        keys(action.keys.emacs),
        action.help.replace('|', "\\|"),
        cli.unwrap_or_default(),
        action.id,
    )
    .unwrap();
}

#[test]
fn keys_are_documented() {
    let mut out = String::from(
        "# Keys\n\nMade from the table of actions by `make docs`. Presets: `default`, `vim`, \
         `emacs`; every key can be changed by its action's id in `settings.toml` \
         (see [guide.md](guide.md)). In the console `?` shows those of the screen in view.\n",
    );
    for context in Context::ALL {
        let actions: Vec<_> = ACTIONS.iter().filter(|a| a.context == *context).collect();
        if actions.is_empty() {
            continue;
        }
        write!(
            out,
            "\n## {}\n\n| default | vim | emacs | does | command line | id |\n\
             | --- | --- | --- | --- | --- | --- |\n",
            context.title()
        )
        .unwrap();
        for action in actions {
            row(&mut out, action);
        }
    }
    document("keys.md", &out);
}

/// The help of a command, with the same width everywhere.
fn help(qd: &Qd, words: &[&str]) -> String {
    let output = qd
        .run(words)
        .arg("--help")
        .env("COLUMNS", "90")
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // Two spaces, a name; continued descriptions are indented further.
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "help")
        .collect()
}

/// Without the options that every command has, which are told once.
fn particular(text: &str) -> String {
    const COMMON: &str = "Options of every command:";
    let Some((before, common)) = text.split_once(COMMON) else {
        return text.to_owned();
    };
    // They are indented; what comes after them is not.
    let after = common
        .lines()
        .skip(1)
        .skip_while(|line| line.is_empty() || line.starts_with(' '))
        .collect::<Vec<_>>();
    format!("{before}{}", after.join("\n"))
}

fn describe(qd: &Qd, words: &[&str], out: &mut String) {
    let text = help(qd, words);
    let title = ["qd"]
        .iter()
        .chain(words)
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    write!(
        out,
        "\n{} {title}\n\n```text\n{}\n```\n",
        "#".repeat(2 + words.len().min(2)),
        if words.is_empty() {
            text.clone()
        } else {
            particular(&text)
        }
        .trim_end()
    )
    .unwrap();
    for name in subcommands(&text) {
        let mut deeper = words.to_vec();
        deeper.push(name);
        describe(qd, &deeper, out);
    }
}

#[test]
fn commands_are_documented() {
    let qd = Qd::new();
    let mut out = String::from(
        "# Commands\n\nEach command's `--help`, collected by `make docs`. What scripts may rely \
         on (documents, exit codes) is in [cli.md](cli.md).\n",
    );
    describe(&qd, &[], &mut out);
    document("commands.md", &out);
}

#[test]
fn every_command_s_help_says_what_it_does_with_an_example() {
    let qd = Qd::new();
    let top = help(&qd, &[]);
    let names = subcommands(&top);
    assert!(names.len() > 10, "{top}");
    for name in names {
        let text = help(&qd, &[name]);
        assert!(
            !text.starts_with("Usage"),
            "{name} does not say what it does"
        );
        let example = format!("  qd {name}");
        assert!(
            text.lines().any(|line| line.starts_with(&example)),
            "{name} has no example:\n{text}"
        );
    }
}

/// The demo on a terminal, once its story has begun.
fn demo(size: (u16, u16)) -> Terminal {
    let qd = Qd::new();
    let truecolour = [("COLORTERM", "truecolor")];
    let terminal = Terminal::with(&qd, &truecolour, &["demo", "--seed", "1"], size);
    terminal.wait_until("problems and hosts", |screen| {
        let text = screen.contents();
        text.contains("PROBLEM") && text.contains("✗") && text.contains("%")
    });
    terminal
}

/// With `QD_DOCS=write` a picture becomes a document; the demo goes on, so it is never the same.
fn picture(name: &str, wanted: &str, terminal: &Terminal) {
    let picture = terminal.look(common::svg::draw);
    assert!(picture.contains(wanted), "{picture}");
    if is_written() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(name);
        std::fs::write(path, picture).unwrap();
    }
}

fn is_written() -> bool {
    std::env::var_os("QD_DOCS").is_some_and(|v| v == "write")
}

/// The README's picture: the demo's Deck.
#[test]
fn the_picture_shows_the_demo() {
    let terminal = demo((100, 24));
    if is_written() {
        // Two samples of the hosts' load make a graph.
        std::thread::sleep(std::time::Duration::from_secs(35));
    }
    terminal.wait_quiet(std::time::Duration::from_millis(500));
    picture("deck.svg", "PROBLEM", &terminal);
}

/// The picture of the logs: folded, counted by time and by pattern.
#[test]
fn the_picture_of_the_logs_shows_the_demo() {
    let terminal = demo((120, 38));
    terminal.keys("4");
    terminal.wait_for("following");
    terminal.wait_for("a bar is");
    terminal.keys("z");
    terminal.wait_for("in a row are one");
    terminal.keys("z");
    terminal.wait_for(" since ");
    terminal.keys("P");
    terminal.wait_for("Patterns, most frequent first");
    terminal.wait_for("errors,");
    terminal.wait_until("the word on folding is gone", |screen| {
        !screen.contents().contains("where the newest is")
    });
    picture("logs.svg", "Patterns", &terminal);
}
