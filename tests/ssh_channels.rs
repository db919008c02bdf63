//! What runs on one connection to a real host: commands and how they end, many at once, floods,
//! ports and sockets, jump hosts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    Qd, TestHost,
    ssh::{BOTH, Openssh, PATIENCE, Russh, Says, Ways, run, says},
};
use futures::future::join_all;
use quarterdeck::{
    problem::Exit,
    remote::ssh::{Argv, ExitStatus, SshError, Stream},
};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

#[tokio::test]
async fn commands_end_as_they_do_there() {
    require!(hosts);
    let server = TestHost::up("ends");
    let ways = Ways::to(&server, "");
    for by in BOTH {
        let host = ways.host(by, "ends", &Says::nothing());
        for code in [0, 1, 7, 254] {
            let (exit, _) = run(&host, &format!("exit {code}")).await.unwrap();
            assert_eq!(exit, ExitStatus::Code(code), "{by:?}");
        }
        // ssh itself uses 255 for what goes wrong with it.
        let (exit, _) = run(&host, "exit 255").await.unwrap();
        let wanted = match by {
            Russh => ExitStatus::Code(255),
            Openssh => ExitStatus::Lost,
        };
        assert_eq!(exit, wanted, "{by:?}");
        if by == Russh {
            for signal in ["KILL", "TERM", "SEGV"] {
                let (exit, _) = run(&host, &format!("kill -{signal} $$")).await.unwrap();
                assert_eq!(exit, ExitStatus::Signal(signal.to_owned()));
            }
        }

        // Input, output and errors, byte for byte, with the end of input told.
        let bytes: Vec<u8> = (0..700_000_u32).map(|i| (i * 31 % 251) as u8).collect();
        let mut process = host
            .exec(&Argv::new("sh").args(["-c", "cat; echo end >&2"]))
            .await
            .unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let sent = bytes.clone();
        let mut stdin = process.stdin;
        let (_, _, _, exit) = timeout(PATIENCE, async {
            tokio::join!(
                async move {
                    stdin.write_all(&sent).await.unwrap();
                    stdin.shutdown().await.unwrap();
                },
                process.stdout.read_to_end(&mut out),
                process.stderr.read_to_end(&mut err),
                process.exit
            )
        })
        .await
        .unwrap();
        assert!(out == bytes, "{by:?}: {} bytes", out.len());
        assert_eq!(err, b"end\n", "{by:?}");
        assert_eq!(exit, ExitStatus::Code(0), "{by:?}");

        // Arguments arrive as they are.
        let exact = Argv::new("printf").args(["%s|", "a b", "$HOME", "it's", "", "*"]);
        let output = host.output(&exact, 1000).await.unwrap();
        assert_eq!(output.stdout, b"a b|$HOME|it's||*|", "{by:?}");

        // A command whose handle is dropped is told to hang up, though it neither reads nor
        // writes. A client of ssh's master cannot tell it so.
        let sleeper = Argv::new("sh").args(["-c", "echo started; exec sleep 987"]);
        let process = host.exec(&sleeper).await.unwrap();
        let mut stdout = process.stdout;
        stdout.read_exact(&mut [0; 8]).await.unwrap();
        drop((process.stdin, stdout, process.stderr, process.exit));
        let wait = "for i in $(seq 50); do pgrep -f '^sleep 98[7]' >/dev/null || exit 0; \
                    sleep 0.1; done; exit 1";
        if by == Openssh {
            says(&host, "pkill -f '^sleep 98[7]'").await;
        }
        says(&host, wait).await;

        // A lot of standard error comes whole to whoever reads it, and stops nobody who does not.
        let loud = Argv::new("sh").args(["-c", "head -c 9000000 /dev/zero >&2; echo over"]);
        let mut process = host.exec(&loud).await.unwrap();
        let (mut out, mut err) = (Vec::new(), 0);
        let mut slowly = [0; 100_000];
        let reading = async {
            while let Ok(count @ 1..) = process.stderr.read(&mut slowly).await {
                err += count;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, async {
            tokio::join!(reading, process.stdout.read_to_end(&mut out))
        })
        .await
        .unwrap()
        .1
        .unwrap();
        assert_eq!(
            (err, out.as_slice()),
            (9_000_000, b"over\n".as_slice()),
            "{by:?}"
        );
        if by == Russh {
            let mut process = host.exec(&loud).await.unwrap();
            out.clear();
            timeout(PATIENCE, process.stdout.read_to_end(&mut out))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(out, b"over\n");
        }
    }

    // On the command line a remote 255 is the command's own.
    let config = server.config();
    let qd = Qd::with(&config);
    let output = qd.run(&["ssh", "ends", "--", "exit 255"]).output().unwrap();
    assert_eq!(output.status.code(), Some(255), "{output:?}");
    let output = qd
        .run(&["ssh", "ends", "--", "kill -TERM $$"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(128 + 15), "{output:?}");
    // What did not end in time may go on there.
    let output = qd
        .run(&["ssh", "ends", "--timeout", "2", "--", "sleep 60"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[tokio::test]
async fn more_commands_than_channels_take_turns() {
    require!(hosts);
    let server = TestHost::up("turns");
    let ways = Ways::to(&server, "");
    for by in BOTH {
        let host = ways.host(by, "turns", &Says::nothing());
        let (first, _) = host.connection(Some(PATIENCE)).await.unwrap();
        let count = "cd /tmp; mkdir $$.turn; ls -d *.turn | wc -l; sleep 0.3; rmdir $$.turn";
        let many = join_all((0..24).map(|_| says(&host, count))).await;
        let most = many
            .iter()
            .map(|text| text.trim().parse::<usize>().unwrap())
            .max()
            .unwrap();
        // sshd would refuse the eleventh session.
        assert!((2..=8).contains(&most), "{by:?}: {most} at once");
        // Some of them held for good: the others have still a place.
        let mut held = Vec::new();
        for _ in 0..7 {
            held.push(host.exec(&Argv::new("sleep").arg("600")).await.unwrap());
        }
        says(&host, "true").await;
        drop(held);
        join_all((0..8).map(|_| says(&host, "true"))).await;
        let (last, _) = host.connection(Some(PATIENCE)).await.unwrap();
        assert_eq!(first, last, "{by:?}: one connection carries all");
    }
}

#[tokio::test]
async fn a_flood_that_nobody_reads_loses_nothing() {
    require!(hosts);
    const FLOOD: u64 = 100_000_000;
    let server = TestHost::up("flood");
    let ways = Ways::to(&server, "");
    for by in BOTH {
        let host = ways.host(by, "flood", &Says::nothing());
        // A pause of a reader holds nobody up: so much is kept for it.
        let pause = Argv::new("head").args(["-c", "3000000", "/dev/zero"]);
        let mut paused = host.exec(&pause).await.unwrap();
        assert_eq!(paused.stdout.read_u8().await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let start = Instant::now();
        says(&host, "echo fine").await;
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{by:?}: {:?}",
            start.elapsed()
        );
        assert_eq!(read_all(&mut paused.stdout).await, 3_000_000 - 1, "{by:?}");

        let line = format!("head -c {FLOOD} /dev/zero; echo over >&2");
        let command = Argv::new("sh").args(["-c", &line]);
        let mut flood = host.exec(&command).await.unwrap();
        drop(flood.stdin);
        assert_eq!(flood.stdout.read_u8().await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        // The other side is held back rather than us filled up.
        assert_eq!(server.run(&["pgrep", "-xc", "head"]).trim(), "1", "{by:?}");
        assert!(resident() < 200_000_000, "{by:?}: {} bytes", resident());
        // Others wait for the reader at worst, and go on with it.
        let others = join_all((0..4).map(|_| says(&host, "echo fine")));
        let (others, count) = tokio::join!(others, async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            read_all(&mut flood.stdout).await
        });
        assert_eq!(others, ["fine\n"; 4], "{by:?}");
        assert_eq!(count + 1, FLOOD, "{by:?}");
        assert_eq!(flood.exit.await, ExitStatus::Code(0), "{by:?}");

        // Given up in the middle, it is in nobody's way.
        let flood = host.exec(&command).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        drop(flood);
        says(&host, "echo fine").await;
        let (number, _) = host.connection(Some(PATIENCE)).await.unwrap();
        assert_eq!(number, 1, "{by:?}: the connection has held");
    }
}

async fn read_all(from: &mut (impl AsyncRead + Unpin)) -> u64 {
    let mut sink = tokio::io::sink();
    let copied = timeout(PATIENCE, tokio::io::copy(from, &mut sink));
    copied.await.unwrap().unwrap()
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// Sends and gets back more than fits in any buffer on the way, and then the end.
async fn echoed(stream: Box<dyn Stream>) {
    let bytes: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    let (mut read, mut write) = tokio::io::split(stream);
    let mut back = vec![0; bytes.len()];
    let there = async {
        write.write_all(&bytes).await.unwrap();
        write.flush().await.unwrap();
    };
    let both = async { tokio::join!(there, read.read_exact(&mut back)) };
    timeout(PATIENCE, both).await.unwrap().1.unwrap();
    assert!(back == bytes);
    write.shutdown().await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, read.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn ports_and_sockets_of_the_host() {
    require!(hosts);
    let server = TestHost::up("ports");
    for (unit, listen) in [
        ("--unit=tcp", "127.0.0.1:7007"),
        ("--unit=unix", "/run/door.sock"),
    ] {
        let listen = format!("--listen={listen}");
        server.run(&[
            "systemd-run",
            "--quiet",
            unit,
            "systemd-socket-activate",
            "--accept",
            "--inetd",
            &listen,
            "cat",
        ]);
    }
    let ready = "until [ -S /run/door.sock ] && ss -Htln | grep -q :7007; do sleep 0.1; done; \
                 chmod 666 /run/door.sock";
    server.run(&["sh", "-c", ready]);
    let ways = Ways::to(&server, "");
    for by in BOTH {
        let host = ways.host(by, "ports", &Says::nothing());
        // Not counted among the commands: twelve at once, and a command beside them.
        let mut open = Vec::new();
        for _ in 0..6 {
            open.push(host.open_tcp("127.0.0.1", 7007).await.unwrap());
            open.push(host.open_unix("/run/door.sock").await.unwrap());
        }
        says(&host, "true").await;
        join_all(open.into_iter().map(echoed)).await;

        // A door that is not there: said at once by russh, by an end of the stream by ssh.
        match host.open_tcp("127.0.0.1", 9).await {
            Err(SshError::Channel(problem)) => {
                assert!(problem.message.contains("127.0.0.1:9"), "{problem}");
                assert_eq!(problem.exit, Exit::Unreachable);
            }
            Err(other) => panic!("{by:?}: {other:?}"),
            Ok(mut stream) => {
                assert_eq!(by, Openssh);
                assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
            }
        }
        match host.open_unix("/run/nothing.sock").await {
            Err(SshError::Channel(problem)) => {
                assert!(problem.message.contains("/run/nothing.sock"), "{problem}")
            }
            Err(other) => panic!("{by:?}: {other:?}"),
            Ok(mut stream) => {
                assert_eq!(by, Openssh);
                assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
            }
        }
        // The connection has not suffered.
        says(&host, "true").await;
        let (number, _) = host.connection(Some(PATIENCE)).await.unwrap();
        assert_eq!(number, 1, "{by:?}");
    }
}

#[tokio::test]
async fn through_one_host_to_another() {
    require!(hosts);
    let (outer, inner) = (TestHost::up("outer"), TestHost::up("inner"));
    let ways = Ways::new();
    ways.add(&outer, "outer", "");
    // The inner one by its own address, which it is known by too.
    let direct = format!("HostName {}\nPort 22", inner.address);
    ways.add(&inner, "inner", &format!("{direct}\nProxyJump outer"));
    let by_address = format!("ProxyJump operator@127.0.0.1:{}", outer.port);
    ways.add(&inner, "address", &format!("{direct}\n{by_address}"));
    // The jump host's own block, found by its address.
    ways.add(&outer, "127.0.0.1", "");
    let ssh = format!(
        "ssh -F {} -o BatchMode=yes -W [%h]:%p outer",
        ways.path("ssh_config").display()
    );
    ways.add(&inner, "command", &format!("{direct}\nProxyCommand {ssh}"));
    // Out, in, and out again.
    let back = format!(
        "HostName {}\nPort 22\nProxyJump outer,inner-bare",
        outer.address
    );
    ways.add(&inner, "inner-bare", &direct);
    ways.add(&outer, "back", &back);
    for by in BOTH {
        for (alias, at, from) in [
            ("inner", &inner, &outer),
            ("address", &inner, &outer),
            ("command", &inner, &outer),
            ("back", &outer, &inner),
        ] {
            let host = ways.host(by, alias, &Says::nothing());
            let said = says(&host, "hostname; echo $SSH_CONNECTION").await;
            let (name, connection) = said.split_once('\n').unwrap();
            assert_eq!(name, at.name, "{by:?} {alias}");
            let source = connection.split(' ').next().unwrap();
            // Its own network's gateway, as all of another host's packets.
            let seen = gateway(&at.address);
            assert!(
                source == from.address || source == seen,
                "{by:?} {alias}: {connection}"
            );
            assert!(
                passes_through(from).await,
                "{by:?} {alias} goes through {}",
                from.name
            );
        }
    }

    // A jump host that lets nobody in, or cannot reach the other, is named.
    ways.add(
        &inner,
        "barred",
        &format!("{direct}\nProxyJump nobody@outer"),
    );
    ways.add(
        &inner,
        "nowhere",
        "HostName 198.18.250.250\nPort 9\nProxyJump outer\nConnectTimeout 3",
    );
    for by in BOTH {
        for alias in ["barred", "nowhere"] {
            let host = ways.host(by, alias, &Says::nothing());
            let error = match host.connection(Some(Duration::from_secs(8))).await {
                Ok(_) => panic!("{by:?} {alias} connected"),
                Err(error) => error,
            };
            let problem = quarterdeck::problem::Problem::from(error);
            assert_eq!(problem.exit, Exit::Unreachable, "{by:?}: {problem}");
            if by == Russh {
                assert!(problem.message.contains("outer"), "{problem}");
            }
        }
    }
}

fn gateway(address: &str) -> String {
    let (network, _) = address.rsplit_once('.').unwrap();
    format!("{network}.1")
}

/// Whether exactly one connection is open in this host's sshd; earlier ones take a moment to end.
async fn passes_through(host: &TestHost) -> bool {
    for _ in 0..50 {
        let count = host.try_run(&["pgrep", "-fc", r"^sshd-session: operator \[priv\]"]);
        if count.stdout == b"1\n" {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test]
async fn new_keys_in_the_middle_lose_nothing() {
    require!(hosts);
    let server = TestHost::up("rekey");
    let limit = b"RekeyLimit 256K 2s\nLogLevel DEBUG1\n";
    let file = "/etc/ssh/sshd_config.d/a-rekey.conf";
    server.feed(&["sh", "-c", &format!("cat >{file}")], limit);
    server.fault("sshd-restart");
    let ways = Ways::to(&server, "");
    let host = ways.host(Russh, "rekey", &Says::nothing());
    let (number, _) = host.connection(Some(PATIENCE)).await.unwrap();
    // Enough bytes for dozens of new keys, and enough time for some more.
    let line = "head -c 16777216 /dev/zero | wc -c; sleep 5; head -c 16777216 /dev/zero";
    let command = Argv::new("sh").args(["-c", line]);
    let output = host.output(&command, 64 << 20).await.unwrap();
    assert_eq!(output.exit, ExitStatus::Code(0));
    assert_eq!(output.stdout.len(), "16777216\n".len() + 16_777_216);
    let (after, _) = host.connection(Some(PATIENCE)).await.unwrap();
    assert_eq!(after, number, "it is the same connection");
    server.run(&["journalctl", "--sync"]);
    let log = server.run(&["journalctl", "-o", "cat", "-t", "sshd-session"]);
    let renewed = log.matches("rekeying").count();
    assert!(renewed > 20, "new keys {renewed} times: {log}");
}
