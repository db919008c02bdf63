//! What keys do, told by the screen and by the effects.

use super::*;
use crate::{
    ops::{EndState, Intent, JobEvent, Outcome, Plan, Risk},
    remote::{Answer, Question, systemd::Verb},
    tui::{
        model::{LineFor, Overlay},
        msg::QuestionId,
        panes::Pane,
    },
};

fn pane(driven: &Driven) -> &'static str {
    driven.model().screen().unwrap().pane.tab()
}

fn subject(driven: &Driven) -> Option<String> {
    let model = driven.model();
    let ctx = super::super::view::ctx(model, model.history.here()?)?;
    model.screen()?.pane.subject(&ctx)?.unit
}

#[test]
fn digits_open_panes_and_back_comes_back() {
    let table = [
        ("", "pane.deck"),
        ("3", "pane.units"),
        ("4", "pane.logs"),
        ("9", "pane.jobs"),
        ("0", "pane.messages"),
        ("34<esc>", "pane.units"),
        ("349[[", "pane.units"),
        ("349[[]", "pane.logs"),
        ("<tab><tab><tab>", "pane.logs"),
        ("?<esc>", "pane.deck"),
        (":units<ret>", "pane.units"),
        (":jobs<ret>", "pane.jobs"),
    ];
    for (keys, expected) in table {
        assert_eq!(pane(&drive(keys)), expected, "{keys}");
    }
}

#[test]
fn units_are_failed_first_and_the_selection_is_an_identity() {
    let driven = drive("3");
    assert_eq!(subject(&driven).as_deref(), Some("podman-worker.service"));
    let mut driven = drive("3/nginx<ret>");
    assert_eq!(subject(&driven).as_deref(), Some("nginx.service"));
    // Something else fails and goes to the top: the selection stays.
    let env = EnvId::new("production");
    let failed = unit("aaa.service", "failed", "failed");
    let news = EnvMsg::Units(HostId::new("web-1"), UnitEvent::Changed(vec![failed]));
    update::update(&mut driven.console.model, Msg::Env(env, news));
    assert_eq!(subject(&driven).as_deref(), Some("nginx.service"));
}

#[test]
fn a_filter_being_typed_narrows_and_escape_restores() {
    let typed = drive("3/sshd");
    assert!(
        !typed.screen().contains("nginx.service"),
        "{}",
        typed.screen()
    );
    let cancelled = drive("3/sshd<esc>");
    assert!(cancelled.screen().contains("nginx.service"));
    let kept = drive("3/sshd<ret>4<esc>");
    assert!(!kept.screen().contains("nginx.service"));
    let cleared = drive("3/sshd<ret><esc>");
    assert!(cleared.screen().contains("nginx.service"));
    assert_eq!(pane(&cleared), "pane.units");
}

#[test]
fn a_wrong_filter_says_where() {
    let driven = drive("3/nosuchfield:x");
    let Some(Overlay::Line(line)) = driven.model().overlays.last() else {
        panic!("the line is gone");
    };
    assert!(line.error.is_some());
}

#[test]
fn enter_opens_the_unit_and_back_finds_the_row_again() {
    let driven = drive("3<down><down><ret>");
    assert!(matches!(
        driven.model().screen().unwrap().pane,
        Pane::Unit(_)
    ));
    let unit = subject(&driven);
    let driven = drive("3<down><down><ret><esc>");
    assert_eq!(subject(&driven), unit);
    assert_eq!(pane(&driven), "pane.units");
}

#[test]
fn commands_complete_and_are_remembered() {
    let driven = drive(":mess<tab><ret>");
    assert_eq!(pane(&driven), "pane.messages");
    let driven = drive(":jobs<ret>:units<ret>:<up><up>");
    let Some(Overlay::Line(line)) = driven.model().overlays.last() else {
        panic!("the line is gone");
    };
    assert_eq!(line.input.value(), "jobs");
    assert_eq!(line.purpose, LineFor::Command);
}

#[test]
fn a_wrong_command_stays_with_its_mistake() {
    let driven = drive(":logs -p loud<ret>");
    assert!(
        driven.screen().contains("a priority is"),
        "{}",
        driven.screen()
    );
}

#[test]
fn logs_of_the_marked_units_are_followed_on_their_hosts() {
    let driven = drive("3/podman<ret><space><space>l");
    let follow = driven
        .effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Follow(env, _, hosts, query) if !query.units.is_empty() => {
                Some((env, hosts, query))
            }
            _ => None,
        })
        .expect("nothing is followed");
    assert_eq!(follow.0.as_str(), "production");
    assert_eq!(follow.1.len(), 2);
    assert_eq!(follow.2.units, ["podman-worker.service"]);
}

