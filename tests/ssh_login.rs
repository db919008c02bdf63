//! Logging in to real hosts: keys, passphrases, agents, certificates, what is typed, and how a
//! refusal is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    Qd, TestHost,
    ssh::{Agent, BOTH, Russh, Say, Says, Ways, done, fingerprint, public, refused, says},
    token::TokenAgent,
};
use quarterdeck::{
    problem::Exit,
    remote::{Question, ssh::SshError},
};
use std::process::Command;

/// Lets a public key in as `operator`.
fn authorise(host: &TestHost, public: &str) {
    let append = "cat >>/home/operator/.ssh/authorized_keys";
    host.feed(&["sh", "-c", append], public.as_bytes());
}

/// More configuration for sshd.
fn sshd(host: &TestHost, text: &str) {
    let name = format!("cat >/etc/ssh/sshd_config.d/a-{}.conf", text.len());
    host.feed(&["sh", "-c", &name], text.as_bytes());
    host.fault("sshd-restart");
}

/// What sshd has logged about them.
fn logins(host: &TestHost) -> String {
    host.run(&["journalctl", "--sync"]);
    host.run(&[
        "journalctl",
        "-o",
        "cat",
        "-t",
        "sshd-session",
        "-t",
        "sshd",
    ])
}

#[tokio::test]
async fn keys_and_passphrases() {
    require!(hosts);
    let host = TestHost::up("keys");
    for by in BOTH {
        let nobody = Says::nothing();
        let ways = Ways::to(&host, "");
        assert_eq!(
            says(&ways.host(by, "keys", &nobody), "id -un").await,
            "operator\n"
        );
        assert!(nobody.asked().is_empty());
    }

    // The public half tells that the server wants the key, then the passphrase is asked for.
    let ways = Ways::new();
    let sealed = ways.keygen("sealed", &[], "the passphrase");
    let rsa = ways.keygen("rsa", &["-t", "rsa", "-b", "2048"], "");
    let ecdsa = ways.keygen("ecdsa", &["-t", "ecdsa"], "");
    let stranger = ways.keygen("stranger", &[], "never asked for");
    for key in [&sealed, &rsa, &ecdsa] {
        authorise(&host, &public(key));
    }
    ways.add(
        &host,
        "sealed",
        &format!(
            "IdentityFile {}\nIdentityFile {}",
            stranger.display(),
            sealed.display()
        ),
    );
    for by in BOTH {
        let wrong_first = Says::these(&[Say::Secret("wrong"), Say::Secret("the passphrase")]);
        says(&ways.host(by, "sealed", &wrong_first), "true").await;
        let asked = wrong_first.asked();
        assert_eq!(asked.len(), 2, "{by:?}: {asked:?}");
        for question in asked {
            let Question::Secret { prompt, echo, .. } = question else {
                panic!("{question:?}");
            };
            assert!(
                prompt.contains(&format!("Passphrase of {}", sealed.display())) && !echo,
                "{prompt}"
            );
        }
    }
    // Without the public half beside it the private file shows it.
    std::fs::remove_file(sealed.with_extension("pub")).unwrap();
    let again = Says::these(&[Say::Secret("the passphrase")]);
    says(&ways.host(Russh, "sealed", &again), "true").await;
    assert_eq!(again.asked().len(), 1);

    for (alias, key) in [("rsa", &rsa), ("ecdsa", &ecdsa)] {
        ways.add(&host, alias, &format!("IdentityFile {}", key.display()));
        says(&ways.host(Russh, alias, &Says::nothing()), "true").await;
        let accepted = logins(&host);
        let wanted = fingerprint(&key.with_extension("pub"));
        let last = accepted
            .lines()
            .rfind(|line| line.starts_with("Accepted"))
            .unwrap();
        assert!(last.contains(&wanted), "{last}");
    }
}

