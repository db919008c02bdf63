//! Links that break, fall silent or are refused, on both transports: what their states say, what
//! goes on by itself, and what is asked for again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{
    TestHost,
    ssh::{BOTH, Openssh, PATIENCE, Russh, Says, Ways, run, says, state},
};
use futures::future::join_all;
use quarterdeck::{
    config::SshTransport,
    problem::Exit,
    remote::{
        Answer, ConnState, NoPrompter, Prompter, Question,
        ssh::{Argv, ExitStatus, Host, SshError},
        systemd::Systemd,
    },
};
use russh::{
    MethodKind, MethodSet,
    keys::PrivateKey,
    server::{self, Auth, Response},
};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, time::timeout};

/// The number of the connection that is there or comes.
async fn number(host: &Host) -> u64 {
    let connected = timeout(PATIENCE, host.connection(None)).await;
    let Ok((number, _)) = connected.expect("a connection in time") else {
        panic!("{} gave up", host.id());
    };
    number
}

fn is_up(state: &ConnState) -> bool {
    matches!(state, ConnState::Up { .. })
}

/// Up, and the round trip measured.
fn is_measured(state: &ConnState) -> bool {
    matches!(state, ConnState::Up { rtt: Some(_) })
}

fn is_degraded(state: &ConnState) -> bool {
    matches!(state, ConnState::Degraded)
}

fn is_retrying(state: &ConnState) -> bool {
    matches!(state, ConnState::Retrying { .. })
}

#[tokio::test]
async fn a_host_that_stands_still_is_shown_and_goes_on_where_it_was() {
    require!(hosts);
    let server = TestHost::up("still");
    let ways = Ways::to(&server, "");
    let hosts = BOTH.map(|by| ways.host(by, "still", &Says::nothing()));
    join_all(hosts.iter().map(|host| async {
        assert_eq!(number(host).await, 1);
        state(host, "measured", is_measured).await;
    }))
    .await;
    // Something that runs on meanwhile.
    let line = "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done";
    let running = hosts
        .clone()
        .map(|host| tokio::spawn(async move { run(&host, line).await }));
    server.fault("freeze");
    join_all(
        hosts
            .iter()
            .map(|host| state(host, "degraded", is_degraded)),
    )
    .await;
    server.fault("thaw");
    join_all(
        hosts
            .iter()
            .map(|host| state(host, "up again", is_measured)),
    )
    .await;
    for running in running {
        let (exit, text) = running.await.unwrap().unwrap();
        assert_eq!(
            (exit, text.as_str()),
            (ExitStatus::Code(0), "1\n2\n3\n4\n5\n")
        );
    }
    for host in &hosts {
        assert_eq!(number(host).await, 1, "the same connection");
    }

    // Who does not want to wait gives the link up, and has another once the host is there.
    server.fault("freeze");
    join_all(
        hosts
            .iter()
            .map(|host| state(host, "degraded", is_degraded)),
    )
    .await;
    for host in &hosts {
        host.retry_now();
    }
    join_all(
        hosts
            .iter()
            .map(|host| state(host, "given up", |state| !is_degraded(state))),
    )
    .await;
    server.fault("thaw");
    join_all(hosts.iter().map(|host| async {
        assert!(number(host).await > 1);
        says(host, "true").await;
    }))
    .await;
}