#[test]
fn leaving_a_log_that_nothing_leads_to_stops_it() {
    let driven = drive("3l<esc>4");
    let followed: Vec<_> = driven
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Follow(_, stream, _, query) if !query.units.is_empty() => Some(*stream),
            _ => None,
        })
        .collect();
    assert_eq!(followed.len(), 1);
    assert!(
        driven
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Stop(stream) if *stream == followed[0]))
    );
}

#[test]
fn environments_live_side_by_side() {
    let driven = drive("3<c-e>");
    assert_eq!(driven.model().current.as_str(), "staging");
    assert!(
        driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Open(env) if env.as_str() == "staging"))
    );
    assert!(driven.screen().contains("READ-ONLY"));
    let driven = drive("3:env staging<ret>:env production<ret>");
    assert_eq!(driven.model().current.as_str(), "production");
    assert_eq!(pane(&driven), "pane.units");
    let opened = driven
        .effects
        .iter()
        .filter(|e| matches!(e, Effect::Open(_)));
    assert_eq!(opened.count(), 1);
    let driven = drive("evoid<ret>");
    assert_eq!(driven.model().current.as_str(), "void");
    assert!(
        driven.screen().contains("hosts_void"),
        "{}",
        driven.screen()
    );
}

#[test]
fn read_only_prepares_nothing() {
    let driven = drive(":env staging<ret>:restart nginx --host stage-1<ret>3R");
    assert!(
        !driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Prepare(..) | Effect::Execute(..)))
    );
    assert!(
        driven
            .model()
            .messages
            .iter()
            .any(|m| m.text.contains("read-only"))
    );
}

#[test]
fn the_palette_finds_actions_and_says_why_not() {
    let driven = drive("<c-p>messages<ret>");
    assert_eq!(pane(&driven), "pane.messages");
    let driven = drive(":env staging<ret>3<c-p>units.restart");
    assert!(
        driven.screen().contains("staging is read-only"),
        "{}",
        driven.screen()
    );
}

fn plan(intent: Intent, risk: Risk) -> Plan {
    Plan {
        title: format!(
            "{} {} on {}",
            intent.operation(),
            intent.unit(),
            intent.host()
        ),
        intent,
        environment: "production".into(),
        steps: vec!["RestartUnit(nginx.service, replace) over D-Bus".into()],
        effects: vec!["nginx.service stops answering for a moment".into()],
        undo: None,
        risk,
        data_at: now(),
    }
}

/// Restart nginx, its plan of this risk come, then these keys.
fn confirming(risk: Risk, after: &str) -> Driven {
    confirming_on((80, 24), risk, after)
}

/// The same, the terminal resized before the plan comes.
pub(super) fn confirming_on(size: (u16, u16), risk: Risk, after: &str) -> Driven {
    let driven = drive("3/nginx<ret>T");
    let Some(Effect::Prepare(env, id, intent)) = driven
        .effects
        .iter()
        .find(|effect| matches!(effect, Effect::Prepare(..)))
    else {
        panic!("nothing is prepared: {:?}", driven.effects);
    };
    assert_eq!(intent.operation(), Verb::Restart.as_str());
    let msg = Msg::Planned(env.clone(), *id, Ok(plan(intent.clone(), risk)));
    let mut model = driven.console.model;
    update::update(&mut model, Msg::Resize(size.0, size.1));
    update::update(&mut model, msg);
    drive_on(model, size, after)
}

pub(super) fn executed(driven: &Driven) -> bool {
    driven
        .effects
        .iter()
        .any(|e| matches!(e, Effect::Execute(..)))
}

#[test]
fn enter_alone_never_confirms() {
    assert!(!executed(&confirming(Risk::Yes, "<ret>")));
    assert!(!executed(&confirming(Risk::Yes, "<ret><ret>")));
    assert!(executed(&confirming(Risk::Yes, "y")));
    assert!(executed(&confirming(Risk::Yes, "<tab><ret>")));
    assert!(!executed(&confirming(Risk::Yes, "n")));
    assert!(!executed(&confirming(Risk::Yes, "<esc>y")));
    let name = || Risk::TypeName("nginx.service".into());
    assert!(!executed(&confirming(name(), "<ret>")));
    assert!(!executed(&confirming(name(), "y<ret>")));
    assert!(!executed(&confirming(name(), "<tab><ret>")));
    assert!(!executed(&confirming(name(), "nginx<ret>")));
    assert!(executed(&confirming(name(), "nginx.service<ret>")));
    let wait = || Risk::TypeNameAndWait("nginx.service".into(), Duration::from_secs(5));
    assert!(!executed(&confirming(wait(), "nginx.service<ret>")));
}