#[tokio::test]
async fn refusals_say_what_was_tried() {
    require!(hosts);
    let host = TestHost::up("no");
    for by in BOTH {
        let ways = Ways::to(&host, "User nobody");
        let problem = refused(&ways.host(by, "no", &Says::nothing())).await;
        assert_eq!(
            (problem.code, problem.exit),
            ("auth-failed", Exit::Unreachable),
            "{problem}"
        );
        assert_eq!(problem.host.as_deref(), Some("no"));
        assert!(problem.hint.is_some());
    }
    let ways = Ways::to(&host, "User nobody");
    let problem = refused(&ways.host(Russh, "no", &Says::nothing())).await;
    let tried = fingerprint(&host.key.with_extension("pub"));
    assert!(
        problem.message.contains(&tried) && problem.message.contains("nobody"),
        "{problem}"
    );

    // Declined questions are a refusal too, and so are three wrong answers.
    let ways = Ways::to(&host, "PreferredAuthentications password");
    for by in BOTH {
        let says = Says::these(&[
            Say::Secret("a"),
            Say::Secret("b"),
            Say::Secret("c"),
            Say::Secret("d"),
        ]);
        refused(&ways.host(by, "no", &says)).await;
        assert_eq!(says.asked().len(), 3, "{by:?}");
        let says = Says::these(&[Say::No, Say::Secret("quarterdeck")]);
        let problem = refused(&ways.host(by, "no", &says)).await;
        assert_eq!(problem.code, "auth-failed", "{by:?}: {problem}");
        assert_eq!(says.asked().len(), 1, "{by:?}: declined once is declined");
        let batch = Ways::to(&host, "PreferredAuthentications password\nBatchMode yes");
        let says = Says::these(&[Say::Secret("quarterdeck")]);
        refused(&batch.host(by, "no", &says)).await;
        assert!(says.asked().is_empty(), "{by:?}");
    }

    // On the command line: exit code 3, one document.
    for transport in ["russh", "openssh"] {
        let config = serde_json::json!({
            "terraform_packer_environment": "test",
            "hosts_test": ["nobody@no"],
            "ssh_config_test": "ssh_config",
            "ssh_transport_test": transport,
        });
        let qd = Qd::at(ways.write("config.json", &config.to_string()));
        // A session of its own has no terminal to ask on, whatever the test runs in.
        let output = Command::new("setsid")
            .args(["-w", Qd::binary(), "units", "--json"])
            .env_clear()
            .envs(qd.environment())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["code"], "auth-failed", "{output:?}");
    }
}

#[tokio::test]
async fn what_is_typed() {
    require!(hosts);
    let host = TestHost::up("typed");
    sshd(&host, "KbdInteractiveAuthentication yes\n");
    let methods = |list: &str| Ways::to(&host, &format!("PreferredAuthentications {list}"));

    for by in BOTH {
        let answers = Says::these(&[Say::Secret("wrong"), Say::Secret("quarterdeck")]);
        let ways = methods("password");
        assert_eq!(
            says(&ways.host(by, "typed", &answers), "id -un").await,
            "operator\n"
        );
        let asked = answers.asked();
        assert_eq!(asked.len(), 2, "{by:?}: {asked:?}");
        let Question::Secret { prompt, .. } = &asked[1] else {
            panic!("{asked:?}");
        };
        assert!(
            prompt.starts_with("That was not right, try again. Password of operator@"),
            "{by:?}: {prompt}"
        );

        // PAM's own prompt, through keyboard-interactive.
        let answers = Says::these(&[Say::Secret("wrong"), Say::Secret("quarterdeck")]);
        let ways = methods("keyboard-interactive");
        assert_eq!(
            says(&ways.host(by, "typed", &answers), "id -un").await,
            "operator\n"
        );
        let asked = answers.asked();
        assert_eq!(asked.len(), 2, "{by:?}: {asked:?}");
        for question in asked {
            let Question::Secret { prompt, echo, .. } = question else {
                panic!("{question:?}");
            };
            assert!(prompt.contains("Password:") && !echo, "{prompt}");
        }
    }
    let log = logins(&host);
    let logged = |how: &str| log.matches(&format!("Accepted {how} for operator")).count();
    assert_eq!(logged("keyboard-interactive/pam"), BOTH.len(), "{log}");
    assert_eq!(logged("password"), BOTH.len(), "{log}");

    // A key and then a password, both wanted.
    sshd(&host, "AuthenticationMethods publickey,password\n");
    for by in BOTH {
        let answers = Says::these(&[Say::Secret("quarterdeck")]);
        let ways = Ways::to(&host, "");
        assert_eq!(
            says(&ways.host(by, "typed", &answers), "id -un").await,
            "operator\n"
        );
        assert_eq!(answers.asked().len(), 1, "{by:?}");
    }
}