#[tokio::test]
async fn a_link_that_is_cut_is_shown_given_up_and_made_anew() {
    require!(hosts);
    let server = TestHost::up("cut");
    let ways = Ways::to(&server, "ServerAliveInterval 7\nServerAliveCountMax 4");
    let hosts = BOTH.map(|by| ways.host(by, "cut", &Says::nothing()));
    let running = join_all(hosts.iter().map(|host| async {
        assert_eq!(number(host).await, 1);
        host.exec(&Argv::new("sleep").arg("600")).await.unwrap()
    }))
    .await;
    server.fault("cut");
    join_all(hosts.iter().map(|host| async {
        state(host, "degraded", is_degraded).await;
        let ConnState::Retrying { why, .. } = state(host, "given up", is_retrying).await else {
            panic!("no reason");
        };
        assert_eq!(why.exit, Exit::Unreachable, "{why}");
        assert_eq!(why.host.as_deref(), Some("cut"), "{why}");
    }))
    .await;
    for process in running {
        let ended = timeout(PATIENCE, process.exit).await.unwrap();
        assert_eq!(ended, ExitStatus::Lost);
    }
    server.fault("mend");
    join_all(hosts.iter().map(|host| async {
        assert!(number(host).await > 1);
        says(host, "true").await;
        state(host, "up", is_up).await;
    }))
    .await;
}

#[tokio::test]
async fn a_port_that_refuses_is_named_and_tried_again_when_asked() {
    require!(hosts);
    let server = TestHost::up("refuses");
    let ways = Ways::to(&server, "");
    for by in BOTH {
        server.fault("refuse");
        let host = ways.host(by, "refuses", &Says::nothing());
        host.wake();
        let ConnState::Retrying { why, .. } = state(&host, "refused", is_retrying).await else {
            panic!("no reason");
        };
        let text = format!("{} {}", why.code, why.message);
        assert!(text.starts_with("unreachable "), "{by:?}: {text}");
        assert!(text.to_lowercase().contains("refused"), "{by:?}: {text}");
        assert!(text.contains(&server.port.to_string()), "{by:?}: {text}");
        match host.connection(Some(Duration::from_millis(100))).await {
            Err(SshError::Link(problem)) => assert_eq!(problem.code, why.code, "{by:?}"),
            Err(other) => panic!("{by:?}: {other:?}"),
            Ok(_) => panic!("{by:?}: connected to nothing"),
        }
        // A wait that is long enough to be told from its end.
        let long = |state: &ConnState| matches!(state, ConnState::Retrying { delay, .. } if *delay >= Duration::from_secs(6));
        let ConnState::Retrying { delay, .. } = state(&host, "a long wait", long).await else {
            panic!("no delay");
        };
        let since = Instant::now();
        server.fault("accept");
        host.retry_now();
        let trying = |state: &ConnState| !is_retrying(state);
        state(&host, "tried again", trying).await;
        assert!(
            since.elapsed() < delay,
            "{by:?}: at once, not after {delay:?}"
        );
        assert_eq!(number(&host).await, 1, "{by:?}");
        says(&host, "true").await;
    }
}

#[tokio::test]
async fn what_is_opened_on_a_dead_link_is_opened_on_the_next() {
    require!(hosts);
    let server = TestHost::up("opens");
    let ways = Ways::to(&server, "");
    for by in BOTH {
        let host = ways.host(by, "opens", &Says::nothing());
        for fault in ["reset", "sshd-kill", "reset"] {
            let before = Systemd::open(&host).await.unwrap();
            before.unit("init.scope").await.unwrap();
            server.fault(fault);
            // At once: the dead link may not be known as dead yet.
            let after = Systemd::open(&host).await;
            let after = after.unwrap_or_else(|error| panic!("{by:?} after {fault}: {error}"));
            after.unit("init.scope").await.unwrap();
            server.fault(fault);
            let mut stream = host.open_tcp("127.0.0.1", 22).await.unwrap();
            let mut words = [0; 4];
            let read = tokio::io::AsyncReadExt::read_exact(&mut stream, &mut words);
            match timeout(PATIENCE, read).await.unwrap() {
                Ok(_) => assert_eq!(&words, b"SSH-", "{by:?} after {fault}"),
                // A client of ssh's master learns of the break only after it was opened.
                Err(error) => assert_eq!(by, Openssh, "after {fault}: {error}"),
            }
        }
    }
}

