//! Whether a real host is the one we mean: unknown, known, changed and revoked keys, and
//! certificates of hosts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    Qd, TestHost,
    ssh::{BOTH, Openssh, Russh, Say, Says, Ways, done, fingerprint, public, refused, says, state},
};
use quarterdeck::{
    config::SshTransport,
    problem::Exit,
    remote::{ConnState, Question},
};
use std::{os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

/// A way whose known_hosts is a file of its own.
fn with_known(host: &TestHost, known: &str, options: &str) -> Ways {
    let ways = Ways::new();
    let file = ways.write("known_hosts", known);
    let options = format!("UserKnownHostsFile {}\n{options}", file.display());
    ways.add(host, &host.label, &options);
    ways
}

/// The host's own key of this type, as its owner would read it there.
fn own_key(host: &TestHost, kind: &str) -> String {
    let path = format!("/etc/ssh/ssh_host_{kind}_key.pub");
    let line = host.run(&["cat", &path]);
    let mut words = line.split(' ');
    format!("{} {}", words.next().unwrap(), words.next().unwrap())
}

fn print_of(ways: &Ways, key: &str) -> String {
    fingerprint(&ways.write("some.pub", key))
}

/// Questions and what they do to known_hosts.
#[tokio::test]
async fn an_unknown_key_is_asked_about() {
    require!(hosts);
    let host = TestHost::up("new");
    let address = format!("[127.0.0.1]:{}", host.port);

    for by in BOTH {
        asked_by(&host, &address, by).await;
    }
}

async fn asked_by(host: &TestHost, address: &str, by: SshTransport) {
    // Declined: refused, by policy, and asked again only when the user tries again.
    let ways = Ways::new();
    let file = ways.path("deep/er/known_hosts");
    ways.add(
        host,
        "new",
        &format!("UserKnownHostsFile {}", file.display()),
    );
    let declines = Says::these(&[Say::No]);
    let declined = ways.host(by, "new", &declines);
    let problem = refused(&declined).await;
    assert_eq!(
        (problem.code, problem.exit),
        ("host-key-unknown", Exit::Refused)
    );
    assert!(!file.exists());
    let Question::UnknownHostKey {
        address: shown,
        algorithm,
        fingerprint,
        known_hosts,
        ..
    } = &declines.asked()[0]
    else {
        panic!("{:?}", declines.asked());
    };
    let ed25519 = own_key(host, "ed25519");
    assert_eq!(shown, address);
    assert_eq!(algorithm, "ssh-ed25519");
    assert_eq!(*fingerprint, print_of(&ways, &ed25519));
    assert_eq!(*known_hosts, file.display().to_string());

    // Once: not written, and not asked again by the same run when it connects anew.
    let once = Says::these(&[Say::Once]);
    let by_once = ways.host(by, "new", &once);
    says(&by_once, "true").await;
    host.fault("reset");
    state(&by_once, "down", |s| !s.is_up()).await;
    by_once.retry_now();
    says(&by_once, "true").await;
    assert_eq!(once.asked().len(), 1);
    assert!(!file.exists());

    // Yes: written as ssh would, for ssh to find.
    let yes = Says::these(&[Say::Yes]);
    says(&ways.host(by, "new", &yes), "true").await;
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("{address} {ed25519}\n")
    );
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        file.parent()
            .unwrap()
            .metadata()
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
    for by in BOTH {
        let nobody = Says::nothing();
        says(&ways.host(by, "new", &nobody), "true").await;
        assert!(nobody.asked().is_empty());
    }

    // Hashed where ssh_config wants it, after a last line without an end.
    let other = "192.0.2.9 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    let hashed = with_known(host, other, "HashKnownHosts yes");
    says(&hashed.host(by, "new", &Says::these(&[Say::Yes])), "true").await;
    let text = hashed.read("known_hosts");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().last().unwrap().starts_with("|1|"), "{text}");
    for by in BOTH {
        says(&hashed.host(by, "new", &Says::nothing()), "true").await;
    }
}

