//! The Hetzner project on the screen: lists, resources, the Deck, and what is asked for.

use super::*;
use crate::{
    problem::{Exit, Problem},
    remote::hetzner::{Attention, Budget, Kind, Permission, Snapshot, kinds::*, wire},
    tui::{
        effect::CloudAsk,
        model::{
            CloudKind,
            cloud::{CloudMsg, Read},
        },
        msg::Reply,
        panes::Pane,
    },
};
use std::sync::Arc;

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

/// A resource as the API would write it.
fn read<K: Kind>(json: serde_json::Value) -> K {
    wire::from_slice(json.to_string().as_bytes())
        .unwrap()
        .unwrap()
}

fn snapshot<K>(items: Vec<K>) -> Snapshot<K> {
    Snapshot {
        total: Some(items.len() as u64),
        items: Arc::new(items),
        complete: true,
        fetched_at: Some(now()),
        ..Snapshot::default()
    }
}

fn server(id: u64, name: &str, status: &str, environment: &str) -> Server {
    read(serde_json::json!({
        "id": id, "name": name, "status": status, "created": "2026-09-01T08:00:00Z",
        "public_net": {
            "ipv4": {"id": 600 + id, "ip": format!("203.0.113.{id}"), "dns_ptr": "host.example.org"},
            "ipv6": {"id": 700 + id, "ip": "2001:db8::/64"},
            "firewalls": [{"id": 31, "status": "applied"}],
        },
        "private_net": [{"network": 21, "ip": format!("10.0.0.{id}")}],
        "server_type": {"id": 1, "name": "cx23", "cores": 2, "memory": 4.0, "disk": 40,
            "cpu_type": "shared", "architecture": "x86",
            "prices": [{"location": "fsn1", "price_monthly": {"net": "3.4900", "gross": "4.15"}}]},
        "location": {"id": 1, "name": "fsn1", "city": "Falkenstein"},
        "image": {"id": 11, "type": "system", "name": "debian-13", "status": "available"},
        "labels": {"environment": environment, "role": "web"},
        "volumes": if id == 1 { vec![41] } else { vec![] },
        "outgoing_traffic": 5_000_000_000u64, "included_traffic": 20_000_000_000_000u64,
        "protection": {"delete": id == 1, "rebuild": false},
    }))
}

fn servers() -> Vec<Server> {
    let mut old = server(3, "old-1", "running", "production");
    if let Some(image) = &mut old.image {
        image.deprecated = Some("2026-05-01T00:00:00Z".parse().unwrap());
    }
    let mut bare = server(5, "nobodys", "running", "");
    bare.labels.clear();
    vec![
        server(1, "web-1", "running", "production"),
        server(2, "db-1", "off", "production"),
        old,
        server(4, "stage-1", "running", "staging"),
        bare,
    ]
}

fn balancer() -> LoadBalancer {
    let health = |status: &str| {
        serde_json::json!([{"listen_port": 443, "status": status,
            "detail": "unexpected_http_status", "http_status_code": 503}])
    };
    read(serde_json::json!({
        "id": 51, "name": "ingress", "created": "2026-09-01T08:00:00Z",
        "public_net": {"enabled": true, "ipv4": {"ip": "198.51.100.7"}, "ipv6": {"ip": "2001:db8::7"}},
        "location": {"id": 1, "name": "fsn1", "city": "Falkenstein"},
        "load_balancer_type": {"id": 1, "name": "lb11", "max_connections": 10000, "max_services": 5,
            "max_targets": 25, "max_assigned_certificates": 10,
            "prices": [{"location": "fsn1", "price_monthly": {"net": "5.39"}}]},
        "labels": {"environment": "production"},
        "algorithm": {"type": "round_robin"},
        "services": [{"protocol": "https", "listen_port": 443, "destination_port": 8080,
            "health_check": {"protocol": "http", "port": 8080, "interval": 15, "timeout": 10,
                "retries": 3, "http": {"path": "/health", "status_codes": ["2??"]}},
            "http": {"certificates": [61], "redirect_http": true}}],
        "targets": [{"type": "label_selector", "use_private_ip": true,
            "label_selector": {"selector": "role=web"},
            "targets": [{"server": {"id": 1}, "health_status": health("healthy")},
                        {"server": {"id": 2}, "health_status": health("unhealthy")}]}],
    }))
}