/// What a server without sshd does with a login.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Login {
    /// Never answers.
    Silent,
    /// Asks for a code, and never answers to it.
    AsksThenSilent,
    /// Asks for a code and takes any.
    Asks,
}

struct Server(Login);

impl server::Handler for Server {
    type Error = russh::Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Self::Error> {
        if self.0 == Login::Silent {
            std::future::pending::<()>().await;
        }
        Ok(Auth::Reject {
            proceed_with_methods: Some(MethodSet::from(
                [MethodKind::KeyboardInteractive].as_slice(),
            )),
            partial_success: false,
        })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        match (response, self.0) {
            (Some(_), Login::Asks) => Ok(Auth::Accept),
            (Some(_), _) => std::future::pending().await,
            (None, _) => Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Owned(vec![(Cow::Borrowed("Code: "), true)]),
            }),
        }
    }
}

/// Serves logins until dropped; the way to it, with two seconds to connect.
async fn serve(login: Login) -> (Ways, tokio::task::JoinHandle<()>) {
    let ways = Ways::new();
    let key = ways.keygen("host_key", &[], "");
    let key = PrivateKey::read_openssh_file(&key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    ways.write(
        "ssh_config",
        &format!(
            "Host silent\nHostName 127.0.0.1\nPort {port}\nUser operator\nConnectTimeout 2\n\
             StrictHostKeyChecking accept-new\nUserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\n\
             IdentityAgent none\nIdentitiesOnly yes\n",
            ways.path("known_hosts").display()
        ),
    );
    let config = Arc::new(server::Config {
        keys: vec![key],
        ..server::Config::default()
    });
    let serving = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let config = config.clone();
            tokio::spawn(async move {
                if let Ok(session) = server::run_stream(config, socket, Server(login)).await {
                    let _ = session.await;
                }
            });
        }
    });
    (ways, serving)
}

/// Types a code after longer than the server may take.
struct Slow;

#[async_trait::async_trait]
impl Prompter for Slow {
    async fn ask(&self, _question: Question) -> Option<Answer> {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Some(Answer::Secret("123456".to_owned().into()))
    }
}

fn host(ways: &Ways, by: SshTransport, prompter: Arc<dyn Prompter>) -> Host {
    let options = quarterdeck::remote::ssh::Options {
        ssh_config: Some(ways.path("ssh_config")),
        transport: by,
        ..Default::default()
    };
    let id = quarterdeck::remote::HostId::new("silent");
    Host::new(id, "silent".parse().unwrap(), options, prompter)
}

#[tokio::test]
async fn a_server_that_falls_silent_while_logging_in_is_given_up() {
    for by in BOTH {
        let (ways, serving) = serve(Login::Silent).await;
        let host = host(&ways, by, Arc::new(NoPrompter));
        host.wake();
        let ConnState::Retrying { why, .. } = state(&host, "given up", is_retrying).await else {
            panic!("no reason");
        };
        assert_eq!(why.exit, Exit::Unreachable, "{by:?}: {why}");
        if by == Russh {
            assert_eq!(why.code, "auth-timeout", "{why}");
            assert!(why.message.contains("within 2 s"), "{why}");
        }
        host.close();
        serving.abort();
    }
}

#[tokio::test]
async fn the_user_may_take_longer_than_the_server() {
    let (ways, serving) = serve(Login::AsksThenSilent).await;
    let patient = host(&ways, Russh, Arc::new(Slow));
    patient.wake();
    state(&patient, "asked", |state| {
        matches!(state, ConnState::NeedsAnswer)
    })
    .await;
    let ConnState::Retrying { why, .. } = state(&patient, "given up", is_retrying).await else {
        panic!("no reason");
    };
    assert_eq!(why.code, "auth-timeout", "{why}");
    patient.close();
    serving.abort();

    let (ways, serving) = serve(Login::Asks).await;
    let patient = host(&ways, Russh, Arc::new(Slow));
    assert_eq!(number(&patient).await, 1);
    patient.close();
    serving.abort();
}