#[test]
fn the_plan_is_shown_before() {
    let driven = confirming(Risk::Yes, "");
    let screen = driven.screen();
    for part in ["production", "RestartUnit", "stops answering", "Cancel"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
}

#[test]
fn a_plan_left_lying_is_made_anew() {
    let mut driven = confirming(Risk::Yes, "");
    let model = &mut driven.console.model;
    let Some(Overlay::Confirm(confirm)) = model.overlays.last_mut() else {
        panic!("no dialog");
    };
    for plan in &mut confirm.plans {
        plan.data_at = now() - jiff::SignedDuration::from_secs(61);
    }
    let driven = drive_on(driven.console.model, (80, 24), "y");
    assert!(!executed(&driven));
    assert!(
        driven.screen().contains("look again"),
        "{}",
        driven.screen()
    );
    let Some(Effect::Prepare(env, id, intent)) = driven.effects.first() else {
        panic!("nothing is prepared: {:?}", driven.effects);
    };
    let msg = Msg::Planned(env.clone(), *id, Ok(plan(intent.clone(), Risk::Yes)));
    let mut model = driven.console.model;
    update::update(&mut model, msg);
    assert!(executed(&drive_on(model, (80, 24), "y")));
}

#[test]
fn why_a_yes_does_nothing_is_said_in_the_dialog() {
    let driven = confirming(Risk::TypeName("nginx.service".into()), "nginx<ret>");
    let screen = driven.screen();
    assert!(
        screen.contains("type nginx.service to go ahead"),
        "{screen}"
    );
}

#[test]
fn ascii_is_ascii_for_control_characters_too() {
    let mut model = live();
    let theme = &model.preferences.theme;
    assert!(!theme.is_ascii());
    model.preferences.theme = crate::tui::theme::Theme::new(
        &crate::tui::theme::Definition::default(),
        crate::tui::theme::Depth::None,
        &crate::tui::theme::ASCII,
    );
    let mut evil = unit("evil.service", "failed", "failed");
    evil.description = "a\u{1b}[31mb\u{9b}c".into();
    let event = UnitEvent::Changed(vec![evil]);
    let news = EnvMsg::Units(HostId::new("web-1"), event);
    update::update(&mut model, Msg::Env(EnvId::new("production"), news));
    let driven = drive_on(model, (200, 60), "3/evil<ret>");
    let screen = driven.screen();
    assert!(screen.contains("a^[31mb?c"), "{screen}");
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn a_job_is_told_to_its_end() {
    let mut driven = confirming(Risk::Yes, "y9");
    let id = driven.model().jobs[0].id;
    let model = &mut driven.console.model;
    update::update(model, Msg::Job(id, JobEvent::Phase("waiting".into())));
    update::update(
        model,
        Msg::Job(id, JobEvent::Output("a line\u{1b}[2J".into())),
    );
    let outcome = Outcome {
        state: EndState::Failed,
        summary: "the job failed".into(),
        problem: None,
        job: None,
    };
    update::update(model, Msg::Job(id, JobEvent::Ended(outcome)));
    let driven = drive_on(driven.console.model, (100, 30), "");
    let screen = driven.screen();
    assert!(screen.contains("the job failed"), "{screen}");
    assert!(screen.contains("a line␛[2J"), "{screen}");
    // And the Deck knows.
    let driven = drive_on(driven.console.model, (100, 30), "1");
    assert!(driven.screen().contains("the job failed"));
}

#[test]
fn quitting_asks_while_operations_run() {
    let driven = confirming(Risk::Yes, "yq");
    assert!(!driven.model().quitting);
    assert!(driven.screen().contains("Leave?"));
    let driven = confirming(Risk::Yes, "yqy");
    assert!(driven.model().quitting);
    assert!(drive("q").model().quitting);
}

fn asked(question: Question, keys: &str) -> Driven {
    asked_on((80, 24), question, keys)
}

pub(super) fn asked_on(size: (u16, u16), question: Question, keys: &str) -> Driven {
    let mut model = live();
    let msg = Msg::Ask(QuestionId(1), EnvId::new("production"), question);
    update::update(&mut model, msg);
    let before = now() - jiff::SignedDuration::from_secs(1);
    model.dialog.shown = Some(before);
    drive_on(model, size, keys)
}

pub(super) fn answer(driven: &Driven) -> Option<&Option<super::super::effect::Hidden>> {
    driven.effects.iter().find_map(|effect| match effect {
        Effect::Answer(QuestionId(1), answer) => Some(answer),
        _ => None,
    })
}

pub(super) fn unknown_key() -> Question {
    Question::UnknownHostKey {
        host: HostId::new("web-1"),
        address: "[web-1]:2222".into(),
        algorithm: "ssh-ed25519".into(),
        fingerprint: "SHA256:abcdef".into(),
        known_hosts: "/home/o/.ssh/known_hosts".into(),
    }
}

#[test]
fn an_unknown_host_key_is_not_accepted_by_enter() {
    let question = unknown_key;
    assert!(asked(question(), "").screen().contains("SHA256:abcdef"));
    assert!(matches!(answer(&asked(question(), "<ret>")), Some(None)));
    assert!(matches!(answer(&asked(question(), "<esc>")), Some(None)));
    let yes = asked(question(), "y");
    assert!(matches!(answer(&yes), Some(Some(hidden)) if matches!(hidden.0, Answer::Yes)));
    let once = asked(question(), "o");
    assert!(matches!(answer(&once), Some(Some(hidden)) if matches!(hidden.0, Answer::Once)));
}

#[test]
fn a_secret_is_never_on_the_screen_nor_in_debug_output() {
    let question = || Question::Secret {
        host: HostId::new("web-1"),
        prompt: "Passphrase for id_ed25519".into(),
        echo: false,
    };
    let driven = asked(question(), "hunter2");
    assert!(!driven.screen().contains("hunter2"));
    assert!(driven.screen().contains("Passphrase for id_ed25519"));
    assert!(!format!("{:?}", driven.model()).contains("hunter2"));
    let driven = asked(question(), "hunter2<ret>");
    let Some(Some(hidden)) = answer(&driven) else {
        panic!("no answer");
    };
    let Answer::Secret(secret) = &hidden.0 else {
        panic!("not a secret");
    };
    assert_eq!(secrecy::ExposeSecret::expose_secret(secret), "hunter2");
    assert!(!format!("{:?}", driven.effects).contains("hunter2"));
}

#[test]
fn idle_draws_nothing() {
    let mut model = live();
    model.dirty = false;
    assert_eq!(update::next_wake(&model), None);
    // A measured round-trip time that hardly differs, a sample that differs by noise.
    let env = EnvId::new("production");
    let host = HostId::new("web-1");
    let up = ConnState::Up {
        rtt: Some(Duration::from_millis(25)),
    };
    update::update(
        &mut model,
        Msg::Env(env.clone(), EnvMsg::Conn(host.clone(), up)),
    );
    let mut noisy = metrics();
    noisy.load1 += 0.2;
    noisy.cpu_used = Some(0.17);
    noisy.memory_available -= 100 << 20;
    noisy.uptime += Duration::from_secs(15);
    let sample = MetricsEvent::Sample(noisy);
    update::update(&mut model, Msg::Env(env, EnvMsg::Metrics(host, sample)));
    update::update(&mut model, Msg::Clock(now()));
    assert!(!model.dirty);
}

#[test]
fn the_command_line_twin_and_copies_are_copied() {
    let driven = drive("3fYcy");
    let copied: Vec<&str> = driven
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Copy(text, _) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(copied[0], "qd -e production units --failed");
    assert_eq!(copied[1], "podman-worker.service");
    assert!(copied[2].contains("\"exit_status\": 203"), "{}", copied[2]);
}

#[test]
fn a_broken_connection_is_a_problem_until_it_is_up_again() {
    let mut model = live();
    let env = EnvId::new("production");
    let host = HostId::new("web-1");
    let tell = |model: &mut Model, after: i64, state: ConnState| {
        let at = now() + jiff::SignedDuration::from_secs(after);
        update::update(model, Msg::Clock(at));
        let news = EnvMsg::Conn(host.clone(), state);
        update::update(model, Msg::Env(env.clone(), news));
    };
    let why = crate::problem::Problem::new(
        "ssh",
        "timeout",
        crate::problem::Exit::Unreachable,
        "no answer within 10 s",
    );
    let retrying = ConnState::Retrying {
        attempt: 2,
        delay: Duration::from_secs(2),
        why,
    };
    tell(&mut model, 10, retrying.clone());
    tell(&mut model, 12, ConnState::Connecting { attempt: 3 });
    tell(&mut model, 22, retrying);
    tell(&mut model, 24, ConnState::Connecting { attempt: 4 });
    let driven = drive_on(model, (80, 24), "");
    let screen = driven.screen();
    let line = screen
        .lines()
        .find(|line| line.contains("no answer within 10 s"))
        .unwrap_or_else(|| panic!("it is not told:\n{screen}"));
    assert!(line.contains("12:00:10"), "{line}");
    let mut model = driven.console.model;
    tell(&mut model, 30, ConnState::Up { rtt: None });
    let screen = drive_on(model, (80, 24), "").screen();
    assert!(!screen.contains("no answer within"), "{screen}");
}