fn volumes() -> Vec<Volume> {
    let volume = |id: u64, name: &str, server: Option<u64>| {
        read(serde_json::json!({
            "id": id, "name": name, "size": 20, "server": server, "status": "available",
            "format": "ext4", "linux_device": format!("/dev/disk/by-id/scsi-0HC_Volume_{id}"),
            "location": {"id": 1, "name": "fsn1"}, "created": "2026-09-01T08:00:00Z",
            "labels": {"environment": "production"},
        }))
    };
    let wide = "データ \u{1b}[31mred\u{9b}c a very long name of a volume that goes on and on";
    vec![volume(41, "data", Some(1)), volume(42, wide, None)]
}

fn failed_action() -> Action {
    read(serde_json::json!({
        "id": 81, "command": "attach_volume", "status": "error", "progress": 0,
        "started": "2026-11-23T11:00:00Z", "finished": "2026-11-23T11:00:05Z",
        "resources": [{"id": 2, "type": "server"}, {"id": 42, "type": "volume"}],
        "error": {"code": "server_not_stopped", "message": "the server must be stopped"},
    }))
}

fn prices() -> Pricing {
    wire::from_slice(
        br#"{"currency": "EUR", "volume": {"price_per_gb_month": {"net": "0.0440"}},
            "image": {"price_per_gb_month": {"net": "0.0110"}},
            "server_backup": {"percentage": "20"}}"#,
    )
    .unwrap()
    .unwrap()
}

fn tell(model: &mut Model, msg: CloudMsg) -> Vec<Effect> {
    update::update(
        model,
        Msg::Env(EnvId::new("production"), EnvMsg::Cloud(msg)),
    )
}

/// Everything that there is to know of the project.
pub(super) fn all_news() -> Vec<CloudMsg> {
    vec![
        CloudMsg::Found("HCLOUD_TOKEN".into()),
        CloudMsg::Conn(ConnState::Up { rtt: None }),
        CloudMsg::Prices(Arc::new(prices())),
        CloudMsg::Read(Read::LoadBalancers(snapshot(vec![balancer()]))),
        CloudMsg::Read(Read::Volumes(snapshot(volumes()))),
        CloudMsg::Read(Read::Networks(snapshot(vec![]))),
        CloudMsg::Read(Read::PrimaryIps(snapshot(vec![]))),
        CloudMsg::Read(Read::FloatingIps(snapshot(vec![]))),
        CloudMsg::Read(Read::Images(snapshot(vec![]))),
        CloudMsg::Read(Read::Actions(snapshot(vec![failed_action()]))),
        CloudMsg::Read(Read::Servers(snapshot(servers()))),
    ]
}

fn tell_all(model: &mut Model) {
    for msg in all_news() {
        tell(model, msg);
    }
}

/// Production with its project.
fn project() -> Model {
    let mut model = live();
    tell_all(&mut model);
    model
}