#[tokio::test]
async fn strict_checking_is_the_user_s() {
    require!(hosts);
    let host = TestHost::up("strict");
    let own = own_key(&host, "ed25519");
    for by in BOTH {
        let nobody = Says::these(&[Say::Yes]);
        let ways = with_known(&host, "", "StrictHostKeyChecking yes");
        let problem = refused(&ways.host(by, "strict", &nobody)).await;
        assert_eq!(
            (problem.code, problem.exit),
            ("host-key-unknown", Exit::Refused),
            "{by:?}"
        );
        assert_eq!(ways.read("known_hosts"), "", "{by:?}");

        let ways = with_known(&host, "", "StrictHostKeyChecking accept-new");
        says(&ways.host(by, "strict", &nobody), "true").await;
        assert!(ways.read("known_hosts").contains(&own), "{by:?}");
        assert!(nobody.asked().is_empty(), "{by:?}");
    }

    // A host that is known by its other key is asked for that one.
    let ecdsa = own_key(&host, "ecdsa");
    let known = format!("[127.0.0.1]:{} {ecdsa}\n", host.port);
    let port = "127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ\n";
    for by in BOTH {
        let ways = with_known(&host, &known, "StrictHostKeyChecking yes");
        says(&ways.host(by, "strict", &Says::nothing()), "true").await;
        // By an alias, without the port; the same address at another port says nothing.
        let alias = with_known(
            &host,
            &format!("{port}the-alias {ecdsa}\n"),
            "StrictHostKeyChecking yes\nHostKeyAlias the-alias",
        );
        says(&alias.host(by, "strict", &Says::nothing()), "true").await;
        // In the global file.
        let global = Ways::new();
        let file = global.write("global", &known);
        let options = format!(
            "UserKnownHostsFile {}\nGlobalKnownHostsFile {}",
            global.path("absent").display(),
            file.display()
        );
        global.add(&host, "strict", &options);
        says(&global.host(by, "strict", &Says::nothing()), "true").await;
    }
}

