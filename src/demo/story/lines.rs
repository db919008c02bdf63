//! What the demo's programs print.

use crate::demo::model::{
    Due, SECOND, World,
    unit::{Program, Unit},
};
use std::collections::BTreeMap;

/// How long before the demo's start the logs are as busy as they are live.
const DENSE: i64 = 600 * SECOND;
/// How much rarer lines are before that: keeps two days of history small.
const SPARSE: i64 = 24;

/// Something that prints a line now and then.
#[derive(Debug, Clone)]
pub(crate) struct Chatter {
    unit: String,
    voice: Voice,
    /// Mean time between lines, in milliseconds.
    period: i64,
    /// Lines left of a burst.
    burst: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Nginx,
    Api,
    Web,
    Worker,
    Postgres,
    OpenSearch,
    Bao,
    Sshd,
    Resolved,
    Timesync,
    Agent,
    Exporter,
}

impl Chatter {
    /// The voices of a host's units.
    pub(crate) fn of(host: &str, units: &BTreeMap<String, Unit>) -> Vec<Chatter> {
        let busy = if host.starts_with("staging") { 4 } else { 1 };
        [
            ("nginx.service", Voice::Nginx, 700),
            ("podman-api.service", Voice::Api, 900),
            ("podman-web.service", Voice::Web, 2400),
            ("podman-worker.service", Voice::Worker, 2800),
            ("postgresql.service", Voice::Postgres, 900),
            ("opensearch.service", Voice::OpenSearch, 1300),
            ("openbao.service", Voice::Bao, 2600),
            ("sshd.service", Voice::Sshd, 9000),
            ("systemd-resolved.service", Voice::Resolved, 60_000),
            ("systemd-timesyncd.service", Voice::Timesync, 90_000),
            ("deployment-agent.service", Voice::Agent, 15_000),
            ("node-exporter.service", Voice::Exporter, 30_000),
        ]
        .into_iter()
        .filter(|(unit, _, _)| units.contains_key(*unit))
        .map(|(unit, voice, period)| Chatter {
            unit: unit.to_owned(),
            voice,
            period: period * busy,
            burst: 0,
        })
        .collect()
    }
}

/// Lets one voice speak, and says when it speaks next.
pub(crate) fn chatter(world: &mut World, which: usize) {
    let Some(mut voice) = world.chatter.get(which).cloned() else {
        return;
    };
    if voice.burst > 0 {
        voice.burst -= 1;
    } else if world.rng.u32(0..90) == 0 {
        voice.burst = world.rng.u32(6..25);
    }
    let mut pause = voice.period * world.rng.i64(300..1700);
    if world.now < world.begin - DENSE {
        pause *= SPARSE;
    } else if voice.burst > 0 {
        pause = world.rng.i64(15_000..90_000);
    }
    if let Some(kept) = world.chatter.get_mut(which) {
        kept.burst = voice.burst;
    }
    world.later(pause, Due::Chatter(which));
    let running = world
        .units
        .get(&voice.unit)
        .is_some_and(|unit| unit.active == "active");
    if running {
        for (priority, text) in speak(voice.voice, &mut world.rng) {
            world.say(&voice.unit, priority, text);
        }
        let cpu = world.rng.u64(1_000_000..40_000_000);
        if let Some(service) = world
            .units
            .get_mut(&voice.unit)
            .and_then(|unit| unit.service_mut())
        {
            service.cpu_nsec += cpu;
        }
    }
}

fn one<'a>(rng: &mut fastrand::Rng, from: &[&'a str]) -> &'a str {
    rng.choice(from).copied().unwrap_or_default()
}

fn address(rng: &mut fastrand::Rng) -> String {
    format!("203.0.113.{}", rng.u8(2..250))
}

const PATHS: &[&str] = &[
    "/",
    "/api/v1/guidelines",
    "/api/v1/guidelines/42",
    "/api/v1/search?q=asthma",
    "/api/v1/users/me",
    "/assets/app.3f9c.js",
    "/assets/app.3f9c.css",
    "/favicon.ico",
    "/health",
    "/login",
];