fn shots(name: &str, make: impl Fn() -> Model, keys: &str, sizes: &[(u16, u16)]) {
    for size in sizes {
        let driven = drive_on(make(), *size, keys);
        let name = format!("cloud-{name}-{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, driven.screen());
    }
}

fn shown(driven: &Driven) -> String {
    driven.screen()
}

#[test]
fn lists_at_all_sizes() {
    shots("servers", project, "2", &SIZES);
    shots("servers-all", project, "2a", &SIZES[1..2]);
    shots("volumes", project, ":volumes<ret>", &SIZES[..3]);
    shots("lb", project, ":lb<ret>", &SIZES[1..3]);
    shots("actions", project, ":actions<ret>", &SIZES[1..2]);
    shots("deck", project, "", &SIZES);
}

#[test]
fn resources_at_all_sizes() {
    shots("server", project, "2/web-1<ret><ret>", &SIZES);
    shots("balancer", project, ":lb<ret><ret>", &SIZES[1..3]);
    shots("volume", project, ":volumes<ret><ret>", &SIZES[..2]);
}

fn unreachable() -> Problem {
    Problem::new(
        "hetzner",
        "unauthorized",
        Exit::Unreachable,
        "unable to authenticate",
    )
    .hint("the token (HCLOUD_TOKEN) is unknown to Hetzner: replace it by a new one")
}

#[test]
fn states() {
    let no_token = || {
        let mut model = live();
        let why = Problem::new("hetzner", "no-token", Exit::Usage, "there is no token")
            .hint("set HCLOUD_TOKEN, or hcloud_token_production in secrets.json");
        tell(&mut model, CloudMsg::NoAccess(why));
        model
    };
    let loading = || {
        let mut model = live();
        tell(&mut model, CloudMsg::Found("HCLOUD_TOKEN".into()));
        tell(
            &mut model,
            CloudMsg::Conn(ConnState::Connecting { attempt: 1 }),
        );
        model
    };
    let growing = || {
        let mut model = loading();
        let part = Snapshot {
            total: Some(10_000),
            complete: false,
            fetched_at: None,
            ..snapshot(servers())
        };
        tell(&mut model, CloudMsg::Read(Read::Servers(part)));
        model
    };
    let failed = || {
        let mut model = loading();
        tell(&mut model, CloudMsg::Conn(ConnState::Failed(unreachable())));
        model
    };
    let stale = || {
        let mut model = project();
        let broken = Snapshot {
            problem: Some(unreachable()),
            ..snapshot(servers())
        };
        tell(&mut model, CloudMsg::Conn(ConnState::Failed(unreachable())));
        tell(&mut model, CloudMsg::Read(Read::Servers(broken)));
        model
    };
    let none = || {
        let mut model = project();
        let staging = vec![server(4, "stage-1", "running", "staging")];
        tell(&mut model, CloudMsg::Read(Read::Servers(snapshot(staging))));
        model
    };
    let spent = || {
        let mut model = project();
        let budget = Budget {
            limit: 3600,
            remaining: 300,
            full_at: None,
            at: now(),
        };
        tell(&mut model, CloudMsg::Budget(budget));
        tell(&mut model, CloudMsg::Permission(Permission::Read));
        model
    };
    shots("no-token", no_token, "2", &SIZES[..2]);
    shots("loading", loading, "2", &SIZES[1..2]);
    shots("growing", growing, "2", &SIZES[1..2]);
    shots("failed", failed, "2", &SIZES[..2]);
    shots("stale", stale, "2", &SIZES[1..2]);
    shots("stale-deck", stale, "", &SIZES[1..2]);
    shots("empty", none, "2", &SIZES[1..2]);
    shots(
        "filtered-away",
        project,
        "2/nothing-like-this<ret>",
        &SIZES[1..2],
    );
    shots("spent", spent, "", &SIZES[1..2]);
}

#[test]
fn the_environments_own_or_everything() {
    let own = shown(&drive_on(project(), (80, 24), "2"));
    assert!(own.contains("web-1") && !own.contains("stage-1"), "{own}");
    let all = shown(&drive_on(project(), (80, 24), "2a"));
    assert!(all.contains("stage-1") && all.contains("nobodys"), "{all}");
    let again = shown(&drive_on(project(), (80, 24), "2a<esc>"));
    assert!(!again.contains("stage-1"), "{again}");
    let filtered = shown(&drive_on(
        project(),
        (80, 24),
        "2a/environment:staging<ret>",
    ));
    assert!(
        filtered.contains("203.0.113.4") && !filtered.contains("203.0.113.1"),
        "{filtered}"
    );
}

#[test]
fn one_can_go_from_a_server_to_its_volume_and_balancer_and_back() {
    // The volume is the line after those of the network.
    let server = "2/web-1<ret><ret>";
    let driven = drive_on(project(), (80, 40), &format!("{server}:1<ret>"));
    let rows = shown(&driven);
    let line = |word: &str| {
        let at = rows
            .lines()
            .position(|line| line.trim_start().starts_with(word));
        at.unwrap_or_else(|| panic!("no line {word}: {rows}")) - 4
    };
    let to_volume = format!("{server}:{}<ret><ret>", line("volume"));
    let driven = drive_on(project(), (80, 40), &to_volume);
    assert!(shown(&driven).contains("volume data"), "{}", shown(&driven));
    let to_balancer = format!("{server}:{}<ret><ret>", line("target of"));
    let driven = drive_on(project(), (80, 40), &to_balancer);
    assert!(
        shown(&driven).contains("load balancer ingress"),
        "{}",
        shown(&driven)
    );
    let back = drive_on(project(), (80, 40), &format!("{to_volume}<esc>"));
    assert!(shown(&back).contains("server web-1"), "{}", shown(&back));
    // The host's units and its journal.
    let units = drive_on(project(), (80, 24), "2/web-1<ret>u");
    assert_eq!(units.model().screen().unwrap().pane.tab(), "pane.units");
    let log = drive_on(project(), (80, 24), "2/web-1<ret>l");
    assert_eq!(log.model().screen().unwrap().pane.tab(), "pane.logs");
}

#[test]
fn only_what_is_looked_at_is_asked_for() {
    let looks = |driven: &Driven| -> Vec<(CloudKind, Attention)> {
        let looks = driven.effects.iter().rev().find_map(|effect| match effect {
            Effect::Look(env, lists) if env.as_str() == "production" => Some(lists.clone()),
            _ => None,
        });
        looks.unwrap_or_default()
    };
    let of = |keys: &str| {
        let mut model = model();
        let effects = update::start(&mut model);
        let mut driven = drive_on(model, (80, 24), keys);
        driven.effects.splice(0..0, effects);
        looks(&driven)
    };
    let deck = of("");
    assert!(
        deck.iter()
            .all(|(_, attention)| *attention == Attention::Deck),
        "{deck:?}"
    );
    assert!(
        !deck.iter().any(|(kind, _)| *kind == CloudKind::Keys),
        "{deck:?}"
    );
    let keys = of(":keys<ret>");
    assert!(
        keys.contains(&(CloudKind::Keys, Attention::Looking)),
        "{keys:?}"
    );
    assert_eq!(of(":keys<ret>4"), deck);
    // Nobody looks at an environment that is not on the screen.
    assert_eq!(of("2:env staging<ret>"), []);
}

#[test]
fn json_and_figures_are_asked_for_when_they_are_wanted() {
    let asked = |keys: &str| -> Vec<CloudAsk> {
        let driven = drive_on(project(), (80, 24), keys);
        let asks = driven
            .effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::AskCloud(_, _, ask) => Some(ask),
                _ => None,
            });
        asks.collect()
    };
    assert_eq!(asked("2/web-1<ret><ret>"), []);
    assert_eq!(
        asked("2/web-1<ret>y"),
        [CloudAsk::Json(CloudKind::Servers, 1)]
    );
    let graphs = asked("2/web-1<ret><ret><tab>");
    let [
        CloudAsk::Metrics {
            types, start, end, ..
        },
    ] = graphs.as_slice()
    else {
        panic!("{graphs:?}");
    };
    assert_eq!(*types, ["cpu", "disk", "network"]);
    assert_eq!(end.duration_since(*start).as_secs(), 3600);
    assert_eq!(asked("2/web-1<ret><ret><tab>t").len(), 2);
    assert_eq!(
        asked("2/web-1<ret><ret><tab><tab>"),
        [graphs[0].clone(), CloudAsk::Json(CloudKind::Servers, 1)]
    );
}

