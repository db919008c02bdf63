use super::*;
use crate::{
    config::{Destination, Environment},
    remote::HostId,
    tui::{
        model::{EnvId, Preferences, World},
        msg::{EnvMsg, QuestionId},
        tests::{arrives, model},
    },
};

fn plain() -> Plain {
    let environment = Environment {
        name: "production".into(),
        hosts: vec![Destination {
            name: "web-1".into(),
            user: None,
            host: "web-1".into(),
            port: None,
        }],
        ssh_user: "operator".into(),
        ssh_config: None,
        ssh_transport: Default::default(),
        colour: None,
        read_only: false,
        domain_name: None,
        domain_alternative_names: Vec::new(),
    };
    let world = World::new(&environment, false);
    let mut model = Model::new(
        vec![world],
        EnvId::new("production"),
        Preferences::default(),
    );
    model.now = Timestamp::from_second(1_795_000_000).unwrap();
    update::start(&mut model);
    Plain::new(model)
}

#[test]
fn commands_actions_and_keys_are_typed_as_words() {
    let mut plain = plain();
    assert!(plain.news().starts_with("deck, environment production."));
    let (_, said) = plain.line("units");
    assert_eq!(said, "");
    assert!(plain.news().starts_with("units, environment production."));
    plain.line("4");
    assert!(plain.news().starts_with("logs, environment production."));
    let (_, said) = plain.line("freeze");
    assert!(said.contains("frozen"), "{said}");
    let (_, said) = plain.line("logs.freeze");
    assert!(said.contains("following"), "{said}");
    let (_, said) = plain.line("bogus thing");
    assert!(said.contains("no command, action or key bogus thing"));
    let (_, said) = plain.line("help");
    assert!(said.contains("logs.search: Search") && said.contains("restart UNIT"));
    let (effects, _) = plain.line("quit");
    assert!(matches!(effects[..], [Effect::Quit(0)]));
}

#[test]
fn what_a_pane_asks_for_is_the_next_line() {
    let mut plain = plain();
    plain.line("logs");
    plain.news();
    plain.line("filter-in");
    let asked = plain.news();
    assert!(
        asked.contains('&') && asked.contains("an empty line cancels"),
        "{asked}"
    );
    plain.line("hots:web");
    let wrong = plain.news();
    assert!(wrong.contains("did you mean `host`?"), "{wrong}");
    plain.line("host:web");
    assert_eq!(plain.news(), "");
    assert!(plain.screen().contains("& host:web"), "{}", plain.screen());
    plain.line("filter-in");
    plain.news();
    plain.line("");
    assert!(!plain.asks());
}

#[test]
fn questions_are_told_and_secrets_never() {
    let mut plain = plain();
    plain.news();
    let question = Question::Secret {
        host: HostId::new("web-1"),
        prompt: "passphrase of id_ed25519".into(),
        echo: false,
    };
    let env = EnvId::new("production");
    plain.tell(Msg::Ask(QuestionId(7), env.clone(), question));
    let asked = plain.news();
    assert!(asked.contains("passphrase of id_ed25519"), "{asked}");
    assert!(plain.hidden());
    let (effects, said) = plain.line("hunter2");
    assert!(matches!(
        effects[..],
        [Effect::Answer(QuestionId(7), Some(_))]
    ));
    assert!(!format!("{effects:?}{said}{}", plain.news()).contains("hunter2"));
    let question = Question::UnknownHostKey {
        host: HostId::new("web-1"),
        address: "web-1".into(),
        algorithm: "ssh-ed25519".into(),
        fingerprint: "SHA256:abc".into(),
        known_hosts: "/home/me/.ssh/known_hosts".into(),
    };
    plain.tell(Msg::Ask(QuestionId(8), env, question));
    assert!(plain.news().contains("SHA256:abc"));
    // One character answers; nothing of the rest reaches the pane below.
    let (effects, _) = plain.line("yes");
    assert!(matches!(
        effects[..],
        [Effect::Answer(QuestionId(8), Some(_))]
    ));
    assert!(!plain.asks());
}

#[test]
fn the_screen_is_told_again_once_the_hosts_have_answered() {
    let mut model = model();
    update::start(&mut model);
    let mut plain = Plain::new(model);
    let first = plain.news();
    assert!(first.contains("Type help"), "{first}");
    for msg in arrives("production", "web-1") {
        plain.tell(msg);
    }
    assert_eq!(plain.news(), "", "the other host has not answered");
    for msg in arrives("production", "db-1") {
        plain.tell(msg);
    }
    let then = plain.news();
    assert!(then.starts_with("The hosts have answered.\n"), "{then}");
    assert!(then.contains("podman-worker.service"), "{then}");
    assert_eq!(plain.news(), "");
}

#[test]
fn messages_are_told_once() {
    let mut plain = plain();
    plain.news();
    plain.tell(Msg::Say(Level::Error, "it failed \u{1b}[31m".into()));
    assert_eq!(plain.news(), "Error: it failed ␛[31m\n");
    assert_eq!(plain.news(), "");
    let env = EnvId::new("production");
    let conn = crate::remote::ConnState::Up { rtt: None };
    plain.tell(Msg::Env(env, EnvMsg::Conn(HostId::new("web-1"), conn)));
    assert_eq!(plain.news(), "", "what was not asked for is not told");
}

#[test]
fn what_was_said_is_told_once_also_after_the_oldest_are_dropped() {
    let mut plain = plain();
    plain.news();
    let say = |plain: &mut Plain, text: String| {
        update::update(&mut plain.model, Msg::Say(Level::Info, text));
    };
    for at in 0..crate::tui::model::MESSAGES + 5 {
        say(&mut plain, format!("message {at}"));
    }
    let told = plain.news();
    assert_eq!(told.lines().count(), crate::tui::model::MESSAGES);
    assert!(told.ends_with("Note: message 2004\n"), "{told}");
    assert_eq!(plain.news(), "");
    say(&mut plain, "one more".into());
    assert_eq!(plain.news(), "Note: one more\n");
    assert_eq!(plain.news(), "");
}