fn speak(voice: Voice, rng: &mut fastrand::Rng) -> Vec<(u8, String)> {
    let ms = rng.u32(1..180);
    let dice = rng.u32(0..1000);
    vec![match voice {
        Voice::Nginx => match dice {
            0..4 => (
                6,
                format!(
                    "{} - - \"GET /\u{1b}]0;owned\u{7}\u{1b}[2J HTTP/1.1\" 400 157 \"-\" \"\u{1b}[31mcurl\u{1b}[0m\"",
                    address(rng)
                ),
            ),
            4..20 => (
                3,
                format!(
                    "connect() failed (111: Connection refused) while connecting to upstream, client: {}, upstream: \"http://127.0.0.1:3000{}\"",
                    address(rng),
                    one(rng, PATHS)
                ),
            ),
            20..60 => (
                4,
                format!(
                    "upstream server temporarily disabled while reading response header from upstream, client: {}",
                    address(rng)
                ),
            ),
            _ => {
                let status = match dice {
                    60..90 => 404,
                    90..110 => 502,
                    110..200 => 304,
                    _ => 200,
                };
                (
                    6,
                    format!(
                        "{} - - \"GET {} HTTP/2.0\" {status} {} \"-\" \"Mozilla/5.0\" {ms}ms",
                        address(rng),
                        one(rng, PATHS),
                        rng.u32(150..48_000)
                    ),
                )
            }
        },
        Voice::Api => match dice {
            0..12 => {
                return vec![(
                    3,
                    format!(
                        "Traceback (most recent call last):\n  File \"/app/api/search.py\", line {}, in search\n    hits = index.query(text, limit=50)\n  File \"/app/api/index.py\", line 88, in query\n    raise IndexTimeout(self.name)\napi.index.IndexTimeout: index guidelines-v7 did not answer within 2 s",
                        rng.u32(20..200)
                    ),
                )];
            }
            12..40 => (
                4,
                format!(
                    "{{\"level\":\"warn\",\"msg\":\"slow query\",\"ms\":{},\"sql\":\"select * from guideline where body @@ $1\"}}",
                    rng.u32(800..4000)
                ),
            ),
            _ => (
                6,
                format!(
                    "{{\"level\":\"info\",\"msg\":\"request\",\"method\":\"GET\",\"path\":\"{}\",\"status\":200,\"ms\":{ms},\"request_id\":\"{:08x}\"}}",
                    one(rng, PATHS),
                    rng.u32(..)
                ),
            ),
        },
        Voice::Web => match dice {
            0..20 => (
                4,
                "GET /api/v1/search: fetch failed, retrying in 500 ms".to_owned(),
            ),
            _ => (
                6,
                format!(
                    "render {} in {ms} ms (cache {})",
                    one(rng, PATHS),
                    one(rng, &["hit", "hit", "miss"])
                ),
            ),
        },
        Voice::Worker => match dice {
            0..30 => (4, format!("queue backlog is {} jobs", rng.u32(100..2000))),
            _ => (
                6,
                format!(
                    "job {:06} {} done in {ms} ms",
                    rng.u32(0..999_999),
                    one(rng, &["render-pdf", "send-mail", "reindex", "thumbnail"])
                ),
            ),
        },
        Voice::Postgres => match dice {
            0..15 => (
                3,
                format!(
                    "ERROR:  duplicate key value violates unique constraint \"guideline_slug_key\"\nDETAIL:  Key (slug)=(asthma-{}) already exists.\nSTATEMENT:  INSERT INTO guideline (slug, body) VALUES ($1, $2)",
                    rng.u32(1..90)
                ),
            ),
            15..60 => (
                4,
                format!(
                    "LOG:  duration: {}.{:03} ms  execute <unnamed>: SELECT count(*) FROM audit",
                    rng.u32(500..3000),
                    rng.u32(0..999)
                ),
            ),
            60..200 => (
                6,
                format!(
                    "LOG:  checkpoint complete: wrote {} buffers (1.{}%); write={}.{:03} s",
                    rng.u32(20..900),
                    rng.u32(0..9),
                    rng.u32(2..60),
                    rng.u32(0..999)
                ),
            ),
            _ => (
                6,
                format!(
                    "LOG:  connection authorized: user={} database=guidelines",
                    one(rng, &["api", "worker", "exporter"])
                ),
            ),
        },
        Voice::OpenSearch => match dice {
            0..30 => (
                4,
                format!(
                    "[WARN ][o.o.m.j.JvmGcMonitorService] [data-1] [gc][{}] overhead, spent [{ms}ms] collecting in the last [1s]",
                    rng.u32(1000..90_000)
                ),
            ),
            _ => (
                6,
                format!(
                    "[INFO ][o.o.i.s.IndexShard] [data-1] [guidelines-v7][{}] refresh took [{ms}ms]",
                    rng.u32(0..5)
                ),
            ),
        },
        Voice::Bao => match dice {
            0..20 => (
                4,
                "[WARN]  core: permission denied: path=secret/data/api accessor=hmac".to_owned(),
            ),
            _ => (
                6,
                format!(
                    "[INFO]  expiration: renewed lease: lease_id=database/creds/api/{:08x}",
                    rng.u32(..)
                ),
            ),
        },
        Voice::Sshd => match dice {
            0..600 => (
                6,
                format!(
                    "Invalid user {} from {} port {}",
                    one(rng, &["admin", "oracle", "ubuntu", "test", "git"]),
                    address(rng),
                    rng.u16(20_000..60_000)
                ),
            ),
            _ => (
                6,
                format!(
                    "Connection closed by {} port {} [preauth]",
                    address(rng),
                    rng.u16(20_000..60_000)
                ),
            ),
        },
        Voice::Resolved => (
            4,
            "Using degraded feature set UDP instead of UDP+EDNS0 for DNS server 185.12.64.1."
                .to_owned(),
        ),
        Voice::Timesync => (
            6,
            "Contacted time server 213.239.239.164:123 (ntp1.hetzner.de).".to_owned(),
        ),
        Voice::Agent => (
            6,
            one(
                rng,
                &[
                    "waiting for a deployment",
                    "launch specification unchanged",
                    "health of api: 200 in 12 ms",
                ],
            )
            .to_owned(),
        ),
        Voice::Exporter => (
            7,
            format!("collector succeeded name=filesystem duration_seconds=0.0{ms:03}"),
        ),
    }]
}

