//! A made journal: what a busy server writes, any number of entries, the same ones each time.
//!
//! Twenty units of very different volumes, all priorities (nine in ten are info, one in a hundred
//! is an error), messages of 55 to 280 bytes as web servers, JSON and logfmt loggers, databases
//! and daemons write them, four in a thousand of several lines. A boot has two million entries.
//! `needle-common` is in every thousandth message, `NeedleRare` in one of a hundred thousand.

use std::io::Write;

/// Fields that entries have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    /// What a list asks for.
    #[allow(dead_code, reason = "not every program that takes entries takes these")]
    List,
    /// All 24 that journald keeps of a service's line.
    #[allow(dead_code, reason = "not every program that takes entries takes these")]
    All,
}

/// Unit, identifier, share, kind of message.
const UNITS: &[(&str, &str, u64, Kind)] = &[
    ("nginx.service", "nginx", 260, Kind::Http),
    ("api-gateway.service", "api-gateway", 180, Kind::Json),
    ("orders.service", "orders", 110, Kind::Json),
    ("billing.service", "billing", 70, Kind::Logfmt),
    ("worker@1.service", "worker", 50, Kind::Logfmt),
    ("worker@2.service", "worker", 50, Kind::Logfmt),
    ("postgresql@15-main.service", "postgres", 60, Kind::Postgres),
    ("redis-server.service", "redis-server", 20, Kind::Redis),
    ("haproxy.service", "haproxy", 60, Kind::Http),
    ("ssh.service", "sshd", 40, Kind::Ssh),
    ("cron.service", "CRON", 15, Kind::Cron),
    ("init.scope", "systemd", 25, Kind::Systemd),
    ("docker.service", "dockerd", 12, Kind::Logfmt),
    ("containerd.service", "containerd", 10, Kind::Logfmt),
    ("systemd-networkd.service", "systemd-networkd", 5, Kind::Net),
    ("systemd-resolved.service", "systemd-resolved", 5, Kind::Net),
    ("node-exporter.service", "node_exporter", 6, Kind::Logfmt),
    ("postfix@-.service", "postfix/smtpd", 12, Kind::Mail),
    ("backup.service", "restic", 4, Kind::Logfmt),
    ("fail2ban.service", "fail2ban.filter", 6, Kind::Ssh),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Json,
    Logfmt,
    Postgres,
    Redis,
    Ssh,
    Cron,
    Systemd,
    Net,
    Mail,
}

const AGENTS: [&str; 5] = [
    "curl/8.5.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/126.0.0.0 Safari/537.36",
    "Prometheus/2.53.0",
    "okhttp/4.12.0",
];
const EVENTS: [&str; 10] = [
    "request completed",
    "cache miss, loading from database",
    "payment authorised",
    "queue drained",
    "retrying after upstream timeout",
    "connection reset by peer",
    "user session refreshed",
    "Größe überschritten, Eintrag gekürzt",
    "rate limit reached for tenant",
    "job finished",
];
const ERRORS: [&str; 5] = [
    "connection refused: dial tcp 10.0.3.17:5432",
    "context deadline exceeded after 30s",
    "panic: index out of range [5] with length 5",
    "disk quota exceeded",
    "TLS handshake failed: bad certificate",
];
const WORDS: [&str; 16] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet",
    "kilo", "lima", "mike", "november", "oscar", "papa",
];

fn word(r: u64) -> &'static str {
    WORDS[(r & 15) as usize]
}

/// Microseconds since 1970 of entry 0.
pub(crate) const START: i64 = 1_767_000_000_000_000;
/// Microseconds from one entry to the next, about.
pub(crate) const STEP: i64 = 20_000;