fn answered(keys: &str, reply: Reply) -> Driven {
    let mut driven = drive_on(project(), (120, 40), keys);
    let request = driven.effects.iter().rev().find_map(|effect| match effect {
        Effect::AskCloud(_, request, _) => Some(*request),
        _ => None,
    });
    let msg = Msg::Reply(request.expect("nothing is asked"), Ok(reply));
    let effects = update::update(&mut driven.console.model, msg);
    let mut driven = drive_on(driven.console.model, (120, 40), "");
    driven.effects.extend(effects);
    driven
}

#[test]
fn figures_become_graphs() {
    let metrics: crate::remote::hetzner::Metrics = wire::from_slice(
        serde_json::json!({
            "start": "2026-11-23T11:00:00Z", "end": "2026-11-23T12:00:00Z", "step": 60,
            "time_series": {
                "cpu": {"values": (0..60).map(|n| (n * 60, format!("{}", n * 3))).collect::<Vec<_>>()},
                "network.0.bandwidth.in": {"values": [[1, "1000.5"], [2, "NaN"], [3, "52000"]]},
            },
        })
        .to_string()
        .as_bytes(),
    )
    .unwrap()
    .unwrap();
    let driven = answered("2/web-1<ret><ret><tab>", Reply::CloudMetrics(metrics));
    insta::assert_snapshot!("cloud-graphs-120x40", shown(&driven));
}