/// The output of a unit's run: microseconds since its start, priority, text.
pub(crate) fn run_lines(world: &World, name: &str) -> Vec<(i64, u8, String)> {
    let Some(service) = world.units.get(name).and_then(|unit| unit.service()) else {
        return Vec::new();
    };
    let line = |at: i64, priority: u8, text: &str| (at, priority, text.to_owned());
    match service.program {
        Program::Rebuild(well) => rebuild_lines(well)
            .into_iter()
            .map(|(at, priority, text)| line(at, priority, text))
            .collect(),
        Program::CrashLoop => vec![
            line(30_000, 6, "worker 4.2.0 starting, 4 threads"),
            line(
                230_000,
                6,
                "connected to postgresql://data-1:5432/guidelines",
            ),
        ],
        Program::Cleanup => vec![
            line(30_000, 6, "deleting indices older than 30 days"),
            line(1_500_000, 6, "deleted logs-2026.09 (11.4 GiB)"),
            line(2_600_000, 6, "deleted logs-2026.10 (12.9 GiB)"),
            line(3_600_000, 6, "removed 214 write-ahead segments"),
        ],
        Program::EveryThirdFails(_) => vec![
            line(30_000, 6, "fetching s3://backups/guidelines/latest.dump"),
            line(900_000, 6, "restoring 38 tables into scratch"),
        ],
        Program::Job(_) => vec![line(30_000, 6, "running")],
        Program::Steady => vec![line(30_000, 6, "started")],
        Program::RemainAfterExit => Vec::new(),
    }
}

/// What a program prints right before it ends.
pub(crate) fn last_words(world: &World, name: &str, status: i32) -> Vec<(u8, &'static str)> {
    let program = world
        .units
        .get(name)
        .and_then(|unit| unit.service())
        .map(|service| service.program);
    match (program, status) {
        (Some(Program::CrashLoop), 1) => vec![
            (
                3,
                "Error: queue connection lost: AMQP 320 CONNECTION_FORCED\n    at Channel.consume (/app/node_modules/amqplib/lib/channel.js:217:11)\n    at Worker.run (/app/dist/worker.js:88:23)\n    at async main (/app/dist/main.js:14:3)",
            ),
            (2, "fatal: unhandled rejection, exiting with status 1"),
        ],
        (Some(Program::EveryThirdFails(_)), 2) => {
            vec![(
                3,
                "restore failed: checksum of table audit differs from the manifest",
            )]
        }
        (Some(Program::EveryThirdFails(_)), _) => vec![(6, "backup is good: 38 tables, 2.1 GiB")],
        _ => Vec::new(),
    }
}

/// The output of `nixos-rebuild.service`: microseconds, priority, text.
pub(crate) fn rebuild_lines(well: bool) -> Vec<(i64, u8, &'static str)> {
    let mut lines = vec![
        (30_000, 6, "building the system configuration..."),
        (
            1_200_000,
            6,
            "evaluating derivation 'git+file:///etc/nixos#nixosConfigurations.host'",
        ),
        (3_100_000, 6, "these 7 derivations will be built:"),
        (3_150_000, 6, "  /nix/store/7q2xk0v1-etc-nginx.conf.drv"),
        (
            3_180_000,
            6,
            "  /nix/store/b41sy8aa-unit-podman-api.service.drv",
        ),
        (3_200_000, 6, "  /nix/store/zz0f5p3c-nixos-system-26.05.drv"),
        (
            4_800_000,
            6,
            "copying path '/nix/store/1k3jv-openssl-3.5.2' from 'https://cache.nixos.org'...",
        ),
        (
            6_300_000,
            6,
            "building '/nix/store/7q2xk0v1-etc-nginx.conf.drv'...",
        ),
    ];
    if well {
        lines.extend([
            (
                8_200_000,
                6,
                "building '/nix/store/zz0f5p3c-nixos-system-26.05.drv'...",
            ),
            (9_600_000, 6, "activating the configuration..."),
            (10_400_000, 6, "setting up /etc..."),
            (
                10_900_000,
                6,
                "reloading the following units: nginx.service",
            ),
            (
                11_500_000,
                6,
                "Done. The new configuration is /nix/store/zz0f5p3c-nixos-system-26.05",
            ),
        ]);
    } else {
        lines.extend([
            (8_400_000, 3, "error: builder for '/nix/store/7q2xk0v1-etc-nginx.conf.drv' failed with exit code 1;\n       last 2 log lines:\n       > nginx: [emerg] unknown directive \"proxy_pas\" in nginx.conf:41\n       > nginx: configuration file nginx.conf test failed"),
            (8_600_000, 3, "error: 1 dependencies of derivation '/nix/store/zz0f5p3c-nixos-system-26.05.drv' failed to build"),
        ]);
    }
    lines
}