/// Random bits of entry `i`: SplitMix64.
fn bits(i: u64, salt: u64) -> u64 {
    let mut z = (i ^ salt << 56)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Appends entry `i` in the journal export format, as journalctl prints it.
pub(crate) fn entry(i: u64, fields: Fields, out: &mut Vec<u8>) {
    let (r, pick) = (bits(i, 0), bits(i, 1) % 1000);
    let mut sum = 0;
    let (at, (unit, identifier, _, kind)) = UNITS
        .iter()
        .enumerate()
        .find(|(_, unit)| {
            sum += unit.2;
            pick < sum
        })
        .unwrap();
    let priority = match bits(i, 2) % 2000 {
        0 => bits(i, 3) % 2,
        1..=2 => 2,
        3..=19 => 3,
        20..=69 => 4,
        70..=139 => 5,
        140..=199 => 7,
        _ => 6,
    };
    let boot = i / 2_000_000;
    let time = START + i as i64 * STEP + (r & 0x3f) as i64;
    let monotonic = (i % 2_000_000) as i64 * STEP + 9_000_000;
    write!(
        out,
        "__CURSOR=s=3f0c9a5d1be84c7790aa6b1f2d3e4c5b;i={:x};b=5eed{boot:028x};m={monotonic:x};\
         t={time:x};x={:x}\n__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={monotonic}\n\
         __SEQNUM={}\n__SEQNUM_ID=3f0c9a5d1be84c7790aa6b1f2d3e4c5b\n_BOOT_ID=5eed{boot:028x}\n",
        i + 1,
        bits(i, 4),
        i + 1
    )
    .unwrap();
    let forks = matches!(kind, Kind::Ssh | Kind::Cron | Kind::Mail | Kind::Postgres);
    let pid = if forks {
        r >> 20 & 0xffff
    } else {
        at as u64 * 321
    } + 300;
    if fields == Fields::All {
        let comm = identifier.rsplit('/').next().unwrap();
        write!(
            out,
            "_MACHINE_ID=0f1e2d3c4b5a69788796a5b4c3d2e1f0\n_HOSTNAME=host-01\n\
             _RUNTIME_SCOPE=system\n_TRANSPORT=stdout\n_UID={at}\n_GID={at}\n\
             _EXE=/usr/sbin/{comm}\n_CMDLINE=/usr/sbin/{comm} --config /etc/{comm}/{comm}.conf\n\
             _CAP_EFFECTIVE=1ffffffffff\n_SELINUX_CONTEXT=unconfined\n\
             _SYSTEMD_CGROUP=/system.slice/{unit}\n_SYSTEMD_SLICE=system.slice\n\
             _SYSTEMD_INVOCATION_ID=00112233445566778899aabbccdd{at:04x}\nSYSLOG_FACILITY=3\n\
             _STREAM_ID=ffeeddccbbaa99887766554433{at:06x}\n"
        )
        .unwrap();
    }
    write!(
        out,
        "PRIORITY={priority}\nSYSLOG_IDENTIFIER={identifier}\n_COMM={identifier}\n_PID={pid}\n\
         _SYSTEMD_UNIT={unit}\n"
    )
    .unwrap();
    let mut text = Vec::with_capacity(320);
    message(i, *kind, priority, r, &mut text);
    if text.contains(&b'\n') {
        out.extend_from_slice(b"MESSAGE\n");
        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    } else {
        out.extend_from_slice(b"MESSAGE=");
    }
    out.extend_from_slice(&text);
    out.extend_from_slice(b"\n\n");
}

fn message(i: u64, kind: Kind, priority: u64, r: u64, out: &mut Vec<u8>) {
    let address = format!(
        "{}.{}.{}.{}",
        r >> 8 & 127 | 1,
        r >> 16 & 255,
        r >> 24 & 255,
        r >> 32 & 255
    );
    let (n, ms) = (r >> 20 & 0xf_ffff, (r >> 40 & 0xfff) as f64 / 10.0);
    let event = if priority <= 3 {
        ERRORS[(r >> 52) as usize % 5]
    } else {
        EVENTS[(r >> 52) as usize % 10]
    };
    match kind {
        Kind::Http => {
            let path = match r & 7 {
                0 => "/".to_owned(),
                1 => "/api/v1/orders".to_owned(),
                2 => format!("/api/v1/orders/{n}"),
                3 => format!("/api/v2/invoices/{n}/lines"),
                4 => "/healthz".to_owned(),
                5 => format!("/static/app.{n:x}.js"),
                6 => "/login".to_owned(),
                _ => format!("/api/v1/customers/{n}?expand=addresses,payments"),
            };
            let status = if priority <= 4 {
                500 + (r & 3)
            } else {
                [200, 200, 200, 201, 204, 301, 304, 404][(r >> 3 & 7) as usize]
            };
            let method = ["GET", "GET", "GET", "POST"][(r >> 6 & 3) as usize];
            write!(
                out,
                "{address} - - \"{method} {path} HTTP/1.1\" {status} {n} \"-\" \"{}\" rt={:.3} \
                 uct=0.000 urt={:.3}",
                AGENTS[n as usize % 5],
                ms / 1000.0,
                ms / 1100.0
            )
        }
        Kind::Json => {
            let level = match priority {
                ..=3 => "error",
                4 => "warn",
                7 => "debug",
                _ => "info",
            };
            write!(
                out,
                "{{\"level\":\"{level}\",\"msg\":\"{event}\",\"trace_id\":\"{:016x}{r:016x}\",\
                 \"span_id\":\"{:016x}\",\"tenant\":\"t-{:04}\",\"duration_ms\":{ms:.1},\
                 \"caller\":\"internal/{}/handler.go:{}\",\"peer\":\"{address}\"",
                bits(i, 5),
                bits(i, 6),
                n % 4096,
                word(n),
                n % 900 + 20
            )
            .unwrap();
            if r & 7 == 0 {
                let tags = (word(r), word(r >> 4), word(r >> 12));
                write!(
                    out,
                    ",\"tags\":[\"{}\",\"{}\",\"{}\"]",
                    tags.0, tags.1, tags.2
                )
                .unwrap();
            }
            out.write_all(b"}")
        }
        Kind::Logfmt => write!(
            out,
            "level={} msg=\"{event}\" id={:016x} attempt={} elapsed={ms:.1}ms shard={} \
             host={address}",
            if priority <= 3 { "error" } else { "info" },
            bits(i, 5),
            r & 3,
            word(n)
        ),
        Kind::Postgres => write!(
            out,
            "{} [{}] app@orders LOG:  duration: {ms:.3} ms  execute <unnamed>: SELECT o.id, \
             o.total FROM orders o WHERE o.customer_id = {n} AND o.state = '{}' ORDER BY \
             o.created_at DESC LIMIT {}",
            n & 0xfff,
            n & 0x7fff,
            word(n),
            r & 127
        ),
        Kind::Ssh if r & 1 == 1 => write!(
            out,
            "Failed password for invalid user {} from {address} port {} ssh2",
            word(n),
            n & 0xffff
        ),
        Kind::Ssh => write!(
            out,
            "Accepted publickey for {} from {address} port {} ssh2: ED25519 \
             SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
            word(n),
            n & 0xffff
        ),
        Kind::Cron => write!(
            out,
            "(root) CMD (   cd / && run-parts --report /etc/cron.hourly # {} {n})",
            word(n)
        ),
        Kind::Systemd => write!(
            out,
            "{} session-{n}.scope - Session {n} of User {}{}",
            if r & 1 == 1 { "Started" } else { "Stopping" },
            word(n),
            if r & 1 == 1 { "." } else { "..." }
        ),
        Kind::Redis => write!(
            out,
            "{}:M {} changes in {} seconds. Saving... {event}",
            n & 0x7fff,
            n & 0xfff,
            ms as u64
        ),
        Kind::Mail => write!(
            out,
            "{:010X}: client=unknown[{address}], sasl_method=PLAIN, \
             sasl_username={}@example.org",
            r & 0xff_ffff_ffff,
            word(n)
        ),
        Kind::Net => write!(
            out,
            "eth{}: {} gained carrier, lease {address}/24 for {n} seconds ({event})",
            r & 3,
            word(n)
        ),
    }
    .unwrap();
    if i % 1000 == 500 {
        out.extend_from_slice(b" needle-common");
    }
    if i % 100_000 == 77_777 {
        out.extend_from_slice(b" NeedleRare");
    }
    if r >> 30 & 255 == 7 || priority < 2 {
        for k in 0..3 + (r & 15) {
            let (a, b, c) = (word(r >> k), word(r >> (k + 4)), word(r >> (k + 8)));
            write!(out, "\n    at {a}.{b}({c}.java:{})", (r >> k) % 999).unwrap();
        }
    }
}