#[test]
fn json_is_shown_and_copied() {
    let json = serde_json::json!({"id": 1, "name": "web-1", "new_field": ["\u{1b}[2J"]});
    let driven = answered("2/web-1<ret><ret><tab><tab>", Reply::Json(json.clone()));
    let screen = shown(&driven);
    assert!(screen.contains("\"new_field\""), "{screen}");
    let driven = answered("2/web-1<ret>y", Reply::Json(json));
    let copied = driven.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text, what) => Some((text, what)),
        _ => None,
    });
    let (text, what) = copied.expect("nothing is copied");
    assert!(text.contains("\"new_field\""));
    assert_eq!(what, "web-1 as JSON");
}

#[test]
fn the_deck_leads_to_what_is_wrong() {
    let driven = drive_on(project(), (200, 60), "");
    let screen = shown(&driven);
    for told in [
        "server db-1 is off",
        "target db-1 of load balancer ingress is unhealthy on port 443: HTTP status 503",
        "server old-1 runs the deprecated image debian-13",
        "attach volume of server db-1",
        "is attached to nothing",
        "server nobodys has no label environment",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    // Not of this environment, so none of its problems.
    assert!(!screen.contains("stage-1"), "{screen}");
    let row = screen
        .lines()
        .position(|line| line.contains("server db-1 is off"))
        .unwrap();
    let keys = "j".repeat(row - 3) + "<ret>";
    let driven = drive_on(project(), (200, 60), &keys);
    assert!(matches!(
        driven.model().screen().unwrap().pane,
        Pane::Resource(_)
    ));
    assert!(shown(&driven).contains("server db-1"), "{}", shown(&driven));
}

#[test]
fn what_is_wrong_is_wrong_since_it_was_first_seen() {
    let mut model = project();
    let later = now() + jiff::SignedDuration::from_mins(10);
    update::update(&mut model, Msg::Clock(later));
    let mut more = servers();
    more.push(server(6, "new-1", "off", "production"));
    tell(&mut model, CloudMsg::Read(Read::Servers(snapshot(more))));
    let cloud = &model.worlds[&EnvId::new("production")].cloud;
    let since = |name: &str| {
        let fault = cloud.faults.iter().find(|fault| fault.text.contains(name));
        cloud.since[&fault.unwrap().key]
    };
    assert_eq!(since("server db-1 is off"), now());
    assert_eq!(since("server new-1 is off"), later);
}

#[test]
fn nothing_is_drawn_for_what_cannot_be_seen() {
    let mut model = project();
    model.dirty = false;
    let budget = |remaining| {
        CloudMsg::Budget(Budget {
            limit: 3600,
            remaining,
            full_at: None,
            at: now(),
        })
    };
    tell(&mut model, budget(3500));
    tell(&mut model, budget(3400));
    let up = |ms| ConnState::Up {
        rtt: Some(Duration::from_millis(ms)),
    };
    tell(&mut model, CloudMsg::Conn(up(30)));
    tell(&mut model, CloudMsg::Conn(up(300)));
    assert!(!model.dirty);
    // A list that was read again and is the same.
    let snapshot = snapshot(servers());
    tell(&mut model, CloudMsg::Read(Read::Servers(snapshot.clone())));
    model.dirty = false;
    let later = Snapshot {
        fetched_at: Some(now() + jiff::SignedDuration::from_secs(30)),
        ..snapshot
    };
    tell(&mut model, CloudMsg::Read(Read::Servers(later)));
    assert!(!model.dirty);
}

/// `void` has no hosts in its configuration.
fn in_void(msg: CloudMsg, model: &mut Model) -> Vec<Effect> {
    update::update(model, Msg::Env(EnvId::new("void"), EnvMsg::Cloud(msg)))
}

#[test]
fn without_hosts_the_servers_are_the_hosts() {
    let mut model = drive_on(live(), (80, 24), ":env void<ret>").console.model;
    let asking = drive_on(live(), (80, 24), ":env void<ret>3");
    assert!(
        asking.screen().contains("hosts_void"),
        "{}",
        asking.screen()
    );
    in_void(CloudMsg::Found("HCLOUD_TOKEN".into()), &mut model);
    let mut all: Vec<Server> = ["running", "off"]
        .iter()
        .zip(1..)
        .map(|(status, n)| server(n, &format!("v-{n}"), status, "void"))
        .collect();
    all.extend(servers());
    let part = Snapshot {
        complete: false,
        ..snapshot(all.clone())
    };
    let adopted = |effects: Vec<Effect>| -> Vec<String> {
        let adopted = effects.into_iter().filter_map(|effect| match effect {
            Effect::Adopt(env, hosts) if env.as_str() == "void" => Some(hosts),
            _ => None,
        });
        adopted
            .flatten()
            .map(|host| format!("{} {}", host.name, host.host))
            .collect()
    };
    // Not before the list is complete, only what runs, and once.
    let none = in_void(CloudMsg::Read(Read::Servers(part)), &mut model);
    assert_eq!(adopted(none), [""; 0]);
    let some = in_void(
        CloudMsg::Read(Read::Servers(snapshot(all.clone()))),
        &mut model,
    );
    assert_eq!(adopted(some), ["v-1 203.0.113.1"]);
    let again = in_void(CloudMsg::Read(Read::Servers(snapshot(all))), &mut model);
    assert_eq!(adopted(again), [""; 0]);
    let driven = drive_on(model, (80, 24), "1");
    assert!(driven.screen().contains("v-1"), "{}", driven.screen());
    // Configured hosts are all there are.
    let mut model = live();
    let own = tell(
        &mut model,
        CloudMsg::Read(Read::Servers(snapshot(servers()))),
    );
    assert!(!own.iter().any(|effect| matches!(effect, Effect::Adopt(..))));
}

#[test]
fn too_many_servers_are_not_connected_unasked() {
    let mut model = drive_on(live(), (80, 24), ":env void<ret>").console.model;
    let many: Vec<Server> = (1..200)
        .map(|n| server(n, &format!("v-{n}"), "running", "void"))
        .collect();
    for _ in 0..2 {
        let read = CloudMsg::Read(Read::Servers(snapshot(many.clone())));
        let effects = in_void(read, &mut model);
        assert!(
            !effects
                .iter()
                .any(|effect| matches!(effect, Effect::Adopt(..)))
        );
    }
    let told = model
        .messages
        .iter()
        .filter(|m| m.text.contains("hosts_void"));
    assert_eq!(told.count(), 1);
}

#[test]
fn of_a_bare_token_everything_is_meant() {
    let mut model = project();
    model
        .worlds
        .get_mut(&EnvId::new("production"))
        .unwrap()
        .cloud
        .whole = true;
    tell_all(&mut model);
    let driven = drive_on(model, (80, 24), "2");
    let screen = driven.screen();
    assert!(screen.contains("5 servers in the project"), "{screen}");
    assert!(screen.contains("nobodys"), "{screen}");
    let deck = drive_on(driven.console.model, (120, 40), "1");
    assert!(!deck.screen().contains("has no label"), "{}", deck.screen());
}

#[test]
fn ten_thousand_servers_are_filtered_and_drawn() {
    let many: Vec<Server> = (1..=10_000)
        .map(|n| server(n, &format!("node-{n:05}"), "running", "production"))
        .collect();
    let mut model = live();
    tell(&mut model, CloudMsg::Found("HCLOUD_TOKEN".into()));
    tell(&mut model, CloudMsg::Read(Read::Servers(snapshot(many))));
    let driven = drive_on(model, (120, 40), "2/node-0999<ret>G");
    let screen = shown(&driven);
    assert!(
        screen.contains("10000 servers") && screen.contains("10 shown"),
        "{screen}"
    );
    assert!(screen.contains("node-09999"), "{screen}");
}
