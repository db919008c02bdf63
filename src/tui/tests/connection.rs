//! Connections that do not come about, and questions that come up while something else is done.

use super::*;
use crate::{
    problem::{Exit, Problem},
    remote::Question,
    tui::{
        model::Overlay,
        msg::{Level, QuestionId},
    },
};
use jiff::SignedDuration;

fn conn(model: &mut Model, env: &str, host: &str, state: ConnState) -> Vec<Effect> {
    let news = EnvMsg::Conn(HostId::new(host), state);
    update::update(model, Msg::Env(EnvId::new(env), news))
}

fn changed() -> Problem {
    Problem::new(
        "ssh",
        "host-key-changed",
        Exit::Refused,
        "the host key of web-1 has changed: known at /home/o/.ssh/known_hosts:7 is ssh-ed25519 \
         SHA256:Bu9sjAeldFxUEcC7PjewWpMEjS7CbLPOKB7JW4JLD3M, the server shows ssh-ed25519 \
         SHA256:9YuHx6LgHLLgIpAcMPRICx7Hhjw9JGVo0P4S8V8LxnE",
    )
    .on("web-1")
    .hint("only when its owner confirms the new key, remove the old one with `ssh-keygen -R`")
}

fn timeout() -> Problem {
    Problem::new("ssh", "timeout", Exit::Unreachable, "no answer within 10 s")
        .hint("look whether the host runs")
}

fn unknown_key() -> Msg {
    let question = Question::UnknownHostKey {
        host: HostId::new("web-1"),
        address: "web-1".into(),
        algorithm: "ssh-ed25519".into(),
        fingerprint: "SHA256:abcdef".into(),
        known_hosts: "/home/o/.ssh/known_hosts".into(),
    };
    Msg::Ask(QuestionId(1), EnvId::new("production"), question)
}

#[test]
fn a_changed_host_key_stops_in_full_and_by_itself() {
    let mut model = live();
    conn(
        &mut model,
        "production",
        "web-1",
        ConnState::Failed(changed()),
    );
    let driven = drive_on(model, (80, 24), "");
    let screen = driven.screen();
    for told in [
        "STOP",
        "ssh-ed25519  SHA256:Bu9sjAeldFxUEcC7PjewWpMEjS7CbLPOKB7JW4JLD3M",
        "ssh-ed25519  SHA256:9YuHx6LgHLLgIpAcMPRICx7Hhjw9JGVo0P4S8V8LxnE",
        "ssh-keygen -R",
        "Try again",
    ] {
        assert!(screen.contains(told), "{told} is missing:\n{screen}");
    }
    // Enter closes; it never tries again, and closed is not forgotten.
    let driven = drive_on(driven.console.model, (80, 24), "<ret>");
    assert!(driven.model().overlays.is_empty());
    assert!(
        !driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Retry(..)))
    );
    assert!(driven.screen().contains("has changed"));
    let driven = drive_on(driven.console.model, (80, 24), "<ret>");
    assert!(driven.screen().contains("STOP"), "{}", driven.screen());
    let driven = drive_on(driven.console.model, (80, 24), "r");
    let again = |effect: &Effect| matches!(effect, Effect::Retry(_, Some(host)) if host.as_str() == "web-1");
    assert!(driven.effects.iter().any(again));
}

#[test]
fn a_stop_goes_when_the_host_is_reached() {
    let mut model = live();
    conn(
        &mut model,
        "production",
        "web-1",
        ConnState::Failed(changed()),
    );
    assert!(matches!(model.overlays.last(), Some(Overlay::Stop(_))));
    conn(
        &mut model,
        "production",
        "web-1",
        ConnState::Up { rtt: None },
    );
    assert!(model.overlays.is_empty());
}

#[test]
fn a_stop_waits_below_a_line_being_typed() {
    let mut driven = drive(":uni");
    let model = &mut driven.console.model;
    conn(model, "production", "web-1", ConnState::Failed(changed()));
    let driven = drive_on(driven.console.model, (80, 24), "ts<ret>");
    assert_eq!(driven.model().screen().unwrap().pane.tab(), "pane.units");
    assert!(driven.screen().contains("STOP"));
}

