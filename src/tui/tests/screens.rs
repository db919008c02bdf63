//! Every pane at four sizes and in the states that matter.

use super::*;
use crate::problem::{Exit, Problem};

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

fn shots(name: &str, make: impl Fn() -> Model, keys: &str, sizes: &[(u16, u16)]) {
    for size in sizes {
        let driven = drive_on(make(), *size, keys);
        let name = format!("{name}-{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, driven.screen());
    }
}

#[test]
fn deck() {
    shots("deck", live, "", &SIZES);
}

#[test]
fn units() {
    shots("units", live, "3", &SIZES);
}

#[test]
fn unit() {
    shots("unit", live, "3<ret>", &SIZES[1..3]);
}

#[test]
fn help() {
    shots("help", live, "3?", &SIZES[..2]);
}

#[test]
fn others() {
    shots("jobs-empty", live, "9", &SIZES[..2]);
    shots("messages-empty", live, "0", &SIZES[..2]);
    shots("palette", live, "3<c-p>res", &SIZES[..2]);
    shots("command", live, ":re", &SIZES[..2]);
}

fn loading() -> Model {
    let mut model = model();
    update::start(&mut model);
    let env = EnvId::new("production");
    for host in ["web-1", "db-1"] {
        let news = EnvMsg::Conn(HostId::new(host), ConnState::Connecting { attempt: 1 });
        update::update(&mut model, Msg::Env(env.clone(), news));
    }
    model
}

fn broken() -> Model {
    let mut model = live();
    let env = EnvId::new("production");
    let changed = Problem::new(
        "ssh",
        "host-key-changed",
        Exit::Refused,
        "the host key of db-1 has changed: known at /k:3 is ssh-ed25519 SHA256:old, the server \
         shows ssh-ed25519 SHA256:new",
    )
    .hint("if the server was installed anew, remove the old key with ssh-keygen -R db-1");
    let why = Problem::new("ssh", "timeout", Exit::Unreachable, "no answer within 10 s");
    let retrying = ConnState::Retrying {
        attempt: 3,
        delay: Duration::from_secs(8),
        why,
    };
    for (host, state) in [("db-1", ConnState::Failed(changed)), ("web-1", retrying)] {
        let news = EnvMsg::Conn(HostId::new(host), state);
        update::update(&mut model, Msg::Env(env.clone(), news));
    }
    model
}

#[test]
fn stop() {
    shots("stop", broken, "", &SIZES[..2]);
}

#[test]
fn states() {
    for (name, keys) in [("deck", ""), ("units", "3")] {
        shots(&format!("{name}-loading"), loading, keys, &SIZES[1..2]);
        let past_the_stop = format!("<esc>{keys}");
        shots(
            &format!("{name}-broken"),
            broken,
            &past_the_stop,
            &SIZES[..2],
        );
        shots(
            &format!("{name}-no-hosts"),
            live,
            &format!(":env void<ret>{keys}"),
            &SIZES[1..2],
        );
    }
}

#[test]
fn tiny() {
    let sizes = [(39, 11), (20, 5), (1, 1)];
    shots("tiny", live, "", &sizes);
    shots("tiny-stop", broken, "", &sizes);
    shots("tiny-palette", live, "<c-p>q", &sizes);
}
