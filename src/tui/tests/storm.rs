//! Any messages in any order: never a panic, and what must always hold, holds.

use super::*;
use crate::{
    logs::{Entry, LogEvent},
    ops::{Intent, Plan, Risk},
    problem::{Exit, Problem},
    tui::model::cloud::CloudMsg,
    tui::msg::{Hit, Level, Mouse, Reply, RequestId, StreamId, StreamMsg},
};
use proptest::prelude::*;
use std::sync::Arc;

fn problem() -> Problem {
    Problem::new("test", "broken", Exit::Unreachable, "it broke").hint("mend it")
}

fn env() -> impl Strategy<Value = EnvId> {
    prop::sample::select(vec!["production", "staging", "void", "nowhere"]).prop_map(EnvId::new)
}

fn host() -> impl Strategy<Value = HostId> {
    prop::sample::select(vec!["web-1", "db-1", "stage-1", "ghost"]).prop_map(HostId::new)
}

fn key() -> impl Strategy<Value = Msg> {
    let codes = prop_oneof![
        6 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up,
            KeyCode::Down, KeyCode::PageDown, KeyCode::Home, KeyCode::End, KeyCode::Backspace,
        ]),
    ];
    let modifiers = prop_oneof![
        5 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
    ];
    (codes, modifiers).prop_map(|(code, modifiers)| Msg::Key(KeyEvent::new(code, modifiers)))
}

fn conn() -> impl Strategy<Value = ConnState> {
    prop_oneof![
        Just(ConnState::Idle),
        Just(ConnState::Connecting { attempt: 2 }),
        Just(ConnState::Up { rtt: None }),
        Just(ConnState::Degraded),
        Just(ConnState::NeedsAnswer),
        Just(ConnState::Failed(problem())),
        Just(ConnState::Retrying {
            attempt: 3,
            delay: Duration::from_secs(4),
            why: problem()
        }),
    ]
}

fn unit_event() -> impl Strategy<Value = UnitEvent> {
    prop_oneof![
        Just(UnitEvent::All(units())),
        Just(UnitEvent::All(Vec::new())),
        Just(UnitEvent::Changed(vec![unit(
            "nginx.service",
            "failed",
            "failed"
        )])),
        Just(UnitEvent::Removed(vec!["nginx.service".into()])),
        Just(UnitEvent::Down(problem())),
    ]
}

fn cloud() -> impl Strategy<Value = CloudMsg> {
    prop_oneof![
        4 => prop::sample::select(super::cloud::all_news()),
        1 => conn().prop_map(CloudMsg::Conn),
        1 => Just(CloudMsg::NoAccess(problem())),
    ]
}

fn entry(message: &str) -> Entry {
    Entry {
        host: HostId::new("web-1"),
        cursor: Arc::from("s=1"),
        realtime: 1_764_000_000_000_000,
        monotonic: 0,
        boot: 0,
        priority: 3,
        unit: Some(Arc::from("nginx.service")),
        identifier: None,
        pid: None,
        message: Arc::from(message.as_bytes()),
        cut_from: None,
        told: None,
    }
}

fn plan(env: &str) -> Plan {
    Plan {
        intent: Intent::Rebuild {
            host: HostId::new("web-1"),
        },
        environment: env.into(),
        title: "rebuild web-1".into(),
        steps: vec![],
        effects: vec![],
        undo: None,
        risk: Risk::Yes,
        data_at: now(),
    }
}

fn msg() -> impl Strategy<Value = Msg> {
    prop_oneof![
        12 => key(),
        1 => "\\PC{0,20}".prop_map(Msg::Paste),
        1 => (0u16..200, 0u16..60).prop_map(|(c, r)| Msg::Resize(c, r)),
        2 => prop_oneof![
            (0usize..20).prop_map(|row| Mouse::Click(Hit::Row(row))),
            (0usize..20).prop_map(|row| Mouse::DoubleClick(Hit::Row(row))),
            (0usize..20).prop_map(|row| Mouse::Drag(Hit::Row(row))),
            (0usize..9).prop_map(|column| Mouse::Click(Hit::Column(column))),
            (0usize..9).prop_map(|column| Mouse::Drag(Hit::Column(column))),
            (0usize..9).prop_map(|at| Mouse::Click(Hit::Offer(at))),
            (0usize..4).prop_map(|at| Mouse::Click(Hit::Button(at))),
            (0usize..6).prop_map(|at| Mouse::Click(Hit::Tab(at))),
            (-9i32..9).prop_map(Mouse::Wheel),
        ].prop_map(Msg::Mouse),
        2 => (env(), host(), conn()).prop_map(|(e, h, c)| Msg::Env(e, EnvMsg::Conn(h, c))),
        2 => (env(), host(), unit_event()).prop_map(|(e, h, u)| Msg::Env(e, EnvMsg::Units(h, u))),
        2 => (env(), cloud()).prop_map(|(e, c)| Msg::Env(e, EnvMsg::Cloud(c))),
        1 => (env(), host()).prop_map(|(e, h)| {
            Msg::Env(e, EnvMsg::Metrics(h, MetricsEvent::Sample(metrics())))
        }),
        1 => (0u64..60, "\\PC{0,12}").prop_map(|(id, text)| {
            Msg::Stream(StreamId(id), StreamMsg::Event(LogEvent::Entries(vec![entry(&text)])))
        }),
        1 => (0u64..60).prop_map(|id| {
            Msg::Reply(RequestId(id), Ok(Reply::Properties(vec![("A".into(), "b\u{1b}".into())])))
        }),
        2 => (env(), 0u64..60, env()).prop_map(|(at, id, of)| {
            Msg::Planned(at, RequestId(id), Ok(plan(of.as_str())))
        }),
        1 => Just(()).prop_map(|()| Msg::Say(Level::Warning, "mind the gap".into())),
        1 => (0i64..100).prop_map(|s| Msg::Clock(now() + jiff::SignedDuration::from_secs(s))),
        1 => Just(()).prop_map(|()| Msg::Resumed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_must_always_hold(messages in prop::collection::vec(msg(), 0..160)) {
        let mut model = live();
        let said_before = model.messages.len();
        let mut said = 0;
        for msg in messages {
            said += usize::from(matches!(msg, Msg::Say(..)));
            for effect in update::update(&mut model, msg) {
                if let Effect::Execute(env, _, approved) = &effect {
                    prop_assert_eq!(env.as_str(), &approved.plan().environment);
                    prop_assert!(!model.worlds[env].read_only);
                }
                if let Effect::Prepare(env, ..) = &effect {
                    prop_assert!(!model.worlds[env].read_only);
                }
            }
            prop_assert!(model.history.here().is_some_and(|id| model.screens.contains_key(&id)));
            prop_assert!(model.worlds.contains_key(&model.current));
            prop_assert!(model.screens.len() <= 150);
        }
        prop_assert!(model.messages.len() >= said_before + said, "a message was lost");
        let driven = drive_on(model, (80, 24), "");
        prop_assert_eq!(driven.screen().lines().count(), 24);
    }

    #[test]
    fn every_size_is_drawn(columns in 1u16..90, rows in 1u16..40, keys in "[1234905?:/lT<> ]{0,6}") {
        drive_on(live(), (columns, rows), &keys);
    }
}