#[test]
fn a_host_that_cannot_be_reached_is_explained_on_request_only() {
    let mut model = live();
    let state = ConnState::Retrying {
        attempt: 1,
        delay: Duration::from_secs(2),
        why: timeout(),
    };
    conn(&mut model, "production", "web-1", state);
    let driven = drive_on(model, (80, 24), "");
    assert!(driven.model().overlays.is_empty());
    let driven = drive_on(driven.console.model, (80, 24), "<ret>");
    let screen = driven.screen();
    assert!(
        screen.contains("To do: look whether the host runs"),
        "{screen}"
    );
    assert!(!screen.contains("STOP"), "{screen}");
}

#[test]
fn a_question_waits_until_the_line_is_typed() {
    let mut driven = drive(":y");
    update::update(&mut driven.console.model, unknown_key());
    let driven = drive_on(driven.console.model, (80, 24), "yy<ret>");
    assert!(
        driven
            .effects
            .iter()
            .all(|e| !matches!(e, Effect::Answer(..)))
    );
    assert!(driven.screen().contains(":yyy"), "{}", driven.screen());
    let driven = drive_on(driven.console.model, (80, 24), "<esc>");
    assert!(driven.screen().contains("SHA256:abcdef"));
}

#[test]
fn a_key_on_its_way_when_the_dialog_comes_up_is_no_answer() {
    let mut model = live();
    update::update(&mut model, unknown_key());
    let press = |model: &mut Model, key: &str| -> Vec<Effect> {
        let key = keys(key).remove(0);
        update::update(model, Msg::Key(key))
    };
    assert!(press(&mut model, "y").is_empty());
    assert!(press(&mut model, "<ret>").is_empty());
    assert_eq!(model.questions.len(), 1);
    let later = now() + SignedDuration::from_secs(1);
    update::update(&mut model, Msg::Clock(later));
    assert!(matches!(
        press(&mut model, "y").first(),
        Some(Effect::Answer(_, Some(_)))
    ));
}

#[test]
fn the_messages_keep_when_a_connection_broke_and_was_back() {
    let mut model = live();
    let state = |attempt| ConnState::Retrying {
        attempt,
        delay: Duration::from_secs(2),
        why: timeout(),
    };
    for attempt in 1..4 {
        conn(&mut model, "production", "web-1", state(attempt));
        conn(
            &mut model,
            "production",
            "web-1",
            ConnState::Connecting { attempt },
        );
    }
    update::update(
        &mut model,
        Msg::Clock(now() + SignedDuration::from_secs(42)),
    );
    conn(
        &mut model,
        "production",
        "web-1",
        ConnState::Up { rtt: None },
    );
    let said: Vec<_> = model
        .messages
        .iter()
        .map(|message| (message.level, message.text.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (
                Level::Error,
                "web-1: no answer within 10 s (look whether the host runs)"
            ),
            (Level::Info, "web-1: connected again after 42 s"),
        ]
    );
    assert_eq!(model.toast_until, None, "the header shows it already");
}

#[test]
fn the_palette_knows_what_other_screens_can_do() {
    let driven = drive("4<c-p>restart");
    let screen = driven.screen();
    let line = screen.lines().find(|l| l.contains("units.restart"));
    let line = line.unwrap_or_else(|| panic!("not found:\n{screen}"));
    assert!(line.contains("in Units"), "{line}");
}

#[test]
fn what_comes_of_an_attempt_that_was_asked_for_is_told() {
    let mut model = live();
    let retrying = || ConnState::Retrying {
        attempt: 3,
        delay: Duration::from_secs(30),
        why: timeout(),
    };
    conn(&mut model, "production", "web-1", retrying());
    let mut model = drive_on(model, (80, 24), "r").console.model;
    // The very same state as before: it failed at once.
    conn(&mut model, "production", "web-1", retrying());
    let said = model.messages.back().map(|m| m.text.clone());
    assert_eq!(
        said.as_deref(),
        Some("web-1: tried again: no answer within 10 s")
    );
    assert!(model.toast_until.is_some());
    // Attempts that nobody asked for are not told.
    let count = model.messages.len();
    conn(&mut model, "production", "web-1", retrying());
    assert_eq!(model.messages.len(), count);
    let mut model = drive_on(model, (80, 24), "r").console.model;
    conn(
        &mut model,
        "production",
        "web-1",
        ConnState::Connecting { attempt: 4 },
    );
    conn(
        &mut model,
        "production",
        "web-1",
        ConnState::Up { rtt: None },
    );
    let said = model.messages.back().map(|m| m.text.clone());
    assert_eq!(said.as_deref(), Some("web-1: connected"));
    assert_eq!(model.messages.len(), count + 1, "not told twice");
}
