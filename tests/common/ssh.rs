//! Ways to a host: an ssh_config written for the test, either transport, answers prepared.

use super::TestHost;
use quarterdeck::{
    config::SshTransport,
    problem::Problem,
    remote::{
        Answer, ConnState, HostId, Prompter, Question,
        ssh::{Argv, ExitStatus, Host, Options, SshError},
    },
};
use secrecy::SecretString;
use std::{
    collections::VecDeque,
    fmt::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

pub use SshTransport::{Openssh, Russh};

/// What carries connections; what both promise is tested on both.
pub const BOTH: [SshTransport; 2] = [Russh, Openssh];

/// How long anything here may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A directory with an ssh_config, keys and known_hosts files.
pub struct Ways {
    dir: TempDir,
}

impl Ways {
    pub fn new() -> Ways {
        let ways = Ways {
            dir: tempfile::tempdir().unwrap(),
        };
        ways.write("ssh_config", "");
        ways
    }

    /// Only one block, for this host, as [`Ways::add`] writes it.
    pub fn to(host: &TestHost, options: &str) -> Ways {
        let ways = Ways::new();
        ways.add(host, &host.label, options);
        ways
    }

    /// Appends a block: these options (`keyword value`, one a line) come before those that reach
    /// the host as `operator` with its key (unless they name another one) and known_hosts.
    pub fn add(&self, host: &TestHost, alias: &str, options: &str) {
        let mut text = self.read("ssh_config");
        let key = match options.contains("IdentityFile") {
            true => String::new(),
            false => format!("IdentityFile {}\n", host.key.display()),
        };
        writeln!(
            text,
            "Host {alias}\n{options}\n{key}HostName 127.0.0.1\nPort {}\nUser operator\n\
             UserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\n\
             IdentityAgent none\nIdentitiesOnly yes\nHashKnownHosts no",
            host.port,
            host.known_hosts.display(),
        )
        .unwrap();
        self.write("ssh_config", &text);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A host that connects by the first block for this alias.
    pub fn host(&self, by: SshTransport, alias: &str, says: &Arc<Says>) -> Host {
        let options = Options {
            ssh_config: Some(self.path("ssh_config")),
            default_user: Some("nobody-else".to_owned()),
            transport: by,
            connect_timeout: None,
            program: Some(super::Qd::binary().into()),
        };
        Host::new(
            HostId::new(alias),
            alias.parse().unwrap(),
            options,
            says.clone(),
        )
    }

    /// A key pair of this directory; its path.
    pub fn keygen(&self, name: &str, kind: &[&str], passphrase: &str) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-C", name, "-N", passphrase, "-f"])
            .arg(&path);
        if kind.is_empty() {
            command.args(["-t", "ed25519"]);
        }
        done(command.args(kind));
        path
    }
}

/// The public half of a key file.
pub fn public(key: &Path) -> String {
    std::fs::read_to_string(key.with_extension("pub")).unwrap()
}

/// `SHA256:…` of a public key file.
pub fn fingerprint(file: &Path) -> String {
    let said = done(Command::new("ssh-keygen").arg("-lf").arg(file));
    said.split(' ').nth(1).unwrap().to_owned()
}

/// Runs a helper program; it must succeed.
#[track_caller]
pub fn done(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the user of a test says.
#[derive(Clone, Copy, Debug)]
pub enum Say {
    Yes,
    Once,
    No,
    Secret(&'static str),
}

/// Answers in order, then nothing but no; keeps what was asked.
#[derive(Default)]
pub struct Says {
    answers: Mutex<VecDeque<Say>>,
    asked: Mutex<Vec<Question>>,
}

impl Says {
    pub fn nothing() -> Arc<Says> {
        Says::these(&[])
    }

    pub fn these(answers: &[Say]) -> Arc<Says> {
        Arc::new(Says {
            answers: Mutex::new(answers.iter().copied().collect()),
            asked: Mutex::default(),
        })
    }

    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Prompter for Says {
    async fn ask(&self, question: Question) -> Option<Answer> {
        self.asked.lock().unwrap().push(question);
        match self.answers.lock().unwrap().pop_front()? {
            Say::Yes => Some(Answer::Yes),
            Say::Once => Some(Answer::Once),
            Say::No => None,
            Say::Secret(text) => Some(Answer::Secret(SecretString::from(text))),
        }
    }
}

/// Runs a line of shell on the host; how it ended and what it printed.
pub async fn run(host: &Host, line: &str) -> Result<(ExitStatus, String), SshError> {
    let command = Argv::new("sh").args(["-c", line]);
    let output = tokio::time::timeout(PATIENCE, host.output(&command, 1 << 20))
        .await
        .unwrap_or_else(|_| panic!("{}: {line:?} took too long", host.id()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.exit, text))
}

/// What a successful line prints.
#[track_caller]
pub fn says(host: &Host, line: &str) -> impl Future<Output = String> {
    let (host, line) = (host.clone(), line.to_owned());
    let at = std::panic::Location::caller();
    async move {
        match run(&host, &line).await {
            Ok((ExitStatus::Code(0), text)) => text,
            other => panic!("{at}: {}: {line:?}: {other:?}", host.id()),
        }
    }
}

/// Why there is no way in, found out by one attempt; the host gives up.
#[track_caller]
pub fn refused(host: &Host) -> impl Future<Output = Problem> {
    let host = host.clone();
    let at = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, host.connection(None)).await {
            Ok(Err(SshError::Refused(problem))) => {
                assert_eq!(*host.states().borrow(), ConnState::Failed(problem.clone()));
                problem
            }
            Ok(Err(other)) => panic!("{at}: {}: {other:?}", host.id()),
            Ok(Ok(_)) => panic!("{at}: {} let us in", host.id()),
            Err(_) => panic!("{at}: {}: no answer", host.id()),
        }
    }
}

/// Waits for a state.
#[track_caller]
pub fn state(
    host: &Host,
    what: &'static str,
    mut wanted: impl FnMut(&ConnState) -> bool,
) -> impl Future<Output = ConnState> {
    let mut states = host.states();
    let at = std::panic::Location::caller();
    async move {
        let found = states.wait_for(|state| wanted(state));
        let found = tokio::time::timeout(PATIENCE, found).await;
        let found = found.ok().map(|state| state.unwrap().clone());
        found.unwrap_or_else(|| panic!("{at}: never {what}; it is {:?}", *states.borrow()))
    }
}

/// A real ssh-agent, ended when dropped.
pub struct Agent {
    child: Child,
    dir: TempDir,
}

impl Agent {
    pub fn start() -> Agent {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(dir.path().join("agent"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Agent { child, dir };
        while !agent.socket().exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        agent
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("agent")
    }

    /// Takes a key; with the certificate beside it, if there is one.
    pub fn add(&self, key: &Path) {
        done(
            Command::new("ssh-add")
                .arg("-q")
                .arg(key)
                .env("SSH_AUTH_SOCK", self.socket()),
        );
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