#[tokio::test]
async fn agents_and_certificates() {
    require!(hosts);
    let host = TestHost::up("agent");
    let ways = Ways::new();
    let agent = Agent::start();
    let by_agent = format!(
        "IdentityAgent {}\nIdentitiesOnly no\nIdentityFile none",
        agent.socket().display()
    );
    ways.add(&host, "agent", &by_agent);

    // Nothing in it, and then the right key after one that the host does not know.
    let problem = refused(&ways.host(Russh, "agent", &Says::nothing())).await;
    assert_eq!(problem.code, "auth-failed");
    agent.add(&ways.keygen("other", &[], ""));
    let rsa = ways.keygen("rsa", &["-t", "rsa", "-b", "2048"], "");
    authorise(&host, &public(&rsa));
    agent.add(&rsa);
    for by in BOTH {
        assert_eq!(
            says(&ways.host(by, "agent", &Says::nothing()), "id -un").await,
            "operator\n",
            "{by:?}"
        );
    }

    // IdentitiesOnly keeps to the keys that are named, also when the agent has another.
    let other = ways.path("other.pub");
    let only = |file: &std::path::Path| {
        format!(
            "IdentityAgent {}\nIdentitiesOnly yes\nIdentityFile {}",
            agent.socket().display(),
            file.display()
        )
    };
    let strict = Ways::new();
    strict.add(&host, "strict", &only(&other));
    for by in BOTH {
        let problem = refused(&strict.host(by, "strict", &Says::nothing())).await;
        assert_eq!(problem.code, "auth-failed", "{by:?}: {problem}");
    }
    let named = Ways::new();
    named.add(&host, "named", &only(&rsa.with_extension("pub")));
    for by in BOTH {
        says(&named.host(by, "named", &Says::nothing()), "true").await;
    }

    // A certificate: the host trusts its authority, the key itself is nobody's.
    let ca = ways.keygen("ca", &[], "");
    let signed = ways.keygen("signed", &[], "");
    done(
        Command::new("ssh-keygen")
            .args(["-q", "-I", "me", "-n", "operator", "-V", "+1h", "-s"])
            .arg(&ca)
            .arg(signed.with_extension("pub")),
    );
    let plain = Agent::start();
    let with_plain = Ways::new();
    with_plain.add(
        &host,
        "plain",
        &by_agent.replace(
            &*agent.socket().to_string_lossy(),
            &plain.socket().to_string_lossy(),
        ),
    );
    plain.add(&signed);
    let problem = refused(&with_plain.host(Russh, "plain", &Says::nothing())).await;
    assert_eq!(problem.code, "auth-failed");
    host.feed(
        &["sh", "-c", "cat >/etc/ssh/ca.pub"],
        public(&ca).as_bytes(),
    );
    sshd(&host, "TrustedUserCAKeys /etc/ssh/ca.pub\n");
    for by in BOTH {
        assert_eq!(
            says(&with_plain.host(by, "plain", &Says::nothing()), "id -un").await,
            "operator\n",
            "{by:?}"
        );
    }
    // The same from files: beside the key, or named.
    let from_file = Ways::new();
    from_file.add(
        &host,
        "beside",
        &format!("IdentityFile {}", signed.display()),
    );
    let moved = ways.path("moved");
    std::fs::copy(&signed, &moved).unwrap();
    from_file.add(
        &host,
        "named",
        &format!(
            "IdentityFile {}\nCertificateFile {}",
            moved.display(),
            ways.path("signed-cert.pub").display()
        ),
    );
    for by in BOTH {
        for alias in ["beside", "named"] {
            says(&from_file.host(by, alias, &Says::nothing()), "true").await;
        }
    }
    let log = logins(&host);
    let count = log.matches("ED25519-CERT").count();
    assert!(count >= 6, "{count} logins by certificate: {log}");

    // An agent that has gone is no reason to give up the key files.
    let gone = agent.socket();
    drop(agent);
    let fallback = Ways::to(&host, &format!("IdentityAgent {}", gone.display()));
    says(&fallback.host(Russh, "agent", &Says::nothing()), "true").await;
}

#[tokio::test]
async fn a_security_key_that_an_agent_holds() {
    require!(hosts);
    let host = TestHost::up("token");
    let agent = TokenAgent::start();
    let ways = Ways::new();
    let by_agent = format!(
        "IdentityAgent {}\nIdentitiesOnly no\nIdentityFile none",
        agent.socket().display()
    );
    ways.add(&host, "token", &by_agent);
    let problem = refused(&ways.host(Russh, "token", &Says::nothing())).await;
    assert_eq!(problem.code, "auth-failed", "{problem}");
    assert_eq!(agent.signed(), 0, "no touch is asked for in vain");
    authorise(&host, &agent.public());
    for (by, signed) in BOTH.into_iter().zip(1..) {
        let host = ways.host(by, "token", &Says::nothing());
        assert_eq!(says(&host, "id -un").await, "operator\n", "{by:?}");
        assert_eq!(agent.signed(), signed, "{by:?}: one touch a login");
    }
    let log = logins(&host);
    assert_eq!(log.matches(" ED25519-SK ").count(), BOTH.len(), "{log}");
}

#[tokio::test]
async fn a_server_that_counts_attempts_says_so() {
    require!(hosts);
    let host = TestHost::up("count");
    sshd(&host, "MaxAuthTries 2\n");
    let ways = Ways::new();
    let agent = Agent::start();
    for n in 0..4 {
        agent.add(&ways.keygen(&format!("key-{n}"), &[], ""));
    }
    ways.add(
        &host,
        "count",
        &format!(
            "IdentityAgent {}\nIdentitiesOnly no",
            agent.socket().display()
        ),
    );
    for by in BOTH {
        let host = ways.host(by, "count", &Says::nothing());
        // Whether the last answer or the hang-up is seen first is a race of the server's.
        match host.connection(Some(common::ssh::PATIENCE)).await {
            Err(SshError::Refused(problem)) => assert_eq!(problem.exit, Exit::Unreachable),
            Err(other) => panic!("{by:?}: {other:?}"),
            Ok(_) => panic!("{by:?} got in"),
        }
    }
    // The named key comes first, however many the agent has.
    agent.add(&host.key);
    for by in BOTH {
        says(&ways.host(by, "count", &Says::nothing()), "true").await;
    }
}
