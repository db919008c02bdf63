//! What ssh has to ask, asked by us: ssh starts this program under the name of [`NAME`] beside a
//! private socket, through which the question reaches the [`Prompter`] and the answer comes back.
//! Nothing secret is in arguments, environment or files.

use super::super::native::Accepted;
use crate::remote::{Answer, HostId, Prompter, Question};
use secrecy::ExposeSecret;
use std::{
    collections::HashSet,
    io::{self, Read, Write},
    os::unix::net::UnixStream as Plain,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

/// What the program is called when ssh starts it to ask.
const NAME: &str = "qd-askpass";
/// The socket beside it.
const SOCKET: &str = "ask";
/// The longest question that is read, in bytes.
const QUESTION: u64 = 16 * 1024;
/// The longest answer, in bytes.
const ANSWER: u64 = 64 * 1024;
/// How long whoever connected may take to put its question.
const PUT: Duration = Duration::from_secs(5);

/// The side that ssh starts: puts the question of its argument and prints the answer. `None` when
/// the program was started under any other name; false when there is no answer.
pub fn put_question() -> Option<bool> {
    let mut words = std::env::args_os();
    let program = PathBuf::from(words.next()?);
    if program.file_name()? != NAME {
        return None;
    }
    let question = words.next().unwrap_or_default();
    let kind = std::env::var("SSH_ASKPASS_PROMPT").unwrap_or_default();
    let text = format!("{kind}\n{}", question.to_string_lossy());
    Some(put(&program.with_file_name(SOCKET), &text).unwrap_or(false))
}

fn put(socket: &Path, question: &str) -> io::Result<bool> {
    let mut stream = Plain::connect(socket)?;
    stream.write_all(question.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // Room for all of it: what grows leaves copies behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(usize::try_from(ANSWER).unwrap_or(0)));
    stream.take(ANSWER).read_to_end(&mut answer)?;
    // An empty answer is one too.
    let Some(b'+') = answer.first() else {
        return Ok(false);
    };
    answer.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(answer.get(1..).unwrap_or_default())?;
    out.flush()?;
    Ok(true)
}

/// The side that answers, for one connection attempt.
pub(super) struct Asks {
    listener: UnixListener,
    program: PathBuf,
    id: HostId,
    /// As known_hosts files have the host.
    name: String,
    /// Where its key is remembered.
    known_hosts: String,
    accepted: Accepted,
    /// The key is not to be remembered.
    pub(super) once: bool,
    asked: HashSet<String>,
    declined: HashSet<String>,
    /// Whoever shows a notice until ssh ends it.
    notices: Vec<UnixStream>,
}

impl Asks {
    /// Listens in this private directory; `program` is what ssh is to start.
    ///
    /// # Errors
    /// The socket or the name of the program cannot be made.
    pub(super) fn new(
        directory: &Path,
        program: &Path,
        id: &HostId,
        name: String,
        known_hosts: String,
        accepted: Accepted,
    ) -> io::Result<Asks> {
        let link = directory.join(NAME);
        std::os::unix::fs::symlink(program, &link)?;
        Ok(Asks {
            listener: UnixListener::bind(directory.join(SOCKET))?,
            program: link,
            id: id.clone(),
            name,
            known_hosts,
            accepted,
            once: false,
            asked: HashSet::new(),
            declined: HashSet::new(),
            notices: Vec::new(),
        })
    }

    /// What ssh is told to start.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The next one who asks.
    pub(super) async fn next(&self) -> UnixStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return stream,
                // No file descriptors, for example: they come back.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Reads the question, has it answered, and writes the answer; nothing when it is declined.
    pub(super) async fn answer(&mut self, mut stream: UnixStream, prompter: &dyn Prompter) {
        let own = nix::unistd::geteuid().as_raw();
        if stream.peer_cred().is_ok_and(|peer| peer.uid() != own) {
            return;
        }
        let mut question = Vec::new();
        let mut limited = (&mut stream).take(QUESTION);
        let read = limited.read_to_end(&mut question);
        if !matches!(timeout(PUT, read).await, Ok(Ok(_))) {
            return;
        }
        let question = String::from_utf8_lossy(&question).into_owned();
        let (kind, question) = question.split_once('\n').unwrap_or(("", &question));
        if kind == "none" {
            // It only says something, and is ended by ssh when that is over.
            self.notices.push(stream);
            return;
        }
        let answer = match HostKey::read(question) {
            Some(key) => Some(self.host_key(key, prompter).await),
            None => self.secret(question, prompter).await,
        };
        if let Some(answer) = answer {
            // Whoever asked may be gone.
            let _ = stream.write_all(b"+").await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }

    async fn host_key(&mut self, key: HostKey, prompter: &dyn Prompter) -> Zeroizing<String> {
        let answer = |word: &str| Zeroizing::new(word.to_owned());
        let entry = (key.name.clone(), key.fingerprint.clone());
        if self.accepted.has(&entry) {
            self.once = true;
            return answer("yes");
        }
        let ours = key.name == self.name;
        let said = prompter
            .ask(Question::UnknownHostKey {
                host: self.id.clone(),
                address: key.name,
                algorithm: key.algorithm,
                fingerprint: key.fingerprint,
                known_hosts: self.known_hosts.clone(),
            })
            .await;
        match said {
            Some(Answer::Yes) => answer("yes"),
            // What ssh remembers of a jump host is not in our hands.
            Some(Answer::Once) if ours => {
                self.accepted.add(entry);
                self.once = true;
                answer("yes")
            }
            _ => answer("no"),
        }
    }

    async fn secret(
        &mut self,
        question: &str,
        prompter: &dyn Prompter,
    ) -> Option<Zeroizing<String>> {
        // ssh takes no answer for an empty one and asks again.
        if self.declined.contains(question) {
            return None;
        }
        let again = !self.asked.insert(question.to_owned());
        let again = if again {
            "That was not right, try again. "
        } else {
            ""
        };
        let said = prompter
            .ask(Question::Secret {
                host: self.id.clone(),
                prompt: format!("{again}{}", wording(question)),
                // ssh does not tell which answers may be seen.
                echo: false,
            })
            .await;
        match said {
            Some(Answer::Secret(secret)) => Some(Zeroizing::new(secret.expose_secret().to_owned())),
            _ => {
                self.declined.insert(question.to_owned());
                None
            }
        }
    }
}

/// ssh's questions in the words that we use ourselves.
fn wording(question: &str) -> String {
    let text = question.trim().trim_end_matches(':').trim();
    if let Some(path) = text.strip_prefix("Enter passphrase for key ") {
        return format!("Passphrase of {}", path.trim_matches('\''));
    }
    match text.strip_suffix("'s password") {
        Some(who) => format!("Password of {who}"),
        None => question.trim().to_owned(),
    }
}

/// The question whether a host is the one that is meant.
#[derive(Debug, PartialEq, Eq)]
struct HostKey {
    name: String,
    algorithm: String,
    fingerprint: String,
}

impl HostKey {
    fn read(question: &str) -> Option<HostKey> {
        let (_, rest) = question.split_once("authenticity of host '")?;
        let (name, rest) = rest.split_once('\'')?;
        let (before, after) = rest.split_once(" key fingerprint is ")?;
        Some(HostKey {
            name: name.split(" (").next().unwrap_or(name).to_owned(),
            algorithm: match before.split_whitespace().next_back()? {
                "ED25519" => "ssh-ed25519".to_owned(),
                "RSA" => "ssh-rsa".to_owned(),
                other => other.to_owned(),
            },
            fingerprint: after
                .split_whitespace()
                .next()?
                .trim_end_matches('.')
                .to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_ssh_are_understood() {
        let question = "The authenticity of host '[127.0.0.1]:2201 ([127.0.0.1]:2201)' can't be \
                        established.\nED25519 key fingerprint is SHA256:abc/def+1.\nThis key is \
                        not known by any other names.\nAre you sure you want to continue \
                        connecting (yes/no/[fingerprint])? ";
        assert_eq!(
            HostKey::read(question),
            Some(HostKey {
                name: "[127.0.0.1]:2201".into(),
                algorithm: "ssh-ed25519".into(),
                fingerprint: "SHA256:abc/def+1".into(),
            })
        );
        assert_eq!(HostKey::read("operator@web-1's password: "), None);
        assert_eq!(
            wording("operator@web-1's password: "),
            "Password of operator@web-1"
        );
        assert_eq!(
            wording("Enter passphrase for key '/home/o/.ssh/id': "),
            "Passphrase of /home/o/.ssh/id"
        );
        assert_eq!(
            wording("(o@h) Verification code: "),
            "(o@h) Verification code:"
        );
    }
}
