//! What the palette finds, and in which order.

use super::{drive, drive_on};

/// The names of what is offered, the best first.
fn offered(keys: &str) -> Vec<String> {
    let driven = drive(keys);
    names(&driven.screen())
}

fn names(screen: &str) -> Vec<String> {
    screen
        .lines()
        .skip_while(|line| !line.contains("Actions"))
        .filter_map(|line| {
            let (_, inside) = line.split_once('│')?;
            let (name, _) = inside.split_once(": ")?;
            Some(name.trim().to_owned())
        })
        .collect()
}

#[test]
fn names_come_before_words_before_letters() {
    let found = offered("3<c-p>restart");
    assert_eq!(found.first().map(String::as_str), Some("units.restart"));
    let found = offered("3<c-p>sto");
    assert_eq!(found.first().map(String::as_str), Some("units.stop"));
    let found = offered("3<c-p>help");
    assert_eq!(found.first().map(String::as_str), Some("help"));
    // Each typed word begins a word.
    let found = offered("3<c-p>unit jour");
    assert_eq!(found.first().map(String::as_str), Some("units.logs"));
}

#[test]
fn among_equals_what_was_used_comes_first() {
    let before = offered("3<c-p>pane");
    let (first, last) = (before.first().cloned(), before.get(3).cloned());
    assert_ne!(first, last);
    let last = last.unwrap();
    // Done several times, by its key.
    let key = match last.as_str() {
        "pane.jobs" => "9",
        "pane.logs" => "4",
        "pane.units" => "3",
        "pane.messages" => "0",
        other => panic!("no key is known for {other}"),
    };
    let driven = drive(&format!("{key}{key}{key}"));
    let again = drive_on(driven.console.model, (80, 24), "1<c-p>pane");
    assert_eq!(names(&again.screen()).first(), Some(&last));
}