#[tokio::test]
async fn a_changed_or_revoked_key_stops_everything() {
    require!(hosts);
    let host = TestHost::up("changed");
    let own = own_key(&host, "ed25519");
    let address = format!("[127.0.0.1]:{}", host.port);
    let ways = Ways::new();
    let old = public(&ways.keygen("old", &[], ""));
    let known = format!("# a comment\n{address} {old}");
    for by in BOTH {
        for checking in ["ask", "accept-new", "no"] {
            let yes = Says::these(&[Say::Yes]);
            let changed = with_known(&host, &known, &format!("StrictHostKeyChecking {checking}"));
            // The system's ssh goes on with `no`, which is what its user asked of it.
            if by == Openssh && checking == "no" {
                continue;
            }
            let problem = refused(&changed.host(by, "changed", &yes)).await;
            assert_eq!(
                (problem.code, problem.exit),
                ("host-key-changed", Exit::Refused),
                "{by:?}: {problem}"
            );
            assert!(yes.asked().is_empty());
            assert_eq!(changed.read("known_hosts"), known);
            if by == Russh {
                for part in [
                    print_of(&ways, &own),
                    print_of(&ways, &old),
                    format!("{}:2", changed.path("known_hosts").display()),
                ] {
                    assert!(problem.message.contains(&part), "{part}: {problem}");
                }
            }
        }
        // Revoked, though it is known too.
        let revoked = with_known(&host, &format!("{address} {own}\n@revoked * {own}\n"), "");
        let problem = refused(&revoked.host(by, "changed", &Says::these(&[Say::Yes]))).await;
        assert_eq!(problem.exit, Exit::Refused, "{by:?}: {problem}");
        if by == Russh {
            assert_eq!(problem.code, "host-key-revoked");
            assert!(
                problem.message.contains(&print_of(&ways, &own)),
                "{problem}"
            );
        }
    }

    // On the command line.
    let changed = with_known(&host, &known, "");
    let config = serde_json::json!({
        "terraform_packer_environment": "test",
        "hosts_test": ["changed"],
        "ssh_config_test": "ssh_config",
    });
    let qd = Qd::at(changed.write("config.json", &config.to_string()));
    let output = qd.run(&["units"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains(&print_of(&ways, &own)) && said.contains(&print_of(&ways, &old)),
        "{said}"
    );
    assert!(output.stdout.is_empty());

    // After its owner has said so, the old line goes and the console tries again.
    let mended = changed.host(Russh, "changed", &Says::nothing());
    refused(&mended).await;
    changed.write("known_hosts", &format!("{address} {own}\n"));
    mended.retry_now();
    state(&mended, "up", ConnState::is_up).await;
    says(&mended, "true").await;
}

/// Signs the host's key and makes its sshd show the certificate.
fn certify(host: &TestHost, ways: &Ways, ca: &PathBuf, options: &[&str]) {
    let key = ways.write("host.pub", &format!("{}\n", own_key(host, "ed25519")));
    done(
        Command::new("ssh-keygen")
            .args(["-q", "-h", "-I", "the host"])
            .args(options)
            .arg("-s")
            .arg(ca)
            .arg(key),
    );
    let certificate = ways.read("host-cert.pub");
    host.feed(
        &["sh", "-c", "cat >/etc/ssh/host-cert.pub"],
        certificate.as_bytes(),
    );
    host.feed(
        &["sh", "-c", "cat >/etc/ssh/sshd_config.d/a-certificate.conf"],
        b"HostCertificate /etc/ssh/host-cert.pub\n",
    );
    host.fault("sshd-restart");
}

#[tokio::test]
async fn certificates_of_hosts() {
    require!(hosts);
    let host = TestHost::up("cert");
    let files = Ways::new();
    let ca = files.keygen("ca", &[], "");
    let other = files.keygen("other", &[], "");
    let authority = |hosts: &str| format!("@cert-authority {hosts} {}", public(&ca));
    let strict = "StrictHostKeyChecking yes";

    certify(
        &host,
        &files,
        &ca,
        &["-n", "127.0.0.1,web.example.org", "-V", "-1h:+1h"],
    );
    for by in BOTH {
        let nobody = Says::nothing();
        let here = authority("[127.0.0.1]:*");
        says(
            &with_known(&host, &here, strict).host(by, "cert", &nobody),
            "true",
        )
        .await;
        let alias = format!("{strict}\nHostKeyAlias web.example.org");
        says(
            &with_known(&host, &authority("*.example.org"), &alias).host(by, "cert", &nobody),
            "true",
        )
        .await;
        // Known by its plain key, a host may show a certificate or not.
        let plain = format!("[127.0.0.1]:{} {}\n", host.port, own_key(&host, "ed25519"));
        says(
            &with_known(&host, &plain, strict).host(by, "cert", &nobody),
            "true",
        )
        .await;
        assert!(nobody.asked().is_empty(), "{by:?}");

        // An authority for other hosts, or another authority, says nothing about this one.
        for known in [
            authority("*.example.org"),
            format!("@cert-authority * {}", public(&other)),
        ] {
            let problem =
                refused(&with_known(&host, &known, strict).host(by, "cert", &nobody)).await;
            assert_eq!(problem.exit, Exit::Refused, "{by:?}: {problem}");
        }
        // A revoked authority, and a certificate of a revoked key.
        for revoked in [public(&ca), own_key(&host, "ed25519")] {
            let known = format!("{}@revoked * {revoked}\n", authority("*"));
            let problem =
                refused(&with_known(&host, &known, strict).host(by, "cert", &nobody)).await;
            assert_eq!(problem.exit, Exit::Refused, "{by:?}: {problem}");
        }
    }

    // Whom the certificate does not name, and when it does not hold, it does not let pass, and
    // nobody is asked whether it may.
    for (options, why) in [
        (["-n", "db.example.org", "-V", "-1h:+1h"], "wrong principal"),
        (["-n", "127.0.0.1", "-V", "-2h:-1h"], "expired"),
        (["-n", "127.0.0.1", "-V", "+1h:+2h"], "not yet valid"),
    ] {
        certify(&host, &files, &ca, &options);
        for by in BOTH {
            let yes = Says::these(&[Say::Yes]);
            let checking = if by == Openssh { strict } else { "" };
            let ways = with_known(&host, &authority("*"), checking);
            let problem = refused(&ways.host(by, "cert", &yes)).await;
            assert_eq!(problem.exit, Exit::Refused, "{why}, {by:?}: {problem}");
            assert!(yes.asked().is_empty(), "{why}, {by:?}");
        }
    }
}
